"""The control surface, called with everything that its description allows, and with what it does not.

schemathesis reads the server's own OpenAPI document, makes calls of it, also in the order in which they
follow from each other, and judges every answer.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from support import Master, MasterTestCase, main

TOKEN = "a-control-token"
# Shapes are told by the schemas; values of the right shape may name what is not there, or contradict
# each other, and are refused with 400 or 422 then.
NOT_PROMISED = "positive_data_acceptance"
# A stream of events never ends: test_journal follows it.
STREAM = "/_mock/v1/journal/follow"
LONGEST_RUN_S = 300


class ControlSurfaceTest(MasterTestCase):
    master_options = {"fixture": str(pathlib.Path(__file__).parents[2] / "fixtures" / "demo.yaml")}

    def test_every_answer_is_as_described(self):
        options = dict(self.master_options)
        with tempfile.TemporaryDirectory() as folder, Master("--control-token", TOKEN, **options) as master:
            report = pathlib.Path(folder, "report.json")
            command = [
                os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run",
                master.url + "/_mock/openapi.json",
                "--header", "Authorization: Bearer " + TOKEN,
                "--include-path-regex", "^/_mock/",
                "--exclude-path", STREAM,
                "--checks", "all", "--exclude-checks", NOT_PROMISED,
                "--seed", "1", "--max-examples", "20", "--continue-on-failure",
                "--request-timeout", "20",
                "--report", "json", "--report-json-path", str(report),
            ]
            environment = dict(
                os.environ,
                SCHEMATHESIS_HOOKS="schemathesis_hooks",
                PYTHONPATH=os.path.dirname(os.path.abspath(__file__)),
                HYPOTHESIS_STORAGE_DIRECTORY=folder,
                NO_COLOR="1",
            )
            run = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST_RUN_S
            )
            self.assertEqual(run.returncode, 0, run.stdout[-20000:] + run.stderr[-4000:])
            self.assertTrue(master.alive(), master.log())
            self.assert_all_was_called(master, json.loads(report.read_text()))

    def assert_all_was_called(self, master, report):
        paths = json.loads(master.call("GET", "/_mock/openapi.json").body)["paths"]
        called = ["%s %s" % (method.upper(), path) for path in paths for method in paths[path] if path.startswith("/_mock/")]
        operations = report["operations"]
        self.assertTrue(report["complete"])
        self.assertEqual((operations["tested"], operations["errored"]), (len(called) - 1, 0), operations)
        self.assertGreater(report["test_cases"]["generated"], 40 * len(called))
        # The description's own example of each body is understood.
        for name in called:
            method, path = name.split()
            if "requestBody" in paths[path][method.lower()]:
                examples = report["valid_rates"][name]["examples"]
                self.assertGreater(examples["accepted"] + examples["unreachable"] + examples["conflicts"], 0, name)


if __name__ == "__main__":
    main()
