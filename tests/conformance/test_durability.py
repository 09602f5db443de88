"""What was answered is on disk: killed in the middle of writes, nothing acknowledged is missing."""

import os
import tempfile
import threading
import time

from slapos.util import dumps

from support import (
    COMPUTER,
    RELEASE,
    Master,
    MasterTestCase,
    computer_configuration,
    main,
    partition_configuration,
)

CYCLES = 4
WRITERS = 4
WRITING_S = 0.5


class Writer(threading.Thread):
    """A client that writes until the server is gone, and remembers the last thing acknowledged of each kind."""

    def __init__(self, number, url):
        super().__init__(daemon=True)
        self.number = number
        self.title = "web %d" % number
        self.url = url
        self.acknowledged = 0
        self.parameters = None
        self.connection = None
        self.supplied = set()
        self.guid = None
        self.unexpected = None

    def run(self):
        import slapos.slap

        library = slapos.slap.slap()
        try:
            library.initializeConnection(self.url)
            count = 0
            while True:
                count += 1
                value = "%d-%d" % (os.getpid(), time.monotonic_ns())
                asked = library.registerOpenOrder().request(
                    RELEASE, self.title, partition_parameter_kw={"value": value}
                )
                self.parameters = value
                self.guid = asked.getInstanceGuid()
                self.acknowledged += 1
                library.registerComputerPartition(asked._computer_id, asked.getId()).setConnectionDict({"value": value})
                self.connection = value
                self.acknowledged += 1
                if count % 5 == 0:
                    url = "release-%d-%s" % (self.number, value)
                    library.registerSupply().supply(url, COMPUTER)
                    self.supplied.add(url)
                    self.acknowledged += 1
        except slapos.slap.ConnectionError:
            pass
        except Exception as error:
            # A connection cut in the middle of an answer is as good as one that was refused.
            if "Connection" not in type(error).__name__ and "Chunked" not in type(error).__name__:
                self.unexpected = error


class Durability(MasterTestCase):
    """A database that outlives its server."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = os.path.join(folder.name, "slapmaster.db")
        self.options = {"database": self.database}
        super().setUp()

    def restart(self):
        self.master = self.start(database=self.database)
        self.slap = self.master.connect()

    def test_nothing_acknowledged_is_missing_after_a_kill(self):
        self.format(count=WRITERS)
        supplied = set()
        for cycle in range(CYCLES):
            writers = [Writer(number, self.master.url) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            time.sleep(WRITING_S)
            self.master.kill()
            for writer in writers:
                writer.join(timeout=30)
                self.assertIsNone(writer.unexpected)
                self.assertGreater(writer.acknowledged, 0, "nothing was written: the test shows nothing")
                supplied |= writer.supplied
            self.restart()
            told = {}
            for partition in self.partitions().values():
                if partition.getState() == "started":
                    told[partition.getInstanceParameter("instance_title")] = partition
            for writer in writers:
                partition = told[writer.title]
                self.assertEqual(partition.getInstanceGuid(), writer.guid)
                # The one write that was under way may have been carried out too, never an earlier one lost.
                self.assertGreaterEqual(moment(partition.getInstanceParameter("value")), moment(writer.parameters))
                published = partition.getConnectionParameterDict().get("value")
                if writer.connection is not None:
                    self.assertGreaterEqual(moment(published), moment(writer.connection))
            self.assertLessEqual(supplied, set(self.releases()))

    def test_everything_survives_a_kill_and_a_stop(self):
        self.format(count=4)
        self.supply()
        self.release().available()
        web = self.request("web", partition_parameter_kw={"é": "<&>"})
        db = self.request_child(web, "db")
        self.request_child(web, "site", shared=True, partition_parameter_kw={"k": "v"})
        self.handle(db).setConnectionDict({"url": "u"})
        self.handle(db).started()
        self.handle(web).error("broken")
        before, status = self.information(), self.partition_status(web)
        self.master.kill()
        self.restart()
        self.assertEqual(self.information(), before)
        self.assertEqual(self.partition_status(web), status)
        self.assertEqual(self.master.stop(), 0)
        self.restart()
        self.assertEqual(self.information(), before)
        # Timestamps go on growing, references are not handed out again.
        again = self.request("another")
        self.assertNotIn(again.getInstanceGuid().encode() + b"<", before)
        self.assertGreater(again.timestamp, max(self.timestamps(web, db)))

    def test_a_second_server_on_the_same_database_is_refused(self):
        self.format()
        before = self.information()
        with self.assertRaises(AssertionError):
            Master(database=self.database).close()
        self.assertEqual(self.information(), before)

    def test_a_file_of_another_kind_is_refused_and_left_alone(self):
        other = self.database + ".txt"
        content = b"this is a letter, not a database" * 100
        with open(other, "wb") as file:
            file.write(content)
        with self.assertRaises(AssertionError):
            Master(database=other).close()
        with open(other, "rb") as file:
            self.assertEqual(file.read(), content)

    def test_a_configuration_is_all_or_nothing(self):
        """A large format is killed at some moment: the node sees all of its partitions, or none."""
        partitions = [partition_configuration(number) for number in range(300)]
        configuration = dumps(computer_configuration("COMP-2", partitions))
        for delay in (0.0, 0.005, 0.02):
            thread = threading.Thread(target=self.try_to_format, args=(configuration,))
            thread.start()
            time.sleep(delay)
            self.master.kill()
            thread.join()
            self.restart()
            answer = self.master.get("getFullComputerInformation", computer_id="COMP-2")
            if answer.status == 200:
                self.assertEqual(len(self.partitions("COMP-2")), 300)
            else:
                self.assert_status(404, answer)

    def try_to_format(self, configuration):
        try:
            self.slap.registerComputer("COMP-2").updateConfiguration(configuration)
        except Exception:
            pass


def moment(value):
    return int(value.split("-")[1])


if __name__ == "__main__":
    main()
