"""The journal: what the real client's calls leave in it, waited for, verified and followed meanwhile."""

import concurrent.futures
import http.client
import json
import re
import socket
import time
import urllib.parse


from support import COMPUTER, RELEASE, Master, MasterTestCase, main
from support_docs import ExamplesTestCase

JOURNAL = "/_mock/v1/journal"
PASSWORD = "correct-horse-battery"


class JournalMixin:
    def entries(self, **filters):
        """Every entry that the filters admit, page by page."""
        found, after = [], 0
        while True:
            query = urllib.parse.urlencode(dict(filters, after=after, limit=50))
            answer = self.master.call("GET", JOURNAL + "?" + query)
            self.assertEqual(answer.status, 200, answer)
            page = json.loads(answer.body)
            found += page["entries"]
            if "next" not in page:
                return found
            after = page["next"]

    def last(self):
        return json.loads(self.master.call("GET", JOURNAL).body)["last"]

    def ask(self, what, status=200, **body):
        answer = self.master.call(
            "POST",
            JOURNAL + "/" + what,
            body=json.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        self.assertEqual(answer.status, status, answer)
        return json.loads(answer.body)

    def meanwhile(self, function, *arguments, **keywords):
        """Begins what will take its time; its result is asked for later."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(function, *arguments, **keywords)

    def in_flight(self):
        text = self.master.call("GET", "/_mock/metrics").body.decode()
        return int(re.search("^slapmaster_calls_in_flight ([0-9]+)$", text, re.MULTILINE)[1])

    def until_in_flight(self, count):
        """Returns once so many calls are being answered, the one that asks included."""
        limit = time.monotonic() + 20
        while self.in_flight() != count:
            self.assertLess(time.monotonic(), limit, "%d calls in flight" % self.in_flight())


class Waiting(JournalMixin, MasterTestCase):
    """One thread waits, the client acts in another."""

    def wait(self, **body):
        future = self.meanwhile(self.ask, "wait", **body)
        self.until_in_flight(2)
        self.assertFalse(future.done(), "it waits for what is not so yet")
        return future

    def test_an_instance_on_its_way(self):
        self.format()
        allocated = self.wait(entry={"event": "instance_allocated", "instance": "web"})
        web = self.request("web")
        (entry,) = allocated.result(20)["entries"]
        self.assertEqual(entry["partition"], web.getId())
        self.assertEqual(entry["instance"], web.getInstanceGuid())
        started = self.wait(state={"instance": "web", "is": "started"})
        self.handle(web).started()
        (seen,) = started.result(20)["seen"]
        self.assertIn("#access Instance correctly started", seen)
        published = self.wait(state={"instance": web.getInstanceGuid(), "connection": {"url": "u"}})
        self.handle(web).setConnectionDict({"url": "u", "password": PASSWORD})
        self.assertNotIn(PASSWORD, json.dumps(published.result(20)))
        error = self.wait(state={"instance": "web", "is": "error"})
        self.handle(web).error("no room", logger=None)
        error.result(20)
        destroyed = self.wait(state={"instance": "web", "is": "destroyed"})
        self.request("web", state="destroyed")
        self.handle(web).destroyed()
        destroyed.result(20)

    def test_software_on_its_way(self):
        self.format()
        state = {"computer": COMPUTER, "release": RELEASE}
        building = self.wait(state=dict(state, **{"is": "building"}))
        self.supply()
        self.release().building()
        building.result(20)
        error = self.wait(state=dict(state, **{"is": "error"}))
        self.release().error("no compiler", logger=None)
        error.result(20)
        available = self.wait(state=dict(state, **{"is": "available"}))
        self.release().available()
        available.result(20)
        destroyed = self.wait(state=dict(state, **{"is": "destroyed"}))
        self.supply(state="destroyed")
        self.release().destroyed()
        destroyed.result(20)

    def test_a_call_so_many_times(self):
        self.format()
        polled = self.wait(entry={"call": "getFullComputerInformation", "status": 200}, count=3)
        for _ in range(3):
            self.assertFalse(polled.done())
            self.partitions()
        self.assertEqual(polled.result(20)["matched"], 3)

    def test_a_time_that_is_over_is_told_with_what_came_near(self):
        self.format()
        self.request("web").getId()
        self.handle("slappart0").stopped()
        told = self.ask("wait", 408, entry={"event": "instance_started", "instance": "web"}, timeout_s=1)
        self.assertEqual(told["matched"], 0)
        self.assertEqual(told["near_misses"][0]["actual"], "instance_stopped")

    def test_a_client_that_goes_leaves_nothing_behind(self):
        body = json.dumps({"entry": {"text": "never"}, "timeout_s": 300})
        with socket.create_connection((self.master.host, self.master.port)) as client:
            head = "POST %s/wait HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            client.sendall((head % (JOURNAL, len(body)) + body).encode())
            self.until_in_flight(2)
        self.until_in_flight(1)

    def test_a_wait_ends_with_the_server(self):
        future = self.meanwhile(self.ask, "wait", 503, entry={"text": "never"}, timeout_s=300)
        self.until_in_flight(2)
        began = time.monotonic()
        self.assertEqual(self.master.stop(), 0)
        self.assertLess(time.monotonic() - began, 2)
        self.assertIn("The world closes", future.result(20)["detail"])


class Entries(JournalMixin, MasterTestCase):
    def test_an_answer_leads_to_its_call_and_to_what_happened_because_of_it(self):
        self.format()
        fields = {"software_release": RELEASE, "partition_reference": "web", "shared_xml": "<marshal><bool>0</bool></marshal>"}
        answer = self.master.post("requestComputerPartition", fields)
        told = self.entries(request_id=answer.headers["X-Request-Id"])
        self.assertEqual(
            [entry.get("event") or entry["call"] for entry in told],
            ["tree_made", "instance_requested", "instance_allocated", "certificate_issued", "requestComputerPartition"],
        )
        call = told[-1]
        self.assertEqual((call["status"], call["instance"]), (answer.status, "web"))
        self.assertIn("partition_reference=web", call["request_body"]["text"])
        self.assertEqual(call["response_body"]["bytes"], len(answer.body))

    def test_bodies_are_left_out_where_that_is_asked(self):
        self.master = Master("--journal-without-bodies")
        self.addCleanup(self._finish, self.master)
        self.slap = self.master.connect()
        self.format()
        (call,) = self.entries(call="loadComputerConfigurationFromXML")
        self.assertEqual(call["status"], 200)
        self.assertNotIn("request_body", call)
        self.assertNotIn("response_body", call)

    def test_without_a_journal_calls_are_counted_and_states_waited_for(self):
        self.master = Master("--journal-entries", "0")
        self.addCleanup(self._finish, self.master)
        self.slap = self.master.connect()
        self.format()
        self.request("web")
        self.assertEqual(self.entries(), [])
        metrics = self.master.call("GET", "/_mock/metrics").body.decode()
        self.assertRegex(metrics, 'slapmaster_calls_total{[^}]*call="requestComputerPartition"[^}]*} 1\n')
        allocated = self.ask("wait", state={"instance": "web", "is": "allocated"})
        self.assertTrue(allocated["seen"], allocated)

    def test_bytes_are_bounded(self):
        self.master = Master("--journal-bytes", "100000")
        self.addCleanup(self._finish, self.master)
        self.slap = self.master.connect()
        for number in range(30):
            self.format("COMP-%d" % number, count=20)
        told = json.loads(self.master.call("GET", JOURNAL).body)
        self.assertLessEqual(told["kept_bytes"], 100000)
        self.assertGreater(told["kept_bytes"], 50000)
        self.assertEqual(told["gone"] + told["kept"], told["last"])


class Stream:
    """Server-sent events, read from a socket."""

    def __init__(self, master, query="", headers=None):
        self.connection = http.client.HTTPConnection(master.host, master.port, timeout=20)
        self.connection.request("GET", JOURNAL + "/follow" + query, headers=headers or {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        # What comes from now on is followed.
        assert self.answer.readline().startswith(b": behind ")
        self.answer.readline()

    def next(self):
        """The next event: its fields, data read; None at the end."""
        fields = {}
        while True:
            line = self.answer.readline()
            if not line:
                return None
            line = line.decode("utf-8").rstrip("\n")
            if line.startswith(":"):
                continue
            if not line and fields:
                fields["data"] = json.loads(fields["data"])
                return fields
            if line:
                name, value = line.split(": ", 1)
                fields[name] = value

    def close(self):
        self.connection.close()


class Following(JournalMixin, MasterTestCase):
    def follow(self, query="", headers=None):
        stream = Stream(self.master, query, headers)
        self.addCleanup(stream.close)
        return stream

    def test_entries_come_as_they_are_written_and_a_reader_that_returns_misses_none(self):
        stream = self.follow("?event=instance_started")
        self.format()
        self.request("web").getId()
        self.handle("slappart0").started()
        first = stream.next()
        self.assertEqual((first["event"], first["data"]["title"]), ("event", "web"))
        self.assertEqual(int(first["id"]), first["data"]["sequence"])
        stream.close()
        self.until_in_flight(1)
        for _ in range(2):
            self.handle("slappart0").started()
        stream = self.follow("?event=instance_started", {"Last-Event-ID": first["id"]})
        self.handle("slappart0").started()
        ids = [int(stream.next()["id"]) for _ in range(3)]
        started = [entry["sequence"] for entry in self.entries(event="instance_started")]
        self.assertEqual([int(first["id"])] + ids, started)

    def test_calls_come_with_their_kind_and_from_the_beginning_where_that_is_asked(self):
        self.format()
        stream = self.follow("?after=0&kind=call&text=COMP-1")
        told = stream.next()
        self.assertEqual((told["event"], told["data"]["call"]), ("call", "loadComputerConfigurationFromXML"))

    def test_what_went_before_it_was_read_is_told(self):
        self.master = Master("--journal-entries", "3")
        self.addCleanup(self._finish, self.master)
        self.slap = self.master.connect()
        self.format()
        for _ in range(5):
            self.partitions()
        stream = self.follow("?after=0")
        lost = stream.next()
        self.assertEqual(lost["event"], "lost")
        self.assertEqual(lost["data"], {"count": self.last() - 3})
        self.assertEqual([int(stream.next()["id"]) for _ in range(3)], [self.last() - 2, self.last() - 1, self.last()])

    def test_a_stream_ends_with_the_server(self):
        streams = [self.follow() for _ in range(3)]
        began = time.monotonic()
        self.assertEqual(self.master.stop(), 0)
        self.assertLess(time.monotonic() - began, 2)
        for stream in streams:
            self.assertIsNone(stream.next())


class Secrets(JournalMixin, MasterTestCase):
    """Nothing that is secret ever shows."""

    def key_lines(self, pem):
        """Pieces of a private key: none of them may be anywhere."""
        self.assertIn("PRIVATE KEY", pem)
        return [line for line in pem.splitlines() if len(line) > 20 and "-----" not in line]

    def control(self, path, **body):
        headers = {"Content-Type": "application/json"}
        answer = self.master.call("POST", path, body=json.dumps(body), headers=headers)
        self.assertIn(answer.status, (200, 201), answer)
        return json.loads(answer.body)

    def test_keys_tokens_and_connection_parameters(self):
        self.format(count=3)
        secrets = [PASSWORD]
        # Keys, in every dialect that tells one.
        secrets += self.key_lines(self.computer().generateCertificate()["key"])
        web = self.request("web")
        secrets += self.key_lines(self.handle(web).getCertificate()["key"])
        secrets += self.key_lines(self.control("/_mock/v1/certificates", user="default-user")["key"])
        guid = web.getInstanceGuid()
        secrets += self.key_lines(self.control("/slapos.get.v0.software_instance_certificate", instance_guid=guid)["key"])
        # Tokens, made, shown and spent.
        for purpose, call in (("computer", "Person_requestComputer"), ("user", "Person_getCertificate")):
            for number in range(2):
                token = "secret-token-%s-%d" % (purpose, number)
                secrets.append(token)
                self.control("/_mock/v1/tokens", purpose=purpose, value=token)
                fields = {"title": "node"} if purpose == "computer" else {}
                if number:
                    answer = self.master.post(call, fields, access_token=token)
                else:
                    headers = {"X-Access-Token": token, "Content-Type": "application/x-www-form-urlencoded"}
                    answer = self.master.call("POST", "/" + call, urllib.parse.urlencode(fields), headers)
                secrets += self.key_lines(json.loads(answer.body)["key"]) if answer.status == 200 else []
                # Where it does not belong.
                self.master.call("GET", "/hateoas?access_token=" + token)
                self.master.call("POST", "/nothing?token=" + token)
        secrets.append(self.slap._hateoas_navigator.getToken())
        # Connection parameters, published and read again in every dialect.
        self.handle(web).setConnectionDict({"url": "http://x/", "password": PASSWORD, "monitor-url": PASSWORD})
        site = self.request_child(web, "site", shared=True)
        self.handle(web).setConnectionDict({"password": PASSWORD}, slave_reference=site.getInstanceGuid())
        publish = "/slapos.put.v0.software_instance_connection_parameter"
        self.control(publish, instance_guid=guid, connection_parameter_dict={"again": PASSWORD, "x": {"y": PASSWORD}})
        self.assertEqual(self.request("web").getConnectionParameterDict()["again"], PASSWORD)
        self.assertEqual(self.handle(web).getConnectionParameterDict()["again"], PASSWORD)
        self.partitions()
        self.control("/slapos.get.v0.software_instance", instance_guid=guid)
        self.slap.registerOpenOrder().getInformation("web")
        # A client that sends it wrongly.
        self.master.post("setComputerPartitionConnectionXml", connection_xml=PASSWORD)
        self.master.call("POST", publish, json.dumps({"connection_parameters": PASSWORD}), {"Content-Type": "application/json"})

        everything = json.dumps(self.entries())
        stream = Stream(self.master, "?after=0")
        self.addCleanup(stream.close)
        followed = json.dumps([stream.next() for _ in self.entries()])
        for secret in secrets:
            self.assertNotIn(secret, everything)
            self.assertNotIn(secret, followed)
            query = urllib.parse.urlencode({"text": secret})
            self.assertEqual(json.loads(self.master.call("GET", JOURNAL + "?" + query).body)["entries"], [])
        # They would have been there.
        self.assertGreater(len(secrets), 15)
        self.assertGreater(everything.count("(redacted)"), 20)
        dialects = {entry.get("dialect") for entry in self.entries(kind="call")}
        self.assertLessEqual({"slap", "json-rpc", "hateoas", "web", "control"}, dialects)
        self.assertIn("connection parameters: again, x", everything)


class Examples(JournalMixin, ExamplesTestCase):
    """The examples of the pages, as they stand there, one after the other."""

    def test_of_the_journal(self):
        self.format()
        python, shell = self.run_examples("journal.md", ["python", "sh"])
        self.assertIn("expected exactly 1 of an entry with event `instance_stopped`, instance `web`, found 0;", python)
        self.assertIn("instance `web` reported started on COMP-1/slappart0", shell)
        self.assertIn("event: call\n", shell)
        self.assertEqual(self.entries(), [])

    def test_of_the_metrics(self):
        self.format()
        (told,) = self.run_examples("metrics.md", ["sh", "yaml"])
        self.assertIn('call="loadComputerConfigurationFromXML",outcome="2xx"} 1', told)


if __name__ == "__main__":
    main()
