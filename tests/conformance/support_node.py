"""What the tests with a real node share: slapgrid in a folder of its own, and a release to run.

The node needs no privilege and touches nothing outside its folder: its partitions are folders of
one user, without addresses of their own. Its supervisor, and whatever that runs, end with the test.
Start reading at NodeTestCase.
"""

import atexit
import collections
import configparser
import fcntl
import functools
import glob
import hashlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

import psutil
from slapos.grid.svcbackend import getSupervisorRPC

from relay import Relay
from support import COMPUTER, Master, MasterTestCase, computer_configuration, dumps
from test_cli import SLAPOS, configure_node, run_command

RECIPE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipe")

# Buildout looks for its parts before it builds the recipes of any.
SOFTWARE = """\
[buildout]
develop = {folder}/recipe
parts = {parts}

[software]
recipe = trivial:software
version = {version}
"""

# No socket's name may be longer; its supervisor first makes one with its process id behind the name.
SOCKET_LIMIT = 107
SOCKET = "instance/sv.sock"

# Most take a second, some build twenty instances; this is for what hangs.
COMMAND_LIMIT_S = 240
END_LIMIT_S = 20

# What its buildout has pip do: the recipes are built with what is installed, and nothing is fetched.
# (`0` is how pip spells that this switch of its is on.)
WITHOUT_AN_INDEX = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}

# A folder for software, and the URLs of the releases that are built in it.
Built = collections.namedtuple("Built", "software_root urls")
VERSIONS = ("1", "2")

# What the master says of what was reported.
STARTED = "#access Instance correctly started"
STOPPED = "#access Instance correctly stopped"


class Release:
    """The trivial software release of `recipe`, in some version."""

    def __init__(self, folder, version, parts="software"):
        self.version = version
        self.folder = os.path.join(folder, "release-" + version)
        self.url = os.path.join(self.folder, "software.cfg")
        shutil.copytree(RECIPE, os.path.join(self.folder, "recipe"))
        self.write(parts)

    def write(self, parts="software"):
        """Writes its profile. It has one part, `software`, and fails for want of any other."""
        text = SOFTWARE.format(folder=self.folder, parts=parts, version=self.version)
        with open(self.url, "w", encoding="utf-8") as file:
            file.write(text)


class Node:
    """A node of the master at an URL: its folder, and its commands."""

    def __init__(self, url, count=2, computer=COMPUTER, software_root=None):
        self._folder = node_folder()
        self.home = self._folder.name
        for name in ("instance", "software"):
            os.mkdir(self.path(name), 0o750)
        # A run that is interrupted does not clean up after its tests.
        atexit.register(self.close)
        self.software_root = software_root or self.path("software")
        configure_node(self.home, url, computer, count, self.software_root)

    def end_processes(self, name):
        """Ends what is called so, behind the supervisor's back, and waits until that knows."""
        for process in processes_of(self.home):
            if process.name() == name:
                process.kill()
        wait_until(lambda: "RUNNING" not in self.processes().values())

    def close(self):
        """Ends what still runs here, and removes the folder."""
        atexit.unregister(self.close)
        end_processes(self.home)
        self._folder.cleanup()

    def make_partitions(self, count):
        for number in range(count):
            os.mkdir(self.place("slappart%d" % number), 0o750)

    def path(self, *names):
        return os.path.join(self.home, *names)

    def place(self, partition, *names):
        """A path in a partition."""
        return self.path("instance", partition, *names)

    def configure(self, section="slapos", **options):
        """Changes options of its configuration file."""
        change_configuration(self.path("node.cfg"), section, **options)

    def slapos(self, *arguments, **environment):
        """slapos node …"""
        return self.run(self.command("node", *arguments), **environment)

    def command(self, *arguments):
        """slapos …"""
        return [*slapos_without_privilege(), *arguments]

    def run(self, command, **environment):
        return run_command(command, self.home, timeout=COMMAND_LIMIT_S, **WITHOUT_AN_INDEX, **environment)

    def read(self, partition, *names):
        with open(self.place(partition, *names), encoding="utf-8") as file:
            return file.read()

    def write(self, partition, name, text):
        with open(self.place(partition, name), "w", encoding="utf-8") as file:
            file.write(text)

    def parameters(self, partition):
        """What the instance on a partition read when it was built last."""
        return json.loads(self.read(partition, "parameters.json"))

    def processes(self):
        """What its supervisor has of partitions: their states by group and name."""
        found = {}

        def settled():
            with getSupervisorRPC(self.path(SOCKET)) as supervisor:
                told = supervisor.getAllProcessInfo()
            # Its watchdog is where a packaged node has it, and never starts here.
            of_partitions = [process for process in told if process["group"] != "watchdog"]
            found.clear()
            found.update({"%(group)s:%(name)s" % process: process["statename"] for process in of_partitions})
            return "STARTING" not in found.values()

        wait_until(settled)
        return found


class NodeTestCase(MasterTestCase):
    """A test with a real node, COMP-1, whose partitions are there, and a master of its own.

    The node reaches the master through `self.relay`, which keeps what it asked. Whoever looks at the
    master asks it directly.
    """

    partition_count = 2
    software_root = None

    def setUp(self):
        super().setUp()
        self.relay = Relay(self.master)
        self.addCleanup(self.relay.close)
        self.node = Node(self.relay.url, self.partition_count, software_root=self.software_root)
        self.addCleanup(self.node.close)
        # What `slapos node format` would do, less the command.
        self.format(count=self.partition_count)
        self.node.make_partitions(self.partition_count)

    # -- doing ---------------------------------------------------------------------------------

    def run_node(self, *arguments, code=0):
        """slapos node …, which has to exit with that code."""
        self.relay.forget()
        done = self.node.slapos(*arguments)
        self.assertEqual(done.code, code, done.err)
        return done


class InstanceTestCase(NodeTestCase):
    """A test of instances, of two releases that are built already."""

    def setUp(self):
        built = built_releases()
        self.software_root = built.software_root
        self.release, self.next_release = built.urls
        super().setUp()

    # -- doing ---------------------------------------------------------------------------------

    def request(self, title="web", **more):
        """A request of the user, for the built release unless it names another."""
        more.setdefault("release", self.release)
        return super().request(title, **more)

    def run_instances(self, *reported, code=0):
        """slapos node instance, and what it has to report, call by call."""
        done = self.run_node("instance", code=code)
        self.assertEqual(self.relay.posted, list(reported), done.err)
        return done

    # -- the master's view ---------------------------------------------------------------------

    def assert_told(self, text, partition="slappart0"):
        self.assertEqual(self.partition_status(partition)["text"], text)

    def assert_error(self, text, partition="slappart0"):
        """The status is that of a failure, and tells a text."""
        status = self.partition_status(partition)["text"]
        self.assertTrue(status.startswith("#error while instanciating: "), status)
        self.assertIn(text, status)

    def connection(self, partition="slappart0"):
        """What the instance on a partition published."""
        return self.handle(partition).getConnectionParameterDict()

    def busy(self):
        """The partitions on which something is, with its requested state."""
        told = self.partitions()
        return {name: partition.getState() for name, partition in told.items() if partition._need_modification}


# -- releases that are built -----------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def built_releases():
    """Two releases that slapgrid built into a folder for software that nodes can share.

    They are kept beside what built them, and built again once their recipes are others.
    """
    digest = hashlib.sha256(SOFTWARE.encode("utf-8"))
    for path in sorted(glob.glob(os.path.join(RECIPE, "*.py"))):
        with open(path, "rb") as file:
            digest.update(file.read())
    folder = os.path.join(sys.prefix, "built-" + digest.hexdigest()[:16])
    complete = os.path.join(folder, ".complete")
    with open(folder + ".lock", "w") as lock:
        # Until the file is closed: other modules of tests want the same.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(complete):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
            build_releases(folder)
            with open(complete, "w"):
                pass
    return built_in(folder)


def built_in(folder):
    urls = [os.path.join(folder, "release-" + version, "software.cfg") for version in VERSIONS]
    return Built(os.path.join(folder, "software"), urls)


def build_releases(folder):
    built = built_in(folder)
    os.mkdir(built.software_root, 0o750)
    for version in VERSIONS:
        Release(folder, version)
    with Master() as master:
        library = master.connect()
        library.registerComputer(COMPUTER).updateConfiguration(dumps(computer_configuration(COMPUTER, [])))
        for url in built.urls:
            library.registerSupply().supply(url, COMPUTER)
        node = Node(master.url, software_root=built.software_root)
        try:
            done = node.slapos("software")
        finally:
            node.close()
    if done.code != 0:
        raise AssertionError(done.err)


# -- folders, processes, privileges ----------------------------------------------------------------


def node_folder():
    """A temporary folder in which a supervisor can have its socket."""
    folder = tempfile.TemporaryDirectory(prefix="n")
    socket = os.path.join(folder.name, SOCKET + ".1234567")
    if len(socket) > SOCKET_LIMIT:
        folder.cleanup()
        raise AssertionError("`%s` is too long for a socket: name a shorter folder in TMPDIR" % socket)
    return folder


def wait_until(condition):
    deadline = time.monotonic() + END_LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it took too long")
        time.sleep(0.05)


def end_processes(folder):
    """Ends what runs in a folder."""
    deadline = time.monotonic() + END_LIMIT_S
    while True:
        running = processes_of(folder)
        if not running:
            return
        for process in running:
            try:
                if time.monotonic() < deadline:
                    process.terminate()
                else:
                    process.kill()
            except psutil.NoSuchProcess:
                pass
        time.sleep(0.05)


def processes_of(folder):
    """What runs in a folder, or was told of it."""
    found = []
    for process in psutil.process_iter():
        try:
            if folder in " ".join(process.cmdline()) or process.cwd().startswith(folder):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            pass
    return found


def change_configuration(path, section, **options):
    parser = configparser.RawConfigParser()
    parser.read(path, encoding="utf-8")
    if not parser.has_section(section):
        parser.add_section(section)
    for name, value in options.items():
        parser.set(section, name, value)
    with open(path, "w", encoding="utf-8") as file:
        parser.write(file)


# The command itself, less its refusal to build as root.
WITHOUT_THE_REFUSAL = """\
import sys
import slapos.grid.utils
slapos.grid.utils.dropPrivileges = lambda *_arguments, **_keywords: None
from slapos.cli.entry import main
sys.exit(main())
"""


@functools.lru_cache(maxsize=None)
def slapos_without_privilege():
    """How `slapos` is called here where it insists on another user than root, and on a known one.

    What the tests have it do needs no privilege: who is root becomes somebody else in a user
    namespace, where the same files are theirs. Where those are forbidden, the command runs as root
    without its refusal, and says so.
    """
    command = [sys.executable, SLAPOS]
    if is_ordinary():
        return command
    user = pwd.getpwnam("nobody")
    as_nobody = ["unshare", "--user", "--map-user=%d" % user.pw_uid, "--map-group=%d" % user.pw_gid]
    if can_run([*as_nobody, "true"]):
        return [*as_nobody, *command]
    print("no ordinary user, no user namespace: `slapos` runs without its refusal of root", file=sys.stderr)
    return [sys.executable, "-c", WITHOUT_THE_REFUSAL]


def runs_as_root():
    """Whether it is root who runs `slapos` here, for want of anybody else."""
    return os.getuid() == 0 and "unshare" not in slapos_without_privilege()


def is_ordinary():
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return os.getuid() != 0 and os.getgid() != 0


def can_run(command):
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return False
    return done.returncode == 0
