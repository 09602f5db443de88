"""The main flow of `main_flow.py`, with today's client."""

import os
import subprocess
import sys
import unittest

from support import Master, main

FLOW = os.path.join(os.path.dirname(os.path.abspath(__file__)), "main_flow.py")


class MainFlow(unittest.TestCase):
    """The flow is a program: it is also run against a container."""

    def run_flow(self, url):
        command = [sys.executable, "-W", "ignore", FLOW, url]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def test_every_step_works_also_a_second_time_on_the_same_server(self):
        with Master() as master:
            for _ in range(2):
                code, output = self.run_flow(master.url)
                self.assertEqual(code, 0, output)
                self.assertTrue(output.endswith("the main flow works\n"), output)

    def test_it_fails_where_no_master_answers(self):
        code, output = self.run_flow("http://127.0.0.1:9")
        self.assertEqual(code, 1, output)


if __name__ == "__main__":
    main()
