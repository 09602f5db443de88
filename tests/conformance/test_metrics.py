"""`GET /_mock/metrics`, read by the parser of Prometheus' own client."""

import threading

from prometheus_client.parser import text_string_to_metric_families

from support import MasterTestCase, main

NAMES = {
    "slapmaster_build_info": "gauge",
    "slapmaster_calls": "counter",
    "slapmaster_call_duration_seconds": "histogram",
    "slapmaster_calls_in_flight": "gauge",
    "slapmaster_events": "counter",
    "slapmaster_certificates_issued": "counter",
    "slapmaster_certificates_revoked": "counter",
    "slapmaster_certificates_valid": "gauge",
    "slapmaster_faults_injected": "counter",
    "slapmaster_worlds": "gauge",
    "slapmaster_journal_entries": "gauge",
    "slapmaster_journal_bytes": "gauge",
    "slapmaster_journal_entries_gone": "counter",
}


class MetricsTest(MasterTestCase):
    def families(self):
        answer = self.master.call("GET", "/_mock/metrics")
        self.assertEqual(answer.status, 200, answer)
        families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
        self.assertEqual({name: family.type for name, family in families.items()}, NAMES)
        for family in families.values():
            self.assertTrue(family.documentation, family.name)
        return families

    def value(self, families, family, name=None, **labels):
        found = [
            sample.value
            for sample in families[family].samples
            if (name is None or sample.name == name) and labels.items() <= sample.labels.items()
        ]
        return sum(found)

    def test_what_the_client_did_is_counted(self):
        self.format()
        self.computer().generateCertificate()
        for _ in range(3):
            self.partitions()
        families = self.families()
        calls = {
            sample.labels["call"]: sample.value
            for sample in families["slapmaster_calls"].samples
            if sample.labels["dialect"] == "slap" and sample.labels["outcome"] == "2xx"
        }
        self.assertEqual(calls["getFullComputerInformation"], 3)
        self.assertEqual(calls["loadComputerConfigurationFromXML"], 1)
        self.assertEqual(self.value(families, "slapmaster_certificates_issued"), 1)
        self.assertEqual(self.value(families, "slapmaster_certificates_valid"), 1)
        self.assertEqual(self.value(families, "slapmaster_events", event="computer_formatted"), 1)
        self.assertEqual(self.value(families, "slapmaster_worlds"), 1)
        self.assertGreater(self.value(families, "slapmaster_journal_bytes"), 1000)

    def test_histograms_are_whole(self):
        self.format()
        for _ in range(20):
            self.partitions()
        families = self.families()
        name = "slapmaster_call_duration_seconds"
        labels = {"dialect": "slap", "call": "getFullComputerInformation"}
        buckets = [
            (float(sample.labels["le"]), sample.value)
            for sample in families[name].samples
            if sample.name == name + "_bucket" and labels.items() <= sample.labels.items()
        ]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual([count for _, count in buckets], sorted(count for _, count in buckets))
        self.assertEqual(buckets[-1], (float("inf"), 20))
        self.assertEqual(self.value(families, name, name + "_count", **labels), 20)
        self.assertGreater(self.value(families, name, name + "_sum", **labels), 0)

    def test_nothing_is_lost_among_many_clients(self):
        self.format()

        def poll():
            for _ in range(50):
                self.master.get("getFullComputerInformation", computer_id="COMP-1")

        threads = [threading.Thread(target=poll) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.families()
        for thread in threads:
            thread.join()
        families = self.families()
        self.assertEqual(self.value(families, "slapmaster_calls", call="getFullComputerInformation"), 200)
        self.assertEqual(self.value(families, "slapmaster_calls_in_flight"), 1)

    def test_the_page_grows_with_calls_and_not_with_who_makes_them(self):
        self.format()
        self.partitions()
        before = len(self.master.call("GET", "/_mock/metrics").body.splitlines())
        for number in range(20):
            self.format("COMP-%d" % number)
            self.partitions("COMP-%d" % number)
            self.master.get("nothing-%d" % number)
        after = len(self.master.call("GET", "/_mock/metrics").body.splitlines())
        # The page itself and the unknown path are new.
        self.assertLessEqual(after - before, 2 * (1 + 18))


if __name__ == "__main__":
    main()
