"""A computer's life from its token to its next one: the show-case, by commands and by the library."""

import configparser
import os
import re

from slapos.slap import ResourceNotReady

from support import computer_configuration, dumps, main, partition_configuration
from support_tls import ACCESS_DENIED, RegisterTestCase, TlsTestCase

RELEASE = "https://example.invalid/software/web/software.cfg"


class ByCommands(RegisterTestCase):
    """cli-checklist.md, section 5: what a person types"""

    world = {"tokens": [{"value": "alice-token", "purpose": "user"}]}

    def new_computer_token(self):
        done = self.succeed("computer", "token", "--cfg", self.me)
        return re.fullmatch("Computer token: (\\S+)\n", done.out)[1]

    def settings(self):
        parser = configparser.ConfigParser()
        parser.read(self.configuration)
        return parser["slapos"]

    def make_formattable(self):
        """What an engineer would set for a node without privileges: the rest is as it was written."""
        parser = configparser.ConfigParser()
        parser.read(self.path("node.cfg"))
        for name in ("computer_id", "master_url", "key_file", "cert_file"):
            parser["slapos"][name] = self.settings()[name]
        with open(self.configuration, "w", encoding="utf-8") as file:
            parser.write(file)

    def node(self):
        """The node's agent: the library with what `slapos.cfg` says, as slapgrid uses it."""
        settings = self.settings()
        self.assertEqual(settings["master_url"].rstrip("/"), self.master.tls_url)
        library = self.connect(self.computer_files)
        return library.registerComputer(settings["computer_id"])

    def test_from_token_to_revocation_and_back(self):
        # A person makes herself known, and may then ask for a token of a computer.
        self.me = self.path("me/slapos-client.cfg")
        self.assertEqual(self.configure_client("alice-token", self.me).code, 0)
        token = self.new_computer_token()

        # The token makes one computer.
        self.assert_registered("COMP-1", self.register("Paris 1", token))
        self.make_formattable()
        again = self.register("Paris 2", token)
        self.assertEqual(again.code, 1, again)
        self.assertIn(ACCESS_DENIED, again.err)

        # The computer says what it has, is told what to install, and installs it.
        self.succeed("node", "format", "--now", "--cfg", self.configuration)
        self.assertEqual([p.getId() for p in self.node().getComputerPartitionList()], ["slappart0", "slappart1"])
        self.succeed("supply", self.release, "COMP-1", "--cfg", self.me)
        (release,) = self.node().getSoftwareReleaseList()
        self.assertEqual((release.getURI(), release.getState()), (self.release, "available"))
        release.building()
        release.available()

        # A person asks for an instance, the computer starts it, and the person may use it.
        request = ["request", "shop", self.release, "--cfg", self.me]
        done = self.succeed(*request)
        self.assertIn("State is : started.", done.err)
        shop = self.node().getComputerPartitionList()[0]
        self.assertEqual(shop.getState(), "started")
        shop.setConnectionDict({"url": "https://shop.example.org/"})
        shop.started()
        self.assertIn("'url': 'https://shop.example.org/'", self.succeed(*request).err)

        # Stopped, destroyed, gone.
        self.succeed(*request, "--state", "stopped")
        self.assertEqual(self.node().getComputerPartitionList()[0].getState(), "stopped")
        self.fail_with(2, "Please rerun in a couple of minutes", *request, "--state", "destroyed")
        self.node().getComputerPartitionList()[0].destroyed()
        self.assert_free("slappart0")
        self.succeed("remove", self.release, "COMP-1", "--cfg", self.me)
        self.node().getSoftwareReleaseList()[0].destroyed()
        self.assertEqual(self.node().getSoftwareReleaseList(), [])
        self.succeed("node", "bang", "-m", "all is done", "--cfg", self.configuration)

        # Somebody lost the key. From now on nobody is COMP-1 ...
        script = self.write("revoke.py", "slap.registerComputer('COMP-1').revokeCertificate()")
        name_in_use = self.register("Paris 1", self.new_computer_token())
        self.assertIn('The node name "Paris 1" is already in use.', name_in_use.err)
        self.succeed("console", "--cfg", self.me, script)
        self.fail_with(1, "HTTPError: 401 ", "node", "bang", "--cfg", self.configuration)

        # ... until it is registered again, which makes it the computer that it was.
        self.assert_registered("COMP-1", self.register("Paris 1", self.new_computer_token()))
        self.succeed("node", "bang", "-m", "back again", "--cfg", self.configuration)
        self.assertEqual([p.getId() for p in self.node().getComputerPartitionList()], ["slappart0", "slappart1"])
        old = os.path.join(self.etc + ".old", "slapos.cfg")
        with open(old, encoding="utf-8") as file:
            text = file.read().replace(self.etc, self.etc + ".old")
        with open(old, "w", encoding="utf-8") as file:
            file.write(text)
        self.fail_with(1, "HTTPError: 401 ", "node", "bang", "--cfg", old)


class ByTheLibrary(TlsTestCase):
    """What slapformat, slapgrid, recipes and a person do, each with a certificate of its own"""

    world = {
        "users": [{"reference": "alice", "functions": {"PROJ-1": ["customer"]}}],
        "tokens": [
            {"value": "computer-token", "purpose": "computer"},
            {"value": "manager-token", "purpose": "user"},
            {"value": "alice-token", "purpose": "user", "user": "alice"},
        ],
    }

    def test_every_caller_does_its_part(self):
        answer = self.session().post(
            self.master.tls_url + "/Person_requestComputer",
            headers={"X-Access-Token": "computer-token"},
            data={"title": "Paris 1"},
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        registered = answer.json()
        self.assertEqual(registered["reference"], "COMP-1")
        self.assertRegex(registered["relative_url"], r"\Acompute_node_module/[0-9]+\Z")
        node = self.connect(self.identity(registered))
        manager = self.connect(self.user_identity("manager-token"))
        alice = self.connect(self.user_identity("alice-token"))

        # slapformat
        configuration = computer_configuration("COMP-1", [partition_configuration(number) for number in range(2)])
        node.registerComputer("COMP-1").updateConfiguration(dumps(configuration))
        # slapgrid, installing
        manager.registerSupply().supply(RELEASE, "COMP-1")
        (release,) = node.registerComputer("COMP-1").getSoftwareReleaseList()
        release.building()
        release.available()
        # A person
        order = alice.registerOpenOrder()
        wanted = order.request(RELEASE, "shop", partition_parameter_kw={"colour": "blue"})
        self.assertEqual(wanted.getConnectionParameterDict(), {})
        # slapgrid, with the certificate that it gives to the partition
        partition = node.registerComputer("COMP-1").getComputerPartitionList()[0]
        self.assertEqual(partition.getInstanceParameterDict()["colour"], "blue")
        shop = self.connect(self.identity(partition.getCertificate()))
        # A recipe within
        mine = shop.registerComputerPartition("COMP-1", partition.getId())
        database = mine.request(RELEASE, "default", "database")
        self.assertEqual(database.getConnectionParameterDict(), {})
        mine.setConnectionDict({"url": "https://shop.example.org/"})
        mine.started()
        # slapgrid again, for the child
        child = node.registerComputer("COMP-1").getComputerPartitionList()[1]
        within = self.connect(self.identity(child.getCertificate()))
        within.registerComputerPartition("COMP-1", child.getId()).setConnectionDict({"port": "5432"})
        child.started()
        self.assertEqual(mine.request(RELEASE, "default", "database").getConnectionParameterDict(), {"port": "5432"})

        # What the person reads
        shown = order.request(RELEASE, "shop", partition_parameter_kw={"colour": "blue"})
        self.assertEqual(shown.getConnectionParameterDict(), {"url": "https://shop.example.org/"})
        self.assertEqual(shown.getState(), "started")
        for which in ("slappart0", "slappart1"):
            self.assertEqual(self.partition_status(which)["text"], "#access Instance correctly started")
        self.assertEqual(self.partition_status("slappart0")["user"], partition.getInstanceGuid())
        self.assertEqual(self.partition_status("slappart1")["user"], "COMP-1")

        # The end of the tree is the end of its certificates, not of the computer's.
        with self.assertRaises(ResourceNotReady):
            order.request(RELEASE, "shop", state="destroyed").getId()
        for gone in node.registerComputer("COMP-1").getComputerPartitionList():
            self.assertEqual(gone.getState(), "destroyed")
            gone.destroyed()
        self.assert_refused(mine.setConnectionDict, {"url": "https://gone.example.org/"})
        self.assert_refused(within.registerComputer("COMP-1").getComputerPartitionList)
        for name in ("slappart0", "slappart1"):
            self.assert_free(name)
        node.registerComputer("COMP-1").bang("still here")


if __name__ == "__main__":
    main()
