"""A whole story that is in a fixture: what goes wrong and recovers, and what ends with time, is told there.

Nobody here plays the node: slapmaster does. The client is that of an instance, which proves by its certificate
who it is.
"""

import json
import pathlib
import tempfile

import slapos.slap

from support import Master, MasterTestCase, main

WORLD = pathlib.Path(__file__).parents[2] / "examples" / "scenario" / "world.yaml"
RELEASE = "https://example.org/web/software.cfg"
YEARS_S = 20 * 366 * 86400


class ScenarioTest(MasterTestCase):
    def control(self, method, path, body=None, status=200):
        answer = self.master.call(
            method,
            "/_mock/v1/" + path,
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        self.assertEqual(answer.status, status, answer.body)
        return json.loads(answer.body)

    def verify(self, **what):
        return self.control("POST", "journal/verify", what)["entries"]

    def advance(self, seconds):
        return self.control("POST", "clock/advance", {"seconds": seconds})

    def instance_client(self, guid):
        """The slap library, with the certificate that an instance is given."""
        partition = self.master.connect().registerComputerPartition("COMP-1", "slappart0")
        self.assertEqual(partition.getInstanceGuid(), guid)
        pair = partition.getCertificate()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("key", "certificate"):
            (folder / name).write_text(pair[name])
        library = slapos.slap.slap()
        library.initializeConnection(
            self.master.tls_url, key_file=str(folder / "key"), cert_file=str(folder / "certificate")
        )
        return library

    def test_it_fails_recovers_publishes_and_expires(self):
        self.master = self.enterContext(Master(fixture=str(WORLD), tls=True))

        # It is built for a minute, fails, is tried again two minutes later, fails, and then succeeds.
        self.advance(60)
        self.verify(entry={"event": "software_error"}, exactly=1)
        self.advance(180)
        self.verify(entry={"event": "software_error"}, exactly=2)
        self.verify(entry={"event": "software_available"}, none=True)
        self.verify(entry={"event": "instance_started"}, none=True)
        self.advance(180)
        self.verify(entry={"event": "software_available"}, exactly=1)
        self.advance(30)
        told = [
            (entry["event"], entry["at"][11:19])
            for entry in self.verify(entry={"kind": "event", "computer": "COMP-1"})
            if entry["event"].startswith(("software_", "instance_started", "connection_"))
        ]
        self.assertEqual(
            told,
            [
                ("software_asked", "00:00:00"),
                ("software_building", "00:00:00"),
                ("software_error", "00:01:00"),
                ("software_building", "00:03:00"),
                ("software_error", "00:04:00"),
                ("software_building", "00:06:00"),
                ("software_available", "00:07:00"),
                ("connection_published", "00:07:30"),
                ("instance_started", "00:07:30"),
            ],
        )

        # What it published is what the real client is told, who comes with a certificate of the instance.
        guid = self.verify(entry={"event": "instance_started"}, exactly=1)[0]["instance"]
        client = self.instance_client(guid)
        partition = client.registerComputerPartition("COMP-1", "slappart0")
        self.assertEqual(partition.getConnectionParameterDict()["url"], "https://[2001:db8:1::1]:8443/")
        self.verify(entry={"call": "registerComputerPartition", "caller": guid, "status": "2xx"}, exactly=1)

        # Its certificate ends with time, and so does what it may ask for.
        self.advance(YEARS_S)
        with self.assertRaises(Exception) as refused:
            client.registerComputerPartition("COMP-1", "slappart0").getConnectionParameterDict()
        self.assertIn("401", repr(refused.exception))
        (call,) = self.verify(entry={"call": "registerComputerPartition", "status": "4xx"}, exactly=1)
        self.assertIn("expired", call["response_body"]["text"])
        self.verify(entry={"event": "software_error"}, exactly=2)


if __name__ == "__main__":
    main()
