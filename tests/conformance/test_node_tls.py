"""A real node over https, with the certificate that `slapos node register` obtained."""

import os
import stat

from support import main
from support_node import STARTED, STOPPED, Node, Release, change_configuration
from support_tls import RegisterTestCase

COMPUTER = "COMP-1"


class OverTls(RegisterTestCase):
    """A node from its token to the end of its certificate"""

    world = {"tokens": [{"value": "one-token", "purpose": "computer"}]}

    def setUp(self):
        super().setUp()
        self.node = Node(self.master.tls_url)
        self.addCleanup(self.node.close)
        self.release = Release(self.node.home, "1").url

    def run_node(self, *arguments, code=0):
        """slapos node …, with the configuration that was written by registering."""
        done = self.node.slapos(*arguments, "--cfg", self.configuration)
        self.assertEqual(done.code, code, done.err)
        return done

    def register_node(self):
        roots = ["--instance-root", self.node.path("instance"), "--software-root", self.node.software_root]
        self.assert_registered(COMPUTER, self.register("Paris 1", "one-token", *roots))
        # What its administrator would change who has it run without privileges and without a network.
        change_configuration(
            self.configuration,
            "slapos",
            root_check="False",
            **{"pidfile_" + name: self.node.path(name + ".pid") for name in ("software", "instance", "report")}
        )
        change_configuration(
            self.configuration,
            "slapformat",
            input_definition_file=self.node.path("definition.cfg"),
            computer_xml=self.node.path("slapos.xml"),
            log_file=self.node.path("format.log"),
            partition_amount="2",
            alter_user="false",
            alter_network="false",
            create_tap="false",
            partition_has_ipv6_range="false",
        )

    def assert_told(self, text, partition="slappart0"):
        status = self.partition_status(partition)
        self.assertEqual(status["text"], text)
        # Only a certificate says so here.
        self.assertEqual(status["user"], COMPUTER)

    def connection(self, partition="slappart0"):
        return self.handle(partition).getConnectionParameterDict()

    def test_its_whole_life(self):
        self.register_node()
        self.run_node("format", "--now")
        self.assertEqual(list(self.partitions()), ["slappart0", "slappart1"])
        self.assertEqual(self.computer().getStatus()["user"], COMPUTER)

        self.supply(self.release)
        self.run_node("software")
        status = self.software_status(self.release)
        self.assertEqual(status["text"], "#access software release %s available" % self.release)
        self.assertEqual(status["user"], COMPUTER)

        # Each instance requests and publishes with the certificate that the node fetched for it.
        wishes = {"greeting": "hello", "child": "db", "shared": "site"}
        self.request("web", self.release, partition_parameter_kw=wishes)
        for _ in range(3):
            self.run_node("instance")
        self.assertEqual(
            self.connection(),
            {
                "url": "trivial://slappart0/",
                "release": "1",
                "greeting": "hello",
                "db": "trivial://slappart1/",
                "site": "trivial://slappart1/site",
            },
        )
        self.assertEqual(set(self.node.processes()), {"slappart0:work-on-watch", "slappart1:work-on-watch"})
        for partition in ("slappart0", "slappart1"):
            self.assert_told(STARTED, partition)
            self.assert_has_its_certificate(partition)

        # A promise bangs with that certificate too.
        before = self.timestamp("slappart0")
        self.node.write("slappart0", "broken", "the tank is dry")
        self.run_node("instance")
        self.assertTrue(self.partition_status("slappart0")["text"].endswith("the tank is dry"))
        self.assertGreater(self.timestamp("slappart0"), before)
        os.unlink(self.node.place("slappart0", "broken"))
        self.run_node("instance")
        self.assert_told(STARTED)
        self.run_node("promise")

        self.request("web", self.release, partition_parameter_kw=wishes, state="stopped")
        self.run_node("instance")
        for partition in ("slappart0", "slappart1"):
            self.assert_told(STOPPED, partition)
        self.assertEqual(self.node.processes(), {})

        self.assert_not_ready(self.request("web", self.release, state="destroyed"))
        self.run_node("report")
        for partition in ("slappart0", "slappart1"):
            self.assert_free(partition)
            self.assertEqual(os.listdir(self.node.place(partition)), [])
        self.assertEqual(os.listdir(self.repository()), [])
        self.run_node("bang", "-m", "all is done")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: all is done")

        # Without a certificate that counts, it is as if the master were not there.
        self.slap.registerComputer(COMPUTER).revokeCertificate()
        self.run_node("instance", code=3)
        self.assertIn("HTTPError: 401 ", self.run_node("software", code=1).err)

    def repository(self):
        return os.path.join(self.etc, "ssl/partition_pki")

    def assert_has_its_certificate(self, partition):
        told = self.handle(partition).getCertificate()
        for ending, kind in (("crt", "certificate"), ("key", "key")):
            path = os.path.join(self.repository(), "%s.%s" % (partition, ending))
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), told[kind])
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o400)
            self.assertIn("%s_file = %s" % (ending.replace("crt", "cert"), path), self.node.read(partition, "buildout.cfg"))


if __name__ == "__main__":
    main()
