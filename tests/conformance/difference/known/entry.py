"""What an entry of the table is, and how one is added."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Known:
    """A row of the table. `row` is that of the table of observable differences, where it has one."""

    name: str
    row: str
    where: str
    slapproxy: str
    slapmaster: str
    why: str
    # Asked about a difference: whether it is this one.
    admits: typing.Callable = None
    # Asked about a step and the world before it: whether the worlds part by it, in this way.
    parts: typing.Callable = None
    # The steps that show it, and what differs in them: what was read, and the name of what differs in it.
    story: typing.Callable = None
    shows: tuple = ()


KNOWN = []
PARTINGS = []


def known(row, where, slapproxy, slapmaster, why, story=None):
    """Adds a function that tells whether a difference is the one described; what is seldom seen has a story."""

    def add(admits):
        KNOWN.append(Known(admits.__name__, row, where, slapproxy, slapmaster, why, admits=admits, story=story))
        return admits

    return add


def parting(row, where, slapproxy, slapmaster, why, shows, story):
    """Adds a function that tells whether the worlds part by a step, and the steps that show how."""

    def add(parts):
        name = parts.__name__
        PARTINGS.append(Known(name, row, where, slapproxy, slapmaster, why, parts=parts, story=story, shows=shows))
        return parts

    return add
