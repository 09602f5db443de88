"""Requests: of the user for the root of a tree, of an instance for a child."""

from slapos.util import dumps

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main, text_of


class RequestTestCase(MasterTestCase):
    """A test with COMP-1 formatted."""

    count = 3

    def setUp(self):
        super().setUp()
        self.format(count=self.count)

    def raw_request(self, **fields):
        """A request by hand: texts that are not given get the library's usual values."""
        usual = {
            "software_release": RELEASE,
            "partition_reference": "web",
            "software_type": "default",
            "partition_parameter_xml": dumps({}),
            "filter_xml": dumps({}),
            "state": dumps("started"),
            "shared_xml": dumps(False),
        }
        usual.update(fields)
        return self.master.post("requestComputerPartition", {k: v for k, v in usual.items() if v is not None})


class Root(RequestTestCase):
    """OpenOrder.request."""

    def test_a_free_partition_is_given_at_once(self):
        web = self.request("web", partition_parameter_kw={"a": "1"}, filter_kw={"retention_delay": "7"})
        self.assertEqual(self.place(web), (COMPUTER, "slappart0"))
        self.assertEqual(web.getState(), "started")
        self.assertRegex(web.getInstanceGuid(), r"^SOFTINST-\d+$")
        self.assertEqual(web.getInstanceParameterDict(), {"a": "1"})
        self.assertEqual(web.getConnectionParameterDict(), {})
        self.assertEqual(web._filter_dict, {"retention_delay": "7"})
        self.assertEqual(web.slap_software_type, "default")
        self.assertEqual(web.slap_software_release_url, RELEASE)
        self.assertEqual((web.instance_title, web.root_instance_title), ("web", "web"))
        self.assertEqual(web.root_instance_short_title, "")
        self.assertEqual(web.slave_instance_list, [])
        self.assertEqual(web.full_ip_list, [])
        self.assertEqual([address for _interface, address in web.ip_list], ["10.0.0.1", "2001:db8::1"])
        self.assertIs(type(web.timestamp), int)
        told = self.fresh("slappart0")
        self.assertEqual(told.getState(), "started")
        self.assertEqual(told.getInstanceGuid(), web.getInstanceGuid())
        self.assertEqual(told.getInstanceParameterDict()["a"], "1")
        self.assertEqual(told.getSoftwareRelease().getURI(), RELEASE)

    def test_asking_again_identically_is_the_same_instance_unchanged(self):
        first = self.request("web", partition_parameter_kw={"a": "1"})
        before = self.information()
        again = self.request("web", partition_parameter_kw={"a": "1"})
        self.assertEqual(self.place(again), self.place(first))
        self.assertEqual(again.getInstanceGuid(), first.getInstanceGuid())
        self.assertEqual(again.timestamp, first.timestamp)
        self.assertEqual(self.information(), before)

    def test_parameters_are_replaced_never_merged(self):
        self.request("web", partition_parameter_kw={"a": "1", "b": "2"})
        before = self.timestamp("slappart0")
        again = self.request("web", partition_parameter_kw={"a": "3"})
        self.assertEqual(again.getInstanceParameterDict(), {"a": "3"})
        told = self.fresh("slappart0").getInstanceParameterDict()
        self.assertEqual(told["a"], "3")
        self.assertNotIn("b", told)
        self.assertGreater(told["timestamp"], before)

    def test_the_sla_is_replaced_and_returned(self):
        self.request("web", filter_kw={"retention_delay": "1", "fw_restricted_access": "on"})
        before = self.timestamp("slappart0")
        again = self.request("web", filter_kw={"retention_delay": "2"})
        self.assertEqual(again._filter_dict, {"retention_delay": "2"})
        self.assertEqual(self.fresh("slappart0")._filter_dict, {"retention_delay": "2"})
        self.assertGreater(self.timestamp("slappart0"), before)

    def test_another_release_or_type_is_applied_in_place(self):
        guid = self.request("web").getInstanceGuid()
        before = self.timestamp("slappart0")
        moved = self.request("web", OTHER_RELEASE, software_type="backend")
        self.assertEqual(self.place(moved), (COMPUTER, "slappart0"))
        self.assertEqual(moved.getInstanceGuid(), guid)
        told = self.fresh("slappart0")
        self.assertEqual(told.getSoftwareRelease().getURI(), OTHER_RELEASE)
        self.assertEqual(told.getType(), "backend")
        self.assertGreater(self.timestamp("slappart0"), before)

    def test_titles_tell_trees_apart(self):
        guids = {self.request(title).getInstanceGuid() for title in ("web", "Web", " web")}
        self.assertEqual(len(guids), 3)

    def test_stopping_and_starting(self):
        self.request("web")
        before = self.timestamp("slappart0")
        stopped = self.request("web", state="stopped")
        self.assertEqual(stopped.getState(), "stopped")
        self.assertEqual(self.fresh("slappart0").getState(), "stopped")
        self.assertGreater(self.timestamp("slappart0"), before)
        self.assertEqual(self.request("web", state="started").getState(), "started")
        self.assertEqual(self.fresh("slappart0").getState(), "started")

    def test_no_state_means_started(self):
        self.request("web", state="stopped")
        self.assertEqual(self.request("web").getState(), "started")

    def test_asking_for_it_stopped_from_the_start_gives_a_partition(self):
        self.assertEqual(self.request("web", state="stopped").getState(), "stopped")
        self.assertEqual(self.fresh("slappart0").getState(), "stopped")

    def test_destroying_answers_not_ready_and_tells_the_node(self):
        web = self.request("web")
        self.assert_not_ready(self.request("web", state="destroyed"))
        told = self.fresh(web)
        self.assertEqual(told.getState(), "destroyed")
        self.assertEqual(told._need_modification, 1)
        self.assertEqual(told.getInstanceGuid(), web.getInstanceGuid())
        self.assertEqual(told.getSoftwareRelease().getURI(), RELEASE)

    def test_destroying_what_does_not_exist_creates_nothing(self):
        before = self.information()
        self.assert_not_ready(self.request("web", state="destroyed"))
        self.assertEqual(self.information(), before)

    def test_a_destroyed_title_starts_over_on_another_partition(self):
        first = self.request("web")
        self.request("web", state="destroyed")
        second = self.request("web")
        self.assertNotEqual(second.getInstanceGuid(), first.getInstanceGuid())
        self.assertEqual(second.getId(), "slappart1")
        self.assertEqual(self.fresh("slappart0").getState(), "destroyed")

    def test_a_destroyed_partition_is_free_after_its_report(self):
        web = self.request("web")
        self.request("web", state="destroyed")
        self.handle(web).destroyed()
        self.assert_free("slappart0")
        self.assertEqual(self.request("other").getId(), "slappart0")

    def test_nothing_free_is_not_ready_until_something_is(self):
        for title in ("a", "b", "c"):
            self.request(title)
        self.assert_not_ready(self.request("d"))
        self.assert_not_ready(self.request("d"))
        self.request("b", state="destroyed")
        self.handle("slappart1").destroyed()
        self.assertEqual(self.request("d").getId(), "slappart1")

    def test_waiting_instances_get_the_partition_that_becomes_free(self):
        for title in ("a", "b", "c", "d"):
            self.request(title)
        self.request("a", state="destroyed")
        self.handle("slappart0").destroyed()
        self.assertEqual(self.fresh("slappart0").getInstanceParameterDict()["instance_title"], "d")

    def test_the_answer_to_not_ready_is_empty_and_private(self):
        answer = self.raw_request(state=dumps("destroyed"))
        self.assertEqual((answer.status, answer.body), (408, b""))
        self.assertEqual(answer.headers["Cache-Control"], "private")

    def test_an_unknown_state_is_not_found_and_creates_nothing(self):
        before = self.information()
        self.assert_not_found(self.request, "web", state="foo")
        self.assertEqual(self.information(), before)

    def test_shared_must_be_a_truth_value(self):
        before = self.information()
        self.assert_status(404, self.raw_request(shared_xml=dumps("True")))
        self.assertEqual(self.information(), before)

    def test_the_kind_of_an_instance_never_changes(self):
        self.request("web")
        before = self.information()
        self.assert_server_error(self.request, "web", shared=True)
        self.assertIn("shared", text_of(self.raw_request(shared_xml=dumps(True))))
        self.assertEqual(self.information(), before)

    def test_what_the_library_refuses_by_itself(self):
        self.assertRaises(ValueError, self.request, "web", partition_parameter_kw="a=1")
        self.assertRaises(ValueError, self.request, "web", filter_kw=["a"])

    def test_the_type_is_default_unless_it_is_given(self):
        self.assertEqual(self.request("web").slap_software_type, "default")
        self.assertEqual(self.request("old", software_type="RootSoftwareInstance").slap_software_type, "RootSoftwareInstance")
        self.assert_status(200, self.raw_request(partition_reference="raw", software_type=None))
        self.assertEqual(self.fresh("slappart2").getType(), "default")

    def test_old_clients_leave_fields_out(self):
        bare = self.raw_request(
            partition_parameter_xml=None, filter_xml=None, state=None, shared_xml=None, software_type=""
        )
        self.assert_status(200, bare)
        told = self.fresh("slappart0")
        self.assertEqual((told.getState(), told.getType(), told._filter_dict), ("started", "default", {}))

    def test_an_unknown_project_is_not_found(self):
        self.assert_status(404, self.raw_request(project_reference="PROJ-99"))
        self.assert_free("slappart0")
        self.assert_status(200, self.raw_request(project_reference="PROJ-1"))

    def test_a_pull_backup_gets_a_retention_delay(self):
        backup = self.request("backup", software_type="pull-backup")
        self.assertEqual(backup._filter_dict, {"retention_delay": "7.0"})
        own = self.request("backup", software_type="pull-backup", filter_kw={"retention_delay": "3"})
        self.assertEqual(own._filter_dict, {"retention_delay": "3"})


class Values(RequestTestCase):
    """What becomes of a parameter on its way to the node."""

    count = 1

    def round_trip(self, sent):
        answer = self.request("web", partition_parameter_kw=sent).getInstanceParameterDict()
        told = self.fresh("slappart0").getInstanceParameterDict()
        self.assertEqual({key: told[key] for key in sent}, answer)
        return answer

    def test_texts_come_back_as_they_were(self):
        texts = {
            "plain": "blue",
            "clé": "é€😀 \u0085 \u2028",
            "markup": "<a b=\"c\">&amp; 'd' ]]></a>",
            "entity": "a&amp;lt;b &#65; &quot;",
            "space": "  two  spaces \t tab ",
            "lines": "l1\r\nl2\nl3\rl4",
            "_": '{"k": [1, null, "\\u00e9"]}',
            "a key with spaces & <marks> \"quoted\"": "x",
            "long": "x" * 100000,
            "None": "None",
        }
        self.assertEqual(self.round_trip(texts), texts)

    def test_other_values_become_their_text(self):
        sent = {
            "integer": 5,
            "negative": -5,
            "big": 10**30,
            "float": 1.0,
            "exponent": 1e22,
            "true": True,
            "false": False,
            "none": None,
            "list": [1, "x", None, True, 1.5],
            "tuple": ("a", "b"),
            "single": (1,),
            "dictionary": {"k": 1},
            "quotes": ["it's", 'say "so"', 'it\'s "so"', "a\nb\\c", "é\x85"],
            "nested": {"a": [{"b": ()}]},
            "empty list": [],
        }
        self.assertEqual(self.round_trip(sent), {key: str(value) for key, value in sent.items()})

    def test_an_empty_text_comes_back_as_none(self):
        self.assertEqual(self.round_trip({"empty": ""}), {"empty": None})

    def test_values_are_compared_after_they_became_text(self):
        first = self.request("web", partition_parameter_kw={"a": 1, "b": None})
        again = self.request("web", partition_parameter_kw={"a": "1", "b": "None"})
        self.assertEqual(again.timestamp, first.timestamp)

    def test_a_key_that_is_no_text_is_refused(self):
        self.assert_http(400, self.request, "web", partition_parameter_kw={1: "a"})
        self.assert_http(400, self.request, "web", partition_parameter_kw={None: "a"})
        self.assert_free("slappart0")

    def test_titles_releases_and_types_may_be_any_text(self):
        title, release, kind = "wéb & <the> 😀", "/path/to/sóftware.cfg?a=b&c=%20", "tÿpe"
        web = self.request(title, release, software_type=kind)
        told = self.fresh(web).getInstanceParameterDict()
        self.assertEqual(
            (told["instance_title"], told["slap_software_release_url"], told["slap_software_type"]),
            (title, release, kind),
        )
        self.assertEqual(self.request(title, release, software_type=kind).timestamp, web.timestamp)

    def test_a_title_that_no_answer_could_hold_is_refused(self):
        for title in ("a\x08b", "", "a\x00", "\x07"):
            with self.subTest(repr(title)):
                answer = self.assert_http(400, self.request, title)
                self.assertIn("partition_reference", answer.text)
        self.assert_free("slappart0")

    def test_old_clients_write_integers_as_long_and_texts_as_unicode(self):
        xml = (
            '<?xml version="1.0" encoding="utf-8"?>\n<marshal>\n<dictionary id="i2">'
            "<unicode>clé</unicode><unicode>vé</unicode><string>n</string><long>5L</long></dictionary></marshal>"
        )
        self.assert_status(200, self.raw_request(partition_parameter_xml=xml))
        told = self.fresh("slappart0").getInstanceParameterDict()
        self.assertEqual((told["clé"], told["n"]), ("vé", "5"))


class Child(RequestTestCase):
    """ComputerPartition.request."""

    count = 5

    def setUp(self):
        super().setUp()
        self.web = self.request("web")

    def test_a_child_belongs_to_its_tree(self):
        db = self.request_child(self.web, "db", OTHER_RELEASE, "backend", partition_parameter_kw={"a": "1"})
        self.assertEqual(db.getId(), "slappart1")
        self.assertNotEqual(db.getInstanceGuid(), self.web.getInstanceGuid())
        self.assertEqual((db.instance_title, db.root_instance_title), ("db", "web"))
        self.assertEqual(db.getInstanceParameterDict(), {"a": "1"})
        told = self.fresh(db).getInstanceParameterDict()
        self.assertEqual((told["instance_title"], told["root_instance_title"]), ("db", "web"))
        self.assertEqual(self.request_child(self.web, "db", OTHER_RELEASE, "backend").getInstanceGuid(), db.getInstanceGuid())

    def test_a_grandchild_too(self):
        middle = self.request_child(self.web, "middle")
        leaf = self.request_child(middle, "leaf")
        self.assertEqual(leaf.root_instance_title, "web")

    def test_each_tree_has_its_own_titles(self):
        other = self.request("other")
        first = self.request_child(self.web, "db")
        second = self.request_child(other, "db")
        self.assertNotEqual(first.getInstanceGuid(), second.getInstanceGuid())

    def test_the_form_alone_says_who_asks(self):
        answer = self.raw_request(computer_id=COMPUTER, computer_partition_id="slappart0", partition_reference="db")
        self.assert_status(200, answer)
        self.assertEqual(self.fresh("slappart1").getInstanceParameterDict()["root_instance_title"], "web")

    def test_the_header_says_who_asks_before_the_form(self):
        other = self.request("other")
        asked = self.handle(other)
        asked._partition_id = "slappart0"
        header = "X-SlapPartition computer_id=COMP-1, computer_partition_id=slappart1"
        body = (
            "software_release=r&partition_reference=db&software_type=default"
            "&computer_id=COMP-1&computer_partition_id=slappart0"
        )
        answer = self.master.call(
            "POST",
            "/requestComputerPartition",
            body,
            {"Content-Type": "application/x-www-form-urlencoded", "Authorization": header},
        )
        self.assert_status(200, answer)
        self.assertEqual(self.fresh("slappart2").getInstanceParameterDict()["root_instance_title"], "other")

    def test_half_a_requester_is_the_user(self):
        answer = self.raw_request(computer_id=COMPUTER, computer_partition_id="", partition_reference="alone")
        self.assert_status(200, answer)
        self.assertEqual(self.fresh("slappart1").getInstanceParameterDict()["root_instance_title"], "alone")

    def test_a_free_or_unknown_partition_cannot_ask(self):
        before = self.information()
        self.assert_not_found(self.request_child, "slappart4", "db")
        self.assert_not_found(self.request_child, "slappart9", "db")
        stranger = self.slap.registerComputerPartition("COMP-9", "slappart0")
        self.assert_not_found(stranger.request, RELEASE, None, "db")
        for fields in (("COMP-1", "slappart4"), ("COMP-1", "slappart9"), ("COMP-9", "slappart0")):
            answer = self.raw_request(computer_id=fields[0], computer_partition_id=fields[1])
            self.assert_status(404, answer)
        self.assertEqual(self.information(), before)

    def test_the_root_cannot_be_asked_for_from_within(self):
        before = self.information()
        self.assert_not_found(self.request_child, self.web, "web")
        db = self.request_child(self.web, "db")
        before = self.information()
        self.assert_not_found(self.request_child, db, "web")
        self.assertEqual(self.information(), before)

    def test_another_parent_adopts_and_no_timestamp_moves(self):
        b = self.request_child(self.web, "b")
        c = self.request_child(self.web, "c")
        before = self.timestamps(self.web, b, c)
        again = self.request_child(b, "c")
        self.assertEqual(again.getInstanceGuid(), c.getInstanceGuid())
        self.assertEqual(self.timestamps(self.web, b, c), before)
        # What c publishes now wakes b, its new parent, and not the old one.
        self.handle(c).setConnectionDict({"url": "x"})
        web_after, b_after, _ = self.timestamps(self.web, b, c)
        self.assertEqual(web_after, before[0])
        self.assertGreater(b_after, before[1])

    def test_a_circle_is_refused_and_nothing_moves(self):
        b = self.request_child(self.web, "b")
        c = self.request_child(b, "c")
        before = self.information()
        self.assert_server_error(self.request_child, c, "b")
        self.assertEqual(self.information(), before)
        self.handle(c).setConnectionDict({"url": "x"})
        self.assertGreater(self.timestamp(b), b.timestamp)

    def test_the_kind_of_a_child_never_changes(self):
        self.request_child(self.web, "db")
        before = self.information()
        self.assert_server_error(self.request_child, self.web, "db", shared=True)
        self.assertEqual(self.information(), before)

    def test_destroying_a_child_is_for_that_child_only(self):
        db = self.request_child(self.web, "db")
        cache = self.request_child(db, "cache")
        self.assert_not_ready(self.request_child(self.web, "db", state="destroyed"))
        states = [self.fresh(partition).getState() for partition in (self.web, db, cache)]
        self.assertEqual(states, ["started", "destroyed", "started"])
        self.handle(db).destroyed()
        self.assert_free(db)
        self.assertEqual(self.fresh(cache).getState(), "started")

    def test_a_destroyed_child_cannot_be_asked_for_until_it_is_reported(self):
        db = self.request_child(self.web, "db")
        self.request_child(self.web, "db", state="destroyed")
        before = self.information()
        self.assert_server_error(self.request_child, self.web, "db")
        self.assertEqual(self.information(), before)
        self.handle(db).destroyed()
        self.assertNotEqual(self.request_child(self.web, "db").getInstanceGuid(), db.getInstanceGuid())

    def test_destroying_a_child_that_does_not_exist_creates_nothing(self):
        before = self.information()
        self.assert_not_ready(self.request_child(self.web, "db", state="destroyed"))
        self.assertEqual(self.information(), before)

    def test_not_being_asked_for_again_changes_nothing(self):
        self.request_child(self.web, "db")
        before = self.information()
        self.handle(self.web).setComputerPartitionRelatedInstanceList(["another"])
        self.assertEqual(self.information(), before)


class ManyChildren(RequestTestCase):
    """The limit of children of one requester."""

    count = 101

    def test_a_requester_has_at_most_a_hundred_children(self):
        web = self.request("web")
        for number in range(100):
            self.request_child(web, "child %d" % number)
        self.assert_server_error(self.request_child, web, "one too many")
        first = self.request_child(web, "child 0")
        self.assertEqual(first.getId(), "slappart1")
        self.request_child(first, "grandchild")


if __name__ == "__main__":
    main()
