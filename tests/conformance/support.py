"""What the conformance tests share: a server per test, the client connected to it, and raw calls.

Every test starts the binary named by BINARY_UNDER_TEST on a free port with a fresh database and
kills it at the end: no test sees what another did. Start reading at MasterTestCase.
"""

import collections
import http.client
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

# Nothing here may leave the machine: whatever is not the loopback address goes to a dead proxy.
# (The commands look for `<software>.json` and for the public address of the machine.)
DEAD_PROXY = "http://127.0.0.1:9"
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(_name, None)
    os.environ[_name.upper()] = DEAD_PROXY
os.environ.pop("no_proxy", None)
os.environ["NO_PROXY"] = "127.0.0.1,::1,localhost"
for _name in ("SLAPOS_CLIENT_CONFIGURATION", "SLAPOS_CONFIGURATION", "SLAPGRID_INSTANCE_ROOT"):
    os.environ.pop(_name, None)
for _name in [name for name in os.environ if name.startswith("SLAPMASTER_") and name != "BINARY_UNDER_TEST"]:
    del os.environ[_name]

import requests  # noqa: E402
import slapos.slap  # noqa: E402
from slapos.slap import NotFoundError, ResourceNotReady  # noqa: E402
from slapos.util import dumps, loads  # noqa: E402

# The library logs what it swallows: that would only hide the tests' own words.
logging.getLogger("slapos.slap.slap").handlers[:] = [logging.NullHandler()]

RELEASE = "https://example.invalid/software/web/software.cfg"
OTHER_RELEASE = "https://example.invalid/software/database/software.cfg"
COMPUTER = "COMP-1"

START_LIMIT_S = 20

Answer = collections.namedtuple("Answer", "status headers body")


def text_of(answer):
    return answer.body.decode("utf-8")


class Master:
    """A running slapmaster. Its `url` has no final slash, nor has `tls_url`, that of its https listener."""

    def __init__(
        self, *arguments, preset=None, database=None, default_computer=None, fixture=None, port=0, tls=False
    ):
        command = [os.environ["BINARY_UNDER_TEST"], "serve"]
        # Without a port, it listens where other arguments say.
        if port is not None:
            command += ["--listen", "http://127.0.0.1:%d" % port]
        if tls:
            command += ["--listen", "https://127.0.0.1:0"]
        for option, value in (
            ("--preset", preset),
            ("--database", database),
            ("--default-computer", default_computer),
            ("--fixture", fixture),
        ):
            if value is not None:
                command += [option, value]
        command += arguments
        self.log_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log_file,
        )
        self.url = self.tls_url = None
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port

    def _wait_until_ready(self):
        lines = queue.Queue()

        def read():
            for line in self.process.stdout:
                lines.put(line.decode("utf-8", "replace").strip())
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=START_LIMIT_S)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError("the server did not get ready; its log:\n" + self.log())
            if line.startswith("listening on "):
                url = line[len("listening on "):].split()[0].rstrip("/")
                if url.startswith("https:"):
                    self.tls_url = url
                else:
                    self.url = url
            elif line.startswith("ready"):
                if self.url is None:
                    raise AssertionError("the server is ready without having said where")
                return

    def log(self):
        """What the server wrote to standard error until now."""
        self.log_file.seek(0)
        return self.log_file.read().decode("utf-8", "replace")

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """Stops the server as a service manager would, and returns its exit code."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        return self._end()

    def kill(self):
        """Ends the server without a chance to save anything."""
        if self.alive():
            self.process.kill()
        return self._end()

    def _end(self):
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return code

    def close(self):
        self.kill()
        self.process.stdout.close()
        self.log_file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    # -- raw calls -----------------------------------------------------------------------------

    def call(self, method, path, body=None, headers=None, timeout=20):
        """One HTTP call on a connection of its own, answered by status, headers and bytes."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, name, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        return self.call("GET", "/" + name + query)

    def post(self, name, fields=None, **more):
        """Posts a form: `fields` is a dictionary, or a list of pairs where order or repetition count."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields or [])
        pairs += list(more.items())
        return self.call(
            "POST",
            "/" + name,
            body=urllib.parse.urlencode(pairs),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def connect(self):
        """The slap library, connected."""
        library = slapos.slap.slap()
        library.initializeConnection(self.url)
        return library


# -- what slapformat sends ---------------------------------------------------------------------

EMPTY_TAP = {
    "name": "",
    "ipv4_addr": "",
    "ipv4_gateway": "",
    "ipv4_netmask": "",
    "ipv4_network": "",
    "ipv6_addr": "",
    "ipv6_gateway": "",
    "ipv6_netmask": "",
    "ipv6_network": "",
}


def address(addr):
    netmask = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" if ":" in addr else "255.255.255.255"
    return {"addr": addr, "netmask": netmask}


def partition_configuration(number, addresses=None, capabilities=None, tap=None, name=None):
    """One partition in the form in which slapformat describes it."""
    name = name or "slappart%d" % number
    if addresses is None:
        addresses = ["10.0.%d.%d" % (number // 250, 1 + number % 250), "2001:db8::%x" % (number + 1)]
    configuration = {
        "reference": name,
        "path": "/srv/slapgrid/" + name,
        "address_list": [address(addr) for addr in addresses],
        "external_storage_list": [],
        "ipv6_range": {},
        "tap": dict(EMPTY_TAP, name="slaptap%d" % number, **(tap or {})),
        "tun": None,
        "user": {
            "name": "slapuser%d" % number,
            "additional_group_list": None,
            "path": "/srv/slapgrid/" + name,
            "shell": "/bin/sh",
        },
    }
    if capabilities is not None:
        configuration["capability_list"] = capabilities
    return configuration


def computer_configuration(reference, partitions, **more):
    """A computer in the form in which slapformat describes it."""
    return dict(
        {
            "reference": reference,
            "address": "192.0.2.1",
            "netmask": "255.255.255.255",
            "os_type": '["Linux", "debian", "13", "Debian GNU/Linux"]',
            "public_ipv4_address": None,
            "slapos_version": "1.26.1",
            "python_version": "3.11.7",
            "instance_root": "/srv/slapgrid",
            "software_root": "/opt/slapgrid",
            "instance_storage_home": None,
            "software_user": "slapsoft",
            "interface": None,
            "ipv6_interface": None,
            "partition_has_ipv6_range": True,
            "tap_gateway_interface": "",
            "tap_ipv6": True,
            "partition_list": partitions,
        },
        **more,
    )


# -- test cases --------------------------------------------------------------------------------


class MasterTestCase(unittest.TestCase):
    """A test with a server of its own. Subclasses set `options` (keyword arguments of Master)."""

    options = {}
    maxDiff = None

    def setUp(self):
        self.master = self.start(**self.options)
        self.slap = self.master.connect()

    def start(self, *arguments, **options):
        master = Master(*arguments, **options)
        self.addCleanup(self._finish, master)
        return master

    def _finish(self, master):
        crashed = not master.alive() and master.process.returncode not in (0, -signal.SIGKILL)
        log = master.log()
        master.close()
        self.assertFalse(crashed, "the server ended by itself:\n" + log)
        self.assertNotIn("panicked", log)

    # -- doing ---------------------------------------------------------------------------------

    def format(self, computer=COMPUTER, count=None, partitions=None, **more):
        if partitions is None:
            partitions = [partition_configuration(number) for number in range(2 if count is None else count)]
        configuration = computer_configuration(computer, partitions, **more)
        return self.slap.registerComputer(computer).updateConfiguration(dumps(configuration))

    def supply(self, release=RELEASE, computer=COMPUTER, **more):
        self.slap.registerSupply().supply(release, computer, **more)

    def request(self, title="web", release=RELEASE, **more):
        """A request of the user, for the root of a tree."""
        return self.slap.registerOpenOrder().request(release, title, **more)

    def request_child(self, parent, title, release=RELEASE, software_type=None, **more):
        """A request of the instance on the partition `parent`."""
        return self.handle(parent).request(release, software_type, title, **more)

    # -- looking -------------------------------------------------------------------------------

    def computer(self, computer=COMPUTER):
        """The computer, not read yet: its first look fetches everything."""
        return self.slap.registerComputer(computer)

    def partitions(self, computer=COMPUTER):
        """What the node is told now: partitions by their names, in the order of the answer."""
        return {partition.getId(): partition for partition in self.computer(computer).getComputerPartitionList()}

    def handle(self, partition):
        """A partition as a recipe sees it, nothing read yet: by name on COMP-1, or from an object."""
        if isinstance(partition, str):
            return self.slap.registerComputerPartition(COMPUTER, partition)
        return self.slap.registerComputerPartition(partition._computer_id, partition.getId())

    def fresh(self, partition):
        """The partition as the node is told of it now."""
        if isinstance(partition, str):
            return self.partitions()[partition]
        return self.partitions(partition._computer_id)[partition.getId()]

    def place(self, partition):
        return (partition._computer_id, partition.getId())

    def timestamp(self, partition):
        return self.fresh(partition).getInstanceParameterDict()["timestamp"]

    def timestamps(self, *partitions):
        return [self.timestamp(partition) for partition in partitions]

    def releases(self, computer=COMPUTER):
        """What the node is told of its software: state by URL."""
        found = self.computer(computer).getSoftwareReleaseList()
        states = {release.getURI(): release.getState() for release in found}
        self.assertEqual(len(states), len(found), "a release is listed twice")
        return states

    def release(self, url=RELEASE, computer=COMPUTER):
        """The release as the node gets it, to report on."""
        return [r for r in self.computer(computer).getSoftwareReleaseList() if r.getURI() == url][0]

    def partition_status(self, partition):
        computer, name = (COMPUTER, partition) if isinstance(partition, str) else self.place(partition)
        return self.read("getComputerPartitionStatus", computer_id=computer, computer_partition_id=name)

    def software_status(self, url=RELEASE, computer=COMPUTER):
        return self.read("getSoftwareInstallationStatus", url=url, computer_id=computer)

    def shared_entries(self, partition):
        """The host's list of shared instances, by their references."""
        entries = self.fresh(partition).getInstanceParameterDict()["slave_instance_list"]
        return {entry["slave_reference"]: entry for entry in entries}

    def read(self, name, **parameters):
        """A GET whose answer is a marshalled value, for what the library has no method for."""
        answer = self.master.get(name, **parameters)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"], "text/xml; charset=utf-8")
        return loads(answer.body)

    def information(self, *computers):
        """The bytes of what each node is told: equal bytes, nothing changed."""
        answers = [self.master.get("getFullComputerInformation", computer_id=c) for c in computers or [COMPUTER]]
        for answer in answers:
            self.assertEqual(answer.status, 200, answer)
        return b"\n".join(answer.body for answer in answers)

    # -- judging -------------------------------------------------------------------------------

    def assert_http(self, status, function, *arguments, **keywords):
        """The library raises requests.HTTPError for this status: it has no class of its own for it."""
        with self.assertRaises(requests.HTTPError) as caught:
            function(*arguments, **keywords)
        self.assertEqual(caught.exception.response.status_code, status)
        return caught.exception.response

    def assert_not_found(self, function, *arguments, **keywords):
        with self.assertRaises(NotFoundError):
            function(*arguments, **keywords)

    def assert_server_error(self, function, *arguments, **keywords):
        """A 500: production's word for what a rule refuses."""
        with self.assertRaises(slapos.slap.ServerError):
            function(*arguments, **keywords)

    def assert_not_ready(self, partition):
        """The object stands for an instance without a partition: every read says so."""
        for look in (
            partition.getId,
            partition.getState,
            partition.getInstanceGuid,
            partition.getInstanceParameterDict,
            partition.getConnectionParameterDict,
            partition.getSoftwareRelease,
        ):
            with self.assertRaises(ResourceNotReady):
                look()

    def assert_free(self, partition):
        """The node is told that nothing is here: the pair by which it knows a free partition."""
        told = self.fresh(partition)
        self.assertEqual(told.getState(), "destroyed")
        self.assertEqual(told._need_modification, 0)
        self.assertRaises(NotFoundError, told.getSoftwareRelease)
        for absent in ("_parameter_dict", "_connection_dict", "_filter_dict", "_access_status"):
            self.assertFalse(hasattr(told, absent), absent)

    def assert_status(self, status, answer):
        self.assertEqual(answer.status, status, answer)


def main():
    """Lets a module be run by hand: BINARY_UNDER_TEST=… python test_request.py [-v] [Class.test]."""
    sys.exit(unittest.main(module="__main__"))
