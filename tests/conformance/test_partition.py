"""What a node and the software in a partition say and ask: every method of ComputerPartition."""

import email.utils
import logging

from slapos.slap import NotFoundError, ResourceNotReady

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main, partition_configuration, text_of


class PartitionTestCase(MasterTestCase):
    """A test with a root `web` on slappart0, its children b and c on slappart1 and 2, the rest free."""

    def setUp(self):
        super().setUp()
        self.format(count=5)
        self.web = self.request("web", partition_parameter_kw={"color": "blue"})
        self.b = self.request_child(self.web, "b")
        self.c = self.request_child(self.b, "c")


class Reading(PartitionTestCase):
    """getState, getInstanceGuid, getInstanceParameterDict and the like, read one partition at a time."""

    def test_a_busy_partition_is_read_on_first_use(self):
        self.handle(self.web).setConnectionDict({"url": "u"})
        read = self.handle("slappart0")
        self.assertEqual(read.getId(), "slappart0")
        self.assertEqual(read.getState(), "started")
        self.assertEqual(read.getInstanceGuid(), self.web.getInstanceGuid())
        self.assertEqual(read.getType(), "default")
        self.assertEqual(read.getSoftwareRelease().getURI(), RELEASE)
        self.assertEqual(read.getSoftwareRelease().getState(), "available")
        self.assertEqual(read.getInstanceParameter("color"), "blue")
        self.assertEqual(read.getConnectionParameterDict(), {"url": "u"})
        self.assertEqual(read.getConnectionParameter("url"), "u")
        self.assertRaises(NotFoundError, read.getInstanceParameter, "absent")
        self.assertRaises(NotFoundError, read.getConnectionParameter, "absent")

    def test_both_ways_of_reading_agree(self):
        told, read = self.fresh("slappart0"), self.handle("slappart0")
        self.assertEqual(read.getInstanceParameterDict(), told.getInstanceParameterDict())

    def test_only_one_of_them_says_synced_and_the_other_the_status(self):
        one = self.read(
            "registerComputerPartition", computer_reference=COMPUTER, computer_partition_reference="slappart0"
        )
        self.assertEqual(one._synced, True)
        self.assertFalse(hasattr(one, "_access_status"))
        self.assertTrue(self.fresh("slappart0")._access_status)

    def test_a_free_partition_reads_as_destroyed(self):
        read = self.handle("slappart4")
        self.assertEqual(read.getState(), "destroyed")
        self.assertRaises(NotFoundError, read.getSoftwareRelease)
        self.assertRaises(ResourceNotReady, read.getInstanceGuid)
        self.assertEqual(read.getInstanceParameterDict(), {})
        self.assertEqual(read.getConnectionParameterDict(), {})
        self.assertRaises(ResourceNotReady, read.getType)

    def test_an_unknown_partition_or_computer_is_not_found(self):
        self.assert_not_found(self.handle("slappart9").getState)
        self.assert_not_found(self.slap.registerComputerPartition("COMP-9", "slappart0").getState)
        self.assert_not_found(self.slap.registerComputerPartition, "", "slappart0")

    def test_headers_are_those_of_production(self):
        answer = self.master.get(
            "registerComputerPartition", computer_reference=COMPUTER, computer_partition_reference="slappart0"
        )
        self.assertEqual(answer.headers["Cache-Control"], "public, max-age=1, stale-if-error=604800")
        self.assertTrue(answer.headers["Last-Modified"].endswith(" GMT"))

    def test_usage_is_only_kept_on_the_object(self):
        before = self.information()
        self.handle("slappart0").setUsage("much")
        self.assertEqual(self.information(), before)


class Status(PartitionTestCase):
    """started, stopped, error, bang, and how their news is read."""

    def test_nothing_reported_is_no_data(self):
        guid = self.web.getInstanceGuid()
        self.assertEqual(self.fresh(self.web).getStatus(), "#error no data found for " + guid)
        self.assertEqual(self.fresh(self.web).getAccessStatus(), "#error no data found for " + guid)
        status = self.partition_status(self.web)
        self.assertEqual(status["reference"], guid)
        self.assertEqual(status["portal_type"], "Software Instance")
        self.assertEqual(status["user"], "SlapOS Master")
        self.assertEqual(status["state"], "")
        self.assertEqual(status["no_data"], 1)

    def test_started(self):
        self.handle(self.web).started()
        self.assertEqual(self.fresh(self.web).getAccessStatus(), "#access Instance correctly started")
        status = self.partition_status(self.web)
        self.assertEqual(status["text"], "#access Instance correctly started")
        self.assertEqual(status["state"], "started")
        self.assertEqual(status["user"], self.web.getInstanceGuid())
        self.assertEqual(status["no_data_since_5_minutes"], 0)
        self.assertEqual(status["no_data_since_15_minutes"], 0)
        self.assertNotIn("no_data", status)
        for date in (status["created_at"], status["since"]):
            self.assertIsNotNone(email.utils.parsedate(date))
            self.assertTrue(date.endswith(" GMT"))

    def test_stopped(self):
        self.handle(self.web).stopped()
        self.assertEqual(self.fresh(self.web).getAccessStatus(), "#access Instance correctly stopped")
        self.assertEqual(self.partition_status(self.web)["state"], "stopped")

    def test_reports_do_not_change_what_is_wanted(self):
        self.handle(self.web).stopped()
        self.assertEqual(self.fresh(self.web).getState(), "started")
        before = self.timestamp(self.web)
        self.handle(self.web).started()
        self.handle(self.web).error("broken")
        self.assertEqual(self.timestamp(self.web), before)

    def test_an_error_keeps_the_state_and_the_end_of_the_log(self):
        log = "x" * 500 + "the end of it é"
        self.handle(self.web).started()
        self.handle(self.web).error(log)
        status = self.partition_status(self.web)
        self.assertEqual(status["text"], "#error while instanciating: " + log[-80:])
        self.assertEqual(status["state"], "started")
        self.assertEqual(self.fresh(self.web).getAccessStatus(), status["text"])

    def test_what_no_answer_could_hold_is_dropped_from_a_log(self):
        self.handle(self.web).error("\x1b[31mred\x1b[0m\x00 <&> é")
        self.assertEqual(self.fresh(self.web).getAccessStatus(), "#error while instanciating: [31mred[0m <&> é")

    def test_an_exception_may_be_the_log(self):
        self.handle(self.web).error(ValueError("no such file"))
        self.assertIn("no such file", self.fresh(self.web).getAccessStatus())

    def test_reports_on_what_is_not_there_are_not_found(self):
        for partition in (
            self.handle("slappart4"),
            self.handle("slappart9"),
            self.slap.registerComputerPartition("COMP-9", "slappart0"),
        ):
            self.assert_not_found(partition.started)
            self.assert_not_found(partition.stopped)
            self.assert_not_found(partition.destroyed)
            self.assert_not_found(partition.bang, "hello")
            self.assert_not_found(partition.rename, "new")
            self.assert_not_found(partition.setConnectionDict, {"a": "b"})
            self.assert_not_found(partition.getFullHostingIpAddressList)
            partition.error("swallowed by the library", logger=logging.Logger("silent"))
            fields = {"computer_id": partition._computer_id, "computer_partition_id": partition.getId()}
            self.assert_status(404, self.master.post("softwareInstanceError", dict(fields, error_log="x")))
            self.assert_status(404, self.master.post("buildingComputerPartition", fields))
            self.assert_status(404, self.master.post("availableComputerPartition", fields))

    def test_the_status_of_a_free_partition_is_no_data_of_its_name(self):
        status = self.partition_status("slappart4")
        self.assertEqual((status["no_data"], status["reference"]), (1, "slappart4"))
        self.assertEqual(status["portal_type"], "Software Instance")

    def test_the_status_of_an_unknown_partition_is_not_found(self):
        name = "getComputerPartitionStatus"
        self.assert_status(404, self.master.get(name, computer_id=COMPUTER, computer_partition_id="slappart9"))
        self.assert_status(404, self.master.get(name, computer_id="COMP-9", computer_partition_id="slappart0"))

    def test_clients_before_1_4_9_report_two_more_things_without_effect(self):
        self.handle(self.web).started()
        before = self.information()
        fields = {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}
        for name in ("buildingComputerPartition", "availableComputerPartition"):
            answer = self.master.post(name, fields)
            self.assertEqual((answer.status, answer.body), (200, b"None"))
        self.assertEqual(self.information(), before)

    def test_bodies_are_those_of_production(self):
        fields = {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}
        for name, more, body, kind in (
            ("startedComputerPartition", {}, b"None", "text/xml; charset=utf-8"),
            ("stoppedComputerPartition", {}, b"None", "text/xml; charset=utf-8"),
            ("destroyedComputerPartition", {}, b"None", "text/xml; charset=utf-8"),
            ("softwareInstanceError", {"error_log": "x"}, b"None", "text/xml; charset=utf-8"),
            ("softwareInstanceBang", {"message": "x"}, b"OK", "text/xml; charset=utf-8"),
            ("softwareInstanceRename", {"new_name": "x"}, b"None", "text/xml; charset=utf-8"),
            (
                "setComputerPartitionConnectionXml",
                {"connection_xml": "<marshal><dictionary/></marshal>"},
                b"None",
                "text/xml; charset=utf-8",
            ),
            (
                "updateComputerPartitionRelatedInstanceList",
                {"instance_reference_xml": "<marshal><list/></marshal>"},
                b"",
                "text/plain; charset=utf-8",
            ),
        ):
            answer = self.master.post(name, dict(fields, **more))
            self.assertEqual((answer.status, answer.body, answer.headers["Content-Type"]), (200, body, kind), name)


class Bang(PartitionTestCase):
    """ComputerPartition.bang."""

    def test_the_whole_tree_is_processed_again_and_no_other(self):
        other = self.request("other")
        sibling = self.request_child(self.web, "sibling")
        tree = (self.web, self.b, self.c, sibling)
        before, before_other = self.timestamps(*tree), self.timestamp(other)
        self.handle(self.b).bang("look again")
        for old, new in zip(before, self.timestamps(*tree)):
            self.assertGreater(new, old)
        self.assertEqual(self.timestamp(other), before_other)

    def test_the_banged_one_is_in_error_and_keeps_its_state(self):
        self.handle(self.b).started()
        self.handle(self.b).bang("look again")
        status = self.partition_status(self.b)
        self.assertEqual(status["text"], "#error bang called: look again")
        self.assertEqual(status["state"], "started")
        self.assertEqual(self.partition_status(self.web)["no_data"], 1)

    def test_no_message_is_the_text_none(self):
        self.handle(self.b).bang(None)
        self.assertEqual(self.partition_status(self.b)["text"], "#error bang called: None")


class Connection(PartitionTestCase):
    """ComputerPartition.setConnectionDict."""

    def test_the_user_reads_what_the_root_published(self):
        before = self.information()
        self.handle(self.web).setConnectionDict({"url": "http://[2001:db8::1]/", "n": 1, "none": None, "é": "<&>", "e": ""})
        expected = {"url": "http://[2001:db8::1]/", "n": "1", "none": "None", "é": "<&>", "e": None}
        asked = self.request("web", partition_parameter_kw={"color": "blue"})
        self.assertEqual(asked.getConnectionParameterDict(), expected)
        self.assertEqual(asked.getConnectionParameter("n"), "1")
        self.assertEqual(self.fresh("slappart0").getConnectionParameterDict(), expected)
        self.assertNotEqual(self.information(), before)

    def test_the_direct_parent_is_processed_again_and_nobody_else(self):
        before = self.timestamps(self.web, self.b, self.c)
        self.handle(self.c).setConnectionDict({"url": "u"})
        web, b, c = self.timestamps(self.web, self.b, self.c)
        self.assertEqual((web, c), (before[0], before[2]))
        self.assertGreater(b, before[1])

    def test_the_same_values_again_wake_nobody(self):
        self.handle(self.c).setConnectionDict({"url": "u", "n": 1})
        before = self.information()
        self.handle(self.c).setConnectionDict({"n": "1", "url": "u"})
        self.assertEqual(self.information(), before)

    def test_values_are_replaced_and_cleared(self):
        self.handle(self.b).setConnectionDict({"a": "1"})
        self.handle(self.b).setConnectionDict({"b": "2"})
        self.assertEqual(self.request_child(self.web, "b").getConnectionParameterDict(), {"b": "2"})
        self.handle(self.b).setConnectionDict({})
        self.assertEqual(self.request_child(self.web, "b").getConnectionParameterDict(), {})

    def test_no_slave_reference_is_said_in_three_ways(self):
        fields = {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}
        for number, more in enumerate(({}, {"slave_reference": "None"}, {"slave_reference": "none"}, {"slave_reference": ""})):
            xml = "<marshal><dictionary><string>n</string><int>%d</int></dictionary></marshal>" % number
            answer = self.master.post("setComputerPartitionConnectionXml", dict(fields, connection_xml=xml, **more))
            self.assert_status(200, answer)
            self.assertEqual(self.fresh("slappart0").getConnectionParameterDict(), {"n": str(number)})


class Rename(PartitionTestCase):
    """ComputerPartition.rename."""

    def test_a_child_changes_its_title_and_nothing_else(self):
        before = self.timestamp(self.b)
        self.handle(self.b).rename("bé & co")
        told = self.fresh(self.b)
        self.assertEqual(told.getInstanceParameterDict()["instance_title"], "bé & co")
        self.assertEqual(told.getInstanceGuid(), self.b.getInstanceGuid())
        self.assertEqual(self.timestamp(self.b), before)
        self.assertEqual(self.request_child(self.web, "bé & co").getInstanceGuid(), self.b.getInstanceGuid())

    def test_the_old_title_makes_a_new_instance(self):
        self.handle(self.b).rename("b2")
        new = self.request_child(self.web, "b")
        self.assertNotEqual(new.getInstanceGuid(), self.b.getInstanceGuid())
        self.assertEqual(new.getId(), "slappart3")

    def test_a_title_in_use_is_not_found(self):
        before = self.information()
        for title in ("c", "b", "web"):
            self.assert_not_found(self.handle(self.b).rename, title)
        self.assertEqual(self.information(), before)

    def test_the_root_takes_its_tree_along(self):
        self.handle(self.web).rename("site")
        self.assertEqual(self.fresh(self.c).getInstanceParameterDict()["root_instance_title"], "site")
        self.assertEqual(self.request("site").getInstanceGuid(), self.web.getInstanceGuid())
        self.assertNotEqual(self.request("web").getInstanceGuid(), self.web.getInstanceGuid())

    def test_the_root_cannot_take_the_title_of_another_tree(self):
        self.request("other")
        before = self.information()
        self.assert_not_found(self.handle(self.web).rename, "other")
        self.assertEqual(self.information(), before)

    def test_a_destroyed_instance_keeps_its_title(self):
        self.request("web", state="destroyed")
        before = self.information()
        self.assert_server_error(self.handle(self.b).rename, "b2")
        self.assertEqual(self.information(), before)

    def test_an_impossible_title_is_refused(self):
        for title in ("", "a\x08"):
            answer = self.assert_http(400, self.handle(self.b).rename, title)
            self.assertIn("new_name", answer.text)


class Addresses(MasterTestCase):
    """ComputerPartition.getFullHostingIpAddressList."""

    def test_every_address_of_the_tree_is_told_as_a_pair(self):
        tap = {
            "ipv4_addr": "10.1.0.2",
            "ipv4_gateway": "10.1.0.1",
            "ipv4_netmask": "255.255.0.0",
            "ipv4_network": "10.1.0.0",
        }
        self.format(
            partitions=[
                partition_configuration(0, addresses=["10.0.0.1"], tap=tap),
                partition_configuration(1, addresses=["10.0.0.2"]),
                partition_configuration(2, addresses=["10.0.0.3"]),
                partition_configuration(3, addresses=["10.0.0.4"]),
            ]
        )
        web = self.request("web")
        b = self.request_child(web, "b")
        self.request("host", OTHER_RELEASE)
        self.request_child(web, "shared", OTHER_RELEASE, shared=True)
        expected = {("slaptap0", "10.0.0.1"), ("route_slaptap0", "10.1.0.2"), ("slaptap1", "10.0.0.2")}
        for asker in (web, b):
            told = self.handle(asker).getFullHostingIpAddressList()
            self.assertEqual(set(told), expected)
            self.assertEqual(len(told), len(expected))

    def test_a_destroyed_asker_is_told_nothing(self):
        self.format()
        web = self.request("web")
        self.assertEqual(len(self.handle(web).getFullHostingIpAddressList()), 2)
        self.request("web", state="destroyed")
        self.assertEqual(self.handle(web).getFullHostingIpAddressList(), [])


class RelatedInstances(PartitionTestCase):
    """ComputerPartition.setComputerPartitionRelatedInstanceList."""

    def test_it_is_taken_without_effect_also_for_what_is_not_there(self):
        before = self.information()
        self.handle(self.web).setComputerPartitionRelatedInstanceList([])
        self.handle("slappart9").setComputerPartitionRelatedInstanceList(["a", "b"])
        self.assertEqual(self.information(), before)

    def test_what_is_no_list_is_refused(self):
        fields = {"computer_id": COMPUTER, "computer_partition_id": "slappart0", "instance_reference_xml": "<oops"}
        answer = self.master.post("updateComputerPartitionRelatedInstanceList", fields)
        self.assert_status(400, answer)
        self.assertIn("instance_reference_xml", text_of(answer))


if __name__ == "__main__":
    main()
