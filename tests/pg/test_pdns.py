"""A change made in SQL, seen as a DNS answer through the real pdns_server."""
import pytest

from support.admind import Admind, eventually
from support.pdns import NO_ANSWER_CACHE, Pdns, rcode, rows
from support.ptrd import Ptrd
from support.sample_sql import ZONE

LONG_CACHES = {"cache-ttl": 86400, "query-cache-ttl": 86400, "negquery-cache-ttl": 86400,
               "zone-cache-refresh-interval": 86400}
MODES = {"no caches": {**NO_ANSWER_CACHE, "zone-cache-refresh-interval": 0}, "caches, flushed": LONG_CACHES}


@pytest.mark.parametrize("mode", MODES)
def test_changes_are_answered(pg, tmp_path, mode):
    with Admind(pg, tmp_path / "db"):
        pass
    with Ptrd(tmp_path / "db") as ptrd, Pdns(ptrd.socket, MODES[mode]) as pdns, pg.connect() as db:
        flush = {"pdns": f"[{{control: {pdns.dir}/pdns.controlsocket}}]"} if mode == "caches, flushed" else {}
        admind = Admind(pg, tmp_path / "db", **flush).start()
        admind.wait("connected")

        def answers(name, qtype, *contents):
            """Soon; the old answer was asked for before, and is in the caches."""
            try:
                eventually(lambda: rows(pdns.ask(name, qtype)) == sorted((qtype, c) for c in contents))
            except AssertionError as e:
                raise AssertionError(f"{name} {qtype}: {rows(pdns.ask(name, qtype))}\n{admind.log()}") from e

        reverse, forward = "200.100.51.198.in-addr.arpa.", "198-51-100-200.dyn.isp.example."
        answers(reverse, "PTR", forward)
        answers("new.isp.example.", "A")
        db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.200', 'new.isp.example')")
        answers(reverse, "PTR", "new.isp.example.")
        answers("new.isp.example.", "A", "198.51.100.200")
        db.execute("UPDATE ptrd.ptr SET target = 'other.isp.example' WHERE address = '198.51.100.200'")
        answers(reverse, "PTR", "other.isp.example.")
        answers("new.isp.example.", "A")
        answers("other.isp.example.", "A", "198.51.100.200")
        db.execute("DELETE FROM ptrd.ptr WHERE address = '198.51.100.200'")
        answers(reverse, "PTR", forward)
        answers("other.isp.example.", "A")
        # a block
        assert rcode(pdns.ask("h198-51-100-200.dyn.isp.example.", "A")) == "NXDOMAIN"
        db.execute("UPDATE ptrd.block SET name = 'h{ip}.dyn.isp.example' WHERE prefix = '198.51.100.0/24'")
        answers(reverse, "PTR", "h" + forward)
        answers("h" + forward, "A", "198.51.100.200")
        answers(forward, "A")
        # a zone
        assert rcode(pdns.ask("1.113.0.203.in-addr.arpa.", "PTR")) == "REFUSED"
        db.execute("INSERT INTO ptrd.ptr VALUES ('203.0.113.1', 'far.example')")
        db.execute(ZONE.format(what="prefix", value="203.0.113.0/24", auto="false"))
        answers("1.113.0.203.in-addr.arpa.", "PTR", "far.example.")
        db.execute("DELETE FROM ptrd.zone WHERE prefix = '203.0.113.0/24'")
        eventually(lambda: rcode(pdns.ask("1.113.0.203.in-addr.arpa.", "PTR")) == "REFUSED")
        admind.stop()
