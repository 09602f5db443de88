"""Plays one script of protocol calls against slapmaster and the real slapproxy, and compares the answers.

    BINARY_UNDER_TEST=…/slapmaster python differential.py --seed 7 --steps 2000

The Python must be one in which slapos.core is installed (the tests keep one in `target/conformance`). At the first
difference that `difference/known.py` does not list it ends with 1, and tells a short script that shows it.
"""

import argparse
import contextlib
import sys
import tempfile
import time

from difference.known import KNOWN, PARTINGS
from difference.peers import Slapmaster, Slapproxy
from difference.play import Game, Script, Unexpected, shrink

# Of the table in COMPATIBILITY.md that shows `known.py` to people.
HEADING = "What is left between slapmaster and slapproxy"


def table():
    """That table, line by line."""
    head = ["| # | Where | slapproxy | slapmaster | Why |", "|---|---|---|---|---|"]
    return head + [
        "| %s | %s | %s | %s | %s |" % (entry.row, entry.where, entry.slapproxy, entry.slapmaster, entry.why)
        for entry in KNOWN + PARTINGS
    ]


@contextlib.contextmanager
def game():
    """Both masters, in empty worlds."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peers = []
        for peer in (Slapproxy, Slapmaster):
            peers.append(peer(folder))
            stack.callback(peers[-1].close)
        yield Game(*peers)


def tell(script, seconds):
    print(
        "seed %d: %d steps in %d lives and %d stories, %.0f s; differences that are known:"
        % (script.seed, script.steps(), script.lives, script.stories, seconds)
    )
    for entry in KNOWN + PARTINGS:
        print("  %6d %s (%s)" % (script.seen[entry.name], entry.name, entry.row))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default 1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from that one on (default 1)")
    parser.add_argument("--steps", type=int, default=500, help="how many steps for each (default 500)")
    parser.add_argument("--shrink", type=float, default=60, help="seconds to look for a shorter script (default 60)")
    parser.add_argument("--table", action="store_true", help="write the table for COMPATIBILITY.md, and play nothing")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table()))
        return 0
    with game() as played:
        for seed in range(arguments.seed, arguments.seed + arguments.seeds):
            begin = time.monotonic()
            script = Script(played, seed)
            try:
                script.live(arguments.steps)
                script.tell_stories()
            except Unexpected as error:
                print(error)
                shorter = shrink(played, error.played, error.left, arguments.shrink)
                print("shorter:\n" + "\n".join("   %s" % step for step in shorter))
                return 1
            except AssertionError as error:
                print(error)
                return 1
            tell(script, time.monotonic() - begin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
