"""In-process mode, the shipped ptrd.lua and pdns-in-process.conf before the real pdns_server: round trips, transfers, edits by all
of PowerDNS's tools, and stores that go, come back and are exchanged under it. Its answers: test_modes.py."""
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import dns.exception
import dns.rdatatype
import pytest

from support.editing import DYN, ISP, REVERSE, V6, Edited, generated
from support.editing import ZONES as EDITED_ZONES
from support.inprocess import LUA, InProcess
from support.modes import ALL_ZONES, CHAIN, INSIDE_LEAVES
from support.pdns import EDITING, Pdns, Tool, assert_answer, assert_nxdomain, rcode, rows
from support.ptrd import BUILD, Client, Ptrd, Store
from support.twins import transfer

FRESH = {"cache-ttl": 0, "negquery-cache-ttl": 0}   # what was asked for is asked again


# --- where answers come from -------------------------------------------------------------------------------------------

class Twins:
    """One store, one ptrd, and before it the safe and the in-process mode."""

    def __init__(self, directory):
        self.store = Store(directory / "db").load(ALL_ZONES)
        self.ptrd = Ptrd(self.store.dir)
        settings = {**FRESH, "dname-processing": "yes", "remote-dnssec": "yes"}
        self.safe = Pdns(self.ptrd.socket, settings)
        self.inside = InProcess(self.store.dir, self.ptrd.socket, settings)
        # signed by way of the in-process mode
        self.inside.pdnsutil("secure-zone", CHAIN)
        self.inside.pdnsutil("set-nsec3", CHAIN, "1 1 2 abcd")
        for pdns in (self.safe, self.inside):
            pdns.control("purge")

    def close(self):
        for one in (self.inside, self.safe, self.ptrd):
            one.stop()


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    made = Twins(tmp_path_factory.mktemp("twins"))
    yield made
    made.close()


def test_the_answers_came_from_inside(twins):
    """Names that exist cost no round trip: ptrd is not asked."""
    names = [f"{n}.1.51.198.in-addr.arpa" for n in range(200)] + [
        "1.0.0.0." + ".".join(["0"] * 20) + ".8.b.d.0.1.0.0.2.ip6.arpa", CHAIN, f"b.c.{CHAIN}"]
    twins.inside.ask(names[0], "PTR")
    before = requests(twins.ptrd)
    replies = twins.inside.ask_many([(name, "ANY") for name in names])
    assert all(rcode(reply) == "NOERROR" for reply in replies)
    assert requests(twins.ptrd) == before
    twins.safe.ask(names[1], "PTR")
    assert requests(twins.ptrd) > before


def requests(ptrd):
    """How many ptrd was asked, but for this question itself."""
    with Client(ptrd.socket) as client:
        text = client.call("directBackendCmd", query="stats")
    counts = dict(re.findall(r"^(requests\S*) (\d+)", text, re.M))
    return int(counts["requests"]) - int(counts.get("requests-directBackendCmd", 0))


def test_transfers_are_those_of_the_safe_mode(twins):
    inside, safe = transfer(twins.inside, CHAIN), transfer(twins.safe, CHAIN)
    assert len(safe) > 30
    volatile = {dns.rdatatype.RRSIG}
    assert {k: v for k, v in inside.items() if k[1] not in volatile} == {k: v for k, v in safe.items() if k[1] not in volatile}


def test_metadata_and_keys_are_read_inside(twins):
    before = requests(twins.ptrd)
    twins.inside.control("purge")
    assert rcode(twins.inside.ask(CHAIN, "DNSKEY", dnssec=True)) == "NOERROR"
    assert requests(twins.ptrd) == before


# --- edits ------------------------------------------------------------------------------------------------------------

class EditedInside(Edited):
    def __init__(self, directory, settings=None, leaf="off"):
        self.store = Store(directory / "db").load(EDITED_ZONES)
        self.ptrd = Ptrd(self.store.dir, args=["--leaf", leaf])
        try:
            self.pdns = InProcess(self.store.dir, self.ptrd.socket, {**EDITING, **FRESH, "allow-axfr-ips": "", **(settings or {})},
                                  leaf=leaf, api=True)
        except BaseException:
            self.ptrd.stop()
            raise


@pytest.fixture
def edited(tmp_path):
    made = EditedInside(tmp_path)
    yield made
    made.pdns.assert_alive()
    made.close()


def test_pdnsutil_edits_are_visible_at_once(edited):
    name, serial = f"7.{REVERSE}", edited.serial(REVERSE)
    assert edited.answers(name, "PTR") == [generated(7) + "."]
    edited.pdns.pdnsutil("add-record", REVERSE, "7", "PTR", "120", "host.customer.example")
    assert edited.answers(name, "PTR") == ["host.customer.example."]
    assert edited.ttl(name, "PTR") == 120 and edited.serial(REVERSE) > serial
    edited.pdns.pdnsutil("replace-rrset", ISP, "www", "A", "60", "192.0.2.81")
    assert edited.answers("www.isp.example", "A") == ["192.0.2.81"]
    edited.pdns.pdnsutil("delete-rrset", REVERSE, "7", "PTR")
    assert edited.answers(name, "PTR") == [generated(7) + "."]
    assert "0 errors" in edited.pdns.pdnsutil("check-zone", REVERSE)
    assert edited.pdns.pdnsutil("list-all-zones").split().count(ISP) == 1


def test_secure_zone_and_back(edited):
    for zone in (ISP, REVERSE):
        edited.pdns.pdnsutil("secure-zone", zone)
        edited.pdns.control("purge")
        reply = edited.pdns.ask(zone, "SOA", dnssec=True)
        assert {"SOA", "RRSIG"} == {t for t, _ in rows(reply)}
        assert "Active" in edited.pdns.pdnsutil("show-zone", zone)
    reply = edited.pdns.ask(f"7.{REVERSE}", "PTR", dnssec=True)
    assert {"PTR", "RRSIG"} == {t for t, _ in rows(reply)}
    edited.pdns.pdnsutil("disable-dnssec", ISP)
    edited.pdns.control("purge")
    assert {"SOA"} == {t for t, _ in rows(edited.pdns.ask(ISP, "SOA", dnssec=True))}


def test_api_patch_and_get(edited):
    change = [{"name": f"8.{REVERSE}.", "type": "PTR", "ttl": 60, "changetype": "REPLACE",
               "records": [{"content": "api.customer.example.", "disabled": False}]}]
    status, body = edited.pdns.http("PATCH", f"/zones/{REVERSE}.", {"rrsets": change})
    assert status == 204, body
    assert edited.answers(f"8.{REVERSE}", "PTR") == ["api.customer.example."]
    status, zone = edited.pdns.http("GET", f"/zones/{REVERSE}.")
    found = {(r["name"], r["type"]): [x["content"] for x in r["records"]] for r in zone["rrsets"]}
    assert status == 200 and found[f"8.{REVERSE}.", "PTR"] == ["api.customer.example."]
    status, zones = edited.pdns.http("GET", "/zones")
    assert status == 200 and sorted(z["name"] for z in zones) == sorted({z["name"] for z in zones})


def test_nsupdate(edited):
    edited.pdns.nsupdate(f"zone {ISP}", f"update add new.{ISP}. 60 A 192.0.2.200")
    assert edited.answers(f"new.{ISP}", "A") == ["192.0.2.200"]
    edited.pdns.nsupdate(f"zone {DYN}", f"update delete {generated(9)}. A", f"update add {generated(9)}. 60 CNAME www.{ISP}.")
    assert rows(edited.pdns.ask(generated(9), "CNAME")) == [("CNAME", f"www.{ISP}.")]
    edited.pdns.nsupdate(f"zone {ISP}", f"update delete new.{ISP}.")
    assert_nxdomain(edited.pdns.ask(f"new.{ISP}", "A"))


def test_axfr(edited):
    found = transfer(edited.pdns, REVERSE)
    owners = {(owner.to_text(), dns.rdatatype.to_text(rdtype)) for owner, rdtype, _ in found}
    # 256 addresses, all of which the list has room for
    assert {(f"{n}.{REVERSE}.", "PTR") for n in range(256)} <= owners
    with pytest.raises(AssertionError, match="AXFR"):
        transfer(edited.pdns, DYN)
    with pytest.raises(Tool, match="no transfer can be permitted"):   # holds a /32's names
        edited.pdns.pdnsutil("set-meta", DYN, "ALLOW-AXFR-FROM", "127.0.0.1")
    entry = f"name: {DYN}\n    metadata: {{"
    edited.store.load(EDITED_ZONES.replace(entry, entry + "ALLOW-AXFR-FROM: [127.0.0.1], "))
    edited.pdns.control("purge")
    with pytest.raises(AssertionError, match="AXFR"):   # nobody may have what would look like all of it
        transfer(edited.pdns, DYN)


def test_a_load_is_visible_at_the_next_question(edited):
    assert edited.answers(V6, "PTR") == ["2001-0db8-0000-0000-0000-0000-0000-0025.dyn.isp.example."]
    for n in range(5):
        edited.store.load(EDITED_ZONES.replace("{ip}.dyn", f"{{ip}}-{n}.dyn").replace("192.0.2.53", f"192.0.2.{n}"))
        assert edited.answers(V6, "PTR") == [f"2001-0db8-0000-0000-0000-0000-0000-0025-{n}.dyn.isp.example."]
        assert edited.answers(f"ns1.{ISP}", "A") == [f"192.0.2.{n}"]


def test_a_new_zone_is_seen_after_rediscover(edited):
    new = EDITED_ZONES.replace("\nblocks:\n", "\n  - name: new.example\n    records:\n      - {name: www, type: A, content: 192.0.2.44}\nblocks:\n", 1)
    assert new != EDITED_ZONES and rcode(edited.pdns.ask("www.new.example", "A")) == "REFUSED"
    edited.store.load(new)
    edited.pdns.control("rediscover")
    wait_for(lambda: rcode(edited.pdns.ask("www.new.example", "A")) == "NOERROR")
    assert edited.answers("www.new.example", "A") == ["192.0.2.44"]


# --- stores that go and come ------------------------------------------------------------------------------------------

def assert_servfail(pdns, name=f"7.{REVERSE}"):
    reply = pdns.ask(name, "PTR")
    assert rcode(reply) == "SERVFAIL" and rows(reply) == [], reply.to_text()


def test_a_store_removed_and_restored(edited, tmp_path):
    healthy = [generated(7) + "."]
    assert edited.answers(f"7.{REVERSE}", "PTR") == healthy
    aside = tmp_path / "aside"
    for _ in range(5):
        edited.store.dir.rename(aside)
        for n in range(20):
            assert_servfail(edited.pdns, f"{n}.{REVERSE}")
        assert_servfail(edited.pdns, "absent." + REVERSE)
        aside.rename(edited.store.dir)
        assert edited.answers(f"7.{REVERSE}", "PTR") == healthy
    edited.pdns.pdnsutil("add-record", REVERSE, "7", "PTR", "120", "host.customer.example")
    assert edited.answers(f"7.{REVERSE}", "PTR") == ["host.customer.example."]


def test_a_store_replaced_by_another(edited, tmp_path):
    Store(tmp_path / "other").load(EDITED_ZONES.replace("{ip}.dyn", "{ip}-other.dyn"))
    edited.answers(f"7.{REVERSE}", "PTR")
    edited.store.dir.rename(tmp_path / "aside")
    (tmp_path / "other").rename(edited.store.dir)
    assert edited.answers(f"7.{REVERSE}", "PTR") == [f"198-51-100-7-other.{DYN}."]


def test_garbage_in_place_of_data(edited):
    data, rng = edited.store.dir / "data.mdb", random.Random(3)
    good = data.read_bytes()
    for garbage in (b"", b"no store", rng.randbytes(4096), rng.randbytes(1 << 20), good[:4096], good[: len(good) // 2], b"\0" * 40960):
        replace(data, garbage)
        for n in range(8):
            assert_servfail(edited.pdns, f"{n}.{REVERSE}")
        replace(data, good)
        assert edited.answers(f"7.{REVERSE}", "PTR") == [generated(7) + "."], len(garbage)
    edited.pdns.assert_alive()


def replace(path, content):
    new = path.with_name("new")
    new.write_bytes(content)
    new.rename(path)


def test_a_store_that_is_missing_when_pdns_server_starts(tmp_path):
    """ptrd must have a store, so PowerDNS's list of zones comes from another copy."""
    here, elsewhere = Store(tmp_path / "db"), Store(tmp_path / "other").load(EDITED_ZONES)
    with Ptrd(elsewhere.dir) as ptrd, InProcess(here.dir, ptrd.socket, FRESH, probe=(ISP, "A")) as pdns:
        assert_servfail(pdns)
        here.load(EDITED_ZONES)
        assert rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", generated(7) + ".")]
        pdns.assert_alive()


def test_writers_that_are_killed(edited, tmp_path):
    """kill -9 of ptrctl load at any moment: what is answered is whole, of before or after."""
    files = []
    for n in range(2):
        files.append(tmp_path / f"{n}.yaml")
        files[n].write_text(EDITED_ZONES.replace("{ip}.dyn", f"{{ip}}-{n}.dyn"))
    rng = random.Random(4)
    for round_number in range(12):
        load = subprocess.Popen([BUILD / "ptrctl", "load", files[round_number % 2], "--db", edited.store.dir],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.15)
        load.send_signal(signal.SIGKILL)
        load.wait()
        [answer] = edited.answers(f"7.{REVERSE}", "PTR")
        assert re.fullmatch(rf"198-51-100-7(-[01])?\.{DYN}\.", answer)
        assert_answer(edited.pdns.ask(answer, "A"), "A", ["198.51.100.7"])
    os.kill(edited.ptrd.pid, signal.SIGKILL)
    assert rcode(edited.pdns.ask(f"7.{REVERSE}", "PTR")) == "NOERROR"   # ptrd is not needed for what exists


def test_without_ptrd_names_that_exist_are_answered(edited):
    edited.answers(f"7.{REVERSE}", "PTR")
    edited.ptrd.kill()
    assert edited.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    assert_servfail(edited.pdns, "absent." + REVERSE)
    with pytest.raises(Tool):
        edited.pdns.pdnsutil("add-record", REVERSE, "7", "PTR", "120", "host.customer.example")


# --- processes --------------------------------------------------------------------------------------------------------

def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(what, timeout_s=20):
    """Also for a load: where a new table takes longer than 100 ms to build, on a busy machine, the old answer stays so long."""
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_with_a_guardian_the_library_is_loaded_by_its_child(tmp_path):
    """pdns_server forks before it opens backends: nothing of libptrd, no lock of LMDB's, is ever in two processes."""
    store = Store(tmp_path / "db").load(EDITED_ZONES)
    with Ptrd(store.dir) as ptrd, InProcess(store.dir, ptrd.socket, {**FRESH, "guardian": "yes"}) as pdns:
        for _ in range(2):
            [child] = children(pdns.process.pid)
            assert rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", generated(7) + ".")]
            assert "libptrd" in pathlib.Path(f"/proc/{child}/maps").read_text()
            assert "libptrd" not in pathlib.Path(f"/proc/{pdns.process.pid}/maps").read_text()
            os.kill(child, signal.SIGKILL)
            wait_for(lambda: children(pdns.process.pid) not in ([], [child]))
            wait_for(lambda: answers(pdns))
        store.load(EDITED_ZONES.replace("{ip}.dyn", "{ip}-later.dyn"))
        wait_for(lambda: rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", f"198-51-100-7-later.{DYN}.")])


def answers(pdns):
    try:
        return rcode(pdns.ask(f"7.{REVERSE}", "PTR", timeout=0.3)) == "NOERROR"
    except (dns.exception.Timeout, OSError):
        return False


class Daemon(InProcess):
    """pdns_server that leaves its parent; ended by the pid in its file."""

    def start(self, command, probe):
        subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, cwd=self.dir,
                       env=self.environment, timeout=20, check=True)
        wait_for(lambda: (self.dir / "pdns.pid").exists())
        self.pid = int((self.dir / "pdns.pid").read_text())
        wait_for(lambda: answers(self))

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        wait_for(lambda: not pathlib.Path(f"/proc/{self.pid}").exists())
        super().stop()


def test_as_a_daemon(tmp_path):
    store = Store(tmp_path / "db").load(EDITED_ZONES)
    with Ptrd(store.dir) as ptrd, Daemon(store.dir, ptrd.socket, {**FRESH, "daemon": "yes"}) as pdns:
        assert rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", generated(7) + ".")]
        store.load(EDITED_ZONES.replace("{ip}.dyn", "{ip}-later.dyn"))
        wait_for(lambda: rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", f"198-51-100-7-later.{DYN}.")])


def test_beside_the_lmdb_backend(tmp_path):
    """Two libraries on LMDB in one process, each with its own stores, both written meanwhile."""
    store = Store(tmp_path / "db").load(EDITED_ZONES)
    settings = {**FRESH, "launch": "lmdb,lua2,remote", "lmdb-filename": tmp_path / "pdns.lmdb"}
    with Ptrd(store.dir) as ptrd, InProcess(store.dir, ptrd.socket, settings) as pdns:
        pdns.pdnsutil("create-zone", "static.example", "ns1.static.example")
        pdns.control("rediscover")
        for n in range(5):
            pdns.pdnsutil("add-record", "static.example", f"w{n}", "A", "60", f"192.0.2.{n}")
            store.load(EDITED_ZONES.replace("{ip}.dyn", f"{{ip}}-{n}.dyn"))
            pdns.pdnsutil("replace-rrset", ISP, "www", "A", "60", f"192.0.2.{n}")
            wait_for(lambda: rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", f"198-51-100-7-{n}.{DYN}.")])
            for _ in range(4):
                assert rows(pdns.ask(f"w{n}.static.example", "A")) == [("A", f"192.0.2.{n}")]
                assert rows(pdns.ask(f"7.{REVERSE}", "PTR")) == [("PTR", f"198-51-100-7-{n}.{DYN}.")]
                assert rows(pdns.ask(f"www.{ISP}", "A")) == [("A", f"192.0.2.{n}")]
        pdns.assert_alive()


@pytest.mark.parametrize("change, message", [
    (("ptrd_abi() == 1", "ptrd_abi() == 2"), "ptrd.lua speaks ABI 1, the library 1: install both from one version"),
    (('os.getenv("PTRD_LEAF")', '"some"'), "ptrd.lua: db or leaf is wrong"),
    (('os.getenv("PTRD_LIBRARY")', '"/nowhere/libptrd.so"'), "/nowhere/libptrd.so: cannot open shared object file"),
    (('require, "ffi"', 'require, "effi"'), "ptrd.lua: LuaJIT is needed"),
])
def test_what_does_not_fit_is_named_in_the_log(tmp_path, change, message):
    text = LUA.read_text()
    assert change[0] in text
    lua = tmp_path / "ptrd.lua"
    lua.write_text(text.replace(*change))
    store = Store(tmp_path / "db").load(EDITED_ZONES)
    with Ptrd(store.dir) as ptrd, pytest.raises(RuntimeError) as failure:
        InProcess(store.dir, ptrd.socket, {"lua2-filename": lua})
    assert message in str(failure.value)


# --- leaves -----------------------------------------------------------------------------------------------------------

def test_with_leaves_no_name_of_an_address_costs_a_round_trip(tmp_path):
    """With the settings that pdns-in-process.conf names for it; also where nothing is: at a leaf that is no records, not no name."""
    store = Store(tmp_path / "db").load(EDITED_ZONES)
    with Ptrd(store.dir, args=["--leaf", "ipv6"]) as ptrd, \
            InProcess(store.dir, ptrd.socket, {**FRESH, **INSIDE_LEAVES}, leaf="ipv6") as inside:
        assert rcode(inside.ask(V6, "PTR", dnssec=True)) == "NOERROR"
        before = requests(ptrd)
        assert all(rows(reply) for reply in inside.ask_many([("7.7.7.7." + V6[8:], "PTR", True) for _ in range(20)]))
        assert rows(inside.ask(V6, "SOA")) and rcode(inside.ask(V6, "TXT")) == "NOERROR"
        assert requests(ptrd) == before
        inside.assert_alive()


def test_metadata_that_is_kept_for_a_question_is_not_kept_longer(edited_leaves):
    """With leaves ptrd.lua remembers what PowerDNS asks for several times a question: an edit shows at once."""
    pdns = edited_leaves.pdns
    for _ in range(3):
        assert edited_leaves.serial(ISP) < 2_000_000_000    # the time
        pdns.pdnsutil("set-meta", ISP, "SOA-EDIT", "INCEPTION-INCREMENT")
        assert edited_leaves.serial(ISP) > 2_000_000_000    # a date
        pdns.pdnsutil("set-meta", ISP, "SOA-EDIT")


@pytest.fixture
def edited_leaves(tmp_path):
    made = EditedInside(tmp_path, {**INSIDE_LEAVES, "distributor-threads": 1}, "ipv6")
    yield made
    made.pdns.assert_alive()
    made.close()
