"""The server's own description, `GET /_mock/openapi.json`, against what the server does.

Its schemas must be schemas, take and refuse what the server takes and refuses, and fit its answers.
"""

import json

import jsonschema

from support import COMPUTER, MasterTestCase, main
from test_json_rpc import SEED, Maker

CASES = 30
CERTIFICATES = "/_mock/v1/certificates"
REVOKE = CERTIFICATES + "/revoke"
TOKENS = "/_mock/v1/tokens"
FAULTS = "/_mock/v1/faults"
FIXTURE = "/_mock/v1/fixture"
JOURNAL = "/_mock/v1/journal"
COMPUTERS = "/_mock/v1/computers"
SNAPSHOTS = "/_mock/v1/snapshots"
WORLDS = "/_mock/v1/worlds"
TREES = "/_mock/v1/trees"
CLOCK = "/_mock/v1/clock"
BACKGROUND = "/_mock/v1/background"
# What is said of a value that has its shape, and cannot be kept.
UNKEPT = ("is empty", "is not allowed in XML 1.0")


def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def body_schema(part):
    content = part["content"]
    # A world can be made of a fixture in YAML too.
    (kind,) = set(content) - {"application/yaml"}
    return content[kind]["schema"]


class OpenApiTest(MasterTestCase):
    def setUp(self):
        super().setUp()
        self.document = json.loads(self.master.call("GET", "/_mock/openapi.json").body)

    def send(self, method, path, value=None):
        body = json.dumps(value).encode("ascii") if method in ("POST", "PUT") else None
        answer = self.master.call(method, path, body=body, headers={"Content-Type": "application/json"})
        return answer.status, json.loads(answer.body)

    def refusal(self, name):
        return validator(body_schema(self.document["components"]["responses"][name]))

    def test_the_methods_take_what_their_schemas_allow_and_nothing_else(self):
        refusal = self.refusal("json-rpc")
        verdicts = {True: 0, False: 0}
        cases = []
        for path, item in self.document["paths"].items():
            if path.startswith("/slapos."):
                schema = body_schema(item["post"]["requestBody"])
                maker = Maker("%d described %s" % (SEED, path))
                valid = [maker.value(schema) for _ in range(CASES)]
                broken = [maker.broken(schema, value) for value in valid]
                cases += [(path, validator(schema), value) for value in valid + broken]
        path = "/slapos.put.v0.compute_node_format"
        schema = validator(body_schema(self.document["paths"][path]["post"]["requestBody"]))
        for partition in ({}, {"partition_id": 1}, {"partition_id": "p", "ip_list": [{}]}, {"partition_id": "p", "x": 1}):
            cases.append((path, schema, {"computer_guid": COMPUTER, "compute_partition_list": [partition]}))
        for path, schema, value in cases:
            expected = schema.is_valid(value)
            status, body = self.send("POST", path, value)
            if status != 200:
                refusal.validate(body)
            kinds = ("invalid-json-object-content", "not-json-object-content")
            refused = status == 400 and body["type"] in kinds and not any(word in body["title"] for word in UNKEPT)
            self.assertEqual(not refused, expected, "%s %r: %r" % (path, value, body))
            verdicts[expected] += 1
        self.assertGreaterEqual(min(verdicts.values()), 25 * CASES // 2)

    def test_the_answers_of_the_control_surface_are_as_described(self):
        self.format(COMPUTER)
        served = []

        def done(method, route, value=None, path=None):
            status, body = self.send(method, path or route, value)
            operation = self.document["paths"][route][method.lower()]
            if value is not None:
                validator(body_schema(operation["requestBody"])).validate(value)
            validator(body_schema(operation["responses"][str(status)])).validate(body)
            served.append((method, route))
            return body

        serial = done("POST", CERTIFICATES, {"computer": COMPUTER})["serial"]
        done("GET", CERTIFICATES + "/{serial}", path="%s/%s" % (CERTIFICATES, serial))
        self.assertEqual(len(done("POST", REVOKE, {"serial": serial})["revoked"]), 1)
        self.assertEqual(len(done("GET", CERTIFICATES)["certificates"]), 1)
        done("POST", TOKENS, {"purpose": "computer"})
        done("POST", TOKENS, {"purpose": "user", "lifetime_s": 1, "value": "demo-token", "reusable": True})
        self.assertEqual(len(done("GET", TOKENS)["tokens"]), 2)
        self.partitions()
        wait = {"entry": {"event": "computer_seen", "computer": COMPUTER}, "count": 1, "timeout_s": 0}
        self.assertEqual(done("POST", JOURNAL + "/wait", wait)["matched"], 1)
        done("POST", JOURNAL + "/wait", {"state": {"computer": COMPUTER, "is": "seen"}})
        self.assertEqual(done("POST", JOURNAL + "/verify", {"entry": {"status": 201}, "exactly": 3})["matched"], 3)
        self.assertGreater(len(done("GET", JOURNAL)["entries"]), 10)
        self.assertGreater(done("DELETE", JOURNAL)["last"], 10)
        rule = {"name": "x", "match": {"call": "getRunId", "nth": [2]}, "effect": {"delay_ms": [0, 1], "status": 503}}
        done("POST", FAULTS, rule)
        done("PUT", FAULTS + "/{name}", {"effect": {"stale": True}, "lifetime_s": 60}, path=FAULTS + "/y")
        done("GET", FAULTS + "/{name}", path=FAULTS + "/y")
        self.assertEqual(len(done("GET", FAULTS)["faults"]), 2)
        self.assertEqual(done("DELETE", FAULTS + "/{name}", path=FAULTS + "/y"), {"removed": 1})
        self.assertEqual(done("DELETE", FAULTS), {"removed": 1})
        web = {"release": "https://example.org/*", "type": "web", "publish": {"url": "{ipv6}", "port": 80}}
        failure = {"text": "no", "count": 1, "probability": 0.5}
        simulate = {"profile": "slow", "build_s": [1, 2.5], "build_failure": failure, "breakdown": False, "rules": [web]}
        partition = {"reference": "a", "addresses": ["10.0.0.1", {"address": "::1"}], "capabilities": ["gpu"]}
        done("POST", COMPUTERS, {"reference": "A", "partitions": [partition], "software": ["x"], "simulate": simulate})
        done("POST", COMPUTERS, {"reference": "B", "partitions": 2, "categories": {"region": "x"}, "reported": "contact"})
        done("POST", COMPUTERS + "/scale", {"count": 2, "partitions": 1, "simulate": "healthy"})
        one = COMPUTERS + "/{reference}"
        path = COMPUTERS + "/A"
        for what, value in (("hold", {}), ("release", {"what": "software"}), ("fail", {"release": "x", "text": "y"})):
            done("POST", "%s/%s" % (one, what), value, path="%s/%s" % (path, what))
        self.assertEqual(done("GET", one, path=path)["work"]["failures"][0]["left"], 1)
        done("POST", one + "/recover", {"partition": "a"}, path=path + "/recover")
        self.assertIsNone(done("GET", one, path=COMPUTERS + "/B")["work"])
        self.assertEqual(done("GET", one + "/simulate", path=path + "/simulate"), simulate)
        done("PUT", one + "/simulate", {"needs_software": False}, path=path + "/simulate")
        self.assertEqual(done("DELETE", one + "/simulate", path=path + "/simulate"), {"removed": 1})
        self.assertEqual(len(done("GET", COMPUTERS)["computers"]), 5)
        self.supply()
        self.request()
        self.assertEqual(len(done("GET", TREES)["trees"][0]["instances"]), 1)
        self.assertEqual(done("POST", FIXTURE, {"users": ["alice"]})["users"], 1)
        self.assertEqual(done("POST", FIXTURE + "/check", {"users": ["bob"]})["users"], 1)
        done("PUT", CLOCK, {"mode": "frozen", "now": "2030-01-01T00:00:00.5Z"})
        done("POST", CLOCK + "/advance", {"seconds": 0.5})
        self.assertEqual(done("GET", CLOCK)["now"], "2030-01-01T00:00:01Z")
        done("PUT", CLOCK, {"offset_s": -0.5})
        done("PUT", BACKGROUND, {"mode": "manual", "allocation": "paused"})
        self.assertIs(done("GET", BACKGROUND)["rounds"], False)
        self.assertIs(done("POST", BACKGROUND + "/round", {})["changed"], False)
        self.assertEqual(done("POST", BACKGROUND + "/settle", {"advance_up_to_s": 1, "most_rounds": 2})["rounds"], 1)
        snapshot = SNAPSHOTS + "/{name}"
        done("PUT", snapshot, {}, path=SNAPSHOTS + "/s")
        done("GET", snapshot, path=SNAPSHOTS + "/s")
        self.assertEqual(len(done("GET", SNAPSHOTS)["snapshots"]), 1)
        self.request("added")
        found = done("GET", snapshot + "/difference", path=SNAPSHOTS + "/s/difference")
        self.assertGreater((found["added"], found["changed"]), (0, 0))
        done("POST", snapshot + "/restore", {}, path=SNAPSHOTS + "/s/restore")
        done("POST", "/_mock/v1/reset", {})
        done("PUT", WORLDS + "/{name}", {"idle_ttl_s": 60}, path=WORLDS + "/a")
        done("PUT", WORLDS + "/{name}", {"idle_ttl_s": 60}, path=WORLDS + "/a")
        done("PUT", WORLDS + "/{name}", {"copy_of": "default", "snapshot": "s"}, path=WORLDS + "/b")
        done("GET", WORLDS + "/{name}", path=WORLDS + "/b")
        self.assertEqual(len(done("GET", WORLDS)["worlds"]), 3)
        done("GET", "/_mock/health/live")
        done("GET", "/_mock/health/ready")
        told = {
            (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if path.startswith("/_mock/")
            for answer in operation["responses"].values()
            if "schema" in answer.get("content", {}).get("application/json", {})
        }
        self.assertEqual(set(served), told)

    def test_files_have_the_media_types_that_are_described(self):
        for path in ("/_mock/openapi.json", "/_mock/v1/ca.pem", "/_mock/v1/crl.pem", "/_mock/v1/crl.der"):
            answer = self.master.call("GET", path)
            described = self.document["paths"][path]["get"]["responses"][str(answer.status)]["content"]
            self.assertEqual([answer.headers["Content-Type"]], list(described), path)

    def test_the_control_surface_refuses_what_its_schemas_do_not_allow(self):
        refusal = self.refusal("control")
        for path, broken in (
            (CERTIFICATES, [{}, [], {"computer": 1}, {"computer": "COMP-1", "user": "a"}, {"serial": "ab"}]),
            (REVOKE, [{}, [], {"serial": True}, {"serial": "ab", "user": "a"}, {"token": "ab"}]),
            (
                TOKENS,
                [{}, [], {"purpose": "x"}, {"purpose": 1}, {"purpose": "user", "reusable": "yes"}]
                + [{"purpose": "user", "lifetime_s": seconds} for seconds in (0, -1, 1.5, "1", 100 * 365 * 86400 + 1)],
            ),
            (
                CLOCK,
                [{}, [], {"mode": "x"}, {"now": 1}, {"offset_s": "1"}, {"offset_s": 10**10}, {"seconds": 1}],
            ),
            (CLOCK + "/advance", [{}, [], {"seconds": -1}, {"to": 1}, {"seconds": 1, "to": "2030-01-01T00:00:00Z"}]),
            (BACKGROUND, [{}, [], {"mode": 1}, {"mode": "x"}, {"allocation": "x"}, {"x": 1}]),
            (BACKGROUND + "/round", [[], {"x": 1}]),
            (BACKGROUND + "/settle", [[], {"most_rounds": 0}, {"most_rounds": 1.5}, {"advance_up_to_s": -1}]),
            (
                FAULTS,
                [{}, [], {"effect": 1}, {"effect": {"x": 1}}, {"effect": {"delay_ms": [1]}}, {"effect": {"status": 99}}]
                + [dict({"effect": {"drop": True}}, **wrong) for wrong in ({"when": "x"}, {"sequence": []})]
                + [{"effect": {"drop": True}, "match": {"nth": nth}} for nth in (0, [], [0], "1")],
            ),
            (
                COMPUTERS,
                [{}, [], {"reference": 1}, {"reference": "A", "partitions": -1}, {"reference": "A", "simulate": "x"}]
                + [{"reference": "A", "simulate": {"start_s": wrong}} for wrong in (-1, "1", [1], [1, 2, 3], True)]
                + [{"reference": "A", "simulate": {"rules": [{"releas": "x"}]}}],
            ),
            (COMPUTERS + "/scale", [{}, [], {"count": -1}, {"count": 10001}, {"count": 1, "simulate": {"x": 1}}]),
            (
                JOURNAL + "/wait",
                [[], {"entry": 1}, {"entry": {}, "timeout_s": 301}, {"entri": {}}, {"state": {"is": "x"}}]
                + [{"entry": entry} for entry in ({"status": []}, {"event": "x"}, {"computr": "x"}, {"text": 1})],
            ),
            (JOURNAL + "/verify", [[], {"none": 1}, {"exactly": -1}, {"at_least": "1"}, {"entry": {"kind": "x"}}]),
        ):
            item = self.document["paths"][path]
            method = "post" if "post" in item else "put"
            schema = validator(body_schema(item[method]["requestBody"]))
            for value in broken:
                self.assertFalse(schema.is_valid(value), "%s %r" % (path, value))
                status, body = self.send(method.upper(), path, value)
                self.assertEqual(status, 400, "%s %r: %r" % (path, value, body))
                refusal.validate(body)


if __name__ == "__main__":
    main()
