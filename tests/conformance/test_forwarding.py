"""Requests that are forwarded to other masters: to slapmaster and to the real slapproxy, and as the real
slapproxy forwards them.

The library talks to a slapmaster that reads `[multimaster/<URL>]` sections; what it was told is compared
with what the other master has. Start reading at Forwarding.
"""

import json
import os
import re
import socket
import sqlite3
import tempfile

import requests
from slapos.slap import NotFoundError, ServerError
from slapos.util import dumps

from support import COMPUTER, OTHER_RELEASE, Master, MasterTestCase, main, partition_configuration
from support_slapproxy import Slapproxy, format_computer, free_port

REMOTE = "https://example.invalid/software/remote/software.cfg"
THERE = "COMP-2"
FRONTEND = "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg"


def configuration(folder, name, computer, port=0, others=()):
    """Writes a slapos.cfg that names a database in `folder`, and tells its path.

    `others` are pairs of a URL and a dictionary: the sections `[multimaster/<URL>]`.
    """
    lines = ["[slapos]", "computer_id = " + computer, "master_url = http://127.0.0.1:%d/" % port]
    lines += ["[slapproxy]", "host = 127.0.0.1", "port = %d" % port]
    lines.append("database_uri = " + os.path.join(folder, name + ".db"))
    for url, section in others:
        lines.append("[multimaster/%s]" % url)
        lines += ["%s = %s" % pair for pair in section.items()]
    path = os.path.join(folder, name + ".cfg")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def partitions(count):
    return [partition_configuration(number) for number in range(count)]


def titles(library, computer=THERE):
    """The titles of the instances on a computer, by partition."""
    found = {}
    for partition in library.registerComputer(computer).getComputerPartitionList():
        if partition._need_modification:
            found[partition.getId()] = partition.getInstanceParameterDict()["instance_title"]
    return found


class ForwardingTestCase(MasterTestCase):
    """A test with another master, `self.there` (its library) at `self.there_url`, and `self.master` before it.

    Subclasses say with `start_other` what the other master is.
    """

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        other = self.start_other()
        self.there_url, self.there = other.url + "/", other.connect()
        format_computer(self.there, partitions(4), THERE)
        self.master = self.start_before([(self.there_url, self.section())])
        self.slap = self.master.connect()
        self.format(count=3)

    def start_other(self):
        return self.start(preset="slapproxy", default_computer=THERE)

    def section(self):
        return {"software_release_list": "\n  " + REMOTE}

    def start_before(self, others, name="here"):
        """A slapmaster that forwards to these."""
        return self.start_configured(configuration(self.folder, name, COMPUTER, others=others))

    def start_configured(self, cfg):
        master = Master("--slapos-cfg", cfg)
        self.addCleanup(self._finish, master)
        return master

    def slapproxy(self, name, computer, others=()):
        port = free_port()
        proxy = Slapproxy(configuration(self.folder, name, computer, port, others), port)
        self.addCleanup(proxy.close)
        return proxy

    def assert_nothing_here(self):
        self.assertEqual(titles(self.slap, COMPUTER), {})


class Forwarding(ForwardingTestCase):
    """To a slapmaster."""

    def test_a_root_is_requested_there(self):
        web = self.request("web", REMOTE, partition_parameter_kw={"size": "large"})
        self.assertEqual((web._computer_id, web.getId()), (THERE, "slappart0"))
        self.assertEqual(web.getState(), "started")
        self.assertEqual(web.getInstanceParameterDict()["size"], "large")
        self.assertEqual(web._master_url, self.there_url)
        self.assertEqual(web.getSoftwareRelease(), REMOTE)
        self.assertEqual(titles(self.there), {"slappart0": "user_web"})
        self.assert_nothing_here()

    def test_what_is_published_there_is_read_here(self):
        self.request("web", REMOTE)
        self.there.registerComputerPartition(THERE, "slappart0").setConnectionDict({"url": "http://[::1]/"})
        self.assertEqual(self.request("web", REMOTE).getConnectionParameterDict(), {"url": "http://[::1]/"})

    def test_a_change_and_a_destruction_go_there(self):
        self.request("web", REMOTE)
        self.request("web", REMOTE, state="stopped", partition_parameter_kw={"a": "1"})
        told = self.there.registerComputerPartition(THERE, "slappart0")
        self.assertEqual((told.getState(), told.getInstanceParameterDict()["a"]), ("stopped", "1"))
        self.assertEqual(self.request("web", REMOTE, state="destroyed").getState(), "destroyed")
        self.assertEqual(self.there.registerComputerPartition(THERE, "slappart0").getState(), "destroyed")

    def test_a_child_and_a_shared_instance_are_requested_there(self):
        web = self.request("web")
        child = self.request_child(web, "db", REMOTE)
        self.assertEqual(child._computer_id, THERE)
        site = self.request_child(web, "site", REMOTE, shared=True, partition_parameter_kw={"k": "v"})
        self.assertEqual((site._computer_id, site.getId()), (THERE, "slappart0"))
        self.assertEqual(site.getInstanceParameterDict()["k"], "v")
        self.assertEqual(titles(self.there), {"slappart0": "slappart0_db"})
        self.assertEqual(titles(self.slap, COMPUTER), {"slappart0": "web"})

    def test_the_sla_names_the_master(self):
        named = {"master_url": self.there_url}
        self.assertEqual(self.request("web", OTHER_RELEASE, filter_kw=named)._master_url, self.there_url)
        for own in (self.master.url + "/", self.master.url.replace("127.0.0.1", "localhost")):
            here = self.request("at " + own, OTHER_RELEASE, filter_kw={"master_url": own})
            self.assertEqual(here._computer_id, COMPUTER)
        self.assert_not_found(self.request, "x", filter_kw={"master_url": "http://127.0.0.1:9/"})

    def test_no_room_there_is_a_server_error_here(self):
        for number in range(4):
            self.request("web %d" % number, REMOTE)
        self.assertRaises(ServerError, self.request, "one too many", REMOTE)
        self.assert_nothing_here()

    def test_a_frontend_is_invented_unless_it_is_forwarded(self):
        keywords = {"shared": True, "partition_parameter_kw": {"url": "http://[2001:db8::1]:80/"}}
        site = self.request("site", FRONTEND, **keywords)
        self.assertEqual(site.getConnectionParameter("secure_access"), "http://[2001:db8::1]:80/")
        self.assertFalse(hasattr(site, "_master_url"))
        site = self.request("site", FRONTEND, filter_kw={"master_url": self.there_url}, **keywords)
        self.assertEqual(site._master_url, self.there_url)

    def test_what_is_down_or_no_master_is_a_server_error(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            dead = "http://127.0.0.1:%d/" % taken.getsockname()[1]
            before = self.start_before([(dead, self.section())], "dead")
            self.slap = before.connect()
            self.format(count=1)
            answer = before.post(
                "requestComputerPartition",
                software_release=REMOTE,
                software_type="default",
                partition_reference="web",
                state=dumps("started"),
            )
            self.assert_status(523, answer)
            self.assertRaises(ServerError, self.request, "web", REMOTE)
        self.assert_nothing_here()


class ForwardingToSlapProxy(Forwarding):
    """To the real slapproxy."""

    def start_other(self):
        return self.slapproxy("there", THERE)


class InTheNameOfAPartition(ForwardingTestCase):
    """With `computer` and `partition`: a child there."""

    def section(self):
        return dict(super().section(), computer=THERE, partition="slappart0")

    def test_it_is_a_child_there(self):
        self.there.registerOpenOrder().request(OTHER_RELEASE, "host")
        web = self.request("web", REMOTE)
        self.assertEqual(web.getId(), "slappart1")
        told = self.there.registerComputerPartition(THERE, "slappart1").getInstanceParameterDict()
        self.assertEqual((told["instance_title"], told["root_instance_title"]), ("user_web", "host"))


class InTheNameOfAPartitionOfSlapProxy(InTheNameOfAPartition):
    """The same, of the real slapproxy."""

    def start_other(self):
        return self.slapproxy("there", THERE)


class OverTls(ForwardingTestCase):
    """To a slapmaster that asks who calls."""

    def start_other(self):
        other = self.start(preset="slapproxy", default_computer=THERE, tls=True)
        self.tls_url = other.tls_url + "/"
        body = json.dumps({"user": "default-user"})
        answer = other.call("POST", "/_mock/v1/certificates", body, {"Content-Type": "application/json"})
        pair = json.loads(answer.body)
        for name in ("certificate", "key"):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(pair[name])
        return other

    def test_the_certificate_says_who_calls(self):
        pair = {"cert": os.path.join(self.folder, "certificate"), "key": os.path.join(self.folder, "key")}
        with_pair = self.start_before([(self.tls_url, dict(self.section(), **pair))], "with")
        without = self.start_before([(self.tls_url, self.section())], "without")
        for server in (with_pair, without):
            format_computer(server.connect(), partitions(1), COMPUTER)
        web = with_pair.connect().registerOpenOrder().request(REMOTE, "web")
        self.assertEqual((web._computer_id, web._master_url), (THERE, self.tls_url))
        self.assertRaises(NotFoundError, without.connect().registerOpenOrder().request, REMOTE, "web")


class InACircle(ForwardingTestCase):
    """A chain of masters that ends where it began ends with an error."""

    def test_through_a_real_slapproxy(self):
        port = free_port()
        url = "http://127.0.0.1:%d/" % port
        proxy = self.slapproxy("proxy", THERE, [(url, self.section())])
        others = [(proxy.url + "/", self.section())]
        cfg = configuration(self.folder, "circle", COMPUTER, port, others)
        master = Master("--slapos-cfg", cfg, port=port)
        self.addCleanup(self._finish, master)
        self.slap = master.connect()
        self.format(count=1)
        self.assertRaises(ServerError, self.request, "web", REMOTE)
        self.assert_nothing_here()
        proxy_database = sqlite3.connect(os.path.join(self.folder, "proxy.db"))
        self.addCleanup(proxy_database.close)
        self.assertEqual(proxy_database.execute("SELECT * FROM forwarded_partition_request18").fetchall(), [])


class AsSlapProxyForwards(ForwardingTestCase):
    """The same requests to slapmaster and to the real slapproxy, each before a real slapproxy."""

    def start_other(self):
        return self.slapproxy("there", THERE)

    def setUp(self):
        super().setUp()
        self.other = self.slapproxy("other", THERE)
        other_url = self.other.url + "/"
        format_computer(self.other.connect(), partitions(4), THERE)
        self.proxy = self.slapproxy("forwarding", COMPUTER, [(other_url, self.section())])
        format_computer(self.proxy.connect(), partitions(3), COMPUTER)
        # What differs on purpose: where things are, and when.
        self.urls = {self.there_url: "THERE", other_url: "THERE"}

    def normal(self, answer):
        text = answer.content.decode("utf-8")
        for url, name in self.urls.items():
            text = text.replace(url, name)
        ok = answer.status_code == 200
        return answer.status_code, re.sub(r"\d{10}\.\d+", "TIME", text) if ok else ""

    def ask(self, server, other_url, title, release=REMOTE, state=None, shared=False, sla=(), by=None, **parameters):
        sla = {key: other_url if value == "THERE" else value for key, value in dict(sla).items()}
        fields = {
            "software_release": release,
            "software_type": "default",
            "partition_reference": title,
            "partition_parameter_xml": dumps(parameters),
            "filter_xml": dumps(sla),
            "state": dumps(state),
            "shared_xml": dumps(shared),
        }
        headers = {}
        if by is not None:
            headers["Authorization"] = "X-SlapPartition computer_id=%s, computer_partition_id=%s" % (COMPUTER, by)
            fields.update(computer_id=COMPUTER, computer_partition_id=by)
        return requests.post(server.url + "/requestComputerPartition", data=fields, headers=headers, timeout=70)

    def ask_json(self, server, other_url, title, release=REMOTE, state=None, shared=False, sla=(), by=None, **parameters):
        sla = {key: other_url if value == "THERE" else value for key, value in dict(sla).items()}
        arguments = {
            "title": title,
            "software_release_uri": release,
            "software_type": "default",
            "parameters": parameters,
            "sla_parameters": sla,
            "shared": shared,
        }
        if state is not None:
            arguments["state"] = state
        headers = {}
        if by is not None:
            headers["Authorization"] = "X-SlapPartition computer_id=%s, computer_partition_id=%s" % (COMPUTER, by)
        url = server.url + "/slapos.post.v0.software_instance"
        return requests.post(url, json=arguments, headers=headers, timeout=70)

    def test_answers_are_the_same(self):
        servers = ((self.master, self.there_url), (self.proxy, self.other.url + "/"))
        # What is here makes partitions that can ask; its own answers are compared elsewhere.
        for server, other_url in servers:
            self.assertEqual(self.ask(server, other_url, "local", OTHER_RELEASE).status_code, 200)
        script = [
            ("web", {}),
            ("web", {"size": "large", "number": 1, "empty": "", "é": "ü&<>"}),
            ("web", {"state": "stopped"}),
            ("db", {"by": "slappart0"}),
            ("named", {"release": OTHER_RELEASE, "sla": {"master_url": "THERE"}}),
            ("unlisted", {"sla": {"master_url": "http://127.0.0.1:9/"}}),
            ("site", {"shared": True, "k": "v"}),
            ("site", {"shared": True, "k": "v", "by": "slappart0"}),
            ("front", {"release": FRONTEND, "shared": True, "url": "http://[::1]/x"}),
            ("front", {"release": FRONTEND, "shared": True, "url": "http://[::1]/x", "by": "slappart0"}),
            ("front", {"release": FRONTEND, "shared": True, "url": "http://[::1]/x", "sla": {"master_url": "THERE"}}),
            ("ghost", {"by": "slappart9"}),
            ("fourth", {}),
            ("one too many", {}),
            ("web", {"state": "destroyed"}),
            ("web", {"state": "started"}),
        ]
        refused = ("unlisted", "ghost", "one too many")
        for title, keywords in script:
            for ask in (self.ask, self.ask_json):
                mine, proxys = [self.normal(ask(*server, title, **keywords)) for server in servers]
                if ask == self.ask_json and mine[0] == 200:
                    mine, proxys = [(status, json.loads(text)) for status, text in (mine, proxys)]
                self.assertEqual(mine, proxys, (title, keywords, ask.__name__))
                self.assertEqual(mine[0] == 200, title not in refused, (title, keywords, ask.__name__))
        self.assertEqual(titles(self.there), titles(self.other.connect()))


if __name__ == "__main__":
    main()
