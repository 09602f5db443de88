"""The `slapos` commands of a node that load on Python 3.12 and later alone."""

from support import main
from test_cli import CommandTestCase


class Loaded(CommandTestCase):
    """A command one of whose modules is missing is gone without a word"""

    def test_no_command_is_missing(self):
        listed = self.succeed("--help").out.splitlines()
        commands = {" ".join(line.split()[:2]) for line in listed if line.startswith("  ")}
        wanted = "software instance report promise format bang boot collect register prune supervisord supervisorctl"
        self.assertLessEqual({"node " + word for word in wanted.split()} | {"proxy start"}, commands)


if __name__ == "__main__":
    main()
