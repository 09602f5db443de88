"""`slapos configure client`, `slapos computer token`, and the commands of a client over https."""

import json
import os
import re
import stat
import textwrap
import time

from support import COMPUTER, OTHER_RELEASE, main
from support_tls import ACCESS_DENIED, RegisterTestCase, StandIn, TlsCommandTestCase

ONE_COMPUTER = [{"reference": COMPUTER, "partitions": 2}]


def mode(path):
    return oct(stat.S_IMODE(os.stat(path).st_mode))


class ConfigureClient(TlsCommandTestCase):
    """slapos configure client"""

    world = {
        "computers": ONE_COMPUTER,
        "tokens": [
            {"value": "good-token", "purpose": "user"},
            {"value": "second-token", "purpose": "user"},
            {"value": "node-token", "purpose": "computer"},
        ],
    }

    def setUp(self):
        super().setUp()
        self.client = self.path("slapos client")
        self.configuration = os.path.join(self.client, "slapos-client.cfg")
        self.files = [self.configuration] + [os.path.join(self.client, name) for name in ("client.crt", "client.key")]

    def assert_configured(self, done):
        self.assertEqual(done.code, 0, done)
        self.assertIn("SlapOS client configuration written to " + self.configuration, done.err)

    def assert_not_configured(self, message, done):
        self.assertEqual(done.code, 1, done)
        self.assertIn(message, done.err)
        self.assertEqual(os.listdir(self.client), [])

    def test_what_is_written_works(self):
        self.assert_configured(self.configure_client("good-token", self.configuration))
        self.assertEqual(sorted(os.listdir(self.client)), ["client.crt", "client.key", "slapos-client.cfg"])
        self.assertEqual([mode(path) for path in self.files], ["0o600"] * 3)
        self.assertEqual(mode(self.client), "0o700")
        self.succeed("supply", OTHER_RELEASE, COMPUTER, "--cfg", self.configuration)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})

    def test_the_token_is_asked_for_where_none_is_given(self):
        done = self.configure_client(None, self.configuration, stdin="good-token\n")
        self.assert_configured(done)
        self.assertEqual(done.out, "Credential security token: ")

    def test_a_token_works_once(self):
        self.assert_configured(self.configure_client("good-token", self.configuration))
        other = self.path("other/slapos-client.cfg")
        done = self.configure_client("good-token", other)
        self.assertEqual(done.code, 1, done)
        self.assertIn(ACCESS_DENIED, done.err)
        self.assertEqual(os.listdir(self.path("other")), [])

    def test_a_further_certificate_leaves_the_earlier_one_good(self):
        self.assert_configured(self.configure_client("good-token", self.configuration))
        other = self.path("other/slapos-client.cfg")
        self.assertEqual(self.configure_client("second-token", other).code, 0)
        for number, configuration in enumerate((self.configuration, other)):
            self.succeed("supply", "%s/%d" % (OTHER_RELEASE, number), COMPUTER, "--cfg", configuration)

    def test_an_existing_file_is_kept_and_the_token_unspent(self):
        os.mkdir(self.client)
        words = {"slapos-client.cfg": "configuration", "client.crt": "certificate", "client.key": "key"}
        with StandIn() as stand_in:
            for path in self.files:
                with open(path, "w", encoding="utf-8") as file:
                    file.write("mine")
                message = "There is a file in %s. Please remove it before creating a new %s." % (
                    path,
                    words[os.path.basename(path)],
                )
                for url in (stand_in.url, self.master.tls_url):
                    done = self.configure_client("good-token", self.configuration, url=url)
                    self.assertEqual(done.code, 1, done)
                    self.assertIn(message, done.err)
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.read(), "mine")
                os.remove(path)
            self.assertEqual(stand_in.asked, [])
        self.assert_configured(self.configure_client("good-token", self.configuration))

    def test_wrong_tokens(self):
        for token in ("bad-token", "g\u00f6\u00f6d", "x" * 4000):
            self.assert_not_configured(ACCESS_DENIED, self.configure_client(token, self.configuration))

    def test_a_token_for_a_computer_is_refused_and_spent(self):
        self.assert_not_configured(ACCESS_DENIED, self.configure_client("node-token", self.configuration))
        answer = self.session().post(
            self.master.tls_url + "/Person_requestComputer", headers={"X-Access-Token": "node-token"}, data={"title": "a"}
        )
        self.assertEqual(answer.status_code, 403)

    def test_an_expired_token(self):
        token = self.new_token("user", lifetime_s=1)
        # There is no other way to see the real clock pass.
        time.sleep(2.1)
        self.assert_not_configured(ACCESS_DENIED, self.configure_client(token, self.configuration))

    def test_a_final_slash_is_no_matter(self):
        self.assert_configured(self.configure_client("good-token", self.configuration, url=self.master.tls_url + "/"))

    def test_a_master_that_is_down(self):
        url = self.master.tls_url
        self.master.stop()
        done = self.configure_client("good-token", self.configuration, url=url)
        self.assert_not_configured("requests.exceptions.ConnectionError: ", done)

    def test_answers_of_other_masters(self):
        for status, body, message in (
            (400, "", "requests.exceptions.HTTPError: 400 "),
            (401, "", "requests.exceptions.HTTPError: 401 "),
            (403, "{}", ACCESS_DENIED),
            (404, "", "requests.exceptions.HTTPError: 404 "),
            (500, "", "requests.exceptions.HTTPError: 500 "),
            (200, "<html>", "JSONDecodeError"),
            (200, "false", "TypeError: 'bool' object is not subscriptable"),
        ):
            with StandIn(otherwise=(status, body)) as stand_in:
                done = self.configure_client("t-token", self.configuration, url=stand_in.url)
            self.assert_not_configured(message, done)
            self.assertEqual(stand_in.asked, [("POST", "/Person_getCertificate", "t-token")])


class Commands(TlsCommandTestCase):
    """supply, remove, request, console with a certificate over https"""

    world = {
        "users": [{"reference": "alice", "functions": {"PROJ-1": ["customer"]}}],
        "computers": ONE_COMPUTER,
        "tokens": [
            {"value": "manager-token", "purpose": "user"},
            {"value": "alice-token", "purpose": "user", "user": "alice"},
        ],
    }

    def setUp(self):
        super().setUp()
        self.manager = self.home_of(self.user_identity("manager-token"))
        self.alice = self.home_of(self.user_identity("alice-token"))

    def test_supply_and_remove(self):
        done = self.succeed("supply", OTHER_RELEASE, COMPUTER, "--cfg", self.manager)
        self.assertIn("Done.", done.err)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "available"})
        self.succeed("remove", OTHER_RELEASE, COMPUTER, "--cfg", self.manager)
        self.assertEqual(self.releases(), {OTHER_RELEASE: "destroyed"})

    def test_a_customer_supplies_nothing(self):
        for command in ("supply", "remove"):
            self.fail_with(1, "HTTPError: 401 ", command, OTHER_RELEASE, COMPUTER, "--cfg", self.alice)
        self.assertEqual(self.releases(), {})

    def test_supply_on_an_unknown_computer(self):
        message = "NotFoundError: Computer COMP-404 has not been found by SlapOS Master."
        self.fail_with(1, message, "supply", OTHER_RELEASE, "COMP-404", "--cfg", self.manager)

    def test_request(self):
        options = ["web", self.release, "--parameters", "colour=blue", "--cfg", self.alice]
        done = self.succeed("request", *options)
        self.assertIn("Instance requested.\nState is : started.", done.err)
        partition = self.fresh("slappart0")
        self.assertEqual(partition.getInstanceParameterDict()["colour"], "blue")
        partition.setConnectionDict({"url": "https://web.example.org/"})
        done = self.succeed("request", *options)
        self.assertIn("'url': 'https://web.example.org/'", done.err)
        self.fail_with(2, "Instance requested. Master is provisioning it.", "request", *options, "--state", "destroyed")
        self.assertEqual(self.fresh("slappart0").getState(), "destroyed")

    def test_each_person_has_trees_of_their_own(self):
        for person in (self.alice, self.manager):
            self.succeed("request", "web", self.release, "--cfg", person)
        first, second = (self.fresh(name) for name in ("slappart0", "slappart1"))
        self.assertNotEqual(first.getInstanceGuid(), second.getInstanceGuid())
        # A third has no room, a repetition needs none.
        self.succeed("request", "web", self.release, "--cfg", self.alice)
        self.fail_with(2, "Instance requested. Master is", "request", "mail", self.release, "--cfg", self.alice)

    def test_console(self):
        script = self.write(
            "script.py",
            textwrap.dedent(
                """\
                web = request("%(release)s", "web")
                print(web.getState(), web.getId())
                print([p.getId() for p in slap.registerComputer("%(computer)s").getComputerPartitionList()])
                """
            )
            % {"release": self.release, "computer": COMPUTER},
        )
        done = self.succeed("console", "--cfg", self.alice, script)
        self.assertEqual(done.out, "started slappart0\n['slappart0', 'slappart1']\n")
        options = ["console", "--cfg", self.alice, self.write("refused.py", "supply(%r, %r)" % (self.release, COMPUTER))]
        self.fail_with(1, "HTTPError: 401 ", *options)

    def test_the_console_takes_certificate_and_key_as_options(self):
        script = self.write("script.py", "print(request(%r, 'web').getId())" % self.release)
        bare = self.new_file("[slapos]\nmaster_url = %s\n" % self.master.tls_url, ".cfg")
        files = self.user_identity(self.new_token("user", user="alice"))
        done = self.succeed("console", "--cfg", bare, "-k", files.key_file, "-c", files.cert_file, script)
        self.assertEqual(done.out, "slappart0\n")

    def test_a_certificate_that_is_nobodys(self):
        """Two masters with an authority each: one does not know whom the other names."""
        stranger = self.start()
        foreign = self.home_of(self.user_identity("manager-token", master=stranger))
        self.fail_with(1, "HTTPError: 401 ", "supply", OTHER_RELEASE, COMPUTER, "--cfg", foreign)
        self.fail_with(1, "HTTPError: 401 ", "request", "web", self.release, "--cfg", foreign)
        self.assertEqual(self.releases(), {})
        self.assert_free("slappart0")

    def test_https_without_a_certificate(self):
        bare = self.new_file("[slapos]\nmaster_url = %s/\n" % self.master.tls_url, ".cfg")
        message = "ValueError: No option 'key_file' and/or 'cert_file'"
        self.fail_with(1, message, "supply", OTHER_RELEASE, COMPUTER, "--cfg", bare)


class ComputerToken(RegisterTestCase):
    """slapos computer token"""

    world = {
        "users": [{"reference": "alice", "functions": {"PROJ-1": ["customer"]}}],
        "tokens": [
            {"value": "manager-token", "purpose": "user"},
            {"value": "alice-token", "purpose": "user", "user": "alice"},
        ],
    }

    def token(self, configuration):
        done = self.succeed("computer", "token", "--cfg", configuration)
        found = re.fullmatch("Computer token: (\\S{16,})\n", done.out)
        self.assertIsNotNone(found, done)
        return found[1]

    def home_at(self, rest_url=None, url=None):
        """A configuration for the plain listener."""
        text = "[slapos]\nmaster_url = %s\n" % (url or self.master.url)
        if rest_url is not None:
            text += "master_rest_url = %s\n" % rest_url
        return self.new_file(text + "[slapconsole]\n", ".cfg")

    def test_over_http_the_url_is_found(self):
        token = self.token(self.home_at())
        self.assert_registered("COMP-1", self.register("a", token))

    def test_over_http_the_url_is_given(self):
        port = self.master.port
        tokens = {
            self.token(self.home_at(rest_url=url))
            for url in (
                "http://127.0.0.1:%d/hateoas" % port,
                "http://127.0.0.1:%d/hateoas/" % port,
                "http://localhost:%d/hateoas" % port,
            )
        }
        self.assertEqual(len(tokens), 3, "a token was given twice")

    def test_over_https_it_registers_one_computer(self):
        manager = self.user_identity("manager-token")
        token = self.token(self.home_of(manager))
        self.assert_registered("COMP-1", self.register("a", token))
        done = self.register("b", token)
        self.assertEqual(done.code, 1, done)
        self.assertIn(ACCESS_DENIED, done.err)
        token = self.token(self.home_of(manager, rest_url=self.master.tls_url + "/hateoas"))
        self.assert_registered("COMP-2", self.register("b", token))

    def test_the_library_asks_for_one_too(self):
        manager = self.connect(self.user_identity("manager-token"))
        token = manager.registerToken().request()
        self.assert_registered("COMP-1", self.register("a", token))

    def test_it_does_not_make_a_person_known(self):
        token = self.token(self.home_at())
        done = self.configure_client(token, self.path("client/slapos-client.cfg"))
        self.assertEqual(done.code, 1, done)
        self.assertIn(ACCESS_DENIED, done.err)

    def test_without_a_valid_certificate(self):
        stranger = self.user_identity("manager-token", master=self.start())
        foreign = self.home_of(stranger, rest_url=self.master.tls_url + "/hateoas")
        self.fail_with(1, "HTTPError: 401 ", "computer", "token", "--cfg", foreign)
        # The client swallows what it is told when it looks for the dialect.
        message = "SlapOS Master Hateoas API required for this operation is not available."
        self.fail_with(1, message, "computer", "token", "--cfg", self.home_of(stranger))
        for path in ("/hateoas", "/hateoas/", "/hateoas/computer_module/Base_getComputerToken"):
            answer = self.session().get(self.master.tls_url + path)
            self.assertEqual((answer.status_code, answer.text), (401, ""), path)
            self.assertIn("X-Delegate", answer.headers["WWW-Authenticate"])

    def test_a_customer_gets_none(self):
        alice = self.home_of(self.user_identity("alice-token"))
        self.fail_with(1, "HTTPError: 403 ", "computer", "token", "--cfg", alice)


class ComputerTokenInReal(TlsCommandTestCase):
    """slapos computer token where it is gone: --preset real"""

    options = {"preset": "real"}
    world = {"tokens": [{"value": "manager-token", "purpose": "user"}]}

    def test_it_is_gone(self):
        manager = self.home_of(self.user_identity("manager-token"))
        self.fail_with(1, "HTTPError: 410 ", "computer", "token", "--cfg", manager)


class ComputerTokenSwitchedOff(TlsCommandTestCase):
    """slapos computer token where no HATEOAS is named"""

    world = {"behaviour": {"hateoas.url": "off"}}

    def test_the_client_finds_no_dialect(self):
        configuration = self.new_file("[slapos]\nmaster_url = %s\n" % self.master.url, ".cfg")
        message = "SlapOS Master Hateoas API required for this operation is not available."
        self.fail_with(1, message, "computer", "token", "--cfg", configuration)
        self.assert_status(404, self.master.get("getHateoasUrl"))
        self.assertIsNone(self.slap._hateoas_navigator)
        with self.assertRaisesRegex(Exception, message):
            self.slap.getComputerDict()


class ComputerTokenOfOtherMasters(TlsCommandTestCase):
    """What the command makes of answers that this master does not give"""

    TOKEN = "/hateoas/computer_module/Base_getComputerToken"

    def ask(self, answer, without=None, host=None):
        """The command against a master whose root lacks a link, or that calls itself by another name."""
        with StandIn() as stand_in:
            itself = (host or stand_in.url) + "/hateoas"
            # The command never follows `traverse`, and cannot do without it.
            links = {"self": {"href": itself}, "traverse": {"href": itself + "{?relative_url,view}"}}
            links.pop(without, None)
            stand_in.answers = {
                "/getHateoasUrl": (200, stand_in.url + "/hateoas"),
                "/hateoas": (200, json.dumps({"_links": links})),
                self.TOKEN: answer,
            }
            configuration = self.new_file("[slapos]\nmaster_url = %s\n" % stand_in.url, ".cfg")
            done = self.slapos("computer", "token", "--cfg", configuration)
        return done, [path for _method, path, _token in stand_in.asked]

    def test_every_status(self):
        for status, code, message in (
            (401, 1, "HTTPError: 401 "),
            (403, 1, "HTTPError: 403 "),
            (410, 1, "HTTPError: 410 "),
            (404, 1, "AttributeError: 'ClientConfig' object has no attribute 'reference'"),
            (500, 1, "slapos.slap.exception.ServerError: 500 "),
            (408, 2, "Computer does not exist or is not ready yet.\n"),
        ):
            done, asked = self.ask((status, ""))
            self.assertEqual(done.code, code, done)
            self.assertIn(message, done.out if code == 2 else done.err)
            self.assertEqual(asked, ["/getHateoasUrl", "/hateoas", self.TOKEN])

    def test_what_works(self):
        done, _asked = self.ask((200, '{"access_token": "20261123-ABCDEF"}'))
        self.assertEqual((done.code, done.out), (0, "Computer token: 20261123-ABCDEF\n"), done)

    def test_a_root_that_lacks_a_link(self):
        for link in ("self", "traverse"):
            done, asked = self.ask((200, "{}"), without=link)
            self.assertEqual(done.code, 1, done)
            self.assertIn("KeyError: '%s'" % link, done.err)
            self.assertEqual(asked, ["/getHateoasUrl", "/hateoas"])

    def test_a_root_that_spells_itself_otherwise(self):
        done, asked = self.ask((200, "{}"), host="http://elsewhere")
        self.assertEqual(done.code, 1, done)
        self.assertIn("UnboundLocalError", done.err)
        self.assertEqual(asked, ["/getHateoasUrl", "/hateoas"])


if __name__ == "__main__":
    main()
