"""Promises on a real node: those of `slapos node instance`, and `slapos node promise`."""

import os

from relay import status
from support import main
from support_node import STARTED, InstanceTestCase

PUBLISH = "setComputerPartitionConnectionXml"
START = "startedComputerPartition"
FAIL = "softwareInstanceError"
BANG = "softwareInstanceBang"
DONE = "updateComputerPartitionRelatedInstanceList"

# The status keeps the end of what it is told.
FAILED = "omise 'health.py' failed with output: the tank is dry"


class PromiseTestCase(InstanceTestCase):
    """An instance whose promise fails with the text that is in its folder as `broken`"""

    def setUp(self):
        super().setUp()
        self.request()

    def break_it(self):
        self.node.write("slappart0", "broken", "the tank is dry")

    def mend_it(self):
        os.unlink(self.node.place("slappart0", "broken"))


class WhileDeploying(PromiseTestCase):
    """Promises that are looked at when an instance was built"""

    def test_one_that_fails_is_told_until_it_holds(self):
        self.break_it()
        done = self.run_instances(PUBLISH, FAIL, code=2)
        self.assertIn("Error with promises for the following partitions:", done.err)
        self.assert_error(FAILED)
        # What it published counts, and it runs.
        self.assertEqual(self.connection()["url"], "trivial://slappart0/")
        self.assertEqual(self.node.processes(), {"slappart0:work-on-watch": "RUNNING"})

        # Not a word was written of having been here, so everything is done again.
        self.run_instances(PUBLISH, FAIL, code=2)
        self.mend_it()
        self.run_instances(PUBLISH, START, DONE)
        self.assert_told(STARTED)

    def test_a_build_that_fails_counts_for_more(self):
        self.request("other", partition_parameter_kw={"fails": "no cheese"})
        self.break_it()
        self.run_instances(PUBLISH, FAIL, FAIL, code=1)
        self.assert_error(FAILED)
        self.assert_error("no cheese", "slappart1")


class OfWhatIsUpToDate(PromiseTestCase):
    """Promises that are looked at while nothing is to be done: anomalies"""

    def setUp(self):
        super().setUp()
        self.run_instances(PUBLISH, START, DONE)

    def test_one_that_fails_bangs_and_is_told(self):
        self.run_instances()
        self.break_it()
        before = self.timestamp("slappart0")
        done = self.run_instances(BANG, FAIL)
        self.assertIn(FAILED, done.err)
        self.assert_error(FAILED)
        # The bang has everything looked at again.
        self.assertGreater(self.timestamp("slappart0"), before)
        self.run_instances(PUBLISH, FAIL, code=2)
        self.mend_it()
        self.run_instances(PUBLISH, START, DONE)
        self.assert_told(STARTED)
        self.run_instances()

    def test_an_error_that_is_over_is_taken_back(self):
        self.handle("slappart0").error("made up")
        self.assert_error("made up")
        self.run_instances(START)
        self.assert_told(STARTED)
        self.run_instances()

    def test_it_is_told_that_it_runs_where_nothing_is_known(self):
        # As after two days without a word.
        self.relay.answers["getFullComputerInformation"] = lambda told: (
            told[0],
            told[1],
            told[2].replace(b"<string>_access_status</string><string>%s</string>" % STARTED.encode(), b""),
        )
        self.run_instances(START)
        self.assert_told(STARTED)


class AskedFor(PromiseTestCase):
    """slapos node promise"""

    def test_it_tells_its_caller_and_not_the_master(self):
        self.run_instances(PUBLISH, START, DONE)
        self.run_node("promise")
        self.break_it()
        done = self.run_node("promise", code=2)
        self.assertIn(FAILED, done.err)
        self.assertEqual(self.relay.asked, ["getHateoasUrl", "getFullComputerInformation"])
        self.assert_told(STARTED)
        self.run_node("promise", "--only-cp", "slappart1")

    def test_no_list_can_be_had(self):
        self.relay.answers["getFullComputerInformation"] = status(503)
        self.assertIn("slapos.slap.exception.ServerError", self.run_node("promise", code=1).err)
        self.relay.answers.clear()
        self.relay.close()
        self.assertIn("slapos.slap.exception.ConnectionError", self.run_node("promise", code=1).err)

    def test_a_partition_without_its_folder_is_told(self):
        os.rename(self.node.place("slappart0"), self.node.place("gone"))
        self.run_node("promise")
        self.assertEqual(self.relay.posted, [FAIL])
        self.assert_error("Partition directory %s does not exist." % self.node.place("slappart0"))


if __name__ == "__main__":
    main()
