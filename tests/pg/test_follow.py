"""The follow loop: no committed change is missed and none is seen twice, in whatever order transactions commit."""
import os
import random
import subprocess
import threading
import time

import psycopg
import pytest

from support.postgres import Postgres
from support.ptrd import BUILD

LONG = os.environ.get("PTRD_TEST_LONG") == "1"


@pytest.fixture(scope="module")
def server():
    with Postgres() as pg:
        pg.migrate()
        pg.execute("CREATE DATABASE other")
        yield pg


@pytest.fixture
def pg(server):
    server.execute("TRUNCATE ptrd.ptr")
    return server


class Probe:
    """tests/pg/follow_probe.c: step() gives the addresses that are new."""

    def __init__(self, pg, cursor=None):
        self.process = subprocess.Popen(
            [BUILD / "tests" / "pg_follow_probe", pg.conninfo, *([cursor] if cursor else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._read() == []

    def _read(self):
        lines = []
        while not (line := self.process.stdout.readline()).startswith("= "):
            assert line, self.process.stderr.read()
            if line.startswith("rows "):
                self.rows = int(line.split()[1])
            else:
                lines.append(line.strip())
        _, self.cursor, runs = line.split()
        self.runs = int(runs)
        return lines

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._read()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def put(db, address, target="a.example"):
    db.execute("INSERT INTO ptrd.ptr (address, target) VALUES (%s, %s)", (address, target))


def test_commits_in_inverted_order(pg):
    with pg.connect(autocommit=False) as first, pg.connect(autocommit=False) as second, Probe(pg) as probe:
        put(first, "192.0.2.1")
        put(second, "192.0.2.2")
        assert probe.step() == []
        second.commit()
        assert probe.step() == ["192.0.2.2"]
        assert probe.step() == []
        first.commit()
        assert probe.step() == ["192.0.2.1"]
        assert probe.step() == []


def test_a_long_transaction_is_not_waited_for_and_not_missed(pg):
    with pg.connect(autocommit=False) as long, pg.connect() as db, Probe(pg) as probe:
        put(long, "192.0.2.250")
        for i in range(1, 60):
            put(db, f"192.0.2.{i}")
            assert probe.step() == [f"192.0.2.{i}"]
            put(long, f"198.51.100.{i}")
        assert probe.runs <= 2
        long.commit()
        assert sorted(probe.step()) == sorted(["192.0.2.250", *(f"198.51.100.{i}" for i in range(1, 60))])
        assert probe.step() == []


def test_a_transaction_in_another_database_holds_nothing_back(pg):
    other = psycopg.connect(pg.conninfo.replace("dbname=postgres", "dbname=other"))
    with other, pg.connect() as db, Probe(pg) as probe:
        other.execute("SELECT pg_current_xact_id()")
        for i in range(1, 30):
            put(db, f"192.0.2.{i}")
            assert probe.step() == [f"192.0.2.{i}"]
        assert probe.runs <= 2
        other.rollback()
        put(db, "192.0.2.99")
        assert probe.step() == ["192.0.2.99"]


def test_rollbacks_and_savepoints(pg):
    with pg.connect(autocommit=False) as a, pg.connect() as db, Probe(pg) as probe:
        put(a, "192.0.2.1")
        a.rollback()
        assert probe.step() == []
        put(a, "192.0.2.2")
        a.execute("SAVEPOINT s")
        put(a, "192.0.2.3")
        a.execute("ROLLBACK TO s")
        a.execute("SAVEPOINT t")
        put(a, "192.0.2.4")
        a.execute("RELEASE t")
        put(db, "192.0.2.5")
        assert probe.step() == ["192.0.2.5"]
        a.commit()
        assert probe.step() == ["192.0.2.2", "192.0.2.4"]
        assert probe.step() == []


def test_a_prepared_transaction_is_seen_when_it_commits(server):
    with Postgres(settings={"max_prepared_transactions": 5}) as pg:
        pg.migrate()
        with pg.connect(autocommit=False) as a, pg.connect() as db, Probe(pg) as probe:
            # NOTIFY cannot be part of a prepared transaction: the server says so instead of losing it
            put(a, "192.0.2.1")
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                a.execute("PREPARE TRANSACTION 'x'")
            a.rollback()
            put(db, "192.0.2.2")
            assert probe.step() == ["192.0.2.2"]


def test_the_cursor_survives_a_restart(pg):
    with pg.connect(autocommit=False) as late, pg.connect() as db:
        with Probe(pg) as probe:
            put(late, "192.0.2.1")
            put(db, "192.0.2.2")
            assert probe.step() == ["192.0.2.2"]
            cursor = probe.cursor
        put(db, "192.0.2.3")
        late.commit()
        with Probe(pg, cursor) as probe:
            assert probe.step() == ["192.0.2.1", "192.0.2.3"]


def test_a_statement_is_one_row_whatever_its_size(pg):
    with pg.connect() as db, Probe(pg) as probe:
        db.execute("INSERT INTO ptrd.ptr (address, target)"
                   " SELECT '10.0.0.0'::inet + n, 'a.example' FROM generate_series(0, 4999) n")
        assert len(probe.step()) == 5000
        assert probe.rows == 5
        db.execute("UPDATE ptrd.ptr SET ttl = 60 WHERE address <<= '10.0.0.0/25'")
        assert len(probe.step()) == 128
        assert probe.rows == 1
        db.execute("UPDATE ptrd.ptr SET ttl = 60 WHERE false")
        assert probe.step() == []
        assert probe.rows == 0


def writer(pg, seed, expected, lock, stop):
    """Transactions of every length and end; what committed is counted in expected[address]."""
    r = random.Random(seed)
    with pg.connect(autocommit=False) as db:
        while not stop.is_set():
            done = []
            for _ in range(r.randrange(1, 6)):
                n = r.randrange(1, 200)
                # each writer has rows of its own: nobody waits for a row
                address = f"10.0.{seed}.{n}"
                if r.random() < 0.2:
                    db.execute("SAVEPOINT s")
                db.execute("INSERT INTO ptrd.ptr (address, target) VALUES (%s, 'a.example')"
                           " ON CONFLICT (address, target) DO UPDATE SET ttl = coalesce(ptr.ttl, 0) + 1", (address,))
                done.append(address)
                if r.random() < 0.1:
                    time.sleep(r.random() * 0.02)
            if r.random() < 0.25:
                db.rollback()
                continue
            marks = ",".join(sorted(done))
            db.execute("INSERT INTO marks VALUES (%s)", (marks,))
            db.commit()
            with lock:
                expected.append(marks)
            if r.random() < 0.05:
                time.sleep(r.random() * 0.1)


@pytest.mark.parametrize("seed", range(100 if LONG else 3))
def test_many_writers_at_random(pg, seed):
    """Every committed transaction's addresses are told exactly once for each row of the log that names them."""
    pg.execute("CREATE TABLE IF NOT EXISTS marks (addresses text)")
    expected, lock, stop, seen = [], threading.Lock(), threading.Event(), []
    told = {}
    with Probe(pg) as probe:
        base = pg.execute("SELECT coalesce(max(id), 0) FROM ptrd.change")[0][0]
        threads = [threading.Thread(target=writer, args=(pg, seed * 8 % 200 + i, expected, lock, stop)) for i in range(6)]
        for t in threads:
            t.start()
        end = time.monotonic() + (3 if LONG else 1.5)
        rows = 0
        while time.monotonic() < end:
            seen.append(probe.step())
            rows += probe.rows
        stop.set()
        for t in threads:
            t.join()
        seen.append(probe.step())
        rows += probe.rows
    for step in seen:
        for address in step:
            told[address] = told.get(address, 0) + 1
    changed = {a for marks in expected for a in marks.split(",")}
    assert set(told) == changed
    # nothing twice: as many rows were read as were committed
    assert rows == pg.execute("SELECT count(*) FROM ptrd.change WHERE id > %s", (base,))[0][0]
    assert len(expected) > 50
