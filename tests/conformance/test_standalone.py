"""StandaloneSlapOS and the test framework of slapos.core, with slapmaster for their master.

What makes it their master is the documented recipe itself, `examples/standalone/slapos`.
"""

import contextlib
import os
import socket
import subprocess
import sys
import unittest
import unittest.mock

from slapos.slap.standalone import StandaloneSlapOS
from slapos.testing.utils import getPortFromPath
from slapos.util import loads
from support import Master, main, requests
from support_node import (
    STARTED,
    WITHOUT_AN_INDEX,
    Release,
    end_processes,
    node_folder,
    processes_of,
    slapos_without_privilege,
)

RECIPE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../examples/standalone/slapos"))

# What StandaloneSlapOS calls its computer.
COMPUTER = "local"

# What the framework has another program do, which knows the recipes of Nexedi alone: it is no
# matter of the master's.
BILL_OF_MATERIALS = """\
#!/bin/sh
echo '{}' > "$3"
"""

# A test of a software release as people write them: nothing in it is about the master.
TEST_OF_A_RELEASE = """\
from slapos.testing.testcase import makeModuleSetUpAndTestCaseClass

setUpModule, InstanceTestCase = makeModuleSetUpAndTestCaseClass(%r, serve_software_release_from_url=False)


class OfAnInstance(InstanceTestCase):
    __partition_reference__ = "t"
    partition_count = 2

    @classmethod
    def getInstanceParameterDict(cls):
        return {"greeting": "hello", "child": "database"}

    def test(self):
        published = self.computer_partition.getConnectionParameterDict()
        self.assertEqual((published["url"], published["greeting"]), ("trivial://t0/", "hello"))
        self.assertTrue((self.computer_partition_root_path / "parameters.json").is_file())
        self.assertEqual(self.computer_partition_ipv6_address, "::1")
        self.assertEqual(self.getPartitionId(self.default_partition_reference), "t0")
        self.assertEqual(self.getPartitionId("database"), "t1")
"""


def free_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class StandaloneTestCase(unittest.TestCase):
    """A test with a folder for a StandaloneSlapOS, and the software release.

    `self.environment` finds in PATH: `slapos`, which refuses to work for root, in the way in which it
    can be called here; slapmaster; then what is installed with slapos.core.
    """

    def setUp(self):
        folder = node_folder()
        self.addCleanup(folder.cleanup)
        self.addCleanup(end_processes, folder.name)
        self.folder = folder.name
        self.base = self.new_base()
        self.release = Release(folder.name, "1").url
        self.bin = self.path("bin")
        os.mkdir(self.bin)
        command = " ".join("'%s'" % word.replace("'", "'\\''") for word in slapos_without_privilege())
        self.write_command("slapos", '#!/bin/sh\nexec %s "$@"\n' % command)
        os.symlink(os.path.abspath(os.environ["BINARY_UNDER_TEST"]), os.path.join(self.bin, "slapmaster"))
        self.environment = dict(os.environ, **WITHOUT_AN_INDEX)
        self.environment["PATH"] = os.pathsep.join((self.bin, os.path.dirname(sys.executable), os.environ["PATH"]))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def new_base(self):
        """An empty folder whose name does not lead the framework to a port that is in use."""
        for number in range(100):
            base = self.path("b%d" % number)
            with contextlib.closing(socket.socket()) as listener:
                try:
                    listener.bind(("127.0.0.1", getPortFromPath(base)))
                except OSError:
                    continue
            os.mkdir(base)
            return base
        raise AssertionError("no port is free")

    def put_first_in_path(self, folder):
        self.environment["PATH"] = os.pathsep.join((folder, self.environment["PATH"]))

    def ask(self, master, name, **parameters):
        """What the master at an URL answers."""
        answer = requests.get("%s/%s" % (master, name), params=parameters, timeout=20)
        self.assertEqual(answer.status_code, 200, answer.text)
        return loads(answer.content)

    def partition_status(self, master, partition):
        return self.ask(master, "getComputerPartitionStatus", computer_id=COMPUTER, computer_partition_id=partition)["text"]

    def software_status(self, master):
        return self.ask(master, "getSoftwareInstallationStatus", computer_id=COMPUTER, url=self.release)["text"]

    def assert_all_free(self, master):
        """The master says that nothing is on any partition."""
        information = self.ask(master, "getFullComputerInformation", computer_id=COMPUTER)
        for partition in information._computer_partition_list:
            self.assertEqual((partition.getState(), partition._need_modification), ("destroyed", 0), partition.getId())
        self.assertNotEqual(information._computer_partition_list, [])

    def assert_nothing_runs(self):
        self.assertEqual([process.cmdline() for process in processes_of(self.folder)], [])

    def write_command(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)


class Standalone(StandaloneTestCase):
    def setUp(self):
        super().setUp()
        environment = unittest.mock.patch.dict(os.environ, self.environment)
        environment.start()
        self.addCleanup(environment.stop)

    def test_it_lives_from_start_to_stop(self):
        standalone = StandaloneSlapOS(self.base, "127.0.0.1", free_port(), slapos_bin=RECIPE)
        master = standalone._master_url
        self.assertEqual(requests.get(master + "/_mock/health/ready", timeout=20).status_code, 200)

        standalone.format(3, "127.0.0.1", "::1")
        self.assert_all_free(master)
        standalone.supply(self.release)
        standalone.waitForSoftware()
        self.assertRegex(self.software_status(master), "^#access ")

        parameters = {"greeting": "hello", "child": "database"}
        web = standalone.request(self.release, "web", partition_parameter_kw=parameters)
        self.assertEqual((web.getId(), web.getInstanceGuid()), ("slappart0", "local-slappart0"))
        # It requests its child, that publishes, and then it reads what that published.
        for _ in range(3):
            standalone.waitForInstance()
        self.assertEqual([self.partition_status(master, name) for name in ("slappart0", "slappart1")], [STARTED] * 2)
        published = {
            "url": "trivial://slappart0/",
            "release": "1",
            "greeting": "hello",
            "database": "trivial://slappart1/",
        }
        web = standalone.request(self.release, "web", partition_parameter_kw=parameters)
        self.assertEqual(web.getConnectionParameterDict(), published)

        standalone.stop()
        self.assert_nothing_runs()
        standalone.start()
        web = standalone.request(self.release, "web", partition_parameter_kw=parameters)
        self.assertEqual(web.getConnectionParameterDict(), published)

        standalone.request(self.release, "web", partition_parameter_kw=parameters, state="destroyed")
        # The root asks its child to go, the child goes, and then the root may.
        for _ in range(3):
            standalone.waitForReport()
        self.assert_all_free(master)
        standalone.supply(self.release, state="destroyed")
        standalone.waitForSoftware()
        self.assertEqual(standalone.computer.getSoftwareReleaseList(), [])

        standalone.stop()
        self.assert_nothing_runs()


class Framework(StandaloneTestCase):
    def test_a_test_of_a_release_needs_no_change(self):
        self.put_first_in_path(os.path.dirname(RECIPE))
        self.write_command("nxdbom", BILL_OF_MATERIALS)
        with open(self.path("test_release.py"), "w", encoding="utf-8") as file:
            file.write(TEST_OF_A_RELEASE % self.release)
        self.environment.update(
            SLAPOS_TEST_IPV4="127.0.0.1", SLAPOS_TEST_IPV6="::1", SLAPOS_TEST_WORKING_DIR=self.base
        )
        done = subprocess.run(
            [sys.executable, "-m", "unittest", "test_release"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
        )
        output = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, output)
        self.assertIn("Ran 1 test", output)
        self.assert_nothing_runs()

        # What the master remembers of it: the release was built, and the instances are gone.
        database = os.path.join(self.base, "var/proxy.db")
        with Master(preset="slapproxy", database=database, default_computer=COMPUTER) as master:
            self.assertRegex(self.software_status(master.url), "^#access ")
            self.assert_all_free(master.url)


class Recipe(StandaloneTestCase):
    def test_it_says_that_there_is_no_other_slapos(self):
        folder = os.path.dirname(RECIPE)
        environment = dict(os.environ, PATH=folder)
        done = subprocess.run([RECIPE, "node", "format"], env=environment, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (127, b"error: there is no other slapos in PATH\n"))


if __name__ == "__main__":
    main()
