"""The real slapproxy beside slapmaster, and databases of slapproxies of every age.

Start at Slapproxy (a running one) and at `database` (a file as an old one left it).
"""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

from slapos.util import dict2xml, dumps

from support import Master, computer_configuration

COMPUTER = "local_computer"
START_LIMIT_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_configuration(folder, port, more="", computer=COMPUTER, **options):
    """A slapos.cfg as `slapos proxy start` reads it. Returns its path and that of the database."""
    database = os.path.join(folder, "slapproxy.db")
    lines = ["host = 127.0.0.1", "port = %d" % port, "database_uri = " + database]
    lines += ["%s = %s" % item for item in options.items()]
    path = os.path.join(folder, "slapos.cfg")
    with open(path, "w") as file:
        file.write("[slapos]\nmaster_url = http://127.0.0.1:%d\ncomputer_id = %s\n" % (port, computer))
        file.write("[slapproxy]\n%s\n%s" % ("\n".join(lines), more))
    return path, database


class Slapproxy:
    """A running slapproxy of the installed slapos.core."""

    def __init__(self, configuration, port):
        self.url = "http://127.0.0.1:%d" % port
        self.log_file = tempfile.TemporaryFile()
        # As `slapos proxy start`, whatever directory the command is in.
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-c",
                "import sys; from slapos.cli.entry import main; sys.exit(main())",
                "proxy",
                "start",
                "--cfg",
                configuration,
            ],
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
        )
        end = time.monotonic() + START_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    log = self.log()
                    self.close()
                    raise AssertionError("slapproxy did not start:\n" + log)
                time.sleep(0.05)

    def log(self):
        self.log_file.seek(0)
        return self.log_file.read().decode("utf-8", "replace")

    def connect(self):
        import slapos.slap

        library = slapos.slap.slap()
        library.initializeConnection(self.url)
        return library

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log_file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()


class StandIn(Master):
    """A slapmaster in the place of a slapproxy: it listens where the slapos.cfg says."""

    def __init__(self, configuration, *arguments):
        super().__init__("--slapos-cfg", configuration, *arguments, port=None)


def format_computer(library, partitions, computer=COMPUTER):
    configuration = computer_configuration(computer, partitions)
    library.registerComputer(computer).updateConfiguration(dumps(configuration))


# -- what a client can see -----------------------------------------------------------------------

# Both masters tell these; the rest are times, and what either alone adds.
TOLD = (
    "instance_title",
    "root_instance_title",
    "slap_computer_id",
    "slap_computer_partition_id",
    "slap_software_release_url",
    "slap_software_type",
)


def seen(library, computer=COMPUTER):
    """What a node is told of a computer: software by URL, and partitions by reference."""
    information = library.registerComputer(computer)
    software = {release.getURI(): release.getState() for release in information.getSoftwareReleaseList()}
    partitions = {}
    for partition in information.getComputerPartitionList():
        state = partition.getState()
        busy = getattr(partition, "_software_release_document", None) is not None
        told = {"state": state, "guid": partition._instance_guid}
        if busy:
            parameters = dict(partition.getInstanceParameterDict())
            told["addresses"] = sorted(tuple(pair) for pair in parameters.pop("ip_list"))
            shared = [
                {key: value for key, value in entry.items() if key != "timestamp"}
                for entry in parameters.pop("slave_instance_list")
            ]
            told["shared"] = sorted(shared, key=lambda entry: entry["slave_reference"])
            told["connection"] = partition.getConnectionParameterDict()
            told["told"] = {key: parameters[key] for key in TOLD}
            for key in TOLD + ("timestamp", "full_address_list", "full_ip_list", "root_instance_short_title"):
                parameters.pop(key, None)
            told["parameters"] = parameters
        partitions[partition.getId()] = told
    return {"software": software, "partitions": partitions}


# -- databases of old ----------------------------------------------------------------------------

# The columns of every table, as they are in the last version; see `columns`.
TABLES = {
    "computer": ["reference", "address", "netmask"],
    "software": ["url", "computer_reference", "requested_state"],
    "partition": [
        "reference",
        "computer_reference",
        "slap_state",
        "software_release",
        "xml",
        "connection_xml",
        "slave_instance_list",
        "software_type",
        "partition_reference",
        "requested_by",
        "requester_id",
        "requested_state",
        "timestamp",
    ],
    "slave": ["reference", "computer_reference", "connection_xml", "hosted_by", "requester_id"],
    "partition_network": ["partition_reference", "computer_reference", "reference", "address", "netmask"],
    "forwarded_partition_request": ["partition_reference", "master_url"],
    "local_software_release_root": ["path"],
    "config": ["name", "value"],
}


def columns(version):
    """The tables of a version with their columns."""
    tables = {name: list(names) for name, names in TABLES.items()}
    if version < 18:
        tables["partition"].remove("requester_id")
        tables["slave"].remove("requester_id")
        tables["slave"].append("asked_by")
    if version < 17:
        del tables["config"]
    if version < 15 or version > 16:
        del tables["local_software_release_root"]
    if version < 14:
        tables["partition"].remove("timestamp")
    if version < 12:
        tables["software"].remove("requested_state")
    if version < 11:
        del tables["forwarded_partition_request"]
    return tables


def create(path, version, without=()):
    """An empty database of a version, without some of its tables. Returns it open."""
    database = sqlite3.connect(path)
    for name, names in columns(version).items():
        if name not in without:
            key = ", PRIMARY KEY (name)) WITHOUT ROWID" if name == "config" else ")"
            database.execute("CREATE TABLE %s%d (%s%s" % (name, version, ", ".join(names), key))
    return database


@contextlib.contextmanager
def locked(path):
    """Another process writes to the file meanwhile. (One's own locks go with any handle that one closes.)"""
    script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('BEGIN EXCLUSIVE'); print(flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


def insert(database, version, table, **row):
    """Adds a row; what its version has no column for is left out."""
    known = columns(version).get(table)
    if known is None:
        return
    row = {name: value for name, value in row.items() if name in known}
    database.execute(
        "INSERT INTO %s%d (%s) VALUES (%s)" % (table, version, ", ".join(row), ", ".join("?" * len(row))),
        list(row.values()),
    )


RELEASE = "https://example.invalid/software/web/software.cfg"
LOCAL_RELEASE = "/srv/one/software/software.cfg"


def database(path, version):
    """A database as a slapproxy of that time left it: a tree with three levels on two computers,
    shared instances of a root and of a child, software in either state, and free partitions."""
    db = create(path, version)

    def add(table, **row):
        insert(db, version, table, **row)

    add("computer", reference=COMPUTER, address="192.0.2.1", netmask="255.255.255.255")
    add("computer", reference="second", address=None, netmask=None)
    # From version 17 on the root's title, before it the partition of the requester.
    trees = version >= 17
    shared_list = [
        {
            "slave_title": reference,
            "slave_reference": reference,
            "slap_software_type": "default",
            "url": "https://[::1]:80/",
        }
        for reference in ("_cdn", "web_db_cdn" if trees else "slappart1_db_cdn")
    ]
    instances = [
        # partition, title, requested by, requester, release, state
        ("slappart0", "web", "", "user", RELEASE, "started"),
        ("slappart1", "db", "web" if trees else "slappart0", "slappart0", RELEASE, "started"),
        ("slappart2", "log", "web" if trees else "slappart1", "slappart1", LOCAL_RELEASE, "stopped"),
        ("slappart3", "host", "", "user", RELEASE, "started"),
        ("slappart4", "old", "", "user", RELEASE, "destroyed"),
    ]
    for partition, title, requested_by, requester, release, state in instances:
        add(
            "partition",
            reference=partition,
            computer_reference=COMPUTER,
            slap_state="busy",
            software_release=release,
            xml=dict2xml({"title": title, "_": '{"é": 1}'}),
            connection_xml=dict2xml({"url": "http://%s/" % title}) if title != "log" else None,
            slave_instance_list=dumps(shared_list).decode() if title == "host" else None,
            software_type="default" if title != "db" else "database",
            partition_reference=title,
            requested_by=requested_by or ("" if trees else None),
            requester_id=requester,
            requested_state=state,
            timestamp=1700000000.25,
        )
    free = dict(slap_state="free", requested_by="" if trees else None, requester_id="", requested_state="started")
    add("partition", reference="slappart5", computer_reference=COMPUTER, **free)
    add("partition", reference="slappart0", computer_reference="second", **free)
    for computer, count in ((COMPUTER, 6), ("second", 1)):
        for number in range(count):
            for address, netmask in (("10.0.0.%d" % (number + 1), "255.255.255.255"), ("fd00::%d" % number, "ffff::")):
                add(
                    "partition_network",
                    partition_reference="slappart%d" % number,
                    computer_reference=computer,
                    reference="slaptap%d" % number,
                    address=address,
                    netmask=netmask,
                )
    for entry, requester in zip(shared_list, ("user", "slappart1")):
        add(
            "slave",
            reference=entry["slave_reference"],
            computer_reference=COMPUTER,
            connection_xml=dict2xml({"domain": "cdn.invalid"}),
            hosted_by="slappart3",
            requester_id=requester,
            asked_by="" if requester == "user" else ("web" if trees else requester),
        )
    add("software", url=RELEASE, computer_reference=COMPUTER, requested_state="available")
    add("software", url=LOCAL_RELEASE, computer_reference=COMPUTER, requested_state="destroyed")
    add("software", url=RELEASE, computer_reference="second", requested_state="available")
    # Version 15 could hold a pair twice.
    for _ in range(2 if 11 <= version <= 15 else 1):
        add("forwarded_partition_request", partition_reference="user_far", master_url="https://far.invalid")
    add("local_software_release_root", path="/srv/one" if version == 16 else None)
    add("config", name="local_software_release_root", value="/srv/one")
    db.commit()
    db.close()
    return path

