"""Edits over the socket, in the request shapes of PowerDNS 4.7.3 to 5.1: transactions, metadata, TSIG keys, roles,
searchRecords, directBackendCmd; what a refusal looks like; what a client that stops in the middle leaves behind."""
import json
import socket
import threading
import time

import pytest

from support.ptrd import Client, Closed, Ptrd, Store

ZONES = """
defaults:
  ttl: 3600
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 10800}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    metadata: {ALLOW-AXFR-FROM: [192.0.2.1], X-KEPT: [a, b]}
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: www, type: A, content: 192.0.2.80}
      - {name: www, type: TXT, content: '"Web Server"'}
      - {name: mail, type: MX, content: 10 www.isp.example}
  - name: dyn.isp.example
  - {name: prim.example, kind: primary}
  - {name: sec.example, kind: secondary, primaries: [192.0.2.7, "192.0.2.8:5300", "[2001:db8::7]:5301"]}
  - prefix: 198.51.100.0/24
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
ptrs:
  198.51.100.25: www.isp.example
"""
ISP, REVERSE = "isp.example.", "100.51.198.in-addr.arpa."


@pytest.fixture
def ptrd(tmp_path):
    with Ptrd(Store(tmp_path / "db").load(ZONES).dir) as p:
        yield p


@pytest.fixture
def client(ptrd):
    with Client(ptrd.socket) as c:
        yield c


@pytest.fixture
def other(ptrd):
    with Client(ptrd.socket) as c:
        yield c


def contents(client, qname, qtype="ANY", zone_id=-1):
    return sorted((r["qtype"], r["content"]) for r in client.lookup(qname, qtype, zone_id) if r["qtype"])


def zone_info(client, zone):
    return client.call("getDomainInfo", name=zone)


def true(reply):
    assert reply == {"result": True}


def refused(reply, *words):
    """`false` and a reason."""
    assert reply["result"] is False and len(reply["log"]) == 1, reply
    for word in words:
        assert word in reply["log"][0]


def failed(reply, *words):
    """No result: PowerDNS raises an error."""
    assert "result" not in reply and len(reply["log"]) == 1, reply
    for word in words:
        assert word in reply["log"][0]


def counter(client, name):
    text = client.call("directBackendCmd", query="stats")
    return int(dict(line.split(" ", 1) for line in text.splitlines())[name])


# --- transactions ---

def test_a_transaction_is_seen_inside_at_once_and_outside_after_commit(client, other):
    zone_id = zone_info(client, ISP)["id"]
    true(client.start(ISP))
    true(client.replace("new.isp.example.", "A", ["192.0.2.1", "192.0.2.2"], domain_id=zone_id))
    assert contents(client, "new.isp.example.", "A", zone_id) == [("A", "192.0.2.1"), ("A", "192.0.2.2")]
    assert {"new.isp.example."} <= {r["qname"] for r in client.call(
        "list", zonename=ISP, domain_id=zone_id, include_disabled=False)}
    assert contents(other, "new.isp.example.") == []
    true(client.commit())
    assert contents(other, "new.isp.example.") == [("A", "192.0.2.1"), ("A", "192.0.2.2")]
    assert contents(client, "new.isp.example.") == [("A", "192.0.2.1"), ("A", "192.0.2.2")]


def test_an_abort_leaves_everything_as_it_was(client, other):
    serial = zone_info(other, ISP)["serial"]
    true(client.start(ISP))
    true(client.replace("www.isp.example.", "ANY", []))
    assert contents(client, "www.isp.example.") == []
    true(client.abort())
    assert len(contents(client, "www.isp.example.")) == 2
    assert zone_info(other, ISP)["serial"] == serial
    true(client.abort())  # nothing is left of a transaction that was none, too


def test_a_connection_that_closes_aborts(ptrd, client):
    with Client(ptrd.socket) as quitter:
        true(quitter.start(ISP))
        true(quitter.replace("gone.isp.example.", "A", ["192.0.2.1"]))
    true(client.start(ISP))  # waits at most a second for the other to be given up
    true(client.commit())
    assert contents(client, "gone.isp.example.") == []


def test_feed_record_adds_to_what_is_there(client):
    true(client.start(ISP))
    true(client.feed("www.isp.example.", "A", "192.0.2.81"))
    true(client.feed("fed.isp.example.", "MX", "10 www.isp.example"))
    true(client.reply("feedEnts", {"domain_id": 1, "trxid": 1, "nonterm": [{"auth": True, "nonterm": "x.isp.example."}]}))
    true(client.reply("feedEnts3", {"domain": ISP, "domain_id": 1, "trxid": 1, "times": 1, "salt": "", "narrow": False,
                                    "nonterm": []}))
    true(client.commit())
    assert contents(client, "www.isp.example.", "A") == [("A", "192.0.2.80"), ("A", "192.0.2.81")]
    assert contents(client, "fed.isp.example.") == [("MX", "10 www.isp.example")]


def test_a_zone_is_replaced_when_domain_id_is_given(client):
    info = zone_info(client, ISP)
    true(client.start(ISP, info["id"]))
    soa = f"ns1.isp.example hostmaster.isp.example {info['serial'] + 5} 7200 3600 604800 300"
    true(client.feed(ISP, "SOA", soa))
    true(client.feed(ISP, "NS", "ns1.isp.example"))
    true(client.feed("ns1.isp.example.", "A", "192.0.2.99"))
    true(client.commit())
    assert contents(client, "www.isp.example.") == []
    assert contents(client, "ns1.isp.example.") == [("A", "192.0.2.99")]
    assert contents(client, ISP, "SOA")[0][1].split()[2:4] == [str(info["serial"] + 5), "7200"]
    assert len(contents(client, "198-51-100-7.dyn.isp.example.")) == 1  # of the zone below


def test_a_generated_name_becomes_explicit_and_comes_back(client):
    name = f"7.{REVERSE}"
    generated, sibling = contents(client, name), contents(client, f"8.{REVERSE}")
    serial = zone_info(client, REVERSE)["serial"]
    true(client.start(REVERSE))
    true(client.replace(name, "PTR", ["mail.customer.example"]))
    true(client.commit())
    assert contents(client, name) == [("PTR", "mail.customer.example")]
    assert contents(client, f"8.{REVERSE}") == sibling
    assert zone_info(client, REVERSE)["serial"] > serial
    true(client.start(REVERSE))
    true(client.replace(name, "PTR", []))
    true(client.commit())
    assert contents(client, name) == generated


def test_a_transaction_that_deletes_what_is_generated_no_longer_sees_it(client, other):
    name = f"7.{REVERSE}"
    generated = contents(client, name)
    true(client.start(REVERSE))
    true(client.replace(name, "TXT", []))
    assert contents(client, name) == generated
    true(client.replace(name, "PTR", []))
    assert contents(client, name) == contents(client, name, "PTR") == []
    assert contents(client, f"8.{REVERSE}") != [] and contents(other, name) == generated
    true(client.feed(name, "CNAME", "7.customer.example"))
    assert contents(client, name) == [("CNAME", "7.customer.example")]
    true(client.abort())
    assert contents(client, name) == generated
    true(client.start(REVERSE))
    true(client.replace(name, "ANY", []))
    assert contents(client, name) == []
    true(client.commit())
    assert contents(client, name) == generated


def test_numbers_may_come_as_strings_and_as_reals(client):
    true(client.reply("startTransaction", {"domain": ISP, "domain_id": "-1", "trxid": "1"}))
    rr = {"qname": "n.isp.example.", "qtype": "a", "qclass": 1, "content": "192.0.2.9", "auth": 1}
    true(client.reply("feedRecord", {"rr": {**rr, "ttl": "61"}}))
    true(client.reply("replaceRRSet", {"qname": "n.isp.example", "qtype": "A", "domain_id": -1.0,
                                       "rrset": [{**rr, "ttl": 62.0}]}))
    true(client.commit())
    assert client.lookup("n.isp.example.")[0]["ttl"] == 62


def test_own_writes_do_not_stick_to_the_connection(client, other):
    """What a lookup inside an edit has learnt of a zone is forgotten with it."""
    name = "below.7.dyn.isp.example."
    true(client.start("dyn.isp.example."))
    true(client.replace(name, "A", ["192.0.2.1"]))
    assert contents(client, name) == [("A", "192.0.2.1")]
    true(client.abort())
    assert contents(client, name) == contents(other, name) == []
    true(other.start("dyn.isp.example."))
    assert contents(other, name) == []
    true(other.replace(name, "A", ["192.0.2.2"]))
    assert contents(other, name) == [("A", "192.0.2.2")]
    true(other.commit())
    assert contents(client, name) == [("A", "192.0.2.2")]


# --- refusals ---

def test_a_refused_change_is_false_and_the_commit_fails(ptrd, client, other):
    before = counter(client, "edits-refused")
    true(client.start(ISP))
    true(client.replace("fine.isp.example.", "A", ["192.0.2.1"]))
    refused(client.replace("bad.isp.example.", "A", ["192.0.2.300"]), "192.0.2.300")
    refused(client.replace("late.isp.example.", "A", ["192.0.2.1"]), "refused before")
    failed(client.commit(), "refused before")
    assert contents(other, "fine.isp.example.") == contents(other, "late.isp.example.") == []
    assert ptrd.log().count("refused") == 1 and "replaceRRSet refused" in ptrd.log() and "192.0.2.300" in ptrd.log()
    assert counter(client, "edits-refused") == before + 1
    true(client.start(ISP))
    true(client.replace("fine.isp.example.", "A", ["192.0.2.1"]))
    true(client.commit())


@pytest.mark.parametrize("qname, qtype, content", [
    ("www.elsewhere.example.", "A", "192.0.2.1"),
    ("198-51-100-7.dyn.isp.example.", "OPT", ""),
    ("x.isp.example.", "A", "2001:db8::1"),
    ("x.isp.example.", "MX", "70000 a.example"),
    ("x.isp.example.", "NOSUCHTYPE", "x"),
    ("x.isp.example.", "RRSIG", "A 13 2 3600 20300101000000 20200101000000 1 isp.example. AAAA"),
])
def test_what_no_zone_can_hold_is_refused_at_once(client, qname, qtype, content):
    true(client.start(ISP))
    refused(client.feed(qname, qtype, content))
    failed(client.commit())
    true(client.start(ISP))
    refused(client.replace(qname, qtype, [content]))
    true(client.abort())


@pytest.mark.parametrize("change", [
    lambda c: c.replace("www.isp.example.", "CNAME", ["a.example"]),
    lambda c: c.replace("two.isp.example.", "CNAME", ["a.example", "b.example"]),
    lambda c: c.replace(ISP, "SOA", []),
    lambda c: c.replace(ISP, "NS", []),
    lambda c: c.replace("*.x.isp.example.", "NS", ["a.example"]),
    lambda c: c.replace("*.x.isp.example.", "DNAME", ["a.example"]),
], ids=["CNAME beside data", "two CNAMEs", "no SOA", "no NS", "NS at a wildcard", "DNAME at a wildcard"])
def test_what_does_not_fit_together_is_refused_at_the_latest_by_commit(ptrd, client, other, change):
    before = [contents(other, n) for n in (ISP, "www.isp.example.", "two.isp.example.")]
    true(client.start(ISP))
    change(client)
    failed(client.commit())
    assert "refused" in ptrd.log()
    assert [contents(other, n) for n in (ISP, "www.isp.example.", "two.isp.example.")] == before


def test_a_transaction_of_a_zone_that_is_not_ours_fails(client):
    failed(client.start("elsewhere.example."), "elsewhere.example")
    refused(client.replace("a.elsewhere.example.", "A", ["192.0.2.1"]))
    failed(client.commit())
    failed(client.start("www.isp.example.", 1), "www.isp.example")


def test_records_outside_a_transaction_are_refused(client):
    refused(client.replace("x.isp.example.", "A", ["192.0.2.1"]), "no transaction")
    refused(client.feed("x.isp.example.", "A", "192.0.2.1"), "no transaction")
    failed(client.commit(), "no transaction")
    assert contents(client, "x.isp.example.") == []


def test_malformed_edits_close_the_connection_and_change_nothing(ptrd, other):
    shapes = [("startTransaction", {"domain": 1, "domain_id": -1}), ("startTransaction", {"domain": ISP}),
              ("replaceRRSet", {"qname": "a.isp.example.", "qtype": "A", "domain_id": 1}),
              ("setDomainMetadata", {"name": ISP, "kind": "X"}), ("setTSIGKey", {"name": "k."}),
              ("setNotified", {"id": "x", "serial": 1}), ("setNotified", {"id": 1}), ("setFresh", {}),
              ("searchRecords", {"pattern": "a"}), ("directBackendCmd", {})]
    for method, parameters in shapes:
        with Client(ptrd.socket) as client:
            if method == "replaceRRSet":
                true(client.start(ISP))
            with pytest.raises(Closed):
                client.reply(method, parameters)
    true(other.start(ISP))
    true(other.abort())


# --- one writer ---

def test_a_second_writer_waits_a_second_and_is_refused(ptrd, client, other):
    true(client.start(ISP))
    begin = time.monotonic()
    failed(other.start(REVERSE), "written by")
    assert 0.9 < time.monotonic() - begin < 1.9
    refused(other.reply("setDomainMetadata", {"name": ISP, "kind": "X", "value": ["1"]}), "refused before")
    true(other.abort())
    begin = time.monotonic()
    refused(other.reply("setDomainMetadata", {"name": ISP, "kind": "X", "value": ["1"]}), "written by")
    assert 0.9 < time.monotonic() - begin < 1.9
    assert "startTransaction refused" in ptrd.log() and "setDomainMetadata refused" in ptrd.log()
    assert len(contents(other, "www.isp.example.")) == 2  # answering goes on
    true(client.commit())
    true(other.start(REVERSE))
    true(other.commit())


def test_many_clients_edit_and_look_up_at_once(ptrd):
    """Each edit is whole, none that was accepted is lost, and none waits for another's reader."""
    workers, rounds, wrong = 4, 15, []

    def edit(number):
        with Client(ptrd.socket) as c:
            for i in range(rounds):
                done = False
                while not done:
                    done = "result" in c.start(ISP)
                true(c.replace("shared.isp.example.", "TXT", [f'"{number}-{i}-{half}"' for half in "ab"]))
                true(c.feed(f"w{number}-{i}.isp.example.", "A", "192.0.2.1"))
                true(c.commit())

    def look():
        with Client(ptrd.socket) as c:
            while threads[0].is_alive():
                found = [content[:-2] for _, content in contents(c, "shared.isp.example.", "TXT")]
                if len(found) not in (0, 2) or len(set(found)) > 1:
                    wrong.append(found)

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(workers)]
    threads += [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with Client(ptrd.socket) as c:
        for n in range(workers):
            for i in range(rounds):
                assert contents(c, f"w{n}-{i}.isp.example.") == [("A", "192.0.2.1")]


def test_an_edit_without_requests_is_given_up(ptrd, client, other):
    true(client.start(ISP))
    true(client.replace("late.isp.example.", "A", ["192.0.2.1"]))
    begin = time.monotonic()
    while "result" not in (reply := other.start(ISP)):
        assert time.monotonic() - begin < 8, reply
    assert time.monotonic() - begin > 3.5
    true(other.commit())
    assert "given up" in ptrd.log()
    refused(client.replace("late.isp.example.", "A", ["192.0.2.1"]), "given up")
    failed(client.commit(), "given up")
    assert contents(client, "late.isp.example.") == []
    true(client.start(ISP))  # and the connection is as good as before
    true(client.replace("late.isp.example.", "A", ["192.0.2.1"]))
    true(client.commit())
    assert contents(client, "late.isp.example.") == [("A", "192.0.2.1")]


def test_bytes_that_are_no_request_do_not_keep_an_edit(client, other):
    true(client.start(ISP))
    end = time.monotonic() + 9
    client.sock.settimeout(0.1)
    while "result" not in other.start(ISP):
        client.send(b" ")
        assert time.monotonic() < end


def test_a_client_that_does_not_read_its_reply_loses_its_edit(ptrd, client, other):
    true(client.start(ISP))
    for n in range(3):
        true(client.replace(f"big{n}.isp.example.", "TXT", [f'"{n}-{i}-{"x" * 200}"' for i in range(200)]))
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line = b'{"method":"list","parameters":{"domain_id":1,"include_disabled":false,"zonename":"isp.example."}}\n'
    client.send(line * 20)
    begin = time.monotonic()
    while "result" not in (reply := other.start(ISP)):
        assert time.monotonic() - begin < 9, reply
    true(other.commit())
    assert contents(other, "big0.isp.example.") == []


def test_stopping_the_server_gives_up_an_open_edit(tmp_path):
    store = Store(tmp_path / "db").load(ZONES)
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
        true(client.start(ISP))
        true(client.replace("late.isp.example.", "A", ["192.0.2.1"]))
        begin = time.monotonic()
        assert ptrd.stop() == 0
        assert time.monotonic() - begin < 3
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
        assert contents(client, "late.isp.example.") == []
        true(client.start(ISP))
        true(client.commit())


def test_stdio_edits_too(tmp_path):
    store = Store(tmp_path / "db").load(ZONES)
    with Ptrd(store.dir, stdio=True) as ptrd:
        def ask(method, **parameters):
            ptrd.process.stdin.write(json.dumps({"method": method, "parameters": parameters}).encode() + b"\n")
            ptrd.process.stdin.flush()
            return json.loads(ptrd.process.stdout.readline())
        true(ask("startTransaction", domain=ISP, domain_id=-1, trxid=1))
        true(ask("feedRecord", rr={"qname": "s.isp.example.", "qtype": "A", "content": "192.0.2.1", "ttl": 60}))
        true(ask("commitTransaction", trxid=1))
        assert [r["content"] for r in ask("lookup", qname="s.isp.example.", qtype="ANY")["result"]] == ["192.0.2.1"]
        assert "requests-lookup 1\n" in ask("directBackendCmd", query="stats")["result"]


# --- metadata ---

def test_metadata_is_set_over_the_source_and_deleted(client, other):
    assert client.call("getAllDomainMetadata", name=ISP) == {"ALLOW-AXFR-FROM": ["192.0.2.1"], "X-KEPT": ["a", "b"]}
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "ALLOW-AXFR-FROM", "value": ["AUTO-NS", "192.0.2.2"]}))
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "X-NEW", "value": ["1"]}))
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "X-KEPT", "value": []}))
    assert other.call("getAllDomainMetadata", name=ISP) == {"ALLOW-AXFR-FROM": ["AUTO-NS", "192.0.2.2"], "X-NEW": ["1"]}
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "A-FIRST", "value": ["1"]}))
    assert other.call("getAllDomainMetadata", name=ISP) == {
        "A-FIRST": ["1"], "ALLOW-AXFR-FROM": ["AUTO-NS", "192.0.2.2"], "X-NEW": ["1"]}
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "A-FIRST", "value": []}))
    assert other.call("getDomainMetadata", name=ISP, kind="ALLOW-AXFR-FROM") == ["AUTO-NS", "192.0.2.2"]
    assert other.call("getDomainMetadata", name=ISP, kind="X-KEPT") == []
    assert other.call("getDomainMetadata", name="dyn.isp.example.", kind="X-NEW") == []
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "X-NEW", "value": []}))
    assert other.call("getAllDomainMetadata", name=ISP) == {"ALLOW-AXFR-FROM": ["AUTO-NS", "192.0.2.2"]}


def test_metadata_of_a_name_that_is_no_zone_is_refused(client):
    refused(client.reply("setDomainMetadata", {"name": "www.isp.example.", "kind": "X", "value": ["1"]}), "www.isp")


def test_metadata_in_a_transaction_belongs_to_it(client, other):
    true(client.start(ISP))
    true(client.reply("setDomainMetadata", {"name": ISP, "kind": "X-NEW", "value": ["1"]}))
    assert client.call("getDomainMetadata", name=ISP, kind="X-NEW") == ["1"]
    assert other.call("getDomainMetadata", name=ISP, kind="X-NEW") == []
    true(client.abort())
    assert client.call("getDomainMetadata", name=ISP, kind="X-NEW") == []


# --- TSIG keys ---

def test_tsig_keys_are_kept(ptrd, client, other):
    key = {"algorithm": "hmac-sha256", "content": "AAAAAAAAAAAAAAAAAAAAAA=="}
    assert client.call("getTSIGKey", name="k.example.") is False
    assert client.call("getTSIGKeys") == []
    true(client.reply("setTSIGKey", {"name": "k.example.", **key}))
    true(client.reply("setTSIGKey", {"name": "a.", **key, "algorithm": "hmac-md5.sig-alg.reg.int."}))
    found = other.call("getTSIGKey", name="K.example")
    assert found["algorithm"].rstrip(".") == "hmac-sha256" and found["content"] == key["content"]
    assert sorted(k["name"] for k in other.call("getTSIGKeys")) == ["a.", "k.example."]
    assert all(sorted(k) == ["algorithm", "content", "name"] for k in other.call("getTSIGKeys"))
    true(client.reply("deleteTSIGKey", {"name": "k.example."}))
    assert other.call("getTSIGKey", name="k.example.") is False
    refused(client.reply("deleteTSIGKey", {"name": "k.example."}), "k.example")


# --- zones of other kinds ---

def test_kinds_are_told(client):
    assert zone_info(client, ISP)["kind"] == "native" and "masters" not in zone_info(client, ISP)
    assert zone_info(client, "prim.example.")["kind"] == "master"
    info = zone_info(client, "sec.example.")
    assert (info["kind"], info["masters"]) == ("slave", ["192.0.2.7", "192.0.2.8:5300", "[2001:db8::7]:5301"])
    kinds = {z["zone"]: z.get("kind") for z in client.call("getAllDomains", include_disabled=True)}
    assert (kinds["prim.example."], kinds["sec.example."], kinds[ISP]) == ("master", "slave", None)


def test_a_primary_zone_is_updated_until_its_serial_is_notified(client):
    def updated():
        return [z["zone"] for z in client.call("getUpdatedMasters")]
    assert updated() == ["prim.example."]
    info = zone_info(client, "prim.example.")
    true(client.reply("setNotified", {"id": info["id"], "serial": info["serial"]}))
    assert updated() == []
    assert zone_info(client, "prim.example.")["notified_serial"] == info["serial"]
    true(client.start("prim.example."))
    true(client.replace("new.prim.example.", "A", ["192.0.2.1"]))
    true(client.commit())
    assert updated() == ["prim.example."]
    refused(client.reply("setNotified", {"id": 2000000, "serial": 1}), "2000000")


def test_a_secondary_zone_is_due_until_it_is_fresh(client):
    def due():
        return [z["zone"] for z in client.call("getUnfreshSlaveInfos")]
    assert due() == ["sec.example."]
    info = zone_info(client, "sec.example.")
    true(client.reply("setFresh", {"id": info["id"]}))
    assert due() == []
    assert abs(zone_info(client, "sec.example.")["last_check"] - time.time()) < 5
    true(client.reply("setStale", {"id": info["id"]}))
    assert due() == ["sec.example."]
    assert "last_check" not in zone_info(client, "sec.example.")
    refused(client.reply("setFresh", {"id": 2000000}))


def test_zones_are_not_made_by_powerdns(ptrd, client):
    refused(client.reply("superMasterBackend", {"ip": "192.0.2.7", "domain": "new.example.", "nsset": []}), "new.example")
    refused(client.reply("createSlaveDomain", {"ip": "192.0.2.7", "domain": "new.example.", "nameserver": "", "account": ""}),
            "192.0.2.7")
    assert "createSlaveDomain refused" in ptrd.log()


# --- searchRecords ---

def search(client, pattern, most=100):
    return sorted((r["qname"], r["qtype"], r["content"]) for r in client.call(
        "searchRecords", pattern=pattern, maxResults=most))


WWW = [("www.isp.example.", "A", "192.0.2.80"), ("www.isp.example.", "TXT", '"Web Server"')]


def test_search_by_name_and_by_content(client):
    everywhere = sorted(WWW + [("25." + REVERSE, "PTR", "www.isp.example")])
    for pattern in ("ww?.isp.example", "WWW.isp.exampl*", "www.isp.example", "www.isp.example."):
        assert search(client, pattern) == everywhere
    assert search(client, "*web s*") == [WWW[1]]
    assert search(client, "192.0.2.8?") == [WWW[0]]
    assert search(client, "nothing*") == []
    assert ("mail.isp.example.", "MX", "10 www.isp.example") in search(client, "* www.isp.example")
    assert ("isp.example.", "SOA") in [f[:2] for f in search(client, "*hostmaster*")]
    rows = client.call("searchRecords", pattern="www.isp.example.", maxResults=100)
    assert {r["domain_id"] for r in rows if r["qname"] == "www.isp.example."} == {zone_info(client, ISP)["id"]}


def test_a_pattern_that_is_a_name_finds_what_is_generated_there(client):
    name = f"7.{REVERSE}"
    assert search(client, name) == [(name, "PTR", "198-51-100-7.dyn.isp.example")]
    assert search(client, "198-51-100-7.DYN.isp.example") == [("198-51-100-7.dyn.isp.example.", "A", "198.51.100.7")]
    assert search(client, "7.100.51*") == []


def test_search_shows_what_is_in_force(client):
    true(client.start(ISP))
    true(client.replace("www.isp.example.", "A", ["192.0.2.90"]))
    true(client.replace("www.isp.example.", "TXT", []))
    true(client.replace("one.isp.example.", "TXT", ['"find me"']))
    assert search(client, "*find me*") == [("one.isp.example.", "TXT", '"find me"')]
    true(client.commit())
    assert [f for f in search(client, "www.isp*") if f[1] != "PTR"] == [("www.isp.example.", "A", "192.0.2.90")]
    assert search(client, "192.0.2.80") == search(client, "*web server*") == []


def test_search_tells_no_more_than_is_wanted(client):
    everything = search(client, "*", 1000)
    assert len(everything) >= 10 and len(set(everything)) == len(everything)
    for most in (0, 1, 2, 5):
        assert len(client.call("searchRecords", pattern="*", maxResults=most)) == most
    assert len(search(client, "www.isp.example", 1)) == 1


# --- directBackendCmd, APILookup ---

def test_stats_count(client, other):
    other.call("initialize")
    before = {n: counter(client, n) for n in ("lookups", "requests", "edits-accepted", "data-generation")}
    contents(other, "www.isp.example.")
    contents(other, "www.isp.example.")
    other.call("APILookup", qname="www.isp.example.", qtype="ANY")
    true(other.start(ISP))
    true(other.replace("c.isp.example.", "A", ["192.0.2.1"]))
    true(other.commit())
    assert counter(client, "lookups") == before["lookups"] + 3
    assert counter(client, "edits-accepted") == before["edits-accepted"] + 1
    assert counter(client, "data-generation") > before["data-generation"]
    assert counter(client, "requests-replaceRRSet") == 1
    assert (counter(client, "zones"), counter(client, "blocks"), counter(client, "connections")) == (5, 1, 2)
    assert abs(counter(client, "changed") - time.time()) < 60
    other.close()
    end = time.monotonic() + 5
    while counter(client, "connections") == 2:
        assert time.monotonic() < end
    assert counter(client, "lookups") == before["lookups"] + 3 and counter(client, "connections-ever") == 2


def test_explain_says_why(client):
    text = client.call("directBackendCmd", query="explain 198.51.100.7")
    assert "source generated\n" in text and "record PTR 600 198-51-100-7.dyn.isp.example" in text
    assert "zone 100.51.198.in-addr.arpa" in text and "block 198.51.100.0/24" in text
    assert "source none\n" in client.call("directBackendCmd", query="explain nosuch.isp.example")
    assert "explain" in client.call("directBackendCmd", query="explain a..b")


@pytest.mark.parametrize("query", ["", "help", "stats now", "explain", "exp", "statsx"])
def test_any_other_command_lists_the_commands(client, query):
    text = client.call("directBackendCmd", query=query)
    assert "stats:" in text and "explain NAME|ADDRESS:" in text


def test_api_lookup_is_a_lookup(client):
    """PowerDNS 5.0 and later, for one name of its HTTP API."""
    parameters = {"include-disabled": True, "local": "0.0.0.0", "qname": "www.isp.example.", "qtype": "ANY",
                  "real-remote": "0.0.0.0/0", "remote": "0.0.0.0", "zone-id": zone_info(client, ISP)["id"]}
    assert client.request("APILookup", parameters) == client.request("lookup", parameters)
