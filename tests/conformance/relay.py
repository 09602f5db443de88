"""What stands between a client and a master, for what no healthy master answers.

It passes everything on, with the name by which the client knows it, but for the calls that it was
told to answer otherwise, and keeps what it was asked.
"""

import http.client
import http.server
import threading
import urllib.parse


def status(code):
    return (code, "text/plain", b"made up\n")


def name_of(path):
    """A call's name in the classic protocol."""
    return urllib.parse.urlsplit(path).path.rsplit("/", 1)[-1]


class Relay:
    """Passes on until it is closed.

    `answers` maps the names of calls to answers (status, content type, body), or to functions that
    make one of the true answer. `asked` are the names of the calls until now, `posted` of those that
    were posted.
    """

    def __init__(self, master, name_of=name_of, **answers):
        self.answers = answers
        self.asked = []
        self.posted = []
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Many small answers follow one another on a connection.
            disable_nagle_algorithm = True

            def handle_call(self):
                name = name_of(self.path)
                relay.asked.append(name)
                if self.command == "POST":
                    relay.posted.append(name)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = relay.answers.get(name)
                if answer is None:
                    answer = self.passed_on(body)
                elif callable(answer):
                    answer = answer(self.passed_on(body))
                self.answer(*answer)

            do_GET = do_POST = handle_call

            def passed_on(self, body):
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
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def forget(self):
        """Begins anew with what was asked."""
        del self.asked[:], self.posted[:]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
