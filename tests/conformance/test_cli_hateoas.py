"""The `slapos` commands that read over HATEOAS: service, computer, console."""

import json
import re

from hateoas_stand_in import NOT_JSON, StandIn, status
from support import COMPUTER, OTHER_RELEASE, main
from test_cli import CommandTestCase

NO_HATEOAS = "SlapOS Master Hateoas API required for this operation is not available."


class HateoasCommandTestCase(CommandTestCase):
    def behind(self, **answers):
        """Sends the commands to a stand-in for the master, which answers these steps otherwise."""
        stand_in = StandIn(self.master, **answers)
        self.addCleanup(stand_in.close)
        self.configure(stand_in.url)
        return stand_in

    def fails_behind(self, code, message, command, **answers):
        stand_in = self.behind(**answers)
        self.fail_with(code, message, *command)
        return stand_in


class ServiceList(HateoasCommandTestCase):
    """slapos service list"""

    def listed(self):
        return json.loads(self.succeed("service", "list").out)

    def test_trees_shared_trees_and_none(self):
        self.assertEqual(self.succeed("service", "list").out, "{}\n")
        self.format()
        self.request("web", self.release)
        self.request("database", OTHER_RELEASE)
        self.request("site", self.release, shared=True)
        expected = {"database": OTHER_RELEASE, "site": self.release, "web": self.release}
        done = self.succeed("service", "list")
        self.assertEqual(done.out, json.dumps(expected, indent=2, sort_keys=True) + "\n")
        self.request("web", self.release, state="destroyed")
        del expected["web"]
        self.assertEqual(self.listed(), expected)

    def test_failures(self):
        command = ("service", "list")
        self.fails_behind(1, NO_HATEOAS, command, url=status(404))
        self.fails_behind(1, "NotFoundError", command, root=status(404))
        for answer, message in (
            (status(401), "HTTPError: 401"),
            (status(410), "HTTPError: 410"),
            (status(404), "NotFoundError"),
            (status(408), "ResourceNotReady"),
            (status(503), "ServerError"),
            (NOT_JSON, "JSONDecodeError"),
        ):
            self.fails_behind(1, message, command, search=answer)

    def test_a_master_that_is_down(self):
        self.master.stop()
        self.fail_with(1, NO_HATEOAS, "service", "list")


class ServiceInfo(HateoasCommandTestCase):
    """slapos service info"""

    def setUp(self):
        super().setUp()
        self.format(count=4)

    def info(self, *arguments):
        return json.loads(self.succeed("service", "info", *arguments).out)

    def status(self, title="web"):
        return self.info(title)["status"]

    def test_everything_is_told_in_order(self):
        self.request("tree one", self.release, software_type="frontend", partition_parameter_kw={"color": "é & ü"})
        self.handle("slappart0").setConnectionDict({"url": "https://[2001:db8::1]/"})
        told = self.info("tree one")
        self.assertEqual(
            list(told.items()),
            [
                ("software-url", self.release),
                ("software-type", "frontend"),
                ("shared", False),
                ("requested-state", "start_requested"),
                ("instance-parameters", {"color": "é & ü"}),
                ("connection-parameters", {"url": "https://[2001:db8::1]/"}),
                ("status", "red"),
            ],
        )

    def test_json_in_xml_is_shown_decoded(self):
        self.request("web", OTHER_RELEASE, partition_parameter_kw={"_": '{"sizes": [1, 2]}'})
        told = self.info("web")
        self.assertEqual((told["instance-parameters"], told["connection-parameters"]), ({"_": {"sizes": [1, 2]}}, {}))
        self.handle("slappart0").setConnectionDict({"_": '{"urls": ["https://here/"]}'})
        self.assertEqual(self.info("web")["connection-parameters"], {"urls": ["https://here/"]})

    def test_what_is_empty_and_what_is_shared(self):
        self.request("web", self.release)
        told = self.info("web")
        self.assertEqual((told["instance-parameters"], told["connection-parameters"]), ({}, {}))
        self.request("site", self.release, shared=True)
        told = self.info("site")
        self.assertEqual((told["shared"], told["status"]), (True, "none"))

    def test_every_colour(self):
        self.request("web", self.release)
        self.assertEqual(self.status(), "red")
        self.handle("slappart0").started()
        self.assertEqual(self.status(), "green")
        self.request_child("slappart0", "db", self.release)
        self.assertEqual(self.status(), "orange")
        self.handle("slappart1").started()
        self.assertEqual(self.status(), "green")
        self.handle("slappart1").error("boom")
        self.assertEqual(self.status(), "orange")
        self.handle("slappart0").bang("hot")
        self.assertEqual(self.status(), "red")
        self.request("web", self.release, state="stopped")
        told = self.info("web")
        self.assertEqual((told["status"], told["requested-state"]), ("none", "stop_requested"))

        def without_news(document):
            del document["_embedded"]["_view"]["my_news"]
            return document

        self.behind(traverse=without_news)
        self.assertEqual(self.status(), "unsupported")

    def test_news(self):
        self.request("web", self.release)
        self.handle("slappart0").started()
        self.assertNotIn("news", self.info("web"))
        (news,) = self.info("web", "--news")["news"]
        self.assertEqual((news["reference"], news["user"], news["state"]), ("SOFTINST-1", "SOFTINST-1", "started"))
        self.assertEqual(news["text"], "#access Instance correctly started")
        self.assertRegex(news["created_at"], r"^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$")
        self.assertEqual(news["since"], news["created_at"])
        self.request("web", self.release, state="stopped")
        self.assertEqual(self.info("web", "--news")["news"], [])

    def test_what_is_not_there(self):
        self.request("web", self.release)
        stand_in = self.behind()
        done = self.fail_with(2, "Instance nothing does not exist.", "service", "info", "nothing")
        self.assertEqual(done.out, "")
        self.assertEqual(stand_in.asked, ["url", "root", "search"])
        self.request("web", self.release, state="destroyed")
        self.fail_with(2, "Instance web does not exist.", "service", "info", "web")

    def test_a_quote_in_the_title_is_refused(self):
        for title in ('a"b', "a\\"):
            self.fail_with(1, "HTTPError: 400", "service", "info", title)

    def test_failures(self):
        self.request("web", self.release)
        command = ("service", "info", "web")
        self.fails_behind(1, NO_HATEOAS, command, url=status(404))
        for step in ("root", "search", "traverse"):
            for code, answer, message in (
                (2, status(404), "Instance web does not exist."),
                (2, status(408), "Instance does not exist or is not ready yet."),
            ):
                self.fails_behind(code, message, command, **{step: answer})
        for answer, message in (
            (status(401), "HTTPError: 401"),
            (status(500), "ServerError"),
            (NOT_JSON, "JSONDecodeError"),
        ):
            self.fails_behind(1, message, command, traverse=answer)

        def twice(answer):
            answer["_embedded"]["contents"] *= 2
            return answer

        self.fails_behind(1, "AssertionError", command, search=twice)


class ComputerList(HateoasCommandTestCase):
    """slapos computer list"""

    def test_none_some_and_failures(self):
        self.assertEqual(self.succeed("computer", "list").out, "No existing computer.\n")
        self.format()
        self.format("COMP-2", count=0)
        done = self.succeed("computer", "list")
        self.assertEqual(done.out, "List of Computers:\nCOMP-1 COMP-1\nCOMP-2 COMP-2\n")
        for code, message in ((404, "NotFoundError"), (408, "ResourceNotReady"), (403, "HTTPError"), (500, "ServerError")):
            self.fails_behind(1, message, ("computer", "list"), search=status(code))


class EqualTitles(HateoasCommandTestCase):
    """slapos computer list, where two have one title"""

    def test_the_last_one_shows(self):
        fixture = self.write(
            "world.yaml",
            "computers:\n- {reference: COMP-7, title: node}\n- {reference: COMP-8, title: node}\n",
        )
        self.configure(self.start(fixture=fixture).url)
        self.assertEqual(self.succeed("computer", "list").out, "List of Computers:\nCOMP-8 node\n")
        self.assertEqual(
            self.succeed("computer", "info", "COMP-7").out,
            "Computer Reference: COMP-7\nComputer Title    : node\n",
        )


class ComputerInfo(HateoasCommandTestCase):
    """slapos computer info"""

    def test_one_that_is_there_and_one_that_is_not(self):
        self.format()
        done = self.succeed("computer", "info", COMPUTER)
        self.assertEqual(done.out, "Computer Reference: COMP-1\nComputer Title    : COMP-1\n")
        done = self.fail_with(2, "Computer COMP-9 does not exist.", "computer", "info", "COMP-9")
        self.assertEqual(done.out, "Computer COMP-9 does not exist.\n")
        self.fail_with(1, "HTTPError: 400", "computer", "info", 'COMP"1')

    def test_failures(self):
        self.format()
        command = ("computer", "info", COMPUTER)
        for step in ("root", "search", "traverse"):
            for code, answer, message in (
                (2, status(404), "Computer COMP-1 does not exist."),
                (2, status(408), "Computer does not exist or is not ready yet."),
            ):
                self.fails_behind(code, message, command, **{step: answer})
        self.fails_behind(1, "ServerError", command, search=status(503))

        def without_title(document):
            del document["_embedded"]["_view"]["my_title"]
            return document

        self.fails_behind(1, "AttributeError", command, traverse=without_title)


class ComputerToken(HateoasCommandTestCase):
    """slapos computer token"""

    def test_a_token_registers_a_computer_once(self):
        done = self.succeed("computer", "token")
        token = re.fullmatch(r"Computer token: (\S+)\n", done.out).group(1)
        for code in (200, 403):
            answer = self.master.post("Person_requestComputer?access_token=" + token, title="node")
            self.assert_status(code, answer)

    def test_the_url_in_the_configuration_may_end_with_a_slash(self):
        for url in ("/hateoas", "/hateoas/"):
            self.write(
                "client.cfg",
                "[slapos]\nmaster_url = %s/\nmaster_rest_url = %s%s\n" % (self.master.url, self.master.url, url),
            )
            self.succeed("computer", "token")

    def test_failures(self):
        command = ("computer", "token")
        for code, answer, message in (
            (1, status(401), "HTTPError: 401"),
            (1, status(403), "HTTPError: 403"),
            (1, status(410), "HTTPError: 410"),
            (1, status(500), "ServerError"),
            (2, status(408), "Computer does not exist or is not ready yet."),
        ):
            self.fails_behind(code, message, command, token=answer)

    def test_the_command_breaks_where_it_is_not_found(self):
        """Client bug: it would tell a reference that it does not have."""
        message = "AttributeError: 'ClientConfig' object has no attribute 'reference'"
        self.fails_behind(1, message, ("computer", "token"), token=status(404))

    def test_the_command_needs_a_link_that_is_spelled_as_its_url(self):
        def without_self(root):
            del root["_links"]["self"]
            return root

        self.fails_behind(1, "KeyError: 'self'", ("computer", "token"), root=without_self)

        def elsewhere(root):
            root["_links"]["self"]["href"] = self.master.url.replace("127.0.0.1", "localhost") + "/hateoas"
            return root

        self.fails_behind(1, "UnboundLocalError", ("computer", "token"), root=elsewhere)


class ComputerTokenGone(HateoasCommandTestCase):
    """slapos computer token, as production answers today"""

    options = {"preset": "real"}

    def test_the_call_is_gone(self):
        self.fail_with(1, "HTTPError: 410", "computer", "token")


class Console(HateoasCommandTestCase):
    """slapos console"""

    def run_script(self, text):
        return self.slapos("console", self.write("script.py", text))

    def test_a_script_reads_and_requests(self):
        self.format()
        done = self.run_script(
            "request(%r, 'web')\n"
            "print(getInformation('web')._requested_state)\n"
            "print(sorted(slap.getOpenOrderDict()))\n" % self.release
        )
        self.assertEqual((done.code, done.out), (0, "start_requested\n['web']\n"), done)

    def test_what_fails_in_a_script_ends_it(self):
        done = self.run_script("getInformation('web')\nprint('never')\n")
        self.assertEqual((done.code, done.out), (1, ""), done)
        self.assertIn("NotFoundError", done.err)
        done = self.run_script("supply(%r, 'COMP-9')\n" % self.release)
        self.assertEqual(done.code, 1, done)
        self.assertIn("NotFoundError", done.err)


if __name__ == "__main__":
    main()
