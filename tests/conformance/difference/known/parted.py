"""Steps by which the worlds part."""

from support import OTHER_RELEASE

from ..calls import child, gone, json_rename, publish, rename, root, shared
from ..life import Life
from ..peers import DEFAULT_COMPUTER
from ..step import method
from ..world import Place
from .about import asked_again, asks, ends, new_title, reference, shared_of, subject
from .entry import parting


@parting(
    "69",
    "connection parameters or a name for a free partition",
    "kept: the next instance there begins with them",
    "taken and forgotten",
    "a defect, not mimicked",
    ("answer url", "information url"),
    lambda: [publish("slappart0", url="left over"), root()],
)
def written_on_a_free_partition(step, world):
    writes = step.call in ("setComputerPartitionConnectionXml", "softwareInstanceRename")
    at = step.place()
    return writes and at and at[1] in world.computers.get(at[0], {}) and world.at(at) is None


@parting(
    "41",
    "an instance asked for again with an empty software type",
    "its type is empty from then on",
    "its type is `default`",
    "production knows no empty type",
    ("answer slap_software_type", "answer timestamp", "information slap_software_type"),
    lambda: [root(software_type=""), root(software_type="")],
)
def empty_type(step, world):
    return asks(step, shared=False) and step.about["software_type"] == "" and asked_again(step, world)


@parting(
    "38, 53",
    "an instance that asks for itself or for who asked for it",
    "taken",
    "500, JSON-RPC 403",
    "a cycle, which production refuses",
    ("answer status", "information _requested_state"),
    lambda: [root(), child("a"), child("b", of="slappart1"), child("a", of="slappart2", state="stopped")],
)
def cycle(step, world):
    if not asks(step, shared=False) or not world.root_of(step.about["requester"]):
        return False
    found = asked_again(step, world)
    return found and world.numbers.get(found[0]) in world.lineage(Place(*step.about["requester"]))


@parting(
    "35, 54",
    "a child by the title of its root",
    "another instance of that title",
    "404, JSON-RPC 403",
    "titles are unique in a tree, as in production",
    (
        "answer status",
        "information _connection_dict",
        "information _need_modification",
        "information _parameter_dict",
        "information _requested_state",
        "information _software_release_document",
    ),
    lambda: [root(), child("web")],
)
def title_of_the_root(step, world):
    requester = step.about.get("requester")
    return step.about.get("asks") and requester and world.root_of(requester) == step.about["title"]


@parting(
    "53",
    "a destroyed instance that is not reported yet is renamed",
    "renamed",
    "500, JSON-RPC 403",
    "nobody can tell any more whose destruction is to be reported",
    ("answer status", "information instance_title", "information root_instance_title", "trees title"),
    lambda: [root(), root(state="destroyed"), rename("slappart0", "site")],
)
def doomed_is_renamed(step, world):
    found = new_title(step) and subject(step, world)
    return found and found[1].state == "destroyed"


@parting(
    "50",
    "a new title that another instance of the tree, or another tree, has",
    "taken: two instances of one title",
    "404, JSON-RPC 403",
    "titles are unique, as in production",
    ("answer status", "information instance_title", "information root_instance_title", "trees title"),
    lambda: [root(), root("db"), rename("slappart0", "db")],
)
def taken_title(step, world):
    found = new_title(step) and subject(step, world)
    if not found:
        return False
    title, there = step.about[new_title(step)], found[1]
    others = [known.title for place, known in world.tree(there.root)]
    others += [known[len(there.root) + 1 :] for known in shared_of(there.root, world)]
    if there.title == there.root:
        others += [known.root for _place, known in world.busy()]
        others += [known[1:] for _place, known, _entry in world.shared() if known.startswith("_")]
    return title in others


@parting(
    "50, 57",
    "a root is renamed whose tree has shared instances",
    "they keep the old title in their references, and belong to nobody",
    "their references have the new title",
    "a defect, not mimicked",
    ("information slave_reference", "information slave_title", "shared status"),
    lambda: [root(), shared(of="slappart0"), rename("slappart0", "new name")],
)
def root_with_shared_ones_is_renamed(step, world):
    found = step.call == "softwareInstanceRename" and subject(step, world)
    return found and found[1].title == found[1].root and shared_of(found[1].root, world)


@parting(
    "50",
    "JSON-RPC: a root is renamed",
    "its children keep the old title of the tree",
    "its tree is renamed, as by the classic call",
    "a defect, not mimicked",
    ("information root_instance_title",),
    lambda: [root(), child("a"), json_rename("web______0", "new name")],
)
def root_is_renamed_in_json(step, world):
    found = step.call == "put.v0.software_instance_title" and subject(step, world)
    if not found or found[1].title != found[1].root:
        return False
    return world.children(found[1].root) or shared_of(found[1].root, world)


@parting(
    "51",
    "JSON-RPC: a shared instance is renamed",
    "403",
    "renamed",
    "as production",
    ("answer status", "information slave_reference", "information slave_title", "shared status", "trees title"),
    lambda: [root(), shared(), json_rename("site______1", "new name")],
)
def shared_one_is_renamed(step, world):
    return step.call == "put.v0.software_instance_title" and step.about["instance_guid"].endswith("___1")


@parting(
    "31",
    "a shared instance is asked for again and another host fits, or none does any more",
    "both hosts list it, or 404, JSON-RPC 403",
    "it stays with its host",
    "a defect, not mimicked",
    ("answer ip_list", "information slave_instance_list", "information timestamp"),
    lambda: [root(), root("db"), shared(), shared(sla={"instance_guid": "slappart1"})],
)
def other_host(step, world):
    if not asks(step, shared=True):
        return False
    hosts, found = world.serves(reference(step, world)), world.host_of(step.about)
    return hosts and (found is None or found[0] not in hosts)


@parting(
    "31",
    "a shared instance for which the only host is one that is to be destroyed",
    "placed there",
    "404, JSON-RPC 403",
    "it would be gone with the host",
    ("answer status", "information slave_instance_list", "information timestamp", "shared status", "trees result_list"),
    lambda: [root(), root(state="destroyed"), shared()],
)
def doomed_host(step, world):
    found = asks(step, shared=True) and world.host_of(step.about)
    return found and found[1].state == "destroyed" and not world.serves(reference(step, world))


@parting(
    "41",
    "a shared instance without a software type",
    "any host of the release will do",
    "a host of type `default`",
    "production knows no empty type",
    ("answer status", "information slave_instance_list", "information timestamp", "shared status", "trees result_list"),
    lambda: [root(software_type="backup"), shared(software_type="")],
)
def shared_without_type(step, world):
    found = asks(step, shared=True) and step.about["software_type"] == "" and world.host_of(step.about)
    return found and found[1].software_type != "default"


@parting(
    "52",
    "a shared instance is asked to be stopped, or asked for again in a stopped tree",
    "it stays started",
    "it is stopped, and its host does not list it",
    "as production",
    ("information slave_instance_list", "information timestamp", "shared state"),
    lambda: [root(), shared(), shared(state="stopped")],
)
def shared_one_is_stopped(step, world):
    if not asks(step, shared=True):
        return False
    tree = world.root_of(step.about["requester"])
    found = tree and world.find(tree)
    return step.about["state"] == "stopped" or found and found[1].state != "started"


@parting(
    "52, 91",
    "a shared instance is asked to be destroyed",
    "it is off its host's list, but still known: reading it is a 500, and asked for again it has its old connection parameters",
    "it ends",
    "a defect, not mimicked",
    ("answer status", "trees result_list"),
    lambda: [
        root(),
        shared(),
        shared(state="destroyed"),
        method("get.v0.software_instance", {"instance_guid": "site______1"}),
    ],
)
def shared_one_is_destroyed(step, world):
    return asks(step, shared=True) and step.about["state"] == "destroyed"


@parting(
    "95",
    "what a host served when it ended",
    "is still known: reading it is a 500, and asked for again it is at its old host",
    "it ended",
    "a defect, not mimicked",
    ("answer status", "trees result_list"),
    lambda: [root(), shared(), gone(), method("get.v0.software_instance", {"instance_guid": "site______1"})],
)
def host_ends(step, world):
    found = ends(step, world)
    return found and found[1].shared


@parting(
    "47",
    "the shared instances of a tree whose root ended",
    "stay with their hosts",
    "end with their tree",
    "a defect, not mimicked: nobody can ask for their end",
    ("information slave_instance_list", "information timestamp", "shared status"),
    lambda: [root(), root("db", OTHER_RELEASE), shared(of="slappart1"), gone("slappart1")],
)
def tree_with_shared_ones_ends(step, world):
    found = ends(step, world)
    return found and found[1].title == found[1].root and shared_of(found[1].root, world)


@parting(
    "12",
    "a root goes with its partition, and its children are on others",
    "they wait for another root of that title",
    "they belong to a tree that ended",
    "a tree does not come back",
    (
        "answer _instance_guid",
        "answer ip_list",
        "answer slap_computer_partition_id",
        "answer timestamp",
        "information _connection_dict",
        "information _need_modification",
        "information _parameter_dict",
        "information _requested_state",
        "information _software_release_document",
    ),
    lambda: [root(), child("a"), Life.format(DEFAULT_COMPUTER, 6, first=1), root(), child("a", of="slappart2")],
)
def root_goes_with_its_partition(step, world):
    kept = step.about.get("partitions")
    if kept is None:
        return False
    computer = step.about["computer_id"]
    for place, there in world.busy():
        if place.computer != computer or place.partition in kept:
            continue
        if there.title == there.root and (world.children(there.root) or shared_of(there.root, world)):
            return True
        if there.shared:
            return True
    return False


@parting(
    "55",
    "JSON-RPC: `SOFTINST-n` for a guid",
    "403",
    "that instance",
    "who read the reference may use it",
    ("answer status", "information url"),
    lambda: [
        root(),
        method(
            "put.v0.software_instance_connection_parameter",
            {"instance_guid": "SOFTINST-1", "connection_parameter_dict": {"url": "u"}},
        ),
    ],
)
def reference_for_a_guid(step, world):
    return str(step.about.get("instance_guid", "")).startswith("SOFTINST-")


@parting(
    "40",
    "a request for a state that does not exist",
    "kept and told to the node",
    "404",
    "no node knows what to do then",
    (
        "answer status",
        "information _connection_dict",
        "information _need_modification",
        "information _parameter_dict",
        "information _requested_state",
        "information _software_release_document",
        "trees result_list",
    ),
    lambda: [root(state="paused")],
)
def unknown_state(step, world):
    return step.about.get("asks") and step.about["state"] not in ("started", "stopped", "destroyed", None)


@parting(
    "36",
    "a title that an instance of the other kind has, shared or not",
    "two instances",
    "500, JSON-RPC 403",
    "titles are unique in a tree, as in production",
    ("answer status", "information slave_instance_list", "information timestamp", "shared status", "trees result_list"),
    lambda: [root(), shared("web")],
)
def other_kind(step, world):
    if not step.about.get("asks"):
        return False
    if step.about["shared"]:
        return asked_again(step, world)
    return world.serves(reference(step, world))


@parting(
    "57",
    "shared instances of a tree whose title has a `_`",
    "JSON-RPC takes their reference apart at the first `_`",
    "JSON-RPC has their titles right",
    "a defect, not mimicked",
    ("answer instance_guid", "answer title", "shared status"),
    lambda: [
        root("my_app"),
        shared(of="slappart0"),
        method("allDocs.v0.instance_node_instance_list", {"instance_guid": "my_app______0"}),
    ],
)
def underscore(step, world):
    asked = [step.about["title"], world.root_of(step.about["requester"]) or ""] if step.about.get("asks") else []
    new = [step.about[new_title(step)]] if new_title(step) in step.about else []
    return any("_" in title for title in asked + new)


@parting(
    "91, 92",
    "JSON-RPC: a format whose partitions have no addresses",
    "500, and the partitions are there all the same, or gone",
    "formatted",
    "valid input; what is refused changes nothing",
    ("answer status",),
    lambda: [
        root(),
        method(
            "put.v0.compute_node_format",
            {"computer_guid": DEFAULT_COMPUTER, "compute_partition_list": [{"partition_id": "slappart1"}]},
        ),
    ],
)
def format_without_addresses(step, world):
    return step.call == "put.v0.compute_node_format" and any(
        "ip_list" not in partition for partition in step.about.get("compute_partition_list", [])
    )
