"""Makes answers comparable: unmarshals them with the client's own library, and takes away what must differ.

Nothing else is taken away here. Each rule says why it must be; a difference that could be otherwise is a row
of `known.py`.
"""

import json
import time

from slapos.slap.hateoas import SlapHateoasNavigator
from slapos.slap.slap import Computer, ComputerPartition, SoftwareInstance, SoftwareRelease
from slapos.util import loads, xml2dict

# The classic calls that answer with a marshalled value. The others say that they are done, each master
# in words of its own (C.86), which no client reads.
MARSHALLED = {
    "getFullComputerInformation",
    "getComputerInformation",
    "registerComputerPartition",
    "requestComputerPartition",
    "getComputerPartitionStatus",
    "getComputerPartitionCertificate",
    "getSoftwareReleaseListFromSoftwareProduct",
}

# What the library adds to its objects itself.
LOCAL = ("_connection_helper", "_hateoas_navigator")

OBJECTS = (Computer, ComputerPartition, SoftwareInstance, SoftwareRelease)

# What the client makes of a document; it asks nothing of anybody.
READER_OF_DOCUMENTS = SlapHateoasNavigator("http://127.0.0.1:9/")

# Lists of JSON-RPC: the order of their rows is nowhere promised.
UNORDERED = {
    "allDocs.v0.compute_node_instance_list",
    "allDocs.v0.compute_node_software_installation_list",
    "allDocs.v0.instance_tree_list",
    "allDocs.WIP.compute_node_list",
}


class Reader:
    """Reads the answers of one master. It remembers the times that it was told."""

    def __init__(self):
        self.times = {}

    def read(self, step, raw):
        """Status, type and body of an answer, comparable with that of the other master."""
        kind = raw.headers.get("Content-Type")
        answer = {"status": raw.status, "content_type": kind}
        if raw.status == 405:
            answer["allow"] = raw.headers.get("Allow")
        if step.method == "HEAD":
            return answer
        if raw.status >= 400:
            # The words of an error are for people (C.87, C.89); the JSON dialect has keys besides.
            if step.is_json_rpc() and kind == "application/json":
                error = json.loads(raw.body)
                answer["body"] = dict(error, title=bool(error["title"]))
            return answer
        if step.is_json_rpc():
            answer["body"] = self.json_rpc(step, json.loads(raw.body))
        elif step.call in MARSHALLED:
            answer["body"] = self.plain(loads(raw.body))
        elif step.call == "hateoas.root":
            # Links begin with the address by which the caller came, and are templates of the client's own filling.
            answer["body"] = dict.fromkeys(json.loads(raw.body)["_links"], True)
        elif step.call in ("hateoas.search", "hateoas.document"):
            answer["body"] = self.hateoas(json.loads(raw.body))
        elif step.call == "getRunId":
            # Another one at each start.
            answer["body"] = raw.body.decode("ascii").isalnum()
        return answer

    def moment(self, place, text):
        """Says of a time whether it is another than this place had before: the clocks are two."""
        if not isinstance(text, str) or abs(float(text) - time.time()) > 3600:
            return text
        before = self.times.get(place)
        self.times[place] = text
        return "first" if before is None else "same" if before == text else "moved"

    def plain(self, value, place=None):
        """A value of the library as dictionaries, lists and texts."""
        if isinstance(value, OBJECTS):
            return self.plain_object(value)
        if isinstance(value, dict):
            told = {key: self.plain(inner, place) for key, inner in value.items()}
            if place and "timestamp" in told:
                told["timestamp"] = self.moment(place, told["timestamp"])
            return told
        if isinstance(value, (list, tuple)):
            return type(value)(self.plain(inner, place) for inner in value)
        return value

    def plain_object(self, value):
        attributes = without(vars(value), *LOCAL)
        place = None
        if isinstance(value, ComputerPartition):
            place = (value._computer_id, value._partition_id)
        elif isinstance(value, SoftwareInstance):
            place = (value.slap_computer_id, value.slap_computer_partition_id)
        told = {"class": type(value).__name__}
        for key, inner in attributes.items():
            if key == "_parameter_dict":
                told[key] = self.plain(inner, place)
            elif key == "_computer_partition_list":
                # The order of partitions is nowhere promised (C.75).
                told[key] = by_name((partition._partition_id, self.plain(partition)) for partition in inner)
            elif key == "_software_release_list":
                # Nor is that of releases.
                told[key] = by_name((release._software_release, self.plain(release)) for release in inner)
            elif key == "connection_xml":
                # Spelled by two XML writers.
                told[key] = xml2dict(inner)
            else:
                told[key] = self.plain(inner)
        return told

    def json_rpc(self, step, body):
        if step.call in UNORDERED:
            body = dict(body, result_list=sorted(body["result_list"], key=lambda row: sorted(row.items())))
        if body.get("type") == "success":
            # What was done, in words (C.89 has them alike, and they say `%s` of what was sent).
            return body
        if "processing_timestamp" in body:
            told = body["processing_timestamp"]
            known = self.times.get((body["computer_guid"], body["compute_partition_id"]))
            if known is not None and told == int(float(known)):
                body = dict(body, processing_timestamp="of the partition")
        if "hateoas_url" in body:
            # Begins with the address by which the caller came: two ports.
            body = {"hateoas_url": body["hateoas_url"].partition("127.0.0.1:")[2].partition("/")[2]}
        return body

    def hateoas(self, body):
        if "contents" in body.get("_embedded", {}):
            # Where a document is, is each master's own business; rows have no promised order.
            rows = [without(row, "relative_url", "_links") for row in body["_embedded"]["contents"]]
            return {"rows": sorted(rows, key=lambda row: (row["title"], row.get("reference", "")))}
        fields = READER_OF_DOCUMENTS._extractPropertyFromFormDict(body)["data"]
        for key in ("text_content", "connection_parameter_list"):
            if isinstance(fields.get(key), str):
                # Spelled by two XML writers.
                fields[key] = xml2dict(fields[key])
        return without(fields, "parent_relative_url")


def by_name(pairs):
    pairs = list(pairs)
    told = dict(pairs)
    assert len(told) == len(pairs), "told twice: %r" % sorted(name for name, _value in pairs)
    return told


def without(mapping, *keys):
    return {key: value for key, value in mapping.items() if key not in keys}


class Absent:
    """Stands for what one answer has and the other has not."""

    def __repr__(self):
        return "(nothing)"


ABSENT = Absent()


def compare(proxy, ours):
    """Where two comparable answers differ: (path, slapproxy's, ours)."""
    if proxy["status"] != ours["status"]:
        # Then everything else does, too.
        return [(("status",), proxy["status"], ours["status"])]
    return differences(proxy, ours)


def differences(proxy, ours, path=()):
    if isinstance(proxy, dict) and isinstance(ours, dict):
        found = []
        for key in sorted(set(proxy) | set(ours), key=str):
            found += differences(proxy.get(key, ABSENT), ours.get(key, ABSENT), path + (key,))
        return found
    if type(proxy) is type(ours) and isinstance(proxy, (list, tuple)) and len(proxy) == len(ours):
        found = []
        for index, (one, other) in enumerate(zip(proxy, ours)):
            found += differences(one, other, path + (index,))
        return found
    if type(proxy) is type(ours) and proxy == ours:
        return []
    return [(path, proxy, ours)]
