"""The methods of the slap library that use HATEOAS: trees, computers, news, tokens."""

import sys

import requests
import slapos.slap
from slapos.slap import NotFoundError, ResourceNotReady
from slapos.slap.exception import ServerError

from hateoas_stand_in import NOT_JSON, StandIn, status
from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main

NOTHING = "#error no data found"


class HateoasTestCase(MasterTestCase):
    """A world with the tree `web` of two instances, one of them shared, and the stopped tree `still`."""

    def setUp(self):
        super().setUp()
        self.format(count=3)
        self.supply()
        self.web = self.request("web", partition_parameter_kw={"color": "blue & green"})
        self.request_child(self.web, "site", shared=True)
        self.request("still")
        self.request("still", state="stopped")
        self.handle("slappart0").setConnectionDict({"url": "https://[2001:db8::1]/"})
        self.navigator = self.slap._hateoas_navigator

    def information(self, title):
        return self.slap.registerOpenOrder().getInformation(title)


class Trees(HateoasTestCase):
    """Instance trees and what is in them"""

    def test_the_trees_are_listed_by_title(self):
        trees = self.slap.getOpenOrderDict()
        self.assertEqual(set(trees), {"web", "still"})
        self.assertEqual(trees["web"]._software_release_url, RELEASE)
        self.assertEqual(trees["web"]._title, "web")
        self.request("web", state="destroyed")
        self.assertEqual(set(self.slap.getOpenOrderDict()), {"still"})

    def test_an_empty_world(self):
        slap = self.start().connect()
        self.assertEqual(slap.getOpenOrderDict(), {})
        self.assertEqual(slap.getComputerDict(), {})

    def test_no_more_than_forty_are_listed(self):
        for number in range(41):
            self.request("many %d" % number)
        self.assertEqual(len(self.slap.getOpenOrderDict()), 40)
        self.assertEqual(self.information("many 40")._title, "many 40")

    def test_information_about_a_tree(self):
        told = self.information("web")
        self.assertEqual(told._title, "web")
        self.assertEqual(told._reference, "HOSTSUBS-1")
        self.assertEqual(told._requested_state, "start_requested")
        self.assertEqual(told._software_release_url, RELEASE)
        self.assertEqual(told._source_reference, "default")
        self.assertEqual(told._parameter_dict, {"color": "blue & green"})
        connection = [{"connection_key": "url", "connection_value": "https://[2001:db8::1]/"}]
        self.assertEqual(told._connection_dict, connection)
        self.assertEqual(told._root_slave, 0)
        news = told._news
        self.assertEqual((news["portal_type"], news["title"]), ("Instance Tree", "web"))
        (instance,) = news["instance"]
        self.assertEqual(instance["text"], "#error no data found for SOFTINST-1")
        self.assertEqual(self.information("still")._requested_state, "stop_requested")
        self.assertEqual(self.information("still")._news["instance"], [])

    def test_information_about_what_is_not_there(self):
        for title in ("nothing", "site", "we", "WEB", "%"):
            with self.assertRaises(NotFoundError):
                self.information(title)
        self.request("web", state="destroyed")
        with self.assertRaises(NotFoundError):
            self.information("web")

    def test_titles_travel_unless_they_hold_what_the_client_does_not_escape(self):
        for title in ("é ü", "a&b=c+d%20", "it's", "a,b", "(x) OR y:z", "a/b?c#d"):
            self.request(title)
            self.assertEqual(self.information(title)._title, title)
        for title in ('a"b', "a\\b"):
            self.request(title)
            refused = self.assert_http(400, self.information, title)
            self.assertTrue(refused.text.startswith("Unhandled query: "), refused.text)
            self.assertRegex(refused.text, r"\ncharacter \d+: ")

    def test_the_instances_of_a_tree(self):
        rows = self.navigator.getInstanceTreeInstanceList("web")
        self.assertEqual([(row["title"], row["portal_type"]) for row in rows], [
            ("web", "Software Instance"),
            ("site", "Slave Instance"),
        ])
        root, site = rows
        self.assertEqual(root["getConnectionXmlAsDict"], {"url": "https://[2001:db8::1]/"})
        self.assertIn("blue &amp; green", root["text_content"])
        self.assertEqual(root["url_string"], RELEASE)
        self.assertEqual(root["SoftwareInstance_getNewsDict"]["text"], NOTHING + " for SOFTINST-1")
        self.assertEqual(site["SoftwareInstance_getNewsDict"]["is_slave"], 1)
        self.assertEqual(site["SoftwareInstance_getNewsDict"]["text"], "#nodata is a slave SOFTINST-2")
        self.assertNotEqual(root["uid"], site["uid"])
        self.assertEqual(self.navigator.getInstanceTreeInstanceList("nothing"), [])

    def test_a_shared_tree(self):
        self.request("shared", shared=True, software_type="RootSoftwareInstance")
        self.assertIn("shared", self.slap.getOpenOrderDict())
        told = self.information("shared")
        self.assertEqual(told._root_slave, 1)
        self.assertEqual((told._news["instance"], told._news["is_slave"]), ([], 1))


class Computers(HateoasTestCase):
    """Computers and their software"""

    def test_the_computers_are_listed_by_title(self):
        self.format("COMP-2", count=0)
        computers = self.slap.getComputerDict()
        self.assertEqual({title: c._reference for title, c in computers.items()}, {"COMP-1": "COMP-1", "COMP-2": "COMP-2"})

    def test_computers_are_found_by_title_and_reference(self):
        (row,) = self.navigator._getComputerList(title="COMP-1", reference="COMP-1")
        self.assertEqual((row["title"], row["reference"]), ("COMP-1", "COMP-1"))
        self.assertEqual(self.navigator._getComputerList(title="COMP"), [])

    def test_information_about_a_computer(self):
        told = self.computer().getInformation()
        self.assertEqual((told._reference, told._title), ("COMP-1", "COMP-1"))
        with self.assertRaises(NotFoundError):
            self.computer("COMP-9").getInformation()

    def test_news_of_a_computer_and_its_partitions(self):
        navigator = self.navigator
        self.assertEqual(navigator.getComputerNews(COMPUTER), NOTHING + " for COMP-1")
        self.partitions()
        self.assertEqual(navigator.getComputerNews(COMPUTER), "#access COMP-1")
        self.assertEqual(navigator.getComputerPartitionNews(COMPUTER, "slappart0"), NOTHING + " for SOFTINST-1")
        self.handle("slappart0").started()
        started = "#access Instance correctly started"
        self.assertEqual(navigator.getComputerPartitionNews(COMPUTER, "slappart0"), started)
        self.handle("slappart0").error("boom")
        failed = "#error while instanciating: boom"
        self.assertEqual(navigator.getComputerPartitionNews(COMPUTER, "slappart0"), failed)
        for free in ("slappart2", "no such"):
            self.assertEqual(navigator.getComputerPartitionNews(COMPUTER, free), NOTHING)
        self.computer().bang("hot")
        self.assertEqual(navigator.getComputerNews(COMPUTER), "#error bang: hot")

    def test_software_installations_and_their_news(self):
        self.format("COMP-2", count=0)
        self.supply(OTHER_RELEASE, "COMP-2")
        navigator = self.navigator

        def urls(*computer):
            return [row["url_string"] for row in navigator.getSoftwareInstallationList(*computer)]

        self.assertEqual(urls(), [RELEASE, OTHER_RELEASE])
        self.assertEqual(urls("COMP-1"), [RELEASE])
        self.assertEqual(urls("COMP-9"), [])
        self.assertEqual(
            navigator.getSoftwareInstallationNews("COMP-1", RELEASE), NOTHING + " for SOFTINSTALL-1"
        )
        self.assertEqual(navigator.getSoftwareInstallationNews("COMP-2", RELEASE), NOTHING)
        software = self.slap.registerSoftwareRelease(RELEASE)
        software._computer_guid = COMPUTER
        software.building()
        self.assertEqual(
            navigator.getSoftwareInstallationNews("COMP-1", RELEASE), "#building software release " + RELEASE
        )
        software.available()
        self.assertEqual(
            navigator.getSoftwareInstallationNews("COMP-1", RELEASE), "#access software release %s available" % RELEASE
        )
        self.supply(RELEASE, COMPUTER, state="destroyed")
        self.assertEqual(urls("COMP-1"), [RELEASE])
        software.destroyed()
        self.assertEqual(urls("COMP-1"), [])


class Me(HateoasTestCase):
    """Who asks, and the token for a computer"""

    def test_who_asks(self):
        me = self.navigator.getMeDocument()["data"]
        self.assertEqual((me["portal_type"], me["reference"]), ("Person", "default-user"))

    def test_a_token_is_new_each_time(self):
        tokens = [self.slap.registerToken().request() for _ in range(2)]
        self.assertNotEqual(*tokens)
        self.assertTrue(all(tokens))

    def test_every_field_of_every_document_is_one_that_the_client_takes(self):
        rows = self.navigator.jio_allDocs({"query": "", "select_list": ["relative_url", "portal_type"], "limit": 300})
        kinds = {row["portal_type"] for row in rows["data"]["rows"]}
        self.assertEqual(
            kinds,
            {"Instance Tree", "Software Instance", "Slave Instance", "Compute Node", "Software Installation"},
        )
        for row in rows["data"]["rows"]:
            data = self.navigator.jio_get(row["relative_url"])["data"]
            self.assertEqual(data["portal_type"], row["portal_type"])
            for name in ("reference", "news"):
                self.assertTrue(data[name], row)


class ClientBugs(HateoasTestCase):
    """What no server can satisfy in slapos.core 1.26.1: see COMPATIBILITY.md"""

    def test_news_of_an_instance_are_looked_for_in_the_wrong_place(self):
        with self.assertRaisesRegex(KeyError, "news"):
            self.navigator.getInstanceNews("software_instance_module/1")
        document = self.navigator.jio_get("software_instance_module/1")
        self.assertEqual(document["data"]["news"]["text"], NOTHING + " for SOFTINST-1")

    def test_information_of_a_partition_asks_nothing(self):
        stand_in = StandIn(self.master)
        self.addCleanup(stand_in.close)
        library = slapos.slap.slap()
        library.initializeConnection(stand_in.url)
        partition = library.registerComputerPartition(COMPUTER, "slappart0")
        before = list(stand_in.asked)
        with self.assertRaisesRegex(AttributeError, "getMeUrl|getRelatedInstanceInformation"):
            partition.getInformation("web")
        self.assertEqual(stand_in.asked, before)


class Failures(HateoasTestCase):
    """What the library makes of answers that a healthy master never gives"""

    def behind(self, **answers):
        stand_in = StandIn(self.master, **answers)
        self.addCleanup(stand_in.close)
        # The library remembers for the whole process what an earlier stand-in on this port told it.
        sys.modules["slapos.slap.slap"].getHateoasUrl_cache.clear()
        library = slapos.slap.slap()
        library.initializeConnection(stand_in.url)
        return library

    def test_each_status_at_each_step(self):
        expected = {
            400: requests.HTTPError,
            401: requests.HTTPError,
            403: requests.HTTPError,
            404: NotFoundError,
            408: ResourceNotReady,
            410: requests.HTTPError,
            500: ServerError,
            502: ServerError,
            503: ServerError,
        }
        for code, error in expected.items():
            for step in ("root", "search", "traverse"):
                with self.subTest(code=code, step=step):
                    library = self.behind(**{step: status(code)})
                    with self.assertRaises(error):
                        library.registerOpenOrder().getInformation("web")
                    with self.assertRaises(error):
                        library.registerComputer(COMPUTER).getInformation()
                    if step != "traverse":
                        with self.assertRaises(error):
                            library.getOpenOrderDict()

    def test_what_is_not_json(self):
        for step in ("root", "search", "traverse"):
            with self.assertRaises(ValueError):
                self.behind(**{step: NOT_JSON}).registerOpenOrder().getInformation("web")

    def test_two_rows_of_one_title(self):
        def twice(answer):
            answer["_embedded"]["contents"] *= 2
            return answer

        with self.assertRaises(AssertionError):
            self.behind(search=twice).registerOpenOrder().getInformation("web")

    def test_without_a_url_the_library_goes_on_until_hateoas_is_needed(self):
        for answer in (status(404), status(401), status(500)):
            library = self.behind(url=answer)
            self.assertIsNone(library._hateoas_navigator)
            with self.assertRaisesRegex(Exception, "Hateoas API required"):
                library.getComputerDict()


class Presets(MasterTestCase):
    """What `slapproxy` tells otherwise"""

    options = {"preset": "slapproxy", "default_computer": COMPUTER}

    def test_states_are_plain_words(self):
        self.format(count=2)
        self.request("web")
        self.request("site", shared=True)
        for title in ("web", "site"):
            told = self.slap.registerOpenOrder().getInformation(title)
            self.assertEqual(told._requested_state, "started")
        self.request("web", state="destroyed")
        told = self.slap.registerOpenOrder().getInformation("web")
        self.assertEqual(told._requested_state, "destroyed")


if __name__ == "__main__":
    main()
