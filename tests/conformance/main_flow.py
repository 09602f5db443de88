# -*- coding: utf-8 -*-
"""The main flow of the slap library, as one program: main_flow.py URL

It formats a computer, supplies software, requests instances, reports, reads everything back and
destroys it all. It says which client it is, then prints a line per step and exits with 0, or stops
at the first thing that is not as it should be. It runs with clients old and new, on Python 2.7 and
later, and needs nothing but the library.
"""

import os
import shutil
import sys
import tempfile

os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")

import slapos.slap  # noqa: E402
from slapos.slap import ComputerPartition, NotFoundError, ResourceNotReady  # noqa: E402
from slapos.version import version  # noqa: E402

try:
    from slapos.util import dumps  # noqa: E402
except ImportError:  # clients before 1.4.16
    from xml_marshaller.xml_marshaller import dumps  # noqa: E402

WEB = "https://example.invalid/web/software.cfg"
DATABASE = "https://example.invalid/database/software.cfg"
# A name of its own for every run, so that one server can be shown the flow again and again.
RUN = "flow-%d" % os.getpid()
# More than ASCII, as a text in Python 2 too.
PARAMETER = u'{"k": [1, "\u00e9"]}'
COMPUTER = "COMP-" + RUN

TAP = {
    key: ""
    for key in (
        "name",
        "ipv4_addr",
        "ipv4_gateway",
        "ipv4_netmask",
        "ipv4_network",
        "ipv6_addr",
        "ipv6_gateway",
        "ipv6_netmask",
        "ipv6_network",
    )
}


def configuration(count):
    return {
        "reference": COMPUTER,
        "address": "192.0.2.1",
        "netmask": "255.255.255.255",
        "instance_root": "/srv/slapgrid",
        "software_root": "/opt/slapgrid",
        "partition_list": [
            {
                "reference": "slappart%d" % number,
                "path": "/srv/slapgrid/slappart%d" % number,
                "address_list": [{"addr": "10.0.0.%d" % (number + 1), "netmask": "255.255.255.255"}],
                "external_storage_list": [],
                "tap": dict(TAP, name="slaptap%d" % number),
                "tun": None,
                "user": {"name": "slapuser%d" % number, "additional_group_list": []},
            }
            for number in range(count)
        ],
    }


def as_text(value):
    """A value that was read: on Python 2 the library gives texts as UTF-8."""
    return value.decode("utf-8") if isinstance(value, bytes) else value


def expect(actual, expected):
    if actual != expected:
        raise AssertionError("expected %r, got %r" % (expected, actual))


def expect_error(classes, function, *arguments, **keywords):
    try:
        function(*arguments, **keywords)
    except classes:
        return
    raise AssertionError("expected %r" % (classes,))


class LeftOut(Exception):
    """This client has no such thing, and says what."""


class Flow(object):
    """The steps, in the order of their names."""

    def __init__(self, url, home):
        self.url = url
        self.home = home
        self.order = self.slap.registerOpenOrder()

    @property
    def slap(self):
        """The library, connected anew.

        Clients of 2022 keep answers in the home folder for as long as the headers allow: a second for
        what a node is told. With a home of its own, each look shows what is there now.
        """
        os.environ["HOME"] = tempfile.mkdtemp(dir=self.home)
        library = slapos.slap.slap()
        library.initializeConnection(self.url)
        return library

    def computer(self):
        return self.slap.registerComputer(COMPUTER)

    def told(self, partition):
        for found in self.computer().getComputerPartitionList():
            if found.getId() == partition.getId():
                return found
        raise AssertionError("partition %s is not listed" % partition.getId())

    def here(self, **more):
        return dict({"computer_guid": COMPUTER}, **more)

    def ask_web(self, **more):
        return self.order.request(
            WEB,
            RUN,
            partition_parameter_kw={"color": "blue", "_": PARAMETER},
            filter_kw=self.here(),
            **more
        )

    def ask_database(self, **more):
        return self.web.request(DATABASE, "default", "database", filter_kw=self.here(), **more)

    def ask_site(self, **more):
        keywords = {"shared": True, "partition_parameter_kw": {"host": "example.com"}, "filter_kw": self.here()}
        return self.web.request(DATABASE, "default", "site", **dict(keywords, **more))

    def step_01(self):
        """format the computer"""
        self.computer().updateConfiguration(dumps(configuration(3)))
        expect(
            [partition.getId() for partition in self.computer().getComputerPartitionList()],
            ["slappart0", "slappart1", "slappart2"],
        )
        expect([partition.getState() for partition in self.computer().getComputerPartitionList()], ["destroyed"] * 3)

    def step_02(self):
        """supply software"""
        for url in (WEB, DATABASE):
            self.slap.registerSupply().supply(url, COMPUTER)
        expect(
            sorted((release.getURI(), release.getState()) for release in self.computer().getSoftwareReleaseList()),
            [(DATABASE, "available"), (WEB, "available")],
        )

    def step_03(self):
        """build it: building, available, error"""
        for release in self.computer().getSoftwareReleaseList():
            release.building()
            release.error("the first try failed")
            release.building()
            release.available()

    def step_04(self):
        """request a root instance with parameters"""
        self.web = self.ask_web()
        expect(self.web.getState(), "started")
        expect(as_text(self.web.getInstanceParameterDict()["_"]), PARAMETER)
        told = self.told(self.web)
        expect(told.getState(), "started")
        expect(told.getSoftwareRelease().getURI(), WEB)
        expect(told.getInstanceParameterDict()["color"], "blue")
        expect(told.getInstanceParameterDict()["instance_title"], RUN)
        expect(self.ask_web().getInstanceGuid(), self.web.getInstanceGuid())

    def step_05(self):
        """request a child"""
        self.database = self.ask_database()
        expect(self.told(self.database).getInstanceParameterDict()["root_instance_title"], RUN)
        if self.database.getId() == self.web.getId():
            raise AssertionError("both instances are on one partition")

    def step_06(self):
        """request a shared instance of the child"""
        site = self.ask_site()
        expect(site.getId(), self.database.getId())
        entries = self.told(self.database).getInstanceParameterDict()["slave_instance_list"]
        expect([entry["host"] for entry in entries], ["example.com"])
        self.site_reference = entries[0]["slave_reference"]

    def step_07(self):
        """publish connection parameters, of the child and of the shared instance"""
        database = self.slap.registerComputerPartition(COMPUTER, self.database.getId())
        database.setConnectionDict({"url": "postgres://[2001:db8::1]/", "port": 5432})
        database.setConnectionDict({"site-url": "https://example.com/"}, slave_reference=self.site_reference)

    def step_08(self):
        """read them back, as the requester does"""
        expect(
            self.ask_database().getConnectionParameterDict(), {"url": "postgres://[2001:db8::1]/", "port": "5432"}
        )
        expect(self.ask_site().getConnectionParameter("site-url"), "https://example.com/")

    def step_09(self):
        """report building and available"""
        if not hasattr(ComputerPartition, "building"):
            raise LeftOut("clients since 1.4.9 have no such reports of instances")
        for partition in (self.told(self.web), self.told(self.database)):
            partition.building()
            partition.available()

    def step_10(self):
        """report started, and an error"""
        for partition in self.computer().getComputerPartitionList():
            if partition.getState() == "started":
                partition.started()
        self.told(self.database).error("a promise failed")
        expect(self.told(self.web).getAccessStatus(), "#access Instance correctly started")
        expect(self.told(self.database).getAccessStatus(), "#error while instanciating: a promise failed")

    def step_11(self):
        """bang, which makes the whole tree process again"""
        before = self.told(self.web).getInstanceParameterDict()["timestamp"]
        self.slap.registerComputerPartition(COMPUTER, self.database.getId()).bang("look again")
        after = self.told(self.web).getInstanceParameterDict()["timestamp"]
        if before == after:
            raise AssertionError("the timestamp did not move")

    def step_12(self):
        """read the status of the computer"""
        expect(self.computer().getStatus()["text"], "#access " + COMPUTER)

    def step_13(self):
        """stop the tree"""
        expect(self.ask_web(state="stopped").getState(), "stopped")
        for partition in self.computer().getComputerPartitionList():
            if partition.getState() == "stopped":
                partition.stopped()
        expect(self.told(self.database).getAccessStatus(), "#access Instance correctly stopped")

    def step_14(self):
        """destroy the tree"""
        expect_error((ResourceNotReady,), self.ask_web(state="destroyed").getState)
        states = [partition.getState() for partition in self.computer().getComputerPartitionList()]
        expect(states, ["destroyed"] * 3)

    def step_15(self):
        """report it destroyed, which frees the partitions"""
        for partition in self.computer().getComputerPartitionList():
            if partition._need_modification:
                partition.stopped()
                partition.destroyed()
        for partition in self.computer().getComputerPartitionList():
            expect((partition.getState(), partition._need_modification), ("destroyed", 0))
            expect_error((NotFoundError,), partition.getSoftwareRelease)

    def step_16(self):
        """remove the software"""
        for url in (WEB, DATABASE):
            self.slap.registerSupply().supply(url, COMPUTER, state="destroyed")
        for release in self.computer().getSoftwareReleaseList():
            expect(release.getState(), "destroyed")
            release.destroyed()
        expect(self.computer().getSoftwareReleaseList(), [])


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: main_flow.py URL")
    home = tempfile.mkdtemp()
    try:
        run(Flow(sys.argv[1], home))
    finally:
        shutil.rmtree(home)
    print("the main flow works")


def run(flow):
    sys.stdout.write("slapos.core %s on Python %d.%d\n" % ((version,) + sys.version_info[:2]))
    for name in sorted(name for name in dir(Flow) if name.startswith("step_")):
        step = getattr(flow, name)
        sys.stdout.write(step.__doc__)
        sys.stdout.flush()
        try:
            step()
        except LeftOut as reason:
            sys.stdout.write(": left out, %s\n" % reason)
        else:
            sys.stdout.write(": ok\n")


if __name__ == "__main__":
    main()
