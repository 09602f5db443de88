"""One slapmaster for all workers of pytest-xdist, in it a world for each, as new for each test."""

import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request

import pytest
import slapos.slap

FIXTURE = os.path.join(os.path.dirname(__file__), "world.yaml")
SLAPMASTER = os.environ.get("SLAPMASTER", "slapmaster")


# -- the server: started by the process that pytest was called as, whose workers are told where it is -------


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            [SLAPMASTER, "serve", "--exit-with-parent"]
            + ["--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0", "--log-level", "warn"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.urls = []
        for line in self.process.stdout:
            if line.startswith("ready"):
                break
            self.urls.append(line.split()[-1])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.slapmaster = Server()


def pytest_unconfigure(config):
    if hasattr(config, "slapmaster"):
        config.slapmaster.stop()


def pytest_configure_node(node):
    """Called by pytest-xdist for each worker before it starts."""
    node.workerinput["slapmaster_urls"] = node.config.slapmaster.urls


# -- the world of a worker -----------------------------------------------------------------------------------


class World:
    """A master of its own. `url` is its `master_url` for clients, `tls_url` the same over https."""

    def __init__(self, name, urls, fixture):
        base, tls_base = (url.rstrip("/") for url in urls)
        self.url, self.tls_url = ("%s/w/%s/" % (root, name) for root in (base, tls_base))
        self.call("PUT", base + "/_mock/v1/worlds/" + name, {"fixture": fixture})

    def call(self, method, path, body=None):
        """A call of the control surface; `path` is that behind `/_mock/v1/` of this world."""
        url = path if path.startswith("http") else self.url + "_mock/v1/" + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError("%s %s: %s" % (method, path, error.read().decode())) from None
        return json.loads(content) if content else None

    def fault(self, call, effect, **limits):
        return self.call("POST", "faults", dict(limits, match={"call": call}, effect=effect))

    def advance(self, **by):
        return self.call("POST", "clock/advance", by)

    def wait(self, **what):
        return self.call("POST", "journal/wait", dict({"timeout_s": 20}, **what))

    def verify(self, **what):
        return self.call("POST", "journal/verify", what)

    def connect(self):
        """The slap library, connected as anybody."""
        library = slapos.slap.slap()
        library.initializeConnection(self.url)
        return library


@pytest.fixture(scope="session")
def world_of_worker(request, worker_id):
    config = request.config
    urls = config.workerinput["slapmaster_urls"] if hasattr(config, "workerinput") else config.slapmaster.urls
    with open(FIXTURE) as fixture:
        return World(worker_id, urls, fixture.read())


@pytest.fixture
def world(world_of_worker):
    """The worker's world, as its fixture made it: what other tests did there is gone in a millisecond."""
    world_of_worker.call("POST", "reset", {})
    return world_of_worker


@pytest.fixture
def slap(world):
    return world.connect()
