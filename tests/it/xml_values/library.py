"""Answers one batch: a JSON object of lists on stdin, the same shape on stdout."""
import json, os, sys, unicodedata
from lxml import etree
import slapos.slap
from slapos.util import dict2xml, dumps, loads, xml2dict


def make(description):
    kind, *rest = description
    if kind == "none": return None
    if kind in ("bool", "text"): return rest[0]
    if kind == "int": return int(rest[0])
    if kind == "float": return float(rest[0])
    if kind == "complex": return complex(float(rest[0]), float(rest[1]))
    if kind == "list": return [make(item) for item in rest[0]]
    if kind == "tuple": return tuple(make(item) for item in rest[0])
    if kind == "set": return {make(item) for item in rest[0]}
    return {make(key): make(value) for key, value in rest[0]}


def describe(value):
    if value is None: return ["none"]
    if type(value) in (bool,): return ["bool", value]
    if type(value) is str: return ["text", value]
    if type(value) is int: return ["int", str(value)]
    if type(value) is float: return ["float", str(value)]
    if type(value) is complex: return ["complex", str(value.real), str(value.imag)]
    if type(value) is list: return ["list", [describe(item) for item in value]]
    if type(value) is tuple: return ["tuple", [describe(item) for item in value]]
    if type(value) is set: return ["set", [describe(item) for item in value]]
    if type(value) is dict:
        return ["dictionary", [[describe(k), describe(v)] for k, v in value.items()]]
    assert type(value).__module__ == "slapos.slap.slap", value
    attributes = {k: describe(v) for k, v in vars(value).items() if k in SENT}
    return ["object", type(value).__name__, attributes]


SENT = ("_a", "_list", "_computer_id", "_partition_id")


def attempt(function, argument):
    try:
        return function(argument)
    except Exception as error:
        return {"error": repr(error)}


def shared(_):
    inner, key = [1, {"x": "y"}], (1, "a")
    value = {"a": inner, "b": [inner, inner, {"k": inner[1]}], "c": (key, key)}
    return [dumps(value).decode(), describe(value)]


def printable(_):
    """Runs of characters that are assigned here and shown as they are, and those that are not."""
    runs = []
    for code in range(0x20, 0x110000):
        character = chr(code)
        if unicodedata.category(character) in ("Cn", "Cs"): continue
        shown = character.isprintable()
        if runs and runs[-1][1] == code and runs[-1][2] == shown: runs[-1][1] = code + 1
        else: runs.append([code, code + 1, shown])
    return runs


directory = os.path.dirname(slapos.slap.__file__)
schema = etree.XMLSchema(file=os.path.join(directory, "doc", "computer_consumption.xsd"))
calls = {
    "dumps": lambda value: dumps(make(value)).decode("ascii"),
    "loads": lambda text: describe(loads(text.encode())),
    "str": lambda value: str(make(value)),
    "dict2xml": lambda value: dict2xml(make(value)),
    "xml2dict": lambda text: describe(xml2dict(text)),
    "consumption": lambda text: schema.validate(etree.fromstring(text.encode())),
    "shared": shared,
    "printable": printable,
}
batch = json.load(sys.stdin.buffer)
json.dump({name: [attempt(calls[name], item) for item in items] for name, items in batch.items()}, sys.stdout)
