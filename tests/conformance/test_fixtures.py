"""Fixtures: a world that the client made, exported and loaded elsewhere; the schema for editors; the page's examples."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

import jsonschema
import yaml

from support import COMPUTER, RELEASE, MasterTestCase, main
from support_docs import ExamplesTestCase
from support_tls import TlsTestCase

ROOT = pathlib.Path(__file__).parents[2]
FIXTURE = "/_mock/v1/fixture"


class Loader(yaml.SafeLoader):
    """YAML 1.2 as far as it matters: `on` is a text, and so is a time."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read(text):
    return yaml.load(text, Loader)


class ExportMixin:
    def exported(self, master=None):
        answer = (master or self.master).call("GET", FIXTURE)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/yaml"))
        return answer.body.decode("utf-8")

    def file_of(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name


class ElsewhereTest(ExportMixin, TlsTestCase):
    """What the client made in one server, it finds in another that was given the export of the first."""

    world = {"users": ["alice"], "computers": [{"reference": "COMP-2", "partitions": 1}]}

    def elsewhere(self, text):
        return MasterTestCase.start(self, tls=True, fixture=self.file_of(text))

    def seen(self, library):
        """All that the library tells of the computer."""
        computer = library.registerComputer(COMPUTER)
        seen = {"software": [(r.getURI(), r.getState()) for r in computer.getSoftwareReleaseList()]}
        for partition in computer.getComputerPartitionList():
            told = {"state": partition.getState()}
            if partition.getState() != "destroyed":
                told["parameters"] = partition.getInstanceParameterDict()
                told["connection"] = dict(partition.getConnectionParameterDict())
                told["status"] = partition.getAccessStatus()
                told["release"] = partition.getSoftwareRelease().getURI()
            seen[partition.getId()] = told
        return seen

    def make_a_world(self):
        self.format(count=3)
        self.supply()
        self.release().available()
        web = self.request(partition_parameter_kw={"size": "3", "text": "yes: \u00e9\n"})
        web = self.fresh("slappart0")
        web.started()
        self.handle(web).setConnectionDict({"url": "https://[2001:db8::1]/?a=b#c"})
        child = self.request_child(web, "db", software_type="default")
        self.request_child(web, "account", shared=True)
        self.handle(child).error("it fell")
        gone = self.request("gone")
        self.request("gone", state="destroyed")
        self.handle(gone).destroyed()

    def test_the_client_sees_the_same_there_with_its_certificates(self):
        self.make_a_world()
        node = self.computer_identity(COMPUTER)
        instance = self.instance_identity("slappart0")
        alice = self.user_identity(self.new_token("user", user="alice"))
        revoked = self.computer_identity("COMP-2")
        self.control("certificates/revoke", computer="COMP-2")
        text = self.exported()
        other = self.elsewhere(text)
        self.assertEqual(self.exported(other), text)
        self.assertEqual(other.get("_mock/v1/ca.pem").body, self.master.get("_mock/v1/ca.pem").body)
        seen = self.seen(self.connect(node))
        self.assertEqual(self.seen(self.connect(node, other)), seen)
        self.assertEqual(seen["slappart0"]["parameters"]["text"], "yes: \u00e9\n")
        self.assertEqual(seen["slappart0"]["status"], "#access Instance correctly started")
        self.assertEqual(seen["slappart1"]["status"], "#error while instanciating: it fell")
        self.assertEqual(seen["slappart2"], {"state": "destroyed"})
        # Who was refused is refused, and who is known acts.
        self.assert_refused(self.connect(revoked, other).registerComputer("COMP-2").getComputerPartitionList)
        told = []
        for master in (self.master, other):
            child = self.connect(instance, master).registerComputerPartition(COMPUTER, "slappart0").request(
                RELEASE, "default", "another"
            )
            self.connect(node, master).registerComputer(COMPUTER).bang("done")
            more = self.connect(alice, master).registerOpenOrder().request(RELEASE, "of alice")
            told.append((child.getId(), child.getInstanceGuid(), more._partition_id if hasattr(more, "_partition_id") else ""))
        self.assertEqual(told[0], told[1])

    def test_an_export_is_added_where_the_authority_is_the_same_and_refused_elsewhere(self):
        text = self.exported()
        other = MasterTestCase.start(self, tls=True)
        answer = other.call("POST", FIXTURE, body=text, headers={"Content-Type": "application/yaml"})
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("another certificate authority", json.loads(answer.body)["detail"])


class SchemaTest(ExportMixin, MasterTestCase):
    def setUp(self):
        super().setUp()
        done = subprocess.run([os.environ["BINARY_UNDER_TEST"], "schema"], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.schema = json.loads(done.stdout)
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft202012Validator(self.schema)

    def test_the_server_has_the_same(self):
        answer = self.master.call("GET", "/_mock/fixture.schema.json")
        self.assertEqual(answer.headers["Content-Type"], "application/schema+json")
        self.assertEqual(json.loads(answer.body), self.schema)

    def test_every_key_is_described(self):
        for name, definition in self.schema["$defs"].items():
            for key, schema in definition["properties"].items():
                self.assertGreater(len(schema["description"]), 2, "%s of %s" % (key, name))

    def test_it_takes_every_fixture_of_the_repository_and_of_the_pages(self):
        texts = {str(path): path.read_text("utf-8") for path in sorted((ROOT / "fixtures").glob("*.yaml"))}
        self.assertGreaterEqual(len(texts), 3)
        pages = 0
        for page in sorted((ROOT / "docs").glob("*.md")):
            if page.name == "metrics.md":
                # What it shows is for Prometheus.
                continue
            for example in re.findall(r"^```yaml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
                texts[str(page)] = example
                pages += 1
        self.assertGreaterEqual(pages, 3)
        for name, text in texts.items():
            with self.subTest(name):
                self.validator.validate(read(text))

    def test_it_takes_what_is_exported(self):
        for fixture in sorted((ROOT / "fixtures").glob("*.yaml")):
            with self.subTest(fixture.name):
                master = self.start(fixture=str(fixture))
                # The demo lives: both exports are to be of the same moment.
                body, headers = json.dumps({"mode": "manual"}), {"Content-Type": "application/json"}
                self.assertEqual(master.call("PUT", "/_mock/v1/background", body, headers).status, 200)
                text = self.exported(master)
                self.validator.validate(read(text))
                answer = master.call("GET", FIXTURE, headers={"Accept": "application/json"})
                self.assertEqual(json.loads(answer.body), read(text))

    def test_what_it_refuses_the_reader_refuses(self):
        for broken in (
            {"computrs": []},
            {"computers": {}},
            {"computers": [{}]},
            {"computers": [{"reference": 1}]},
            {"computers": [{"reference": "COMP-1", "partitions": -1}]},
            {"computers": [{"reference": "COMP-1", "allocation_scope": "opn"}]},
            {"trees": [{"title": "t"}]},
            {"trees": [{"title": "t", "release": "r", "reference": "HOSTSUBS-0"}]},
            {"trees": [{"title": "t", "release": "r", "parameters": {"a": []}}]},
            {"tokens": [{"value": "12345678", "purpose": "x"}]},
            {"faults": [{"effect": {"delay_ms": "1"}}]},
            {"behaviour": {"cascade.stop": "maybe"}},
            {"preset": "rael"},
            {"clock": {"mode": "broken"}},
            {"counters": {"COMP": "1"}},
        ):
            with self.subTest(broken):
                self.assertFalse(self.validator.is_valid(broken))
                headers = {"Content-Type": "application/json"}
                answer = self.master.call("POST", FIXTURE + "/check", body=json.dumps(broken), headers=headers)
                self.assertEqual(answer.status, 422, answer)


class CheckTest(MasterTestCase):
    def check(self, *arguments, text=""):
        command = [os.environ["BINARY_UNDER_TEST"], "check", *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)

    def test_several_files_and_the_standard_input_are_one_world(self):
        one = str(ROOT / "fixtures" / "one-computer.yaml")
        tree = "trees: [{title: web, release: r, on: {computer: COMP-1, partition: slappart3}}]\n"
        done = self.check(one, "-", text=tree)
        self.assertEqual((done.returncode, done.stdout), (0, "accepted: 1 computer, 1 instance tree, 1 instance\n"), done)
        done = self.check(one, "-", text=tree.replace("slappart3", "slappart33"))
        self.assertEqual(done.returncode, 3, done)
        self.assertIn("error: -:1:38: computer `COMP-1` has no partition `slappart33`", done.stderr)


class ExamplesTest(ExportMixin, ExamplesTestCase):
    """The examples of docs/fixtures.md, as they stand there, one after the other."""

    def test_the_examples_of_the_page_do_what_they_say(self):
        self.run_examples("fixtures.md", ["yaml", "sh", "python"])


if __name__ == "__main__":
    main()
