"""Software on a real node: `slapos node software`."""

import os

from slapos.slap import NotFoundError

from relay import status
from support import main
from support_node import NodeTestCase, Release

BUILDING = "buildingSoftwareRelease"
AVAILABLE = "availableSoftwareRelease"
FAIL = "softwareReleaseError"
DESTROYED = "destroyedSoftwareRelease"


class SoftwareTestCase(NodeTestCase):
    """A node that has no software yet"""

    partition_count = 0

    def new_release(self, version="1", **options):
        release = Release(self.node.home, version, **options)
        self.supply(release.url)
        return release

    def run_software(self, *reported, code=0, options=()):
        """slapos node software, and what it has to report, call by call."""
        done = self.run_node("software", *options, code=code)
        self.assertEqual(self.relay.posted, list(reported), done.err)
        return done

    def assert_told(self, text, release):
        self.assertEqual(self.software_status(release.url)["text"], text.format(url=release.url))

    def built(self):
        """What is in the folder for software."""
        return os.listdir(self.node.software_root)


class Building(SoftwareTestCase):
    """Built, built again, removed"""

    def test_it_is_built_told_and_removed(self):
        release = self.new_release()
        self.assert_told("#error no data found for SOFTINSTALL-1", release)
        self.run_software(BUILDING, AVAILABLE)
        self.assert_told("#access software release {url} available", release)
        self.assertEqual(self.software_status(release.url)["state"], "available")
        self.assertEqual(self.releases(), {release.url: "available"})
        (folder,) = self.built()
        self.assertTrue(os.path.exists(os.path.join(self.node.software_root, folder, "instance.cfg")))

        # What is there is not built again, nor told again, unless that is asked for.
        self.run_software()
        self.run_software(BUILDING, AVAILABLE, options=["--force"])

        self.supply(release.url, state="destroyed")
        self.assertEqual(self.releases(), {release.url: "destroyed"})
        self.run_software(DESTROYED)
        self.assertEqual(self.built(), [])
        self.assertEqual(self.releases(), {})
        self.run_software()

    def test_nothing_to_do(self):
        self.run_software()
        self.assertEqual(self.relay.asked, ["getHateoasUrl", "getFullComputerInformation"])

    def test_only_one_release_is_asked_for(self):
        first = self.new_release("1", parts="unseen")
        second = self.new_release("2", parts="unseen")
        self.run_software(BUILDING, FAIL, code=1, options=["--only-sr", first.url])
        self.assert_told("#error while installing {url}", first)
        self.assert_told("#error no data found for SOFTINSTALL-2", second)


class Failing(SoftwareTestCase):
    """What goes wrong"""

    def test_a_build_that_fails_is_told_until_it_succeeds(self):
        release = self.new_release(parts="bricks")
        done = self.run_software(BUILDING, FAIL, code=1)
        self.assertIn("Error: The referenced section, 'bricks', was not defined.", done.err)
        self.assert_told("#error while installing {url}", release)
        release.write()
        self.run_software(BUILDING, AVAILABLE)
        self.assert_told("#access software release {url} available", release)

    def test_a_profile_that_is_not_there(self):
        release = self.new_release()
        os.unlink(release.url)
        self.run_software(BUILDING, FAIL, code=1)
        self.assert_told("#error while installing {url}", release)

    def test_a_report_that_the_master_does_not_take_is_only_logged(self):
        release = self.new_release(parts="bricks")
        self.relay.answers[FAIL] = status(500)
        self.run_software(BUILDING, FAIL, code=1)
        self.assert_told("#building software release {url}", release)

    def test_success_that_the_master_does_not_take_is_a_failure(self):
        release = self.new_release()
        self.relay.answers[AVAILABLE] = status(503)
        self.run_software(BUILDING, AVAILABLE, FAIL, code=1)
        self.assert_told("#error while installing {url}", release)
        # Nothing was forgotten: the next pass does it again.
        self.relay.answers.clear()
        self.run_software(BUILDING, AVAILABLE)
        self.assert_told("#access software release {url} available", release)

    def test_a_computer_that_the_master_does_not_know(self):
        self.node.configure(computer_id="COMP-9")
        done = self.run_software(code=1)
        self.assertIn("NotFoundError: ", done.err)
        self.assertIn("/getComputerInformation", done.err)
        asked = ["getHateoasUrl", "getFullComputerInformation", "getComputerInformation"]
        self.assertEqual(self.relay.asked, asked)
        self.assertRaises(NotFoundError, self.computer("COMP-9").getComputerPartitionList)

    def test_no_list_can_be_had(self):
        self.relay.answers["getFullComputerInformation"] = status(500)
        self.assertIn("slapos.slap.exception.ServerError", self.run_software(code=1).err)
        self.relay.close()
        self.assertIn("slapos.slap.exception.ConnectionError", self.run_software(code=1).err)


if __name__ == "__main__":
    main()
