"""A running ptr-admind (role sync) for the suites; ended by its pid.

    with Postgres() as pg:
        pg.migrate()
        with Admind(pg, tmp_path / "db") as admind:
            admind.wait("3 zones")      # a line of its log
"""
import signal
import subprocess
import tempfile
import time

from support.ptrd import BUILD, Client, Ptrd

TIMEOUT_S = 60


class Admind:
    started = []  # processes, for tests that fail before they stop theirs (tests/pg/conftest.py)

    def __init__(self, pg, db, **config):
        self.pg, self.db = pg, db
        self.config = pg.config(db, node=config.pop("node", "ns1"), **config)
        self._log = tempfile.TemporaryFile(mode="w+")
        self.process = None

    def start(self):
        self.process = subprocess.Popen([BUILD / "ptr-admind", "--config", self.config, "--roles", "sync"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log)
        self.started.append(self.process)
        return self

    def log(self):
        self._log.seek(0)
        text = self._log.read()
        self._log.seek(0, 2)
        return text

    def wait(self, text, count=1, timeout=TIMEOUT_S):
        end = time.monotonic() + timeout
        while self.log().count(text) < count:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, f"no `{text}` in\n{self.log()}"
            time.sleep(0.01)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(30)
            assert status == 0, self.log()

    def __enter__(self):
        self.start()
        self.wait("read ")
        return self

    def __exit__(self, *_):
        self.stop()
        self._log.close()


def eventually(check, timeout=20):
    """Until check() is true: for what another process does soon. Its last value is returned."""
    end = time.monotonic() + timeout
    while not (value := check()):
        assert time.monotonic() < end, f"not in time: {check()}"
        time.sleep(0.005)
    return value


class Node:
    """ptr-admind and ptrd over one store; names() asks ptrd for the contents of one RRset."""

    def __init__(self, pg, db, **config):
        self.admind = Admind(pg, db, **config)
        self.ptrd = None

    def __enter__(self):
        self.admind.__enter__()
        self.ptrd = Ptrd(self.admind.db)
        self.client = Client(self.ptrd.socket)
        return self

    def names(self, qname, qtype):
        rows = self.client.lookup(qname, qtype) or []
        dot = "." if qtype in ("PTR", "CNAME", "NS") else ""  # ptrd writes names without the final dot
        return sorted(r["content"] + dot for r in rows if r["qtype"] == qtype)

    def ttl(self, qname, qtype):
        return min(r["ttl"] for r in self.client.lookup(qname, qtype) if r["qtype"] == qtype)

    def serial(self, zone):
        return int(self.names(zone, "SOA")[0].split()[2])

    def __exit__(self, *_):
        self.client.close()
        self.ptrd.stop()
        self.admind.__exit__()
