"""A hot standby as the source: it names no running transactions and tells nobody of changes."""
import pytest

from support.admind import Admind, Node, eventually
from support.postgres import Postgres
from support.ptrd import run
from support.sample_sql import fill


@pytest.fixture
def pair():
    with Postgres() as primary:
        primary.migrate()
        fill(primary)
        with primary.standby() as standby:
            yield primary, standby


def rev4(n):
    return f"{n}.100.51.198.in-addr.arpa."


def put(db, n):
    db.execute("INSERT INTO ptrd.ptr VALUES (%s, %s)", (f"198.51.100.{n}", f"h{n}.isp.example"))


def dump(db):
    return run("ptrctl", "dump", "--db", db).stdout


def test_late_commits_and_promotion(pair, tmp_path):
    primary, standby = pair
    with primary.connect(autocommit=False) as early, primary.connect(autocommit=False) as late:
        put(early, 130)  # runs while the first load is made
        put(late, 131)
        with Node(standby, tmp_path / "db", poll_ms=20, idle_ms=50) as node, primary.connect() as db:
            for n in range(140, 160):
                put(db, n)
                if n == 150:
                    early.commit()
            eventually(lambda: node.names(rev4(159), "PTR") == ["h159.isp.example."])
            eventually(lambda: node.names(rev4(130), "PTR") == ["h130.isp.example."])
            assert node.names(rev4(131), "PTR") == ["198-51-100-131.dyn.isp.example."]
            late.commit()
            eventually(lambda: node.names(rev4(131), "PTR") == ["h131.isp.example."])
            assert node.admind.log().count("read ") == 1
            with Admind(primary, tmp_path / "other", node="other"):
                pass
            eventually(lambda: dump(tmp_path / "db") == dump(tmp_path / "other"))
            # idle: one statement each time, and nothing for the store
            primary.stop()
            standby.promote()
            put_after = "INSERT INTO ptrd.ptr VALUES ('198.51.100.199', 'after.isp.example')"
            standby.execute(put_after)
            eventually(lambda: node.names(rev4(199), "PTR") == ["after.isp.example."])
            node.admind.wait("reading all")
