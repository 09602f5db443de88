"""Certificates, keys and revocation list, judged by `cryptography` and by `ssl`.

SAMPLE names the folder with the files, and `expected.json` in it says what they must say.
"""

import datetime
import ipaddress
import json
import os
import pathlib
import ssl
import unittest
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SAMPLE = pathlib.Path(os.environ["SAMPLE"])
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())
ISSUED = EXPECTED["issued"]
CLIENTS = ["computer", "instance", "user", "odd"]
# Of this authority, whatever became of them.
OWN = CLIENTS + ["server", "revoked"]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def path(name):
    return str(SAMPLE / name)


def read(name):
    return (SAMPLE / name).read_bytes()


def certificate(name):
    with warnings.catch_warnings():
        # The common name of `odd` is longer than X.500 allows.
        warnings.simplefilter("ignore")
        found = x509.load_pem_x509_certificate(read(name + ".crt"))
        found.subject
        return found


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


class Cryptography(unittest.TestCase):
    def setUp(self):
        self.ca = certificate("ca")
        # Names are read when they are asked for.
        ignored = warnings.catch_warnings()
        ignored.__enter__()
        self.addCleanup(ignored.__exit__, None, None, None)
        warnings.simplefilter("ignore")

    def test_fields(self):
        for name in OWN:
            with self.subTest(name):
                found, expected = certificate(name), ISSUED[name]
                self.assertEqual(found.version, x509.Version.v3)
                self.assertEqual(found.serial_number, int(expected["serial"], 16))
                self.assertEqual(found.issuer, self.ca.subject)
                (common_name,) = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
                self.assertEqual(common_name.value, expected["common_name"])
                (mark,) = found.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
                self.assertEqual(mark.value, "slapmaster, for tests only")
                self.assertEqual(found.not_valid_before_utc, at(expected["not_before"]))
                self.assertEqual(found.not_valid_after_utc, at(expected["not_after"]))
                extensions = found.extensions
                constraints = extensions.get_extension_for_class(x509.BasicConstraints)
                self.assertTrue(constraints.critical)
                self.assertFalse(constraints.value.ca)
                usage = extensions.get_extension_for_class(x509.KeyUsage)
                self.assertTrue(usage.critical)
                self.assertTrue(usage.value.digital_signature)
                self.assertFalse(usage.value.key_cert_sign or usage.value.crl_sign)
                usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
                self.assertEqual(
                    list(usage),
                    [
                        ExtendedKeyUsageOID.SERVER_AUTH
                        if name == "server"
                        else ExtendedKeyUsageOID.CLIENT_AUTH
                    ],
                )
                key_of = x509.SubjectKeyIdentifier
                theirs = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
                ours = self.ca.extensions.get_extension_for_class(key_of)
                self.assertEqual(theirs.value.key_identifier, ours.value.digest)
                own = extensions.get_extension_for_class(key_of)
                self.assertNotEqual(own.value.digest, ours.value.digest)

    def test_signatures(self):
        self.ca.verify_directly_issued_by(self.ca)
        for name in OWN:
            with self.subTest(name):
                certificate(name).verify_directly_issued_by(self.ca)
                with self.assertRaises(InvalidSignature):
                    certificate(name).verify_directly_issued_by(certificate("other"))
        with self.assertRaises(InvalidSignature):
            certificate("foreign").verify_directly_issued_by(self.ca)

    def test_keys(self):
        for name in ISSUED:
            with self.subTest(name):
                key = serialization.load_pem_private_key(read(name + ".key"), password=None)
                self.assertIsInstance(key.curve, ec.SECP256R1)
                self.assertEqual(key.public_key(), certificate(name).public_key())

    def test_chains(self):
        every = verification.ExtensionPolicy
        builder = (
            verification.PolicyBuilder()
            .store(verification.Store([self.ca]))
            .time(at(EXPECTED["now"]))
            # The public web wants the names of a client in its alternative names: that one rule
            # is left out, and no other.
            .extension_policies(
                ca_policy=every.webpki_defaults_ca(),
                ee_policy=every.webpki_defaults_ee().may_be_present(
                    x509.SubjectAlternativeName, verification.Criticality.AGNOSTIC, None
                ),
            )
        )
        for name in CLIENTS:
            with self.subTest(name):
                chain = builder.build_client_verifier().verify(certificate(name), []).chain
                self.assertEqual(chain, [certificate(name), self.ca])
        for name in ["foreign", "server"]:
            with self.subTest(name), self.assertRaises(verification.VerificationError):
                builder.build_client_verifier().verify(certificate(name), [])

    def test_server_by_the_rules_of_the_public_web(self):
        builder = verification.PolicyBuilder().store(verification.Store([self.ca]))
        builder = builder.time(at(EXPECTED["now"]))
        names = [
            x509.DNSName("localhost"),
            x509.DNSName("master.example.org"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
        for name in names:
            with self.subTest(name):
                builder.build_server_verifier(name).verify(certificate("server"), [])
        with self.assertRaises(verification.VerificationError):
            elsewhere = builder.build_server_verifier(x509.DNSName("elsewhere"))
            elsewhere.verify(certificate("server"), [])

    def test_list(self):
        revoked, now = ISSUED["revoked"], EXPECTED["now"]
        for crl in [
            x509.load_pem_x509_crl(read("crl.pem")),
            x509.load_der_x509_crl(read("crl.der")),
        ]:
            self.assertTrue(crl.is_signature_valid(self.ca.public_key()))
            self.assertFalse(crl.is_signature_valid(certificate("other").public_key()))
            self.assertIsInstance(crl.signature_hash_algorithm, hashes.SHA256)
            self.assertEqual(crl.issuer, self.ca.subject)
            self.assertEqual(crl.last_update_utc, at(now))
            self.assertEqual(crl.next_update_utc, at(now + 86400))
            number = crl.extensions.get_extension_for_class(x509.CRLNumber)
            self.assertEqual(number.value.crl_number, 3)
            signer = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
            ours = self.ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            self.assertEqual(signer.value.key_identifier, ours.value.digest)
            (entry,) = crl
            self.assertEqual(entry.serial_number, int(revoked["serial"], 16))
            self.assertEqual(entry.revocation_date_utc, at(now))
            for name in CLIENTS:
                serial = int(ISSUED[name]["serial"], 16)
                self.assertIsNone(crl.get_revoked_certificate_by_serial_number(serial))


class Handshake(unittest.TestCase):
    """Both ends in one process, over buffers instead of sockets."""

    def server(self, version, revocation=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain(path("server.crt"), path("server.key"))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(path("ca.crt"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if revocation:
            context.load_verify_locations(path("crl.pem"))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context

    def client(self, name, ca="ca"):
        context = ssl.create_default_context(cafile=path(ca + ".crt"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(path(name + ".crt"), path(name + ".key"))
        return context

    def shake(self, server, client, host="localhost"):
        """The client as the server knows it after the handshake and a message each way."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        one = server.wrap_bio(to_server, to_client, server_side=True)
        other = client.wrap_bio(to_client, to_server, server_hostname=host)
        waiting = [one, other]
        for _ in range(10):
            for end in list(waiting):
                try:
                    end.do_handshake()
                    waiting.remove(end)
                except ssl.SSLWantReadError:
                    pass
            if not waiting:
                break
        self.assertEqual(waiting, [], "the handshake does not end")
        other.write(b"ping")
        self.assertEqual(one.read(), b"ping")
        one.write(b"pong")
        self.assertEqual(other.read(), b"pong")
        return one.getpeercert()

    def test_clients(self):
        for version in VERSIONS:
            for name in CLIENTS:
                with self.subTest(name, version=version):
                    peer = self.shake(self.server(version), self.client(name))
                    subject = dict(pair for names in peer["subject"] for pair in names)
                    self.assertEqual(subject["commonName"], ISSUED[name]["common_name"])
                    self.assertEqual(peer["serialNumber"].lower(), ISSUED[name]["serial"])

    def test_names_of_the_server(self):
        for version in VERSIONS:
            for host in ["localhost", "127.0.0.1", "::1", "master.example.org"]:
                with self.subTest(host, version=version):
                    self.shake(self.server(version), self.client("computer"), host)
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "mismatch"):
                self.shake(self.server(version), self.client("computer"), "elsewhere")

    def test_other_authority(self):
        for version in VERSIONS:
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "verify failed"):
                self.shake(self.server(version), self.client("foreign"))
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "verify failed"):
                self.shake(self.server(version), self.client("computer", ca="other"))

    def test_server_certificate_of_a_client(self):
        for version in VERSIONS:
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "purpose"):
                self.shake(self.server(version), self.client("server"))

    def test_revoked(self):
        for version in VERSIONS:
            for name in CLIENTS:
                with self.subTest(name, version=version):
                    self.shake(self.server(version, revocation=True), self.client(name))
            self.shake(self.server(version), self.client("revoked"))
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, "revoked"):
                self.shake(self.server(version, revocation=True), self.client("revoked"))
