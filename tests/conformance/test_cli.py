"""The `slapos` command: what it prints, what it exits with, and what it leaves on the master.

Here are the commands of a client; those of a node are in test_cli_node.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile
import textwrap

from support import COMPUTER, OTHER_RELEASE, MasterTestCase, main

SLAPOS = os.path.join(os.path.dirname(sys.executable), "slapos")

Done = collections.namedtuple("Done", "code out err")

NOT_READY = (
    "Instance requested. Master is provisioning it. Please rerun in a couple of minutes to get connection information."
)


def configure_node(home, url, computer=COMPUTER, count=2, software_root=None):
    """Writes the configuration of a node that needs no privilege: `node.cfg` and what belongs to it."""
    node = """\
        [slapos]
        software_root = {software_root}
        instance_root = {home}/instance
        master_url = {url}/
        computer_id = {computer}
        root_check = False
        pidfile_software = {home}/software.pid
        pidfile_instance = {home}/instance.pid
        pidfile_report = {home}/report.pid
        software_min_free_space = 1M
        instance_min_free_space = 1M

        [slapformat]
        input_definition_file = {home}/definition.cfg
        partition_amount = {count}
        alter_user = false
        alter_network = false
        create_tap = false
        create_tun = false
        partition_has_ipv6_range = false
        computer_xml = {home}/slapos.xml
    """
    software_root = software_root or home + "/software"
    node = textwrap.dedent(node).format(
        home=home, url=url, computer=computer, count=count, software_root=software_root
    )
    definition = "[computer]\naddress = 127.0.0.1/255.255.255.255\n"
    for number in range(count):
        definition += (
            "[partition_%(n)d]\naddress = 127.0.0.1/255.255.255.255 10.0.0.%(n)d/255.255.255.255\n"
            "pathname = slappart%(n)d\nuser = root\nnetwork_interface =\n"
        ) % {"n": number}
    for name, text in (("node.cfg", node), ("definition.cfg", definition)):
        with open(os.path.join(home, name), "w", encoding="utf-8") as file:
            file.write(text)


def run_command(command, home, stdin="", timeout=60, **more_environment):
    """Runs a command to its end, with the configuration that is in a folder."""
    environment = dict(
        os.environ,
        HOME=home,
        SLAPOS_CLIENT_CONFIGURATION=os.path.join(home, "client.cfg"),
        SLAPOS_CONFIGURATION=os.path.join(home, "node.cfg"),
        PYTHONWARNINGS="ignore",
        PYTHONIOENCODING="utf-8",
        COLUMNS="1000",
        **more_environment,
    )
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=home,
        env=environment,
        timeout=timeout,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class CommandTestCase(MasterTestCase):
    """A test with a home of its own: configuration for both kinds of command, and a software release."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        for name in ("instance", "software"):
            os.mkdir(self.path(name), 0o750)
        # A release on this machine, whose description the command finds beside it.
        self.release = self.write("software.cfg", "[buildout]\n")
        self.write(
            "software.cfg.json",
            json.dumps({"name": "Web", "description": "A web site", "serialisation": "xml", "software-type": {}}),
        )
        self.configure(self.master.url)

    def configure(self, url):
        self.write("client.cfg", "[slapos]\nmaster_url = %s/\n\n[slapconsole]\n" % url)
        configure_node(self.home, url)

    def path(self, name):
        return os.path.join(self.home, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def slapos(self, *arguments, stdin=""):
        return self.run_command([sys.executable, SLAPOS, *arguments], stdin)

    def run_command(self, command, stdin=""):
        return run_command(command, self.home, stdin)

    def succeed(self, *arguments, **keywords):
        done = self.slapos(*arguments, **keywords)
        self.assertEqual(done.code, 0, done)
        return done

    def fail_with(self, code, message, *arguments, **keywords):
        done = self.slapos(*arguments, **keywords)
        self.assertEqual(done.code, code, done)
        self.assertIn(message, done.out + done.err)
        return done


class SupplyAndRemove(CommandTestCase):
    """slapos supply, slapos remove"""

    def test_supply_and_remove(self):
        self.format()
        done = self.succeed("supply", OTHER_RELEASE, COMPUTER)
        self.assertEqual(done.out, "")
        self.assertIn("Requesting software installation of %s..." % OTHER_RELEASE, done.err)
        self.assertIn("Done.", done.err)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})
        self.succeed("supply", OTHER_RELEASE, COMPUTER)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})
        done = self.succeed("remove", OTHER_RELEASE, COMPUTER)
        self.assertIn("Requesting deletion of %s Software Release..." % OTHER_RELEASE, done.err)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "destroyed"})

    def test_removing_what_was_never_supplied(self):
        self.format()
        self.succeed("remove", OTHER_RELEASE, COMPUTER)
        self.assertEqual(self.releases(), {})

    def test_an_unknown_computer(self):
        message = "NotFoundError: Computer COMP-9 has not been found by SlapOS Master."
        self.fail_with(1, message, "supply", OTHER_RELEASE, "COMP-9")
        self.fail_with(1, message, "remove", OTHER_RELEASE, "COMP-9")

    def test_a_product_without_release(self):
        self.format()
        message = "No Software Release corresponding to this Software Product has been found."
        self.fail_with(1, message, "supply", "product.web", COMPUTER)
        self.assertEqual(self.releases(), {})

    def test_a_master_that_is_down(self):
        self.master.stop()
        message = "ConnectionError: Couldn't connect to the server."
        self.fail_with(1, message, "supply", OTHER_RELEASE, COMPUTER)


class Product(CommandTestCase):
    """slapos supply product.NAME"""

    def setUp(self):
        fixture = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(fixture.close)
        fixture.write("products:\n  - reference: web\n    releases:\n      - release: %s\n" % OTHER_RELEASE)
        fixture.flush()
        self.options = {"fixture": fixture.name}
        super().setUp()

    def test_the_first_release_is_supplied(self):
        self.format()
        self.succeed("supply", "product.web", COMPUTER)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})


class Request(CommandTestCase):
    """slapos request"""

    def setUp(self):
        super().setUp()
        self.format(count=3)

    def told(self, partition="slappart0"):
        return self.fresh(partition).getInstanceParameterDict()

    def test_parameters_type_and_node(self):
        self.format("COMP-2", count=1)
        done = self.succeed(
            *("request", "web", self.release, "--type", "frontend"),
            *("--node", "computer_guid=COMP-2", "--parameters", "color=blue", "name=é=1")
        )
        self.assertEqual(done.out, "")
        for line in (
            "Validating request parameters for web as an instance of %s ..." % self.release,
            "Requesting web as an instance of %s ..." % self.release,
            "Instance requested.\nState is : started.",
            "Connection parameters of instance are:",
            "You can rerun the command to get up-to-date information.",
        ):
            self.assertIn(line, done.err)
        told = self.partitions("COMP-2")["slappart0"].getInstanceParameterDict()
        self.assertEqual((told["color"], told["name"]), ("blue", "é=1"))
        self.assertEqual((told["slap_software_type"], told["instance_title"]), ("frontend", "web"))
        self.assertEqual(told["slap_software_release_url"], self.release)

    def test_connection_parameters_are_shown(self):
        self.succeed("request", "web", self.release)
        self.assertEqual(self.told()["slap_software_type"], "default")
        self.handle("slappart0").setConnectionDict({"url": "https://[2001:db8::1]/", "é": "ü"})
        done = self.succeed("request", "web", self.release)
        self.assertIn("'url': 'https://[2001:db8::1]/'", done.err)
        self.assertIn("'é': 'ü'", done.err)

    def test_states(self):
        for state in ("stopped", "started"):
            done = self.succeed("request", "web", self.release, "--state", state)
            self.assertIn("State is : %s." % state, done.err)
            self.assertEqual(self.fresh("slappart0").getState(), state)
        self.fail_with(2, NOT_READY, "request", "web", self.release, "--state", "destroyed")
        self.assertEqual(self.fresh("slappart0").getState(), "destroyed")
        self.fail_with(1, "NotFoundError", "request", "web", self.release, "--state", "paused")

    def test_parameter_files(self):
        content = {"color": "blue", "size": 3}
        for number, (name, text) in enumerate(
            (
                ("p.json", json.dumps(content)),
                ("p.yaml", "color: blue\nsize: 3\n"),
                ("p.xml", '<instance><parameter id="color">blue</parameter><parameter id="size">3</parameter></instance>'),
            )
        ):
            title = "web %d" % number
            self.succeed("request", title, self.release, "--parameters-file", self.write(name, text))
            told = self.told("slappart%d" % number)
            self.assertEqual(told["instance_title"], title)
            self.assertEqual((told["color"], told["size"]), ("blue", "3"))

    def test_a_parameter_file_as_json_in_xml(self):
        file = self.write("p.json", '{"color": "blü", "sizes": [1, 2]}')
        self.succeed(
            *("request", "web", OTHER_RELEASE, "--parameters-file", file, "--force-serialisation", "json-in-xml")
        )
        self.assertEqual(json.loads(self.told()["_"]), {"color": "blü", "sizes": [1, 2]})
        self.handle("slappart0").setConnectionDict({"_": '{"url": "https://here/"}'})
        done = self.succeed("request", "web", OTHER_RELEASE)
        self.assertIn("{'url': 'https://here/'}", done.err)

    def test_a_parameter_file_without_a_description_of_the_release(self):
        file = self.write("p.json", "{}")
        self.fail_with(1, "TypeError", "request", "web", OTHER_RELEASE, "--parameters-file", file)
        self.assert_free("slappart0")

    def test_a_shared_instance_shows_its_own_connection_parameters(self):
        self.succeed("request", "host", self.release)
        self.succeed("request", "site", self.release, "--slave", "--parameters", "domain=example.com")
        entry = self.told()["slave_instance_list"][0]
        self.assertEqual((entry["slave_title"], entry["domain"]), ("site", "example.com"))
        self.handle("slappart0").setConnectionDict({"url": "the host's"})
        self.handle("slappart0").setConnectionDict({"url": "the site's"}, entry["slave_reference"])
        done = self.succeed("request", "site", self.release, "--slave", "--parameters", "domain=example.com")
        self.assertIn("the site's", done.err)
        self.assertNotIn("the host's", done.err)
        self.assertIn("State is : started.", done.err)

    def test_nothing_free_is_not_ready(self):
        for number in range(3):
            self.request("busy %d" % number)
        done = self.fail_with(2, NOT_READY, "request", "web", OTHER_RELEASE)
        self.assertEqual(done.out, "")
        self.request("busy 0", state="destroyed")
        self.handle("slappart0").destroyed()
        self.succeed("request", "web", OTHER_RELEASE)

    def test_an_unknown_node_is_not_ready(self):
        self.fail_with(2, NOT_READY, "request", "web", OTHER_RELEASE, "--node", "computer_guid=COMP-9")

    def test_what_the_command_refuses_by_itself(self):
        self.fail_with(1, "ValueError", "request", "web", OTHER_RELEASE, "--parameters", "a=1", "a=2")
        self.fail_with(1, "No Software Release", "request", "web", "product.web")
        self.assert_free("slappart0")

    def test_a_title_that_is_refused(self):
        self.fail_with(1, "HTTPError: 400", "request", "", OTHER_RELEASE)

    def test_another_kind_is_a_server_error(self):
        self.request("web", OTHER_RELEASE)
        self.fail_with(1, "ServerError", "request", "web", OTHER_RELEASE, "--slave")

    def test_a_master_that_is_down(self):
        self.master.stop()
        self.fail_with(1, "ConnectionError: Couldn't connect to the server.", "request", "web", OTHER_RELEASE)


class Console(CommandTestCase):
    """slapos console SCRIPT"""

    def test_a_script_drives_the_master_and_prints(self):
        self.format()
        script = self.write(
            "script.py",
            "import sys\n"
            "supply(sys.argv[1], 'COMP-1')\n"
            "partition = request(sys.argv[1], 'web', partition_parameter_kw={'color': 'blue'})\n"
            "print('on', partition.getId(), partition.getState())\n"
            "print(len(slap.registerComputer('COMP-1').getComputerPartitionList()))\n",
        )
        done = self.succeed("console", script, OTHER_RELEASE)
        self.assertEqual(done.out, "on slappart0 started\n2\n")
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})
        self.assertEqual(self.fresh("slappart0").getInstanceParameter("color"), "blue")

    def test_an_exception_in_a_script(self):
        script = self.write("script.py", "supply('x', 'COMP-9')\n")
        self.fail_with(
            1, "NotFoundError: Computer COMP-9 has not been found by SlapOS Master.", "console", script
        )

    def test_typed_lines(self):
        self.format()
        done = self.succeed("console", "--python", stdin="print(request('r', 'web').getId())\n")
        self.assertIn("slappart0", done.out)


class Commands(CommandTestCase):
    """The environment of these tests itself."""

    def test_the_commands_that_are_tested_are_there(self):
        done = self.succeed("--help")
        for command in ("supply", "remove", "request", "console", "node bang", "node format", "proxy start"):
            self.assertIn("  %s " % command, done.out)


if __name__ == "__main__":
    main()
