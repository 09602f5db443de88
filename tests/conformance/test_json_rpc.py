"""The JSON-RPC dialect against the schemas of the installed slapos.core.

The two description files are read where pip put them; nothing of them is kept here. For every
method, objects that are valid under its input schema are made from a fixed seed, by the schema
alone, with some of the names that the world knows among the texts; each must be done, or refused
for a documented reason. Every answer must be valid under the output schema, or be a problem of
three keys. Then valid objects are broken, one fault each: 400, and the world as it was.
"""

import copy
import importlib.resources
import json
import os
import random
import sqlite3
import tempfile
import unittest

import jsonschema

from support import COMPUTER, MasterTestCase, RELEASE, main, partition_configuration

# How many objects are made for each method, and how many of them are broken.
VALID = int(os.environ.get("JSON_RPC_CASES", "300"))
BROKEN = VALID // 3
SEED = 20261123

PROBLEM = {
    "type": "object",
    "required": ["status", "type", "title"],
    "additionalProperties": False,
    "properties": {
        "status": {"type": "integer"},
        "type": {"type": "string", "minLength": 1},
        "title": {"type": "string", "minLength": 1},
    },
}

# Why an object that its schema allows may be refused (json-rpc.md 2.3 and 5), by method and status.
NOT_FOUND = (404, "not-found")
NO_INSTANCE = (403, "SOFTWARE-INSTANCE-NOT-FOUND")
NO_SOFTWARE = (403, "SOFTWARE-INSTALLATION-NOT-FOUND")
# An empty title, or a character that XML forbids in something that is kept.
UNKEPT = (400, "invalid-json-object-content")
REASONS = {
    "put.v0.compute_node_format": {NOT_FOUND, UNKEPT},
    "put.v0.compute_node_bang": {NOT_FOUND},
    "get.v0.compute_node_status": {NOT_FOUND},
    "post.v0.compute_node_usage": {NOT_FOUND, (400, "INVALIDATE_TIOXML")},
    "post.v0.compute_node_certificate": {NOT_FOUND, (403, "CERTIFICATE-STILL-ACTIVE")},
    "remove.v0.compute_node_certificate": {NOT_FOUND, (403, "NO-CERTIFICATE")},
    "allDocs.v0.compute_node_instance_list": {NOT_FOUND},
    "allDocs.v0.compute_node_software_installation_list": {NOT_FOUND},
    "post.v0.software_installation": {NOT_FOUND, UNKEPT, (403, "SUPPLY-FAILED")},
    "put.v0.software_installation_reported_state": {
        NOT_FOUND,
        NO_SOFTWARE,
        (403, "SOFTWARE-INSTALLATION-DESTROY-NOT-REQUESTED"),
    },
    "put.v0.software_installation_error": {NOT_FOUND, NO_SOFTWARE},
    "post.v0.software_instance": {UNKEPT, (403, "REQUEST-REFUSED")},
    "get.v0.instance_tree": {(403, "INSTANCE-TREE-NOT-FOUND")},
    "allDocs.v0.instance_tree_list": set(),
    "allDocs.WIP.compute_node_list": set(),
    "get.v0.software_instance": {NO_INSTANCE},
    "get.v0.compute_partition": {NOT_FOUND, NO_INSTANCE},
    "get.v0.software_instance_certificate": {NO_INSTANCE},
    "allDocs.v0.instance_node_instance_list": {(403, "HOST-INSTANCE-NOT-FOUND")},
    "put.v0.software_instance_reported_state": {NO_INSTANCE},
    "put.v0.software_instance_error": {NO_INSTANCE},
    "put.v0.software_instance_bang": {NO_INSTANCE},
    "put.v0.software_instance_title": {NO_INSTANCE, UNKEPT, (403, "TITLE-TAKEN"), (403, "REQUEST-REFUSED")},
    "put.v0.software_instance_connection_parameter": {NO_INSTANCE, UNKEPT},
    "get.v0.hateoas_url": set(),
}

REPORT = (
    '<journal><transaction type="Sale Packing List"><title>t</title><start_date>2026-11-23</start_date>'
    "<stop_date>2026-11-24</stop_date><reference>r</reference><currency>EUR</currency><payment_mode/>"
    '<category/><arrow type="Destination"/><movement><resource>cpu</resource><reference>a</reference>'
    "<quantity>1.5</quantity><price>0.0</price><VAT/><category/></movement></transaction></journal>"
)

# Texts that lead somewhere: without them nearly every call would be about nothing.
KNOWN = {
    "computer_guid": [COMPUTER, "COMP-2"],
    "compute_partition_id": ["slappart0", "slappart1", "slappart9"],
    "instance_guid": ["SOFTINST-%d" % number for number in range(1, 8)],
    "title": ["web", "db", "front", "other"],
    "software_release_uri": [RELEASE, "https://example.invalid/é 😀/%20.cfg"],
    "software_type": ["default", "", "pull-backup"],
    "tioxml": [REPORT],
    "partition_id": ["slappart0", "slappart1", "slappart2"],
    "ip-address": ["10.0.0.1", "2001:db8::1"],
    "gateway-ip-address": ["10.0.0.254"],
    "netmask": ["255.255.0.0"],
}
TEXTS = ["", "a", "é", "日本", "😀" * 3, "a b\tc\nd", "x" * 500, "SOFTINST-", "<a&b>\"'", "\u0007", "\ufffe", "a\u0000b"]


def description(name):
    text = importlib.resources.files("slapos.proxy").joinpath(name).read_text(encoding="utf-8")
    return json.loads(text)["paths"]


def methods():
    """Input and output schema of each method, by its name without the prefix."""
    found = {}
    for name in ("json_rpc.json", "json_rpc_experimental.json"):
        for path, item in description(name).items():
            post = item["post"]
            found[path[len("/slapos.") :]] = (
                post["requestBody"]["content"]["application/json"]["schema"],
                post["responses"]["200"]["content"]["application/json"]["schema"],
            )
    return found


def validator(schema):
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


class Maker:
    """Makes values that are valid under a schema, in the order of its own random numbers."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, name, schema):
        choice = self.random.random()
        if name in KNOWN and choice < 0.7:
            text = self.random.choice(KNOWN[name])
        elif choice < 0.9:
            text = self.random.choice(TEXTS)
        else:
            text = "".join(chr(self.random.choice((0x41, 0xE9, 0x4E2D, 0x1F600))) for _ in range(self.random.randrange(300)))
        most = schema.get("maxLength")
        if most is not None and self.random.random() < 0.05:
            return self.random.choice("aé😀") * most
        return text[:most]

    def anything(self, depth=0):
        kinds = ["null", "boolean", "integer", "number", "string"]
        if depth < 3:
            kinds += ["array", "object"]
        return self.value({"type": self.random.choice(kinds)}, depth=depth + 1)

    def value(self, schema, name=None, depth=0):
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "null":
            return None
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "integer":
            return self.random.choice([0, 1, -5, 2**40, 10**30])
        if kind == "number":
            return self.random.choice([7, 7.0, 1.5, -0.25, 1e300, 10**20])
        if kind == "string":
            return self.text(name, schema)
        if kind == "array":
            items = schema.get("items", {})
            return [self.value(items, depth=depth + 1) for _ in range(self.random.randrange(4))]
        if kind == "object":
            return self.object(schema, depth)
        return self.anything(depth)

    def object(self, schema, depth):
        known = schema.get("properties", {})
        needed = schema.get("required", [])
        often = self.random.choice((0.0, 0.5, 1.0))
        made = {}
        for key, inner in known.items():
            if key in needed or self.random.random() < often:
                made[key] = self.value(inner, key, depth + 1)
        others = schema.get("additionalProperties", True)
        if others is not False:
            for _ in range(self.random.randrange(3)):
                key = self.random.choice(["a", "é", "_", "capability", "capability_list", "x y", "🔑", ""])
                if key not in known:
                    made[key] = self.anything(depth + 1) if others is True else self.value(others, depth=depth + 1)
        return made

    def broken(self, schema, valid):
        """The object with one fault, or something that is no object."""
        value = copy.deepcopy(valid)
        known = schema.get("properties", {})
        fault = self.random.choice(["missing", "type", "extra", "enum", "long", "no object", "sla"])
        if fault == "missing" and schema.get("required"):
            del value[self.random.choice(schema["required"])]
            return value
        if fault == "type" and known:
            key = self.random.choice(sorted(known))
            value[key] = self.random.choice([x for x in (None, 12, [], "x", {}, True) if not fits(known[key], x)])
            return value
        if fault == "enum":
            for key, inner in known.items():
                if "enum" in inner:
                    value[key] = "paused"
                    return value
        if fault == "long":
            for key, inner in known.items():
                if "maxLength" in inner:
                    value[key] = "é" * (inner["maxLength"] + 1)
                    return value
        if fault == "sla" and "sla_parameters" in known:
            value["sla_parameters"] = {"x": self.random.choice([1, None, []])}
            return value
        if fault == "no object":
            return self.random.choice([[], None, "x", 1, [valid]])
        value["limit"] = 1
        return value


def fits(schema, value):
    return jsonschema.Draft7Validator(schema).is_valid(value)


class JsonRpcTest(MasterTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = os.path.join(folder.name, "world.db")
        self.options = {"database": self.database}
        super().setUp()

    def furnish(self):
        """A world in which something is known of every kind."""
        self.format(COMPUTER, partitions=[partition_configuration(number) for number in range(6)])
        self.format("COMP-2", count=1)
        self.supply(RELEASE)
        for title in ("web", "db"):
            self.request(title)
        self.request("front", shared=True)

    def dump(self):
        """The whole database but the one counter that a refused call may move."""
        connection = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)
        try:
            lines = [line for line in connection.iterdump() if 'INTO "world"' not in line]
        finally:
            connection.close()
        return lines

    def post_json(self, method, body, raw=False):
        answer = self.master.call(
            "POST",
            "/slapos." + method,
            body=body if raw else json.dumps(body).encode("ascii"),
            headers={"Content-Type": "application/json"},
        )
        self.assertEqual(answer.headers["Content-Type"], "application/json", method)
        answer.body.decode("ascii")
        return answer.status, json.loads(answer.body)

    def check_problem(self, status, body):
        jsonschema.Draft7Validator(PROBLEM).validate(body)
        self.assertEqual(body["status"], status)
        self.assertLess(status, 500, body)

    def test_every_method_of_the_schemas_is_served_and_no_other(self):
        self.assertEqual(set(methods()), set(REASONS))
        for method in methods():
            status, body = self.post_json(method, [])
            self.assertEqual((status, body["type"]), (400, "not-json-object-content"), method)

    def test_every_method_takes_what_its_schema_allows(self):
        self.furnish()
        counts = {}
        for method, (schema, result) in sorted(methods().items()):
            maker = Maker("%d %s" % (SEED, method))
            valid, answers = validator(schema), validator(result)
            done = 0
            refused = {}
            for _ in range(VALID):
                arguments = maker.value(schema)
                self.assertTrue(valid.is_valid(arguments), "the test made %r for %s" % (arguments, method))
                status, body = self.post_json(method, arguments)
                if status == 200:
                    done += 1
                    errors = [error.message for error in answers.iter_errors(body)]
                    self.assertEqual(errors, [], "%s %r: %r" % (method, arguments, body))
                    continue
                self.check_problem(status, body)
                reason = (status, body["type"])
                self.assertIn(reason, REASONS[method], "%s %r: %r" % (method, arguments, body))
                if reason == UNKEPT:
                    self.assertTrue(
                        "is empty" in body["title"] or "is not allowed in XML 1.0" in body["title"], body
                    )
                refused[reason] = refused.get(reason, 0) + 1
            self.assertEqual(done + sum(refused.values()), VALID)
            self.assertGreater(done, 0, "nothing that was made for %s was done: %r" % (method, refused))
            counts[method] = (done, refused)
        total = sum(done + sum(refused.values()) for done, refused in counts.values())
        print("%d generated requests, every answer valid:" % total)
        for method, (done, refused) in counts.items():
            reasons = ", ".join("%d %s: %d" % (*reason, count) for reason, count in sorted(refused.items()))
            print("  %s: %d done%s" % (method, done, "; " + reasons if reasons else ""))

    def test_every_method_refuses_what_its_schema_does_not_allow(self):
        self.furnish()
        before = self.dump()
        cases = 0
        for method, (schema, _result) in sorted(methods().items()):
            maker = Maker("%d broken %s" % (SEED, method))
            valid = validator(schema)
            for _ in range(BROKEN):
                arguments = maker.broken(schema, maker.value(schema))
                if valid.is_valid(arguments):
                    self.fail("%r is no fault for %s" % (arguments, method))
                status, body = self.post_json(method, arguments)
                self.check_problem(status, body)
                kind = "invalid-json-object-content" if isinstance(arguments, dict) else "not-json-object-content"
                self.assertEqual((status, body["type"]), (400, kind), "%s %r" % (method, arguments))
                cases += 1
            for raw in (b"", b"{", b"{} {}", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100000):
                status, body = self.post_json(method, raw, raw=True)
                self.check_problem(status, body)
                self.assertEqual((status, body["type"]), (400, "not-parsable-json-content"), raw[:20])
                cases += 1
        self.assertEqual(self.dump(), before)
        print("%d broken requests, all refused with 400 and nothing changed" % cases)

    def test_both_dialects_tell_the_same_after_everything(self):
        """What generated requests made of the world is read alike by the client's own library."""
        self.furnish()
        maker = Maker("%d world" % SEED)
        for method in ("post.v0.software_instance", "put.v0.software_instance_connection_parameter"):
            schema, _result = methods()[method]
            for _ in range(60):
                self.post_json(method, maker.value(schema))
        compared = 0
        for computer in (COMPUTER, "COMP-2"):
            _status, listed = self.post_json("allDocs.v0.compute_node_instance_list", {"computer_guid": computer})
            rows = {row["compute_partition_id"]: row for row in listed["result_list"]}
            for partition in self.computer(computer).getComputerPartitionList():
                row = rows.pop(partition.getId(), None)
                if row is None:
                    self.assertEqual(partition.getState(), "destroyed")
                    continue
                guid = row["instance_guid"]
                _status, told = self.post_json("get.v0.software_instance", {"instance_guid": guid})
                at = {"computer_guid": computer, "compute_partition_id": partition.getId()}
                self.assertEqual(self.post_json("get.v0.compute_partition", at)[1], told)
                self.assertEqual(partition.getInstanceGuid(), guid)
                self.assertEqual(partition.getState(), told["state"])
                self.assertEqual(partition.getType(), told["software_type"])
                self.assertEqual(partition.getConnectionParameterDict(), told["connection_parameters"])
                self.assertEqual(partition.getSoftwareRelease().getURI(), told["software_release_uri"])
                parameters = partition.getInstanceParameterDict()
                for key, value in told["parameters"].items():
                    if key not in ("ip_list", "full_ip_list", "timestamp"):
                        self.assertEqual(parameters[key], value, key)
                self.assertEqual(parameters["timestamp"], told["processing_timestamp"])
                self.assertEqual([list(pair) for pair in parameters["ip_list"]], told["ip_list"])
                compared += 1
            self.assertEqual(rows, {})
        self.assertGreater(compared, 3)


if __name__ == "__main__":
    main()
