"""The world's clock, met by the library: what expires, grows old, opens and comes when it is moved."""

import datetime
import json
import subprocess

import requests
from slapos.slap import ServerError

from support import COMPUTER, MasterTestCase, main
from support_docs import ExamplesTestCase
from support_tls import TlsTestCase

CLOCK = "/_mock/v1/clock"
BACKGROUND = "/_mock/v1/background"
START = "2026-11-23T08:30:00Z"
# How long a certificate lasts, and a little more.
YEARS_10_S = 3650 * 86400 + 5


class ClockMixin:
    def put(self, path, **body):
        return self._send("PUT", path, body)

    def post(self, path, **body):
        return self._send("POST", path, body)

    def _send(self, method, path, body):
        answer = self.master.call(
            method, path, body=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        self.assertEqual(answer.status, 200, answer)
        return json.loads(answer.body)

    def set_clock(self, **change):
        return self.put(CLOCK, **change)

    def advance(self, seconds):
        return self.post(CLOCK + "/advance", seconds=seconds)



class AgeTest(ClockMixin, MasterTestCase):
    def test_a_status_grows_old_in_days_that_take_no_time(self):
        self.set_clock(mode="frozen", now=START)
        self.format()
        self.supply()
        web = self.request()
        self.handle(web).started()
        status = self.partition_status(web)
        self.assertEqual(status["text"], "#access Instance correctly started")
        self.assertEqual(status["created_at"], "Mon, 23 Nov 2026 08:30:00 GMT")
        self.assertEqual(status["no_data_since_15_minutes"], 0)
        self.assertEqual(self.fresh(web).getAccessStatus(), "#access Instance correctly started")
        self.advance(1000)
        self.assertEqual(self.partition_status(web)["no_data_since_15_minutes"], 1)
        self.advance(2 * 86400)
        forgotten = "#error no data found for " + web.getInstanceGuid()
        self.assertEqual(self.partition_status(web)["text"], forgotten)
        self.assertEqual(self.fresh(web).getAccessStatus(), forgotten)
        self.set_clock(now="2026-11-23T09:00:00Z")
        self.assertEqual(self.fresh(web).getAccessStatus(), "#access Instance correctly started")

    def test_a_node_sees_each_change_on_whatever_day_it_is_made(self):
        self.format()
        web = self.request()
        seen = [self.timestamp(web)]
        for now in ("2050-01-01T00:00:00Z", "1999-01-01T00:00:00Z", START):
            self.set_clock(now=now)
            self.request(partition_parameter_kw={"now": now})
            seen.append(self.timestamp(web))
        self.assertEqual(seen, sorted(set(seen)))

    def test_a_fault_has_its_hour(self):
        self.set_clock(mode="frozen", now=START)
        rule = {"match": {"call": "supplySupply"}, "effect": {"status": 503}}
        rule.update({"from": "2026-11-23T09:00:00Z", "until": "2026-11-23T10:00:00Z"})
        self.format()
        self.put("/_mock/v1/faults/hour", **rule)
        self.supply()
        self.advance(1800)
        self.assertRaises(ServerError, self.supply)
        self.advance(3600)
        self.supply()

    def test_the_clock_runs_on_by_itself_from_where_it_was_set(self):
        told = self.set_clock(mode="running", now="2001-02-03T04:05:06Z")
        self.assertEqual(told["mode"], "running")
        self.format()
        self.computer().getComputerPartitionList()
        created = self.read("getComputerStatus", computer_id=COMPUTER)["created_at"]
        self.assertIn("03 Feb 2001 04:0", created)


class RoundTest(ClockMixin, MasterTestCase):
    options = {"preset": "real", "default_computer": COMPUTER}

    def setUp(self):
        super().setUp()
        self.set_clock(mode="frozen", now=START)
        self.format()
        self.supply()
        self.information()
        self.post(BACKGROUND + "/settle")

    def test_production_allocates_only_in_a_round(self):
        self.assert_not_ready(self.request())
        self.assert_not_ready(self.request())
        told = json.loads(self.master.call("GET", CLOCK).body)
        self.assertEqual(told["next_due"], "2026-11-23T08:30:01Z")
        self.advance(1)
        self.assertEqual(self.request().getState(), "started")

    def test_on_demand_it_waits_for_the_demand(self):
        self.put(BACKGROUND, mode="manual")
        self.assert_not_ready(self.request())
        self.advance(3600)
        # Who was silent for an hour gets nothing.
        self.information()
        self.assert_not_ready(self.request())
        self.assertTrue(self.post(BACKGROUND + "/round")["changed"])
        self.request().getId()

    def test_an_idle_master_sleeps_and_wakes(self):
        self.set_clock(mode="running", offset_s=0)
        self.information()
        self.assert_not_ready(self.request())
        wait = {"state": {"instance": "web", "is": "allocated"}, "timeout_s": 20}
        self.post("/_mock/v1/journal/wait", **wait)
        self.request().getId()


class PausedTest(ClockMixin, MasterTestCase):
    def test_allocation_waits_while_it_is_paused(self):
        self.format()
        self.put(BACKGROUND, allocation="paused")
        self.assert_not_ready(self.request())
        self.put(BACKGROUND, allocation="running")
        self.assertEqual(self.request().getState(), "started")


class CertificateTest(ClockMixin, TlsTestCase):
    world = {"computers": [{"reference": COMPUTER, "partitions": 1}]}

    def test_a_certificate_expires_on_an_open_connection(self):
        identity = self.computer_identity(COMPUTER)
        session = self.session(identity)
        poll = lambda: session.get(
            self.master.tls_url + "/getFullComputerInformation", params={"computer_id": COMPUTER}
        )
        library = self.connect(identity)
        computer = lambda: library.registerComputer(COMPUTER).getComputerPartitionList()
        self.assertEqual(poll().status_code, 200)
        self.assertEqual(len(computer()), 1)
        self.advance(YEARS_10_S)
        refused = poll()
        self.assertEqual(refused.status_code, 401)
        self.assertIn("expired", refused.text)
        self.assert_refused(computer)
        self.set_clock(mode="running", offset_s=0)
        self.assertEqual(poll().status_code, 200)
        self.assertEqual(len(computer()), 1)

    def test_a_certificate_of_long_ago_counts_in_a_world_of_then(self):
        """By the machine's time it expired years ago; a handshake must not judge by that."""
        self.set_clock(mode="frozen", now="2001-01-01T00:00:00Z")
        identity = self.computer_identity(COMPUTER)
        library = self.connect(identity)
        self.assertEqual(len(library.registerComputer(COMPUTER).getComputerPartitionList()), 1)
        self.set_clock(mode="running", offset_s=0)
        self.assert_refused(self.connect(identity).registerComputer(COMPUTER).getComputerPartitionList)

    def test_a_handshake_judges_by_the_worlds_time_where_it_judges(self):
        world = dict(self.world, behaviour={"auth.revoked": "handshake"})
        self.master = self.start(world=world)
        self.set_clock(mode="frozen", now="2001-01-01T00:00:00Z")
        identity = self.computer_identity(COMPUTER)
        url = self.master.tls_url + "/getFullComputerInformation"
        poll = lambda: self.session(identity).get(url, params={"computer_id": COMPUTER})
        self.assertEqual(poll().status_code, 200)
        self.advance(YEARS_10_S)
        with self.assertRaises(requests.exceptions.RequestException) as caught:
            poll()
        self.assertIn("expired", str(caught.exception).lower())

    def test_a_token_expires(self):
        token = self.new_token("user", lifetime_s=60)
        self.advance(61)
        answer = self.session().post(
            self.master.tls_url + "/Person_getCertificate", headers={"X-Access-Token": token}
        )
        self.assertEqual(answer.status_code, 403, answer.text)

    def test_the_revocation_list_is_of_the_worlds_time(self):
        self.set_clock(mode="frozen", now="2031-05-06T07:08:09Z")
        told = subprocess.run(
            ["openssl", "crl", "-noout", "-lastupdate", "-nextupdate"],
            input=self.master.get("_mock/v1/crl.pem").body,
            capture_output=True,
            check=True,
        )
        dates = [
            datetime.datetime.strptime(line.split("=", 1)[1], "%b %d %H:%M:%S %Y GMT")
            for line in told.stdout.decode("ascii").splitlines()
        ]
        first = datetime.datetime(2031, 5, 6, 7, 8, 9)
        self.assertEqual(dates, [first, first + datetime.timedelta(days=1)])


class ExamplesTest(ClockMixin, ExamplesTestCase):
    def test_the_examples_of_the_clocks_page_do_what_they_say(self):
        self.run_examples("clock.md", ["yaml", "sh", "python"])

    def test_the_examples_of_the_backgrounds_page_do_what_they_say(self):
        self.run_examples("background.md", ["yaml", "sh", "python"])


if __name__ == "__main__":
    main()
