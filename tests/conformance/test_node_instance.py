"""The life of instances on a real node: `slapos node instance` and `slapos node report`.

After each step both sides are looked at: what runs, and what the master says.
"""

import os

from slapos.slap import NotFoundError

from support import COMPUTER, main
from support_node import STARTED, STOPPED, InstanceTestCase

ASK = "requestComputerPartition"
PUBLISH = "setComputerPartitionConnectionXml"
START = "startedComputerPartition"
STOP = "stoppedComputerPartition"
FAIL = "softwareInstanceError"
DONE = "updateComputerPartitionRelatedInstanceList"
DESTROY = "destroyedComputerPartition"
USE = "useComputer"


class Tree(InstanceTestCase):
    """A root that requests a child, and a shared instance that the child serves"""

    partition_count = 3
    wishes = {"greeting": "hello", "child": "db", "shared": "site", "promise": "none"}

    def setUp(self):
        super().setUp()
        self.request(partition_parameter_kw=self.wishes)

    def start_everything(self):
        for _ in range(3):
            self.run_node("instance")

    def information(self):
        """The tree as its owner sees it."""
        return self.slap.registerOpenOrder().getInformation("web")

    def test_it_is_built_from_the_root_to_what_it_requests_and_back(self):
        self.assertEqual(self.busy(), {"slappart0": "started"})
        self.assertEqual(self.information()._news["instance"][0]["text"], "#error no data found for SOFTINST-1")

        # The root asks for the others, which are there at once and tell nothing yet.
        self.run_instances(ASK, ASK, PUBLISH, START, DONE)
        self.assertEqual(self.node.processes(), {"slappart0:work-on-watch": "RUNNING"})
        self.assertLessEqual(self.wishes.items(), self.node.parameters("slappart0").items())
        self.assert_told(STARTED)
        self.assertEqual(self.busy(), {"slappart0": "started", "slappart1": "started"})
        incomplete = {"url": "trivial://slappart0/", "release": "1", "greeting": "hello"}
        incomplete.update(db="not yet", site="not yet")
        self.assertEqual(self.connection(), incomplete)
        child = self.fresh("slappart1")
        self.assertEqual(child.getType(), "child")
        self.assertEqual(child.getSoftwareRelease().getURI(), self.release)
        self.assertEqual(child.getInstanceParameterDict()["greeting"], "hello from above")
        (shared,) = child.getInstanceParameterDict()["slave_instance_list"]
        self.assertEqual((shared["slave_title"], shared["wants"]), ("site", "site"))
        self.assertEqual(self.partition_status("slappart1")["text"], "#error no data found for SOFTINST-2")

        # The child is built, and serves its shared instance. The root is up to date so far.
        before = self.timestamp("slappart0")
        self.run_instances(PUBLISH, PUBLISH, START, DONE)
        self.assertEqual(set(self.node.processes()), {"slappart0:work-on-watch", "slappart1:work-on-watch"})
        self.assertEqual(self.node.parameters("slappart1")["slave_instance_list"], [shared])
        self.assert_told(STARTED, "slappart1")
        self.assertEqual(
            self.connection("slappart1"),
            {"url": "trivial://slappart1/", "release": "1", "greeting": "hello from above"},
        )
        self.assertGreater(self.timestamp("slappart0"), before)

        # The root learns what they published, and there it ends.
        self.run_instances(ASK, ASK, PUBLISH, START, DONE)
        complete = dict(incomplete, db="trivial://slappart1/", site="trivial://slappart1/site")
        self.assertEqual(self.connection(), complete)
        self.run_instances()
        self.assertEqual(self.request(partition_parameter_kw=self.wishes).getConnectionParameterDict(), complete)
        news = self.information()._news["instance"]
        self.assertEqual(sorted(told["text"] for told in news), [STARTED, STARTED])
        self.run_instances()

    def test_other_parameters_are_read_and_told_again(self):
        self.start_everything()
        self.request(partition_parameter_kw=dict(self.wishes, greeting="good morning"))
        self.run_instances(ASK, ASK, PUBLISH, START, DONE)
        self.run_instances(PUBLISH, PUBLISH, START, DONE)
        self.assertEqual(self.node.parameters("slappart0")["greeting"], "good morning")
        self.assertEqual(self.connection()["greeting"], "good morning")
        self.assertEqual(self.connection("slappart1")["greeting"], "good morning from above")

    def test_it_is_stopped_and_started(self):
        self.start_everything()
        self.request(partition_parameter_kw=self.wishes, state="stopped")
        self.assertEqual(self.busy(), {"slappart0": "stopped", "slappart1": "stopped"})
        self.run_instances(ASK, ASK, PUBLISH, STOP, DONE, PUBLISH, STOP, DONE)
        for partition in ("slappart0", "slappart1"):
            self.assert_told(STOPPED, partition)
        self.assertEqual(self.node.processes(), {})
        self.assertEqual(self.information()._requested_state, "stop_requested")
        self.run_node("instance")
        self.run_instances()

        self.request(partition_parameter_kw=self.wishes)
        self.assertEqual(self.busy(), {"slappart0": "started", "slappart1": "stopped"})
        self.start_everything()
        self.run_instances()
        for partition in ("slappart0", "slappart1"):
            self.assert_told(STARTED, partition)
        self.assertEqual(set(self.node.processes().values()), {"RUNNING"})
        self.assertEqual(len(self.node.processes()), 2)
        self.assertEqual(self.connection()["site"], "trivial://slappart1/site")

    def test_it_is_upgraded(self):
        self.start_everything()
        self.request(partition_parameter_kw=self.wishes, release=self.next_release)
        self.assertEqual(self.fresh("slappart0").getSoftwareRelease().getURI(), self.next_release)
        self.assertEqual(self.connection()["release"], "1")
        self.start_everything()
        self.run_instances()
        for partition in ("slappart0", "slappart1"):
            self.assertEqual(self.fresh(partition).getSoftwareRelease().getURI(), self.next_release)
            self.assertEqual(self.connection(partition)["release"], "2")
            self.assertEqual(self.node.parameters(partition)["slap_software_release_url"], self.next_release)
            self.assert_told(STARTED, partition)
        self.assertEqual(self.connection()["site"], "trivial://slappart1/site")
        self.assertEqual(self.busy(), {"slappart0": "started", "slappart1": "started"})

    def test_it_is_destroyed(self):
        self.start_everything()
        self.assert_not_ready(self.request(partition_parameter_kw=self.wishes, state="destroyed"))
        # Whoever was in the tree is to go with it, and holds its place until it is gone.
        self.assertEqual(self.busy(), {"slappart0": "destroyed", "slappart1": "destroyed"})
        self.assertRaises(NotFoundError, self.information)
        self.run_instances(STOP, STOP)
        for partition in ("slappart0", "slappart1"):
            self.assert_told(STOPPED, partition)
        self.assertEqual(self.node.processes(), {})

        self.run_node("report")
        self.assertEqual(self.relay.posted, [USE, STOP, DESTROY, STOP, DESTROY])
        for partition in ("slappart0", "slappart1"):
            self.assert_free(partition)
            self.assertEqual(os.listdir(self.node.place(partition)), [])
        self.run_instances()
        # The place is good for the next one.
        self.request("next", partition_parameter_kw={"promise": "none"})
        self.run_instances(PUBLISH, START, DONE)
        self.assertEqual(self.node.parameters("slappart0")["instance_title"], "next")
        self.assert_told(STARTED)


class Failing(InstanceTestCase):
    """What goes wrong on the node, and how the master tells it"""

    def test_the_reason_why_it_cannot_be_built_reaches_the_status(self):
        self.request(partition_parameter_kw={"fails": "no cheese on the moon", "promise": "none"})
        self.run_instances(FAIL, code=1)
        self.assert_error("Error: no cheese on the moon\n")
        self.assertEqual(self.busy(), {"slappart0": "started"})
        # It is tried again for as long as it fails, and told again.
        self.run_instances(FAIL, code=1)
        self.request(partition_parameter_kw={"promise": "none"})
        self.run_instances(PUBLISH, START, DONE)
        self.assert_told(STARTED)

    def test_software_that_is_not_there(self):
        self.request(release="/nowhere/software.cfg")
        self.run_instances(FAIL, code=1)
        self.assert_error(" Release /nowhere/software.cfg is not present on system.\nCannot deploy instance.")

    def test_a_partition_without_its_folder(self):
        self.request()
        self.request("other", partition_parameter_kw={"promise": "none"})
        os.rename(self.node.place("slappart0"), self.node.place("gone"))
        # It is told, and counts for nothing; the others are built.
        self.run_instances(FAIL, PUBLISH, START, DONE)
        self.assert_error("Partition directory %s does not exist." % self.node.place("slappart0"))
        self.assert_told(STARTED, "slappart1")

    def test_one_that_fails_holds_up_no_other(self):
        self.request(partition_parameter_kw={"fails": "no cheese", "promise": "none"})
        self.request("other", partition_parameter_kw={"promise": "none"})
        self.run_instances(FAIL, PUBLISH, START, DONE, code=1)
        self.assert_error("no cheese")
        self.assert_told(STARTED, "slappart1")
        self.assertEqual(self.node.processes(), {"slappart1:work-on-watch": "RUNNING"})

    def test_only_one_partition_is_asked_for(self):
        for title in ("web", "other"):
            self.request(title, partition_parameter_kw={"promise": "none"})
        self.run_node("instance", "--only-cp", "slappart1")
        self.assertEqual(self.relay.posted, [PUBLISH, START, DONE])
        self.assertEqual(self.partition_status("slappart0")["text"], "#error no data found for SOFTINST-1")
        self.assert_told(STARTED, "slappart1")
        done = self.run_node("instance", "--only-cp", "slappart7", code=1)
        self.assertIn("ValueError: Unknown partition: slappart7", done.err)


if __name__ == "__main__":
    main()
