"""Stories of what lives seldom come to, and what both masters do alike."""

from support import OTHER_RELEASE, RELEASE

from . import step
from .calls import child, publish, rename, root, shared, tree
from .life import Life
from .peers import DEFAULT_COMPUTER
from .stock import COMPUTE_NODES, COMPUTERS, ODD, TREES, UNKNOWN_COMPUTER, USAGE

OTHER_COMPUTER = COMPUTERS[1]
AT = {"computer_id": DEFAULT_COMPUTER, "url": RELEASE}
PLACE = {"computer_id": DEFAULT_COMPUTER, "computer_partition_id": "slappart0"}
GUID = {"instance_guid": "web______0"}
NODE = {"computer_guid": DEFAULT_COMPUTER}
OF_A_NODE = (
    "get.v0.compute_node_status",
    "allDocs.v0.compute_node_instance_list",
    "allDocs.v0.compute_node_software_installation_list",
)
OF_AN_INSTANCE = (
    "get.v0.software_instance",
    "get.v0.software_instance_certificate",
    "allDocs.v0.instance_node_instance_list",
)
OF_NOTHING = ("allDocs.v0.instance_tree_list", "allDocs.WIP.compute_node_list", "get.v0.hateoas_url")
SOFTWARE = {"computer_guid": DEFAULT_COMPUTER, "software_release_uri": RELEASE}


def supply(computer, state="available"):
    return step.post("supplySupply", {"url": RELEASE, "computer_id": computer, "state": state})


def read(computer):
    return step.read("getFullComputerInformation", computer_id=computer)


SELDOM = (
    # Software for a computer that is not there yet.
    lambda: [
        supply(UNKNOWN_COMPUTER),
        read(UNKNOWN_COMPUTER),
        Life.format(UNKNOWN_COMPUTER, 1),
        read(UNKNOWN_COMPUTER),
    ],
    # A project that is not there: slapproxy knows none.
    lambda: [root(project="PROJ-99"), root(), root(state="stopped", project="PROJ-99")],
    # Partitions that are formatted no more, with what was on them: a child, a shared instance, a root.
    lambda: [
        root(release=OTHER_RELEASE),
        child("a"),
        shared(of="slappart0"),
        Life.format(DEFAULT_COMPUTER, 1),
        child("a"),
        Life.format(DEFAULT_COMPUTER, 2),
        child("a"),
        Life.format(DEFAULT_COMPUTER, 1),
        Life.format(DEFAULT_COMPUTER, 0),
        Life.format(DEFAULT_COMPUTER, 2),
        root(),
    ],
    # A host is looked for on one computer only.
    lambda: [
        root(sla={"computer_guid": OTHER_COMPUTER}),
        shared(),
        shared(sla={"computer_guid": OTHER_COMPUTER}),
    ],
    # The partition of a host that ended is free, whatever it hosted.
    lambda: [
        root(release=OTHER_RELEASE),
        root("db"),
        shared(of="slappart0"),
        step.post(
            "destroyedComputerPartition", {"computer_id": DEFAULT_COMPUTER, "computer_partition_id": "slappart1"}
        ),
        root("wiki"),
    ],
    # A node's reports, in either dialect, and what it asks about itself.
    lambda: [
        *(step.post(call, AT) for call in ("buildingSoftwareRelease", "availableSoftwareRelease")),
        step.post("softwareReleaseError", dict(AT, error_log="no room")),
        step.post("useComputer", {"computer_id": DEFAULT_COMPUTER, "use_string": USAGE}),
        step.post("computerBang", {"computer_id": DEFAULT_COMPUTER, "message": ""}),
        step.post("destroyedSoftwareRelease", AT),
        step.method("post.v0.software_installation", SOFTWARE),
        step.method("put.v0.software_installation_reported_state", dict(SOFTWARE, reported_state="building")),
        step.method("put.v0.software_installation_error", dict(SOFTWARE, message="no room")),
        step.method("put.v0.software_installation_reported_state", dict(SOFTWARE, reported_state="destroyed")),
        step.method("post.v0.compute_node_usage", {"computer_guid": DEFAULT_COMPUTER, "tioxml": USAGE}),
        step.method("put.v0.compute_node_bang", {"computer_guid": DEFAULT_COMPUTER, "message": ""}),
        step.method("post.v0.compute_node_certificate", {"computer_guid": DEFAULT_COMPUTER}),
        step.method("remove.v0.compute_node_certificate", {"computer_guid": DEFAULT_COMPUTER}),
        root(),
        step.read("getComputerPartitionCertificate", computer_id=DEFAULT_COMPUTER, computer_partition_id="slappart0"),
        step.read("getRunId"),
    ],
    # What the commands `service` and `computer` read.
    lambda: [
        root(),
        step.Step("hateoas.root", "GET", "/hateoas/"),
        step.search(TREES),
        step.document(*tree("web")),
        step.document(*tree("nobody")),
        step.search(COMPUTE_NODES),
        step.document('%s AND reference:="%s"' % (COMPUTE_NODES, DEFAULT_COMPUTER), DEFAULT_COMPUTER),
    ],
    # An instance's reports and whatever can be read of it, in either dialect.
    lambda: [
        root(),
        child("a"),
        *(step.post(call, PLACE) for call in ("startedComputerPartition", "stoppedComputerPartition")),
        step.post("softwareInstanceError", dict(PLACE, error_log="")),
        step.post("softwareInstanceBang", dict(PLACE, message="")),
        publish("slappart1", url="u"),
        rename("slappart1", "b"),
        step.method("put.v0.software_instance_connection_parameter", dict(GUID, connection_parameter_dict={"u": "v"})),
        step.method("put.v0.software_instance_reported_state", dict(GUID, reported_state="started")),
        step.method("put.v0.software_instance_error", dict(GUID, message="")),
        step.method("put.v0.software_instance_bang", dict(GUID, message="")),
        step.method("put.v0.software_instance_title", {"instance_guid": "b___web___0", "title": "c"}),
        *(
            step.read(call, computer_id=DEFAULT_COMPUTER)
            for call in ("getFullComputerInformation", "getComputerInformation")
        ),
        step.read(
            "registerComputerPartition", computer_reference=DEFAULT_COMPUTER, computer_partition_reference="slappart1"
        ),
        step.read("getComputerPartitionStatus", **PLACE),
        step.read("getHostingSubscriptionIpList", **PLACE),
        step.read("getComputerStatus", computer_id=DEFAULT_COMPUTER),
        step.read("getHateoasUrl"),
        step.read("getSoftwareReleaseListFromSoftwareProduct", software_product_reference="web"),
        *(step.method(name, NODE) for name in OF_A_NODE),
        *(step.method(name, GUID) for name in OF_AN_INSTANCE),
        *(step.method(name, {}) for name in OF_NOTHING),
        step.method("get.v0.compute_partition", dict(NODE, compute_partition_id="slappart1")),
        step.method("get.v0.instance_tree", {"title": "web"}),
        step.method("put.v0.compute_node_format", dict(NODE, compute_partition_list=[])),
    ],
    lambda: ODD,
)
