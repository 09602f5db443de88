"""Recipes of a software release that does nothing but what a test can look at.

Its software is an `instance.cfg`. Its instance runs one process, has one promise and one usage
report, and asks the master for whatever its parameters say:

- `child`: the title of an instance that it requests, of the type `child`;
- `shared`: titles of shared instances that it requests, of the type `child`, parted by blanks;
- `fails`: why it cannot be built;
- `promise`: `none` for an instance without a promise.

What it read is in `parameters.json`, and it publishes `url`, `release` and what its child and its
shared instances published as `url`. As the host of shared instances it publishes a `url` for each.
"""

import json
import os

import slapos.slap
import zc.buildout

INSTANCE = """\
[buildout]
parts = instance
eggs-directory = {software}/eggs
develop-eggs-directory = {software}/develop-eggs

[instance]
recipe = trivial:instance
version = {version}
"""

SERVICE = """\
#!/bin/sh
exec sleep 3600
"""

# Fails with the text of `broken` as long as there is one, and may be looked at at any moment. Its
# runner finds slapos.core by the first assignment.
PROMISE = """\
import sys
sys.path[0:0] = {path!r}
import os
from slapos.grid.promise import GenericPromise, interface
from zope.interface import implementer

@implementer(interface.IPromise)
class RunPromise(GenericPromise):
    def __init__(self, config):
        super().__init__(config)
        self.setPeriodicity(minute=0.0001)

    def sense(self):
        if os.path.exists("broken"):
            with open("broken") as file:
                self.logger.error(file.read())
        else:
            self.logger.info("all is well")
"""

REPORT = """\
#!/bin/sh
cat > "$1" <<END
<consumption><movement><resource>CPU</resource><title>CPU time</title><reference>any</reference>\
<quantity>42.5</quantity><price>0.0</price><VAT>None</VAT></movement></consumption>
END
"""

FOLDER_OF_SLAPOS = os.path.abspath(os.path.join(os.path.dirname(slapos.slap.__file__), "../.."))


class Recipe:
    """A part that does the same whether it is new or known."""

    def __init__(self, buildout, _name, options):
        self.buildout = buildout
        self.options = options
        self.home = buildout["buildout"]["directory"]

    def install(self):
        self.run()
        return ()

    update = install

    def write(self, path, text, executable=False):
        path = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o700 if executable else 0o600)


class Software(Recipe):
    def run(self):
        self.write("instance.cfg", INSTANCE.format(software=self.home, version=self.options["version"]))


class Instance(Recipe):
    def run(self):
        self.connection = self.buildout["slap-connection"]
        partition = self.connect()
        parameters = partition.getInstanceParameterDict()
        self.write("parameters.json", json.dumps(parameters))
        if "fails" in parameters:
            raise zc.buildout.UserError(parameters["fails"])
        self.write("etc/service/work", SERVICE, executable=True)
        if parameters.get("promise") != "none":
            self.write("etc/plugin/health.py", PROMISE.format(path=[FOLDER_OF_SLAPOS]))
        self.write("etc/report/usage", REPORT, executable=True)
        os.makedirs(os.path.join(self.home, "var/xml_report"), exist_ok=True)
        self.publish(partition, parameters)

    def connect(self):
        library = slapos.slap.slap()
        library.initializeConnection(
            self.connection["server-url"],
            key_file=self.connection["key-file"] or None,
            cert_file=self.connection["cert-file"] or None,
        )
        return library.registerComputerPartition(self.connection["computer-id"], self.connection["partition-id"])

    def publish(self, partition, parameters):
        place = "trivial://%s/" % self.connection["partition-id"]
        own = {"url": place, "release": self.options["version"]}
        if "greeting" in parameters:
            own["greeting"] = parameters["greeting"]
        if "child" in parameters:
            greeting = parameters.get("greeting", "") + " from above"
            self.request(partition, own, parameters["child"], partition_parameter_kw={"greeting": greeting})
        for title in parameters.get("shared", "").split():
            self.request(partition, own, title, shared=True, partition_parameter_kw={"wants": title})
        partition.setConnectionDict(own)
        for shared in parameters["slave_instance_list"]:
            reference = shared["slave_reference"]
            partition.setConnectionDict({"url": place + shared["wants"]}, slave_reference=reference)

    def request(self, partition, own, title, **more):
        state = self.connection["requested-state"]
        asked = partition.request(self.connection["software-release-url"], "child", title, state=state, **more)
        try:
            own[title] = asked.getConnectionParameterDict()["url"]
        except (KeyError, slapos.slap.ResourceNotReady):
            own[title] = "not yet"
