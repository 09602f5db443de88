"""A stand-in between the client and a master, for what no healthy master answers.

It passes everything on, with the name by which the client knows it, but for the steps that it was
told to answer otherwise. The steps are `url` (getHateoasUrl), `root`, `search`, `traverse` and
`token`.
"""

import http.client
import http.server
import json
import threading
import urllib.parse

NOT_JSON = (200, "text/html", b"<html>It works!</html>")


def status(code):
    return (code, "text/plain", b"made up\n")


def document(value):
    return (200, "application/hal+json", json.dumps(value).encode("utf-8"))


def step_of(path):
    parts = urllib.parse.urlsplit(path)
    if parts.path.endswith("/getHateoasUrl"):
        return "url"
    if parts.path.endswith("/Base_getComputerToken"):
        return "token"
    if "/hateoas" in parts.path:
        return urllib.parse.parse_qs(parts.query).get("mode", ["root"])[0]
    return "other"


class StandIn:
    """Serves until it is closed. `answers` maps steps to answers, or to functions that make one of the true document."""

    def __init__(self, master, **answers):
        self.answers = answers
        self.asked = []
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                step = step_of(self.path)
                stand_in.asked.append(step)
                answer = stand_in.answers.get(step)
                if answer is None or callable(answer):
                    told = self.passed_on()
                    answer = document(answer(json.loads(told[2]))) if answer else told
                self.answer(*answer)

            def do_POST(self):
                self.answer(*self.passed_on())

            def passed_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(master.host, master.port, timeout=20)
                try:
                    connection.request(self.command, self.path, body=body, headers=dict(self.headers))
                    response = connection.getresponse()
                    return (response.status, response.headers["Content-Type"], response.read())
                finally:
                    connection.close()

            def answer(self, code, kind, body):
                self.send_response(code)
                if kind:
                    self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
