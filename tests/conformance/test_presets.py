"""What the presets `real` and `slapproxy` do otherwise, as far as the classic client can tell.

The tests are named after the rows of the table of presets in the README; the other modules hold what
`default` does.
"""

import time

import requests
from slapos.slap import ServerError
from slapos.util import dumps

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main, partition_configuration

# Production works in rounds of a second: a few of them may pass before an effect shows.
ROUNDS_LIMIT_S = 15


class Real(MasterTestCase):
    """--preset real: as the production master, with its delays and its odd statuses."""

    options = {"preset": "real", "default_computer": COMPUTER}

    def setUp(self):
        super().setUp()
        self.format(count=5)
        self.supply()
        # A node that never called gets nothing.
        self.information()

    def eventually(self, look):
        """The first truthy value of `look`, which is asked until some rounds have passed."""
        end = time.monotonic() + ROUNDS_LIMIT_S
        while True:
            value = look()
            if value or time.monotonic() > end:
                return value
            time.sleep(0.1)

    def allocated(self, *asks):
        """Repeats requests until each is answered with a partition."""

        def look():
            partitions = [ask() for ask in asks]
            return partitions if all(partition._partition_id for partition in partitions) else None

        partitions = self.eventually(look)
        self.assertIsNotNone(partitions, "never allocated")
        return partitions if len(asks) > 1 else partitions[0]

    def states(self, *partitions):
        return [self.fresh(partition).getState() for partition in partitions]

    def round(self):
        """Waits for the end of a round: an instance asked for now is allocated by it."""
        self.marks = getattr(self, "marks", 0) + 1
        title = "mark %d" % self.marks
        mark = self.allocated(lambda: self.request(title))
        self.request(title, state="destroyed")
        self.handle(mark).destroyed()

    def test_unknown_computer_at_format(self):
        self.assert_not_found(self.format, "COMP-9")
        self.assert_not_found(self.computer("COMP-9").getStatus)

    def test_supply_for_an_unknown_computer(self):
        self.assert_not_found(self.supply, computer="COMP-9")

    def test_allocation(self):
        self.assert_not_ready(self.request("web"))
        web = self.allocated(lambda: self.request("web"))
        self.assertRegex(web.getInstanceGuid(), r"^SOFTINST-\d+$")
        self.assertEqual(self.fresh(web).getInstanceGuid(), web.getInstanceGuid())

    def test_a_silent_computer_gets_nothing(self):
        self.master.kill()
        self.master = self.start(**self.options)
        self.slap = self.master.connect()
        self.format(count=1)
        self.supply()
        self.request("web")
        time.sleep(2.5)
        self.assert_not_ready(self.request("web"))
        self.information()
        self.allocated(lambda: self.request("web"))

    def test_software_must_be_supplied_first(self):
        self.request("early", OTHER_RELEASE)
        self.round()
        self.assert_not_ready(self.request("early", OTHER_RELEASE))
        self.supply(OTHER_RELEASE)
        self.allocated(lambda: self.request("early", OTHER_RELEASE))

    def test_request_of_a_stopped_instance(self):
        self.request("web", state="stopped")
        self.round()
        self.assert_not_ready(self.request("web", state="stopped"))
        self.request("web", state="started")
        self.allocated(lambda: self.request("web", state="started"))
        self.assertEqual(self.request("web", state="stopped").getState(), "stopped")

    def test_sla_keys(self):
        for number, key in enumerate(("foo", "partition_type", "port")):
            self.request("waits %d" % number, filter_kw={key: "1"})
        self.round()
        for number, key in enumerate(("foo", "partition_type", "port")):
            self.assert_not_ready(self.request("waits %d" % number, filter_kw={key: "1"}))

    def test_root_request_changes_release_or_type(self):
        self.allocated(lambda: self.request("web"))
        before = self.information()
        self.assert_server_error(self.request, "web", OTHER_RELEASE)
        self.assert_server_error(self.request, "web", software_type="another")
        self.assertEqual(self.information(), before)

    def test_stop_and_destroy_reach_the_children(self):
        web = self.allocated(lambda: self.request("web"))
        b = self.allocated(lambda: self.request_child(web, "b"))
        self.request("web", state="stopped")
        self.assertEqual(self.fresh(web).getState(), "stopped")
        self.assertTrue(self.eventually(lambda: self.states(b) == ["stopped"]))
        self.request("web", state="destroyed")
        self.assertEqual(self.fresh(web).getState(), "destroyed")
        self.assertTrue(self.eventually(lambda: self.states(b) == ["destroyed"]))
        self.handle(web).destroyed()
        self.assertTrue(self.eventually(lambda: self.fresh(web)._need_modification == 0))

    def test_bang_on_an_instance(self):
        web = self.allocated(lambda: self.request("web"))
        b, sibling = self.allocated(
            lambda: self.request_child(web, "b"), lambda: self.request_child(web, "sibling")
        )
        c = self.allocated(lambda: self.request_child(b, "c"))
        before = self.timestamps(web, b, c, sibling)
        self.handle(b).bang("hello")
        after = self.timestamps(web, b, c, sibling)
        self.assertEqual([new > old for old, new in zip(before, after)], [True, True, False, False])

    def test_bang_on_a_computer(self):
        web, other = self.allocated(lambda: self.request("web"), lambda: self.request("other"))
        b, c = self.allocated(lambda: self.request_child(web, "b"), lambda: self.request_child(web, "c"))
        before = self.timestamps(web, b, c, other)
        self.computer().bang("hello")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: hello")

        def moved():
            return [new > old for old, new in zip(before, self.timestamps(web, b, c, other))]

        self.assertTrue(self.eventually(lambda: moved()[0] and moved()[3]), moved())
        # One instance of each tree, with its ancestors: never both children.
        self.assertFalse(moved()[1] and moved()[2])

    def test_renaming_a_root(self):
        web = self.allocated(lambda: self.request("web"))
        self.handle(web).rename("site")
        fresh = self.allocated(lambda: self.request("web"))
        self.assertNotEqual(fresh.getInstanceGuid(), web.getInstanceGuid())
        told = self.fresh(web).getInstanceParameterDict()
        self.assertEqual((told["instance_title"], told["root_instance_title"]), ("site", "web"))

    def test_unknown_computer_or_partition_when_read(self):
        self.assertRaises(ServerError, self.computer("COMP-9").getComputerPartitionList)
        self.assertRaises(ServerError, self.slap.registerComputerPartition("COMP-9", "slappart0").getState)
        self.assert_not_found(self.handle("slappart9").getState)
        self.assert_not_found(self.computer("COMP-9").getStatus)
        name = "getComputerPartitionStatus"
        self.assert_status(500, self.master.get(name, computer_id=COMPUTER, computer_partition_id="slappart9"))

    def test_unknown_computer_or_partition_in_a_report(self):
        self.assertRaises(ServerError, self.slap.registerComputerPartition("COMP-9", "slappart0").started)
        self.assert_not_found(self.handle("slappart9").started)
        self.assert_not_found(self.handle("slappart4").started)

    def test_busy_partition_without_instance(self):
        web = self.allocated(lambda: self.request("web"))
        self.assert_http(401, self.handle(web).setConnectionDict, {"a": "b"}, "SOFTINST-9999")


class SlapProxy(MasterTestCase):
    """--preset slapproxy: drop-in for `slapos proxy`."""

    options = {"preset": "slapproxy", "default_computer": COMPUTER}

    def setUp(self):
        super().setUp()
        self.format(count=4)

    def test_unknown_computer_at_format(self):
        self.format("COMP-9", count=1)
        self.assertEqual(len(self.partitions("COMP-9")), 1)

    def test_partitions_not_sent_at_format(self):
        self.request("a")
        self.request("b")
        self.format(count=1)
        self.assertEqual(list(self.partitions()), ["slappart0"])
        self.assertRaises(ServerError, self.handle("slappart1").getState)
        self.format(count=2)
        self.assertEqual(self.fresh("slappart1").getState(), "destroyed")

    def test_supply_for_an_unknown_computer(self):
        self.supply(computer="COMP-9")
        self.format("COMP-9", count=1)
        self.assertEqual(self.releases("COMP-9"), {RELEASE: "available"})

    def test_destroyed_report_of_software(self):
        self.supply()
        self.release().destroyed()
        self.assertEqual(self.releases(), {})

    def test_unknown_computer_or_partition_when_read(self):
        self.assertRaises(ServerError, self.computer("COMP-9").getComputerPartitionList)
        self.assertRaises(ServerError, self.handle("slappart9").getState)

    def test_unknown_computer_or_partition_in_a_report(self):
        before = self.information()
        for partition in (self.handle("slappart9"), self.slap.registerComputerPartition("COMP-9", "slappart0")):
            partition.started()
            partition.destroyed()
            partition.setConnectionDict({"a": "b"})
            partition.bang("hello")
        self.assertEqual(self.information(), before)

    def test_candidates_are_those_of_the_default_computer(self):
        self.format("COMP-0", count=1)
        self.assertEqual(self.place(self.request("a")), (COMPUTER, "slappart0"))
        self.assertEqual(self.place(self.request("b", filter_kw={"computer_guid": "COMP-0"})), ("COMP-0", "slappart0"))

    def test_nothing_free(self):
        for title in "abcd":
            self.request(title)
        self.assert_not_found(self.request, "e")
        self.assert_not_found(self.request, "s", OTHER_RELEASE, shared=True)

    def test_sla_keys(self):
        web = self.request("web", filter_kw={"foo": "bar", "capability": "ssd", "partition_type": "x"})
        self.assertEqual(web.getId(), "slappart0")

    def test_identifiers_and_timestamps(self):
        web = self.request("web", partition_parameter_kw={"a": "1"})
        self.assertEqual(web.getInstanceGuid(), "COMP-1-slappart0")
        told = self.fresh("slappart0")
        self.assertEqual(told.getInstanceGuid(), "COMP-1-slappart0")
        self.assertEqual(self.fresh("slappart1").getInstanceGuid(), "COMP-1-slappart1")
        parameters = told.getInstanceParameterDict()
        self.assertIsInstance(parameters["timestamp"], str)
        self.assertLess(abs(float(parameters["timestamp"]) - time.time()), 100)
        self.assertEqual(parameters["full_address_list"], [])
        self.assertEqual(parameters["full_ip_list"], [])
        self.assertEqual(web.getInstanceParameterDict()["a"], "1")
        self.assertIsInstance(web.getInstanceParameterDict()["timestamp"], str)
        self.assertEqual(web.slap_server_url, "slap_server_url")
        self.assertTrue(hasattr(web, "connection_xml"))

    def test_a_timestamp_text_grows_as_the_number_it_stands_for(self):
        self.request("web")
        before = float(self.timestamp("slappart0"))
        self.request("web", partition_parameter_kw={"a": "1"})
        self.assertGreater(float(self.timestamp("slappart0")), before)

    def test_shared_instances(self):
        web = self.request("web")
        self.request("host", OTHER_RELEASE)
        site = self.request_child(web, "site", OTHER_RELEASE, shared=True, partition_parameter_kw={"k": "v"})
        self.assertEqual(site.getId(), "slappart1")
        entry = self.shared_entries("slappart1")["web_site"]
        self.assertEqual((entry["slave_title"], entry["k"]), ("web_site", "v"))
        self.assertNotIn("timestamp", entry)
        self.handle("slappart1").setConnectionDict({"url": "u"}, "web_site")
        again = self.request_child(web, "site", OTHER_RELEASE, shared=True, partition_parameter_kw={"k": "v"})
        self.assertEqual(again.getConnectionParameterDict(), {"url": "u"})
        root = self.request("alone", OTHER_RELEASE, shared=True)
        self.assertEqual(root.getId(), "slappart1")
        self.assertIn("_alone", self.shared_entries("slappart1"))

    def test_the_host_may_be_chosen_by_its_partition(self):
        self.request("h0"), self.request("h1")
        for number, guid in enumerate(("COMP-1-slappart1", "slappart1")):
            site = self.request("site %d" % number, shared=True, filter_kw={"instance_guid": guid})
            self.assertEqual(site.getId(), "slappart1")

    def test_answer_to_a_request_for_state_destroyed(self):
        self.request("web")
        gone = self.request("web", state="destroyed")
        self.assertEqual((gone.getId(), gone.getState()), ("slappart0", "destroyed"))
        self.assertEqual(self.fresh("slappart0").getState(), "destroyed")
        unknown = self.request("unknown", state="destroyed")
        self.assertEqual((unknown.getId(), unknown.getState()), ("slappart1", "destroyed"))

    def test_a_destroyed_instance_comes_back_to_life(self):
        web = self.request("web")
        self.request("web", state="destroyed")
        again = self.request("web", state="started")
        self.assertEqual((again.getId(), again.getState()), (web.getId(), "started"))
        self.assertEqual(self.fresh("slappart0").getState(), "started")

    def test_no_state_keeps_the_one_it_has(self):
        self.assertEqual(self.request("web").getState(), "started")
        self.request("web", state="stopped")
        self.request("web")
        self.assertEqual(self.fresh("slappart0").getState(), "stopped")

    def test_root_request_changes_release_or_type(self):
        self.request("web")
        self.request("web", OTHER_RELEASE, software_type="another")
        told = self.fresh("slappart0")
        self.assertEqual((told.getSoftwareRelease().getURI(), told.getType()), (OTHER_RELEASE, "another"))

    def test_stop_reaches_the_children_at_their_next_request(self):
        web = self.request("web")
        b = self.request_child(web, "b")
        self.request("web", state="stopped")
        self.assertEqual(self.fresh(b).getState(), "started")
        self.request_child(web, "b", state="started")
        self.assertEqual(self.fresh(b).getState(), "stopped")

    def test_destroy_reaches_the_children_at_the_roots_report(self):
        web = self.request("web")
        b = self.request_child(web, "b")
        self.request("web", state="destroyed")
        self.assertEqual(self.fresh(b).getState(), "started")
        self.handle(web).destroyed()
        self.assertEqual((self.fresh(web).getState(), self.fresh(web)._need_modification), ("destroyed", 1))
        self.assertEqual(self.fresh(b).getState(), "destroyed")
        self.handle(b).destroyed()
        self.assertEqual(self.fresh(b)._need_modification, 0)
        self.handle(web).destroyed()
        self.assertEqual(self.fresh(web)._need_modification, 0)

    def test_destroyed_report_of_an_instance_that_is_wanted(self):
        web = self.request("web")
        self.handle(web).destroyed()
        self.assertEqual((self.fresh(web).getState(), self.fresh(web)._need_modification), ("destroyed", 0))

    def test_bang_on_an_instance(self):
        web = self.request("web")
        b = self.request_child(web, "b")
        c = self.request_child(web, "c")
        other = self.request("other")
        before = [float(stamp) for stamp in self.timestamps(web, b, c, other)]
        self.handle(b).bang("hello")
        after = [float(stamp) for stamp in self.timestamps(web, b, c, other)]
        self.assertEqual([new > old for old, new in zip(before, after)], [True, True, True, False])
        self.assertEqual(self.fresh(b).getAccessStatus(), "#error bang called: hello")

    def test_bang_on_a_computer(self):
        web = self.request("web")
        before = self.timestamp(web)
        self.computer().bang("hello")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: hello")
        self.assertEqual(self.timestamp(web), before)

    def request_as(self, computer, partition, by_header):
        fields = {
            "software_release": RELEASE,
            "partition_reference": "asked",
            "software_type": "default",
            "state": dumps("started"),
            "partition_parameter_xml": dumps({}),
            "filter_xml": dumps({}),
            "shared_xml": dumps(False),
        }
        headers = {}
        if by_header:
            headers["Authorization"] = "X-SlapPartition computer_id=%s, computer_partition_id=%s" % (computer, partition)
        else:
            fields.update(computer_id=computer, computer_partition_id=partition)
        return requests.post(self.master.url + "/requestComputerPartition", data=fields, headers=headers, timeout=20)

    def test_an_unknown_or_free_partition_asks(self):
        self.assertEqual(self.request_as("COMP-9", "slappart0", by_header=True).status_code, 400)
        self.assertEqual(self.request_as(COMPUTER, "slappart9", by_header=True).status_code, 400)
        self.assert_free_here("slappart0")
        self.assertEqual(self.request_as(COMPUTER, "slappart3", by_header=True).status_code, 200)
        told = self.fresh("slappart0").getInstanceParameterDict()
        self.assertEqual((told["instance_title"], told["root_instance_title"]), ("asked", "asked"))
        self.assertEqual(self.request_as("COMP-9", "slappart0", by_header=False).status_code, 200)
        self.assert_free_here("slappart1")

    def assert_free_here(self, partition):
        self.assertEqual((self.fresh(partition).getState(), self.fresh(partition)._need_modification), ("destroyed", 0))

    def test_an_unknown_project_is_ignored(self):
        answer = self.master.post(
            "requestComputerPartition",
            {
                "software_release": RELEASE,
                "partition_reference": "web",
                "software_type": "default",
                "state": dumps(None),
                "project_reference": "PROJ-99",
            },
        )
        self.assert_status(200, answer)

    def test_well_known_frontends_are_invented(self):
        apache = "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg"
        site = self.request("front", apache, shared=True, partition_parameter_kw={"url": "https://[2001:db8::1]:8080/x"})
        self.assertEqual(site.getConnectionParameter("secure_access"), "https://[2001:db8::1]:8080/x")
        self.assertEqual(site.getConnectionParameter("domain"), "[2001:db8::1]:8080")
        kvm = "http://git.erp5.org/gitweb/slapos.git/blob_plain/refs/tags/slapos-0.92:/software/kvm/software.cfg"
        screen = self.request(
            "vnc",
            kvm,
            software_type="frontend",
            shared=True,
            partition_parameter_kw={"host": "2001:db8::1", "port": "80"},
        )
        self.assertEqual(
            screen.getConnectionParameterDict(),
            {"url": "https://[2001:db8::1]:80/", "domainname": "[2001:db8::1]", "port": "80", "path": "/"},
        )
        self.assert_free_here("slappart0")

    def test_renaming_a_root_renames_its_tree(self):
        web = self.request("web")
        self.request_child(web, "b")
        self.handle(web).rename("site")
        self.assertEqual(self.fresh("slappart1").getInstanceParameterDict()["root_instance_title"], "site")

    def test_what_slapproxy_lacks_is_there(self):
        self.handle(self.request("web")).started()
        self.assertEqual(self.partition_status("slappart0")["state"], "started")
        self.assertEqual(len(self.handle("slappart0").getFullHostingIpAddressList()), 2)
        self.assertEqual(self.fresh("slappart0")._filter_dict, {})


class SlapProxyWithoutDefaultComputer(MasterTestCase):
    """--preset slapproxy alone."""

    options = {"preset": "slapproxy"}

    def test_candidates_are_those_of_every_computer(self):
        self.format("COMP-3", partitions=[partition_configuration(0)])
        self.assertEqual(self.place(self.request("a")), ("COMP-3", "slappart0"))


if __name__ == "__main__":
    main()
