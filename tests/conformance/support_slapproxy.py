"""A real `slapos proxy` beside the servers of a test, and the configuration that both it and slapmaster read."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time

from support import Answer, START_LIMIT_S

SLAPOS = os.path.join(os.path.dirname(sys.executable), "slapos")


def configuration(folder, name, computer, port=0, others=()):
    """Writes a `slapos.cfg` with the database in `folder`, and tells its path.

    `others` are pairs of a URL and a dictionary: the sections `[multimaster/<URL>]`.
    """
    lines = [
        "[slapos]",
        "computer_id = " + computer,
        "master_url = http://127.0.0.1:%d/" % port,
        "[slapproxy]",
        "host = 127.0.0.1",
        "port = %d" % port,
        "database_uri = " + os.path.join(folder, name + ".db"),
    ]
    for url, section in others:
        lines.append("[multimaster/%s]" % url)
        lines += ["%s = %s" % pair for pair in section.items()]
    path = os.path.join(folder, name + ".cfg")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def free_port():
    """A port that nobody listens at now: slapproxy takes a number and tells none."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class SlapProxy:
    """A running slapproxy. Its `url` has no final slash."""

    def __init__(self, folder, name, computer, others=()):
        self.host, self.port = "127.0.0.1", free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        cfg = configuration(folder, name, computer, self.port, others)
        self.log_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [SLAPOS, "proxy", "start", "--cfg", cfg],
            stdin=subprocess.DEVNULL,
            stdout=self.log_file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(os.environ, HOME=folder),
        )
        self._wait_until_ready()

    def _wait_until_ready(self):
        end = time.monotonic() + START_LIMIT_S
        while True:
            try:
                if self.call("GET", "/getRunId").status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                log = self.log()
                self.close()
                raise AssertionError("slapproxy did not get ready; its log:\n" + log)
            time.sleep(0.05)

    def log(self):
        self.log_file.seek(0)
        return self.log_file.read().decode("utf-8", "replace")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log_file.close()

    def call(self, method, path, body=None, headers=None, timeout=70):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
