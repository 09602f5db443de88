"""slapmaster under the configuration of a slapproxy does what that slapproxy does.

Each story is played twice, with the real slapproxy of the installed slapos.core and with slapmaster,
on a slapos.cfg each; what a client saw on the way has to be the same.
"""

import os
import shutil
import socket
import sqlite3
import tempfile
import unittest

from slapos.slap import NotFoundError

from support import main, partition_configuration
from support_slapproxy import (
    COMPUTER,
    LOCAL_RELEASE,
    RELEASE,
    Slapproxy,
    StandIn,
    database,
    format_computer,
    free_port,
    seen,
    write_configuration,
)


class Played:
    """One of the two masters with a folder of its own, to be started with ever other options."""

    def __init__(self, test, real):
        self.folder = tempfile.mkdtemp()
        test.addCleanup(shutil.rmtree, self.folder)
        self.port = free_port()
        self.real = real
        self.log = None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def file(self, *names):
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w"):
            pass
        return path

    def start(self, play, more="", **options):
        """What `play` makes of a client of the master, which runs that long."""
        configuration, _ = write_configuration(self.folder, self.port, more, **options)
        with Slapproxy(configuration, self.port) if self.real else StandIn(configuration) as master:
            result = play(master.connect())
            if not self.real:
                master.stop()
            self.log = master.log()
        return self.told(result)

    def told(self, result):
        """The folders have different names, which no answer has to hide."""
        return eval(repr(result).replace(self.folder, "/FOLDER"))


class Alike(unittest.TestCase):
    maxDiff = None

    def alike(self, story):
        """Plays the story with both, and returns what slapmaster showed."""
        expected, found = (story(Played(self, real)) for real in (True, False))
        self.assertEqual(found, expected)
        return found


def releases(library):
    told = seen(library)
    used = {
        partition: known["told"]["slap_software_release_url"]
        for partition, known in told["partitions"].items()
        if "told" in known
    }
    return told["software"], used


class LocalReleases(Alike):
    """slapos.core: a software release may be a path, and the folder that they are in may move."""

    def populate(self, *paths):
        def play(library):
            format_computer(library, [partition_configuration(number) for number in range(len(paths))])
            for number, path in enumerate(paths):
                library.registerSupply().supply(path, COMPUTER)
                library.registerOpenOrder().request(path, "instance %d" % number)
            return releases(library)

        return play

    def test_they_move_with_their_root(self):
        def story(master):
            one, two = master.path("one"), master.path("two")
            paths = [one + "/a/software.cfg", one + "//b/./software.cfg", "/elsewhere/software.cfg", RELEASE]
            return [
                master.start(self.populate(*paths), local_software_release_root=one),
                master.start(releases, local_software_release_root=two),
                # Once is enough.
                master.start(releases, local_software_release_root=two),
                master.start(releases, local_software_release_root=one + "/"),
            ]

        before, moved, again, back = self.alike(story)
        self.assertIn("/FOLDER/one/a/software.cfg", before[0])
        self.assertEqual(moved[1]["slappart0"], "/FOLDER/two/a/software.cfg")
        self.assertEqual(moved[1]["slappart1"], "/FOLDER/two/b/software.cfg")
        self.assertEqual(again, moved)
        self.assertEqual(back[1]["slappart0"], "/FOLDER/one/a/software.cfg")

    def test_one_whose_new_file_is_missing_and_old_one_is_not_stays(self):
        def story(master):
            kept = master.file("one", "kept.cfg")
            both = master.file("one", "both.cfg")
            master.file("two", "both.cfg")
            paths = [kept, both, master.path("one", "neither.cfg")]
            return [
                master.start(self.populate(*paths), local_software_release_root=master.path("one")),
                master.start(releases, local_software_release_root=master.path("two")),
            ]

        _, moved = self.alike(story)
        self.assertEqual(
            moved[1],
            {
                "slappart0": "/FOLDER/one/kept.cfg",
                "slappart1": "/FOLDER/two/both.cfg",
                "slappart2": "/FOLDER/two/neither.cfg",
            },
        )

    def test_nothing_moves_between_a_folder_and_one_in_it(self):
        def story(master):
            path = master.path("one", "software.cfg")
            roots = [master.path("one"), "/", master.path("one"), master.path("one", "in"), master.path()]
            first = master.start(self.populate(path), local_software_release_root=roots[0])
            later = [master.start(releases, local_software_release_root=root) for root in roots[1:]]
            # Without the option, it is the root of the file system.
            return [first] + later + [master.start(releases)]

        seen_each_time = self.alike(story)
        self.assertEqual(len(seen_each_time), 6)
        for told in seen_each_time[1:]:
            self.assertEqual(told, seen_each_time[0])

    def test_the_root_of_an_imported_database_counts(self):
        def story(master):
            database(master.path("slapproxy.db"), 18)
            return master.start(releases, local_software_release_root="/srv/two")

        told = self.alike(story)
        moved = LOCAL_RELEASE.replace("/one/", "/two/")
        self.assertEqual(told[0], {RELEASE: "available", moved: "destroyed"})
        self.assertEqual(told[1]["slappart2"], moved)

    def test_who_is_there_under_the_new_name_stays_one(self):
        """slapproxy breaks here: the first request fails, and nothing moved."""
        master = Played(self, real=False)
        one, two = master.path("one", "software.cfg"), master.path("two", "software.cfg")
        master.start(self.populate(one, two), local_software_release_root=master.path("one"))
        told = master.start(releases, local_software_release_root=master.path("two"))
        self.assertEqual(told[0], {"/FOLDER/two/software.cfg": "available"})
        self.assertEqual(set(told[1].values()), {"/FOLDER/two/software.cfg"})
        self.assertIn("is `%s` from now on" % two, master.log)


class Products(Alike):
    def test_they_are_those_of_the_configuration(self):
        def lists(library):
            import slapos.slap

            collection = slapos.slap.SoftwareProductCollection(_Silent(), library)
            found = []
            for name in ("kvm", "erp5", "other", "unknown"):
                try:
                    found.append(collection.get(name))
                except (AttributeError, NotFoundError):
                    found.append(None)
            return found

        def story(master):
            first = "\n  kvm https://x.invalid/kvm.cfg\n\n  erp5 /srv/erp5/software.cfg"
            second = "\n  erp5 https://x.invalid/erp5.cfg\n  other https://x.invalid/other.cfg"
            return [
                master.start(lists, software_product_list=first),
                master.start(lists, software_product_list=second),
                master.start(lists),
            ]

        first, second, third = self.alike(story)
        self.assertEqual(first, ["https://x.invalid/kvm.cfg", "/srv/erp5/software.cfg", None, None])
        self.assertEqual(second, [None, "https://x.invalid/erp5.cfg", "https://x.invalid/other.cfg", None])
        self.assertEqual(third, [None, None, None, None])


class _Silent:
    def debug(self, *_words):
        pass

    info = warning = debug


class Listening(unittest.TestCase):
    def test_on_an_address_of_ipv6(self):
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError:
                self.skipTest("this machine has no IPv6")
            port = probe.getsockname()[1]
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        configuration, _ = write_configuration(folder, port)
        with open(configuration) as file:
            text = file.read().replace("host = 127.0.0.1", "host = ::1")
        with open(configuration, "w") as file:
            file.write(text)
        with StandIn(configuration) as master:
            self.assertEqual(master.url, "http://[::1]:%d" % port)
            format_computer(master.connect(), [partition_configuration(0)])


class Started(Alike):
    def test_the_computer_is_there_without_being_formatted(self):
        def story(master):
            return master.start(seen)

        self.assertEqual(self.alike(story), {"software": {}, "partitions": {}})

    def test_what_has_no_effect_is_named(self):
        master = Played(self, real=False)
        master.start(lambda _library: None, public_directory_path="/srv/public", shacache_metadata_directory="/x")
        self.assertIn("`public_directory_path` has no effect: no public directory is served", master.log)
        self.assertIn("`shacache_metadata_directory` has no effect: no networkcache is served", master.log)

    def test_a_database_that_cannot_be_read_stops_the_start_and_the_next_one_tries_again(self):
        master = Played(self, real=False)
        path = master.path("slapproxy.db")
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE partition19 (x)")
        with self.assertRaisesRegex(AssertionError, "has version 19 of slapproxy's schema"):
            master.start(seen)
        os.remove(path)
        database(path, 18)
        self.assertEqual(len(master.start(seen)["partitions"]), 6)


if __name__ == "__main__":
    main()
