"""Plays steps against both masters and compares, step by step."""

import collections
import concurrent.futures
import dataclasses
import itertools
import random
import time

from . import step as steps
from .answers import Reader, compare
from .known import KNOWN, PARTINGS
from .life import Life
from .seldom import SELDOM
from .stock import COMPUTERS, UNKNOWN_COMPUTER
from .world import World, shared_guid

# How many steps a life has at least and at most.
LENGTH = (30, 120)

# Calls that are on their way at the same time.
THREADS = 6

# How what is read after a step is called, before the name of the computer.
INFORMATION = "information of "

# How many of the last steps are told of where something differs.
TOLD = 12


@dataclasses.dataclass(frozen=True)
class Difference:
    """Where the masters differ: in the answer to a step, or (`seen`) in what is read right after it."""

    step: object
    seen: str
    path: tuple
    proxy: object
    ours: object
    # What both told before the step.
    world: object

    def in_short(self):
        """What was read, and the name of what differs in it: `answer status`, `information timestamp`."""
        names = [name for name in self.path if isinstance(name, str)]
        return "%s %s" % ((self.seen or "answer").split()[0], names[-1])

    def __str__(self):
        where = ".".join(map(str, self.path))
        return "%s%s\n      slapproxy:  %r\n      slapmaster: %r" % (
            "then %s: " % self.seen if self.seen else "",
            where,
            self.proxy,
            self.ours,
        )


class Game:
    """Both masters, with the world as they told it last."""

    def __init__(self, proxy, ours):
        self.peers = (proxy, ours)
        self.threads = concurrent.futures.ThreadPoolExecutor(THREADS)
        self.begin()

    def raws(self, asked):
        """The raw answers of both masters to each step, asked at once: to wait for them is most of the time."""
        futures = [[self.threads.submit(peer.play, step) for peer in self.peers] for step in asked]
        return [[future.result() for future in pair] for pair in futures]

    def begin(self):
        """Empties both worlds."""
        for peer in self.peers:
            peer.empty()
        self.readers = (Reader(), Reader())
        self.world = World({})

    def play(self, step):
        """Plays a step, looks at both worlds, and lists where they differ."""
        (raws,) = self.raws([step])
        before = self.world
        # Times of the JSON dialect are whole seconds: they are compared with those of the classic one, which
        # only then tell the present.
        late = step.is_json_rpc()
        answers = None if late else self.read(step, raws)
        granted = step.about.get("asks") and raws[0].status == 200
        found = self.look(step, step.about if granted else None)
        answers = self.read(step, raws) if late else answers
        return [Difference(step, "", *difference, before) for difference in compare(*answers)] + found

    def read(self, step, raws):
        return [reader.read(step, raw) for reader, raw in zip(self.readers, raws)]

    def computers(self, step):
        """Those to look at: one that nobody formatted yet is not there, and to ask for it is slow."""
        named = UNKNOWN_COMPUTER in step.path + step.body
        return COMPUTERS + ((UNKNOWN_COMPUTER,) if named or UNKNOWN_COMPUTER in self.world.computers else ())

    def look(self, step, granted):
        """Reads everything that a step may have changed. An answer that differs here is the step's doing.

        `granted` is the request that was granted by it, if it was one.
        """
        before = self.world
        found = []

        def ask(probes):
            told = {}
            for (seen, probe), raws in zip(probes, self.raws([probe for _seen, probe in probes])):
                answers = self.read(probe, raws)
                found.extend(Difference(step, seen, *difference, before) for difference in compare(*answers))
                told[seen] = answers[0]
            return told

        changes = not step.reads()
        computers = self.computers(step)
        probes = [(INFORMATION + c, steps.read("getFullComputerInformation", computer_id=c)) for c in computers]
        if changes:
            probes.append(("trees", steps.method("allDocs.v0.instance_tree_list", {})))
        told = ask(probes)
        self.world = before.after(granted, {c: told[INFORMATION + c] for c in computers})
        if changes:
            guids = [shared_guid(reference) for _place, reference, _entry in self.world.shared()]
            read = "get.v0.software_instance"
            ask([("shared instance " + guid, steps.method(read, {"instance_guid": guid})) for guid in guids])
        return found


class Unexpected(AssertionError):
    """A difference that the table does not know."""


def explained(difference):
    """The entry of the table that admits a difference, or none."""
    for entry in KNOWN:
        if entry.admits(difference):
            return entry
    return None


def parting(step, world):
    """The entry of the table by which the worlds part at this step, or none."""
    for entry in PARTINGS:
        if entry.parts(step, world):
            return entry
    return None


class Script:
    """Plays lives and stories, and counts how often each entry of the table was seen."""

    def __init__(self, game, seed):
        self.game = game
        self.seed = seed
        self.random = random.Random(seed)
        self.seen = collections.Counter()
        self.calls = collections.Counter()
        self.lives = self.stories = 0
        self.played = []

    def steps(self):
        return sum(self.calls.values())

    def live(self, count):
        """Plays lives, each in an empty world, until `count` more steps were played."""
        until = self.steps() + count
        while self.steps() < until:
            self.begin()
            self.lives += 1
            life = Life(self.random)
            length = self.random.randint(*LENGTH)
            for step in itertools.islice(life.steps(self.game, parting), min(length, until - self.steps())):
                self.demand(step, self.play(step))

    def tell_stories(self):
        """Plays what lives leave out or come to seldom."""
        for entry in KNOWN + PARTINGS:
            if entry.story is not None:
                self.tell(entry)
        for story in SELDOM:
            self.begin()
            self.stories += 1
            for step in itertools.chain(Life.beginning(), story()):
                self.demand(step, self.play(step))

    def tell(self, entry):
        """Plays the story of an entry, and demands that it shows what the entry says and nothing else."""
        before = self.seen[entry.name]
        parted, shown = False, set()
        self.begin()
        self.stories += 1
        for step in itertools.chain(Life.beginning(), entry.story()):
            parted = parted or entry.parts is not None and bool(entry.parts(step, self.game.world))
            left = self.play(step)
            if parted:
                shown.update(difference.in_short() for difference in left)
                self.seen[entry.name] += len(left)
            else:
                self.demand(step, left)
        if shown != set(entry.shows):
            raise AssertionError(
                "the story of `%s` shows %s, not %s" % (entry.name, sorted(shown), sorted(entry.shows))
            )
        if self.seen[entry.name] == before:
            raise AssertionError("`%s` does not show in its story: mended? Then take it out of the table" % entry.name)

    def begin(self):
        self.game.begin()
        self.played = []

    def play(self, step):
        """Plays one step; the differences that no entry admits."""
        self.played.append(step)
        self.calls[step.call] += 1
        left = []
        for difference in self.game.play(step):
            entry = explained(difference)
            if entry is None:
                left.append(difference)
            else:
                self.seen[entry.name] += 1
        return left

    def never_seen(self):
        return [entry.name for entry in KNOWN + PARTINGS if not self.seen[entry.name]]

    def demand(self, step, left):
        """Fails for differences that nothing explains."""
        if not left:
            return
        told = [
            "seed %d, life %d, step %d of it (`--steps %d` is enough):"
            % (self.seed, self.lives, len(self.played), self.steps())
        ]
        told += [
            "   %3d %s" % (number, played)
            for number, played in enumerate(self.played[-TOLD:], len(self.played) - len(self.played[-TOLD:]) + 1)
        ]
        told += ["differs:"] + ["  " + str(difference) for difference in left[:10]]
        error = Unexpected("\n".join(told))
        error.played, error.left = list(self.played), left
        raise error


def shrink(game, played, left, seconds):
    """A shorter list of steps, the last of which still differs in the same way."""
    end = time.monotonic() + seconds
    wanted = shape(left)
    kept = list(played)
    size = max(1, len(kept) // 2)
    while size:
        at = 0
        while at + size < len(kept):
            if time.monotonic() > end:
                return kept
            shorter = kept[:at] + kept[at + size :]
            if wanted <= differs(game, shorter):
                kept = shorter
            else:
                at += size
        size //= 2
    return kept


def shape(left):
    return {(difference.step.call, difference.seen, difference.path) for difference in left}


def differs(game, played):
    """How the last of these steps differs, played in empty worlds; nothing if they part before."""
    game.begin()
    left = []
    for step in played:
        if left or parting(step, game.world):
            return set()
        left = [difference for difference in game.play(step) if explained(difference) is None]
    return shape(left)
