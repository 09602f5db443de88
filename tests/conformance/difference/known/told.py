"""What slapmaster tells otherwise than slapproxy, while both worlds are the same."""

import json

from ..answers import ABSENT
from ..calls import publish, root, shared, tree
from ..step import document
from .about import asks, is_shared
from .entry import known

# The classic calls that slapproxy does not serve.
LACKED = {
    "getComputerStatus",
    "getSoftwareInstallationStatus",
    "getHostingSubscriptionIpList",
    "getHateoasUrl",
}


# -- told more, or in another wrapping ----------------------------------------------------------


@known(
    "86",
    "`Content-Type` of classic answers",
    "`text/html`",
    "`text/xml`, `text/plain`",
    "no answer of ours is labelled HTML; clients do not look",
)
def content_type(difference):
    return (
        difference.path == ("content_type",)
        and difference.proxy == "text/html; charset=utf-8"
        and difference.ours in ("text/xml; charset=utf-8", "text/plain; charset=utf-8")
    )


@known("83", "`Content-Type` of HATEOAS answers", "`application/json`", "`application/hal+json`", "as production")
def hal(difference):
    return difference.path == ("content_type",) and (difference.proxy, difference.ours) == (
        "application/json",
        "application/hal+json",
    )


@known(
    "28, 61, 71",
    "a partition, and the answer of a request",
    "no SLA, no `full_ip_list`, no status, no short title of the root",
    "all of these",
    "what production tells is there too; nothing that slapproxy tells is left out",
)
def partition_told_more(difference):
    return difference.proxy is ABSENT and (
        difference.path[-1] in ("_filter_dict", "full_ip_list", "_access_status", "root_instance_short_title")
        or difference.path == ("body", "_synced")
    )


@known(
    "60",
    "the answer of a request",
    "no titles, no list of shared instances, no time outside the parameters",
    "all of these",
    "what production tells is there too",
)
def request_told_more(difference):
    return (
        difference.step.call == "requestComputerPartition"
        and not difference.seen
        and difference.proxy is ABSENT
        and difference.path[0] == "body"
        and difference.path[1:]
        in (("instance_title",), ("root_instance_title",), ("slave_instance_list",), ("timestamp",))
    )


@known(
    "60",
    "the answer of a request for a shared instance",
    "no guid, no state",
    "both",
    "what production tells is there too",
)
def shared_told_more(difference):
    return (
        difference.step.call == "requestComputerPartition"
        and not difference.seen
        and difference.step.about.get("shared")
        and difference.proxy is ABSENT
        and difference.path in (("body", "_instance_guid"), ("body", "_requested_state"))
    )


@known(
    "28, 61, 71",
    "JSON-RPC: an instance",
    "SLA and `full_ip_list` empty, no status",
    "all of these",
    "what production tells is there too",
)
def instance_told_more(difference):
    return difference.path[0] == "body" and (
        (difference.path[1:2] == ("sla_parameters",) and difference.proxy in (ABSENT, {}))
        or (difference.path[1:] == ("full_ip_list",) and difference.proxy == [])
        or (difference.path[1:] == ("access_status_message",) and difference.proxy == "")
    )


@known(
    "60",
    "JSON-RPC: addresses of a shared instance that is read",
    "none",
    "its host's",
    "slapproxy itself tells them in the answer of the request",
)
def shared_addresses(difference):
    return is_shared(difference) and difference.path == ("body", "ip_list") and difference.proxy == []


@known(
    "57, 59",
    "JSON-RPC and HATEOAS: release, type and time of a shared instance that is read",
    "its host's",
    "its own",
    "what was asked for and when it changed, also after the host was given another release or type",
    lambda: [root(), shared(), root(software_type="backup"), document(*tree("site"))],
)
def shared_own_values(difference):
    world, field = difference.world, difference.path[-1]
    asked = [known for reference, known in world.requests.items() if isinstance(reference, str)]
    asked += [difference.step.about] if asks(difference.step, shared=True) else []
    own = {
        "software_type": [request["software_type"] or "default" for request in asked],
        "software_release_uri": [request["release"] for request in asked],
        "url_string": [request["release"] for request in asked],
    }
    if difference.step.call == "hateoas.search" and not difference.seen:
        return field == "url_string" and difference.proxy is not ABSENT and difference.ours in own[field]
    if not is_shared(difference) or len(difference.path) != 2:
        return False
    return difference.ours in own.get(field, []) or field == "processing_timestamp" and isinstance(difference.ours, int)


@known(
    "87",
    "parameters of a shared instance in its host's list",
    "as they were sent: an empty text stays one",
    "as everywhere else: an empty text is none",
    "parameters are instance XML, in which these are one",
    lambda: [root(), shared(parameters={"empty": ""})],
)
def empty_shared_parameter(difference):
    return (
        ("slave_instance_list" in difference.path or difference.path[1:2] in (("parameters",), ("result_list",)))
        and difference.proxy == ""
        and difference.ours is None
    )


@known(
    "41",
    "type of a shared instance that was asked for without one",
    "empty",
    "`default`",
    "production knows no empty type",
    lambda: [root(), shared(software_type="")],
)
def empty_shared_type(difference):
    return (
        difference.path[-1] == "slap_software_type"
        and "slave_instance_list" in difference.path
        or difference.path[-1] == "software_type"
    ) and (difference.proxy, difference.ours) == ("", "default")


# -- what slapproxy lacks -------------------------------------------------------------------------


@known(
    "66, 71, 79, 81",
    "`getComputerStatus`, `getSoftwareInstallationStatus`, `getHostingSubscriptionIpList`, `getHateoasUrl`",
    "404",
    "served",
    "more than slapproxy has",
)
def lacked(difference):
    return (
        difference.step.call in LACKED
        and difference.path == ("status",)
        and (difference.proxy, difference.ours) == (404, 200)
    )


@known(
    "71, 72",
    "`getComputerPartitionStatus`, JSON-RPC `compute_node_status`",
    "a fixed text",
    "the status; of what is unknown 404",
    "more than slapproxy has",
)
def status_told(difference):
    return (
        difference.step.call in ("getComputerPartitionStatus", "get.v0.compute_node_status")
        and not difference.seen
        and (
            difference.path[0] == "body"
            or difference.path == ("status",)
            and (difference.proxy, difference.ours) == (200, 404)
        )
    )


@known(
    "77, 78",
    "certificates of computers and instances",
    "two empty texts, whatever is named",
    "certificates; what is unknown or has none is refused",
    "more than slapproxy has",
)
def certificates(difference):
    return (
        difference.step.call
        in (
            "getComputerPartitionCertificate",
            "get.v0.software_instance_certificate",
            "post.v0.compute_node_certificate",
            "remove.v0.compute_node_certificate",
        )
        and not difference.seen
        and (
            difference.path in (("body", "key"), ("body", "certificate"))
            and difference.proxy == ""
            or difference.path == ("status",)
            and difference.proxy == 200
            and difference.ours in (403, 404)
        )
    )


@known("89", "JSON-RPC: the title of what slapproxy ignores", "`Ignored`", "what was done", "it is not ignored")
def not_ignored(difference):
    return difference.step.is_json_rpc() and difference.path == ("body", "title") and difference.proxy == "Ignored"


@known("83", "HATEOAS: the reference of a tree", "none, its partition, or its title", "`HOSTSUBS-n`", "it has one")
def tree_reference(difference):
    return (
        difference.step.call in ("hateoas.search", "hateoas.document")
        and difference.path[-1] == "reference"
        and str(difference.ours).startswith("HOSTSUBS-")
    )


@known(
    "83",
    "HATEOAS: columns of a row",
    "those of its own tables, whatever is asked for",
    "those that are asked for",
    "as production",
)
def columns(difference):
    return (
        difference.step.call == "hateoas.search"
        and difference.path[:2] == ("body", "rows")
        and len(difference.path) == 4
        and (
            difference.ours is ABSENT
            and difference.path[3] not in ("title", "reference", "url_string")
            or difference.proxy is ABSENT
            and difference.ours is None
        )
    )


@known(
    "83",
    "HATEOAS: fields of a document, links of the root document",
    "eight of a tree, two of a computer; two links",
    "all of production's",
    "as production",
)
def more_fields(difference):
    shown = difference.step.call in ("hateoas.document", "hateoas.root")
    return shown and difference.proxy is ABSENT and len(difference.path) == 2


@known(
    "83",
    "HATEOAS: connection parameters in a document",
    "instance XML, or none",
    "a list; a lone `_` that holds an object by the members of that",
    "as production: `service info` shows either",
)
def connection_field(difference):
    if difference.step.call != "hateoas.document" or difference.path != ("body", "connection_parameter_list"):
        return False
    expected = {key: value or "" for key, value in (difference.proxy or {}).items()}
    if list(expected) == ["_"]:
        expected = json.loads(expected["_"])
    return {pair["connection_key"]: pair["connection_value"] for pair in difference.ours} == expected


@known(
    "83",
    "HATEOAS: connection parameters of a tree that is to be destroyed",
    "shown",
    "none",
    "as production",
    lambda: [root(), publish("slappart0", url="u"), root(state="destroyed"), document(*tree("web"))],
)
def doomed_connection_field(difference):
    if difference.step.call != "hateoas.document" or difference.path != ("body", "connection_parameter_list"):
        return False
    found = difference.world.find(difference.step.row)
    return difference.ours == [] and found is not None and found[1].state == "destroyed"


@known(
    "84",
    "HATEOAS: the state of a shared instance",
    "`unused`",
    "its state",
    "it has one",
    lambda: [root(), shared(), document(*tree("site"))],
)
def shared_state_field(difference):
    return (
        difference.step.call == "hateoas.document"
        and difference.path == ("body", "slap_state")
        and difference.proxy == "unused"
    )


@known("83", "HATEOAS: the type of a document of a computer", "`Computer`", "`Compute Node`", "as production")
def computer_type(difference):
    return difference.path == ("body", "portal_type") and (difference.proxy, difference.ours) == (
        "Computer",
        "Compute Node",
    )


# -- requests that are not for anything -----------------------------------------------------------


@known("88", "`Allow` of a 405", "with `OPTIONS`, which it answers itself", "without", "no client asks")
def allow(difference):
    return difference.path == ("allow",)


@known(
    "88",
    "another method than POST for a method of JSON-RPC",
    "405",
    "415 where no JSON is sent: what is wrong is told in production's order",
    "as production",
)
def wrong_verb(difference):
    return (
        difference.step.path.startswith("/slapos.")
        and difference.step.method != "POST"
        and difference.path == ("status",)
        and (difference.proxy, difference.ours) == (405, 415)
    )


@known(
    "88",
    "a JSON-RPC method that does not exist",
    "an HTML page",
    "JSON, in the dialect's form",
    "who speaks JSON reads JSON",
)
def unknown_method(difference):
    return difference.step.path == "/slapos.get.v0.nothing" and difference.path in (("content_type",), ("body",))


@known("93", "`GET /`", "302 to the panel", "200, a page", "there is no panel like slapproxy's")
def front_page(difference):
    return (
        difference.step.path == "/"
        and difference.path == ("status",)
        and (difference.proxy, difference.ours) == (302, 200)
    )


@known(
    "40, 87",
    "a value that cannot be read, a state that does not exist in a supply",
    "500",
    "400, 404",
    "500 is never the answer to bad input: slapgrid takes it for an outage",
)
def broken_on_input(difference):
    return (
        difference.path == ("status",)
        and difference.proxy == 500
        and difference.ours in (400, 404)
        and (difference.step.about.get("broken") or difference.step.about.get("state") == "paused")
    )
