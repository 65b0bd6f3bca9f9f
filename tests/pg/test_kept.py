"""A change of anything but overrides: the same store as by reading everything, without reading the overrides."""
import difflib
import os
import random
import re
import time

import pytest

from support.admind import Admind, Node, eventually
from support.ptrd import Client, Ptrd, run
from support.sample_sql import ZONE, fill

LONG = os.environ.get("PTRD_TEST_LONG") == "1"

MORE = [
    ZONE.format(what="name", value="sub.isp.example", auto="false"),
    ZONE.format(what="name", value="other.example", auto="false"),
    ZONE.format(what="prefix", value="203.0.113.0/24", auto="true"),
]
TARGETS = [f"{name}.{zone}" for name in ("mail", "a", "b", "x.sub") for zone in
           ("isp.example", "other.example", "late.example", "sub.isp.example")]
ADDRESSES = [f"{net}.{n}" for net in ("198.51.100", "203.0.113", "192.0.2") for n in (1, 2, 3, 65, 66, 130)]


@pytest.fixture
def pg(server):
    return fill(server, MORE)


def dump(db):
    return run("ptrctl", "dump", "--db", db).stdout


def reverse(address):
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa."


def comparable(db):
    """Serials with it, but of the zones that come and go: a store keeps their serial, the database does not."""
    return re.sub(r'(name: "(?:late\.example|2\.0\.192\.in-addr\.arpa)\."\n +serial:) \d+', r"\1", dump(db))


def same(db, wanted, timeout=10):
    end = time.monotonic() + timeout
    while (found := comparable(db)) != wanted:
        assert time.monotonic() < end, "\n".join(difflib.unified_diff(found.splitlines(), wanted.splitlines(), n=6))


def answers(db):
    """What a store answers for all names that the changes are about."""
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        def rows(name, qtype):
            found = client.lookup(name, qtype) or []
            return sorted((r["qname"], r["qtype"], r["content"], r["ttl"]) for r in found if r["qtype"] != "SOA")
        return {name: rows(name, "ANY") for name in [t + "." for t in TARGETS] + [reverse(a) for a in ADDRESSES]}


# --- what may happen -----------------------------------------------------------------------------

def ptr(r):
    address, target = r.choice(ADDRESSES), r.choice(TARGETS)
    if r.random() < 0.3:
        return "DELETE FROM ptrd.ptr WHERE address = %s", (address,)
    return ("INSERT INTO ptrd.ptr VALUES (%s, %s, %s, %s) ON CONFLICT (address, target) DO UPDATE SET ttl = EXCLUDED.ttl,"
            " forward = EXCLUDED.forward", (address, target, r.choice([None, 60, 70]), r.choice([None, "auto", "none"])))


def record(r):
    zone = r.choice(["isp.example", "other.example", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa"])
    if r.random() < 0.4:
        return "DELETE FROM ptrd.record WHERE name = %s", (r.choice(["a", "b", "mail", "1", "2", "t", "65"]),)
    name, (qtype, content) = (r.choice(["1", "2", "65", "t"]), r.choice([("CNAME", "1.alias.example."), ("TXT", '"t"')])) \
        if zone.endswith("arpa") else \
        (r.choice(["a", "b", "mail", "t"]), r.choice([("A", "192.0.2.77"), ("TXT", '"t"'), ("CNAME", "t.isp.example."),
                                                     ("AAAA", "2001:db8::77")]))
    return ("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, %s, %s, %s FROM ptrd.zone WHERE name = %s"
            " ON CONFLICT DO NOTHING", (name, qtype, content, zone))


def cut(r):
    """NS and DNAME, in forward zones and in reverse ones."""
    if r.random() < 0.5:
        return "DELETE FROM ptrd.record WHERE type IN ('NS', 'DNAME')", ()
    zone, name = r.choice([("isp.example", "b"), ("isp.example", "cut"), ("other.example", "a"),
                           ("113.0.203.in-addr.arpa", "3"), ("2.0.192.in-addr.arpa", "2")])
    return ("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, %s, %s, 'ns1.isp.example.' FROM ptrd.zone"
            " WHERE name = %s ON CONFLICT DO NOTHING", (name, r.choice(["NS", "NS", "DNAME"]), zone))


def block(r):
    n = r.randrange(4)
    return r.choice([
        ("UPDATE ptrd.block SET ttl = %s", (r.randrange(1, 9999),)),
        ("DELETE FROM ptrd.block WHERE prefix = '203.0.113.0/24'", ()),
        ("INSERT INTO ptrd.block (prefix, name) VALUES ('203.0.113.0/24', '{ip}.isp.example') ON CONFLICT DO NOTHING", ()),
        ("INSERT INTO ptrd.block (first, last, name) VALUES (%s, %s, 'none') ON CONFLICT DO NOTHING",
         (f"203.0.113.{n * 2}", f"203.0.113.{n * 2 + 1}")),
        ("DELETE FROM ptrd.block WHERE first <= '203.0.113.200'", ()),
        # refused from the beginning: there is no form that was in force, which a fresh node would not have
        ("INSERT INTO ptrd.block (prefix, name) VALUES ('192.0.2.128/25', '{nonsense}.isp.example') ON CONFLICT DO NOTHING", ()),
        ("DELETE FROM ptrd.block WHERE prefix = '192.0.2.128/25'", ()),
    ])


def metadata(r):
    if r.random() < 0.4:
        return "DELETE FROM ptrd.metadata", ()
    return ("INSERT INTO ptrd.metadata SELECT id, %s, %s FROM ptrd.zone WHERE name = %s ON CONFLICT (zone_id, kind)"
            " DO UPDATE SET content = EXCLUDED.content",
            (r.choice(["ALLOW-AXFR-FROM", "X-NOTE"]), [r.choice(["192.0.2.9", "192.0.2.8"])],
             r.choice(["isp.example", "100.51.198.in-addr.arpa"])))


def zone(r):
    return r.choice([
        ("UPDATE ptrd.zone SET minimum = %s WHERE name = 'isp.example'", (r.randrange(1, 999),)),
        ("UPDATE ptrd.zone SET ns = %s WHERE name = 'other.example'", ([f"ns{r.randrange(3)}.isp.example"],)),
        ("UPDATE ptrd.zone SET ttl = %s WHERE name = %s", (r.randrange(1, 999), r.choice(["isp.example", "other.example"]))),
        ("UPDATE ptrd.zone SET ttl = %s WHERE prefix = '203.0.113.0/24'", (r.randrange(1, 999),)),
        ("UPDATE ptrd.zone SET forward_auto = NOT forward_auto WHERE name = 'other.example'", ()),
        ("DELETE FROM ptrd.zone WHERE name IN ('late.example', '2.0.192.in-addr.arpa')", ()),
        (ZONE.format(what="name", value="late.example", auto="true") + " ON CONFLICT DO NOTHING", ()),
        (ZONE.format(what="prefix", value="192.0.2.0/24", auto="false") + " ON CONFLICT DO NOTHING", ()),
    ])


def delegation(r):
    return r.choice([
        ("DELETE FROM ptrd.delegation", ()),
        ("UPDATE ptrd.delegation SET ns = %s", (["ns2.customer.example"],)),
        ("INSERT INTO ptrd.delegation (prefix, ns, style) VALUES ('203.0.113.64/26', '{ns1.customer.example}', '64/26')"
         " ON CONFLICT DO NOTHING", ()),
        ("INSERT INTO ptrd.delegation (prefix, ns) VALUES ('203.0.113.3/32', '{ns1.customer.example}')"
         " ON CONFLICT DO NOTHING", ()),
    ])


def truncate(r):
    return f"TRUNCATE ptrd.{r.choice(['ptr', 'ptr', 'record', 'block'])}", ()


KINDS = [ptr] * 8 + [record] * 8 + [cut] * 2 + [block] * 3 + [metadata] * 2 + [zone] * 4 + [delegation] * 2 + [truncate]


def quarantined(db, node):
    return sorted(db.execute("SELECT relation, key, reason FROM ptrd.quarantine WHERE node = %s", (node,)).fetchall())



@pytest.mark.parametrize("seed", range(40 if LONG else 3))
def test_any_changes_give_the_store_of_a_new_node(pg, tmp_path, seed):
    r = random.Random(seed)
    with Admind(pg, tmp_path / "db") as admind, pg.connect(autocommit=False) as db, pg.connect() as look:
        for i in range(12 if LONG else 8):
            for _ in range(r.randrange(1, 6)):
                for _ in range(r.randrange(1, 4)):
                    db.execute(*r.choice(KINDS)(r))
                db.commit()
            with Admind(pg, tmp_path / f"fresh{i}", node=f"fresh{i}"):
                fresh = comparable(tmp_path / f"fresh{i}")
                eventually(lambda: quarantined(look, f"fresh{i}") == quarantined(look, "ns1"))
            same(tmp_path / "db", fresh)
            assert answers(tmp_path / "db") == answers(tmp_path / f"fresh{i}")
        log = admind.log()
        assert "followed a change" in log
        assert log.count("read ") < log.count("followed a change") + 20


def rows_read(db):
    return db.execute("SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
                      " WHERE schemaname = 'ptrd' AND relname = 'ptr'").fetchone()[0]


def test_overrides_are_not_read(pg, tmp_path):
    many = 300_000 if LONG else 30_000
    pg.execute(ZONE.format(what="prefix", value="10.0.0.0/8", auto="false"))
    pg.execute("INSERT INTO ptrd.ptr (address, target) SELECT '10.0.0.0'::inet + n, 'h' || n || '.other.example'"
               " FROM generate_series(1, %s) n", (many,))
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        took = []

        def change(i):
            began = time.monotonic()
            db.execute("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, %s, 'TXT', '\"x\"'"
                       " FROM ptrd.zone WHERE name = 'isp.example'", (f"t{i}",))
            eventually(lambda: node.names(f"t{i}.isp.example.", "TXT") == ['"x"'])
            took.append(time.monotonic() - began)
            time.sleep(1.1)  # a server counts what a connection read at most once a second

        change(0)
        change(1)
        before = rows_read(db)
        assert before >= many  # the full load
        change(2)
        db.execute("UPDATE ptrd.block SET ttl = 77 WHERE prefix = '198.51.100.0/24'")
        eventually(lambda: node.ttl(reverse("198.51.100.7"), "PTR") == 77)
        time.sleep(1.1)
        db.execute("UPDATE ptrd.zone SET minimum = 77")
        time.sleep(1.1)
        change(3)
        change(4)
        assert rows_read(db) == before
        assert node.admind.log().count("read ") == 1
        # a TTL that overrides take from their zone cannot be known without them
        began = time.monotonic()
        db.execute("UPDATE ptrd.zone SET ttl = 78 WHERE prefix = '10.0.0.0/8'")
        eventually(lambda: node.ttl("1.0.0.10.in-addr.arpa.", "PTR") == 78)
        whole = time.monotonic() - began
        time.sleep(1.1)
        change(5)
        change(6)
        assert rows_read(db) >= before + many
        print(f"{many} overrides: a record is live in {min(took) * 1000:.1f} ms, after reading all of them in"
              f" {whole * 1000:.1f} ms")


def test_a_cname_takes_the_place_of_an_override(pg, tmp_path):
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        serial = node.serial("isp.example.")
        db.execute("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, '25', 'CNAME', 'x.isp.example.'"
                   " FROM ptrd.zone WHERE name = '100.51.198.in-addr.arpa'")
        name = reverse("198.51.100.25")
        eventually(lambda: node.names(name, "CNAME") == ["x.isp.example."])
        assert node.names(name, "PTR") == [] and node.names("mail.isp.example.", "A") == []
        assert node.serial("isp.example.") == serial + 1  # the derived name is in another zone
        eventually(lambda: "a CNAME stands" in str(quarantined(db, "ns1")))
        db.execute("DELETE FROM ptrd.record WHERE type = 'CNAME'")
        eventually(lambda: node.names(name, "PTR") == ["mail.isp.example."])
        assert node.names("mail.isp.example.", "A") == ["198.51.100.25"]
        eventually(lambda: not quarantined(db, "ns1"))
        assert node.admind.log().count("read ") == 1
