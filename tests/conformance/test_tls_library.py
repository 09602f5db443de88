"""The slap library and certificates: the calls that hand them out, and who may do what with one."""

import os
import re
import ssl
import unittest.mock

import requests

from support import (
    COMPUTER,
    OTHER_RELEASE,
    RELEASE,
    MasterTestCase,
    computer_configuration,
    dumps,
    loads,
    main,
    partition_configuration,
)
from support_tls import NOBODY, Identity, TlsTestCase
from test_computer import USAGE

BOTH_COMPUTERS = [{"reference": reference, "partitions": 3, "software": [RELEASE]} for reference in ("COMP-1", "COMP-2")]

PARTITION_HEADER = "X-SlapPartition computer_id=%s, computer_partition_id=%s"

COMPUTER_TEXT = re.compile(
    r"""\ACertificate:
    Data:
        Version: 3 \(0x2\)
        Serial Number: [0-9a-f]+ \(hex\)
        Issuer: [^\n]+
        Validity
            Not Before: [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4} GMT
            Not After : [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4} GMT
        Subject: (?:[^\n]*, )?CN=COMP-1/emailAddress=[^\n]+
-----BEGIN CERTIFICATE-----\n"""
)


class Certificates(TlsTestCase):
    """The calls that hand out certificates, on the open listener. Clients old and new are given them."""

    world = {"computers": BOTH_COMPUTERS}

    def assert_loads(self, pair):
        """OpenSSL takes them for a certificate and its key."""
        files = self.identity(pair)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(files.cert_file, files.key_file)

    def test_a_computers_certificate_is_given_once(self):
        pair = self.computer().generateCertificate()
        self.assertEqual(sorted(pair), ["certificate", "key"])
        self.assertRegex(pair["certificate"], COMPUTER_TEXT)
        self.assertTrue(pair["certificate"].endswith("\n-----END CERTIFICATE-----\n"))
        self.assertTrue(pair["key"].startswith("-----BEGIN PRIVATE KEY-----\n"))
        self.assert_loads(pair)
        self.assert_not_found(self.computer().generateCertificate)
        answer = self.master.post("generateComputerCertificate", computer_id=COMPUTER)
        self.assertEqual((answer.status, answer.body.strip()), (404, b"Certificate still active."))
        # Another computer's is no matter.
        self.assert_loads(self.computer("COMP-2").generateCertificate())

    def test_generate_and_revoke_in_turn(self):
        self.assert_not_found(self.computer().revokeCertificate)
        pairs = []
        for _ in range(3):
            pairs.append(self.computer().generateCertificate())
            self.assertIsNone(self.computer().revokeCertificate())
            self.assert_not_found(self.computer().revokeCertificate)
        self.assertEqual(len({pair["key"] for pair in pairs}), 3)
        self.assertEqual(len({pair["certificate"] for pair in pairs}), 3)
        self.assertEqual(self.master.post("generateComputerCertificate", computer_id=COMPUTER).status, 200)
        answer = self.master.post("revokeComputerCertificate", computer_id=COMPUTER)
        self.assertEqual((answer.status, answer.body), (200, b"None"))

    def test_an_unknown_computer(self):
        stranger = self.computer("COMP-404")
        self.assert_not_found(stranger.generateCertificate)
        self.assert_not_found(stranger.revokeCertificate)
        for name in ("generateComputerCertificate", "revokeComputerCertificate"):
            self.assert_status(400, self.master.post(name))
            self.assert_status(405, self.master.get(name, computer_id=COMPUTER))

    def test_an_instances_certificate_is_the_same_at_each_call(self):
        web = self.request("web")
        pair = self.handle(web).getCertificate()
        self.assertEqual(sorted(pair), ["certificate", "key"])
        self.assertRegex(pair["certificate"], r"\A-----BEGIN CERTIFICATE-----\n")
        self.assert_loads(pair)
        self.assertEqual(self.handle(web).getCertificate(), pair)
        child = self.request_child("slappart0", "db")
        self.assertNotEqual(self.handle(child).getCertificate(), pair)
        self.assertEqual(self.handle(web).getCertificate(), pair)

    def test_a_free_partition_has_no_certificate(self):
        self.assert_not_found(self.handle("slappart0").getCertificate)
        for place in ((COMPUTER, "slappart404"), ("COMP-404", "slappart0")):
            # A client of 2022 looks the partition up when it is named.
            self.assert_not_found(lambda: self.slap.registerComputerPartition(*place).getCertificate())

    def test_a_shared_instance_has_none_of_its_own(self):
        host = self.request("host")
        pair = self.handle(host).getCertificate()
        self.request("guest", shared=True)
        self.assertEqual(self.handle(host).getCertificate(), pair)

    def test_a_new_computer_has_no_certificate_until_asked(self):
        made = self.slap.registerOpenOrder().requestComputer("a new one")
        self.assertEqual(made._computer_id, "COMP-3")
        again = self.slap.registerOpenOrder().requestComputer("a new one")
        self.assertEqual(again._computer_id, "COMP-3")
        self.assertEqual(self.slap.registerOpenOrder().requestComputer("another")._computer_id, "COMP-4")
        self.assert_not_found(made.revokeCertificate)
        self.assertIn("CN=COMP-3/email", made.generateCertificate()["certificate"])
        self.assertEqual(self.computer("COMP-3").getComputerPartitionList(), [])
        self.assert_status(400, self.master.post("requestComputer"))
        self.assert_status(400, self.master.post("requestComputer", computer_title=""))


class PermissionTestCase(TlsTestCase):
    """Two computers; alice and bob are customers, each with a tree on COMP-1; one manager."""

    world = {
        "users": [
            {"reference": "alice", "functions": {"PROJ-1": ["customer"]}},
            {"reference": "bob", "functions": {"PROJ-1": ["customer"]}},
        ],
        "computers": BOTH_COMPUTERS,
        "tokens": [
            {"value": "alice-token", "purpose": "user", "user": "alice"},
            {"value": "bob-token", "purpose": "user", "user": "bob"},
            {"value": "manager-token", "purpose": "user"},
        ],
    }

    def setUp(self):
        super().setUp()
        self.alice, self.bob, self.manager = (
            self.connect(self.user_identity(name + "-token")) for name in ("alice", "bob", "manager")
        )
        here = {"computer_guid": COMPUTER}
        self.web = self.alice.registerOpenOrder().request(RELEASE, "web", filter_kw=here)
        self.mail = self.bob.registerOpenOrder().request(RELEASE, "mail", filter_kw=here)
        self.assertEqual((self.web.getId(), self.mail.getId()), ("slappart0", "slappart1"))

    def own(self, library, partition):
        """The partition, for that caller."""
        return library.registerComputerPartition(*self.place(partition))

    def everything_on(self, library, computer, partition):
        """Every call on a computer, a release on it and a partition of it, as that caller: by name."""
        node = library.registerComputer(computer)
        place = library.registerComputerPartition(computer, partition)
        release = self.slap.registerComputer(computer).getSoftwareReleaseList()[0]
        release._connection_helper = library._connection_helper
        configuration = computer_configuration(computer, [partition_configuration(0)])
        return {
            "getFullComputerInformation": node.getComputerPartitionList,
            "getComputerStatus": node.getStatus,
            "loadComputerConfigurationFromXML": lambda: node.updateConfiguration(dumps(configuration)),
            "computerBang": lambda: node.bang("b"),
            "useComputer": lambda: node.reportUsage(USAGE),
            "generateComputerCertificate": node.generateCertificate,
            "revokeComputerCertificate": node.revokeCertificate,
            "buildingSoftwareRelease": release.building,
            "availableSoftwareRelease": release.available,
            "destroyedSoftwareRelease": release.destroyed,
            "supplySupply": lambda: library.registerSupply().supply(OTHER_RELEASE, computer),
            "registerComputerPartition": place.getInstanceGuid,
            "getComputerPartitionCertificate": place.getCertificate,
            "getHostingSubscriptionIpList": place.getFullHostingIpAddressList,
            "startedComputerPartition": place.started,
            "stoppedComputerPartition": place.stopped,
            "destroyedComputerPartition": place.destroyed,
            "softwareInstanceBang": lambda: place.bang("b"),
            "softwareInstanceRename": lambda: place.rename("new"),
            "setComputerPartitionConnectionXml": lambda: place.setConnectionDict({"a": "b"}),
            "requestComputerPartition": lambda: place.request(RELEASE, None, "child"),
        }

    def assert_allowed_are(self, allowed, calls):
        """Exactly these calls are answered; of the others, each is refused by 401."""
        found = set()
        for name, call in calls.items():
            try:
                call()
                found.add(name)
            except requests.HTTPError as error:
                self.assertEqual(error.response.status_code, 401, name)
        self.assertEqual(found, set(allowed))

    def assert_nothing_changes(self, function):
        before = self.information("COMP-1", "COMP-2")
        function()
        self.assertEqual(self.information("COMP-1", "COMP-2"), before)


class OfAComputer(PermissionTestCase):
    """A computer's certificate"""

    def setUp(self):
        super().setUp()
        self.first = self.connect(self.computer_identity("COMP-1"))

    def test_another_computer_is_out_of_reach(self):
        there = {"computer_guid": "COMP-2"}
        far = self.alice.registerOpenOrder().request(RELEASE, "far", filter_kw=there)
        self.assertEqual(self.place(far), ("COMP-2", "slappart0"))
        calls = self.everything_on(self.first, "COMP-2", "slappart0")
        self.assert_nothing_changes(lambda: self.assert_allowed_are((), calls))

    def test_its_own_things_are_its_own(self):
        calls = self.everything_on(self.first, "COMP-1", "slappart0")
        # What ends something is looked at apart.
        for last in ("revokeComputerCertificate", "destroyedComputerPartition", "destroyedSoftwareRelease"):
            del calls[last]
        # Its certificate is active: 404 is no refusal of the caller.
        self.assert_not_found(calls.pop("generateComputerCertificate"))
        # A computer asks for no software: it is told what to install.
        self.assert_allowed_are(set(calls) - {"supplySupply"}, calls)
        self.assert_refused(self.first.registerOpenOrder().requestComputer, "mine")

    def test_it_reports_what_is_destroyed(self):
        self.alice.registerOpenOrder().request(RELEASE, "web", state="destroyed")
        self.own(self.first, self.web).destroyed()
        self.assert_free("slappart0")
        self.manager.registerSupply().supply(RELEASE, COMPUTER, state="destroyed")
        self.first.registerComputer(COMPUTER).getSoftwareReleaseList()[0].destroyed()
        self.assertEqual(self.releases(), {})

    def test_it_is_no_requester_of_trees(self):
        self.assert_not_found(self.first.registerOpenOrder().request, RELEASE, "tree")

    def test_its_poll_is_its_contact(self):
        self.first.registerComputer("COMP-1").getComputerPartitionList()
        status = self.alice.registerComputer("COMP-1").getStatus()
        self.assertEqual((status["text"], status["user"]), ("#access COMP-1", "COMP-1"))
        # A person's look at a computer is none.
        self.alice.registerComputer("COMP-2").getComputerPartitionList()
        self.assertIn("#error no data found", self.alice.registerComputer("COMP-2").getStatus()["text"])

    def test_it_revokes_itself_and_is_nobody(self):
        node = self.first.registerComputer("COMP-1")
        node.revokeCertificate()
        self.assert_refused(node.getStatus)
        self.assert_refused(node.generateCertificate)
        # A manager makes it somebody again.
        pair = self.manager.registerComputer("COMP-1").generateCertificate()
        self.connect(self.identity(pair)).registerComputer("COMP-1").getStatus()
        self.assert_refused(node.getStatus)


class OfAnInstance(PermissionTestCase):
    """An instance's certificate"""

    def setUp(self):
        super().setUp()
        self.within = self.connect(self.instance_identity(self.web))

    def test_it_sees_its_partition_and_no_software(self):
        computer = self.within.registerComputer(COMPUTER)
        self.assertEqual([p.getId() for p in computer.getComputerPartitionList()], ["slappart0"])
        self.assertEqual(computer.getSoftwareReleaseList(), [])
        self.assertEqual(len(self.partitions()), 3)

    def test_it_publishes_its_own_connection(self):
        self.own(self.within, self.web).setConnectionDict({"url": "https://web.example.org/"})
        read = self.alice.registerOpenOrder().request(RELEASE, "web")
        self.assertEqual(read.getConnectionParameterDict(), {"url": "https://web.example.org/"})

    def test_it_reads_and_reports_itself(self):
        partition = self.own(self.within, self.web)
        partition.started()
        self.assertEqual(self.partition_status(self.web)["text"], "#access Instance correctly started")
        self.assertEqual(self.partition_status(self.web)["user"], self.web.getInstanceGuid())
        self.assertEqual(partition.getInstanceGuid(), self.web.getInstanceGuid())
        self.assertEqual(partition.getCertificate(), self.own(self.alice, self.web).getCertificate())

    def test_its_computer_is_not_its_own(self):
        calls = self.everything_on(self.within, COMPUTER, "slappart1")
        # Of its project's computers it may know how they are.
        readable = {"getFullComputerInformation", "getComputerStatus"}
        self.assert_nothing_changes(lambda: self.assert_allowed_are(readable, calls))

    def test_a_child_is_in_its_tree(self):
        child = self.own(self.within, self.web).request(RELEASE, None, "db")
        self.assertEqual(child.getId(), "slappart2")
        # The whole tree is its own, and the child's certificate opens the tree as well.
        pair = self.own(self.within, child).getCertificate()
        beneath = self.connect(self.identity(pair))
        self.own(beneath, child).setConnectionDict({"port": "5432"})
        found = self.own(self.within, self.web).request(RELEASE, None, "db")
        self.assertEqual(found.getConnectionParameterDict(), {"port": "5432"})
        self.assertEqual(self.own(beneath, self.web).getInstanceGuid(), self.web.getInstanceGuid())
        # The person whose tree it is may do what the instance may; another person may not.
        self.own(self.alice, child).bang("now")
        self.assert_refused(self.own(self.bob, child).bang, "now")

    def test_the_header_says_nothing(self):
        """Whom a header or a form names is asked about, not believed."""
        identity = self.instance_identity(self.web)
        session = self.session(identity)
        fields = {"software_release": RELEASE, "software_type": "default", "partition_reference": "child"}
        fields.update({name: dumps({}) for name in ("partition_parameter_xml", "filter_xml")})
        fields.update(shared_xml=dumps(False), state=dumps(None))
        url = self.master.tls_url + "/requestComputerPartition"
        elsewhere = {"Authorization": PARTITION_HEADER % self.place(self.mail)}

        own = dict(fields, computer_id=COMPUTER, computer_partition_id="slappart0")
        answer = session.post(url, data=own, headers=elsewhere)
        self.assertEqual(answer.status_code, 200, answer.text)
        guid = loads(answer.content)._instance_guid
        # It is a child of web, for web's own request finds it.
        self.assertEqual(self.request_child(self.web, "child").getInstanceGuid(), guid)

        others = dict(fields, computer_id=COMPUTER, computer_partition_id="slappart1")
        for headers in (elsewhere, {}):
            self.assertEqual(session.post(url, data=others, headers=headers).status_code, 401)

    def test_the_header_is_no_proof(self):
        session = self.session()
        url = self.master.tls_url + "/startedComputerPartition"
        fields = {"computer_id": COMPUTER, "computer_partition_id": "slappart0"}
        headers = {"Authorization": PARTITION_HEADER % self.place(self.web)}
        answer = session.post(url, data=fields, headers=headers)
        self.assertEqual(answer.status_code, 401)
        # Where nobody proves anything, it is believed.
        answer = requests.post(self.master.url + "/startedComputerPartition", data=fields)
        self.assertEqual(answer.status_code, 200)


class OfAPerson(PermissionTestCase):
    """A person's certificate"""

    def test_a_customer_reads_computers_and_changes_none(self):
        calls = self.everything_on(self.alice, COMPUTER, "slappart1")
        readable = {"getFullComputerInformation", "getComputerStatus"}
        self.assert_nothing_changes(lambda: self.assert_allowed_are(readable, calls))
        self.assert_refused(self.alice.registerOpenOrder().requestComputer, "mine")

    def test_a_customer_owns_the_tree(self):
        self.own(self.alice, self.web).rename("shop")
        self.own(self.alice, self.web).bang("now")
        self.assertIn("certificate", self.own(self.alice, self.web).getCertificate())
        stopped = self.alice.registerOpenOrder().request(RELEASE, "shop", state="stopped")
        self.assertEqual(stopped.getInstanceGuid(), self.web.getInstanceGuid())

    def test_trees_of_one_title_are_each_persons_own(self):
        other = self.bob.registerOpenOrder().request(RELEASE, "web", filter_kw={"computer_guid": COMPUTER})
        self.assertNotEqual(other.getInstanceGuid(), self.web.getInstanceGuid())
        self.bob.registerOpenOrder().request(RELEASE, "web", state="destroyed")
        self.assertEqual(self.fresh("slappart0").getState(), "started")
        self.assertEqual(self.fresh("slappart2").getState(), "destroyed")

    def test_a_manager_does_it_all(self):
        computer = self.manager.registerOpenOrder().requestComputer("mine")
        self.assertIn("certificate", computer.generateCertificate())
        computer.revokeCertificate()
        calls = self.everything_on(self.manager, COMPUTER, "slappart0")
        for last in ("destroyedComputerPartition", "destroyedSoftwareRelease"):
            del calls[last]
        self.assert_allowed_are(calls, calls)


class OfNobody(TlsTestCase):
    """No certificate, or one that is nobody's"""

    world = {"computers": BOTH_COMPUTERS, "tokens": [{"value": "manager-token", "purpose": "user"}]}

    def assert_nobody(self, identity):
        library = self.connect(identity)
        before = self.information("COMP-1")
        computer = library.registerComputer("COMP-1")
        self.assert_refused(computer.getComputerPartitionList)
        self.assert_refused(computer.getStatus)
        self.assert_refused(computer.generateCertificate)
        self.assert_refused(computer.revokeCertificate)
        self.assert_refused(library.registerComputer("COMP-404").getComputerPartitionList)
        self.assert_refused(library.registerSupply().supply, OTHER_RELEASE, "COMP-1")
        self.assert_refused(library.registerOpenOrder().request, RELEASE, "web")
        self.assert_refused(library.registerOpenOrder().requestComputer, "mine")
        self.assert_refused(library.registerComputerPartition("COMP-1", "slappart0").started)
        self.assert_refused(library.getSoftwareReleaseListFromSoftwareProduct, "web")
        self.assertEqual(self.information("COMP-1"), before)

    def test_no_certificate(self):
        self.assert_nobody(NOBODY)

    def test_a_certificate_of_another_authority(self):
        other = self.start()
        self.assert_nobody(self.computer_identity("COMP-1", master=other))

    def test_certificates_that_only_look_like_ours(self):
        from impostor import signed_by_a_namesake, signed_by_itself

        ours = self.master.get("_mock/v1/ca.pem").body
        for make in (signed_by_itself, signed_by_a_namesake):
            certificate, key = make(ours, "COMP-1")
            self.assert_nobody(Identity(self.new_file(certificate, ".crt"), self.new_file(key, ".key")))

    def test_what_nobody_has_to_prove(self):
        session = self.session()
        for path in (
            "/",
            "/getRunId",
            "/_mock/health/live",
            "/_mock/health/ready",
            "/_mock/v1/ca.pem",
            "/_mock/v1/crl.pem",
            "/_mock/v1/crl.der",
        ):
            self.assertEqual(session.get(self.master.tls_url + path).status_code, 200, path)

    def test_the_plain_listener_stays_open(self):
        self.connect(NOBODY)
        self.supply(OTHER_RELEASE)
        self.assertEqual(self.request("web").getId(), "slappart0")


class Secrets(TlsTestCase):
    """What is for one pair of eyes"""

    world = {"computers": BOTH_COMPUTERS, "tokens": [{"value": "hush-hush-hush", "purpose": "user"}]}

    def test_neither_keys_nor_tokens_are_logged(self):
        with unittest.mock.patch.dict(os.environ, SLAPMASTER_LOG_LEVEL="debug"):
            master = self.start()
        library = master.connect()
        pairs = [self.issue_to_user("hush-hush-hush", master), library.registerComputer("COMP-1").generateCertificate()]
        web = library.registerOpenOrder().request(RELEASE, "web")
        pairs.append(library.registerComputerPartition(*self.place(web)).getCertificate())
        token = self.control("tokens", master, purpose="computer")["value"]
        refused = self.session(master=master).post(
            master.tls_url + "/Person_getCertificate", headers={"X-Access-Token": "hush-hush-hush"}
        )
        self.assertEqual(refused.status_code, 403)
        log = master.log()
        self.assertIn("generateComputerCertificate", log)
        self.assertNotIn("PRIVATE KEY", log)
        for secret in ["hush-hush-hush", token] + [pair["key"].splitlines()[1] for pair in pairs]:
            self.assertNotIn(secret, log)

    def test_no_cache_keeps_a_key(self):
        library = self.slap
        web = library.registerOpenOrder().request(RELEASE, "web")
        certificate = self.master.get(
            "getComputerPartitionCertificate", computer_id=COMPUTER, computer_partition_id=web.getId()
        )
        self.assertEqual(certificate.headers["Cache-Control"], "public, max-age=0, must-revalidate")
        answer = self.session().post(
            self.master.tls_url + "/Person_getCertificate", headers={"X-Access-Token": "hush-hush-hush"}
        )
        self.assertNotIn("public", answer.headers.get("Cache-Control", ""))
        self.assertEqual(sorted(answer.json()), ["certificate", "common_name", "id", "key"])


class InOtherPresets(TlsTestCase):
    """Who calls is asked in every preset: it is the listener that asks"""

    world = {"computers": BOTH_COMPUTERS}

    def test_nobody_and_the_other_computer_are_refused(self):
        for preset in ("real", "slapproxy"):
            with self.subTest(preset):
                master = self.start(preset=preset)
                nobody = self.connect(NOBODY, master)
                first = self.connect(self.computer_identity("COMP-1", master), master)
                first.registerComputer("COMP-1").getComputerPartitionList()
                first.registerComputer("COMP-1").bang("mine")
                for library, computer in ((nobody, "COMP-1"), (first, "COMP-2")):
                    self.assert_refused(library.registerComputer(computer).getComputerPartitionList)
                    self.assert_refused(library.registerComputer(computer).bang, "not mine")
                    self.assert_refused(library.registerComputer(computer).generateCertificate)
                    self.assert_refused(library.registerSupply().supply, OTHER_RELEASE, computer)
                self.assert_refused(nobody.registerOpenOrder().request, RELEASE, "web")


class TheOtherMaster(MasterTestCase):
    """What slapproxy lacks is there all the same: --preset slapproxy"""

    options = {"preset": "slapproxy"}

    def test_certificates(self):
        self.format()
        self.assertIn("CN=COMP-1/email", self.computer().generateCertificate()["certificate"])
        self.assert_not_found(self.computer().generateCertificate)


if __name__ == "__main__":
    main()
