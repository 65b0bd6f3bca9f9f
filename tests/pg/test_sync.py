"""ptr-admind: what is in the database is what ptrd answers."""
import os
import random
import subprocess
import time


from support.admind import Admind, Node, eventually
from support.postgres import Postgres
from support.ptrd import BUILD, Client, Ptrd, Store, run
from support.sample_sql import ZONE, fill

LONG = os.environ.get("PTRD_TEST_LONG") == "1"


def rev4(n):
    return f"{n}.100.51.198.in-addr.arpa."


def dump(db):
    return run("ptrctl", "dump", "--db", db).stdout


def test_full_load(pg, tmp_path):
    with Node(pg, tmp_path / "db") as node:
        assert node.names(rev4(25), "PTR") == ["mail.isp.example."]
        assert node.ttl(rev4(25), "PTR") == 300
        assert node.names(rev4(7), "PTR") == ["198-51-100-7.dyn.isp.example."]
        assert node.ttl(rev4(7), "PTR") == 600
        assert node.names(rev4(17), "PTR") == []
        assert node.names("198-51-100-7.dyn.isp.example.", "A") == ["198.51.100.7"]
        assert node.names("mail.isp.example.", "A") == ["198.51.100.25"]
        assert node.names("mail.isp.example.", "AAAA") == ["2001:db8::25"]
        assert node.names(rev4(70), "CNAME") == ["70.64/26.100.51.198.in-addr.arpa."]
        assert node.names("ns1.isp.example.", "A") == ["192.0.2.53"]
        assert "ams1" in node.names("7." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa.", "PTR")[0]


def test_the_store_is_that_of_the_same_zones_file(pg, tmp_path):
    """dump of what came from the database, loaded as a file, changes nothing."""
    with Admind(pg, tmp_path / "db"):
        pass
    text = dump(tmp_path / "db")
    assert dump(Store(tmp_path / "again").load(text).dir) == text


def test_overrides_change(pg, tmp_path):
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        serials = {z: node.serial(z) for z in ("100.51.198.in-addr.arpa.", "isp.example.", "dyn.isp.example.")}
        db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.226', 'www.isp.example')")
        eventually(lambda: node.names(rev4(226), "PTR") == ["www.isp.example."])
        assert node.names("www.isp.example.", "A") == ["198.51.100.226"]
        assert node.serial("100.51.198.in-addr.arpa.") == serials["100.51.198.in-addr.arpa."] + 1
        assert node.serial("isp.example.") == serials["isp.example."] + 1
        assert node.serial("dyn.isp.example.") == serials["dyn.isp.example."]
        db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.226', 'a.isp.example', 60, 'none')")
        eventually(lambda: node.names(rev4(226), "PTR") == ["a.isp.example.", "www.isp.example."])
        assert node.names("www.isp.example.", "A") == []
        assert node.ttl(rev4(226), "PTR") == 60
        db.execute("UPDATE ptrd.ptr SET target = 'b.isp.example', forward = NULL WHERE target = 'a.isp.example'")
        eventually(lambda: node.names(rev4(226), "PTR") == ["b.isp.example.", "www.isp.example."])
        assert node.names("b.isp.example.", "A") == node.names("www.isp.example.", "A") == ["198.51.100.226"]
        db.execute("DELETE FROM ptrd.ptr WHERE address = '198.51.100.226'")
        eventually(lambda: node.names(rev4(226), "PTR") == ["198-51-100-226.dyn.isp.example."])
        assert node.names("b.isp.example.", "A") == []
        assert node.admind.log().count("read ") == 1  # none of it read everything again


def test_structure_changes(pg, tmp_path):
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        db.execute("UPDATE ptrd.block SET name = 'h-{ip}.dyn.isp.example' WHERE prefix = '198.51.100.0/24'")
        eventually(lambda: node.names(rev4(7), "PTR") == ["h-198-51-100-7.dyn.isp.example."])
        db.execute(ZONE.format(what="prefix", value="203.0.113.0/24", auto="false"))
        db.execute("INSERT INTO ptrd.ptr VALUES ('203.0.113.1', 'new.isp.example')")
        eventually(lambda: node.names("1.113.0.203.in-addr.arpa.", "PTR") == ["new.isp.example."])
        db.execute("DELETE FROM ptrd.zone WHERE prefix = '203.0.113.0/24'")
        eventually(lambda: node.names("1.113.0.203.in-addr.arpa.", "PTR") == [])
        db.execute("INSERT INTO ptrd.record (zone_id, name, type, content) SELECT id, 'txt', 'TXT', '\"x\"' FROM ptrd.zone"
                   " WHERE name = 'isp.example'")
        eventually(lambda: node.names("txt.isp.example.", "TXT") == ['"x"'])
        db.execute("DELETE FROM ptrd.delegation")
        eventually(lambda: node.names(rev4(70), "PTR") == ["h-198-51-100-70.dyn.isp.example."])


def test_two_nodes_have_the_same_serials(pg, tmp_path):
    """One follows, one is stopped meanwhile, one is new: the same changes give the same numbers."""
    zones = ["isp.example.", "100.51.198.in-addr.arpa.", "dyn.isp.example."]
    with Admind(pg, tmp_path / "late", node="late"):
        pass
    with Node(pg, tmp_path / "one") as one, pg.connect() as db:
        for i in range(20):
            db.execute("INSERT INTO ptrd.ptr VALUES (%s, 'x.isp.example')", (f"198.51.100.{i + 130}",))
            if i == 10:
                db.execute("UPDATE ptrd.block SET ttl = ttl + 1")
                db.execute("SELECT ptrd.count_changes()")
        eventually(lambda: one.names(rev4(149), "PTR") == ["x.isp.example."])
        late = Admind(pg, tmp_path / "late", node="late").start()
        with Node(pg, tmp_path / "new", node="new") as new, Ptrd(tmp_path / "late") as ptrd, \
                Client(ptrd.socket) as client:
            def serial(zone):
                return int(client.lookup(zone, "SOA")[0]["content"].split()[2])
            eventually(lambda: [serial(z) for z in zones] == [one.serial(z) for z in zones])
            assert [new.serial(z) for z in zones] == [one.serial(z) for z in zones]
        late.stop()
    assert dump(tmp_path / "one") == dump(tmp_path / "new") == dump(tmp_path / "late")


def test_bad_rows_are_quarantined(pg, tmp_path):
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        def quarantined():
            return {(r[0], r[1].split()[0]): r[2] for r in
                    db.execute("SELECT relation, key, reason FROM ptrd.quarantine WHERE node = 'ns1'")}
        # a template that is none: the form that was in force stays
        db.execute("UPDATE ptrd.block SET name = '{nonsense}.dyn.isp.example' WHERE prefix = '198.51.100.0/24'")
        db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.201', 'beside.isp.example')")
        eventually(lambda: node.names(rev4(201), "PTR") == ["beside.isp.example."])
        assert node.names(rev4(7), "PTR") == ["198-51-100-7.dyn.isp.example."]
        reason = eventually(lambda: [v for (t, _), v in quarantined().items() if t == "block"])[0]
        assert "nonsense" in reason
        # a collision that only the whole shows: the later block never had a valid form
        db.execute("INSERT INTO ptrd.block (first, last, name) VALUES"
                   " ('198.51.100.200', '198.51.100.210', '198-51-100-{4}-.dyn.isp.example')")
        eventually(lambda: node.names(rev4(205), "PTR") == [])
        assert node.names(rev4(201), "PTR") == ["beside.isp.example."]
        # overrides outside of our zones, and delegated ones
        db.execute("INSERT INTO ptrd.ptr VALUES ('10.1.2.3', 'a.example'), ('198.51.100.70', 'b.example')")
        eventually(lambda: {("ptr", "10.1.2.3"), ("ptr", "198.51.100.70")} <= set(quarantined()))
        assert node.names(rev4(70), "PTR") == []
        # a full load finds the same
        db.execute("UPDATE ptrd.zone SET ttl = 1234 WHERE name = 'dyn.isp.example'")
        eventually(lambda: node.ttl("dyn.isp.example.", "SOA") == 1234)
        assert {("ptr", "10.1.2.3"), ("ptr", "198.51.100.70")} <= set(quarantined())
        # and all of it goes when it is put right
        db.execute("DELETE FROM ptrd.ptr WHERE target LIKE '_.example'")
        db.execute("DELETE FROM ptrd.block WHERE first = '198.51.100.200'")
        db.execute("UPDATE ptrd.block SET name = 'x{ip}.dyn.isp.example' WHERE prefix = '198.51.100.0/24'")
        eventually(lambda: node.names(rev4(205), "PTR") == ["x198-51-100-205.dyn.isp.example."])
        eventually(lambda: not quarantined())


def test_the_database_goes_and_comes_back(tmp_path):
    with Postgres(durable=True) as pg:
        pg.migrate()
        fill(pg)
        with Node(pg, tmp_path / "db") as node:
            pg.stop()
            node.admind.wait("trying again")
            assert node.names(rev4(25), "PTR") == ["mail.isp.example."]
            pg.start()
            pg.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.227', 'after.isp.example')")
            eventually(lambda: node.names(rev4(227), "PTR") == ["after.isp.example."])
            pg.kill()
            pg.start()
            pg.execute("DELETE FROM ptrd.ptr WHERE address = '198.51.100.227'")
            eventually(lambda: node.names(rev4(227), "PTR") == ["198-51-100-227.dyn.isp.example."])
            assert node.admind.log().count("read ") == 1


def test_a_node_that_was_away_too_long_reads_all(pg, tmp_path):
    with Admind(pg, tmp_path / "db"):
        pass
    pg.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.228', 'w.isp.example')")
    assert pg.execute("SELECT ptrd.forget_changes('0 s')")[0][0] > 0
    admind = Admind(pg, tmp_path / "db").start()
    admind.wait("does not lead on")
    admind.wait("read ")
    admind.stop()
    assert "w.isp.example" in dump(tmp_path / "db")


def test_kill_9_at_random_moments(pg, tmp_path):
    """However often ptr-admind is killed while changes flow: in the end the store is that of a new node."""
    r = random.Random(7)
    admind = Admind(pg, tmp_path / "db")
    with pg.connect() as db:
        for i in range(50 if LONG else 8):
            before = admind.log().count("connected")
            admind.start()
            if i % 4:  # else it is killed while it connects and loads
                admind.wait("connected", count=before + 1)
            end = time.monotonic() + r.random() * 0.5
            while time.monotonic() < end:
                n = r.randrange(130, 250)
                if r.random() < 0.3:
                    db.execute("DELETE FROM ptrd.ptr WHERE address = %s", (f"198.51.100.{n}",))
                elif r.random() < 0.05:
                    db.execute("UPDATE ptrd.block SET ttl = %s", (r.randrange(1, 9999),))
                else:
                    db.execute("INSERT INTO ptrd.ptr VALUES (%s, %s, %s) ON CONFLICT (address, target) DO UPDATE"
                               " SET ttl = EXCLUDED.ttl", (f"198.51.100.{n}", f"h{n % 5}.isp.example", r.randrange(99)))
            admind.kill()
    with Admind(pg, tmp_path / "fresh", node="fresh"):
        pass
    admind.start()
    eventually(lambda: dump(tmp_path / "db") == dump(tmp_path / "fresh"))
    admind.stop()


def test_two_ptr_adminds_of_one_store_are_refused(pg, tmp_path):
    with Admind(pg, tmp_path / "db") as admind:
        done = subprocess.run([BUILD / "ptr-admind", "--config", admind.config], capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 1 and "another ptr-admind" in done.stderr


def test_a_schema_of_another_version_is_refused(tmp_path):
    with Postgres() as pg:
        admind = Admind(pg, tmp_path / "db").start()
        admind.wait("--migrate")
        pg.migrate()
        admind.wait("read ")
        admind.stop()
        pg.execute("INSERT INTO ptrd.migration VALUES (999, 'future', '')")
        admind.start()
        admind.wait("use the newer program")
        admind.stop()


def test_a_zone_goes_from_under_many_rows(pg, tmp_path):
    """Its blocks and PTRs are quarantined together, not one a round; all come back with it."""
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        db.execute(ZONE.format(what="prefix", value="10.0.0.0/8", auto="false"))
        db.execute("INSERT INTO ptrd.block (prefix, name) SELECT set_masklen('10.0.0.0'::inet + n * 256, 24)::cidr,"
                   " '{ip}.dyn.isp.example' FROM generate_series(0, 1999) n")
        db.execute("INSERT INTO ptrd.ptr (address, target) SELECT '10.0.0.0'::inet + n, 'x.isp.example'"
                   " FROM generate_series(0, 299) n")
        eventually(lambda: node.names("7.0.0.10.in-addr.arpa.", "PTR") == ["x.isp.example."])
        db.execute("DELETE FROM ptrd.zone WHERE prefix = '10.0.0.0/8'")
        eventually(lambda: node.names("7.0.0.10.in-addr.arpa.", "PTR") == [], timeout=60)
        eventually(lambda: db.execute("SELECT count(*) FROM ptrd.quarantine").fetchone()[0] == 2300, timeout=60)
        db.execute(ZONE.format(what="prefix", value="10.0.0.0/8", auto="false"))
        eventually(lambda: node.names("7.0.0.10.in-addr.arpa.", "PTR") == ["x.isp.example."], timeout=60)
        assert node.names("7.9.0.10.in-addr.arpa.", "PTR") == ["10-0-9-7.dyn.isp.example."]
        eventually(lambda: db.execute("SELECT count(*) FROM ptrd.quarantine").fetchone()[0] == 0)


def test_crossing_ranges_are_quarantined(pg, tmp_path):
    with Node(pg, tmp_path / "db") as node, pg.connect() as db:
        db.execute("INSERT INTO ptrd.block (first, last, name) VALUES ('198.51.100.30', '198.51.100.40', 'none')")
        db.execute("INSERT INTO ptrd.ptr VALUES ('198.51.100.210', 'beside.isp.example')")
        eventually(lambda: node.names(rev4(210), "PTR") == ["beside.isp.example."])
        eventually(lambda: db.execute("SELECT count(*) FROM ptrd.quarantine WHERE relation = 'block'").fetchone()[0] == 1)
        assert node.names(rev4(40), "PTR") == ["198-51-100-40.dyn.isp.example."]


def test_a_file_loaded_in_between_is_replaced(pg, tmp_path):
    """After `ptrctl load` no change log leads on from what the store has."""
    with Admind(pg, tmp_path / "db"):
        pass
    truth = dump(tmp_path / "db")
    Store(tmp_path / "db").load(
        "zones:\n  - {name: file.example, ns: [ns1.file.example], soa: {mname: ns1.file.example, rname: h.file.example}}\n")
    assert "isp.example" not in dump(tmp_path / "db")
    admind = Admind(pg, tmp_path / "db").start()
    admind.wait("read ")
    admind.stop()
    differs = {line for line in dump(tmp_path / "db").splitlines() if "serial" not in line} ^ \
        {line for line in truth.splitlines() if "serial" not in line}
    assert not differs


def test_an_idle_node_asks_seldom(tmp_path):
    seconds = 60 if LONG else 6
    with Postgres(settings={"log_statement": "all"}) as pg:
        pg.migrate()
        fill(pg)
        with Admind(pg, tmp_path / "db"):
            time.sleep(1)
            before = pg.log().count("statement:") + pg.log().count("execute <unnamed>:")
            time.sleep(seconds)
            after = pg.log().count("statement:") + pg.log().count("execute <unnamed>:")
        # the log is read every five seconds, by four statements; told of the node every thirty
        assert 1 <= after - before <= 4 * (seconds // 5 + 1 + seconds // 30), pg.log()[-3000:]
