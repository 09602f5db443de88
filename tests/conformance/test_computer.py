"""Computer: formatting, what its node is told, status, bang, usage."""

import email.utils
import time

import slapos.slap
from slapos.util import dumps

from support import (
    COMPUTER,
    OTHER_RELEASE,
    RELEASE,
    MasterTestCase,
    computer_configuration,
    main,
    partition_configuration,
    text_of,
)


class Format(MasterTestCase):
    """Computer.updateConfiguration."""

    def test_an_unknown_computer_is_created_and_the_answer_is_a_sentence(self):
        answer = self.format("COMP-7", count=2)
        self.assertEqual(answer, b"Content properly posted.")
        self.assertEqual(list(self.partitions("COMP-7")), ["slappart0", "slappart1"])

    def test_new_partitions_are_free(self):
        self.format(partitions=[partition_configuration(0, name="foo1"), partition_configuration(1, name="foo2")])
        self.assertEqual(list(self.partitions()), ["foo1", "foo2"])
        self.assert_free("foo1")
        self.assert_free("foo2")

    def test_a_computer_without_partitions_is_listed_empty(self):
        self.format(count=0)
        computer = self.computer()
        self.assertEqual(computer.getComputerPartitionList(), [])
        self.assertEqual(computer.getSoftwareReleaseList(), [])

    def test_formatting_again_identically_changes_nothing(self):
        self.format()
        self.request("web")
        before = self.information()
        self.format()
        self.assertEqual(self.information(), before)

    def test_partitions_are_told_in_natural_order(self):
        self.format(partitions=[partition_configuration(number) for number in (10, 2, 0)])
        self.assertEqual(list(self.partitions()), ["slappart0", "slappart2", "slappart10"])

    def test_a_free_partition_that_is_not_sent_disappears_and_comes_back_free(self):
        self.format(count=2)
        self.format(count=1)
        self.assertEqual(list(self.partitions()), ["slappart0"])
        self.format(count=2)
        self.assertEqual(list(self.partitions()), ["slappart0", "slappart1"])
        self.assert_free("slappart1")

    def test_a_partition_that_is_not_sent_receives_no_instance(self):
        self.format(count=2)
        self.format(count=1)
        self.assertEqual(self.request("a").getId(), "slappart0")
        self.assert_not_ready(self.request("b"))
        self.format(count=2)
        self.assertEqual(self.request("b").getId(), "slappart1")

    def test_a_busy_partition_that_is_not_sent_keeps_its_instance_unlisted(self):
        self.format(count=2)
        self.request("a")
        guid = self.request("b").getInstanceGuid()
        self.format(count=1)
        self.assertEqual(list(self.partitions()), ["slappart0"])
        self.assertEqual(self.handle("slappart1").getInstanceGuid(), guid)
        self.format(count=2)
        self.assertEqual(self.fresh("slappart1").getInstanceGuid(), guid)
        self.assertEqual(self.fresh("slappart1").getState(), "started")

    def addresses(self):
        told = self.fresh("slappart0").getInstanceParameterDict()
        return told["ip_list"], told["full_ip_list"]

    def format_one(self, **partition):
        self.format(partitions=[partition_configuration(0, **partition)])

    def test_addresses_follow_the_configuration(self):
        self.format_one(addresses=["10.0.0.1", "2001:db8::1"])
        self.request()
        self.assertEqual(self.addresses(), ([("slaptap0", "10.0.0.1"), ("slaptap0", "2001:db8::1")], []))
        self.format_one(addresses=["10.0.0.9"])
        self.assertEqual(self.addresses(), ([("slaptap0", "10.0.0.9")], []))
        self.format_one(addresses=[])
        self.assertEqual(self.addresses(), ([], []))

    def test_changed_addresses_make_the_node_process_the_partition_again(self):
        self.format_one(addresses=["10.0.0.1"])
        self.request()
        before = self.timestamp("slappart0")
        self.format_one(addresses=["10.0.0.2"])
        self.assertGreater(self.timestamp("slappart0"), before)

    def test_the_address_of_a_tap_is_told_as_a_route(self):
        tap = {
            "ipv4_addr": "10.1.0.2",
            "ipv4_gateway": "10.1.0.1",
            "ipv4_netmask": "255.255.0.0",
            "ipv4_network": "10.1.0.0",
        }
        self.format_one(addresses=["10.0.0.1"], tap=tap)
        self.request()
        plain = [("slaptap0", "10.0.0.1")]
        route = [("route_slaptap0", "10.1.0.2", "10.1.0.1", "255.255.0.0", "10.1.0.0")]
        self.assertEqual(self.addresses(), (plain, route))
        self.format_one(addresses=["10.0.0.1"])
        self.assertEqual(self.addresses(), (plain, []))

    def test_a_partition_without_tap_name_is_its_own_interface(self):
        self.format(partitions=[dict(partition_configuration(0, addresses=["10.0.0.1", "10.0.0.2"]), tap={"name": ""})])
        self.request()
        self.assertEqual(self.addresses()[0], [("slappart0", "10.0.0.1"), ("slappart0", "10.0.0.2")])

    def test_capabilities_are_replaced_and_cleared(self):
        self.format_one(capabilities=["b", "a", "b"])
        self.assert_not_ready(self.request())
        self.format_one()
        self.assertEqual(self.request().getId(), "slappart0")

    def test_what_an_old_slapformat_leaves_out_is_optional(self):
        configuration = {
            "reference": COMPUTER,
            "partition_list": [{"reference": "slappart0", "address_list": [], "tap": {"name": "slaptap0"}}],
        }
        self.computer().updateConfiguration(dumps(configuration))
        self.assertEqual(list(self.partitions()), ["slappart0"])

    def test_what_is_required_is_asked_for(self):
        for missing in ("reference", "partition_list"):
            configuration = computer_configuration(COMPUTER, [])
            del configuration[missing]
            answer = self.assert_http(400, self.computer().updateConfiguration, dumps(configuration))
            self.assertIn(missing, answer.text)
        self.assert_not_found(self.computer().getComputerPartitionList)

    def test_a_refused_configuration_changes_nothing(self):
        self.format(count=2)
        before = self.information()
        broken = computer_configuration(COMPUTER, [partition_configuration(5), {"path": "/no/reference"}])
        self.assert_http(400, self.computer().updateConfiguration, dumps(broken))
        self.assertEqual(self.information(), before)

    def test_two_computers_do_not_meet(self):
        self.format("COMP-1", count=1)
        self.format("COMP-2", count=3)
        self.assertEqual(len(self.partitions("COMP-1")), 1)
        self.assertEqual(len(self.partitions("COMP-2")), 3)


class Information(MasterTestCase):
    """Computer.getComputerPartitionList and getSoftwareReleaseList."""

    def test_an_unknown_computer_is_not_found(self):
        self.assert_not_found(self.computer("COMP-9").getComputerPartitionList)
        self.assert_not_found(self.computer("COMP-9").getSoftwareReleaseList)

    def test_an_empty_reference_is_not_found_without_a_call(self):
        self.assert_not_found(self.computer("").getComputerPartitionList)

    def test_both_names_of_the_call_answer_alike(self):
        self.format()
        self.supply()
        self.request()
        full = self.master.get("getFullComputerInformation", computer_id=COMPUTER)
        short = self.master.get("getComputerInformation", computer_id=COMPUTER)
        self.assertEqual(full.body, short.body)
        self.assertEqual(full.headers["Content-Type"], "text/xml; charset=utf-8")
        self.assert_status(404, self.master.get("getComputerInformation", computer_id="COMP-9"))

    def test_caching_headers_are_those_of_production(self):
        self.format()
        first = self.master.get("getFullComputerInformation", computer_id=COMPUTER)
        self.assertEqual(first.headers["Cache-Control"], "public, max-age=1, stale-if-error=604800")
        again = self.master.get("getFullComputerInformation", computer_id=COMPUTER)
        self.assertTrue(first.headers["Etag"])
        self.assertEqual(first.headers["Etag"], again.headers["Etag"])
        self.request()
        changed = self.master.get("getFullComputerInformation", computer_id=COMPUTER)
        self.assertNotEqual(first.headers["Etag"], changed.headers["Etag"])

    def test_everything_is_told_of_a_busy_partition(self):
        self.format(count=2)
        self.request("web", partition_parameter_kw={"color": "blue"}, filter_kw={"retention_delay": "2"})
        child = self.request_child("slappart0", "db", OTHER_RELEASE, "backend", partition_parameter_kw={"size": "9"})
        told = self.fresh(child)
        self.assertEqual(told.getId(), "slappart1")
        self.assertEqual(told.getState(), "started")
        self.assertEqual(told._need_modification, 1)
        self.assertEqual(told.getInstanceGuid(), child.getInstanceGuid())
        self.assertEqual(told.getConnectionParameterDict(), {})
        self.assertEqual(told._filter_dict, {})
        self.assertEqual(told.getType(), "backend")
        release = told.getSoftwareRelease()
        self.assertEqual((release.getURI(), release.getComputerId()), (OTHER_RELEASE, COMPUTER))
        parameters = dict(told.getInstanceParameterDict())
        self.assertIs(type(parameters.pop("timestamp")), int)
        self.assertEqual(
            parameters,
            {
                "size": "9",
                "instance_title": "db",
                "root_instance_title": "web",
                "root_instance_short_title": "",
                "slap_computer_id": COMPUTER,
                "slap_computer_partition_id": "slappart1",
                "slap_software_type": "backend",
                "slap_software_release_url": OTHER_RELEASE,
                "slave_instance_list": [],
                "ip_list": [("slaptap1", "10.0.0.2"), ("slaptap1", "2001:db8::2")],
                "full_ip_list": [],
            },
        )
        self.assertEqual(self.fresh("slappart0")._filter_dict, {"retention_delay": "2"})

    def test_reserved_names_win_over_parameters(self):
        self.format()
        mine = {"timestamp": "mine", "slap_computer_id": "mine", "ip_list": "mine"}
        asked = self.request(partition_parameter_kw=mine)
        self.assertEqual(asked.getInstanceParameterDict(), mine)
        told = self.fresh("slappart0").getInstanceParameterDict()
        self.assertIs(type(told["timestamp"]), int)
        self.assertEqual(told["slap_computer_id"], COMPUTER)
        self.assertEqual(len(told["ip_list"]), 2)


class Status(MasterTestCase):
    """Computer.getStatus."""

    def test_a_computer_that_never_called_has_no_data(self):
        library = self.start(default_computer="COMP-5").connect()
        status = library.registerComputer("COMP-5").getStatus()
        dates = (status.pop("created_at"), status.pop("since"))
        self.assertEqual(
            status,
            {
                "user": "SlapOS Master",
                "text": "#error no data found for COMP-5",
                "state": "",
                "reference": "COMP-5",
                "portal_type": "Compute Node",
                "no_data": 1,
            },
        )
        for date in dates:
            self.assertTrue(date.endswith(" GMT"), date)
            self.assertLess(abs(email.utils.mktime_tz(email.utils.parsedate_tz(date)) - time.time()), 60)

    def test_asking_for_its_information_marks_it_as_seen(self):
        self.format()
        self.information()
        status = self.computer().getStatus()
        self.assertEqual(status["text"], "#access COMP-1")
        self.assertEqual(status["user"], "COMP-1")
        self.assertEqual(status["no_data_since_5_minutes"], 0)
        self.assertEqual(status["no_data_since_15_minutes"], 0)
        self.assertNotIn("no_data", status)

    def test_an_unknown_computer_is_not_found(self):
        self.assert_not_found(self.computer("COMP-9").getStatus)

    def test_headers_are_those_of_production(self):
        self.format()
        answer = self.master.get("getComputerStatus", computer_id=COMPUTER)
        self.assertEqual(answer.headers["Cache-Control"], "public, max-age=60, stale-if-error=604800")
        self.assertIn("Vary", answer.headers)
        self.assertTrue(answer.headers["Last-Modified"].endswith(" GMT"))


class Bang(MasterTestCase):
    """Computer.bang."""

    def test_every_wanted_instance_of_the_computer_is_processed_again_with_its_tree(self):
        self.format("COMP-1", count=4)
        self.format("COMP-2", count=3)
        web = self.request("web", filter_kw={"computer_guid": "COMP-1"})
        elsewhere = self.request_child(web, "far", filter_kw={"computer_guid": "COMP-2"})
        stopped = self.request("stopped", state="stopped", filter_kw={"computer_guid": "COMP-1"})
        destroyed = self.request("gone", filter_kw={"computer_guid": "COMP-1"})
        self.request("gone", state="destroyed")
        stranger = self.request("stranger", filter_kw={"computer_guid": "COMP-2"})
        moved, kept = (web, elsewhere, stopped), (destroyed, stranger)
        before_moved, before_kept = self.timestamps(*moved), self.timestamps(*kept)
        self.computer("COMP-1").bang("wake up")
        for before, after in zip(before_moved, self.timestamps(*moved)):
            self.assertGreater(after, before)
        self.assertEqual(self.timestamps(*kept), before_kept)

    def test_the_computer_is_in_error_until_it_calls_again(self):
        self.format()
        self.computer().bang("lights out")
        status = self.computer().getStatus()
        self.assertEqual(status["text"], "#error bang: lights out")
        self.assertEqual(status["user"], COMPUTER)
        self.information()
        self.assertEqual(self.computer().getStatus()["text"], "#access COMP-1")

    def test_no_message_is_the_text_none(self):
        self.format()
        self.computer().bang(None)
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: None")

    def test_an_empty_message_leaves_the_word_alone(self):
        self.format()
        self.computer().bang("")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang")

    def test_an_unknown_computer_is_not_found(self):
        self.assert_not_found(self.computer("COMP-9").bang, "hello")


USAGE = """<?xml version="1.0" encoding="utf-8"?>
<journal>
  <transaction type="Sale Packing List">
    <title>Resource consumptions</title>
    <start_date></start_date>
    <stop_date>2026-11-23 at 08:30:00</stop_date>
    <reference>COMP-1</reference>
    <currency></currency>
    <payment_mode></payment_mode>
    <category></category>
    <arrow type="Administration"><source></source><destination></destination></arrow>
    <movement>
      <resource>CPU Consumption</resource>
      <title>CPU</title>
      <reference>slappart0</reference>
      <quantity>42.5</quantity>
      <price>0.0</price>
      <VAT>None</VAT>
      <category>None</category>
    </movement>
  </transaction>
</journal>
"""


class Usage(MasterTestCase):
    """Computer.reportUsage."""

    def test_a_valid_report_is_taken_each_time(self):
        self.format()
        self.computer().reportUsage(USAGE)
        self.computer().reportUsage(USAGE)
        answer = self.master.post("useComputer", computer_id=COMPUTER, use_string=USAGE)
        self.assertEqual((answer.status, answer.body), (200, b"OK"))

    def test_an_empty_report_is_not_sent(self):
        self.computer("COMP-9").reportUsage("")

    def test_numbers_may_be_any_float_of_xml_schema(self):
        self.format()
        for number in ("INF", "-INF", "NaN", "1e-3", "+7.", ".5", " 3 "):
            self.computer().reportUsage(USAGE.replace("42.5", number))

    def test_a_report_against_the_schema_is_refused(self):
        self.format()
        before = self.information()
        for what, report in {
            "no quantity": USAGE.replace("<quantity>42.5</quantity>", ""),
            "empty quantity": USAGE.replace("42.5", ""),
            "text for a number": USAGE.replace("42.5", "much"),
            "infinity by its other name": USAGE.replace("42.5", "infinity"),
            "wrong order": USAGE.replace(
                "<currency></currency>\n    <payment_mode></payment_mode>",
                "<payment_mode></payment_mode>\n    <currency></currency>",
            ),
            "unknown element": USAGE.replace("<VAT>", "<vat>1</vat><VAT>"),
            "unknown attribute": USAGE.replace("<movement>", "<movement kind='x'>"),
            "no type": USAGE.replace(' type="Sale Packing List"', ""),
            "no arrow": USAGE.replace(USAGE[USAGE.index("<arrow") : USAGE.index("</arrow>") + 8], ""),
            "no movement": USAGE[: USAGE.index("<movement>")] + "</transaction></journal>",
            "no transaction": "<journal></journal>",
            "another root": "<consumption></consumption>",
            "not XML": "used: a lot",
            "an entity": USAGE.replace("<journal>", '<!DOCTYPE journal [<!ENTITY a "1">]><journal>').replace(
                "42.5", "&a;"
            ),
        }.items():
            with self.subTest(what):
                self.assert_http(400, self.computer().reportUsage, report)
        self.assertEqual(self.information(), before)

    def test_an_unknown_computer_is_not_found(self):
        self.assert_not_found(self.computer("COMP-9").reportUsage, USAGE)


class Connection(MasterTestCase):
    """What the library asks by itself, and what it makes of a server that is not there."""

    def test_the_library_is_told_where_hateoas_is(self):
        answer = self.master.get("getHateoasUrl")
        self.assertEqual((answer.status, text_of(answer)), (200, self.master.url + "/hateoas"))
        self.assertEqual(self.slap._hateoas_navigator.slapos_master_hateoas_uri, self.master.url + "/hateoas")

    def test_the_run_is_told_apart_from_another(self):
        first = self.master.get("getRunId")
        self.assertEqual(first.status, 200)
        self.assertTrue(first.body)
        self.assertEqual(self.master.get("getRunId").body, first.body)
        self.assertNotEqual(self.start().get("getRunId").body, first.body)

    def test_the_root_page_is_fine(self):
        answer = self.master.get("")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    def test_a_final_slash_of_the_url_does_not_matter(self):
        self.format()
        library = slapos.slap.slap()
        library.initializeConnection(self.master.url + "/")
        self.assertEqual(len(library.registerComputer(COMPUTER).getComputerPartitionList()), 2)

    def test_no_server_is_a_connection_error(self):
        self.master.stop()
        with self.assertRaises(slapos.slap.ConnectionError):
            self.computer().getStatus()

    def test_ingestion_of_data_is_not_found(self):
        self.assert_status(404, self.master.post("ingestData?ingestion_policy=x", a="b"))

    def test_void_answers_are_the_four_letters_of_production(self):
        self.format()
        for name, fields, body, kind in (
            ("supplySupply", {"url": RELEASE}, b"None", "text/xml; charset=utf-8"),
            ("computerBang", {"message": "m"}, b"None", "text/xml; charset=utf-8"),
            ("buildingSoftwareRelease", {"url": RELEASE}, b"None", "text/xml; charset=utf-8"),
            ("useComputer", {"use_string": USAGE}, b"OK", "text/plain; charset=utf-8"),
        ):
            answer = self.master.post(name, computer_id=COMPUTER, **fields)
            self.assertEqual((answer.status, answer.body, answer.headers["Content-Type"]), (200, body, kind), name)

    def test_an_error_is_one_sentence_of_plain_text(self):
        answer = self.master.get("getComputerStatus", computer_id="COMP-9")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertIn("COMP-9", text_of(answer))

    def test_each_answer_carries_the_number_of_its_request(self):
        numbers = {self.master.get("getRunId").headers["X-Request-Id"] for _ in range(3)}
        self.assertEqual(len(numbers), 3)


class DefaultComputer(MasterTestCase):
    """--default-computer: there without being formatted."""

    options = {"default_computer": "COMP-5"}

    def test_it_exists_empty(self):
        self.assertEqual(self.computer("COMP-5").getComputerPartitionList(), [])
        self.assertEqual(self.computer("COMP-5").getSoftwareReleaseList(), [])
        self.assert_not_found(self.computer("COMP-6").getComputerPartitionList)

    def test_formatting_it_gives_it_partitions(self):
        self.format("COMP-5", count=1)
        self.supply(RELEASE, "COMP-5")
        self.assertEqual(self.place(self.request()), ("COMP-5", "slappart0"))
        self.assertEqual(self.releases("COMP-5"), {RELEASE: "available"})


if __name__ == "__main__":
    main()
