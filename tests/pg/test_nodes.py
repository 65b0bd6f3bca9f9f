"""The cluster: what nodes say of themselves, `ptrctl status`, `ptrctl wait`."""
import json
import random
import subprocess
import threading
import time

import pytest

from support.admind import Admind, Node, eventually
from support.ptrd import BUILD, run


def ptrctl(pg, *words):
    return subprocess.run([BUILD / "ptrctl", words[0], "--database", pg.conninfo, *map(str, words[1:])],
                          capture_output=True, text=True, timeout=60)


def status(pg):
    done = ptrctl(pg, "status", "--json")
    assert done.returncode == 0, done.stderr
    top = json.loads(done.stdout)
    return {n["name"]: n for n in top["nodes"]}, top["quarantine"]


def put(db, n, target="x.isp.example"):
    return db.execute("INSERT INTO ptrd.ptr VALUES (%s, %s) RETURNING pg_current_xact_id()::text",
                      (f"198.51.100.{n}", target)).fetchone()[0]


@pytest.mark.parametrize("xmin, runs", [(1000, ""), (1000, "[1000,1005)"), (1000, "[1002,1005),[1009,1010)"),
                                        (1000, "[1001,1002),[1003,1004),[1020,2000)"), (None, "")])
def test_the_predicate(pg, xmin, runs):
    """Applied is what ended before xmin and what is in a run, whatever lies beside it."""
    pg.execute("INSERT INTO ptrd.node (name, version, cursor_xmin, history, applied) VALUES ('n', '0', %s::text::xid8,"
               " ptrd.history(), ('{' || %s || '}')::int8multirange)", (xmin and str(xmin), runs))
    within = {x for run in runs.split("),") if run for x in range(*map(int, run.strip("[)").split(",")))}
    rows = pg.execute("SELECT x, ptrd.has_applied(n, x::text::xid8) FROM ptrd.node n, generate_series(990, 2010) x")
    assert {x for x, applied in rows if applied} == ({x for x in range(990, 1000)} | within if xmin else set())
    pg.execute("UPDATE ptrd.node SET history = '1/2/3'")
    assert pg.execute("SELECT count(*) FROM ptrd.node n, generate_series(3, 2010) x WHERE ptrd.has_applied(n, x::text::xid8)") \
        == [(0,)]


def test_two_nodes_one_stopped(pg, tmp_path):
    with Admind(pg, tmp_path / "two", node="ns2") as two, Node(pg, tmp_path / "one", node="ns1") as one, pg.connect() as db:
        eventually(lambda: len(status(pg)[0]) == 2)
        change = put(db, 130)
        done = ptrctl(pg, "wait", change)
        assert (done.returncode, done.stdout) == (0, f"change {change} is live on 2 of 2 nodes\n"), done.stderr
        assert one.names("130.100.51.198.in-addr.arpa.", "PTR") == ["x.isp.example."]
        nodes, _ = status(pg)
        assert [n["state"] for n in nodes.values()] == ["current", "current"]
        two.stop()
        change = put(db, 131)
        done = ptrctl(pg, "wait", change, "--nodes", 1)
        assert (done.returncode, done.stdout) == (0, f"change {change} is live on 1 of 2 nodes\n")
        done = ptrctl(pg, "wait", change, "--timeout-s", 1)
        assert done.returncode == 1
        assert "live on 1 of 2 nodes after 1 s; behind: ns2\n" in done.stderr
        nodes, _ = status(pg)
        assert (nodes["ns1"]["state"], nodes["ns2"]["state"]) == ("current", "behind")
        assert nodes["ns2"]["changes"] == 1 and nodes["ns2"]["lag_ms"] >= 1000
        pg.execute("UPDATE ptrd.node SET seen_at = now() - interval '100 s' WHERE name = 'ns2'")
        assert status(pg)[0]["ns2"]["state"] == "unreported"
        assert "behind: ns2 (not heard of for 10" in ptrctl(pg, "wait", change, "--timeout-s", 1).stderr
        two.start()
        done = ptrctl(pg, "wait", change)
        assert done.returncode == 0, done.stderr
        assert status(pg)[0]["ns2"]["changes"] == 0
        table = run("ptrctl", "status", "--config", one.admind.config).stdout
        assert table.splitlines()[0].split()[:3] == ["NODE", "STATE", "CHANGES"]
        assert [line.split()[:3] for line in table.splitlines()[1:3]] == [["ns1", "current", "0"], ["ns2", "current", "0"]]


def test_inverted_commit_order(pg, tmp_path):
    """That a later transaction is applied says nothing of an earlier one that is open."""
    with Node(pg, tmp_path / "db") as node, pg.connect() as db, pg.connect(autocommit=False) as early:
        first = put(early, 140, "early.isp.example")
        second = put(db, 141)
        assert int(first) < int(second)
        assert ptrctl(pg, "wait", second).returncode == 0
        done = ptrctl(pg, "wait", first, "--timeout-s", 1)
        assert (done.returncode, done.stderr) == (1, f"ptrctl: transaction {first} is still open after 1 s\n")
        assert not pg.execute("SELECT ptrd.has_applied(n, %s::xid8) FROM ptrd.node n", (first,))[0][0]
        early.commit()
        assert ptrctl(pg, "wait", first).returncode == 0
        assert node.names("140.100.51.198.in-addr.arpa.", "PTR") == ["early.isp.example."]
        assert node.admind.log().count("read ") == 1


def test_what_cannot_be_waited_for(pg, tmp_path):
    with pg.connect() as db, pg.connect(autocommit=False) as other:
        gone = put(other, 150)
        other.rollback()
        done = ptrctl(pg, "wait", gone)
        assert (done.returncode, done.stderr) == (1, f"ptrctl: transaction {gone} was rolled back\n")
        nothing = db.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
        assert "changed nothing that is answered" in ptrctl(pg, "wait", nothing).stdout
        assert "in the future" in ptrctl(pg, "wait", int(nothing) + 10**6).stderr
        done = ptrctl(pg, "wait", put(db, 151), "--timeout-s", 1)
        assert done.returncode == 1
        assert done.stderr.endswith(" is live on 0 of 0 nodes after 1 s\n")
    for words in ["x"], ["7", "--nodes", "0"], ["7", "8"], []:
        assert ptrctl(pg, "wait", *words).returncode == 2
    assert run("ptrctl", "status", check=False).returncode == 2


def test_a_change_that_is_called_live_is_answered(pg, tmp_path):
    """At random, with transactions that are open for long: what has_applied says is in the store."""
    with Node(pg, tmp_path / "db") as node, pg.connect() as db, pg.connect() as look:
        stop = threading.Event()

        def disturb():
            r = random.Random(1)
            with pg.connect(autocommit=False) as long:
                while not stop.is_set():
                    put(long, 250, f"t{r.randrange(10**9)}.isp.example")
                    time.sleep(r.random() * 0.05)
                    long.commit()

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            for i in range(40):
                change = db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.200', %s) ON CONFLICT DO NOTHING"
                                    " RETURNING pg_current_xact_id()::text", (f"h{i}.isp.example",)).fetchone()[0]
                eventually(lambda: look.execute("SELECT ptrd.has_applied(n, %s::xid8) FROM ptrd.node n", (change,)).fetchone()[0])
                assert f"h{i}.isp.example." in node.names("200.100.51.198.in-addr.arpa.", "PTR")
        finally:
            stop.set()
            thread.join()


def test_status_names_what_is_quarantined_and_why_a_node_does_not_follow(pg, tmp_path):
    with Admind(pg, tmp_path / "db") as admind, pg.connect() as db:
        db.execute("INSERT INTO ptrd.ptr VALUES ('203.0.113.9', 'x.isp.example')")
        rows = eventually(lambda: status(pg)[1])
        assert [(r["relation"], r["key"]) for r in rows] == [("ptr", "203.0.113.9 x.isp.example")]
        assert "203.0.113.9 x.isp.example: " in ptrctl(pg, "status").stdout
        db.execute("DELETE FROM ptrd.ptr WHERE address = '203.0.113.9'")
        eventually(lambda: status(pg)[1] == [])
        db.execute("ALTER TABLE ptrd.ptr RENAME TO away")
        try:
            db.execute("SELECT ptrd.log_all_zones('all')")
            assert "away" not in eventually(lambda: status(pg)[0]["ns1"]["error"])
            assert "ns1 does not follow: PostgreSQL" in ptrctl(pg, "status").stdout
        finally:
            db.execute("ALTER TABLE ptrd.away RENAME TO ptr")
        eventually(lambda: status(pg)[0]["ns1"]["error"] is None)
        assert admind.process.poll() is None


def test_a_powerdns_that_does_not_forget_is_named(pg, tmp_path):
    socket = tmp_path / "none"
    with Admind(pg, tmp_path / "db", pdns=f"[{{control: {socket}}}]"), pg.connect() as db:
        assert ptrctl(pg, "wait", put(db, 160)).returncode == 0
        assert str(socket) in eventually(lambda: status(pg)[0]["ns1"]["flush_error"])
        assert f"ns1: PowerDNS keeps old answers: {socket}: " in ptrctl(pg, "status").stdout
