"""One call as data: what is sent, and what it is about."""

import dataclasses
import json
import urllib.parse

from slapos.util import dumps


@dataclasses.dataclass(frozen=True)
class Step:
    """A call that both masters get, the same bytes each.

    `call` is its name: that of the classic call, of the JSON-RPC method (`post.v0.software_instance`),
    or `hateoas.…`. `about` says in plain values what was asked, for who decides whether a difference is a
    known one. A `row` is a document to be shown after the search: the row of that title or reference.
    """

    call: str
    method: str
    path: str
    body: str = ""
    headers: tuple = ()
    about: dict = dataclasses.field(default_factory=dict)
    row: str = ""

    def is_json_rpc(self):
        return self.path.startswith("/slapos.")

    def reads(self):
        """Whether it is not meant to change anything."""
        return self.method in ("GET", "HEAD") or self.call.startswith(("get.", "allDocs."))

    def place(self):
        """The (computer, partition) that a classic call is about; none if it names no such pair."""
        place = (self.about.get("computer_id"), self.about.get("computer_partition_id"))
        return place if all(place) else None

    def __str__(self):
        said = " ".join("%s: %s;" % pair for pair in self.headers if pair[0] == "Authorization")
        shown = self.body if len(self.body) < 400 else self.body[:400] + "…"
        about = {key: value for key, value in self.about.items() if value not in (None, "", {}) and key != "addresses"}
        words = [self.method, self.path, said, "show %r" % self.row if self.row else ""]
        return "%s\n      %s" % (" ".join(word for word in words if word), about or urllib.parse.unquote_plus(shown))


def authorization(requester):
    """The header by which the instance on a partition says who it is."""
    if requester is None:
        return ()
    return (("Authorization", "X-SlapPartition computer_id=%s, computer_partition_id=%s" % requester),)


def read(call, **query):
    """A classic call that reads."""
    path = "/" + call + ("?" + urllib.parse.urlencode(query) if query else "")
    return Step(call, "GET", path, about=query)


def post(call, fields, requester=None, about=None):
    """A classic call that changes something."""
    headers = (("Content-Type", "application/x-www-form-urlencoded"),) + authorization(requester)
    return Step(call, "POST", "/" + call, urllib.parse.urlencode(fields), headers, about or dict(fields))


def method(name, arguments, requester=None, about=None):
    """A method of the JSON-RPC dialect."""
    headers = (("Content-Type", "application/json"),) + authorization(requester)
    return Step(name, "POST", "/slapos." + name, json.dumps(arguments), headers, about or dict(arguments))


def search(query):
    """A HATEOAS search, as `slapos service list` and its like make it."""
    fields = [("mode", "search"), ("query", query), ("limit", 40)]
    fields += [("select_list", name) for name in ("title", "reference", "relative_url", "url_string")]
    return Step("hateoas.search", "GET", "/hateoas/?" + urllib.parse.urlencode(fields), about={"query": query})


def document(query, row):
    """The document of a row of a search, as `slapos service info` and its like show it."""
    found = search(query)
    return dataclasses.replace(found, call="hateoas.document", row=row)


@dataclasses.dataclass(frozen=True)
class Request:
    """A request for an instance, in either dialect."""

    title: str
    release: str
    software_type: str = "default"
    parameters: dict = dataclasses.field(default_factory=dict)
    sla: dict = dataclasses.field(default_factory=dict)
    state: object = "started"
    shared: bool = False
    # Which slapproxy does not know.
    project: str = ""
    # The (computer, partition) in whose name it is made; none: a person's own.
    requester: tuple = None
    # Whether the header names the requester, and whether the form does.
    header: bool = True
    form: bool = True

    def about(self):
        return dict(dataclasses.asdict(self), asks=True)

    def classic(self):
        fields = {
            "software_release": self.release,
            "partition_reference": self.title,
            "partition_parameter_xml": dumps(self.parameters),
            "filter_xml": dumps(self.sla),
            "software_type": self.software_type,
            "state": dumps(self.state),
            "shared_xml": dumps(self.shared),
        }
        if self.requester and self.form:
            fields.update(computer_id=self.requester[0], computer_partition_id=self.requester[1])
        if self.project:
            fields["project_reference"] = self.project
        return post("requestComputerPartition", fields, self.requester if self.header else None, self.about())

    def json_rpc(self):
        arguments = {
            "title": self.title,
            "software_release_uri": self.release,
            "software_type": self.software_type,
            "parameters": self.parameters,
            "sla_parameters": self.sla,
            "shared": self.shared,
        }
        if self.state is not None:
            arguments["state"] = self.state
        return method("post.v0.software_instance", arguments, self.requester, self.about())
