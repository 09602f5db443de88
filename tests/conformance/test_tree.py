"""Stopping and destroying trees, and who gets which partition."""

import threading

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main, partition_configuration


class Propagation(MasterTestCase):
    """What the state of a tree does to its instances."""

    def setUp(self):
        super().setUp()
        self.format(count=5)
        self.web = self.request("web")
        self.b = self.request_child(self.web, "b")
        self.c = self.request_child(self.b, "c")
        self.tree = (self.web, self.b, self.c)

    def states(self):
        return [self.fresh(partition).getState() for partition in self.tree]

    def test_stopping_the_root_stops_everything_below(self):
        before = self.timestamps(*self.tree)
        self.request("web", state="stopped")
        self.assertEqual(self.states(), ["stopped"] * 3)
        for old, new in zip(before, self.timestamps(*self.tree)):
            self.assertGreater(new, old)

    def test_nothing_starts_in_a_stopped_tree(self):
        self.request("web", state="stopped")
        self.assertEqual(self.request_child(self.web, "b", state="started").getState(), "stopped")
        self.assertEqual(self.request_child(self.web, "new", state="started").getState(), "stopped")
        self.assertEqual(self.states(), ["stopped"] * 3)

    def test_nothing_is_destroyed_by_a_child_request_in_a_stopped_tree(self):
        self.request("web", state="stopped")
        self.assertEqual(self.request_child(self.web, "b", state="destroyed").getState(), "stopped")
        self.assertEqual(self.states(), ["stopped"] * 3)

    def test_restarting_reaches_each_child_by_its_parent(self):
        self.request("web", state="stopped")
        self.request("web", state="started")
        self.assertEqual(self.states(), ["started", "stopped", "stopped"])
        self.request_child(self.web, "b", state="started")
        self.assertEqual(self.states(), ["started", "started", "stopped"])
        self.request_child(self.b, "c", state="started")
        self.assertEqual(self.states(), ["started"] * 3)

    def test_stopping_a_child_leaves_the_others(self):
        self.request_child(self.web, "b", state="stopped")
        self.assertEqual(self.states(), ["started", "stopped", "started"])

    def test_destroying_the_root_destroys_everything_and_each_report_frees_one(self):
        self.assert_not_ready(self.request("web", state="destroyed"))
        self.assertEqual(self.states(), ["destroyed"] * 3)
        for reported in self.tree:
            self.assertEqual(self.fresh(reported)._need_modification, 1)
            self.handle(reported).destroyed()
            self.assert_free(reported)

    def test_a_destroyed_instance_may_still_report_and_publish(self):
        self.request("web", state="destroyed")
        self.handle(self.b).stopped()
        self.handle(self.b).setConnectionDict({"url": "last words"})
        self.assertEqual(self.fresh(self.b).getConnectionParameterDict(), {"url": "last words"})

    def test_a_waiting_child_goes_with_its_tree(self):
        self.format(count=3)
        self.assert_not_ready(self.request_child(self.web, "waiting"))
        self.request("web", state="destroyed")
        self.format(count=4)
        self.assert_free("slappart3")

    def test_other_trees_are_left_alone(self):
        other = self.request("other")
        self.request("web", state="stopped")
        self.request("web", state="destroyed")
        self.assertEqual(self.fresh(other).getState(), "started")

    def test_a_report_of_destruction_of_what_is_wanted_changes_nothing(self):
        before = self.information()
        self.handle(self.web).destroyed()
        self.assertEqual(self.information(), before)

    def test_a_second_report_of_destruction_is_not_found(self):
        self.request("web", state="destroyed")
        self.handle(self.web).destroyed()
        self.assert_not_found(self.handle(self.web).destroyed)


class Allocation(MasterTestCase):
    """The SLA, filter_kw of the library."""

    def setUp(self):
        super().setUp()
        self.format("COMP-2", count=2)
        self.format("COMP-10", count=2)
        self.format("COMP-1", count=1)

    def test_the_lowest_computer_comes_first_in_natural_order(self):
        places = [self.place(self.request(title)) for title in "abcde"]
        self.assertEqual(
            places,
            [
                ("COMP-1", "slappart0"),
                ("COMP-2", "slappart0"),
                ("COMP-2", "slappart1"),
                ("COMP-10", "slappart0"),
                ("COMP-10", "slappart1"),
            ],
        )
        self.assert_not_ready(self.request("f"))

    def test_a_computer_may_be_chosen(self):
        self.assertEqual(self.place(self.request("a", filter_kw={"computer_guid": "COMP-10"})), ("COMP-10", "slappart0"))
        self.assert_not_ready(self.request("b", filter_kw={"computer_guid": "COMP-99"}))

    def test_an_unknown_key_is_never_allocated(self):
        self.assert_not_ready(self.request("a", filter_kw={"foo": "bar"}))
        self.assert_not_ready(self.request("a", filter_kw={"computer_guid": "COMP-2", "computer": "COMP-2"}))
        # The instance exists: without the key it is served.
        self.assertEqual(self.place(self.request("a")), ("COMP-1", "slappart0"))

    def test_keys_that_nodes_read_do_not_filter(self):
        keys = {
            "retention_delay": "1",
            "fw_restricted_access": "on",
            "fw_rejected_sources": "10.0.0.0/8",
            "fw_authorized_sources": "10.1.0.0/16",
        }
        web = self.request("a", filter_kw=keys)
        self.assertEqual(self.fresh(web)._filter_dict, keys)

    def test_the_two_keys_of_the_interface_are_recorded_without_effect(self):
        keys = {"partition_type": "shared", "port": "80"}
        self.assertEqual(self.fresh(self.request("a", filter_kw=keys))._filter_dict, keys)

    def test_a_mode_that_nobody_knows_is_never_allocated(self):
        self.assert_not_ready(self.request("a", filter_kw={"mode": "other"}))

    def test_unique_by_network_needs_a_network(self):
        self.assert_not_ready(self.request("a", filter_kw={"mode": "unique_by_network"}))

    def test_an_unknown_project_network_or_category_is_never_allocated(self):
        for number, key in enumerate(("project_guid", "network_guid", "group", "cpu_core", "region", "memory_size")):
            self.assert_not_ready(self.request("waits %d" % number, filter_kw={key: "nowhere"}))
        self.assertEqual(self.request("a", filter_kw={"project_guid": "PROJ-1"}).getId(), "slappart0")

    def test_the_sla_of_an_allocated_instance_is_stored_and_moves_nothing(self):
        first = self.request("a")
        again = self.request("a", filter_kw={"computer_guid": "COMP-10"})
        self.assertEqual(self.place(again), self.place(first))
        self.assertEqual(again._filter_dict, {"computer_guid": "COMP-10"})

    def test_software_need_not_be_supplied(self):
        self.assertEqual(self.releases(), {})
        self.assertEqual(self.request("a", OTHER_RELEASE).getId(), "slappart0")

    def test_the_order_of_formatting_decides_within_a_computer(self):
        partitions = [partition_configuration(number) for number in (3, 1, 2)]
        self.format("COMP-0", partitions=partitions)
        self.assertEqual([self.request(title).getId() for title in "abc"], ["slappart3", "slappart1", "slappart2"])


class Capabilities(MasterTestCase):
    """Partitions set apart by a capability."""

    def setUp(self):
        super().setUp()
        special = ["ssd", "%", "2001:db8::1", "ssd"]
        self.format(partitions=[partition_configuration(0, capabilities=special)])

    def test_a_partition_with_capabilities_is_for_those_who_ask_for_one(self):
        self.assert_not_ready(self.request("a"))
        for wrong in ("ss", "SSD", "s%", ".*"):
            self.assert_not_ready(self.request("b", filter_kw={"capability": wrong}))
        self.assertEqual(self.request("b", filter_kw={"capability": "ssd"}).getId(), "slappart0")

    def test_a_capability_is_a_plain_text(self):
        self.assertEqual(self.request("a", filter_kw={"capability": "%"}).getId(), "slappart0")

    def test_asking_for_one_never_gets_a_partition_without(self):
        self.format(count=1)
        self.assert_not_ready(self.request("a", filter_kw={"capability": "ssd"}))
        self.assertEqual(self.request("a").getId(), "slappart0")


class Rush(MasterTestCase):
    """Many at once."""

    def test_one_free_partition_goes_to_exactly_one_of_many(self):
        self.format(count=1)
        got, lock = [], threading.Lock()

        def ask(number):
            library = self.master.connect()
            partition = library.registerOpenOrder().request(RELEASE, "rival %d" % number)
            with lock:
                got.append(partition._computer_id)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(got, key=str), sorted([COMPUTER] + [None] * 7, key=str))

    def test_one_title_asked_for_by_many_is_one_instance(self):
        self.format(count=8)
        guids, lock = [], threading.Lock()

        def ask():
            guid = self.master.connect().registerOpenOrder().request(RELEASE, "web").getInstanceGuid()
            with lock:
                guids.append(guid)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(guids), 8)
        self.assertEqual(len(set(guids)), 1)
        self.assert_free("slappart1")


if __name__ == "__main__":
    main()
