"""The schema: migrations, constraints with their own words, the log and the audit of every kind of statement."""
import pathlib
import os
import threading

import psycopg
import pytest

from support.ptrd import Refused, run
from support.postgres import Postgres
from support.sample_sql import SAMPLE, ZONE

MIGRATIONS = sorted((pathlib.Path(os.environ["PTRD_SOURCE"]) / "pdns-config" / "migrations").glob("*.sql"))


@pytest.fixture(scope="module")
def server():
    with Postgres() as pg:
        pg.migrate()
        for sql in SAMPLE:
            pg.execute(sql)
        yield pg


@pytest.fixture
def db(server):
    """A transaction that is rolled back."""
    with server.connect(autocommit=False) as connection:
        yield connection
        connection.rollback()


def applied(pg, dir_name="none"):
    return run("ptr-admind", "--config", pg.config(pg.dir / dir_name), "--migrate").stdout


def schema_of(pg):
    """What pg_dump would say, as far as it matters: columns, constraints, functions, views, triggers."""
    return pg.execute("""
        SELECT 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'ptrd'
        UNION ALL SELECT 'constraint', coalesce(conrelid, 0)::regclass::text, conname, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'ptrd'::regnamespace
        UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc WHERE pronamespace = 'ptrd'::regnamespace
        UNION ALL SELECT 'view', '', viewname, definition FROM pg_views WHERE schemaname = 'ptrd'
        UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger
            WHERE NOT tgisinternal
        ORDER BY 1, 2, 3, 4""")


def test_migrating_again_does_nothing():
    with Postgres() as pg:
        assert f"version {len(MIGRATIONS)}; {len(MIGRATIONS)} migrations applied" in applied(pg)
        before = schema_of(pg)
        assert "0 migrations applied" in applied(pg)
        assert schema_of(pg) == before


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_upgrade_from_each_version_with_data(version):
    with Postgres() as old, Postgres() as new:
        new.migrate()
        with old.connect() as db:
            db.execute("CREATE SCHEMA ptrd")
            db.execute("CREATE TABLE ptrd.migration (version integer PRIMARY KEY, name text NOT NULL,"
                       " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())")
            for i, path in enumerate(MIGRATIONS[:version]):
                text = path.read_text(encoding="utf-8")
                db.execute(text)
                db.execute("INSERT INTO ptrd.migration VALUES (%s, %s, encode(sha256(convert_to(%s, 'UTF8')), 'hex'))",
                           (i + 1, path.stem, text))
            for sql in SAMPLE:
                db.execute(sql)
            rows = db.execute("SELECT * FROM ptrd.ptr ORDER BY 1, 2").fetchall()
            assert f"{len(MIGRATIONS) - version} migration" in applied(old)
            assert db.execute("SELECT * FROM ptrd.ptr ORDER BY 1, 2").fetchall() == rows
        assert schema_of(old) == schema_of(new)


def test_many_migrate_at_once():
    with Postgres() as pg:
        results = []
        threads = [threading.Thread(target=lambda i=i: results.append(applied(pg, f"n{i}"))) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted("0 migrations" in r for r in results) == [False, True, True, True]


def test_another_branch_is_refused():
    with Postgres() as pg:
        pg.migrate()
        pg.execute("UPDATE ptrd.migration SET checksum = 'x' WHERE version = 1")
        with pytest.raises(Refused) as refused:
            applied(pg)
        assert "different branches" in refused.value.stderr


BAD = [
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.0/24', 'a.example')", "one address, not a prefix"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.1', 'A.example')", "lower case"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.1', 'a.example.')", "final dot"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.1', 'a b')", "blanks"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.1', 'a..b')", "absolute"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.1', '\\097.example')", "no escapes"),
    (f"INSERT INTO ptrd.ptr VALUES ('198.51.100.1', '{'a' * 64}.b')", "a label at most 63"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.1', 'a.b', -1)", "a TTL is 0 to 2147483647"),
    ("INSERT INTO ptrd.ptr VALUES ('198.51.100.25', 'mail.isp.example')", "this address has this name"),
    (ZONE.format(what="name", value="isp.example", auto="false"), "a zone of this name exists"),
    (ZONE.format(what="prefix", value="198.51.100.0/24", auto="false"), "a zone of this"),
    (ZONE.format(what="prefix", value="198.51.100.0/23", auto="false"), "octet or nibble boundary"),
    (ZONE.format(what="prefix", value="2001:db8::/31", auto="false"), ""),
    ("UPDATE ptrd.zone SET name = 'x.example' WHERE prefix = '198.51.100.0/24'", "follows from its prefix"),
    ("UPDATE ptrd.zone SET ns = '{}'", "needs one or more"),
    ("UPDATE ptrd.zone SET kind = 'secondary'", "only secondary zones have primaries"),
    ("UPDATE ptrd.zone SET serial = 0", "a serial is"),
    ("INSERT INTO ptrd.block (prefix, name) VALUES ('198.51.100.0/24', 'x')", "a block of these addresses exists"),
    ("INSERT INTO ptrd.block (first, last, name) VALUES ('198.51.100.0', '198.51.100.255', 'x')",
     "a block of these addresses exists"),
    ("INSERT INTO ptrd.block (first, last, name) VALUES ('198.51.100.9', '198.51.100.8', 'x')", "a range ascends"),
    ("INSERT INTO ptrd.block (prefix, first, name) VALUES ('10.0.0.0/8', '10.0.0.0', 'x')", "either a prefix or"),
    ("INSERT INTO ptrd.block (prefix, name, vars) VALUES ('10.0.0.0/8', 'x', '{\"a\": 1}')", "object of texts"),
    ("INSERT INTO ptrd.delegation (prefix, ns) VALUES ('10.0.0.0/8', '{}')", "needs a name server"),
    ("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, '@', 'NS', 'a.b.' FROM ptrd.zone",
     "its column ns"),
    ("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, '@', 'SOA', 'a' FROM ptrd.zone", "SOA"),
    ("INSERT INTO ptrd.metadata SELECT id, 'lower', '{x}' FROM ptrd.zone", "capital letters"),
]


@pytest.mark.parametrize("sql, words", BAD, ids=[w or s[-40:] for s, w in BAD])
def test_bad_rows_are_refused_with_the_constraints_words(db, sql, words):
    with pytest.raises(psycopg.errors.IntegrityError if words else psycopg.Error) as refused:
        db.execute(sql)
    assert words in str(refused.value)


def test_reverse_zones_get_their_names(db):
    for prefix, name in [("10.0.0.0/8", "10.in-addr.arpa"), ("192.0.2.0/24", "2.0.192.in-addr.arpa"),
                         ("2001:db8:a0::/44", "a.0.0.8.b.d.0.1.0.0.2.ip6.arpa"), ("fe00::/8", "e.f.ip6.arpa")]:
        assert db.execute("SELECT ptrd.reverse_zone_name(%s::cidr)", (prefix,)).fetchone()[0] == name


def test_everything_inside_a_prefix_is_a_range_of_the_index(db):
    db.execute("INSERT INTO ptrd.ptr (address, target) SELECT '10.0.0.0'::inet + n, 'a.example'"
               " FROM generate_series(0, 19999) n")
    db.execute("ANALYZE ptrd.ptr")
    plan = "\n".join(r[0] for r in db.execute("EXPLAIN SELECT * FROM ptrd.ptr WHERE address <<= '10.0.7.0/24'"))
    assert "Index Cond" in plan and "Seq Scan" not in plan


def changes(db):
    return db.execute("SELECT kind, cardinality(addresses), zones FROM ptrd.change"
                      " WHERE xid = pg_current_xact_id() ORDER BY id").fetchall()


def test_what_is_logged(db):
    ids = dict(db.execute("SELECT name, id FROM ptrd.zone").fetchall())
    reverse, isp = ids["100.51.198.in-addr.arpa"], ids["isp.example"]
    db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.240', 'a.isp.example'), ('198.51.100.241', 'b.isp.example')")
    db.execute("UPDATE ptrd.ptr SET target = 'c.isp.example', forward = 'none' WHERE address = '198.51.100.240'")
    db.execute("DELETE FROM ptrd.ptr WHERE address >= '198.51.100.240' AND address <= '198.51.100.255'")
    db.execute("UPDATE ptrd.ptr SET ttl = 1 WHERE false")
    assert changes(db) == [("ptr", n, sorted([isp, reverse])) for n in (2, 1, 2)]
    db.execute("UPDATE ptrd.zone SET serial = serial + 1")  # counting
    assert len(changes(db)) == 3
    db.execute("UPDATE ptrd.zone SET ttl = 99 WHERE id = %s", (isp,))
    assert changes(db)[3:] == [("structure", 0, sorted(ids.values()))]
    db.execute("TRUNCATE ptrd.ptr")
    assert changes(db)[4:] == [("all", 0, sorted(ids.values()))]


def test_what_is_audited(db):
    db.execute("SET application_name = 'provisioning'")
    db.execute("INSERT INTO ptrd.customer (name) VALUES ('c')")
    db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.240', 'a.isp.example')")
    db.execute("UPDATE ptrd.ptr SET ttl = 7 WHERE address = '198.51.100.240'")
    db.execute("UPDATE ptrd.ptr SET target = 'b.isp.example' WHERE address = '198.51.100.240'")
    db.execute("DELETE FROM ptrd.ptr WHERE address = '198.51.100.240'")
    db.execute("INSERT INTO ptrd.key (zone_id, flags, active, published, content) SELECT min(id), 257, true, true,"
               " 'a secret' FROM ptrd.zone")
    db.execute("UPDATE ptrd.key SET active = false")
    db.execute("DELETE FROM ptrd.key")
    rows = db.execute("SELECT relation, before, after, actor, program FROM ptrd.audit"
                      " WHERE xid = pg_current_xact_id() ORDER BY id").fetchall()
    assert all(r[3:] == ("postgres", "provisioning") for r in rows)
    assert "a secret" not in str(rows)
    ptrs = [(b and (b["target"], b["ttl"]), a and (a["target"], a["ttl"])) for t, b, a, *_ in rows if t == "ptr"]
    first, second, other = ("a.isp.example", None), ("a.isp.example", 7), ("b.isp.example", 7)
    assert ptrs[:2] == [(None, first), (first, second)] and ptrs[-1] == (other, None)
    assert sorted(map(str, ptrs[2:-1])) == sorted(map(str, [(second, None), (None, other)]))  # another key: two rows
    assert [t for t, *_ in rows].count("key") == 3


def test_serials_count_changes_whether_they_are_counted_in_or_not():
    with Postgres() as pg:
        pg.migrate()
        for sql in SAMPLE:
            pg.execute(sql)
        serial = "SELECT serial FROM ptrd.zone_serial WHERE name = 'isp.example'"
        before = pg.execute(serial)[0][0]
        with pg.connect(autocommit=False) as late:
            late.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.240', 'a.isp.example')")
            for i in range(5):
                pg.execute("INSERT INTO ptrd.ptr VALUES (%s, 'a.isp.example')", (f"198.51.100.{i + 241}",))
                pg.execute("SELECT ptrd.count_changes()")
                assert pg.execute(serial)[0][0] == before + i + 1
            late.commit()
        assert pg.execute(serial)[0][0] == before + 6
        pg.execute("SELECT ptrd.count_changes()")
        assert pg.execute("SELECT ptrd.forget_changes('0 s')")[0][0] > 0
        assert pg.execute("SELECT count(*) FROM ptrd.change")[0][0] == 0
        assert pg.execute(serial)[0][0] == before + 6


def test_writers_of_one_zone_do_not_wait_for_each_other(server):
    with server.connect(autocommit=False) as a, server.connect(autocommit=False) as b:
        a.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.240', 'a.isp.example')")
        b.execute("SET lock_timeout = '5s'")
        b.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.241', 'a.isp.example')")
        a.rollback()
        b.rollback()
