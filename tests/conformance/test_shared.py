"""Shared instances, which the wire calls slaves."""

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main


class Shared(MasterTestCase):
    """request(shared=True), and what host and requester see."""

    def setUp(self):
        super().setUp()
        self.format(count=4)
        self.host = self.request("host", software_type="frontend")

    def share(self, title="site", **more):
        return self.request(title, shared=True, software_type="frontend", **more)

    def test_the_answer_names_the_host_and_describes_the_shared_instance(self):
        site = self.share(partition_parameter_kw={"url": "http://[::1]/"})
        self.assertEqual(self.place(site), self.place(self.host))
        self.assertRegex(site.getInstanceGuid(), r"^SOFTINST-\d+$")
        self.assertNotEqual(site.getInstanceGuid(), self.host.getInstanceGuid())
        self.assertEqual(site.getState(), "started")
        self.assertEqual(site.getInstanceParameterDict(), {"url": "http://[::1]/"})
        self.assertEqual(site.getConnectionParameterDict(), {})
        self.assertEqual((site.instance_title, site.root_instance_title), ("site", "site"))
        self.assertEqual(site.slave_instance_list, [])
        self.assertEqual(site.ip_list, self.host.ip_list)
        self.assertIs(type(site.timestamp), int)

    def test_the_host_is_told_of_it(self):
        before = self.timestamp(self.host)
        site = self.share(partition_parameter_kw={"url": "u", "name": "é"})
        entries = self.shared_entries(self.host)
        entry = entries[site.getInstanceGuid()]
        self.assertIs(type(entry.pop("timestamp")), int)
        self.assertEqual(
            entry,
            {
                "slave_title": "site",
                "slave_reference": site.getInstanceGuid(),
                "slap_software_type": "frontend",
                "url": "u",
                "name": "é",
            },
        )
        self.assertGreater(self.timestamp(self.host), before)

    def test_no_partition_is_used(self):
        self.share()
        self.assert_free("slappart1")

    def test_a_child_may_be_shared(self):
        web = self.request("web")
        site = self.request_child(web, "site", RELEASE, "frontend", shared=True)
        self.assertEqual(self.place(site), self.place(self.host))
        self.assertEqual(site.root_instance_title, "web")
        self.assertIn(site.getInstanceGuid(), self.shared_entries(self.host))

    def test_without_a_host_it_is_not_ready(self):
        self.assert_not_ready(self.request("a", OTHER_RELEASE, shared=True, software_type="frontend"))
        self.assert_not_ready(self.request("b", shared=True, software_type="backend"))
        self.assertEqual(self.shared_entries(self.host), {})

    def test_a_waiting_one_gets_the_host_that_comes(self):
        self.assert_not_ready(self.request("a", OTHER_RELEASE, shared=True))
        late = self.request("late host", OTHER_RELEASE)
        self.assertEqual(self.place(self.request("a", OTHER_RELEASE, shared=True)), self.place(late))

    def test_asking_again_identically_changes_nothing(self):
        first = self.share(partition_parameter_kw={"a": "1"})
        before = self.information()
        again = self.share(partition_parameter_kw={"a": "1"})
        self.assertEqual(again.getInstanceGuid(), first.getInstanceGuid())
        self.assertEqual(self.information(), before)

    def test_changed_parameters_wake_the_host(self):
        site = self.share(partition_parameter_kw={"a": "1", "b": "2"})
        before = self.timestamp(self.host)
        self.share(partition_parameter_kw={"a": "3"})
        self.assertGreater(self.timestamp(self.host), before)
        entry = self.shared_entries(self.host)[site.getInstanceGuid()]
        self.assertEqual(entry["a"], "3")
        self.assertNotIn("b", entry)

    def test_a_stopped_one_leaves_the_list_and_returns_when_started(self):
        site = self.share()
        before = self.timestamp(self.host)
        self.assertEqual(self.share(state="stopped").getState(), "stopped")
        self.assertEqual(self.shared_entries(self.host), {})
        stopped = self.timestamp(self.host)
        self.assertGreater(stopped, before)
        self.assertEqual(self.share(state="started").getState(), "started")
        self.assertEqual(list(self.shared_entries(self.host)), [site.getInstanceGuid()])
        self.assertGreater(self.timestamp(self.host), stopped)

    def test_a_destroyed_one_is_gone_without_a_report(self):
        site = self.share()
        before = self.timestamp(self.host)
        self.assert_not_ready(self.share(state="destroyed"))
        self.assertEqual(self.shared_entries(self.host), {})
        self.assertGreater(self.timestamp(self.host), before)
        self.assertEqual(self.fresh(self.host).getState(), "started")
        self.assertNotEqual(self.share().getInstanceGuid(), site.getInstanceGuid())

    def test_a_host_may_be_chosen_by_its_guid(self):
        second = self.request("second host", software_type="frontend")
        self.assertEqual(self.place(self.share("a")), self.place(self.host))
        chosen = self.share("b", filter_kw={"instance_guid": second.getInstanceGuid()})
        self.assertEqual(self.place(chosen), self.place(second))
        other_form = self.share("c", filter_kw={"instance_guid": "COMP-1-" + second.getId()})
        self.assertEqual(self.place(other_form), self.place(second))
        self.assert_not_ready(self.share("d", filter_kw={"instance_guid": "SOFTINST-9999"}))

    def test_a_host_on_another_computer_will_do(self):
        self.format("COMP-2", count=1)
        far = self.request("far", OTHER_RELEASE, filter_kw={"computer_guid": "COMP-2"})
        self.assertEqual(self.place(self.request("a", OTHER_RELEASE, shared=True)), self.place(far))
        self.assert_not_ready(self.request("b", OTHER_RELEASE, shared=True, filter_kw={"computer_guid": "COMP-1"}))

    def test_a_host_that_is_to_be_destroyed_takes_nobody(self):
        self.request("host", state="destroyed", software_type="frontend")
        self.assert_not_ready(self.share())

    def test_a_partition_stays_busy_until_its_shared_instances_are_gone(self):
        self.share()
        self.request("host", state="destroyed", software_type="frontend")
        self.handle(self.host).destroyed()
        self.assert_free(self.host)
        self.request("a"), self.request("b"), self.request("c")
        self.assert_not_ready(self.request("d"))
        self.share(state="destroyed")
        self.assertEqual(self.place(self.request("d")), (COMPUTER, "slappart0"))

    def test_parameters_win_over_connection_parameters_in_the_list(self):
        site = self.share(partition_parameter_kw={"url": "mine", "timestamp": "mine"})
        self.handle(self.host).setConnectionDict({"url": "theirs", "port": 80}, site.getInstanceGuid())
        entry = self.shared_entries(self.host)[site.getInstanceGuid()]
        self.assertEqual((entry["url"], entry["port"], entry["timestamp"]), ("mine", "80", "mine"))


class SharedConnection(MasterTestCase):
    """What host and shared instance say to each other."""

    def setUp(self):
        super().setUp()
        self.format(count=3)
        self.host = self.request("host")
        self.web = self.request("web", OTHER_RELEASE)
        self.site = self.ask()
        self.guid = self.site.getInstanceGuid()

    def ask(self, **more):
        return self.request_child(self.web, "site", RELEASE, shared=True, **more)

    def test_the_requester_gets_what_the_host_published(self):
        web, host = self.timestamps(self.web, self.host)
        self.handle(self.host).setConnectionDict({"url": "http://site/", "n": 1, "empty": ""}, self.guid)
        self.assertEqual(self.ask().getConnectionParameterDict(), {"url": "http://site/", "n": "1", "empty": None})
        self.assertEqual(self.ask().getConnectionParameter("url"), "http://site/")
        self.assertEqual(self.fresh(self.host).getConnectionParameterDict(), {})
        web_after, host_after = self.timestamps(self.web, self.host)
        self.assertGreater(web_after, web)
        self.assertEqual(host_after, host)

    def test_publishing_the_same_again_wakes_nobody(self):
        self.handle(self.host).setConnectionDict({"url": "a"}, self.guid)
        before = self.information()
        self.handle(self.host).setConnectionDict({"url": "a"}, self.guid)
        self.assertEqual(self.information(), before)

    def test_an_unknown_reference_is_not_found(self):
        before = self.information()
        self.assert_not_found(self.handle(self.host).setConnectionDict, {"url": "a"}, "SOFTINST-9999")
        # Not hosted here: the right reference on the wrong partition.
        self.assert_not_found(self.handle(self.web).setConnectionDict, {"url": "a"}, self.guid)
        self.assertEqual(self.information(), before)

    def test_an_error_is_that_of_the_shared_instance(self):
        self.handle(self.host).started()
        self.handle(self.host).error("no route", slave_reference=self.guid)
        self.assertEqual(self.fresh(self.host).getAccessStatus(), "#access Instance correctly started")
        self.assertEqual(self.partition_status(self.host)["text"], "#access Instance correctly started")

    def test_an_error_of_an_unknown_one_is_not_found(self):
        fields = {"computer_id": COMPUTER, "computer_partition_id": self.host.getId(), "error_log": "x"}
        self.assert_status(404, self.master.post("softwareInstanceError", dict(fields, slave_reference="SOFTINST-9999")))
        self.assert_status(200, self.master.post("softwareInstanceError", dict(fields, slave_reference=self.guid)))

    def test_renaming_is_that_of_the_shared_instance(self):
        self.handle(self.host).rename("home", slave_reference=self.guid)
        self.assertEqual(self.shared_entries(self.host)[self.guid]["slave_title"], "home")
        self.assertEqual(self.fresh(self.host).getInstanceParameterDict()["instance_title"], "host")
        self.assertNotEqual(self.ask().getInstanceGuid(), self.guid)
        self.assertEqual(self.request_child(self.web, "home", RELEASE, shared=True).getInstanceGuid(), self.guid)
        self.assert_not_found(self.handle(self.host).rename, "x", "SOFTINST-9999")

    def test_destroying_the_tree_takes_it_along(self):
        self.request("web", OTHER_RELEASE, state="destroyed")
        self.assertEqual(self.shared_entries(self.host), {})

    def test_stopping_the_tree_takes_it_off_the_list(self):
        self.request("web", OTHER_RELEASE, state="stopped")
        self.assertEqual(self.shared_entries(self.host), {})

    def test_the_raw_form_in_the_answer_to_the_hosts_requester(self):
        self.handle(self.host).setConnectionDict({"url": "a"}, self.guid)
        self.ask(partition_parameter_kw={"k": "v"})
        entry = self.request("host").slave_instance_list[0]
        self.assertEqual((entry["slave_title"], entry["slave_reference"]), ("site", self.guid))
        self.assertIn('<parameter id="k">v</parameter>', entry["xml"])
        self.assertIn('<parameter id="url">a</parameter>', entry["connection_xml"])
        self.assertNotIn("k", entry)


if __name__ == "__main__":
    main()
