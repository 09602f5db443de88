"""What a difference or a step is about."""

from ..world import Place


def instance_of(guid, world):
    """(place, occupant) of the software instance of a JSON-RPC guid, or none."""
    title, separator, rest = guid.partition("___")
    root, separator, kind = rest.rpartition("___")
    return world.find(title, root or None) if separator and kind == "0" else None


def subject(step, world):
    """(place, occupant) of the software instance that a report, bang or rename names in either dialect, or none."""
    if step.place() is not None and not step.about.get("slave_reference"):
        there = world.at(step.place())
        return there and (step.place(), there)
    return instance_of(str(step.about.get("instance_guid", "")), world)


def is_shared(difference):
    """Whether what was read is a shared instance, of which slapproxy keeps little."""
    about = difference.step.about
    return (
        difference.seen.startswith("shared instance")
        or difference.step.call == "get.v0.software_instance"
        and str(about.get("instance_guid", "")).endswith("___1")
        or difference.step.call == "get.v0.instance_tree"
        and difference.world.find(about["title"]) is None
        or difference.step.call == "hateoas.document"
        and difference.world.serves("_" + difference.step.row)
    )


def is_newer(difference):
    """Whether the time of a partition moved with us and not with slapproxy: the instance is processed once more."""
    return difference.path[-1] == "timestamp" and (difference.proxy, difference.ours) == ("same", "moved")


def moved_place(difference):
    """The place whose time differs, where that is in the information of a computer."""
    if difference.seen.startswith("information of ") and difference.path[1:2] == ("_computer_partition_list",):
        return (difference.seen[len("information of ") :], difference.path[2])
    return None


def asks(step, shared):
    return step.about.get("asks") and step.about["shared"] == shared


def asked_again(step, world):
    """(place, occupant) of the software instance that is requested and there already, or none."""
    return world.find(step.about["title"], world.root_of(step.about["requester"]))


def reference(step, world):
    """How slapproxy calls the shared instance that is requested."""
    return "%s_%s" % (world.root_of(step.about["requester"]) or "", step.about["title"])


def shared_of(root, world):
    """The references of the shared instances that a tree asked for."""
    return [known for _place, known, _entry in world.shared() if known.startswith(root + "_")]


def ends(step, world):
    """(place, occupant) of the software instance that a report ends, or none."""
    if step.call == "destroyedComputerPartition" or step.about.get("reported_state") == "destroyed":
        return subject(step, world)
    return None


def new_title(step):
    return {"softwareInstanceRename": "new_name", "put.v0.software_instance_title": "title"}.get(step.call)


def published_for(difference):
    """By what the instance is known whose connection parameters are published; none for another step."""
    about = difference.step.about
    if "connection_xml" not in about and "connection_parameter_dict" not in about:
        return None
    if about.get("slave_reference"):
        return about["slave_reference"]
    found = subject(difference.step, difference.world)
    if found is not None:
        return Place(*found[0])
    title, _separator, rest = str(about.get("instance_guid", "")).partition("___")
    return "%s_%s" % (rest.rpartition("___")[0], title)
