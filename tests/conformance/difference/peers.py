"""The two masters: slapmaster under its slapproxy preset, and the real slapproxy of slapos.core."""

import collections
import contextlib
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

from support import START_LIMIT_S, Master

# What slapproxy's configuration calls `computer_id`: the computer that gets what names none.
DEFAULT_COMPUTER = "COMP-1"

# `software_product_list` of slapproxy, and the products of slapmaster's fixture.
PRODUCTS = {"web": "https://example.invalid/software/web/software.cfg"}

# The view that the client's library asks documents for.
VIEW = "slaposjs_view"

CALL_LIMIT_S = 20

Raw = collections.namedtuple("Raw", "status headers body")


def call(port, step):
    """One call on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_LIMIT_S)
    try:
        connection.request(step.method, step.path, step.body.encode("utf-8") or None, dict(step.headers))
        response = connection.getresponse()
        return Raw(response.status, response.headers, response.read())
    finally:
        connection.close()


class Peer:
    """A master that plays steps. Subclasses have a `name`, a `port`, and `empty` their world."""

    def play(self, step):
        answer = call(self.port, step)
        if step.row and answer.status == 200:
            return self._show(step, answer)
        return answer

    def _show(self, step, found):
        """Follows the row of a search to its document, by the template of the root document."""
        rows = json.loads(found.body)["_embedded"]["contents"]
        urls = [row["relative_url"] for row in rows if step.row in (row.get("title"), row.get("reference"))]
        if not urls:
            return found
        path = "/hateoas/?" + urllib.parse.urlencode({"mode": "traverse", "relative_url": urls[0], "view": VIEW})
        answer = self._get(path)
        for _ in range(3):
            if answer.status not in (301, 302):
                break
            answer = self._get(answer.headers["Location"])
        return answer

    def _get(self, path):
        parts = urllib.parse.urlsplit(path)
        path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        return call(self.port, NamedPath("GET", path))


class NamedPath(collections.namedtuple("NamedPath", "method path body headers")):
    def __new__(cls, method, path):
        return super().__new__(cls, method, path, "", ())


class Slapmaster(Peer):
    """The binary under test."""

    name = "slapmaster"

    def __init__(self, folder):
        self.fixture = os.path.join(folder, "products.yaml")
        products = [
            {"reference": product, "releases": [{"release": url, "effective_date": "2020-01-01"}]}
            for product, url in PRODUCTS.items()
        ]
        with open(self.fixture, "w", encoding="utf-8") as file:
            json.dump({"products": products}, file)
        self.master = None
        self.empty()

    def empty(self):
        """A new world: cheaper than to take the old one apart."""
        self.close()
        self.master = Master(preset="slapproxy", default_computer=DEFAULT_COMPUTER, fixture=self.fixture)
        self.port = self.master.port

    def close(self):
        if self.master is not None:
            panicked = "panicked" in self.master.log()
            self.master.close()
            self.master = None
            assert not panicked, "slapmaster panicked"


CONFIGURATION = """\
[slapos]
computer_id = {computer}

[slapproxy]
host = 127.0.0.1
port = {port}
database_uri = {database}
software_product_list =
{products}
"""


class Slapproxy(Peer):
    """`slapos proxy start` of the slapos.core that runs this program."""

    name = "slapproxy"

    def __init__(self, folder):
        self.folder = folder
        self.database = os.path.join(folder, "proxy.db")
        self.log_file = tempfile.TemporaryFile()
        # It cannot be told to choose a port itself, so the one that is free now may be taken in between.
        for _ in range(5):
            if self._start():
                return
        raise AssertionError("slapproxy does not start; its log:\n" + self.log())

    def _start(self):
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        configuration = os.path.join(self.folder, "slapos.cfg")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(
                CONFIGURATION.format(
                    computer=DEFAULT_COMPUTER,
                    port=self.port,
                    database=self.database,
                    products="\n".join("  %s %s" % pair for pair in PRODUCTS.items()),
                )
            )
        program = os.path.join(os.path.dirname(sys.executable), "slapos")
        self.process = subprocess.Popen(
            [program, "proxy", "start", "--cfg", configuration],
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                # The first call makes the tables.
                if call(self.port, NamedPath("GET", "/getRunId")).status == 200:
                    return True
            except OSError:
                time.sleep(0.05)
        self._end()
        return False

    def empty(self):
        """Takes every row away: to start it anew would take a second."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                connection.execute('DELETE FROM "%s"' % table)
            connection.commit()

    def log(self):
        """The last words that it wrote, the reasons of its 500s among them."""
        self.log_file.seek(0)
        return self.log_file.read().decode("utf-8", "replace")[-4000:]

    def _end(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self._end()
        self.log_file.close()
