"""The calls that stories are made of. They go to the first partitions of the default computer."""

from slapos.util import dumps

from support import RELEASE

from . import step
from .peers import DEFAULT_COMPUTER
from .step import Request
from .stock import TREES


def root(title="web", release=RELEASE, **more):
    return Request(title=title, release=release, **more).classic()


def child(title="a", of="slappart0", release=RELEASE, **more):
    return Request(title=title, release=release, requester=(DEFAULT_COMPUTER, of), **more).classic()


def shared(title="site", of=None, release=RELEASE, **more):
    requester = of and (DEFAULT_COMPUTER, of)
    return Request(title=title, release=release, shared=True, requester=requester, **more).classic()


def on(partition, **more):
    return dict(computer_id=DEFAULT_COMPUTER, computer_partition_id=partition, **more)


def gone(partition="slappart0"):
    return step.post("destroyedComputerPartition", on(partition))


def rename(partition, title):
    return step.post("softwareInstanceRename", on(partition, new_name=title))


def json_rename(guid, title):
    return step.method("put.v0.software_instance_title", {"instance_guid": guid, "title": title})


def publish(partition, computer=DEFAULT_COMPUTER, **connection):
    fields = dict(computer_id=computer, computer_partition_id=partition, connection_xml=dumps(connection))
    return step.post("setComputerPartitionConnectionXml", fields)


def tree(title):
    """The search for a tree, and its row."""
    return '%s AND title:="%s"' % (TREES, title), title
