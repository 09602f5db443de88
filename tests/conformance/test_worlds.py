"""Worlds of one process, met by the library and the commands: what is isolated, and what comes back."""

import json
import os
import subprocess
import tempfile
import threading

import slapos.slap

from support import COMPUTER, RELEASE, MasterTestCase, main
from support_docs import ExamplesTestCase
from support_tls import TlsTestCase
from test_cli import NOT_READY, CommandTestCase

WORLDS = "/_mock/v1/worlds"
FIXTURE = {"computers": [{"reference": COMPUTER, "partitions": 4}]}


class WorldsMixin:
    def control_call(self, method, path, status, body=None):
        body = json.dumps({} if body is None else body)
        answer = self.master.call(method, path, body=body, headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, status, answer.body)
        return json.loads(answer.body) if answer.body else None

    def make(self, name, status=201, **wish):
        return self.control_call("PUT", "%s/%s" % (WORLDS, name), status, wish)

    def library(self, world):
        library = slapos.slap.slap()
        library.initializeConnection("%s/w/%s/" % (self.master.url, world))
        return library


class LibraryTest(WorldsMixin, MasterTestCase):
    def request(self, world, title, **more):
        return self.library(world).registerOpenOrder().request(RELEASE, title, **more)

    def titles(self, world):
        found = []
        for partition in self.library(world).registerComputer(COMPUTER).getComputerPartitionList():
            if partition.getState() != "destroyed":
                found.append(partition.getInstanceParameterDict()["instance_title"])
        return sorted(found)

    def test_two_worlds_at_once_are_two_masters(self):
        for world in ("a", "b"):
            self.assertEqual(self.make(world, fixture=FIXTURE)["url"], "%s/w/%s/" % (self.master.url, world))
        errors = []

        def live(world):
            try:
                for number in range(4):
                    title = "%s-%d" % (world, number)
                    partition = self.request(world, title)
                    self.assertEqual(partition.getId(), "slappart%d" % number)
                    computer = self.library(world).registerComputer(COMPUTER)
                    [mine] = [p for p in computer.getComputerPartitionList() if p.getId() == partition.getId()]
                    mine.setConnectionDict({"url": title})
                    mine.started()
                    self.assertEqual(self.request(world, title).getConnectionParameter("url"), title)
            except BaseException as error:  # noqa: the test's thread judges it
                errors.append(error)

        threads = [threading.Thread(target=live, args=(world,)) for world in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        for world in ("a", "b"):
            self.assertEqual(self.titles(world), ["%s-%d" % (world, number) for number in range(4)])
        with self.assertRaises(slapos.slap.NotFoundError):
            self.computer().getComputerPartitionList()

    def test_all_three_dialects_are_below_the_world(self):
        self.make("a", fixture=FIXTURE)
        self.make("b", fixture=FIXTURE)
        self.request("a", "web")
        for world, titles in (("a", {"web"}), ("b", set())):
            # The library asks the classic dialect where HATEOAS is, and follows its links.
            self.assertEqual(set(self.library(world).getOpenOrderDict()), titles)
            answer = self.master.call(
                "POST", "/w/%s/slapos.allDocs.v0.compute_node_instance_list" % world,
                body=json.dumps({"computer_guid": COMPUTER}), headers={"Content-Type": "application/json"},
            )
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(len(json.loads(answer.body)["result_list"]), len(titles))

    def test_a_reset_gives_the_next_test_the_same_beginning(self):
        self.make("a", fixture=FIXTURE)
        for _ in range(3):
            self.assertEqual(self.titles("a"), [])
            self.assertEqual(self.request("a", "web").getId(), "slappart0")
            self.assertEqual(self.request("a", "db").getId(), "slappart1")
            self.control_call("POST", "/w/a/_mock/v1/reset", 200)
        self.control_call("DELETE", WORLDS + "/a", 204)
        with self.assertRaises(slapos.slap.NotFoundError):
            self.library("a").registerComputer(COMPUTER).getComputerPartitionList()

    def test_a_snapshot_is_gone_back_to_after_anything(self):
        self.make("a", fixture=FIXTURE)
        self.request("a", "web")
        self.control_call("PUT", "/w/a/_mock/v1/snapshots/s", 200)
        self.request("a", "db")
        self.make("b", copy_of="a", snapshot="s")
        self.control_call("POST", "/w/a/_mock/v1/snapshots/s/restore", 200)
        self.assertEqual(self.titles("a"), ["web"])
        self.assertEqual(self.titles("b"), ["web"])
        self.control_call("DELETE", WORLDS + "/a", 204)
        self.control_call("GET", "/w/a/_mock/v1/snapshots/s", 404)
        self.assertEqual(self.titles("b"), ["web"])


class CommandTest(WorldsMixin, CommandTestCase):
    def test_commands_take_a_world_as_their_master(self):
        for world in ("a", "b"):
            self.make(world, fixture=FIXTURE)
        self.configure(self.master.url + "/w/a")
        self.fail_with(2, NOT_READY, "request", "web", self.release, "--node", "computer_guid=COMP-9")
        self.succeed("request", "db", self.release)
        self.assertIn("db", self.succeed("service", "list").out)
        self.configure(self.master.url + "/w/b")
        self.assertNotIn("db", self.succeed("service", "list").out)


class DurableTest(WorldsMixin, MasterTestCase):
    def begin(self, path):
        self.master = self.start(database=path)
        self.slap = self.master.connect()

    def titles(self):
        states = [partition for partition in self.partitions().values() if partition.getState() != "destroyed"]
        return sorted(partition.getInstanceParameterDict()["instance_title"] for partition in states)

    def test_a_reset_of_a_named_database_outlives_a_killed_process(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "world.db")
            self.begin(path)
            self.format()
            self.request("kept")
            self.master.stop()
            # The baseline of a process that starts again is what the database held.
            self.begin(path)
            self.request("left")
            self.assertEqual(self.titles(), ["kept", "left"])
            self.control_call("POST", "/_mock/v1/reset", 200)
            self.assertEqual(self.titles(), ["kept"])
            self.request("after")
            self.master.kill()
            self.begin(path)
            self.assertEqual(self.titles(), ["after", "kept"])


class OverTlsTest(WorldsMixin, TlsTestCase):
    def identity_in(self, world, computer=COMPUTER):
        issued = self.control_call("POST", "/w/%s/_mock/v1/certificates" % world, 201, {"computer": computer})
        return self.identity(issued), issued["serial"]

    def polls(self, world, identity):
        library = slapos.slap.slap()
        url = "%s/w/%s/" % (self.master.tls_url, world)
        library.initializeConnection(url, key_file=identity.key_file, cert_file=identity.cert_file)
        return library.registerComputer(COMPUTER).getComputerPartitionList()

    def test_a_certificate_counts_in_its_own_world_alone(self):
        self.make("a", fixture=FIXTURE)
        self.make("b", fixture=FIXTURE)
        (of_a, serial), (of_b, _) = self.identity_in("a"), self.identity_in("b")
        for world, identity in (("a", of_a), ("b", of_b)):
            self.assertEqual(len(self.polls(world, identity)), 4)
        self.assert_refused(self.polls, "b", of_a)
        self.assert_refused(self.polls, "a", of_b)
        self.make("c", copy_of="a")
        self.control_call("POST", "/w/a/_mock/v1/certificates/revoke", 200, {"serial": serial})
        self.assert_refused(self.polls, "a", of_a)
        self.assertEqual(len(self.polls("b", of_b)), 4)
        self.assertEqual(len(self.polls("c", of_a)), 4)

    def test_one_connection_is_judged_by_each_world_of_its_requests(self):
        self.make("a", fixture=FIXTURE)
        self.make("b", fixture=FIXTURE)
        identity, _ = self.identity_in("a")
        session = self.session(identity)
        for _ in range(2):
            for world, status in (("a", 200), ("b", 401)):
                url = "%s/w/%s/getFullComputerInformation" % (self.master.tls_url, world)
                answer = session.get(url, params={"computer_id": COMPUTER})
                self.assertEqual(answer.status_code, status, answer.text)

    def test_the_authority_of_a_world_verifies_what_it_issued(self):
        told = self.make("a", fixture=FIXTURE)
        identity, _ = self.identity_in("a")
        authority = self.new_file(told["ca_certificate"], ".ca.pem")
        done = subprocess.run(
            ["openssl", "verify", "-CAfile", authority, identity.cert_file], capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        default = self.new_file(self.master.get("_mock/v1/ca.pem").body.decode("ascii"), ".ca.pem")
        done = subprocess.run(
            ["openssl", "verify", "-CAfile", default, identity.cert_file], capture_output=True, text=True
        )
        self.assertNotEqual(done.returncode, 0)


class ExamplesTest(ExamplesTestCase):
    """The examples of docs/worlds.md, as they stand there, one after the other."""

    def test_the_examples_of_the_page_do_what_they_say(self):
        self.run_examples("worlds.md", ["sh", "python"])


if __name__ == "__main__":
    main()
