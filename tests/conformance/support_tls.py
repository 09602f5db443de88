"""What the tests over TLS share: a server with a listener of each kind, and who calls it.

On the plain listener nobody proves anything: there the tests arrange their world. On the https one a
certificate says who calls. Start reading at TlsTestCase.
"""

import collections
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

import requests
import slapos.slap

from support import MasterTestCase
from test_cli import SLAPOS, CommandTestCase

# Where a client finds its certificate and its key.
Identity = collections.namedtuple("Identity", "cert_file key_file")

NOBODY = Identity(None, None)

ACCESS_DENIED = (
    "Access denied to the SlapOS Master. Please check the authentication token or require a new one."
)


class TlsTestCase(MasterTestCase):
    """A test on a server that also listens for https. Subclasses set `world` (a fixture)."""

    world = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self._files = 0
        super().setUp()

    def start(self, world=None, **options):
        fixture = self.new_file(json.dumps(self.world if world is None else world), ".json")
        return super().start(tls=True, fixture=fixture, **options)

    def new_file(self, text, ending):
        self._files += 1
        path = os.path.join(self.folder, "%d%s" % (self._files, ending))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    # -- who calls -----------------------------------------------------------------------------

    def identity(self, pair):
        """The files of what a call handed out: a dictionary with `certificate` and `key`."""
        return Identity(self.new_file(pair["certificate"], ".crt"), self.new_file(pair["key"], ".key"))

    def computer_identity(self, computer, master=None):
        library = (master or self.master).connect()
        return self.identity(library.registerComputer(computer).generateCertificate())

    def instance_identity(self, partition):
        return self.identity(self.handle(partition).getCertificate())

    def user_identity(self, token, master=None):
        """The certificate of the person that a token speaks for."""
        return self.identity(self.issue_to_user(token, master))

    def issue_to_user(self, token, master=None):
        url = (master or self.master).tls_url + "/Person_getCertificate"
        answer = self.session(master=master).post(url, headers={"X-Access-Token": token})
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def connect(self, identity, master=None):
        """The slap library of that caller, over https."""
        library = slapos.slap.slap()
        url = (master or self.master).tls_url
        library.initializeConnection(url, key_file=identity.key_file, cert_file=identity.cert_file)
        return library

    def session(self, identity=NOBODY, master=None):
        """Keeps its connections open, and checks the server's certificate as the slap library does not."""
        session = requests.Session()
        # The environment's authorities and proxies are for other servers.
        session.trust_env = False
        self.addCleanup(session.close)
        session.verify = self.new_file((master or self.master).get("_mock/v1/ca.pem").body.decode("ascii"), ".ca.pem")
        if identity.cert_file is not None:
            session.cert = (identity.cert_file, identity.key_file)
        return session

    # -- the mock's own surface ----------------------------------------------------------------

    def control(self, path, master=None, **fields):
        """Posts to the control surface of the plain listener."""
        answer = (master or self.master).call(
            "POST",
            "/_mock/v1/" + path,
            body=json.dumps(fields),
            headers={"Content-Type": "application/json"},
        )
        self.assertIn(answer.status, (200, 201), answer)
        return json.loads(answer.body)

    def new_token(self, purpose, **more):
        return self.control("tokens", purpose=purpose, **more)["value"]

    # -- judging -------------------------------------------------------------------------------

    def assert_refused(self, function, *arguments, **keywords):
        """The client's word for: not you."""
        return self.assert_http(401, function, *arguments, **keywords)


class TlsCommandTestCase(TlsTestCase, CommandTestCase):
    """A test of the `slapos` command against a master that asks for certificates."""

    def home_of(self, identity, master=None, rest_url=None):
        """The client configuration of that caller."""
        text = "[slapos]\nmaster_url = %s/\n" % (master or self.master).tls_url
        if rest_url is not None:
            text += "master_rest_url = %s\n" % rest_url
        text += "[slapconsole]\ncert_file = %s\nkey_file = %s\n" % identity
        return self.new_file(text, ".cfg")

    def configure_client(self, token, path, url=None, **keywords):
        """slapos configure client; the master at `url`, or the test's own."""
        url = url or self.master.tls_url
        options = ["--master-url", url, "--master-url-web", url, "--cfg", path]
        if token is not None:
            options += ["--token", token]
        return self.slapos("configure", "client", *options, **keywords)


class RegisterTestCase(TlsCommandTestCase):
    """A test of `slapos node register`, which writes under `self.etc`."""

    def setUp(self):
        super().setUp()
        folder = open_folder()
        self.addCleanup(folder.cleanup)
        self.etc = os.path.join(folder.name, "slapos")
        self.configuration = os.path.join(self.etc, "slapos.cfg")

    def register(self, name, token, *options, url=None, web_url=None):
        """slapos node register; the master at `url`, or the test's own."""
        url = url or self.master.tls_url
        arguments = ["node", "register", name, "--token", token, "--cfg", self.configuration]
        arguments += ["--master-url", url, "--master-url-web", web_url or url, *options]
        return self.run_command([*as_root(), *arguments])

    def assert_registered(self, reference, done):
        self.assertEqual(done.code, 0, done)
        self.assertIn("Node has successfully been configured as %s.\n" % reference, done.err)

    def assert_not_registered(self, message, done):
        self.assertEqual(done.code, 1, done)
        self.assertIn(message, done.err)
        self.assertFalse(os.path.exists(self.etc), "something was written")

    @property
    def computer_files(self):
        """What the command wrote, for who calls as the computer from now on."""
        return Identity(os.path.join(self.etc, "ssl/certificate"), os.path.join(self.etc, "ssl/key"))


# The command itself, less its look at the user id.
WITHOUT_THE_CHECK = """\
import sys
import slapos.cli.command
slapos.cli.command.check_root_user = lambda command: None
from slapos.cli.entry import main
sys.exit(main())
"""

_as_root = []


def as_root():
    """How `slapos` is called here where it insists on root.

    What the tests have it do needs no privilege: who is not root becomes it in a user namespace.
    Where those are forbidden, the command runs without its check, and says so.
    """
    if not _as_root:
        if os.getuid() == 0:
            _as_root.extend([sys.executable, SLAPOS])
        elif can_be_root_in_a_namespace():
            _as_root.extend(["unshare", "--user", "--map-root-user", sys.executable, SLAPOS])
        else:
            print("no root, no user namespace: `slapos` runs without its check for root", file=sys.stderr)
            _as_root.extend([sys.executable, "-c", WITHOUT_THE_CHECK])
    return _as_root


def can_be_root_in_a_namespace():
    try:
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "true"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


def open_folder():
    """A temporary folder below folders that everybody may read.

    `slapos node register` opens every folder above its configuration to everybody; none of
    the developer's own may be among them.
    """
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path = os.path.realpath(parent)
        while os.path.isdir(path) and os.stat(path).st_mode & 0o055 == 0o055:
            if path == os.path.dirname(path):
                return tempfile.TemporaryDirectory(dir=os.path.realpath(parent))
            path = os.path.dirname(path)
    raise AssertionError("no temporary folder that everybody may read: name one in TMPDIR")


# -- what no healthy master says ---------------------------------------------------------------


class StandIn:
    """Answers as it is told to, over plain HTTP, and keeps what it was asked.

    `answers` gives a status and a body by path; every other path gets `otherwise`.
    """

    def __init__(self, otherwise=(404, ""), answers=None):
        self.otherwise = otherwise
        self.answers = dict(answers or {})
        self.asked = []
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stand_in.asked.append((self.command, self.path, self.headers.get("X-Access-Token")))
                status, body = stand_in.answers.get(self.path, stand_in.otherwise)
                body = body.encode("utf-8")
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
