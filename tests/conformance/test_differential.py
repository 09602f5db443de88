"""slapmaster under its slapproxy preset beside the real slapproxy: one script, two masters, the answers compared.

Longer, and with any seed: `differential.py`.
"""

import os
import re
import time
import unittest

from slapos.proxy.views import app

import differential
from difference.known import KNOWN, PARTINGS
from difference.play import Script
from support import main

SEED = 20261126
STEPS = int(os.environ.get("DIFFERENTIAL_STEPS", "250"))

COMPATIBILITY = os.path.join(os.path.dirname(__file__), "..", "..", "COMPATIBILITY.md")


def section(heading):
    with open(COMPATIBILITY, encoding="utf-8") as file:
        return file.read().partition("\n## %s\n" % heading)[2].partition("\n## ")[0]


def served_by_slapproxy():
    """The calls of both dialects that slapproxy has a route for, by their names."""
    dialects = ("slap_tool", "json_rpc", "json_rpc_experimental")
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in dialects]
    return {rule.rule[1:].split("slapos.")[-1] for rule in rules} | {"getRunId"}


class Differential(unittest.TestCase):
    def test_the_script_shows_the_known_differences_and_no_others(self):
        begin = time.monotonic()
        with differential.game() as game:
            script = Script(game, SEED)
            script.live(STEPS)
            script.tell_stories()
        self.assertEqual(script.never_seen(), [], "listed as known, and never seen any more")
        self.assertEqual(served_by_slapproxy() - set(script.calls), set(), "never played")
        differential.tell(script, time.monotonic() - begin)


class Table(unittest.TestCase):
    maxDiff = None

    def test_people_are_shown_the_same_table(self):
        shown = [line for line in section(differential.HEADING).splitlines() if line.startswith("|")]
        self.assertEqual(shown, differential.table(), "`differential.py --table` writes it")

    def test_every_entry_belongs_to_an_observable_difference(self):
        known = set(re.findall(r"^\| ([0-9, ]+) \|", section("Observable differences"), re.M))
        known = {number for numbers in known for number in numbers.split(", ")}
        for entry in KNOWN + PARTINGS:
            for number in entry.row.split(", "):
                if number != "–":
                    self.assertIn(number, known, entry.name)

    def test_names_are_unique(self):
        names = [entry.name for entry in KNOWN + PARTINGS]
        self.assertEqual(sorted(names), sorted(set(names)))


if __name__ == "__main__":
    main()
