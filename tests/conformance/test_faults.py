"""Fault rules, met by the library and the commands: what they see, and what is there afterwards."""

import json
import time

import requests
import slapos.slap
from slapos.slap import ConnectionError as SlapConnectionError
from slapos.slap import ServerError

from support import COMPUTER, RELEASE, MasterTestCase, main
from support_docs import ExamplesTestCase
from test_cli import NOT_READY, CommandTestCase

FAULTS = "/_mock/v1/faults"
REQUEST = {"call": "requestComputerPartition"}
POLL = {"call": "getFullComputerInformation"}


class FaultsMixin:
    def fault(self, effect, match=REQUEST, **limits):
        rule = dict(limits, match=match, effect=effect)
        answer = self.master.call(
            "POST", FAULTS, body=json.dumps(rule), headers={"Content-Type": "application/json"}
        )
        self.assertEqual(answer.status, 201, answer.body)
        return json.loads(answer.body)["name"]

    def rule(self, name):
        return json.loads(self.master.call("GET", "%s/%s" % (FAULTS, name)).body)

    def assert_applied(self, name, count):
        self.assertEqual(self.rule(name)["applied"], count)

    def titles(self):
        """Titles of the instances on the computer, each as often as it is there."""
        found = []
        for partition in self.partitions().values():
            if partition.getState() != "destroyed":
                found.append(partition.getInstanceParameterDict()["instance_title"])
        return sorted(found)


class LibraryTest(FaultsMixin, MasterTestCase):
    def setUp(self):
        super().setUp()
        self.format()
        self.supply()

    def test_not_ready_so_many_times(self):
        name = self.fault({"not_ready": True}, count=2)
        self.assert_not_ready(self.request())
        self.assert_not_ready(self.request())
        self.assertEqual(self.request().getId(), "slappart0")
        self.assert_applied(name, 2)

    def test_a_server_error(self):
        self.fault({"status": 503}, count=1)
        self.assertRaises(ServerError, self.request)
        self.assertEqual(self.titles(), [])
        self.assertEqual(self.request().getId(), "slappart0")

    def test_a_dropped_connection(self):
        name = self.fault({"drop": True})
        self.assertRaises(SlapConnectionError, self.request)
        self.assertEqual(self.titles(), [])
        self.assert_applied(name, 1)

    def test_a_cut_answer_is_no_answer(self):
        whole = self.master.get("getFullComputerInformation", computer_id=COMPUTER).body
        name = self.fault({"cut_after_bytes": len(whole) - 1}, POLL, count=1)
        with self.assertRaises((SlapConnectionError, requests.exceptions.RequestException)):
            self.computer().getComputerPartitionList()
        self.assert_applied(name, 1)
        self.assertEqual(len(self.computer().getComputerPartitionList()), 2)

    def test_who_asks_again_after_a_committed_request_finds_it_done(self):
        for title, effect in (("a", {"status": 500}), ("b", {"drop": True})):
            self.fault(effect, dict(REQUEST, title=title), when="after", count=1)
            with self.assertRaises((ServerError, SlapConnectionError)):
                self.request(title)
            self.assertIn(title, self.titles())
            self.assertEqual(self.request(title).getState(), "started")
        self.assertEqual(self.titles(), ["a", "b"])

    def test_a_delay_beyond_the_clients_patience(self):
        name = self.fault({"delay_ms": 1000}, count=1)
        impatient = slapos.slap.slap()
        impatient.initializeConnection(self.master.url, timeout=0.2)
        began = time.monotonic()
        with self.assertRaises(SlapConnectionError):
            impatient.registerOpenOrder().request(RELEASE, "web")
        self.assertLess(time.monotonic() - began, 1)
        self.assert_applied(name, 1)
        # Nothing is ever done: the client was gone before its time came.
        while time.monotonic() - began < 1.5:
            self.assertEqual(self.titles(), [])
            time.sleep(0.1)

    def test_a_cold_cache_serves_at_the_second_poll(self):
        self.fault({"cold_cache": True}, POLL)
        self.assertRaises(ServerError, self.computer().getComputerPartitionList)
        self.assertEqual(len(self.computer().getComputerPartitionList()), 2)

    def test_a_stale_poll_shows_a_change_one_poll_later(self):
        self.fault({"stale": True}, POLL)
        self.assertEqual(self.titles(), [])
        self.request()
        self.assertEqual(self.titles(), [])
        self.assertEqual(self.titles(), ["web"])

    def test_one_instance_alone_meets_the_fault(self):
        self.fault({"status": 500}, {"call": "startedComputerPartition", "title": "web"})
        web, db = self.request("web"), self.request("db")
        self.assertRaises(ServerError, self.handle(web).started)
        self.handle(db).started()

    def test_a_sequence_of_polls(self):
        self.fault({"status": 503}, POLL, sequence=["fail", "pass", "fail"])
        seen = []
        for _ in range(5):
            try:
                self.computer().getComputerPartitionList()
                seen.append("pass")
            except ServerError:
                seen.append("fail")
        self.assertEqual(seen, ["fail", "pass", "fail", "pass", "pass"])


class SeedTest(FaultsMixin, MasterTestCase):
    def test_the_same_seed_fails_the_same_polls(self):
        runs = []
        for seed in ("1", "1", "2"):
            self.master = self.start("--seed", seed)
            self.slap = self.master.connect()
            self.format()
            self.fault({"status": 503}, POLL, probability=0.5, name="flaky")
            answers = [self.master.get("getFullComputerInformation", computer_id=COMPUTER) for _ in range(40)]
            runs.append([answer.status for answer in answers])
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])
        self.assertEqual({200, 503}, set(runs[0]))


class CommandTest(FaultsMixin, CommandTestCase):
    def test_request_is_told_to_come_again_and_then_done(self):
        self.format()
        self.fault({"not_ready": True}, count=1)
        self.fail_with(2, NOT_READY, "request", "web", self.release)
        done = self.succeed("request", "web", self.release)
        self.assertIn("State is : started.", done.err)


class OverTlsTest(FaultsMixin, MasterTestCase):
    options = {"tls": True}

    def test_a_dropped_connection(self):
        self.format()
        self.fault({"drop": True}, {"call": "*"})
        with self.assertRaises(requests.exceptions.ConnectionError):
            requests.get(self.master.tls_url + "/getRunId", verify=False, timeout=10)


class ExamplesTest(FaultsMixin, ExamplesTestCase):
    """The examples of docs/faults.md, as they stand there, one after the other."""

    def test_the_examples_of_the_page_do_what_they_say(self):
        self.run_examples("faults.md", ["yaml", "sh", "python"])
        self.assert_applied("slow-start", 2)
        self.assert_applied("lost-answer", 1)
        self.assertEqual(self.master.call("GET", FAULTS + "/cold").status, 404)


if __name__ == "__main__":
    main()
