"""ptrd-dnssec(7): every command in it is one of PowerDNS's or ours and works with the sample zones, the HTTP API does what the
page says, and what it says of PowerDNS is so. The procedures of rollovers are carried out by test_rollover.py."""
import json
import os
import pathlib
import re
import subprocess

import dns.rdatatype
import pytest

from support.pdns import NO_ANSWER_CACHE, Pdns, Tool, rows
from support.ptrd import BUILD, Ptrd, Store
from support.rollover import MANUAL, blocks

SOURCE = pathlib.Path(os.environ["PTRD_SOURCE"])
TEXT = MANUAL.read_text()
CHILD, PARENT = "dyn.isp.example", "isp.example"
# Carried out while validators watch.
ROLLOVERS = {"A zone below a signed one": 1, "KSK or CSK": 1, "ZSK": 1, "From one key to KSK and ZSK": 1, "Algorithm": 1,
             "Going unsigned": 1}
# Run here, in this order: (title, number of the block within it).
HERE = [("SIGNING", 0), ("DENIAL OF EXISTENCE", 0), ("DS RECORDS", 0), ("KEYS", 0), ("KEYS", 1), ("KEYS", 2)]
API = ("PDNSUTIL AND THE HTTP API", 0)


def block(title, number):
    return [lines for t, lines in blocks() if t == title][number]


@pytest.fixture
def world(tmp_path):
    """The sample zones behind PowerDNS with the settings that are shipped."""
    zones = (SOURCE / "pdns-config/sample-zones.yaml").read_text()
    overrides = str(SOURCE / "pdns-config/sample-overrides.csv")
    store = Store(tmp_path / "db").load(zones.replace("sample-overrides.csv", overrides))
    shipped = dict(line.split("=", 1) for line in (SOURCE / "pdns-config/pdns-safe.conf").read_text().splitlines()
                   if "=" in line and not line.startswith(("#", "launch", "remote-connection-string")))
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, shipped, api=True) as pdns:
        pdns.store, pdns.ptrd = store, ptrd
        yield pdns


def test_every_block_is_run_by_a_test():
    seen = {}
    for title, _ in blocks():
        seen[title] = seen.get(title, 0) + 1
    here = {title: sum(t == title for t, _ in HERE + [API]) for title, _ in HERE + [API]}
    assert seen == {**ROLLOVERS, **here}


def run(world, line, tmp_path):
    """One line as a shell has it, with the servers and files of the test in place of the reader's."""
    keys = world.http("GET", f"/zones/{CHILD}./cryptokeys")[1]
    line = re.sub(r"\bOLD\b", str(keys[0]["id"]) if keys else "0", line)
    line = re.sub(r"^(pdnsutil|pdns_control) ", rf"\1 --config-dir={world.dir} ", line)
    line = re.sub(r"^ptrctl ", f"{BUILD.resolve()}/ptrctl ", line)
    line = line.replace("@127.0.0.1", f"@{world.address} -p {world.port}")
    line = line.replace("/etc/ptrd/zones.yaml", str(world.store.dir.with_name("db.zones.yaml")))
    line = line.replace("/var/lib/ptrd", str(world.store.dir))
    done = subprocess.run(["bash", "-euc", line], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, line + "\n" + done.stdout + done.stderr
    return done.stdout


def test_the_commands_run(world, tmp_path):
    said = {}
    for title, number in HERE:
        for line in block(title, number):
            if not line.startswith("#"):
                said[title, number] = said.get((title, number), "") + run(world, line, tmp_path)
    assert "RRSIG" in said["SIGNING", 0]
    for zone in (PARENT, "100.51.198.in-addr.arpa"):
        assert re.search(rf"{re.escape(zone)}\. IN DS \d+ 13 2 ", said["SIGNING", 0])
    assert [dns.rdatatype.to_text(r.rdtype) for r in world.ask(CHILD, "DS").answer] == ["DS"]
    world.control("purge", PARENT + "$")
    assert {t for t, _ in rows(world.ask(PARENT, "CDS")) + rows(world.ask(PARENT, "CDNSKEY"))} == {"CDS", "CDNSKEY"}
    first, second = world.http("GET", f"/zones/{CHILD}./cryptokeys")[1]
    assert first["dnskey"] == second["dnskey"] and second["active"] and second["published"]
    # the store built aside has the keys, and PowerDNS finds them there after the swap
    world.store.dir.rename(tmp_path / "gone")
    (tmp_path / "db.new").rename(world.store.dir)
    assert [key["id"] for key in world.http("GET", f"/zones/{CHILD}./cryptokeys")[1]] == [first["id"], second["id"]]


def test_every_command_that_is_named_is_one_of_pdnsutil():
    known = set(re.findall(r"^([a-z0-9-]+) ", subprocess.run(["pdnsutil"], capture_output=True, text=True, check=False).stdout, re.M))
    named = set(re.findall(r"^(?:\.Ql )?pdnsutil ([a-z0-9-]+)", TEXT, re.M))
    section = TEXT[TEXT.index(".Sh PDNSUTIL"):TEXT.index("Refused are")]
    for item in re.findall(r"^\.It ((?:.*\\\n)*.*)", section, re.M):
        named |= {word for word in re.findall(r"[a-z][a-z0-9-]+", item) if "-" in word or word == "hsm"}
    assert len(named) > 20 and sorted(named - known) == []


def api_requests():
    """The table of the page: [(method, path, body)]."""
    text = re.sub(r"\n\s+", " ", "\n".join(block(*API)))
    return [line.split(maxsplit=2) for line in text.splitlines()]


def test_the_http_api_does_what_the_page_says(world):
    """Every request of its table, with what changes by it."""
    zone = f"/zones/{CHILD}."

    def keys():
        return [(key["active"], key["published"]) for key in world.http("GET", zone + "/cryptokeys")[1]]

    def state():
        meta = {item["kind"]: item["metadata"] for item in world.http("GET", zone + "/metadata")[1]}
        return keys(), meta.get("PUBLISH-CDNSKEY"), meta.get("NSEC3PARAM")

    one, two = (True, True), (True, False)
    after = [([one], None, None), ([one], None, ["1 0 0 -"]), ([one], None, None), ([one], ["0"], None), ([one], None, None),
             ([one, one], None, None), ([two, one], None, None), ([one], None, None), ([], None, None)]
    requests = api_requests()
    assert len(requests) == len(after)
    for (method, path, *body), expected in zip(requests, after):
        known = world.http("GET", zone + "/cryptokeys")[1]
        path = path.replace("ZONE", f"/zones/{CHILD}")
        path = re.sub(r"/N$", f"/{known[0]['id']}" if known else "", path)
        status, said = world.http(method, path, json.loads(body[0]) if body else None)
        assert 200 <= status < 300, (method, path, body, said)
        assert state() == expected, (method, path, body)


def test_what_is_refused_is_refused_with_the_message_of_the_page(world, tmp_path):
    world.pdnsutil("secure-zone", CHILD)
    (tmp_path / "key").write_text("nonsense\n")
    for words in (["remove-zone-key", CHILD, "999"], ["activate-zone-key", CHILD, "999"],
                  ["import-zone-key", CHILD, tmp_path / "key"], ["secure-zone", "nowhere.example"]):
        with pytest.raises(Tool) as failed:
            world.pdnsutil(*words)
        assert failed.value.status == 1
        if words[-1] != "nowhere.example":
            told = re.findall(r"^\.(?:Pq )?Ql (Cannot remove key|Can't find a key with id|unknown algorithm number)", TEXT, re.M)
            assert any(message in failed.value.output for message in told), failed.value.output
    assert "dyn.isp.example has no key with the number 999" in world.ptrd.log()


def requests_of(pdns, question, dnssec):
    """How many requests ptrd got for one question."""
    def count():
        return int(re.search(r"^requests (\d+)", pdns.pdnsutil("backend-cmd", "remote", "stats"), re.M)[1])
    own = count()
    own = count() - own
    before = count()
    pdns.ask(*question, dnssec=dnssec)
    return count() - before - own


def test_unsigned_zones_cost_no_round_trip_more_with_remote_dnssec(world):
    questions = [("7.100.51.198.in-addr.arpa", "PTR"), ("198-51-100-7.dyn.isp.example", "A"), ("absent.dyn.isp.example", "A"),
                 ("198-51-100-7.dyn.isp.example", "TXT"),
                 ("9." + "0." * 22 + "7.8.b.d.0.1.0.0.2.ip6.arpa", "PTR")]
    counts = {}
    for setting in ("no", "yes"):
        with Pdns(world.ptrd.socket, {**NO_ANSWER_CACHE, "remote-dnssec": setting}) as pdns:
            for question in questions:
                pdns.ask(*question, dnssec=True)    # keys and metadata are kept for a while
            counts[setting] = [requests_of(pdns, question, dnssec) for question in questions for dnssec in (False, True)]
    assert counts["yes"] == counts["no"] and min(counts["no"]) >= 2
