"""Slips of slapproxy that are not mimicked, and times that move for one and not for the other."""

from slapos.util import dumps

from support import OTHER_RELEASE

from ..calls import child, gone, publish, root, shared, tree
from ..life import Life
from ..step import document, method, search
from ..stock import COMPUTERS, TREES
from ..world import Place
from .about import ends, is_newer, moved_place, published_for, subject
from .entry import known

DEFAULT_COMPUTER, OTHER_COMPUTER = COMPUTERS


@known(
    "–",
    "addresses in the answer of a request",
    "those of every partition of that name, on other computers too",
    "those of the partition",
    "a defect, not mimicked",
)
def addresses_of_namesakes(difference):
    return (
        difference.step.about.get("asks")
        and not difference.seen
        and difference.path == ("body", "ip_list")
        and isinstance(difference.proxy, list)
        and isinstance(difference.ours, list)
        and all(pair in difference.proxy for pair in difference.ours)
        and len(difference.world.computers) > 1
    )


@known(
    "39",
    "`_requested_state` in the answer of a request without a state",
    "`started`, whatever it is",
    "the state",
    "a defect, not mimicked: the partition is told the right one",
    lambda: [root(state="stopped"), root(state=None)],
)
def claims_started(difference):
    return (
        difference.step.call == "requestComputerPartition"
        and not difference.seen
        and difference.step.about.get("asks")
        and difference.step.about["state"] is None
        and difference.path == ("body", "_requested_state")
        and difference.proxy == "started"
    )


@known(
    "62",
    "JSON-RPC: the bang of a child",
    "the child, and the tree whose root has the child's title",
    "its tree",
    "one rule for both dialects; a bang too many makes an instance be processed once more",
    lambda: [
        root(),
        child("a"),
        method("put.v0.software_instance_bang", {"instance_guid": "a___web___0", "message": ""}),
    ],
)
def bang_of_a_child(difference):
    found = difference.step.call == "put.v0.software_instance_bang" and subject(difference.step, difference.world)
    if not found or found[1].title == found[1].root:
        return False
    at = moved_place(difference)
    if is_newer(difference):
        return at in places(difference.world.tree(found[1].root))
    return difference.path[-1] == "timestamp" and at in places(difference.world.tree(found[1].title))


def places(instances):
    return [tuple(place) for place, _there in instances]


@known(
    "62",
    "JSON-RPC: the bang of a shared instance",
    "403",
    "its tree and its host",
    "one rule for every instance",
    lambda: [
        root(),
        shared(),
        method("put.v0.software_instance_bang", {"instance_guid": "site______1", "message": ""}),
    ],
)
def bang_of_a_shared_one(difference):
    step = difference.step
    if step.call != "put.v0.software_instance_bang" or not step.about["instance_guid"].endswith("___1"):
        return False
    world = difference.world
    title, tree_title, _kind = step.about["instance_guid"].split("___")
    reached = places(world.tree(tree_title)) + [tuple(host) for host in world.serves("%s_%s" % (tree_title, title))]
    return (
        difference.path == ("status",)
        and (difference.proxy, difference.ours) == (403, 200)
        or is_newer(difference)
        and moved_place(difference) in reached
    )


@known(
    "–",
    "a format with other addresses",
    "no time moves",
    "the times of those instances move",
    "an instance has to be processed to learn its new address",
    lambda: [root(), Life.format(DEFAULT_COMPUTER, 6, shift=7)],
)
def other_addresses(difference):
    at, addresses = moved_place(difference), difference.step.about.get("addresses")
    if addresses is None or at is None or not is_newer(difference):
        return False
    told = [address for _interface, address in difference.world.at(at).parameters["ip_list"]]
    return at[0] == difference.step.about["computer_id"] and told != addresses.get(at[1])


@known(
    "28",
    "a request that differs in its SLA only",
    "no time moves",
    "the time moves",
    "the SLA is kept and told, so that a changed one is news",
    lambda: [root(), root(sla={"region": "moon"})],
)
def other_sla(difference):
    if not difference.step.about.get("asks") or not is_newer(difference):
        return False
    world, about = difference.world, difference.step.about
    last = world.requests.get(world.key(about, world))
    return last is not None and last["sla"] != about["sla"]


@known(
    "47",
    "the destroyed report of a root whose children are left",
    "they are destroyed without their times",
    "their times move",
    "what is wanted of them changed",
    lambda: [root(), child("a"), gone()],
)
def times_of_children(difference):
    ending = ends(difference.step, difference.world)
    return (
        ending is not None
        and is_newer(difference)
        and moved_place(difference) in places(difference.world.children(ending[1].root))
    )


@known(
    "65",
    "connection parameters of an instance on another computer than its requester's",
    "the time of the partition of that name on its own computer moves, if there is one",
    "the time of its requester moves",
    "a defect, not mimicked",
    lambda: [root(), child("a", sla={"computer_guid": OTHER_COMPUTER}), publish("slappart0", OTHER_COMPUTER, url="u")],
)
def far_requester(difference):
    at, key = moved_place(difference), published_for(difference)
    request = difference.world.requests.get(key)
    if at is None or request is None or request["requester"] is None:
        return False
    computer, partition = request["requester"]
    hosts = [place.computer for place, known, _entry in difference.world.shared() if known == key] or [key[0]]
    return computer != hosts[0] and (difference.proxy, difference.ours, at) in (
        ("same", "moved", (computer, partition)),
        ("moved", "same", (hosts[0], partition)),
    )


@known(
    "9, 10",
    "connection parameters of what was asked for in the name of a partition whose instance ended, or that was free",
    "the time of whoever is there now moves",
    "none moves",
    "a defect, not mimicked: it is not their child",
    lambda: [child("web", of="slappart1"), root("db"), publish("slappart0", url="u")],
)
def former_requester(difference):
    at, key = moved_place(difference), published_for(difference)
    request = difference.world.requests.get(key)
    if at is None or request is None or (difference.proxy, difference.ours) != ("moved", "same"):
        return False
    return request["requester"] == at and difference.world.numbers.get(Place(*at)) != request["asker"]


@known(
    "–",
    "connection parameters that are published for the first time and empty",
    "the time of the requester moves",
    "none moves",
    "nothing changed",
    lambda: [root(), child("a"), publish("slappart1")],
)
def empty_connection(difference):
    about = difference.step.about
    nothing = about.get("connection_xml") == dumps({}) or about.get("connection_parameter_dict") == {}
    return nothing and difference.path[-1] == "timestamp" and (difference.proxy, difference.ours) == ("moved", "same")


@known(
    "–",
    "HATEOAS: a tree by its title",
    "an instance of that title in any tree may be shown in its place",
    "the tree",
    "a defect, not mimicked",
    lambda: [root(), child("db"), root("db", OTHER_RELEASE), document(*tree("db"))],
)
def document_of_a_namesake(difference):
    if difference.step.call != "hateoas.document" or not difference.step.about["query"].startswith(TREES):
        return False
    namesakes = [there for _place, there in difference.world.busy() if there.title == difference.step.row]
    return len(namesakes) > 1


@known(
    "–",
    "HATEOAS: a shared instance whose host's partition has a namesake on another computer",
    "looked for on either: 500, 404, or left out",
    "told",
    "a defect, not mimicked",
    lambda: [
        root(sla={"computer_guid": OTHER_COMPUTER}),
        shared(sla={"computer_guid": OTHER_COMPUTER}),
        search(TREES),
    ],
)
def host_by_its_bare_name(difference):
    if difference.step.call not in ("hateoas.search", "hateoas.document") or difference.seen:
        return False
    world = difference.world
    hosts = [place for place, known, _entry in world.shared() if known.startswith("_")]
    first = {place.partition: place for place, _there in reversed(world.places())}
    return any(first[host.partition] != host for host in hosts) and (
        difference.path == ("body", "rows")
        or difference.path == ("status",)
        and difference.proxy in (404, 500)
        or difference.step.call == "hateoas.document"
        and difference.path[0] == "body"
        and difference.world.serves("_" + difference.step.row)
    )
