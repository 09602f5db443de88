"""`slapos node register`: what it asks, what it writes, and what it says when it is refused."""

import concurrent.futures
import configparser
import os
import re
import stat
import time

from slapos.cli.register import get_computer_name

from support import NotFoundError, computer_configuration, dumps, main, partition_configuration
from support_tls import ACCESS_DENIED, RegisterTestCase, StandIn

IN_USE = (
    'The node name "%s" is already in use. Please change the name, or revoke the active certificate if '
    "you want to replace the node."
)

# A computer's certificate begins with what `openssl x509 -text` would say of it, as far as clients look.
CERTIFICATE = re.compile(
    r"""\ACertificate:
    Data:
        Version: 3 \(0x2\)
        Serial Number: [0-9a-f]+ \(hex\)
        Issuer: (?P<issuer>[^\n]+)
        Validity
            Not Before: (?P<not_before>[^\n]+ GMT)
            Not After : (?P<not_after>[^\n]+ GMT)
        Subject: (?:[^\n]*, )?CN=(?P<name>COMP-[0-9]+)/emailAddress=[^\n]+
-----BEGIN CERTIFICATE-----
(?:[A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----
\Z"""
)


def tokens(*values, purpose="computer"):
    return [{"value": value, "purpose": purpose} for value in values]


def mode(path):
    return oct(stat.S_IMODE(os.stat(path).st_mode))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Registered(RegisterTestCase):
    """A token that is good"""

    world = {"computers": [{"reference": "COMP-7"}], "tokens": tokens("one-token", "two-token", "three-token")}

    def settings(self):
        parser = configparser.ConfigParser()
        self.assertEqual(parser.read(self.configuration), [self.configuration])
        return parser

    def test_what_is_written_works(self):
        done = self.register("Paris 1", "one-token", "--partition-number", "3", "--interface-name", "eth7")
        reference = self.settings()["slapos"]["computer_id"]
        self.assertRegex(reference, r"\ACOMP-[0-9]+\Z")
        self.assert_registered(reference, done)
        self.assertEqual(
            [line.split(" INFO ")[-1] for line in done.err.splitlines()][-3:],
            [
                "SlapOS configuration written to " + self.configuration,
                "Node has successfully been configured as %s." % reference,
                "Now please invoke slapos node boot on your site.",
            ],
        )
        self.assertEqual(done.out, "")

        files = self.computer_files
        settings = self.settings()
        self.assertEqual(settings["slapos"]["master_url"], self.master.tls_url)
        self.assertEqual(settings["slapos"]["key_file"], files.key_file)
        self.assertEqual(settings["slapos"]["cert_file"], files.cert_file)
        self.assertEqual(settings["slapformat"]["partition_amount"], "3")
        self.assertEqual(settings["slapformat"]["interface_name"], "eth7")
        self.assertEqual(mode(files.key_file), "0o600")
        self.assertEqual(mode(files.cert_file), "0o600")
        pki = os.path.join(self.etc, "ssl/partition_pki")
        self.assertEqual(settings["slapos"]["certificate_repository_path"], pki)
        self.assertTrue(os.path.isdir(pki))

        # The certificate is COMP-n's, and nobody else's.
        node = self.connect(files)
        node.registerComputer(reference).updateConfiguration(
            dumps(computer_configuration(reference, [partition_configuration(0)]))
        )
        told = node.registerComputer(reference).getComputerPartitionList()
        self.assertEqual([partition.getId() for partition in told], ["slappart0"])
        self.assert_refused(node.registerComputer("COMP-7").getComputerPartitionList)
        # The command itself calls with it, configured by nothing but what was written.
        bang = self.slapos("node", "bang", "-m", "here I am", "--cfg", self.configuration)
        self.assertEqual(bang.code, 0, bang)
        self.assertEqual(self.computer(reference).getStatus()["text"], "#error bang: here I am")
        self.assertEqual(self.computer(reference).getStatus()["user"], reference)

    def test_the_certificate_names_its_computer_in_words(self):
        self.register("Paris 1", "one-token")
        certificate = read(self.computer_files.cert_file)
        found = CERTIFICATE.match(certificate)
        self.assertIsNotNone(found, certificate)
        self.assertEqual(found["name"], get_computer_name(certificate))
        self.assertNotIn("COMP-", found["issuer"])
        self.assertTrue(read(self.computer_files.key_file).startswith("-----BEGIN PRIVATE KEY-----\n"))

    def test_the_title_is_the_computers(self):
        self.register("Tōkyō; a=b&c", "one-token")
        reference = self.settings()["slapos"]["computer_id"]
        # The same title, asked for in another way, leads to the same computer.
        found = self.slap.registerOpenOrder().requestComputer("Tōkyō; a=b&c")
        self.assertEqual(found._computer_id, reference)

    def test_a_token_works_once(self):
        self.assertEqual(self.register("a", "one-token").code, 0)
        done = self.register("b", "one-token")
        self.assertEqual(done.code, 1, done)
        self.assertIn(ACCESS_DENIED, done.err)

    def test_each_computer_gets_a_reference_of_its_own(self):
        references = []
        for name, token in (("a", "one-token"), ("b", "two-token")):
            self.assertEqual(self.register(name, token).code, 0)
            references.append(self.settings()["slapos"]["computer_id"])
        self.assertEqual(len(set(references + ["COMP-7"])), 3, references)

    def test_a_second_run_moves_the_former_configuration(self):
        self.register("a", "one-token")
        first = read(self.configuration)
        done = self.register("b", "two-token")
        moved = self.etc + ".old"
        self.assertIn("Former slapos configuration detected in %s moving to %s" % (self.etc, moved), done.err)
        self.assertEqual(read(os.path.join(moved, "slapos.cfg")), first)
        second = read(self.configuration)
        done = self.register("c", "three-token")
        self.assertIn("moving to %s.1" % moved, done.err)
        self.assertEqual(read(os.path.join(moved + ".1", "slapos.cfg")), second)
        self.assertNotIn(read(self.configuration), (first, second))

    def test_a_name_in_use_is_refused_and_the_token_stays_good(self):
        self.register("Paris 1", "one-token")
        before = read(self.configuration)
        for _ in range(2):
            done = self.register("Paris 1", "two-token")
            self.assertEqual(done.code, 1, done)
            self.assertIn(IN_USE % "Paris 1", done.err)
            self.assertEqual(read(self.configuration), before)
        self.assertEqual(self.register("Paris 2", "two-token").code, 0)

    def test_after_a_revocation_it_is_the_same_computer_with_another_certificate(self):
        self.register("Paris 1", "one-token")
        reference = self.settings()["slapos"]["computer_id"]
        self.slap.registerComputer(reference).revokeCertificate()
        done = self.register("Paris 1", "two-token")
        self.assert_registered(reference, done)
        new = self.connect(self.computer_files)
        new.registerComputer(reference).bang("new")
        old_files = [path.replace(self.etc, self.etc + ".old") for path in self.computer_files]
        self.assertNotEqual(read(old_files[0]), read(self.computer_files.cert_file))
        old = self.connect(self.computer_files._make(old_files))
        self.assert_refused(old.registerComputer(reference).bang, "old")
        self.assertEqual(self.computer(reference).getStatus()["text"], "#error bang: new")

    def test_a_final_slash_is_no_matter(self):
        done = self.register("a", "one-token", url=self.master.tls_url + "/")
        self.assert_registered(self.settings()["slapos"]["computer_id"], done)
        done = self.register("b", "two-token", url=self.master.tls_url, web_url=self.master.url + "//")
        self.assert_registered(self.settings()["slapos"]["computer_id"], done)

    def test_the_plain_listener_registers_too(self):
        done = self.register("a", "one-token", url=self.master.url)
        self.assert_registered(self.settings()["slapos"]["computer_id"], done)

    def test_a_dry_run_writes_nothing_but_registers(self):
        done = self.register("Paris 1", "one-token", "--dry-run")
        self.assertEqual(done.code, 0, done)
        self.assertRegex(done.err, "Node has successfully been configured as COMP-[0-9]+\\.")
        self.assertFalse(os.path.exists(self.etc))
        self.assert_not_registered(ACCESS_DENIED, self.register("Paris 2", "one-token"))
        self.assert_not_registered(IN_USE % "Paris 1", self.register("Paris 1", "two-token"))


class Refused(RegisterTestCase):
    """What the master refuses"""

    world = {
        "users": [{"reference": "alice", "functions": {"PROJ-1": ["customer"]}}],
        "tokens": tokens("good-token") + tokens("person-token", purpose="user"),
    }

    def test_an_unknown_token(self):
        self.assert_not_registered(ACCESS_DENIED, self.register("a", "bad-token"))
        # Nothing was made under that name, and no token was spent.
        self.assertEqual(self.register("a", "good-token").code, 0)

    def test_a_garbage_token(self):
        for token in ("' OR 1=1 --", "x" * 4000, "good ; good", "%00", "g\u00f6\u00f6d"):
            self.assert_not_registered(ACCESS_DENIED, self.register("a", token))

    def test_an_expired_token(self):
        token = self.new_token("computer", lifetime_s=1)
        # There is no other way to see the real clock pass.
        time.sleep(2.1)
        self.assert_not_registered(ACCESS_DENIED, self.register("a", token))

    def test_a_token_for_a_person_is_refused_and_spent(self):
        self.assert_not_registered(ACCESS_DENIED, self.register("a", "person-token"))
        done = self.configure_client("person-token", os.path.join(self.home, "client/slapos-client.cfg"))
        self.assertEqual(done.code, 1, done)
        self.assertIn(ACCESS_DENIED, done.err)

    def test_a_token_of_somebody_who_may_not_make_computers(self):
        token = self.new_token("computer", user="alice")
        self.assert_not_registered(ACCESS_DENIED, self.register("a", token))
        self.assert_registered("COMP-1", self.register("a", "good-token"))

    def test_an_empty_name_is_malformed_and_spends_nothing(self):
        done = self.register("", "good-token")
        self.assert_not_registered("requests.exceptions.HTTPError: 400 ", done)
        self.assertEqual(self.register("a", "good-token").code, 0)

    def test_a_name_that_no_xml_can_hold(self):
        self.assert_not_registered("requests.exceptions.HTTPError: 400 ", self.register("a\x01b", "good-token"))

    def test_a_master_that_is_down(self):
        url = self.master.tls_url
        self.master.stop()
        done = self.register("a", "good-token", url=url)
        self.assert_not_registered("requests.exceptions.ConnectionError: ", done)

    def test_plain_http_at_the_https_port(self):
        url = self.master.tls_url.replace("https:", "http:")
        done = self.register("a", "good-token", url=url)
        self.assertEqual(done.code, 1, done)
        self.assertFalse(os.path.exists(self.etc))
        # The listener is none the worse for it.
        self.assertEqual(self.register("a", "good-token").code, 0)


class AllAtOnce(RegisterTestCase):
    """Several nodes that ask in the same moment, less the command around the call"""

    world = {"tokens": tokens(*("node-token-%d" % number for number in range(8)))}

    def ask(self, asked):
        """The answers to these pairs of a title and a token."""
        sessions = [self.session() for _pair in asked]

        def post(session, pair):
            title, token = pair
            url = self.master.tls_url + "/Person_requestComputer"
            return session.post(url, headers={"X-Access-Token": token}, data={"title": title})

        with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(post, sessions, asked))

    def test_one_token_makes_one_computer(self):
        answers = self.ask([("node %d" % number, "node-token-0") for number in range(8)])
        self.assertEqual(sorted(answer.status_code for answer in answers), [200] + [403] * 7)

    def test_one_name_is_one_computer(self):
        answers = self.ask([("node", "node-token-%d" % number) for number in range(8)])
        self.assertEqual(sorted(answer.status_code for answer in answers), [200] + [500] * 7)
        for answer in answers:
            if answer.status_code == 500:
                self.assertEqual(answer.text, "Certificate still active.")
        # Its number is that of whoever was first; those of the others are never used.
        (made,) = (answer.json()["reference"] for answer in answers if answer.status_code == 200)
        self.assertEqual(self.slap.registerOpenOrder().requestComputer("node")._computer_id, made)
        # Each token that bought nothing is good still.
        unspent = [token for token, answer in enumerate(answers) if answer.status_code == 500]
        again = self.ask([("other %d" % token, "node-token-%d" % token) for token in unspent])
        self.assertEqual({answer.status_code for answer in again}, {200})
        self.assertEqual(len({answer.json()["reference"] for answer in again} | {made}), 8)


class FromOtherMasters(RegisterTestCase):
    """What the command makes of answers that this master does not give"""

    def register_at(self, status, body):
        with StandIn(otherwise=(status, body)) as stand_in:
            done = self.register("n 1", "token", url=stand_in.url)
        self.assertEqual(stand_in.asked, [("POST", "/Person_requestComputer", "token")])
        return done

    def test_every_status_that_is_no_success(self):
        for status in (400, 401, 404, 408, 410, 500, 503):
            message = "requests.exceptions.HTTPError: %d " % status
            self.assert_not_registered(message, self.register_at(status, "sorry"))
        self.assert_not_registered(ACCESS_DENIED, self.register_at(403, ""))

    def test_the_words_count_with_any_status(self):
        for status in (403, 404, 500):
            done = self.register_at(status, "Error: Certificate still active. Sorry")
            self.assert_not_registered(IN_USE % "n 1", done)

    def test_no_json(self):
        self.assert_not_registered("JSONDecodeError", self.register_at(200, "<html>"))
        self.assert_not_registered("KeyError: 'certificate'", self.register_at(200, "{}"))


class RegisteredInReal(RegisterTestCase):
    """Where a computer has to be known before it can be formatted: --preset real"""

    options = {"preset": "real"}
    world = {"tokens": tokens("one-token")}

    def test_a_registered_computer_is_known(self):
        self.assertRaises(NotFoundError, self.format, "COMP-1")
        self.assertEqual(self.register("a", "one-token").code, 0)
        reference = re.search("^computer_id = (.*)$", read(self.configuration), re.MULTILINE)[1]
        node = self.connect(self.computer_files)
        node.registerComputer(reference).updateConfiguration(
            dumps(computer_configuration(reference, [partition_configuration(0)]))
        )


if __name__ == "__main__":
    main()
