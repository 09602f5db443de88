"""The `slapos node` commands that talk to a master and need no privilege."""

from support import main
from test_cli import CommandTestCase


class NodeBang(CommandTestCase):
    """slapos node bang"""

    def test_with_and_without_a_message(self):
        self.format()
        self.request("web")
        before = self.timestamp("slappart0")
        done = self.succeed("node", "bang", "-m", "wake up")
        self.assertEqual(done.out, "Banging to '%s/'\nBang with message 'wake up'\n" % self.master.url)
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: wake up")
        self.assertGreater(self.timestamp("slappart0"), before)
        self.succeed("node", "bang")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: None")

    def test_an_unknown_computer(self):
        done = self.fail_with(1, "NotFoundError", "node", "bang", "-m", "x")
        self.assertEqual(done.out, "Banging to '%s/'\n" % self.master.url)

    def test_a_master_that_is_down(self):
        self.master.stop()
        self.fail_with(1, "ConnectionError", "node", "bang")


class NodeFormat(CommandTestCase):
    """slapos node format, on a definition that needs no privilege"""

    def test_what_slapformat_finds_is_posted(self):
        done = self.succeed("node", "format", "--now")
        self.assertIn("slapos successfully prepared the computer.", done.err)
        self.assertEqual(list(self.partitions()), ["slappart0", "slappart1"])
        web = self.request("web")
        self.assertEqual(web.ip_list, [("slappart0", "127.0.0.1"), ("slappart0", "10.0.0.0")])
        self.succeed("node", "format", "--now")
        self.assertEqual(self.request("web").timestamp, web.timestamp)

    def test_a_dry_run_posts_nothing(self):
        self.succeed("node", "format", "--now", "--dry_run")
        self.assert_not_found(self.computer().getComputerPartitionList)

    def test_a_master_that_is_down(self):
        self.master.stop()
        done = self.fail_with(2, "failed to transfer information to", "node", "format", "--now")
        self.assertIn("slapos successfully prepared the computer.", done.err)


class NodeFormatRefused(CommandTestCase):
    """slapos node format where the computer must be known: --preset real"""

    options = {"preset": "real"}

    def test_an_unknown_computer(self):
        self.fail_with(2, "This SlapOS node is not recognised by SlapOS Master", "node", "format", "--now")


if __name__ == "__main__":
    main()
