"""Revocation: how fast it bites, in which of three ways, and how it is told to others."""

import concurrent.futures
import datetime
import http.client
import os
import socket
import ssl
import threading
import time
import urllib.parse

import slapos.slap
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from support import COMPUTER, RELEASE, main
from support_tls import NOBODY, TlsTestCase

TWO_COMPUTERS = [{"reference": reference, "partitions": 2} for reference in ("COMP-1", "COMP-2")]
TLS_VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
STATUS = "/getComputerStatus?computer_id=COMP-1"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def certificate_in(path):
    """The certificate of a file, which may begin with words."""
    return x509.load_pem_x509_certificate(read(path))


def hexadecimal(serial):
    digits = "%x" % serial
    return digits.zfill(len(digits) + len(digits) % 2)


class RevocationTestCase(TlsTestCase):
    """A computer with a certificate"""

    world = {"computers": TWO_COMPUTERS, "tokens": [{"value": "person-token", "purpose": "user"}]}

    def setUp(self):
        super().setUp()
        self.identity_of_one = self.computer_identity("COMP-1")

    def context(self, identity, version=None):
        """How that caller makes its handshakes."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # As Python 3.13 does by itself.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=self.master.get("_mock/v1/ca.pem").body.decode("ascii"))
        if identity.cert_file is not None:
            context.load_cert_chain(identity.cert_file, identity.key_file)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    def open(self, identity, version=None):
        """A connection of its own over TLS, its handshake made."""
        connection = self.open_in(self.context(identity, version))
        if version is not None:
            self.assertEqual(connection.sock.version().replace(".", "_"), version.name)
        return connection

    def open_in(self, context, session=None):
        """A connection that takes up a former session, if the server has it still."""
        address = urllib.parse.urlsplit(self.master.tls_url)
        connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=10, context=context)
        self.addCleanup(connection.close)
        plain = socket.create_connection((address.hostname, address.port), timeout=10)
        try:
            connection.sock = context.wrap_socket(plain, server_hostname=address.hostname, session=session)
        except BaseException:
            plain.close()
            raise
        return connection

    def ask(self, connection, path=STATUS):
        """A request on a connection that was not closed since the last one."""
        before = connection.sock
        self.assertIsNotNone(before, "the connection was closed")
        connection.request("GET", path)
        self.assertIs(connection.sock, before)
        response = connection.getresponse()
        response.read()
        return response.status

    def wait_for(self, seen, count):
        """Lets others go on until so much was seen."""
        limit = time.monotonic() + 10
        while len(seen) < count:
            self.assertLess(time.monotonic(), limit, "nothing more is seen")
            time.sleep(0.002)

    def revoke(self, computer="COMP-1"):
        self.slap.registerComputer(computer).revokeCertificate()


class AtOnce(RevocationTestCase):
    """By the answer 401: what it does unless told otherwise"""

    def test_on_an_open_connection(self):
        for version in TLS_VERSIONS:
            identity = self.identity_of_one
            connection = self.open(identity, version)
            self.assertEqual(self.ask(connection), 200)
            self.assertEqual(self.ask(connection), 200)
            self.revoke()
            self.assertEqual(self.ask(connection), 401)
            # The handshake is no matter: who is refused is told why.
            self.assertEqual(self.ask(self.open(identity, version)), 401)
            self.identity_of_one = self.computer_identity("COMP-1")
            self.assertEqual(self.ask(self.open(self.identity_of_one, version)), 200)
            self.assertEqual(self.ask(connection), 401)

    def test_in_a_session_that_is_taken_up_again(self):
        for version in TLS_VERSIONS:
            context = self.context(self.identity_of_one, version)
            first = self.open_in(context)
            self.assertEqual(self.ask(first), 200)
            self.assertEqual(self.ask(self.open_in(context, first.sock.session)), 200)
            self.revoke()
            self.assertEqual(self.ask(self.open_in(context, first.sock.session)), 401)
            self.identity_of_one = self.computer_identity("COMP-1")

    def test_the_library_is_told(self):
        node = self.connect(self.identity_of_one).registerComputer(COMPUTER)
        node.bang("before")
        self.revoke()
        self.assert_refused(node.bang, "after")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: before")

    def test_while_it_is_asked_all_the_time(self):
        """What the server remembers of a caller is gone before the revocation is answered."""
        for _ in range(10):
            connections = [self.open(self.identity_of_one) for _ in range(4)]
            # When each request began, and its answer.
            seen, enough = [], threading.Event()

            def poll(connection, seen=seen, enough=enough):
                while not enough.is_set():
                    begun = time.monotonic()
                    seen.append((begun, self.ask(connection)))

            with concurrent.futures.ThreadPoolExecutor(len(connections)) as pool:
                polls = [pool.submit(poll, connection) for connection in connections]
                try:
                    self.wait_for(seen, 2 * len(polls))
                    self.revoke()
                    revoked = time.monotonic()
                    self.wait_for(seen, len(seen) + 2 * len(polls))
                finally:
                    enough.set()
            for each in polls:
                each.result()
            self.assertEqual({status for _begun, status in seen}, {200, 401})
            self.assertEqual({status for begun, status in seen if begun >= revoked}, {401})
            self.identity_of_one = self.computer_identity("COMP-1")

    def test_others_are_left_alone(self):
        connection = self.open(self.computer_identity("COMP-2"))
        self.revoke()
        self.assertEqual(self.ask(connection, STATUS.replace("COMP-1", "COMP-2")), 200)

    def test_of_a_person_one_certificate_of_many(self):
        first = self.user_identity("person-token")
        second = self.user_identity(self.new_token("user"))
        connections = [self.open(first), self.open(second)]
        self.assertEqual([self.ask(connection) for connection in connections], [200, 200])
        self.control("certificates/revoke", serial=hexadecimal(certificate_in(first.cert_file).serial_number))
        self.assertEqual([self.ask(connection) for connection in connections], [401, 200])
        self.control("certificates/revoke", user="default-user")
        self.assertEqual([self.ask(connection) for connection in connections], [401, 401])

    def test_an_instances_certificate_ends_with_it(self):
        web = self.request("web", filter_kw={"computer_guid": COMPUTER})
        identity = self.instance_identity(web)
        connection = self.open(identity)
        path = "/registerComputerPartition?computer_reference=COMP-1&computer_partition_reference=slappart0"
        self.assertEqual(self.ask(connection, path), 200)
        self.request("web", state="destroyed")
        # Its software may still have to say good-bye.
        self.assertEqual(self.ask(connection, path), 200)
        self.handle(web).destroyed()
        self.assertEqual(self.ask(connection, path), 401)
        self.assertEqual(self.ask(self.open(identity), path), 401)
        # Who comes after it on that partition is somebody else.
        self.request("next", filter_kw={"computer_guid": COMPUTER})
        self.assertNotEqual(self.handle("slappart0").getCertificate()["key"], read(identity.key_file).decode("ascii"))
        self.assertEqual(self.ask(connection, path), 401)

    def test_it_outlives_the_server(self):
        database = os.path.join(self.folder, "world.sqlite")
        self.master = self.start(database=database)
        self.slap = self.master.connect()
        revoked, good = (self.computer_identity(computer) for computer in ("COMP-1", "COMP-2"))
        authority = self.master.get("_mock/v1/ca.pem").body
        self.revoke()
        self.assertEqual(self.master.stop(), 0)
        self.master = self.start(database=database)
        self.assertEqual(self.master.get("_mock/v1/ca.pem").body, authority)
        self.assertEqual(self.ask(self.open(revoked)), 401)
        self.assertEqual(self.ask(self.open(good), STATUS.replace("COMP-1", "COMP-2")), 200)

    def test_it_outlives_a_crash(self):
        database = os.path.join(self.folder, "world.sqlite")
        self.master = self.start(database=database)
        self.slap = self.master.connect()
        identity = self.computer_identity("COMP-1")
        self.revoke()
        self.master.kill()
        self.master = self.start(database=database)
        self.assertEqual(self.ask(self.open(identity)), 401)


class ByAlert(RevocationTestCase):
    """`auth.revoked` = handshake"""

    world = dict(RevocationTestCase.world, behaviour={"auth.revoked": "handshake"})

    def refused_with(self, context, session=None):
        """What the server's alert says: in the handshake, or in TLS 1.3, where that is over for us, after it."""
        with self.assertRaises(ssl.SSLError) as caught:
            self.open_in(context, session).sock.recv(1)
        return caught.exception.reason

    def test_the_next_handshake(self):
        for version in TLS_VERSIONS:
            identity = self.identity_of_one
            connection = self.open(identity, version)
            self.assertEqual(self.ask(connection), 200)
            self.revoke()
            # No second handshake is made on a connection that is open.
            self.assertEqual(self.ask(connection), 401)
            self.assertIn("CERTIFICATE_REVOKED", self.refused_with(self.context(identity, version)))
            self.identity_of_one = self.computer_identity("COMP-1")
            self.assertEqual(self.ask(self.open(self.identity_of_one, version)), 200)

    def test_in_a_session_that_is_taken_up_again(self):
        for version in TLS_VERSIONS:
            context = self.context(self.identity_of_one, version)
            first = self.open_in(context)
            self.assertEqual(self.ask(first), 200)
            self.revoke()
            self.assertIn("CERTIFICATE_REVOKED", self.refused_with(context, first.sock.session))
            self.identity_of_one = self.computer_identity("COMP-1")

    def test_what_the_library_makes_of_it(self):
        node = self.connect(self.identity_of_one).registerComputer(COMPUTER)
        node.bang("before")
        self.revoke()
        with self.assertRaises(slapos.slap.ConnectionError):
            node.bang("after")
        self.assertEqual(self.computer().getStatus()["text"], "#error bang: before")

    def test_a_certificate_of_another_authority(self):
        stranger = self.computer_identity("COMP-1", master=self.start())
        for version in TLS_VERSIONS:
            self.assertIn("ALERT", self.refused_with(self.context(stranger, version)))

    def test_no_certificate_is_no_reason(self):
        self.assertEqual(self.ask(self.open(NOBODY)), 401)


class Slowly(RevocationTestCase):
    """`auth.revoked` = stale: for a while the old list counts"""

    window_s = 2
    world = dict(RevocationTestCase.world, behaviour={"auth.revoked": "stale", "auth.stale_window": window_s})

    def test_after_the_window(self):
        connection = self.open(self.identity_of_one)
        begun = time.monotonic()
        self.revoke()
        self.assertEqual(self.ask(connection), 200)
        self.assertEqual(self.ask(self.open(self.identity_of_one)), 200)
        # The computer has a new certificate long before the old one is done for.
        new = self.open(self.computer_identity("COMP-1"))
        self.assertEqual(self.ask(new), 200)
        self.assertLess(time.monotonic() - begun, self.window_s, "too slow a machine for this test")
        while self.ask(connection) == 200:
            self.assertLess(time.monotonic() - begun, self.window_s + 5)
            time.sleep(0.05)
        self.assertGreater(time.monotonic() - begun, self.window_s - 1.0)
        self.assertEqual(self.ask(connection), 401)
        self.assertEqual(self.ask(self.open(self.identity_of_one)), 401)
        self.assertEqual(self.ask(new), 200)

    def test_strangers_are_refused_at_once(self):
        stranger = self.computer_identity("COMP-1", master=self.start())
        self.assertEqual(self.ask(self.open(stranger)), 401)
        self.assertEqual(self.ask(self.open(NOBODY)), 401)


class ToldToOthers(RevocationTestCase):
    """The authority's certificate and its list, read by another implementation"""

    def authority(self):
        return x509.load_pem_x509_certificate(self.master.get("_mock/v1/ca.pem").body)

    def revocation_list(self):
        found = x509.load_pem_x509_crl(self.master.get("_mock/v1/crl.pem").body)
        authority = self.authority()
        self.assertEqual(found.issuer, authority.subject)
        self.assertTrue(found.is_signature_valid(authority.public_key()))
        self.assertLess(found.last_update_utc, found.next_update_utc)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs(now - found.last_update_utc), datetime.timedelta(minutes=5))
        binary = x509.load_der_x509_crl(self.master.get("_mock/v1/crl.der").body)
        self.assertEqual({entry.serial_number for entry in binary}, {entry.serial_number for entry in found})
        return found

    def test_the_authority(self):
        authority = self.authority()
        authority.verify_directly_issued_by(authority)
        constraints = authority.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS)
        self.assertTrue(constraints.critical and constraints.value.ca)
        usage = authority.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
        self.assertTrue(usage.key_cert_sign and usage.crl_sign)
        self.assertIn("tests only", authority.subject.rfc4514_string())
        self.assertNotIn("COMP-", authority.subject.rfc4514_string())

    def test_what_is_issued(self):
        authority = self.authority()
        web = self.request("web")
        issued = {
            "COMP-1": self.identity_of_one,
            web.getInstanceGuid(): self.instance_identity(web),
            "default-user": self.user_identity("person-token"),
        }
        serials = set()
        for name, identity in issued.items():
            certificate = certificate_in(identity.cert_file)
            certificate.verify_directly_issued_by(authority)
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            self.assertEqual([attribute.value for attribute in names], [name])
            extensions = certificate.extensions
            self.assertIn(
                ExtendedKeyUsageOID.CLIENT_AUTH,
                list(extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value),
            )
            self.assertFalse(extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value.ca)
            key = serialization.load_pem_private_key(read(identity.key_file), None)
            self.assertEqual(key.public_key(), certificate.public_key())
            now = datetime.datetime.now(datetime.timezone.utc)
            self.assertTrue(certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc)
            serials.add(certificate.serial_number)
        self.assertEqual(len(serials), len(issued))

    def test_the_words_before_a_computers_certificate_are_true(self):
        certificate = certificate_in(self.identity_of_one.cert_file)
        words = read(self.identity_of_one.cert_file).decode("ascii").split("-----BEGIN")[0]
        self.assertIn("Serial Number: %s (hex)\n" % hexadecimal(certificate.serial_number), words)
        form = "%b %e %H:%M:%S %Y GMT"
        self.assertIn("Not Before: %s\n" % certificate.not_valid_before_utc.strftime(form), words)
        self.assertIn("Not After : %s\n" % certificate.not_valid_after_utc.strftime(form), words)

    def test_the_list_grows(self):
        empty = self.revocation_list()
        self.assertEqual(len(empty), 0)
        web = self.request("web", filter_kw={"computer_guid": COMPUTER})
        good = {self.computer_identity("COMP-2"), self.user_identity("person-token")}
        gone = {self.identity_of_one, self.instance_identity(web)}
        begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
        self.revoke()
        self.request("web", state="destroyed")
        self.handle(web).destroyed()
        found = self.revocation_list()
        for identity in good:
            serial = certificate_in(identity.cert_file).serial_number
            self.assertIsNone(found.get_revoked_certificate_by_serial_number(serial))
        for identity in gone:
            serial = certificate_in(identity.cert_file).serial_number
            entry = found.get_revoked_certificate_by_serial_number(serial)
            self.assertIsNotNone(entry)
            self.assertGreaterEqual(entry.revocation_date_utc, begun.replace(microsecond=0))
        self.assertEqual(len(found), len(gone))

        def number(crl):
            return crl.extensions.get_extension_for_oid(ExtensionOID.CRL_NUMBER).value.crl_number

        self.assertGreater(number(found), number(empty))

    def test_the_status_of_a_serial(self):
        serial = hexadecimal(certificate_in(self.identity_of_one.cert_file).serial_number)
        session = self.session()
        url = self.master.url + "/_mock/v1/certificates/" + serial
        self.assertEqual(session.get(url).json()["status"], "valid")
        self.revoke()
        self.assertEqual(session.get(url).json()["status"], "revoked")
        self.assertEqual(session.get(url.replace(serial, "1" + serial[1:-1] + "f7")).status_code, 404)

    def test_the_servers_certificate(self):
        connection = self.open(NOBODY)
        certificate = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True))
        certificate.verify_directly_issued_by(self.authority())
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        self.assertIn("localhost", names.get_values_for_type(x509.DNSName))
        addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
        self.assertLessEqual({"127.0.0.1", "::1"}, addresses)

    def test_a_revoked_certificate_is_refused_by_the_list_too(self):
        """The list does for another server what the database does for this one."""
        self.supply(RELEASE)
        self.revoke()
        serial = certificate_in(self.identity_of_one.cert_file).serial_number
        self.assertIsNotNone(self.revocation_list().get_revoked_certificate_by_serial_number(serial))
        again = certificate_in(self.computer_identity("COMP-1").cert_file).serial_number
        self.assertNotEqual(again, serial)
        self.assertIsNone(self.revocation_list().get_revoked_certificate_by_serial_number(again))


if __name__ == "__main__":
    main()
