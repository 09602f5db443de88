"""Simulated computers, as a client meets them that has no node: what is requested is built, runs, fails and ends."""

import json
import os
import tempfile

from slapos.slap import NotFoundError

from support import COMPUTER, OTHER_RELEASE, RELEASE, MasterTestCase, main
from support_docs import ExamplesTestCase

COMPUTERS = "/_mock/v1/computers"
# What a real node is told and tells: test_node_instance.py and test_node_software.py look for the same.
STARTED = "#access Instance correctly started"
STOPPED = "#access Instance correctly stopped"

FAST = {
    "build_s": 0.05,
    "start_s": 0.05,
    "stop_s": 0.05,
    "destroy_s": 0.05,
    "remove_s": 0.05,
    "retry_s": 0.1,
    "publish": {"url": "http://[{ipv6}]:{parameter.port|8080}/", "guid": "{instance}"},
    "publish_shared": {"site": "{parameter.name} by {host_title}"},
}


class SimulationTestCase(MasterTestCase):
    """A world with COMP-1, simulated."""

    simulate = FAST

    def setUp(self):
        super().setUp()
        computer = {"reference": COMPUTER, "partitions": 2, "simulate": self.simulate}
        self.control("POST", COMPUTERS, computer, status=201)

    def control(self, method, path, body=None, status=200):
        text = None if body is None else json.dumps(body)
        answer = self.master.call(method, path, body=text, headers={"Content-Type": "application/json"}, timeout=60)
        self.assertEqual(answer.status, status, answer)
        return json.loads(answer.body)

    def ask(self, call, /, **body):
        return self.control("POST", "%s/%s/%s" % (COMPUTERS, COMPUTER, call), body)

    def wait(self, entry=None, count=1, **state):
        """Returns once something is so, or has happened so often."""
        body = {"entry": entry, "count": count} if entry else {"state": state}
        return self.control("POST", "/_mock/v1/journal/wait", dict(body, timeout_s=20))

    def events(self, **filters):
        """What simulated computers told of something, in order, by its kind."""
        query = "&".join("%s=%s" % pair for pair in filters.items())
        told = self.control("GET", "/_mock/v1/journal?kind=event&limit=1000&" + query)
        return [entry["event"] for entry in told["entries"] if entry.get("simulated")]

    def started(self, title="web", **more):
        self.request(title, **more)
        self.wait(instance=title, **{"is": "started"})
        return self.request(title, **more)


class Life(SimulationTestCase):
    """From the first request to the end"""

    def test_software_and_instance_tell_what_a_real_node_tells(self):
        self.ask("hold", what="software")
        self.supply()
        self.assertEqual(self.software_status()["text"], "#error no data found for SOFTINSTALL-1")
        self.ask("release")
        self.wait({"event": "software_building"})
        self.wait(computer=COMPUTER, release=RELEASE, **{"is": "available"})
        told = self.software_status()
        self.assertEqual((told["text"], told["state"]), ("#access software release %s available" % RELEASE, "available"))
        self.assertEqual(told["user"], COMPUTER)

        self.ask("hold")
        web = self.request(partition_parameter_kw={"port": "81"})
        self.assertEqual((web.getId(), web.getState()), ("slappart0", "started"))
        self.assertEqual(self.partition_status("slappart0")["text"], "#error no data found for SOFTINST-1")
        self.assertEqual(web.getConnectionParameterDict(), {})
        self.ask("release")
        web = self.started(partition_parameter_kw={"port": "81"})
        self.assertEqual(
            web.getConnectionParameterDict(), {"url": "http://[2001:db8:1::1]:81/", "guid": web.getInstanceGuid()}
        )
        told = self.partition_status("slappart0")
        self.assertEqual((told["text"], told["state"], told["user"]), (STARTED, "started", COMPUTER))
        self.assertEqual(self.fresh("slappart0").getAccessStatus(), STARTED)
        self.assertEqual(self.events(instance="web"), ["connection_published", "instance_started"])

    def test_other_parameters_are_taken_up(self):
        self.supply()
        self.started()
        self.request(partition_parameter_kw={"port": "82"})
        self.wait(instance="web", connection={"url": "http://[2001:db8:1::1]:82/"})
        self.wait({"event": "instance_started", "instance": "web"}, count=2)

    def test_it_is_stopped_started_destroyed_and_its_place_is_free(self):
        self.supply()
        self.started()
        self.request(state="stopped")
        self.wait(instance="web", **{"is": "stopped"})
        self.assertEqual(self.partition_status("slappart0")["text"], STOPPED)
        self.started()
        self.assert_not_ready(self.request(state="destroyed"))
        self.wait(instance="web", **{"is": "destroyed"})
        self.assert_free("slappart0")
        ends = ["instance_stopped", "certificate_revoked", "instance_destroyed", "partition_freed"]
        self.assertEqual(self.events(partition="slappart0")[-4:], ends)
        self.supply(state="destroyed")
        self.wait(computer=COMPUTER, release=RELEASE, **{"is": "destroyed"})
        self.assertEqual(self.releases(), {})

    def test_a_shared_instance_is_published_for(self):
        self.supply()
        self.started("db")
        self.request("site", shared=True, partition_parameter_kw={"name": "shop"})
        self.wait(instance="site", connection={"site": "shop by db"})
        site = self.request("site", shared=True, partition_parameter_kw={"name": "shop"})
        self.assertEqual(site.getConnectionParameterDict(), {"site": "shop by db"})

    def test_a_shared_instance_without_its_parameter_is_an_error_of_its_host(self):
        self.supply()
        self.started("db")
        self.request("site", shared=True)
        self.wait({"event": "instance_error", "instance": "db"})
        self.assertIn("the parameter `name` is missing", self.partition_status("slappart0")["text"])
        self.request("site", shared=True, partition_parameter_kw={"name": "shop"})
        self.wait(instance="db", **{"is": "started"})

    def test_a_tree_of_instances_is_told_of_what_its_children_publish(self):
        self.supply()
        parent = self.started()
        before = self.timestamp("slappart0")
        self.request_child(parent, "child")
        self.wait(instance="child", **{"is": "started"})
        child = self.request_child(parent, "child")
        self.assertEqual(child.getConnectionParameterDict()["url"], "http://[2001:db8:1::2]:8080/")
        # As by a real node, the parent is processed anew when its child published.
        self.assertGreater(self.timestamp("slappart0"), before)
        self.wait({"event": "instance_started", "instance": "web"}, count=2)

    def test_software_that_nobody_supplied_is_an_error_until_somebody_does(self):
        self.request()
        self.wait(instance="web", **{"is": "error"})
        self.assertIn("is not installed on COMP-1", self.partition_status("slappart0")["text"])
        self.supply()
        self.wait(instance="web", **{"is": "started"})

    def test_it_is_seen_though_it_never_calls(self):
        told = self.read("getComputerStatus", computer_id=COMPUTER)
        self.assertEqual(told["text"], "#access COMP-1")
        self.assertEqual(told["no_data_since_5_minutes"], 0)
        self.wait(computer=COMPUTER, **{"is": "seen"})
        calls = self.control("GET", "/_mock/v1/journal?kind=call&dialect=slap&computer=COMP-1")["entries"]
        self.assertEqual([call["call"] for call in calls], ["getComputerStatus"])


class Failing(SimulationTestCase):
    """What goes wrong, and is mended"""

    simulate = dict(
        FAST,
        rules=[
            {"release": "https://example.invalid/*/database/*", "build_failure": {"text": "no compiler", "count": 2}},
            {"type": "broken", "start_failure": {"text": "Error: no cheese on the moon"}},
        ],
    )

    def test_a_build_fails_twice_and_recovers(self):
        self.supply(OTHER_RELEASE)
        self.wait(computer=COMPUTER, release=OTHER_RELEASE, **{"is": "available"})
        kinds = ["software_building", "software_error"] * 2 + ["software_building", "software_available"]
        self.assertEqual(self.events(release=OTHER_RELEASE), kinds)

    def test_a_failing_start_reaches_the_status_until_it_recovers(self):
        self.supply()
        self.request(software_type="broken")
        self.wait({"event": "instance_error", "instance": "web"}, count=3)
        told = self.partition_status("slappart0")["text"]
        self.assertEqual(told, "#error while instanciating: Error: no cheese on the moon")
        self.ask("recover", partition="slappart0")
        self.wait(instance="web", **{"is": "started"})

    def test_what_runs_fails_on_order(self):
        self.supply()
        self.started()
        self.ask("fail", partition="slappart0", text="pulled the plug", count=2)
        self.wait({"event": "instance_error", "instance": "web"}, count=2)
        self.assertIn("pulled the plug", self.partition_status("slappart0")["text"])
        self.wait({"event": "instance_started", "instance": "web"}, count=2)

    def test_who_is_simulated_no_more_leaves_the_work_to_a_node(self):
        self.control("DELETE", "%s/%s/simulate" % (COMPUTERS, COMPUTER))
        self.supply()
        web = self.request()
        self.assertEqual(self.events(instance="web"), [])
        self.handle(web).started()
        self.assertEqual(self.partition_status(web)["text"], STARTED)


class Scale(SimulationTestCase):
    """As many as there shall be"""

    def scale(self, count, status=200, **more):
        return self.control("POST", COMPUTERS + "/scale", dict(more, prefix="FLEET-", count=count), status)

    def on(self, number, title="web", **more):
        """An instance on a computer of the fleet."""
        return self.request(title, filter_kw={"computer_guid": "FLEET-%d" % number}, **more)

    def test_what_is_taken_away_is_unknown_to_the_library_until_it_comes_back(self):
        self.scale(3, partitions=1, simulate=dict(FAST, needs_software=False))
        self.on(2)
        self.wait(instance="web", **{"is": "started"})
        self.on(3, "last")
        self.wait(instance="last", **{"is": "started"})
        refused = self.scale(1, status=409)["detail"]
        self.assertIn("computer `FLEET-2` has instance `web` (SOFTINST-1) on `slappart0`", refused)
        self.assertIn("computer `FLEET-3` has instance `last` (SOFTINST-2)", refused)
        self.assertEqual([p.getState() for p in self.partitions("FLEET-3").values()], ["started"])

        self.on(3, "last", state="destroyed")
        self.wait(instance="last", **{"is": "destroyed"})
        self.assertEqual(self.scale(2), {"made": 0, "removed": 1, "computers": 2})
        self.assert_not_found(self.computer("FLEET-3").getComputerPartitionList)
        self.assert_not_ready(self.on(3, "late"))
        self.assertEqual(self.partitions("FLEET-2")["slappart0"].getState(), "started")

        # Who waits for it gets it as soon as it is there, and it works as at first.
        self.assertEqual(self.scale(4, partitions=1)["made"], 2)
        self.supply(computer="FLEET-3")
        self.wait(instance="late", **{"is": "started"})
        self.assertEqual(self.place(self.on(3, "late")), ("FLEET-3", "slappart0"))


class Restart(MasterTestCase):
    """A database that is kept"""

    def test_a_simulated_computer_goes_on(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        database = os.path.join(folder.name, "world.db")
        self.master.stop()
        self.master = self.start(database=database)
        self.slap = self.master.connect()
        body = json.dumps({"reference": COMPUTER, "partitions": 1, "simulate": dict(FAST, build_s=3600)})
        headers = {"Content-Type": "application/json"}
        self.assertEqual(self.master.call("POST", COMPUTERS, body=body, headers=headers).status, 201)
        self.supply()
        building = json.dumps({"state": {"computer": COMPUTER, "release": RELEASE, "is": "building"}})
        self.assertEqual(self.master.call("POST", "/_mock/v1/journal/wait", building, headers).status, 200)
        self.master.kill()
        self.master = self.start(database=database)
        self.slap = self.master.connect()
        told = json.loads(self.master.call("GET", "%s/%s" % (COMPUTERS, COMPUTER)).body)
        self.assertEqual(told["work"]["software"][0]["phase"], "working")
        self.assertEqual(told["simulate"]["build_s"], 3600)
        body = json.dumps({"profile": "instant", "needs_software": False, "publish": FAST["publish"]})
        path = "%s/%s/simulate" % (COMPUTERS, COMPUTER)
        self.assertEqual(self.master.call("PUT", path, body=body, headers=headers).status, 200)
        self.request()
        started = json.dumps({"state": {"instance": "web", "is": "started"}})
        self.assertEqual(self.master.call("POST", "/_mock/v1/journal/wait", started, headers).status, 200)
        self.assertIn("url", self.request().getConnectionParameterDict())


class Examples(ExamplesTestCase):
    """The examples of docs/simulated-computers.md, as they stand there, one after the other."""

    def test_the_examples_of_the_page_do_what_they_say(self):
        self.run_examples("simulated-computers.md", ["yaml", "python", "sh"])
        listed = json.loads(self.master.call("GET", COMPUTERS).body)["computers"]
        self.assertEqual(len(listed), 21)
        self.assertIsNone(listed[0]["simulate"])
        self.assertRaises(NotFoundError, self.slap.registerComputer("COMP-9").getComputerPartitionList)


if __name__ == "__main__":
    main()
