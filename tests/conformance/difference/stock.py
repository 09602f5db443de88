"""What lives are made of: names, releases, parameters, and calls that nobody should make."""

from slapos.util import dumps

from support import OTHER_RELEASE, RELEASE

from . import step
from .peers import DEFAULT_COMPUTER

COMPUTERS = (DEFAULT_COMPUTER, "COMP-2")
UNKNOWN_COMPUTER = "COMP-9"
UNKNOWN_PARTITION = "slappart99"
PARTITIONS = {DEFAULT_COMPUTER: 6, "COMP-2": 3}

ROOTS = ("web", "db", "wiki", "Büro 7", "cloud")
CHILDREN = ("a", "b", "log rotate", "frontend")
SHARED = ("site", "vhost", "zöne")
NEW_NAMES = ("new name", "other name", "été")

APACHE_FRONTEND = "http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg"
KVM_FRONTEND = "http://git.erp5.org/gitweb/slapos.git/blob_plain/refs/tags/slapos-0.92:/software/kvm/software.cfg"
LOCAL_RELEASE = "/srv/software/local.cfg"
RELEASES = (RELEASE, RELEASE, OTHER_RELEASE, LOCAL_RELEASE)
TYPES = ("default", "default", "default", "backup", "RootSoftwareInstance", "")
STATES = ("started", "started", "started", "started", "stopped", "stopped", None, "destroyed")
PARAMETERS = (
    {},
    {},
    {"size": "large"},
    {"size": "small", "empty": ""},
    {"_": '{"nested": {"list": [1, 2]}}'},
    {"ключ": 'ü <&> "quoted"', "line": "one\ntwo"},
    {"number": 3, "float": 1.5, "yes": True, "no": None},
    {"list": [1, "two"], "dictionary": {"key": "value"}},
)
CONNECTIONS = (
    {},
    {"url": "http://[2001:db8::1]:8080/"},
    {"url": "http://[2001:db8::1]:8080/", "user": "zoé"},
    {"_": '{"port": 1}'},
    {"port": 8080, "none": None},
)
MESSAGES = ("", "it is so", "é <b>")

SOMEWHERE = {"computer_id": DEFAULT_COMPUTER, "computer_partition_id": "slappart0"}
WANTED = {
    "software_release": RELEASE,
    "partition_reference": "web",
    "software_type": "default",
    "state": dumps("started"),
}


def broken(call, fields):
    """A call with a value that cannot be read."""
    return step.post(call, fields, about=dict(fields, broken=True))


ODD = (
    step.Step("odd", "GET", "/nothingLikeThat"),
    step.Step("odd", "GET", "/"),
    step.Step("odd", "GET", "/supplySupply"),
    step.Step("odd", "POST", "/getFullComputerInformation"),
    step.Step("odd", "HEAD", "/getFullComputerInformation?computer_id=COMP-1"),
    step.Step("odd", "PUT", "/requestComputerPartition"),
    step.Step("odd", "GET", "/slapos.get.v0.software_instance"),
    step.Step("odd", "POST", "/slapos.get.v0.nothing", "{}", (("Content-Type", "application/json"),)),
    step.Step("odd", "GET", "/hateoas/?mode=dance"),
    step.Step("odd", "GET", "/hateoas/?mode=search&query=what"),
    step.read("getFullComputerInformation"),
    step.read("registerComputerPartition", computer_reference=DEFAULT_COMPUTER),
    step.post("supplySupply", {"computer_id": DEFAULT_COMPUTER, "state": "available"}),
    step.post("softwareInstanceRename", {"computer_id": DEFAULT_COMPUTER, "new_name": "x"}),
    step.post("requestComputerPartition", {"software_release": RELEASE, "state": dumps("started")}),
    step.post("supplySupply", {"url": RELEASE, "computer_id": DEFAULT_COMPUTER, "state": "paused"}),
    broken("loadComputerConfigurationFromXML", {"xml": "<marshal>"}),
    broken("requestComputerPartition", dict(WANTED, state="no marshal")),
    broken("requestComputerPartition", dict(WANTED, partition_parameter_xml=dumps([1]))),
    broken("setComputerPartitionConnectionXml", {**SOMEWHERE, "connection_xml": "<"}),
    step.method("get.v0.software_instance", {}),
    step.method("get.v0.software_instance", {"instance_guid": 1}),
    step.method("get.v0.instance_tree", {"title": "web", "more": "x"}),
)

# Keys of PARAMETERS: what a person asked for, not what the master adds.
USER_KEYS = {key for parameters in PARAMETERS for key in parameters}

TREES = 'portal_type:"Instance Tree" AND validation_state:validated'
COMPUTE_NODES = 'portal_type:"Compute Node" AND validation_state:validated'

USAGE = (
    '<journal><transaction type="Sale Packing List"><title>t</title><start_date>2026-11-23</start_date>'
    "<stop_date>2026-11-24</stop_date><reference>r</reference><currency/><payment_mode/>"
    '<category/><arrow type="Destination"/><movement><resource>cpu</resource><reference>a</reference>'
    "<quantity>1.5</quantity><price>0.0</price><VAT/><category/></movement></transaction></journal>"
)
