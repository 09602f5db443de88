"""A slapproxy's world taken over: from the real one of the installed slapos.core, by changing one
line, and from databases as every version of slapproxy left them."""

import contextlib
import copy
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import unittest.mock

from support import Master, MasterTestCase, main, partition_configuration
from support_slapproxy import (
    COMPUTER,
    LOCAL_RELEASE,
    RELEASE,
    Slapproxy,
    StandIn,
    create,
    database,
    format_computer,
    free_port,
    insert,
    locked,
    seen,
    write_configuration,
)

OTHER_RELEASE = "https://example.invalid/software/other/software.cfg"


def fingerprint(path):
    """What must not change of a file that is only read."""
    status = os.stat(path)
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest(), status.st_mtime_ns, status.st_size, status.st_ino


def slapmaster(*arguments):
    """A command that ends by itself: exit code, standard output, standard error."""
    process = subprocess.run(
        [os.environ["BINARY_UNDER_TEST"], *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    return process.returncode, process.stdout.decode(), process.stderr.decode()


class InAFolder(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    @contextlib.contextmanager
    def untouched(self, *paths):
        """Files stay as they are, and nothing appears beside them."""
        before = [fingerprint(path) for path in paths]
        names = set(os.listdir(self.folder))
        yield names
        self.assertEqual([fingerprint(path) for path in paths], before)
        self.assertEqual(set(os.listdir(self.folder)), names)


class FromTheRealOne(InAFolder):
    """`slapos proxy start --cfg slapos.cfg` becomes `slapmaster serve --slapos-cfg slapos.cfg`.

    Runs with whatever slapos.core is installed: its slapproxy is what is taken over, its client judges.
    """

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.configuration, self.database = write_configuration(self.folder, self.port)

    def connect(self, master):
        """The library, connected, and without what another master was asked at this port before: that of 2022
        keeps answers below HOME."""
        home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, home)
        at_home = unittest.mock.patch.dict(os.environ, HOME=home)
        at_home.start()
        self.addCleanup(at_home.stop)
        return master.connect()

    def request(self, library, title="web", release=RELEASE, **more):
        return library.registerOpenOrder().request(release, title, software_type="default", **more)

    def version(self):
        """That of the schema of this slapproxy."""
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            (name,) = db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'computer%'").fetchone()
        return int(name[len("computer"):])

    def as_told_today(self, told):
        """Shared instances under the references that slapproxies make from version 17 on."""
        for partition in told["partitions"].values():
            for entry in partition.get("shared", ()):
                requester, _, title = entry["slave_reference"].partition("_")
                if requester in told["partitions"]:
                    root = told["partitions"][requester]["told"]["root_instance_title"]
                    entry["slave_reference"] = entry["slave_title"] = root + "_" + title
        return told

    def request_child(self, library, parent, title, release=RELEASE, **more):
        return library.registerComputerPartition(COMPUTER, parent.getId()).request(release, "default", title, **more)

    def live(self, library):
        """Whatever a slapproxy can hold."""
        format_computer(library, [partition_configuration(number) for number in range(7)])
        format_computer(library, [partition_configuration(0, addresses=["10.9.9.9"])], "second")
        library.registerSupply().supply(RELEASE, COMPUTER)
        library.registerSupply().supply(OTHER_RELEASE, COMPUTER)
        library.registerSupply().supply(OTHER_RELEASE, COMPUTER, state="destroyed")
        library.registerSupply().supply(RELEASE, "never_formatted")
        web = self.request(library, "web", partition_parameter_kw={"size": "large", "_": '{"é": [1]}', "empty": ""})
        db = self.request_child(library, web, "db", partition_parameter_kw={"a": "1"})
        log = self.request_child(library, db, "log", state="stopped")
        host = self.request(library, "host")
        far = self.request(library, "far", filter_kw={"computer_guid": "second"})
        for partition, url in ((web, "http://web/"), (db, "db://[::1]/"), (far, "far:")):
            library.registerComputerPartition(*self.place(partition)).setConnectionDict({"url": url, "user": "é"})
        sla = {"instance_guid": host.getInstanceGuid()}
        self.request(library, "cdn", shared=True, filter_kw=sla, partition_parameter_kw={"origin": "http://x"})
        self.request_child(library, db, "cdn", shared=True, filter_kw=sla, partition_parameter_kw={"port": "80"})
        dropped = self.request(library, "dropped", shared=True, filter_kw=sla)
        self.request(library, "dropped", shared=True, filter_kw=sla, state="destroyed")
        del dropped
        at_host = library.registerComputerPartition(*self.place(host))
        requester = "web" if self.version() >= 17 else db.getId()
        for reference, domain in (("_cdn", "root"), (requester + "_cdn", "child")):
            at_host.setConnectionDict({"domain": domain}, reference)
        renamed = self.request(library, "temporary")
        library.registerComputerPartition(*self.place(renamed)).rename("renamed")
        self.request(library, "renamed", state="destroyed")
        return {"web": web, "db": db, "log": log, "host": host, "far": far, "sla": sla}

    def place(self, partition):
        return (partition._computer_id, partition.getId())

    def test_the_client_sees_the_same_world(self):
        with Slapproxy(self.configuration, self.port) as slapproxy:
            library = self.connect(slapproxy)
            made = self.live(library)
            before = [seen(library, computer) for computer in (COMPUTER, "second")]
            expected = [self.as_told_today(copy.deepcopy(told)) for told in before]
            # Before version 17, slapproxy took partitions of one name on two computers for one.
            expected[1]["partitions"]["slappart0"]["told"]["root_instance_title"] = "far"
        kept = fingerprint(self.database)
        self.assertEqual(len(before[0]["partitions"]), 7)
        self.assertEqual(len(before[0]["partitions"][made["host"].getId()]["shared"]), 2)

        with StandIn(self.configuration) as master:
            library = self.connect(master)
            after = [seen(library, computer) for computer in (COMPUTER, "second")]
            self.assertEqual(after, expected)
            self.assertEqual(
                seen(library, "never_formatted"), {"software": {RELEASE: "available"}, "partitions": {}}
            )
            self.same_when_requested_again(library, made)
            # A computer that slapproxy knew is free to take what it could before.
            self.assertEqual(self.request(library, "new").getId(), "slappart5")
            self.assertEqual(master.stop(), 0)
            log = master.log()
        self.assertIn("was imported: version %d, 3 computers, 8 partitions" % self.version(), log)
        self.assertIn("`_dropped` on computer `local_computer` was left out: no host lists it", log)
        self.assertEqual(fingerprint(self.database), kept)

        with StandIn(self.configuration) as master:
            library = self.connect(master)
            self.assertEqual(self.request(library, "new").getId(), "slappart5")
            master.stop()
            self.assertIn("was not imported again", master.log())
        self.assertEqual(fingerprint(self.database), kept)
        names = {name for name in os.listdir(self.folder) if not name.startswith("slapproxy.db.slapmaster")}
        self.assertEqual(names, {"slapos.cfg", "slapproxy.db"})

        # The way back is open.
        with Slapproxy(self.configuration, self.port) as slapproxy:
            library = self.connect(slapproxy)
            self.assertEqual([seen(library, computer) for computer in (COMPUTER, "second")], before)

    def same_when_requested_again(self, library, made):
        """Who requests what it has gets what it has, and nothing becomes two."""
        web = self.request(library, "web", partition_parameter_kw={"size": "large", "_": '{"é": [1]}', "empty": ""})
        self.assertEqual(web.getId(), made["web"].getId())
        self.assertEqual(web.getConnectionParameterDict(), {"url": "http://web/", "user": "é"})
        db = self.request_child(library, made["web"], "db", partition_parameter_kw={"a": "1"})
        self.assertEqual(db.getId(), made["db"].getId())
        log = self.request_child(library, made["db"], "log", state="stopped")
        self.assertEqual((log.getId(), log.getState()), (made["log"].getId(), "stopped"))
        far = self.request(library, "far", filter_kw={"computer_guid": "second"})
        self.assertEqual(self.place(far), ("second", "slappart0"))
        cdn = self.request(
            library, "cdn", shared=True, filter_kw=made["sla"], partition_parameter_kw={"origin": "http://x"}
        )
        self.assertEqual(cdn.getConnectionParameterDict(), {"domain": "root"})
        child = self.request_child(
            library, made["db"], "cdn", shared=True, filter_kw=made["sla"], partition_parameter_kw={"port": "80"}
        )
        self.assertEqual(child.getConnectionParameterDict(), {"domain": "child"})
        self.assertEqual(len(seen(library)["partitions"][made["host"].getId()]["shared"]), 2)
        busy = [told for told in seen(library)["partitions"].values() if "told" in told]
        self.assertEqual(len(busy), 5)

    def test_a_slapproxy_that_runs_may_go_on(self):
        with Slapproxy(self.configuration, self.port) as slapproxy:
            library = self.connect(slapproxy)
            format_computer(library, [partition_configuration(0)])
            self.request(library)
            # Where it listens, nobody else can.
            code, _, error = slapmaster("serve", "--slapos-cfg", self.configuration)
            self.assertEqual(code, 4, error)
            self.assertIn(":%d" % self.port, error.splitlines()[-1])
            with self.untouched(self.database):
                code, out, error = slapmaster("import-slapproxy", self.database)
                self.assertEqual(code, 0, error)
                expected = "can be imported: version %d of slapproxy's schema, 1 computer, 1 partition" % self.version()
                self.assertIn(expected, out)
            format_computer(library, [partition_configuration(number) for number in range(2)])
            self.assertEqual(len(seen(library)["partitions"]), 2)

    def test_one_that_was_never_asked_has_nothing(self):
        Slapproxy(self.configuration, self.port).close()
        self.assertEqual(os.path.getsize(self.database), 0)
        with StandIn(self.configuration) as master:
            format_computer(self.connect(master), [partition_configuration(0)])
            master.stop()
            self.assertNotIn("import", master.log())


class OldDatabases(InAFolder, MasterTestCase):
    """Every version of the schema, made by hand."""

    options = None

    def setUp(self):
        InAFolder.setUp(self)

    def check(self, version):
        file, new = database(self.path("old.db"), version), self.path("new.db")
        with self.untouched(file):
            code, out, error = slapmaster("import-slapproxy", file)
            self.assertEqual(code, 0, error)
        self.assertTrue(out.startswith("can be imported: version %d of" % version), out)
        kept = fingerprint(file)
        code, out, error = slapmaster("import-slapproxy", "--database", new, file)
        self.assertEqual((code, error), (0, ""))
        forwarded = "0 forwarded requests" if version < 11 else "1 forwarded request"
        self.assertEqual(
            out,
            "imported: version %d of slapproxy's schema, 2 computers, 7 partitions, 3 software installations, "
            "3 instance trees, 5 software instances, 2 shared instances, %s\n".replace("3 instance", "4 instance")
            % (version, forwarded),
        )
        self.assertEqual(fingerprint(file), kept)
        master = self.start(preset="slapproxy", database=new, default_computer=COMPUTER)
        self.slap = master.connect()
        told = seen(self.slap)
        local = "available" if version < 12 else "destroyed"
        self.assertEqual(told["software"], {RELEASE: "available", LOCAL_RELEASE: local})
        partitions = told["partitions"]
        self.assertEqual(sorted(partitions), ["slappart%d" % number for number in range(6)])
        self.assertEqual(partitions["slappart5"]["state"], "destroyed")
        for partition, title, state, software_type in (
            ("slappart0", "web", "started", "default"),
            ("slappart1", "db", "started", "database"),
            ("slappart2", "log", "stopped", "default"),
            ("slappart4", "old", "destroyed", "default"),
        ):
            number = int(partition[-1])
            self.assertEqual(
                partitions[partition],
                {
                    "state": state,
                    "guid": "%s-%s" % (COMPUTER, partition),
                    "addresses": [
                        ("slaptap%d" % number, "10.0.0.%d" % (number + 1)),
                        ("slaptap%d" % number, "fd00::%d" % number),
                    ],
                    "shared": [],
                    "connection": {"url": "http://%s/" % title} if title != "log" else {},
                    "parameters": {"title": title, "_": '{"é": 1}'},
                    "told": {
                        "instance_title": title,
                        "root_instance_title": "old" if title == "old" else "web",
                        "slap_computer_id": COMPUTER,
                        "slap_computer_partition_id": partition,
                        "slap_software_release_url": LOCAL_RELEASE if title == "log" else RELEASE,
                        "slap_software_type": software_type,
                    },
                },
            )
        # As today's slapproxy spells references, whatever the version did.
        child = "db_cdn"
        self.assertEqual(
            partitions["slappart3"]["shared"],
            [
                {
                    "slave_title": reference,
                    "slave_reference": reference,
                    "slap_software_type": "default",
                    "url": "https://[::1]:80/",
                }
                for reference in ("_cdn", "web_" + child)
            ],
        )
        second = seen(self.slap, "second")
        self.assertEqual(second["software"], {RELEASE: "available"})
        self.assertEqual(second["partitions"]["slappart0"]["state"], "destroyed")
        self.requested_again(version, child)

    def requested_again(self, version, child):
        order = self.slap.registerOpenOrder()
        self.assertEqual(order.request(RELEASE, "web").getId(), "slappart0")
        self.assertEqual(self.request_of("slappart0", "db", "database").getId(), "slappart1")
        self.assertEqual(self.request_of("slappart1", "log", "default", LOCAL_RELEASE).getId(), "slappart2")
        for answer in (
            order.request(RELEASE, "cdn", shared=True),
            self.request_of("slappart1", child, "default", shared=True),
        ):
            self.assertEqual(answer.getConnectionParameterDict(), {"domain": "cdn.invalid"})
        busy = [told for told in seen(self.slap)["partitions"].values() if "told" in told]
        self.assertEqual(len(busy), 5)

    def request_of(self, partition, title, software_type, release=RELEASE, **more):
        handle = self.slap.registerComputerPartition(COMPUTER, partition)
        return handle.request(release, software_type, title, **more)

    def test_version_10(self):
        self.check(10)

    def test_version_11(self):
        self.check(11)

    def test_version_12(self):
        self.check(12)

    def test_version_13(self):
        self.check(13)

    def test_version_14(self):
        self.check(14)

    def test_version_15(self):
        self.check(15)

    def test_version_16(self):
        self.check(16)

    def test_version_17(self):
        self.check(17)

    def test_version_18(self):
        self.check(18)


class Refused(InAFolder):
    """What cannot be imported is left as it is, nothing is made, and it is said what to do."""

    def refused(self, *parts, file=None, code=5):
        file = file or self.path("old.db")
        new = self.path("new.db")
        known = [file] if os.path.isfile(file) else []
        port = free_port()
        configuration, _ = write_configuration(self.folder, port)
        with open(configuration) as text:
            text = text.read().replace(self.path("slapproxy.db"), file)
        with open(configuration, "w") as out:
            out.write(text)
        with self.untouched(*known):
            results = [
                slapmaster("import-slapproxy", file),
                slapmaster("import-slapproxy", "--database", new, file),
            ]
        if known:
            kept = fingerprint(file)
            ours = self.path("ours.db")
            results.append(slapmaster("serve", "--slapos-cfg", configuration, "--database", ours))
            self.assertEqual(fingerprint(file), kept)
        for result in results:
            self.assertEqual(result[0], code, result)
            error = result[2].splitlines()[-1]
            self.assertTrue(error.startswith("error: "), error)
            for part in (file,) + parts:
                self.assertIn(part, error)

    def write(self, content):
        with open(self.path("old.db"), "wb") as file:
            file.write(content)

    def test_what_is_no_file(self):
        self.refused("cannot read", "No such file", "database_uri")
        os.mkdir(self.path("old.db"))
        self.refused("cannot read", "directory")

    def test_an_empty_file(self):
        self.write(b"")
        code, _, error = slapmaster("import-slapproxy", self.path("old.db"))
        self.assertEqual(code, 5)
        self.assertIn("is empty: no slapproxy has ever answered from it", error)

    def test_what_is_no_database(self):
        self.write(b"my shopping list")
        self.refused("it is no SQLite database")
        self.write(b"SQLite format 3\0" + b"x" * 4096)
        self.refused("is not the database of a slapproxy")

    def test_another_database(self):
        db = sqlite3.connect(self.path("old.db"))
        db.execute("CREATE TABLE partition (x)")
        db.commit()
        db.close()
        self.refused("it has no table of one")

    def test_a_database_of_ours(self):
        with Master(database=self.path("old.db")) as master:
            master.stop()
        self.refused("it is a slapmaster's, which --database takes")

    def test_versions_that_are_not_known(self):
        for version, hint in ((9, "brings it up to date"), (19, "a later slapmaster may read it")):
            path = self.path("old.db")
            if os.path.exists(path):
                os.remove(path)
            db = sqlite3.connect(path)
            db.execute("CREATE TABLE partition%d (x)" % version)
            db.commit()
            db.close()
            self.refused("has version %d of slapproxy's schema, and versions 10 to 18" % version, hint)

    def test_missing_tables_and_columns(self):
        create(self.path("old.db"), 18, without=("slave", "config")).close()
        self.refused("is not whole: there is no table `slave18`, no table `config18`")
        os.remove(self.path("old.db"))
        db = create(self.path("old.db"), 18, without=("slave",))
        db.execute("CREATE TABLE slave18 (reference)")
        db.close()
        self.refused("is not whole: no such column: computer_reference")

    def test_tables_of_two_versions(self):
        create(self.path("old.db"), 16).close()
        create(self.path("old.db"), 17).close()
        self.refused("it has tables of version 16 and of version 17")

    def test_a_truncated_file(self):
        path = database(self.path("old.db"), 18)
        size = os.path.getsize(path)
        for part in (size // 2, size - 4096, 100, 50):
            database_again = self.path("whole.db")
            if not os.path.exists(database_again):
                shutil.copy(path, database_again)
            with open(database_again, "rb") as whole:
                self.write(whole.read()[:part])
            self.refused("damaged" if part > 100 else "")

    def test_one_that_is_locked(self):
        path = database(self.path("old.db"), 18)
        with locked(path):
            self.refused("is locked by another process, which writes to it", "stop the slapproxy that uses it")

    def test_one_that_is_written_to_is_read_as_it_was(self):
        path = database(self.path("old.db"), 18)
        db = sqlite3.connect(path, isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN IMMEDIATE")
        insert(db, 18, "computer", reference="not committed")
        code, out, error = slapmaster("import-slapproxy", path)
        self.assertEqual(code, 0, error)
        self.assertIn("2 computers", out)

    def test_one_that_was_left_in_the_middle_of_a_change(self):
        """A writer that was killed leaves its journal, which only a writer can take back."""
        path = database(self.path("whole.db"), 18)
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        for number in range(2000):
            insert(db, 18, "computer", reference="x" * 500 + str(number))
        shutil.copy(path + "-journal", self.path("old.db-journal"))
        shutil.copy(path, self.path("old.db"))
        db.execute("ROLLBACK")
        db.close()
        self.refused("was left in the middle of a change", "start the slapproxy")

    def test_one_with_a_write_ahead_log(self):
        path = database(self.path("old.db"), 18)
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = WAL")
        insert(db, 18, "computer", reference="in the log")
        db.commit()
        copy = self.path("copy.db")
        shutil.copy(path, copy)
        shutil.copy(path + "-wal", copy + "-wal")
        db.close()
        self.refused("has a write-ahead log beside it", "PRAGMA journal_mode = DELETE", file=copy)
        # Closed in order, it has no log any more.
        with self.untouched(path):
            code, out, error = slapmaster("import-slapproxy", path)
        self.assertEqual(code, 0, error)
        self.assertIn("3 computers", out)

    def test_a_world_that_holds_something(self):
        path, new = database(self.path("old.db"), 18), self.path("new.db")
        self.assertEqual(slapmaster("import-slapproxy", "--database", new, path)[0], 0)
        code, _, error = slapmaster("import-slapproxy", "--database", new, path)
        self.assertEqual(code, 5)
        self.assertIn("new.db` holds a world already, which stays as it is; hint: give another path", error)

    def test_odd_rows_are_named_and_do_not_stop_the_import(self):
        path, new = database(self.path("old.db"), 18), self.path("new.db")
        db = sqlite3.connect(path)
        insert(
            db,
            18,
            "partition",
            reference="slappart6",
            computer_reference=COMPUTER,
            slap_state="busy",
            software_release=RELEASE,
            partition_reference="web",
            requested_by="web",
            requester_id="slappart0",
            requested_state="paused",
        )
        insert(db, 18, "slave", reference=b"\xff", computer_reference=COMPUTER, hosted_by="slappart9")
        db.commit()
        db.close()
        code, out, error = slapmaster("import-slapproxy", "--database", new, path)
        self.assertEqual((code, error), (0, ""))
        notes = [line for line in out.splitlines() if line.startswith("note: ")]
        self.assertEqual(len(notes), 4, out)
        for part in (
            "is not UTF-8",
            "its state `paused` is none of: started, stopped, destroyed",
            "was left out: no host lists it",
            "`web` (slappart6 on local_computer) is called `web (slappart6 on local_computer)` from now on",
        ):
            self.assertTrue(any(part in note for note in notes), (part, notes))


if __name__ == "__main__":
    main()
