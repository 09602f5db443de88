"""Makes up what happens next: calls that make sense in the world as it was told last, and some that do not.

Everything comes from one source of random numbers, so that a seed tells the whole life (as long as both masters
answer as they did). `MENU` weighs the kinds of calls; `Life.step` takes one.
"""

from slapos.util import dumps

from support import RELEASE, computer_configuration, partition_configuration

from . import step
from .peers import DEFAULT_COMPUTER, PRODUCTS
from .stock import (
    APACHE_FRONTEND,
    CHILDREN,
    COMPUTERS,
    COMPUTE_NODES,
    CONNECTIONS,
    KVM_FRONTEND,
    MESSAGES,
    NEW_NAMES,
    ODD,
    PARAMETERS,
    PARTITIONS,
    RELEASES,
    ROOTS,
    SHARED,
    STATES,
    TREES,
    TYPES,
    UNKNOWN_COMPUTER,
    UNKNOWN_PARTITION,
    USAGE,
    USER_KEYS,
)
from .step import Request
from .world import shared_guid, software_guid


class Life:
    """The life of a world, from its first format on."""

    def __init__(self, random):
        self.random = random

    # -- choosing ------------------------------------------------------------------------------

    def often(self, chance):
        return self.random.random() < chance

    def one(self, choices):
        choices = list(choices)
        return self.random.choice(choices) if choices else None

    def computer(self, known=0.95):
        return self.one(COMPUTERS) if self.often(known) else UNKNOWN_COMPUTER

    def place(self, world, busy=0.85):
        """A (computer, partition): mostly one with an instance, seldom one that is nowhere."""
        if self.often(0.03):
            return self.one([(UNKNOWN_COMPUTER, "slappart0"), (DEFAULT_COMPUTER, UNKNOWN_PARTITION)])
        places = [place for place, there in world.places() if (there is not None) == self.often(busy)]
        return tuple(self.one(places) or (DEFAULT_COMPUTER, "slappart0"))

    def fields(self, world, **more):
        computer, partition = self.place(world)
        return dict(computer_id=computer, computer_partition_id=partition, **more)

    def guid(self, world):
        """A guid of JSON-RPC: mostly that of a software instance."""
        guids = [software_guid(there) for _place, there in world.busy()]
        if self.often(0.2):
            guids = [shared_guid(reference) for _place, reference, _entry in world.shared()] or guids
        if self.often(0.07):
            guids = ["nobody______0", "nobody___web___1", "no guid"]
        return self.one(guids) or "nobody______0"

    # -- the first calls of a life -------------------------------------------------------------

    @staticmethod
    def beginning():
        """Two computers, formatted, with some software: without them a life is short."""
        for computer in COMPUTERS:
            yield Life.format(computer, PARTITIONS[computer])
        yield step.post("supplySupply", {"url": RELEASE, "computer_id": DEFAULT_COMPUTER, "state": "available"})

    @staticmethod
    def format(computer, count, shift=0, first=0):
        """A computer with partitions from the number `first` on, `shift` in their addresses."""
        partitions = [
            partition_configuration(
                number, addresses=["10.%d.0.%d" % (shift, number + 1), "2001:db8:%x::%x" % (shift + 1, number + 1)]
            )
            for number in range(first, count)
        ]
        configuration = computer_configuration(computer, partitions)
        return step.post(
            "loadComputerConfigurationFromXML",
            {"xml": dumps(configuration)},
            about=formatted(
                computer, {p["reference"]: [address["addr"] for address in p["address_list"]] for p in partitions}
            ),
        )

    # -- the menu ------------------------------------------------------------------------------

    def steps(self, game, parting):
        """The calls of a life, each made up from the world as the ones before left it; none by which the worlds part."""
        yield from self.beginning()
        while True:
            step = self.step(game.world)
            if not parting(step, game.world):
                yield step

    def step(self, world):
        """The next call."""
        while True:
            (dish,) = self.random.choices([dish for _weight, dish in MENU], [weight for weight, _dish in MENU])
            made = dish(self, world)
            if made is not None:
                return made

    def either(self, request):
        """In the classic dialect, or, where nothing is said that it cannot say, in JSON-RPC."""
        return request.classic() if self.often(0.7) or not request.header else request.json_rpc()

    def wanted(self, title, **more):
        return Request(
            title=title,
            release=self.one(RELEASES),
            software_type=self.one(TYPES),
            parameters=self.one(PARAMETERS),
            sla=self.sla(),
            state=self.one(STATES),
            **more,
        )

    def sla(self):
        if self.often(0.7):
            return {}
        return self.one(
            [
                {"computer_guid": "COMP-2"},
                {"computer_guid": "COMP-2"},
                {"computer_guid": DEFAULT_COMPUTER},
                {"computer_guid": UNKNOWN_COMPUTER},
                {"capability": "ssd", "region": "moon"},
                {"partition_type": "big", "port": "80"},
            ]
        )

    def request_root(self, world):
        return self.either(self.wanted(self.one(ROOTS)))

    def request_again(self, world):
        """What is there, asked for as it is, or with one thing changed."""
        found = self.one(world.busy())
        if found is None:
            return None
        _place, there = found
        request = Request(
            title=there.title,
            release=there.release,
            software_type=there.software_type,
            parameters={key: value for key, value in there.parameters.items() if key in USER_KEYS},
            state=there.state,
            requester=None if there.title == there.root else tuple(self.one(p for p, _t in world.tree(there.root))),
        )
        change = self.one(["", "", "state", "state", "parameters", "release", "software_type", "sla"])
        changed = {
            "state": {"state": self.one(STATES)},
            "parameters": {"parameters": self.one(PARAMETERS)},
            "release": {"release": self.one(RELEASES)},
            "software_type": {"software_type": self.one(TYPES)},
            "sla": {"sla": self.sla()},
        }.get(change, {})
        return self.either(replace(request, changed))

    def request_child(self, world):
        found = self.one(world.busy())
        if found is None:
            return None
        request = self.wanted(self.one(CHILDREN), requester=tuple(found[0]))
        header, form = self.one([(True, True), (True, True), (True, False), (False, True)])
        return self.either(replace(request, {"header": header, "form": form}))

    def request_shared(self, world):
        host = self.one(world.busy())
        if host is None:
            return None
        place, there = host
        request = Request(
            title=self.one(SHARED),
            release=there.release if self.often(0.9) else self.one(RELEASES),
            software_type=there.software_type if self.often(0.9) else self.one(TYPES),
            parameters=self.one([parameters for parameters in PARAMETERS if plain(parameters)]),
            sla=self.one(
                [
                    {},
                    {"computer_guid": place.computer},
                    {"instance_guid": "%s-%s" % place},
                    {"instance_guid": place.partition},
                ]
            ),
            state=self.one(["started", "started", "started", None]),
            shared=True,
            requester=None if self.often(0.5) else tuple(self.one(p for p, _t in world.busy())),
        )
        return self.either(request)

    def request_from_nowhere(self, world):
        """In the name of a partition that is free, or of one that is nowhere."""
        free = [tuple(place) for place, there in world.places() if there is None]
        nowhere = [(UNKNOWN_COMPUTER, "slappart0"), (DEFAULT_COMPUTER, UNKNOWN_PARTITION)]
        request = self.wanted(self.one(ROOTS), requester=self.one(free + nowhere))
        header = self.often(0.7)
        return self.either(replace(request, {"header": header, "form": not header or self.often(0.5)}))

    def request_frontend(self, world):
        """What slapproxy invents an answer for, as soon as the parameters suffice."""
        release, software_type, parameters = self.one(
            [
                (APACHE_FRONTEND, "default", {"url": "https://[2001:db8::1]:8080/x?y#z"}),
                (APACHE_FRONTEND, "RootSoftwareInstance", {"url": "http://10.0.0.1/"}),
                (APACHE_FRONTEND, "custom", {"url": "http://10.0.0.1/"}),
                (APACHE_FRONTEND, "default", {}),
                (KVM_FRONTEND, "frontend", {"host": "2001:db8::1", "port": "80"}),
                (KVM_FRONTEND, "frontend", {"host": "10.0.0.1", "port": "80"}),
                (KVM_FRONTEND, "frontend", {"host": "10.0.0.1"}),
            ]
        )
        requester = self.one([None] + [tuple(place) for place, _there in world.busy()])
        request = Request("front", release, software_type, parameters, shared=True, requester=requester)
        return self.either(request) if requester is None else request.classic()

    # -- reports -------------------------------------------------------------------------------

    def report(self, world):
        call = self.one(["startedComputerPartition", "stoppedComputerPartition", "softwareInstanceError"])
        more = {"error_log": self.one(MESSAGES)} if call == "softwareInstanceError" else {}
        return step.post(call, self.fields(world, **more))

    def destroyed(self, world):
        """Mostly of what is to be destroyed."""
        doomed = [place for place, there in world.busy() if there.state == "destroyed"]
        if not doomed or self.often(0.1):
            return step.post("destroyedComputerPartition", self.fields(world))
        place = self.one(doomed)
        if self.often(0.3):
            arguments = {"instance_guid": software_guid(world.at(place)), "reported_state": "destroyed"}
            return step.method("put.v0.software_instance_reported_state", arguments)
        return step.post(
            "destroyedComputerPartition", {"computer_id": place.computer, "computer_partition_id": place.partition}
        )

    def bang(self, world):
        return step.post("softwareInstanceBang", self.fields(world, message=self.one(MESSAGES)))

    def rename(self, world):
        return step.post("softwareInstanceRename", self.fields(world, new_name=self.one(ROOTS + CHILDREN + NEW_NAMES)))

    def publish(self, world):
        return step.post(
            "setComputerPartitionConnectionXml", self.fields(world, connection_xml=dumps(self.one(CONNECTIONS)))
        )

    def publish_shared(self, world):
        found = self.one(world.shared())
        if found is None:
            return None
        place, reference, _entry = found
        if self.often(0.05):
            reference = "web_nobody"
        return step.post(
            "setComputerPartitionConnectionXml",
            {
                "computer_id": place.computer,
                "computer_partition_id": place.partition,
                "slave_reference": reference,
                "connection_xml": dumps(self.one(CONNECTIONS)),
            },
        )

    # -- computers and software ----------------------------------------------------------------

    def format_again(self, world):
        computer = self.computer()
        count = PARTITIONS.get(computer, 1) + self.one([0, 0, 0, 1, 2, -1])
        return self.format(computer, count, shift=self.one([0, 0, 7]))

    def supply(self, world):
        fields = {
            "url": self.one(RELEASES),
            "computer_id": self.computer(known=0.9),
            "state": self.one(["available", "available", "destroyed"]),
        }
        return step.post("supplySupply", fields)

    def software(self, world):
        """A report on software, mostly on what is supplied."""
        computer = self.computer()
        url = self.one(world.releases.get(computer, {})) if self.often(0.9) else self.one(RELEASES)
        call = self.one(
            ["buildingSoftwareRelease", "availableSoftwareRelease", "softwareReleaseError", "destroyedSoftwareRelease"]
        )
        fields = {"url": url or RELEASE, "computer_id": computer}
        if call == "softwareReleaseError":
            fields["error_log"] = self.one(MESSAGES)
        return step.post(call, fields)

    def of_the_computer(self, world):
        if self.often(0.5):
            return step.post("computerBang", {"computer_id": self.computer(), "message": self.one(MESSAGES)})
        return step.post("useComputer", {"computer_id": self.computer(), "use_string": USAGE})

    # -- reading -------------------------------------------------------------------------------

    def read_partition(self, world):
        computer, partition = self.place(world)
        return step.read(
            "registerComputerPartition", computer_reference=computer, computer_partition_reference=partition
        )

    def read_computer(self, world):
        return step.read(
            self.one(["getFullComputerInformation", "getComputerInformation"]), computer_id=self.computer()
        )

    def read_product(self, world):
        return step.read(
            "getSoftwareReleaseListFromSoftwareProduct",
            software_product_reference=self.one(list(PRODUCTS) + ["unknown"]),
        )

    def read_other(self, world):
        """The calls that slapproxy has for form's sake."""
        call = self.one(["getComputerPartitionStatus", "getComputerPartitionCertificate", "getRunId"])
        return step.read(call) if call == "getRunId" else step.read(call, **self.fields(world))

    def read_what_slapproxy_lacks(self, world):
        call = self.one(
            ["getComputerStatus", "getHateoasUrl", "getHostingSubscriptionIpList", "getSoftwareInstallationStatus"]
        )
        if call == "getComputerStatus":
            return step.read(call, computer_id=self.computer())
        if call == "getSoftwareInstallationStatus":
            return step.read(call, computer_id=self.computer(), url=self.one(RELEASES))
        return step.read(call) if call == "getHateoasUrl" else step.read(call, **self.fields(world))

    # -- the JSON-RPC dialect ------------------------------------------------------------------

    def json_read(self, world):
        name = self.one(
            [
                "get.v0.software_instance",
                "get.v0.software_instance",
                "get.v0.compute_partition",
                "get.v0.instance_tree",
                "allDocs.v0.compute_node_instance_list",
                "allDocs.v0.compute_node_software_installation_list",
                "allDocs.v0.instance_node_instance_list",
                "allDocs.v0.instance_tree_list",
                "allDocs.WIP.compute_node_list",
                "get.v0.hateoas_url",
                "get.v0.compute_node_status",
                "get.v0.software_instance_certificate",
            ]
        )
        computer, partition = self.place(world)
        arguments = {
            "get.v0.compute_partition": {"computer_guid": computer, "compute_partition_id": partition},
            "get.v0.instance_tree": {"title": self.one(ROOTS + SHARED)},
            "allDocs.v0.instance_tree_list": {},
            "allDocs.WIP.compute_node_list": {},
            "get.v0.hateoas_url": {},
            "get.v0.compute_node_status": {"computer_guid": computer},
            "allDocs.v0.compute_node_instance_list": {"computer_guid": computer},
            "allDocs.v0.compute_node_software_installation_list": {"computer_guid": computer},
        }.get(name)
        if arguments is None:
            arguments = {"instance_guid": self.guid(world)}
        return step.method(name, arguments)

    def json_write(self, world):
        name = self.one(
            [
                "put.v0.software_instance_connection_parameter",
                "put.v0.software_instance_connection_parameter",
                "put.v0.software_instance_reported_state",
                "put.v0.software_instance_error",
                "put.v0.software_instance_bang",
                "put.v0.software_instance_title",
            ]
        )
        arguments = {
            "put.v0.software_instance_connection_parameter": {"connection_parameter_dict": self.one(CONNECTIONS)},
            "put.v0.software_instance_reported_state": {"reported_state": self.one(["started", "stopped"])},
            "put.v0.software_instance_error": {"message": self.one(MESSAGES)},
            "put.v0.software_instance_bang": {"message": self.one(MESSAGES)},
            "put.v0.software_instance_title": {"title": self.one(ROOTS + CHILDREN + NEW_NAMES)},
        }[name]
        return step.method(name, dict(arguments, instance_guid=self.guid(world)))

    def json_computer(self, world):
        name = self.one(
            [
                "post.v0.software_installation",
                "put.v0.software_installation_reported_state",
                "put.v0.software_installation_error",
                "put.v0.compute_node_bang",
                "post.v0.compute_node_usage",
                "put.v0.compute_node_format",
                "post.v0.compute_node_certificate",
                "remove.v0.compute_node_certificate",
            ]
        )
        computer = self.computer()
        if name == "put.v0.compute_node_format":
            return self.json_format(computer)
        software = {"software_release_uri": self.one(world.releases.get(computer, RELEASES)) or RELEASE}
        more = {
            "post.v0.software_installation": dict(software, state=self.one(["available", "destroyed"])),
            "put.v0.software_installation_reported_state": dict(
                software, reported_state=self.one(["available", "building", "destroyed"])
            ),
            "put.v0.software_installation_error": dict(software, message=self.one(MESSAGES)),
            "put.v0.compute_node_bang": {"message": self.one(MESSAGES)},
            "post.v0.compute_node_usage": {"tioxml": USAGE},
        }.get(name, {})
        return step.method(name, dict(more, computer_guid=computer))

    def json_format(self, computer):
        partitions = [
            {
                "partition_id": "slappart%d" % number,
                "ip_list": [
                    {
                        "ip-address": "10.9.0.%d" % (number + 1),
                        "netmask": "255.255.255.255",
                        "network-interface": "slaptap%d" % number,
                    }
                ],
            }
            for number in range(PARTITIONS.get(computer, 1) + self.one([0, 0, 1]))
        ]
        return step.method(
            "put.v0.compute_node_format",
            {"computer_guid": computer, "compute_partition_list": partitions},
            about=formatted(
                computer, {p["partition_id"]: [address["ip-address"] for address in p["ip_list"]] for p in partitions}
            ),
        )

    # -- HATEOAS -------------------------------------------------------------------------------

    def hateoas(self, world):
        kind = self.one(
            ["root", "trees", "tree", "tree", "computers", "computer", "document", "document", "computer document"]
        )
        tree = self.one(ROOTS + SHARED)
        computer = self.computer()
        return {
            "root": lambda: step.Step("hateoas.root", "GET", "/hateoas/"),
            "trees": lambda: step.search(TREES),
            "tree": lambda: step.search('%s AND title:="%s"' % (TREES, tree)),
            "computers": lambda: step.search(COMPUTE_NODES),
            "computer": lambda: step.search('%s AND reference:="%s"' % (COMPUTE_NODES, computer)),
            "document": lambda: step.document('%s AND title:="%s"' % (TREES, tree), tree),
            "computer document": lambda: step.document('%s AND reference:="%s"' % (COMPUTE_NODES, computer), computer),
        }[kind]()

    # -- what nobody should do -----------------------------------------------------------------

    def odd(self, world):
        return self.one(ODD)


MENU = (
    (14, Life.request_root),
    (14, Life.request_again),
    (12, Life.request_child),
    (9, Life.request_shared),
    (2, Life.request_from_nowhere),
    (2, Life.request_frontend),
    (6, Life.report),
    (7, Life.destroyed),
    (4, Life.bang),
    (4, Life.rename),
    (7, Life.publish),
    (4, Life.publish_shared),
    (3, Life.format_again),
    (4, Life.supply),
    (4, Life.software),
    (2, Life.of_the_computer),
    (4, Life.read_partition),
    (2, Life.read_computer),
    (1, Life.read_product),
    (2, Life.read_other),
    (2, Life.read_what_slapproxy_lacks),
    (10, Life.json_read),
    (7, Life.json_write),
    (4, Life.json_computer),
    (6, Life.hateoas),
    (2, Life.odd),
)


def formatted(computer, addresses):
    """What a format is about: the partitions of a computer, with their addresses."""
    return {"computer_id": computer, "partitions": list(addresses), "addresses": addresses}


def plain(parameters):
    return all(isinstance(value, str) for value in parameters.values())


def replace(request, changes):
    return type(request)(**{**vars(request), **changes})
