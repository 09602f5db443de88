"""The examples of the pages in docs/, run as they stand there. Start reading at ExamplesTestCase."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from support import MasterTestCase

DOCS = pathlib.Path(__file__).parents[2] / "docs"
COMMANDS = {"sh": ["sh", "-e"], "python": [sys.executable, "-"]}


def examples_of(page):
    """The examples of a page: of each its kind, and its text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


class ExamplesTestCase(MasterTestCase):
    """A test of what a page shows."""

    def run_examples(self, page, kinds):
        """Runs all of a page, one after the other; returns what each that is run told.

        A first one in YAML is the fixture of the server that the others meet; another in YAML is for
        another program, and has to be YAML.
        """
        examples = examples_of(page)
        self.assertEqual([kind for kind, _ in examples], kinds)
        if kinds[0] == "yaml":
            self.start_with(examples.pop(0)[1])
        told = []
        for kind, text in examples:
            if kind == "yaml":
                yaml.safe_load(text)
            else:
                told.append(self.run_example(kind, text, PYTHONWARNINGS="ignore"))
        return told

    def start_with(self, text):
        """Starts the server again, with this fixture."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as fixture:
            fixture.write(text)
            fixture.flush()
            self.master = self.start(fixture=fixture.name)

    def run_example(self, kind, text, **environment):
        """Runs one, which has to succeed; returns what it told."""
        environment = dict(os.environ, MASTER_URL=self.master.url, **environment)
        done = subprocess.run(
            COMMANDS[kind], input=text, env=environment, capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, 0, "%s\n%s\n%s" % (text, done.stdout, done.stderr))
        return done.stdout
