"""Software of a computer: supplied, reported on, destroyed; and the releases of a product."""

import logging
import tempfile

from slapos.slap import SoftwareProductCollection

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main, text_of


class Supply(MasterTestCase):
    """Supply.supply."""

    def setUp(self):
        super().setUp()
        self.format()

    def test_the_node_sees_what_was_supplied(self):
        self.assertEqual(self.releases(), {})
        self.supply()
        self.assertEqual(self.releases(), {RELEASE: "available"})
        release = self.release()
        self.assertEqual((release.getURI(), release.getComputerId()), (RELEASE, COMPUTER))
        self.assertEqual(release._software_instance_list, [])

    def test_the_state_may_be_left_out(self):
        self.assert_status(200, self.master.post("supplySupply", url=RELEASE, computer_id=COMPUTER))
        self.assertEqual(self.releases(), {RELEASE: "available"})

    def test_supplying_again_keeps_one_installation(self):
        self.supply()
        self.supply(state="available")
        self.assertEqual(self.releases(), {RELEASE: "available"})

    def test_destroying_what_was_never_supplied_creates_nothing(self):
        self.supply(state="destroyed")
        self.assertEqual(self.releases(), {})

    def test_destroying_stays_listed_until_it_is_reported(self):
        self.supply()
        self.supply(OTHER_RELEASE)
        self.supply(state="destroyed")
        self.supply(state="destroyed")
        self.assertEqual(self.releases(), {RELEASE: "destroyed", OTHER_RELEASE: "available"})
        self.release().destroyed()
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})

    def test_supplying_during_destruction_starts_over(self):
        self.supply()
        self.release().available()
        self.supply(state="destroyed")
        self.supply()
        self.assertEqual(self.releases(), {RELEASE: "available"})
        self.assertEqual(self.software_status()["no_data"], 1)
        self.assert_not_found(self.release().destroyed)

    def test_supplying_after_destruction_works(self):
        self.supply()
        self.supply(state="destroyed")
        self.release().destroyed()
        self.supply()
        self.assertEqual(self.releases(), {RELEASE: "available"})

    def test_an_unknown_state_is_not_found_and_creates_nothing(self):
        self.assert_not_found(self.supply, state="mana")
        self.assertEqual(self.releases(), {})
        self.supply()
        self.assert_not_found(self.supply, state="mana")
        self.assertEqual(self.releases(), {RELEASE: "available"})

    def test_an_unknown_computer_is_not_found(self):
        with self.assertRaisesRegex(Exception, "Computer COMP-9 has not been found by SlapOS Master."):
            self.supply(computer="COMP-9")
        self.assert_not_found(self.computer("COMP-9").getSoftwareReleaseList)

    def test_no_computer_is_sent_as_the_text_none_and_not_found(self):
        with self.assertRaisesRegex(Exception, "Computer None has not been found by SlapOS Master."):
            self.slap.registerSupply().supply(RELEASE)

    def test_one_computer_does_not_see_the_software_of_another(self):
        self.format("COMP-2")
        self.supply()
        self.assertEqual(self.releases("COMP-2"), {})

    def test_any_text_may_be_a_release(self):
        for release in ("/a/local/path/software.cfg", "product & <é€😀>"):
            self.supply(release)
            self.assertEqual(self.releases()[release], "available")


class Reports(MasterTestCase):
    """SoftwareRelease.building, available, error, destroyed, and what they leave behind."""

    def setUp(self):
        super().setUp()
        self.format()
        self.supply()

    def test_nothing_reported_is_no_data(self):
        status = self.software_status()
        self.assertEqual(status["no_data"], 1)
        self.assertEqual(status["portal_type"], "Software Installation")
        self.assertEqual(status["text"], "#error no data found for " + status["reference"])

    def test_building(self):
        self.release().building()
        status = self.software_status()
        self.assertEqual(status["text"], "#building software release " + RELEASE)
        self.assertEqual(status["state"], "building")
        self.assertEqual(status["user"], COMPUTER)
        self.assertEqual(status["portal_type"], "Software Installation")
        self.assertRegex(status["reference"], r"^SOFTINSTALL-\d+$")

    def test_available(self):
        self.release().building()
        self.release().available()
        status = self.software_status()
        self.assertEqual(status["text"], "#access software release %s available" % RELEASE)
        self.assertEqual(status["state"], "available")
        self.assertNotIn("no_data", status)

    def test_an_error_drops_the_log_and_keeps_the_state(self):
        self.release().available()
        self.release().error("it \x1b[31mbroke\x1b[0m " * 100)
        status = self.software_status()
        self.assertEqual(status["text"], "#error while installing " + RELEASE)
        self.assertEqual(status["state"], "available")

    def test_reports_do_not_change_what_is_wanted(self):
        self.release().available()
        self.release().error("no")
        self.assertEqual(self.releases(), {RELEASE: "available"})

    def test_destroyed_without_being_asked_is_not_found(self):
        self.release().available()
        self.assert_not_found(self.release().destroyed)
        self.assertEqual(self.releases(), {RELEASE: "available"})
        self.assertEqual(self.software_status()["state"], "available")

    def test_a_destruction_may_still_report_its_building(self):
        self.supply(state="destroyed")
        self.release().building()
        self.assertEqual(self.software_status()["state"], "building")

    def test_reports_on_what_is_not_supplied_are_not_found(self):
        release = self.release()
        release._software_release = OTHER_RELEASE
        self.assert_not_found(release.building)
        self.assert_not_found(release.available)
        self.assert_not_found(release.destroyed)
        fields = {"url": OTHER_RELEASE, "computer_id": COMPUTER, "error_log": "broken"}
        self.assert_status(404, self.master.post("softwareReleaseError", fields))
        self.assertEqual(self.software_status(OTHER_RELEASE)["no_data"], 1)

    def test_the_library_swallows_that_an_error_could_not_be_reported(self):
        release = self.release()
        release._software_release = OTHER_RELEASE
        release.error("broken", logger=logging.Logger("silent"))

    def test_reports_from_an_unknown_computer_are_not_found(self):
        release = self.release()
        release._computer_guid = "COMP-9"
        self.assert_not_found(release.building)
        self.assert_not_found(release.available)
        self.assert_not_found(release.destroyed)

    def test_the_status_of_what_was_never_supplied_is_no_data_of_its_url(self):
        status = self.software_status(OTHER_RELEASE)
        self.assertEqual(status["no_data"], 1)
        self.assertEqual(status["reference"], OTHER_RELEASE)
        self.assertEqual(status["portal_type"], "Software Installation")

    def test_the_status_on_an_unknown_computer_is_not_found(self):
        answer = self.master.get("getSoftwareInstallationStatus", url=RELEASE, computer_id="COMP-9")
        self.assert_status(404, answer)

    def test_an_unbound_release_knows_its_url_but_no_computer(self):
        release = self.slap.registerSoftwareRelease(RELEASE)
        self.assertEqual(release.getURI(), RELEASE)
        self.assertEqual(release.getState(), "available")
        self.assertRaises(NameError, release.getComputerId)


PRODUCTS = """
products:
  - reference: web
    releases:
      - release: https://example.invalid/web/1/software.cfg
        effective_date: 2020-01-01T00:00:00Z
      - release: https://example.invalid/web/3/software.cfg
        effective_date: 2999-01-01T00:00:00Z
      - release: https://example.invalid/web/2/software.cfg
        effective_date: 2021-01-01T00:00:00Z
"""


class Products(MasterTestCase):
    """slap.getSoftwareReleaseListFromSoftwareProduct and SoftwareProductCollection."""

    def setUp(self):
        fixture = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(fixture.close)
        fixture.write(PRODUCTS)
        fixture.flush()
        self.options = {"fixture": fixture.name}
        super().setUp()

    WEB = ["https://example.invalid/web/%d/software.cfg" % number for number in (2, 1, 3)]

    def test_releases_come_newest_first_and_those_of_the_future_last(self):
        ask = self.slap.getSoftwareReleaseListFromSoftwareProduct
        self.assertEqual(ask(software_product_reference="web"), self.WEB)
        self.assertEqual(ask(software_release_url=self.WEB[2]), self.WEB)

    def test_the_collection_gives_the_best_release(self):
        collection = SoftwareProductCollection(logging.Logger("silent"), self.slap)
        self.assertEqual(collection.web, self.WEB[0])
        self.assertEqual(collection.get("web"), self.WEB[0])
        with self.assertRaises(AttributeError):
            collection.get("unknown")

    def test_an_unknown_product_has_no_release(self):
        self.assertEqual(self.slap.getSoftwareReleaseListFromSoftwareProduct("unknown"), [])

    def test_an_unknown_release_is_not_found(self):
        self.assert_not_found(self.slap.getSoftwareReleaseListFromSoftwareProduct, software_release_url="http://no")

    def test_exactly_one_of_the_two_names_is_wanted(self):
        name = "getSoftwareReleaseListFromSoftwareProduct"
        both = self.master.get(name, software_product_reference="web", software_release_url=self.WEB[0])
        self.assert_status(400, both)
        self.assertIn("software_product_reference", text_of(both))
        self.assert_status(400, self.master.get(name))
        for wrong in ({}, {"software_product_reference": "web", "software_release_url": "x"}):
            with self.assertRaises(AttributeError):
                self.slap.getSoftwareReleaseListFromSoftwareProduct(**wrong)

    def test_an_unknown_project_is_not_found(self):
        name = "getSoftwareReleaseListFromSoftwareProduct"
        answer = self.master.get(name, software_product_reference="web", project_reference="PROJ-99")
        self.assert_status(404, answer)


class UnknownProducts(MasterTestCase):
    """The same where no product is known at all."""

    def test_any_product_has_no_release(self):
        self.assertEqual(self.slap.getSoftwareReleaseListFromSoftwareProduct("web"), [])


if __name__ == "__main__":
    main()
