"""Bad input: refused with the status and the words of the protocol, and nothing changed.

Every refusal must name the field and what was expected, leave every byte of what the node is told
as it was, and leave the server able to answer.
"""

import http.client
import socket
import time
import urllib.parse

from slapos.util import dumps

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, computer_configuration, main, text_of
from test_computer import USAGE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MIB = 1024 * 1024

# Every call: its method, and fields with which it would be answered with 200 (see `setUp`).
CALLS = {
    "getFullComputerInformation": ("GET", {"computer_id": COMPUTER}),
    "getComputerInformation": ("GET", {"computer_id": COMPUTER}),
    "registerComputerPartition": (
        "GET",
        {"computer_reference": COMPUTER, "computer_partition_reference": "slappart0"},
    ),
    "getComputerPartitionStatus": ("GET", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "getComputerStatus": ("GET", {"computer_id": COMPUTER}),
    "getSoftwareInstallationStatus": ("GET", {"url": RELEASE, "computer_id": COMPUTER}),
    "getHostingSubscriptionIpList": ("GET", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "getSoftwareReleaseListFromSoftwareProduct": ("GET", {"software_product_reference": "web"}),
    "getRunId": ("GET", {}),
    "getHateoasUrl": ("GET", {}),
    "getComputerPartitionCertificate": ("GET", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "requestComputer": ("POST", {"computer_title": "new"}),
    "generateComputerCertificate": ("POST", {"computer_id": COMPUTER}),
    # It has one after the call above.
    "revokeComputerCertificate": ("POST", {"computer_id": COMPUTER}),
    "loadComputerConfigurationFromXML": ("POST", {"xml": dumps(computer_configuration("COMP-2", []))}),
    "supplySupply": ("POST", {"url": OTHER_RELEASE, "computer_id": COMPUTER}),
    "computerBang": ("POST", {"computer_id": COMPUTER, "message": "m"}),
    "useComputer": ("POST", {"computer_id": COMPUTER, "use_string": USAGE}),
    "buildingSoftwareRelease": ("POST", {"url": RELEASE, "computer_id": COMPUTER}),
    "availableSoftwareRelease": ("POST", {"url": RELEASE, "computer_id": COMPUTER}),
    "destroyedSoftwareRelease": ("POST", {"url": "gone", "computer_id": COMPUTER}),
    "softwareReleaseError": ("POST", {"url": RELEASE, "computer_id": COMPUTER, "error_log": "e"}),
    "requestComputerPartition": ("POST", {"software_release": RELEASE, "partition_reference": "new"}),
    "startedComputerPartition": ("POST", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "stoppedComputerPartition": ("POST", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "destroyedComputerPartition": ("POST", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "buildingComputerPartition": ("POST", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "availableComputerPartition": ("POST", {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}),
    "softwareInstanceError": (
        "POST",
        {"computer_id": COMPUTER, "computer_partition_id": "slappart0", "error_log": "e"},
    ),
    "softwareInstanceBang": (
        "POST",
        {"computer_id": COMPUTER, "computer_partition_id": "slappart0", "message": "m"},
    ),
    "softwareInstanceRename": (
        "POST",
        {"computer_id": COMPUTER, "computer_partition_id": "slappart0", "new_name": "new"},
    ),
    "setComputerPartitionConnectionXml": (
        "POST",
        {"computer_id": COMPUTER, "computer_partition_id": "slappart0", "connection_xml": dumps({"a": "b"})},
    ),
    "updateComputerPartitionRelatedInstanceList": (
        "POST",
        {"computer_id": COMPUTER, "computer_partition_id": "slappart0", "instance_reference_xml": dumps(["a"])},
    ),
}

# Free texts may be empty: nobody looks them up.
MAY_BE_EMPTY = {"message", "error_log"}

# The marshalled fields, each with a call that reads it and a value of the wrong kind.
MARSHALLED = {
    "partition_parameter_xml": ("requestComputerPartition", ["a"]),
    "filter_xml": ("requestComputerPartition", "a"),
    "connection_xml": ("setComputerPartitionConnectionXml", 1),
    "xml": ("loadComputerConfigurationFromXML", ["a"]),
    "instance_reference_xml": ("updateComputerPartitionRelatedInstanceList", {"a": "b"}),
}


def hostile_documents():
    """What no client writes, by what is wrong with it."""
    deep = "<list>" * 101 + "</list>" * 101
    shared = '<list id="i2"><int>1</int><int>1</int></list>'
    for number in range(3, 40):
        shared = '%s<list id="i%d"><reference id="i%d"/><reference id="i%d"/></list>' % (
            shared,
            number,
            number - 1,
            number - 1,
        )
    entities = "".join('<!ENTITY e%d "%s">' % (n, "&e%d;" % (n - 1) * 10) for n in range(1, 10))
    marshal = "<marshal>%s</marshal>"
    value = "<dictionary><string>a</string>%s</dictionary>"
    wrong = {
        "empty": "",
        "no XML": "color=blue",
        "cut short": "<marshal><dictionary id='i2'><string>a",
        "text after the end": marshal % "<dictionary/>" + "more",
        "two values": marshal % "<dictionary/><dictionary/>",
        "no value": "<marshal/>",
        "a key alone": marshal % "<dictionary><string>a</string></dictionary>",
        "an unknown element": marshal % value % "<foo/>",
        "an unknown class": marshal % '<object id="i2" module="os" class="system"><tuple/><dictionary/></object>',
        "a class of the library": marshal
        % '<object id="i2" module="slapos.slap.slap" class="SoftwareInstance"><tuple/><dictionary/></object>',
        "code": marshal % value % "<code>YQ==</code>",
        "an internal entity": '<!DOCTYPE m [<!ENTITY a "b">]>' + marshal % value % "<string>&a;</string>",
        "entities that multiply": '<!DOCTYPE m [<!ENTITY e0 "ha">%s]>' % entities
        + marshal % value % "<string>&e9;</string>",
        "an external entity": '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        + marshal % value % "<string>&a;</string>",
        "an undeclared entity": marshal % value % "<string>&nbsp;</string>",
        "a document type": "<!DOCTYPE marshal>" + marshal % "<dictionary/>",
        "an external document type": '<!DOCTYPE marshal SYSTEM "http://127.0.0.1:9/m.dtd">' + marshal % "<dictionary/>",
        "nesting": marshal % value % deep,
        "references that multiply": marshal % value % ("<list>%s</list>" % shared),
        "a circle": marshal % value % '<list id="i3"><reference id="i3"/></list>',
        "a reference to nothing": marshal % value % '<reference id="i9"/>',
        "a huge number": marshal % value % ("<int>%s</int>" % ("9" * 5000)),
        "no number": marshal % value % "<int>0x10</int>",
        "an empty number": marshal % value % "<int/>",
        "a number with a comma": marshal % value % "<float>1,5</float>",
        "no truth value": marshal % value % "<bool>true</bool>",
        "an element in a text": marshal % value % "<string>a<string>b</string></string>",
        "a character that XML forbids": marshal % value % "<string>&#8;</string>",
        "a raw character that XML forbids": marshal % value % "<string>\x08</string>",
        "a number that is no character": marshal % value % "<string>&#1114112;</string>",
        "another encoding": '<?xml version="1.0" encoding="utf-16"?>' + marshal % "<dictionary/>",
        "tags that cross": "<marshal><dictionary><string></dictionary></string></marshal>",
        "the same attribute twice": marshal % '<dictionary id="i2" id="i3"/>',
    }
    return sorted(wrong.items())


class HostileTestCase(MasterTestCase):
    """A world with something in it, whose bytes are compared before and after."""

    def setUp(self):
        super().setUp()
        self.format(count=3)
        self.supply()
        self.supply("gone")
        self.supply("gone", state="destroyed")
        self.web = self.request("web", partition_parameter_kw={"color": "blue"})
        self.before = self.information()

    def assert_nothing_changed(self):
        self.assertEqual(self.information(), self.before)
        self.assert_status(404, self.master.get("getComputerStatus", computer_id="COMP-2"))

    def call_fields(self, name, fields):
        method, _ = CALLS[name]
        if method == "GET":
            return self.master.call("GET", "/%s?%s" % (name, urllib.parse.urlencode(fields)))
        return self.master.post(name, fields)

    def assert_refused(self, answer, status, *words):
        self.assert_status(status, answer)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        text = text_of(answer)
        self.assertGreaterEqual(len(text.split()), 3, text)
        self.assertLess(len(text), 2000, text)
        for word in words:
            self.assertIn(word, text)


class Fields(HostileTestCase):
    """Missing, empty, repeated, wrongly typed."""

    def test_the_calls_of_this_table_work_as_they_are(self):
        for name, (_, fields) in CALLS.items():
            if name not in ("destroyedComputerPartition", "softwareInstanceRename"):
                self.assert_status(200, self.call_fields(name, fields))

    def test_each_required_field_is_asked_for(self):
        for name, (_, fields) in CALLS.items():
            for missing in fields:
                with self.subTest(call=name, missing=missing):
                    rest = {key: value for key, value in fields.items() if key != missing}
                    if missing == "software_product_reference":
                        self.assert_refused(self.call_fields(name, rest), 400, missing)
                        continue
                    self.assert_refused(self.call_fields(name, rest), 400, missing)
                    if missing not in MAY_BE_EMPTY and missing != "use_string":
                        self.assert_refused(self.call_fields(name, dict(rest, **{missing: ""})), 400, missing)
        self.assert_nothing_changed()

    def test_a_repeated_field_is_refused(self):
        for name, (_, fields) in CALLS.items():
            for repeated in fields:
                with self.subTest(call=name, repeated=repeated):
                    pairs = list(fields.items()) + [(repeated, fields[repeated])]
                    self.assert_refused(self.call_fields(name, pairs), 400, repeated)
        self.assert_nothing_changed()

    def test_a_field_in_the_query_counts_and_the_body_wins(self):
        name = "supplySupply"
        query = urllib.parse.urlencode({"computer_id": COMPUTER, "url": "from the query"})
        answer = self.master.call("POST", "/%s?%s" % (name, query), "url=from+the+body", FORM)
        self.assert_status(200, answer)
        self.assertIn("from the body", self.releases())
        self.assertNotIn("from the query", self.releases())

    def test_an_unknown_field_is_ignored(self):
        self.assert_status(200, self.master.get("getComputerStatus", computer_id=COMPUTER, more="x"))
        self.assert_status(200, self.master.post("computerBang", computer_id=COMPUTER, message="m", more="x"))

    def test_a_value_of_the_wrong_kind_is_refused(self):
        for field, (name, wrong) in MARSHALLED.items():
            with self.subTest(field=field):
                fields = dict(CALLS[name][1], **{field: dumps(wrong)})
                self.assert_refused(self.master.post(name, fields), 400, field)
        self.assert_nothing_changed()

    def test_a_configuration_of_the_wrong_shape_names_the_place(self):
        partition = {"reference": "slappart0", "address_list": [], "tap": {"name": "t"}}
        for word, change in (
            ("reference", {"reference": 5}),
            ("reference", {"reference": ""}),
            ("reference", {"reference": ["COMP-2"]}),
            ("partition_list", {"partition_list": {}}),
            ("partition_list", {"partition_list": None}),
            ("partition_list", {"partition_list": ["slappart0"]}),
            ("reference", {"partition_list": [dict(partition, reference=None)]}),
            ("reference", {"partition_list": [dict(partition, reference="")]}),
            ("reference", {"partition_list": [partition, partition]}),
            ("address_list", {"partition_list": [dict(partition, address_list="10.0.0.1")]}),
            ("addr", {"partition_list": [dict(partition, address_list=[{"netmask": "x"}])]}),
            ("addr", {"partition_list": [dict(partition, address_list=[{"addr": 1, "netmask": "x"}])]}),
            ("tap", {"partition_list": [dict(partition, tap="slaptap0")]}),
            ("capability_list", {"partition_list": [dict(partition, capability_list="ssd")]}),
            ("capability_list", {"partition_list": [dict(partition, capability_list=[1])]}),
        ):
            with self.subTest(word=word, change=change):
                configuration = dict(computer_configuration("COMP-2", [partition]), **change)
                answer = self.master.post("loadComputerConfigurationFromXML", xml=dumps(configuration))
                self.assert_refused(answer, 400, word)
        self.assert_nothing_changed()

    def test_a_state_of_the_wrong_kind_is_refused(self):
        fields = dict(CALLS["requestComputerPartition"][1])
        self.assert_refused(self.master.post("requestComputerPartition", dict(fields, state="started")), 400, "state")
        for wrong in (1, ["started"], {}):
            answer = self.master.post("requestComputerPartition", dict(fields, state=dumps(wrong)))
            self.assertIn(answer.status, (400, 404), answer)
            self.assertIn("state", text_of(answer))
        self.assert_nothing_changed()

    def test_texts_that_no_answer_could_hold_are_refused(self):
        for name, field in (
            ("requestComputerPartition", "partition_reference"),
            ("requestComputerPartition", "software_release"),
            ("requestComputerPartition", "software_type"),
            ("supplySupply", "url"),
            ("softwareInstanceRename", "new_name"),
            ("requestComputer", "computer_title"),
        ):
            for text in ("a\x00b", "a\x1bb", "\ufffe"):
                with self.subTest(call=name, field=field, text=text):
                    fields = dict(CALLS[name][1], **{field: text})
                    self.assert_refused(self.master.post(name, fields), 400, field)
        self.assert_nothing_changed()


class Documents(HostileTestCase):
    """Marshalled fields that hold what no client writes."""

    def test_hostile_documents_are_refused_quickly(self):
        for field, (name, _) in MARSHALLED.items():
            for what, document in hostile_documents():
                if not document and field == "filter_xml":
                    continue
                with self.subTest(field=field, what=what):
                    fields = dict(CALLS[name][1], **{field: document})
                    start = time.monotonic()
                    answer = self.master.post(name, fields)
                    self.assertLess(time.monotonic() - start, 5)
                    if document or field not in ("partition_parameter_xml",):
                        self.assert_refused(answer, 400, field)
        self.assert_nothing_changed()

    def test_a_document_that_is_not_utf8_is_refused(self):
        fields = b"software_release=r&partition_reference=new&partition_parameter_xml="
        for value in (b"%3Cmarshal%3E%FF%3C/marshal%3E", b"\xff\xfe", b"%C3", b"%ED%A0%80"):
            answer = self.master.call("POST", "/requestComputerPartition", fields + value, FORM)
            self.assert_refused(answer, 400)
        self.assert_nothing_changed()

    def test_what_odd_but_honest_writers_send_is_taken(self):
        for document in (
            "\ufeff<marshal><dictionary/></marshal>",
            '<?xml version="1.0" encoding="UTF-8"?>\n<marshal> <dictionary> </dictionary> </marshal>\n',
            "<marshal><!-- a comment --><dictionary><string>a</string><string><![CDATA[b]]></string></dictionary></marshal>",
            '<m:marshal xmlns:m="urn:m"><m:dictionary/></m:marshal>',
        ):
            with self.subTest(document):
                fields = dict(CALLS["requestComputerPartition"][1], partition_parameter_xml=document)
                self.assert_status(200, self.master.post("requestComputerPartition", fields))

    def test_hostile_usage_reports_are_refused(self):
        for what, document in hostile_documents():
            if document:
                with self.subTest(what):
                    answer = self.master.post("useComputer", computer_id=COMPUTER, use_string=document)
                    self.assert_status(400, answer)
        self.assert_nothing_changed()


class Sizes(HostileTestCase):
    """More than anybody needs."""

    def resident_memory(self):
        with open("/proc/%d/status" % self.master.process.pid) as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def test_a_field_beyond_its_limit_is_refused(self):
        big = dumps({"a": "x" * (8 * MIB)})
        fields = dict(CALLS["requestComputerPartition"][1], partition_parameter_xml=big)
        self.assert_refused(self.master.post("requestComputerPartition", fields), 413, "partition_parameter_xml")
        self.assert_nothing_changed()

    def test_a_field_below_it_is_taken(self):
        self.request("big", partition_parameter_kw={"a": "x" * MIB})
        self.assertEqual(len(self.fresh("slappart1").getInstanceParameter("a")), MIB)

    def test_a_body_beyond_its_limit_is_refused_before_it_is_read(self):
        with socket.create_connection((self.master.host, self.master.port), timeout=10) as client:
            client.sendall(
                b"POST /supplySupply HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: 99999999999\r\n\r\nurl=a"
            )
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 413 "))
        self.assert_nothing_changed()

    def test_a_body_without_length_is_refused_when_it_passes_the_limit(self):
        with socket.create_connection((self.master.host, self.master.port), timeout=20) as client:
            client.sendall(
                b"POST /supplySupply HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            chunk = b"100000\r\n" + b"u" * MIB + b"\r\n"
            try:
                for _ in range(40):
                    client.sendall(chunk)
            except OSError:
                pass
            try:
                answer = client.recv(4096)
            except OSError:
                answer = b""
        self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 413 "), answer)
        self.assert_nothing_changed()

    def test_memory_stays_bounded(self):
        bomb = dict(hostile_documents())["references that multiply"]
        fields = dict(CALLS["requestComputerPartition"][1], partition_parameter_xml=bomb)
        for _ in range(5):
            self.assert_refused(self.master.post("requestComputerPartition", fields), 400)
        million = "<marshal><list>%s</list></marshal>" % ("<none/>" * 1000001)
        fields["partition_parameter_xml"] = million
        self.assertIn(self.master.post("requestComputerPartition", fields).status, (400, 413))
        self.assertLess(self.resident_memory(), 512 * MIB)
        self.assert_nothing_changed()

    def test_headers_and_urls_beyond_their_limits_are_refused(self):
        self.assertIn(self.master.call("GET", "/getRunId?x=" + "y" * 20000).status, (400, 414, 431))
        try:
            status = self.master.call("GET", "/getRunId", headers={"X-Big": "y" * 100000}).status
        except OSError:
            status = 431
        self.assertIn(status, (400, 431))
        self.assert_status(200, self.master.get("getRunId"))


class Http(HostileTestCase):
    """Methods, types, paths, and what is not HTTP."""

    def test_a_wrong_method_is_refused_and_told_the_right_one(self):
        for name, (method, fields) in CALLS.items():
            for wrong in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                if wrong == method:
                    continue
                with self.subTest(call=name, method=wrong):
                    query = urllib.parse.urlencode(fields)
                    answer = self.master.call(wrong, "/%s?%s" % (name, query), headers=FORM)
                    self.assert_status(405, answer)
                    allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
                    self.assertEqual(allowed, {"GET", "HEAD"} if method == "GET" else {"POST"})
        self.assert_nothing_changed()

    def test_head_is_answered_where_get_is(self):
        answer = self.master.call("HEAD", "/getComputerStatus?computer_id=COMP-1")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assert_status(405, self.master.call("HEAD", "/supplySupply"))

    def test_another_content_type_is_refused(self):
        body = urllib.parse.urlencode(CALLS["supplySupply"][1])
        for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", "application/xml", ""):
            with self.subTest(kind):
                headers = {"Content-Type": kind} if kind else {}
                answer = self.master.call("POST", "/supplySupply", body, headers)
                self.assert_refused(answer, 400, "application/x-www-form-urlencoded")
        self.assert_nothing_changed()

    def test_a_charset_and_another_case_are_fine(self):
        body = urllib.parse.urlencode(CALLS["computerBang"][1])
        for kind in ("application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"):
            self.assert_status(200, self.master.call("POST", "/computerBang", body, {"Content-Type": kind}))

    def test_broken_percent_encoding_is_refused(self):
        for value in (b"%", b"%2", b"%zz", b"%FF", b"%C3%28", b"\xff"):
            with self.subTest(value):
                body = b"computer_id=COMP-1&url=" + value
                self.assert_refused(self.master.call("POST", "/supplySupply", body, FORM), 400)
        self.assert_refused(self.master.call("GET", "/getComputerStatus?computer_id=%FF"), 400, "computer_id")
        self.assert_nothing_changed()

    def test_an_unknown_path_is_not_found(self):
        for path in ("/nothing", "/getFullComputerInformation/", "/GETRUNID", "/..%2f..%2fetc/passwd", "/slapos"):
            answer = self.master.call("GET", path)
            self.assert_status(404, answer)
            self.assertFalse(answer.headers["Content-Type"].startswith("text/html"))

    def raw(self, request):
        with socket.create_connection((self.master.host, self.master.port), timeout=10) as client:
            client.sendall(request)
            answer = b""
            try:
                while True:
                    more = client.recv(65536)
                    if not more:
                        return answer
                    answer += more
            except socket.timeout:
                return answer + b"\n(the connection stayed open)"
            except OSError:
                return answer

    def test_what_is_not_http_is_refused_and_the_connection_closed(self):
        for what, request in {
            "no HTTP": b"hello\r\n\r\n",
            "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
            "two hosts": b"GET /getRunId HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "no host": b"GET /getRunId HTTP/1.1\r\n\r\n",
            "two lengths": b"POST /supplySupply HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "length and chunks": b"POST /supplySupply HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a chunk beyond 64 bits": b"POST /supplySupply HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\n11111111111111111\r\nabc",
        }.items():
            with self.subTest(what):
                answer = self.raw(request)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer)
                self.assertNotIn(b"stayed open", answer)
        self.assert_nothing_changed()

    def test_a_client_that_goes_away_leaves_no_half_change(self):
        body = urllib.parse.urlencode({"url": "half", "computer_id": COMPUTER}).encode()
        head = b"POST /supplySupply HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        for cut in (0, 5, len(body) - 1):
            with socket.create_connection((self.master.host, self.master.port), timeout=10) as client:
                client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:cut])
        with socket.create_connection((self.master.host, self.master.port), timeout=10) as client:
            client.sendall(head[:40])
        self.assert_nothing_changed()

    def test_a_client_that_does_not_wait_for_the_answer_gets_all_or_nothing(self):
        for number in range(20):
            fields = dict(CALLS["requestComputerPartition"][1], partition_reference="left %d" % (number % 2))
            body = urllib.parse.urlencode(fields).encode()
            with socket.create_connection((self.master.host, self.master.port), timeout=10) as client:
                client.sendall(
                    b"POST /requestComputerPartition HTTP/1.1\r\nHost: x\r\n"
                    b"Content-Type: application/x-www-form-urlencoded\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body) + body
                )
        for partition in self.partitions().values():
            if partition.getState() == "started":
                parameters = partition.getInstanceParameterDict()
                self.assertEqual(parameters["slap_software_release_url"], RELEASE)
                self.assertTrue(partition.getInstanceGuid())

    def test_slow_clients_hold_up_nobody(self):
        slow = []
        try:
            for _ in range(50):
                client = socket.create_connection((self.master.host, self.master.port), timeout=10)
                client.sendall(b"POST /supplySupply HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n")
                slow.append(client)
            start = time.monotonic()
            self.assert_status(200, self.master.get("getRunId"))
            self.assertLess(time.monotonic() - start, 2)
        finally:
            for client in slow:
                client.close()

    def test_a_connection_is_kept_for_further_requests(self):
        connection = http.client.HTTPConnection(self.master.host, self.master.port, timeout=10)
        try:
            for path in ("/getRunId", "/nothing", "/getComputerStatus?computer_id=COMP-9", "/getRunId"):
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                socket_before = connection.sock
                self.assertIsNotNone(socket_before, path)
        finally:
            connection.close()


class Headers(HostileTestCase):
    """The header that says which instance calls."""

    def request_with(self, value):
        fields = urllib.parse.urlencode(CALLS["requestComputerPartition"][1])
        return self.master.call("POST", "/requestComputerPartition", fields, dict(FORM, Authorization=value))

    def test_its_form_is_read_leniently(self):
        value = "x-slappartition  computer_partition_id = slappart0 ,computer_id=COMP-1"
        self.assert_status(200, self.request_with(value))
        told = self.fresh("slappart1").getInstanceParameterDict()
        self.assertEqual((told["instance_title"], told["root_instance_title"]), ("new", "web"))

    def test_a_free_or_unknown_partition_in_it_is_not_found(self):
        for computer, partition, named in (
            (COMPUTER, "slappart2", "slappart2"),
            (COMPUTER, "slappart9", "slappart9"),
            ("COMP-9", "slappart0", "COMP-9"),
        ):
            value = "X-SlapPartition computer_id=%s, computer_partition_id=%s" % (computer, partition)
            self.assert_refused(self.request_with(value), 404, named)
        self.assert_nothing_changed()

    def test_another_scheme_says_nothing(self):
        self.assert_status(200, self.request_with("Basic YTpi"))
        self.assertEqual(self.fresh("slappart1").getInstanceParameterDict()["root_instance_title"], "new")


if __name__ == "__main__":
    main()
