"""The `slapos node` commands that load on Python 3.12 and later alone: when they run at all, and how they end."""

import os
import sys
import threading
import unittest

from relay import status
from support import COMPUTER, main
from support_node import STARTED, InstanceTestCase, NodeTestCase, runs_as_root

PUBLISH = "setComputerPartitionConnectionXml"
START = "startedComputerPartition"
DONE = "updateComputerPartitionRelatedInstanceList"

ASKED_FOR_ALL = ["getHateoasUrl", "getFullComputerInformation"]


class Started(NodeTestCase):
    """Whether a command begins"""

    def test_no_command_is_missing(self):
        # One whose modules do not load is gone without a word.
        listed = self.node.run(self.node.command("--help")).out.splitlines()
        commands = {" ".join(line.split()[:2]) for line in listed if line.startswith("  ")}
        wanted = "software instance report promise format bang boot collect register prune supervisord supervisorctl"
        self.assertLessEqual({"node " + word for word in wanted.split()} | {"proxy start"}, commands)

    def test_one_at_a_time(self):
        asked, go_on = threading.Event(), threading.Event()

        def held_up(told):
            asked.set()
            go_on.wait(30)
            return told

        self.relay.answers["getFullComputerInformation"] = held_up
        for command in ("software", "instance", "report"):
            asked.clear()
            go_on.clear()
            ended = []
            first = threading.Thread(target=lambda command=command: ended.append(self.node.slapos(command)))
            first.start()
            try:
                self.assertTrue(asked.wait(30))
                self.run_node(command, code=10)
                self.assertEqual(self.relay.asked, [])
            finally:
                go_on.set()
                first.join()
            self.assertEqual(ended[0].code, 0, ended[0].err)

    def test_a_mark_of_one_that_is_no_more_holds_up_nobody(self):
        with open(self.node.path("instance.pid"), "w") as file:
            file.write("%d\n" % 2**22)
        self.run_node("instance")
        self.assertFalse(os.path.exists(self.node.path("instance.pid")))

    @unittest.skipIf(runs_as_root(), "nobody but root is here")
    def test_who_is_not_root_and_has_to_be(self):
        self.node.configure(root_check="True")
        for command in ("software", "instance", "report", "promise"):
            done = self.run_node(command, code=5)
            self.assertIn("This slapos command must be run as root.", done.err)
        self.assertEqual(self.relay.asked, [])

    def test_wrong_arguments(self):
        self.run_node("instance", "--no-such-option", code=2)
        self.node.configure(computer_id="")
        done = self.run_node("instance", code=1)
        self.assertIn("Mandatory parameters present but empty: computer_id", done.err)


class Offline(InstanceTestCase):
    """slapos node instance, when the list of partitions cannot be had"""

    def test_what_is_there_is_started_without_a_master(self):
        self.request(partition_parameter_kw={"promise": "none"})
        self.run_node("instance")
        self.node.end_processes("sleep")
        self.assertEqual(self.node.processes(), {"slappart0:work-on-watch": "EXITED"})
        self.relay.answers["getFullComputerInformation"] = status(503)
        done = self.run_node("instance", code=3)
        self.assertIn("Processing computer partitions offline...", done.err)
        self.assertEqual(self.relay.asked, ASKED_FOR_ALL)
        self.assertEqual(self.node.processes(), {"slappart0:work-on-watch": "RUNNING"})
        self.relay.close()
        self.run_node("instance", code=3)
        self.assert_told(STARTED)

    def test_a_master_that_is_lost_on_the_way(self):
        self.request(partition_parameter_kw={"promise": "none"})
        self.relay.answers[START] = status(500)
        self.run_instances(PUBLISH, START, code=3)
        self.assertEqual(self.partition_status("slappart0")["text"], "#error no data found for SOFTINST-1")
        self.relay.answers.clear()
        self.run_instances(PUBLISH, START, DONE)
        self.assert_told(STARTED)

    def test_a_computer_that_the_master_does_not_know_is_another_matter(self):
        self.node.configure(computer_id="COMP-9")
        for command in ("instance", "promise", "report"):
            done = self.run_node(command, code=1)
            self.assertIn("NotFoundError: ", done.err)
            self.assertEqual(self.relay.asked, [*ASKED_FOR_ALL, "getComputerInformation"])


class Whole(InstanceTestCase):
    """Commands about the whole computer"""

    def deploy(self):
        self.request(partition_parameter_kw={"promise": "none"})
        self.run_node("instance")
        self.run_instances()

    def test_a_bang_has_everything_looked_at_again(self):
        self.deploy()
        self.run_node("bang", "-m", "wake up")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: wake up")
        self.run_instances(PUBLISH, START, DONE)
        self.run_instances()

    def test_a_process_that_ends_bangs(self):
        self.deploy()
        # Its supervisor looks for the watchdog where a packaged node has it, and tells it this.
        event = "processname:work-on-watch groupname:slappart0 from_state:RUNNING expected:0 pid:7"
        header = "ver:3.0 server:supervisor serial:1 pool:watchdog poolserial:1 eventname:PROCESS_STATE_EXITED"
        watchdog = os.path.join(os.path.dirname(sys.executable), "slapos-watchdog")
        options = ["--master-url", self.relay.url, "--computer-id", COMPUTER]
        options += ["--instance-root-path", self.node.path("instance")]
        self.relay.forget()
        done = self.node.run([sys.executable, watchdog, *options], stdin="%s len:%d\n%s" % (header, len(event), event))
        self.assertTrue(done.out.startswith("READY\nRESULT 2\nOK"), done)
        self.assertEqual(self.relay.posted, ["softwareInstanceBang"])
        told = "#error bang called: work-on-watch process in partition slappart0 encountered a problem"
        self.assert_told(told)
        self.run_instances(PUBLISH, START, DONE)
        self.assert_told(STARTED)

    def test_a_boot_formats_and_bangs(self):
        self.deploy()
        self.assertTrue(os.path.exists(self.node.place("slappart0", ".timestamp")))
        done = self.run_node("boot", "-m", "never sent")
        self.assertEqual(done.out.splitlines()[-1], "Bang with message 'Reboot'")
        # Both are done by one process, which asks for the URL once.
        self.assertEqual(self.relay.asked, ["getHateoasUrl", "loadComputerConfigurationFromXML", "computerBang"])
        self.assertFalse(os.path.exists(self.node.place("slappart0", ".timestamp")))
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: Reboot")
        # The addresses that were found now are there, and the instance kept its place.
        told = self.fresh("slappart0").getInstanceParameterDict()
        self.assertIn(("slappart0", "127.0.0.1"), told["ip_list"])
        self.assertEqual(told["instance_title"], "web")
        self.run_instances(PUBLISH, START, DONE)
        self.assert_told(STARTED)


if __name__ == "__main__":
    main()
