"""Usage and the end of instances on a real node: `slapos node report`, and what `slapos node collect` leaves to it."""

import os
import sqlite3
import tempfile
import xml.etree.ElementTree

from relay import status
from support import COMPUTER, main
from support_node import STOPPED, InstanceTestCase
from support_tls import as_root

USE = "useComputer"
STOP = "stoppedComputerPartition"
DESTROY = "destroyedComputerPartition"
FAIL = "softwareInstanceError"


class ReportTestCase(InstanceTestCase):
    """A test that looks at what the master kept of usage."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = os.path.join(folder.name, "world.db")
        self.options = {"database": self.database}
        super().setUp()

    def run_report(self, *reported, code=0):
        """slapos node report, and what it has to tell, call by call."""
        done = self.run_node("report", code=code)
        self.assertEqual(self.relay.posted, list(reported), done.err)
        return done

    def kept(self):
        """The movements of the reports that the master kept: resource, reference and quantity."""
        connection = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)
        try:
            rows = connection.execute("SELECT document FROM usage_report ORDER BY id").fetchall()
        finally:
            connection.close()
        documents = [xml.etree.ElementTree.fromstring(document) for (document,) in rows]
        return [
            [tuple(movement.findtext(name) for name in ("resource", "reference", "quantity")) for movement in found]
            for found in (document.findall("transaction/movement") for document in documents)
        ]


class Usage(ReportTestCase):
    """Reports of usage"""

    def deploy(self, *titles):
        for title in titles:
            self.request(title, partition_parameter_kw={"promise": "none"})
        self.run_node("instance")

    def test_what_the_instances_measure_is_told_in_one_report(self):
        self.deploy("web", "other")
        self.run_report(USE)
        self.assertEqual(self.kept(), [[("CPU", "slappart0", "42.5"), ("CPU", "slappart1", "42.5")]])
        # What was told is not told again.
        self.assertEqual(os.listdir(self.node.place("slappart0", "var/xml_report")), [])

    def test_a_script_that_fails_is_told_of_its_instance(self):
        self.deploy("web")
        self.node.write("slappart0", "etc/report/usage", "#!/bin/sh\nexit 1\n")
        self.run_report(FAIL, code=1)
        self.assert_error("Script 'usage' failed.")
        self.assertEqual(self.kept(), [])

    def test_what_the_master_does_not_take_is_told_of_the_last_instance(self):
        self.deploy("web")
        self.relay.answers[USE] = status(400)
        self.run_report(USE, FAIL)
        self.assert_error("400 Client Error")
        self.assertEqual(self.kept(), [])

    def test_no_list_can_be_had(self):
        self.relay.answers["getFullComputerInformation"] = status(503)
        self.assertIn("slapos.slap.exception.ServerError", self.run_report(code=1).err)

    def test_what_was_collected_is_told(self):
        self.run_report()
        self.relay.forget()
        self.node.configure("slapformat", user_base_name="slapuser", partition_base_name="slappart")
        # It asks `sensors` of lm-sensors for temperatures, which a machine need not have.
        sensors = self.node.path("sensors")
        with open(sensors, "w") as file:
            file.write("#!/bin/sh\n")
        os.chmod(sensors, 0o755)
        path = self.node.home + os.pathsep + os.environ["PATH"]
        done = self.node.run([*as_root(), "node", "collect"], PATH=path)
        self.assertEqual(done.code, 0, done.err)
        # It asked nothing: of each of two days there is a report, and another command sends them.
        self.assertEqual(self.relay.asked, [])
        waiting = self.node.path("instance/var/xml_report", COMPUTER)
        self.assertEqual(len(os.listdir(waiting)), 2)
        self.run_report(USE, USE)
        self.assertEqual(os.listdir(waiting), [])
        kept = self.kept()
        self.assertEqual(len(kept), 2)
        for movements in kept:
            self.assertIn(("service_module/zero_emission_ratio", COMPUTER), [told[:2] for told in movements])


class Ending(ReportTestCase):
    """Instances that are to be destroyed"""

    def setUp(self):
        super().setUp()
        self.request(partition_parameter_kw={"promise": "none"})
        self.run_node("instance")
        self.assert_not_ready(self.request(state="destroyed"))

    def test_it_is_stopped_told_of_and_free(self):
        # Nobody stopped it before.
        self.assertEqual(self.node.processes(), {"slappart0:work-on-watch": "RUNNING"})
        self.run_report(USE, STOP, DESTROY)
        self.assertEqual(len(self.kept()), 1)
        self.assert_free("slappart0")
        self.assertEqual(self.node.processes(), {})
        self.assertEqual(os.listdir(self.node.place("slappart0")), [])
        self.run_report()

    def test_it_stays_while_its_usage_is_not_taken(self):
        self.relay.answers[USE] = status(500)
        self.run_report(USE, FAIL, STOP)
        self.assertEqual(self.busy(), {"slappart0": "destroyed"})
        self.assert_told(STOPPED)
        self.relay.answers.clear()
        # The report itself was lost with the first attempt; the next one is new.
        self.run_report(USE, STOP, DESTROY)
        self.assertEqual(len(self.kept()), 1)
        self.assert_free("slappart0")

    def test_the_end_that_the_master_does_not_take_is_told_again(self):
        self.relay.answers[DESTROY] = status(503)
        self.run_report(USE, STOP, DESTROY)
        self.assertEqual(self.busy(), {"slappart0": "destroyed"})
        self.relay.answers.clear()
        self.run_report(STOP, DESTROY)
        self.assert_free("slappart0")


if __name__ == "__main__":
    main()
