"""The change log does not grow for ever: nodes forget what is old, in steps, and lose nothing by it."""
import re
import time

import pytest

from support.admind import Admind, Node, eventually
from support.ptrd import run
from support.sample_sql import fill

INSERT = "INSERT INTO ptrd.ptr VALUES (%s, %s)"


@pytest.fixture
def pg(server):
    server.execute("TRUNCATE ptrd.change")
    server.execute("UPDATE ptrd.log_state SET upkept_at = '-infinity'")
    return fill(server)


def age(pg, interval):
    """Everything in the log happened that much earlier."""
    pg.execute("UPDATE ptrd.change SET at = at - %s::interval", (interval,))


def rows(pg):
    return pg.execute("SELECT count(*) FROM ptrd.change")[0][0]


def upkeep(db, older_than="0 s", every="0 s", most=1000):
    value = db.execute("SELECT ptrd.upkeep(%s, %s, %s)", (older_than, every, most))
    return value[0][0] if isinstance(value, list) else value.fetchone()[0]


def serials(pg):
    return dict(pg.execute("SELECT name, serial FROM ptrd.zone_serial"))


def test_a_running_node_forgets_what_is_old_and_goes_on_following(pg, tmp_path):
    with Node(pg, tmp_path / "db", keep_changes_h=2, upkeep_s=1) as node:
        pg.execute(INSERT, ("198.51.100.201", "a.isp.example"))
        eventually(lambda: node.names("201.100.51.198.in-addr.arpa.", "PTR") == ["a.isp.example."])
        age(pg, "90 min")
        before = rows(pg)
        upkept = pg.execute("SELECT upkept_at FROM ptrd.log_state")[0][0]
        eventually(lambda: pg.execute("SELECT upkept_at > %s FROM ptrd.log_state", (upkept,))[0][0])
        assert rows(pg) == before > 0
        age(pg, "40 min")
        before = serials(pg)
        eventually(lambda: rows(pg) == 0)
        assert serials(pg) == before
        # what comes after is followed, and nothing is read anew
        pg.execute(INSERT, ("198.51.100.202", "b.isp.example"))
        eventually(lambda: node.names("202.100.51.198.in-addr.arpa.", "PTR") == ["b.isp.example."])
        assert node.serial("100.51.198.in-addr.arpa.") == serials(pg)["100.51.198.in-addr.arpa"]
        assert node.admind.log().count("read ") == 1


def test_a_node_that_was_away_for_longer_reads_all(pg, tmp_path):
    with Admind(pg, tmp_path / "away", node="away"):
        pass
    pg.execute(INSERT, ("198.51.100.203", "c.isp.example"))
    age(pg, "3 h")
    with Admind(pg, tmp_path / "db", keep_changes_h=2, upkeep_s=1):
        eventually(lambda: rows(pg) == 0)
    with Admind(pg, tmp_path / "away", node="away") as admind:
        assert "does not lead on" in admind.log()
    assert "c.isp.example" in run("ptrctl", "dump", "--db", tmp_path / "away").stdout


def test_it_goes_in_steps_and_ends(pg):
    for i in range(25):
        pg.execute(INSERT, (f"198.51.100.{100 + i}", "s.isp.example"))
    before, all_rows = serials(pg), rows(pg)
    steps = [upkeep(pg, most=10)]
    while steps[-1] == 1:
        left = rows(pg)
        assert serials(pg) == before
        steps.append(upkeep(pg, most=10))
        assert left - rows(pg) <= 10
    assert steps[-1] == 0
    assert len(steps) >= all_rows // 10
    # what was not counted when it began stays for one time more
    while upkeep(pg, most=10) == 1:
        pass
    assert rows(pg) == 0
    assert serials(pg) == before


def test_a_transaction_larger_than_a_step_is_counted_and_forgotten_whole(pg):
    while upkeep(pg) == 1 or rows(pg):
        pass
    with pg.connect(autocommit=False) as db:
        for i in range(7):
            db.execute(INSERT, (f"198.51.100.{100 + i}", "s.isp.example"))
        db.commit()
    before = serials(pg)
    for _ in range(20):
        if upkeep(pg, most=2) == 0 and rows(pg) == 0:
            break
        assert rows(pg) in (7, 0)
        assert serials(pg) == before
    assert rows(pg) == 0


def test_a_change_that_was_open_for_longer_than_changes_are_kept_still_reaches_the_nodes(pg, tmp_path):
    with Node(pg, tmp_path / "db", upkeep_s=86400) as node, pg.connect(autocommit=False) as slow:
        slow.execute(INSERT, ("198.51.100.204", "slow.isp.example"))
        for i in range(3):
            pg.execute(INSERT, (f"198.51.100.{210 + i}", "fast.isp.example"))
        age(pg, "30 days")  # of what is committed
        assert upkeep(pg, "1 day") == 0
        assert rows(pg) >= 3, "nothing beyond an open transaction is forgotten"
        node.admind.kill()
        slow.commit()
        assert upkeep(pg, "1 day") == 0  # the log was not looked after since its end: it stays
        node.admind.start()
        eventually(lambda: node.names("204.100.51.198.in-addr.arpa.", "PTR") == ["slow.isp.example."])
        assert "does not lead on" not in node.admind.log()
        assert upkeep(pg, "1 day") == 0
        assert rows(pg) == 0


def test_one_at_a_time_and_not_more_often_than_said(pg):
    assert upkeep(pg, "7 days", "60 s") == 0
    assert upkeep(pg, "7 days", "60 s") is None
    pg.execute("UPDATE ptrd.log_state SET upkept_at = now() + '1 day'")  # the clock was set back
    with pg.connect(autocommit=False) as one:
        assert upkeep(one, "7 days", "60 s") == 0
        assert pg.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(1,)]
        assert upkeep(pg) is None
        one.rollback()


def test_it_is_in_nobodys_way(pg):
    """A writer that holds a zone's row is not waited for, nor made to fail."""
    pg.execute(INSERT, ("198.51.100.205", "w.isp.example"))
    with pg.connect(autocommit=False) as writer:
        writer.execute("UPDATE ptrd.zone SET ttl = 77 WHERE name = 'isp.example'")
        writer.execute("UPDATE ptrd.zone SET ttl = 77 WHERE prefix = '198.51.100.0/24'")
        start = time.monotonic()
        assert upkeep(pg) is None
        assert time.monotonic() - start < 3
        writer.commit()
    before = serials(pg)
    assert upkeep(pg) == 0
    assert serials(pg) == before


def test_without_the_right_to_it_the_node_follows_all_the_same(pg, tmp_path):
    pg.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ptrd TO reader;"
               "GRANT SELECT ON ALL TABLES IN SCHEMA ptrd TO reader;"
               "GRANT INSERT, UPDATE, DELETE ON ptrd.node, ptrd.quarantine TO reader")
    try:
        admind = Admind(pg, tmp_path / "db", upkeep_s=1)
        text = admind.config.read_text()
        admind.config.write_text(re.sub("user=postgres", "user=reader", text))
        with admind:
            admind.wait("cannot look after the change log: PostgreSQL: upkeep of the change log: permission denied")
            pg.execute(INSERT, ("198.51.100.206", "r.isp.example"))
            eventually(lambda: "r.isp.example" in run("ptrctl", "dump", "--db", tmp_path / "db").stdout)
            assert admind.log().count("cannot look after") == 1
    finally:
        pg.execute("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.parametrize("key, value", [("keep-changes-h", 0), ("keep-changes-h", 87601), ("upkeep-s", 0), ("upkeep-s", "1 h")])
def test_a_wrong_setting_is_told(tmp_path, key, value):
    config = tmp_path / "admind.yaml"
    config.write_text(f"db: {tmp_path}/db\npostgres: dbname=none\n{key}: {value}\n")
    done = run("ptr-admind", "--config", config, check=False)
    assert done.returncode == 1
    assert key in done.stderr
