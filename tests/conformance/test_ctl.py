"""A life that is told and looked at by `slapmaster ctl` alone, and lived by the library and the commands."""

import json
import os
import pty
import subprocess
import tempfile
import threading

import slapos.slap
from slapos.slap import NotFoundError

from support import COMPUTER, RELEASE, MasterTestCase, main
from support_docs import ExamplesTestCase, examples_of
from support_tls import TlsTestCase
from test_cli import NOT_READY, CommandTestCase

BINARY = os.environ["BINARY_UNDER_TEST"]


def ctl(master, *words, expect=0, stdin=""):
    """What `slapmaster ctl` prints."""
    done = subprocess.run(
        [BINARY, "ctl", "--url", master.url] + list(words), input=stdin, capture_output=True, text=True, timeout=60
    )
    if done.returncode != expect:
        raise AssertionError("%r ended with %d: %s" % (words, done.returncode, done.stderr))
    return done.stdout if expect == 0 else done.stderr.splitlines()[-1]


def told(master, *words):
    return json.loads(ctl(master, *words, "--json"))


class LifeTest(CommandTestCase):
    """One story: nothing but `ctl` and the client knows of the master."""

    def test_a_life_is_made_go_wrong_and_watched(self):
        self.format(count=2)
        self.supply(self.release)
        ctl(self.master, "fault", "add", "--name", "slow", "--call", "requestComputerPartition", "--not-ready", "--count", "1")
        self.fail_with(2, NOT_READY, "request", "web", self.release)
        self.assertIn("State is : started.", self.succeed("request", "web", self.release).err)
        self.assertEqual(told(self.master, "fault", "show", "slow")["applied"], 1)
        self.assertIn("slow", ctl(self.master, "journal", "--rule", "slow"))

        self.assertRegex(
            ctl(self.master, "tree", "web"),
            r"(?m)^`-- web  SOFTINST-1  unreported -> started  %s/slappart\d$" % COMPUTER,
        )
        ctl(self.master, "wait", "--is", "started", "--instance", "web", "--timeout", "0s", expect=1)
        waiting = []
        thread = threading.Thread(
            target=lambda: waiting.append(
                ctl(self.master, "wait", "--is", "started", "--instance", "web", "--connection", "url=http://[::1]/")
            )
        )
        thread.start()
        (web,) = [p for p in self.partitions().values() if p.getState() == "started"]
        web.started()
        web.setConnectionDict({"url": "http://[::1]/"})
        thread.join(30)
        self.assertEqual(len(waiting), 1)
        self.assertRegex(ctl(self.master, "tree"), r"(?m)^`-- web  SOFTINST-1  started  ")

        web.error("no disk")
        self.assertIn("error -> started", ctl(self.master, "tree"))
        self.assertIn("no disk", ctl(self.master, "tree"))
        ctl(self.master, "verify", "--event", "instance_error", "--instance", "web", "--exactly", "1")
        missed = ctl(self.master, "verify", "--event", "instance_stopped", "--instance", "web", expect=1)
        self.assertIn("near misses: ", missed)
        self.assertIn("instance_error", missed)

        self.fail_with(2, NOT_READY, "request", "web", self.release, "--state", "destroyed")
        web.destroyed()
        self.assertEqual(ctl(self.master, "tree"), "no such tree\n")
        ctl(self.master, "wait", "--is", "destroyed", "--instance", "web")

    def test_a_rule_that_drops_what_was_done_is_seen_through(self):
        self.format()
        ctl(self.master, "fault", "add", "-", stdin="match: {call: supplySupply}\neffect: {drop: true}\nwhen: after\ncount: 1\n")
        with self.assertRaises(Exception):
            self.supply()
        ctl(self.master, "verify", "--call", "supplySupply", "--status", "none", "--exactly", "1")
        (release,) = self.computer().getSoftwareReleaseList()
        self.assertEqual(release.getURI(), RELEASE)


class CredentialsTest(TlsTestCase):
    world = {"computers": [{"reference": COMPUTER, "partitions": 1}]}

    def test_a_certificate_of_ctl_lets_a_node_in_until_ctl_revokes_it(self):
        pair = told(self.master, "certificate", "issue", "--computer", COMPUTER)
        node = self.connect(self.identity(pair))
        self.assertEqual(len(node.registerComputer(COMPUTER).getComputerPartitionList()), 1)
        ctl(self.master, "certificate", "revoke", pair["serial"])
        with self.assertRaises(Exception) as raised:
            node.registerComputer(COMPUTER).getComputerPartitionList()
        self.assertNotIsInstance(raised.exception, NotFoundError)
        self.assertEqual(told(self.master, "certificate", "show", pair["serial"])["status"], "revoked")

    def test_a_token_of_ctl_lets_a_person_in(self):
        token = told(self.master, "token", "make", "--purpose", "user")["value"]
        self.identity(self.issue_to_user(token))
        self.assertIsNotNone(told(self.master, "token", "list")["tokens"][0]["used_at"])

    def test_ctl_speaks_https_to_who_proves_it_is_the_master(self):
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as ca:
            ca.write(ctl(self.master, "certificate", "ca"))
            ca.flush()
            over_tls = [BINARY, "ctl", "--url", self.master.tls_url, "tree", "--ca", ca.name]
            done = subprocess.run(over_tls, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (0, "no such tree\n"), done.stderr)


class WorldTest(MasterTestCase):
    def test_a_client_lives_in_a_world_that_ctl_made_and_takes_back(self):
        fixture = "computers: [{reference: %s, partitions: 1}]\n" % COMPUTER
        made = json.loads(ctl(self.master, "world", "create", "ci-7", "--fixture", "-", "--json", stdin=fixture))
        library = slapos.slap.slap()
        library.initializeConnection(made["url"])
        library.registerSupply().supply(RELEASE, COMPUTER)
        self.assertEqual(library.registerOpenOrder().request(RELEASE, "web").getId(), "slappart0")
        there = ("--world", "ci-7")
        self.assertIn("SOFTINST-1", ctl(self.master, "tree", *there))
        self.assertEqual(ctl(self.master, "tree"), "no such tree\n")
        ctl(self.master, "snapshot", "take", "asked", *there)
        ctl(self.master, "reset", *there)
        (partition,) = library.registerComputer(COMPUTER).getComputerPartitionList()
        self.assertEqual(partition.getState(), "destroyed")
        ctl(self.master, "snapshot", "restore", "asked", *there)
        (partition,) = library.registerComputer(COMPUTER).getComputerPartitionList()
        self.assertEqual(partition.getState(), "started")
        ctl(self.master, "world", "delete", "ci-7")
        self.assertRaises(NotFoundError, library.registerComputer(COMPUTER).getComputerPartitionList)


class TerminalTest(MasterTestCase):
    def on_a_terminal(self, *words, **environment):
        """What a command writes to a terminal."""
        ours, theirs = pty.openpty()
        base = {name: value for name, value in os.environ.items() if not name.startswith("LC_") and name != "NO_COLOR"}
        done = subprocess.Popen(
            [BINARY, "ctl", "--url", self.master.url] + list(words),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            env=dict(base, **environment),
        )
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        self.assertEqual(done.wait(20), 0)
        return written.decode("utf-8")

    def test_colour_and_lines_are_for_terminals_that_have_them(self):
        self.format()
        self.supply()
        self.request()
        drawn = self.on_a_terminal("tree", LANG="en_GB.UTF-8")
        self.assertIn("└── web", drawn)
        self.assertIn("\x1b[32mstarted\x1b[0m", drawn)
        plain = self.on_a_terminal("tree", LANG="C", NO_COLOR="1")
        self.assertIn("`-- web", plain)
        self.assertNotIn("\x1b", plain)
        # An empty variable says nothing, as https://no-color.org has it.
        self.assertIn("\x1b", self.on_a_terminal("tree", NO_COLOR=""))
        self.assertNotIn("\x1b", self.on_a_terminal("tree", "--json"))
        self.assertNotIn("\x1b", ctl(self.master, "tree"))


class ExamplesTest(ExamplesTestCase):
    """The examples of docs/ctl.md, as they stand there, one after the other."""

    WORLD = """
computers:
  - reference: COMP-1
    partitions: 2
trees:
  - title: web
    release: https://example.org/web/software.cfg
    reported: started
    children:
      - title: db
        state: stopped
        reported: {error: no disk}
      - {title: route, shared: true, host: db}
  - title: late
    release: https://example.org/web/software.cfg
    waiting: true
"""

    def test_the_examples_of_the_page_do_what_they_say(self):
        self.start_with(self.WORLD)
        path = "%s%s%s" % (os.path.dirname(BINARY), os.pathsep, os.environ["PATH"])
        examples = examples_of("ctl.md")
        self.assertEqual([kind for kind, _ in examples], ["sh", "text", "sh"])
        for kind, text in examples:
            if kind == "text":
                self.assertEqual(ctl(self.master, "tree"), text)
            else:
                self.run_example(kind, text, PATH=path)


if __name__ == "__main__":
    main()
