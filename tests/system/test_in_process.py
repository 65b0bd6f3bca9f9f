"""In-process mode, the shipped ptrd.lua and pdns-in-process.conf before the real pdns_server: whole answers equal to those of the
safe mode, round trips, edits by all of PowerDNS's tools, and stores that go, come back and are exchanged under it."""
import os
import random
import re
import signal
import subprocess
import time

import dns.flags
import dns.name
import dns.rdatatype
import pytest

from support.editing import DYN, ISP, REVERSE, V6, Edited, generated
from support.editing import ZONES as EDITED_ZONES
from support.inprocess import InProcess
from support.leaves import SIGNED, ZONES, fragment, questions
from support.pdns import EDITING, Pdns, Tool, assert_answer, assert_nxdomain, rcode, rows
from support.ptrd import BUILD, Client, Ptrd, Store
from support.twins import ask_all, transfer, whole

FRESH = {"cache-ttl": 0, "negquery-cache-ttl": 0}   # what was asked for is asked again
MORE_SIGNED = ["dyn.isp.example", "chain.example", "narrow.example"]


def said(wire):
    """All of a reply in lower case, signatures without what is random in them."""
    code, flags, *sections = whole(wire)
    return code, flags, *(sorted(re.sub(r"( rrsig (\S+ ){8}).*", r"\1", line.lower()) for line in lines) for lines in sections)


# --- the same answers -------------------------------------------------------------------------------------------------

def chain_zone(name):
    """A zone of explicit records alone, with what Lua might take for something else."""
    return rf"""
  - name: {name}
    metadata: {{ALLOW-AXFR-FROM: [127.0.0.1]}}
    records:
      - {{name: "7", type: A, content: 192.0.2.7}}
      - {{name: number, type: CNAME, content: "7"}}
      - {{name: hex, type: CNAME, content: "0x1f"}}
      - {{name: inf, type: PTR, content: inf}}
      - {{name: escaped, type: CNAME, content: 'a\.b.chain.example'}}
      - {{name: a.b.c, type: TXT, content: '"say \"it\"" "\200\\"'}}
      - {{name: 'quo\034te', type: TXT, content: '"owner"'}}
      - {{name: "*.wild", type: MX, content: 10 mail.isp.example}}
      - {{name: cut, type: NS, content: ns.cut.{name}}}
      - {{name: ns.cut, type: A, content: 192.0.2.99}}
      - {{name: svc, type: HTTPS, content: "1 . alpn=h2"}}
      - {{name: odd, type: TYPE65400, content: '\# 3 010203'}}
      - {{name: caa, type: CAA, content: '0 issue "ca.example"'}}"""


class Twins:
    """One store, one ptrd, and before it the safe and the in-process mode."""

    def __init__(self, directory):
        text = ZONES.replace("\nblocks:\n", chain_zone("chain.example") + chain_zone("narrow.example") + "\nblocks:\n", 1)
        self.store = Store(directory / "db").load(text)
        self.ptrd = Ptrd(self.store.dir)
        settings = {**FRESH, "dname-processing": "yes", "remote-dnssec": "yes"}
        self.safe = Pdns(self.ptrd.socket, settings)
        self.inside = InProcess(self.store.dir, self.ptrd.socket, settings)
        # signed by way of the in-process mode
        self.inside.pdnsutil("secure-zone", *SIGNED, *MORE_SIGNED)
        self.inside.pdnsutil("set-nsec3", "chain.example", "1 1 2 abcd")
        self.inside.pdnsutil("set-nsec3", "narrow.example", "1 0 0 -", "narrow")
        self.inside.pdnsutil("set-nsec3", SIGNED[0], "1 0 0 -", "narrow")
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


def chain_questions():
    rng = random.Random(7)
    labels = ["7", "number", "hex", "inf", "escaped", "a.b.c", "b.c", "quo\\\"te", "x.wild", "*.wild", "cut", "x.cut", "ns.cut",
              "svc", "odd", "caa", "nothing", "b.nothing", "0", "zz", "wild", "", "\\000", "\\255.x"]
    for zone in ("chain.example.", "narrow.example."):
        for label in labels:
            name = dns.name.from_text(f"{label}.{zone}" if label else zone)
            for rdtype in rng.sample(["A", "ANY", "NS", "DS", "TXT", "SOA", "MX", "CNAME", "PTR", "HTTPS", "TYPE65400", "CAA",
                                      "DNSKEY", "NSEC3PARAM"], 7):
                yield name, rdtype


@pytest.mark.parametrize("dnssec_ok", [False, True])
def test_answers_are_those_of_the_safe_mode(twins, dnssec_ok, long_test):
    asked = [(name, rdtype) for name, rdtype, _ in questions(4000 if long_test else 300, "off")] + list(chain_questions())
    wrong, seen = [], set()
    for question, inside, safe in zip(asked, ask_all(twins.inside, asked, dnssec_ok), ask_all(twins.safe, asked, dnssec_ok)):
        inside, safe = said(inside), said(safe)
        seen |= {(safe[0], bool(safe[2]), "aa" in safe[1].lower())} | {line.split()[3] for section in safe[2:] for line in section}
        if inside != safe:
            wrong.append(f"{question}:\n  inside  {inside}\n  safe    {safe}")
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:10])
    assert len(asked) > 4000
    assert {("NOERROR", True, True), ("NOERROR", False, True), ("NOERROR", False, False), ("NXDOMAIN", False, True)} <= seen
    assert {"ptr", "a", "aaaa", "soa", "ns", "cname", "dname", "type65400", "https"} <= seen
    assert not dnssec_ok or {"rrsig", "nsec", "nsec3", "ds", "dnskey"} <= seen
    twins.inside.assert_alive()


def test_the_answers_came_from_inside(twins):
    """Names that exist cost no round trip: ptrd is not asked."""
    names = [f"{n}.1.51.198.in-addr.arpa" for n in range(200)] + [
        "1.0.0.0." + ".".join(["0"] * 20) + ".8.b.d.0.1.0.0.2.ip6.arpa", "chain.example", "b.c.chain.example"]
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
    inside, safe = transfer(twins.inside, "chain.example"), transfer(twins.safe, "chain.example")
    assert len(safe) > 30
    volatile = {dns.rdatatype.RRSIG}
    assert {k: v for k, v in inside.items() if k[1] not in volatile} == {k: v for k, v in safe.items() if k[1] not in volatile}


def test_metadata_and_keys_are_read_inside(twins):
    before = requests(twins.ptrd)
    twins.inside.control("purge")
    assert rcode(twins.inside.ask("chain.example", "DNSKEY", dnssec=True)) == "NOERROR"
    assert requests(twins.ptrd) == before


# --- edits ------------------------------------------------------------------------------------------------------------

class EditedInside(Edited):
    def __init__(self, directory, settings=None):
        self.store = Store(directory / "db").load(EDITED_ZONES)
        self.ptrd = Ptrd(self.store.dir)
        try:
            self.pdns = InProcess(self.store.dir, self.ptrd.socket, {**EDITING, **FRESH, "allow-axfr-ips": "", **(settings or {})}, api=True)
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


# --- leaves -----------------------------------------------------------------------------------------------------------

def test_with_leaves_answers_are_those_of_the_fast_mode(tmp_path, long_test):
    """The settings that pdns-in-process.conf names for it."""
    store = Store(tmp_path / "db").load(ZONES)
    inside_settings = {**FRESH, "dname-processing": "yes", "zone-cache-refresh-interval": 0, "zone-metadata-cache-ttl": 0}
    with Ptrd(store.dir, args=["--leaf", "ipv6"]) as ptrd, \
            Pdns(ptrd.socket, {**fragment("pdns-fast.conf"), **FRESH, "dname-processing": "yes"}) as fast, \
            InProcess(store.dir, ptrd.socket, inside_settings, leaf="ipv6") as inside:
        asked = [(name, rdtype) for name, rdtype, _ in questions(2000 if long_test else 200, "ipv6")]
        leaf = "7.7.7.7." + "0." * 20 + "8.b.d.0.1.0.0.2.ip6.arpa"
        assert rows(inside.ask(leaf, "SOA"))
        before = requests(ptrd)
        assert rows(inside.ask(leaf, "PTR", dnssec=True))
        assert requests(ptrd) == before
        wrong = [(question, said(a), said(b)) for question, a, b in
                 zip(asked, ask_all(inside, asked, True), ask_all(fast, asked, True)) if said(a) != said(b)]
        assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(map(str, wrong[:10]))
        inside.assert_alive()
