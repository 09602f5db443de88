"""What both masters told last, read back from their answers: the model of who makes up the next call."""

import collections

from .peers import DEFAULT_COMPUTER

# An instance on its partition.
Occupant = collections.namedtuple("Occupant", "title root state release software_type parameters shared")

Place = collections.namedtuple("Place", "computer partition")


class World:
    """Computers with their partitions and software. `computers` has those that are registered.

    `told` are slapproxy's comparable answers of `getFullComputerInformation`, by computer.
    """

    def __init__(self, told, before=None):
        self.computers = {}
        self.releases = {}
        # The last request for each instance, by its place; for a shared one, by its reference. It holds the
        # number of who asked as `asker`.
        self.requests = dict(before.requests) if before else {}
        # A number for each software instance by its place, and by that the number of who asked for it last,
        # whether that is still there or not.
        self.numbers = dict(before.numbers) if before else {}
        self.askers = dict(before.askers) if before else {}
        for computer, answer in told.items():
            if answer["status"] != 200:
                continue
            partitions = answer["body"]["_computer_partition_list"]
            self.computers[computer] = {name: occupant(partition) for name, partition in partitions.items()}
            releases = answer["body"]["_software_release_list"]
            self.releases[computer] = {uri: release["_requested_state"] for uri, release in releases.items()}

    def after(self, request, told):
        """The world as it is told after a step, which may have been a request that was granted."""
        world = World(told, self)
        for place in list(world.numbers):
            if world.at(place) is None:
                del world.numbers[place], world.requests[place]
        key = request and world.key(request, self)
        if key is not None:
            asker = request["requester"] and self.numbers.get(Place(*request["requester"]))
            world.requests[key] = dict(request, asker=asker)
            if not request["shared"]:
                number = world.numbers.setdefault(key, len(self.askers))
                world.askers[number] = asker
        return world

    def lineage(self, place):
        """The numbers of the instance there, of who asked for it, of who asked for that, and so on."""
        found = []
        number = self.numbers.get(place)
        while number is not None and number not in found:
            found.append(number)
            number = self.askers.get(number)
        return found

    def key(self, about, before):
        """By what a requested instance is known here: its place, or its reference if it is shared."""
        root = before.root_of(about["requester"])
        if about["shared"]:
            return "%s_%s" % (root or "", about["title"])
        found = self.find(about["title"], root)
        return found and found[0]

    def places(self):
        """Every partition with its occupant, or none."""
        return [
            (Place(computer, partition), there)
            for computer, partitions in self.computers.items()
            for partition, there in partitions.items()
        ]

    def busy(self):
        return [(place, there) for place, there in self.places() if there is not None]

    def at(self, place):
        """The occupant of a (computer, partition), or none."""
        return self.computers.get(place[0], {}).get(place[1])

    def find(self, title, root=None):
        """Where the root of this title is, or the instance of a tree: (place, occupant) or none."""
        for place, there in self.busy():
            if there.title == title and (there.root == (root or title)):
                return place, there
        return None

    def tree(self, root):
        return [(place, there) for place, there in self.busy() if there.root == root]

    def children(self, root):
        return [(place, there) for place, there in self.tree(root) if there.title != root]

    def shared(self):
        """(host's place, reference, entry) of every shared instance."""
        return [(place, entry["slave_reference"], entry) for place, there in self.busy() for entry in there.shared]

    def host_of(self, request):
        """Where slapproxy places a shared instance: (place, occupant) of the first that fits, or none."""
        computer = request["sla"].get("computer_guid", DEFAULT_COMPUTER)
        guid = request["sla"].get("instance_guid")
        for partition, there in self.computers.get(computer, {}).items():
            if there is None or there.release != request["release"]:
                continue
            if request["software_type"] not in ("", there.software_type):
                continue
            if guid in (None, partition, "%s-%s" % (computer, partition)):
                return Place(computer, partition), there
        return None

    def serves(self, reference):
        """The hosts that list this shared instance."""
        return [place for place, known, _entry in self.shared() if known == reference]

    def root_of(self, requester):
        """The title of the tree in whose name a request is made; none: a tree of its own."""
        there = requester and self.at(requester)
        return there.root if there else None


def occupant(partition):
    if "_parameter_dict" not in partition:
        return None
    told = partition["_parameter_dict"]
    return Occupant(
        title=told["instance_title"],
        root=told["root_instance_title"],
        state=partition["_requested_state"],
        release=told["slap_software_release_url"],
        software_type=told["slap_software_type"],
        parameters=told,
        shared=told["slave_instance_list"],
    )


def shared_guid(reference):
    """slapproxy's JSON-RPC guid of a shared instance that its host knows as `<root title>_<title>`."""
    root, title = reference.split("_", 1)
    return "%s___%s___1" % (title, root)


def software_guid(there):
    return "%s___%s___0" % (there.title, "" if there.title == there.root else there.root)
