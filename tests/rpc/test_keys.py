"""DNSSEC keys over the socket: kept as PowerDNS gives them, numbers never given twice, DS records of a zone of ours in
the zone of ours above it, and the serials that rise."""
import random
import threading

import pytest

from support.dnskeys import ED25519, P256, P256_B, P256_C, P256_D, PAIRS
from support.ptrd import Client, Closed, Ptrd, Store, run
from support.zones import HEAD

ZONES = HEAD + """
zones:
  - name: isp.example
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
      - {name: ext, type: NS, content: ns.customer.example}
      - {name: ext, type: DS, content: "1 13 2 0000000000000000000000000000000000000000000000000000000000000001"}
  - {name: sub.isp.example, ttl: 777}
  - name: deep.sub.isp.example
  - {name: sec.isp.example, kind: secondary, primaries: [192.0.2.7]}
  - prefix: 198.51.100.0/24
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.sub.isp.example"}
"""
ISP, SUB, DEEP, SEC = "isp.example.", "sub.isp.example.", "deep.sub.isp.example.", "sec.isp.example."
REVERSE = "100.51.198.in-addr.arpa."
EXPLICIT = "1 13 2 0000000000000000000000000000000000000000000000000000000000000001"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "db").load(ZONES)


@pytest.fixture
def ptrd(store):
    with Ptrd(store.dir) as p:
        yield p


@pytest.fixture
def client(ptrd):
    with Client(ptrd.socket) as c:
        yield c


def add(client, zone, pair, **kwargs):
    number = client.call("addDomainKey", name=zone, key=pair.key(**kwargs))
    assert type(number) is int and number > 0
    return number


def keys(client, zone):
    return client.call("getDomainKeys", name=zone)


def zone_id(client, zone):
    return client.call("getDomainInfo", name=zone)["id"]


def serials(client):
    return {z["zone"]: z["serial"] for z in client.call("getAllDomains", include_disabled=True)}


def ds(client, zone=SUB, parent=ISP):
    """The DS set at the apex of zone, as its parent shows it by the type and among all."""
    parent_id = zone_id(client, parent)
    typed = client.lookup(zone, "DS", parent_id)
    assert typed == [r for r in client.lookup(zone, "ANY", parent_id) if r["qtype"] == "DS"]
    listed = client.call("list", zonename=parent, domain_id=parent_id)
    found = sorted(r["content"] for r in typed)
    assert found == sorted(r["content"] for r in listed if r["qtype"] == "DS" and r["qname"] == zone)
    assert all(r.get("auth", 1) == 1 for r in typed)
    return found


def meta(client, zone, kind, *values):
    assert client.call("setDomainMetadata", name=zone, kind=kind, value=list(values)) is True


# --- kept as given ---


def test_a_key_is_given_back_as_it_came(client):
    assert keys(client, SUB) == []
    number = add(client, SUB, P256, flags=257, active=False, published=True)
    second = add(client, SUB, ED25519, flags=256, active=True, published=False)
    assert keys(client, SUB) == [
        {"id": number, "flags": 257, "active": False, "published": True, "content": P256.content},
        {"id": second, "flags": 256, "active": True, "published": False, "content": ED25519.content}]
    assert keys(client, ISP) == keys(client, DEEP) == []


def test_states_are_set_one_by_one(client):
    number, other = add(client, SUB, P256, active=False, published=False), add(client, SUB, P256_B)
    for method, active, published in (("activateDomainKey", True, False), ("publishDomainKey", True, True),
                                      ("publishDomainKey", True, True), ("deactivateDomainKey", False, True),
                                      ("unpublishDomainKey", False, False)):
        assert client.call(method, name=SUB, id=number) is True
        states = {k["id"]: (k["active"], k["published"]) for k in keys(client, SUB)}
        assert states == {number: (active, published), other: (True, True)}
    assert client.call("removeDomainKey", name=SUB, id=number) is True
    assert [k["id"] for k in keys(client, SUB)] == [other]


def test_no_number_is_given_twice(client, store):
    first, second = add(client, SUB, P256), add(client, ISP, P256)
    assert second > first
    assert client.call("removeDomainKey", name=ISP, id=second) is True
    third = add(client, SUB, P256_B)
    assert third > second
    store.load(ZONES)
    assert client.call("removeDomainKey", name=SUB, id=third) is True
    assert add(client, DEEP, P256_C) > third


def test_zones_not_ours_and_numbers_not_given(client, ptrd):
    for zone in ("other.example.", "www.isp.example.", "example."):
        assert keys(client, zone) is False  # another backend of PowerDNS may have it
        assert client.call("addDomainKey", name=zone, key=P256.key()) is False
        for method in ("removeDomainKey", "activateDomainKey", "publishDomainKey"):
            assert client.call(method, name=zone, id=1) is False
    number = add(client, SUB, P256)
    for wrong in (number + 1, 0, -1):
        for method in ("removeDomainKey", "activateDomainKey", "deactivateDomainKey", "publishDomainKey",
                       "unpublishDomainKey"):
            assert client.call(method, name=SUB, id=wrong) is False
    assert client.call("removeDomainKey", name=ISP, id=number) is False
    assert len(keys(client, SUB)) == 1


def test_other_shapes_are_read_alike(client):
    """Numbers as numbers or strings, truth as true, 1 or "1", `published` as 4.2 did not know it."""
    shapes = [{"flags": "257", "active": 1, "published": 0}, {"flags": 257.0, "active": "1", "published": "0"},
              {"flags": 257, "active": True}]
    for pair, shape in zip(PAIRS, shapes):
        client.call("addDomainKey", name=SUB, key={**shape, "content": pair.content})
    assert [(k["flags"], k["active"], k["published"]) for k in keys(client, SUB)] == [
        (257, True, False), (257, True, False), (257, True, True)]
    number = keys(client, SUB)[0]["id"]
    assert client.call("publishDomainKey", name=SUB, id=str(number)) is True
    assert keys(client, SUB)[0]["published"] is True


@pytest.mark.parametrize("change, word", [
    ({"content": "secret"}, "Private-key-format"), ({"content": ""}, "Private-key-format"),
    ({"content": P256.content.replace("13", "16")}, "expected"), ({"content": P256.content * 200}, "octets"),
    ({"content": P256.content + "\x01"}, "no text"), ({"flags": 1}, "zone key"), ({"flags": 0}, "zone key")])
def test_what_is_no_key_is_refused(client, change, word):
    reply = client.reply("addDomainKey", {"name": SUB, "key": {**P256.key(), **change}})
    assert reply["result"] is False and word in reply["log"][0]
    assert P256.content.splitlines()[2].split()[1] not in reply["log"][0]
    assert keys(client, SUB) == []


@pytest.mark.parametrize("change", [{"flags": 65536}, {"flags": "x"}, {"active": 2}, {"active": []}, {"content": 7}])
def test_malformed_requests_close_the_connection(ptrd, change):
    with Client(ptrd.socket) as client, pytest.raises(Closed):
        client.reply("addDomainKey", {"name": SUB, "key": {**P256.key(), **change}})
    with Client(ptrd.socket) as client:
        assert keys(client, SUB) == []


def test_a_key_in_a_hardware_module_is_kept_without_ds_and_the_log_says_so(client, ptrd):
    content = "Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\nEngine: softhsm\nSlot: 1\nPIN: 1\nLabel: a\n"
    assert client.call("addDomainKey", name=SUB, key={**P256.key(), "content": content}) > 0
    assert keys(client, SUB)[0]["content"] == content
    assert ds(client) == []
    assert f"{SUB[:-1]}: no DS can be made of a key of algorithm 13" in ptrd.log()


# --- transactions ---


def test_inside_a_transaction_keys_show_at_once_and_to_nobody_else(client, ptrd):
    """As pdnsutil secure-zone does it."""
    with Client(ptrd.socket) as other:
        before = serials(other)
        client.start(SUB)
        number = add(client, SUB, P256)
        assert [k["id"] for k in keys(client, SUB)] == [number]
        assert ds(client) == [P256.ds(SUB)]
        assert keys(other, SUB) == [] and ds(other) == [] and serials(other) == before
        assert client.commit() == {"result": True}
        assert [k["id"] for k in keys(other, SUB)] == [number]
        assert ds(other) == [P256.ds(SUB)]


def test_an_aborted_transaction_leaves_nothing(client):
    before = serials(client)
    client.start(SUB)
    add(client, SUB, P256)
    client.abort()
    assert keys(client, SUB) == [] and ds(client) == [] and serials(client) == before
    client.start(SUB)
    client.call("removeDomainKey", name=SUB, id=add(client, SUB, P256))
    assert client.commit() == {"result": True}
    assert keys(client, SUB) == [] and serials(client) == before


def test_a_refused_key_ends_the_transaction(client):
    client.start(SUB)
    add(client, SUB, P256)
    assert client.call("addDomainKey", name=SUB, key={**P256.key(), "content": "x"}) is False
    assert "result" not in client.commit()
    assert keys(client, SUB) == []


# --- DS ---


def test_ds_of_the_entry_points(client):
    """KSK, or CSK; of an algorithm with both, those with the SEP bit alone."""
    ksk = add(client, SUB, P256, flags=257)
    assert ds(client) == [P256.ds(SUB)]
    zsk = add(client, SUB, P256_B, flags=256)
    assert ds(client) == [P256.ds(SUB)]
    csk = add(client, SUB, ED25519, flags=256)  # alone of its algorithm
    assert ds(client) == sorted([P256.ds(SUB), ED25519.ds(SUB, 256)])
    client.call("deactivateDomainKey", name=SUB, id=ksk)
    assert ds(client) == sorted([P256_B.ds(SUB, 256), ED25519.ds(SUB, 256)])
    client.call("activateDomainKey", name=SUB, id=ksk)
    client.call("unpublishDomainKey", name=SUB, id=ksk)
    assert ds(client) == [ED25519.ds(SUB, 256)]
    client.call("removeDomainKey", name=SUB, id=ksk)
    assert ds(client) == sorted([P256_B.ds(SUB, 256), ED25519.ds(SUB, 256)])
    for number in (zsk, csk):
        client.call("removeDomainKey", name=SUB, id=number)
    assert ds(client) == []


def test_two_entry_points_as_in_a_rollover(client):
    add(client, SUB, P256)
    add(client, SUB, P256_B, active=False)
    assert ds(client) == [P256.ds(SUB)]
    add(client, SUB, P256_C)
    add(client, SUB, P256_C)  # imported twice: one DS
    assert ds(client) == sorted([P256.ds(SUB), P256_C.ds(SUB)])


def test_a_revoked_key_has_no_ds(client):
    add(client, SUB, P256, flags=257 | 128)
    assert ds(client) == []
    assert keys(client, SUB)[0]["flags"] == 385


def test_ds_stand_directly_above_and_nowhere_else(client):
    add(client, DEEP, P256)
    add(client, REVERSE, P256_B)
    assert ds(client, DEEP, SUB) == [P256.ds(DEEP)]
    assert ds(client, DEEP, ISP) == []
    assert ds(client, SUB, ISP) == []
    assert client.lookup(REVERSE, "DS") == client.lookup(DEEP, "DS", zone_id(client, DEEP)) == []
    rows = client.lookup(DEEP, "DS", zone_id(client, SUB))
    assert {r["ttl"] for r in rows} == {r["ttl"] for r in client.lookup(DEEP, "NS", zone_id(client, SUB))}


def test_the_ttl_is_that_of_the_name_servers_at_the_cut(client):
    add(client, SUB, P256)
    assert [r["ttl"] for r in client.lookup(SUB, "DS", zone_id(client, ISP))] == [777]


def test_an_explicit_set_stands_in_front(client, store):
    add(client, SUB, P256)
    isp_id = zone_id(client, ISP)
    client.start(ISP)
    client.replace(SUB, "DS", [EXPLICIT], domain_id=isp_id)
    assert client.commit() == {"result": True}
    assert ds(client) == [EXPLICIT]
    out = run("ptrctl", "check", "--db", store.dir).stdout
    assert "warning: sub.isp.example: the explicit DS records above it, in isp.example, are not those" in out
    assert "explicit" in run("ptrctl", "explain", SUB, "--db", store.dir).stdout
    client.start(ISP)
    client.replace(SUB, "DS", [], domain_id=isp_id)
    assert client.commit() == {"result": True}
    assert ds(client) == [P256.ds(SUB)]
    assert "DS" not in run("ptrctl", "check", "--db", store.dir).stdout
    assert "its DS records stand above it, in isp.example: made of its keys" in run(
        "ptrctl", "explain", SUB, "--db", store.dir).stdout
    client.call("deactivateDomainKey", name=SUB, id=1)
    assert "it has keys, but no DS records above it" in run("ptrctl", "explain", SUB, "--db", store.dir).stdout


@pytest.mark.parametrize("kind", ["PUBLISH-CDNSKEY", "PUBLISH-CDS"])
def test_cds_delete_withholds_the_ds(client, kind):
    add(client, SUB, P256)
    before = serials(client)
    meta(client, SUB, kind, "0")
    assert ds(client) == []
    withheld = serials(client)
    assert {z for z in before if before[z] != withheld[z]} == {SUB, ISP}
    for other in (["1"], ["0", "1"], ["00"], ["2", "0"], [""]):
        meta(client, SUB, kind, *other)
        assert ds(client) == [P256.ds(SUB)], other
    meta(client, SUB, kind, "0")
    meta(client, SUB, kind)
    assert ds(client) == [P256.ds(SUB)]


# --- serials ---


def raised(client, change):
    before = serials(client)
    change()
    after = serials(client)
    assert all(after[z] >= before[z] for z in before)
    return {z for z in before if after[z] > before[z]}


def test_serials_rise_where_answers_change(client):
    ids = {}
    assert raised(client, lambda: ids.update(a=add(client, SUB, P256))) == {SUB, ISP}
    assert raised(client, lambda: ids.update(z=add(client, SUB, P256_B, flags=256, published=False))) == {SUB}
    call = lambda method, key: lambda: client.call(method, name=SUB, id=ids[key])
    assert raised(client, call("publishDomainKey", "z")) == {SUB}
    assert raised(client, call("publishDomainKey", "z")) == set()
    assert raised(client, call("removeDomainKey", "z")) == {SUB}
    assert raised(client, call("deactivateDomainKey", "a")) == {SUB, ISP}
    assert raised(client, call("removeDomainKey", "a")) == {SUB}
    assert raised(client, lambda: add(client, ISP, P256_C)) == {ISP}
    assert raised(client, lambda: add(client, DEEP, P256_C)) == {DEEP, SUB}
    assert raised(client, lambda: add(client, SEC, P256_D)) == {ISP}  # a secondary's serial is its primary's


@pytest.mark.parametrize("kind, raises", [
    ("NSEC3PARAM", True), ("NSEC3NARROW", True), ("PRESIGNED", True), ("SOA-EDIT", True), ("PUBLISH-CDS", True),
    ("PUBLISH-CDNSKEY", True), ("ALLOW-AXFR-FROM", False), ("TSIG-ALLOW-AXFR", False), ("X-OWN", False)])
def test_metadata_that_answers_depend_on_raises_the_serial(client, kind, raises):
    value = "1 0 0 -" if kind == "NSEC3PARAM" else "1"
    expected = {SUB} if raises else set()
    assert raised(client, lambda: meta(client, SUB, kind, value)) == expected
    assert raised(client, lambda: meta(client, SUB, kind, value)) == set()
    assert client.call("getDomainMetadata", name=SUB, kind=kind) == [value]
    assert raised(client, lambda: meta(client, SUB, kind)) == expected
    assert raised(client, lambda: meta(client, SUB, kind)) == set()


@pytest.mark.parametrize("value", ["narrow", "2 0 0 -", "1 2 0 -", "1 0 65536 -", "1 0 0 abc", "1 0 0", " "])
def test_what_is_no_nsec3param_is_refused(client, value):
    meta(client, SUB, "NSEC3PARAM", "1 0 0 -")
    assert client.call("setDomainMetadata", name=SUB, kind="NSEC3PARAM", value=[value]) is False
    assert client.call("setDomainMetadata", name=SUB, kind="NSEC3PARAM", value=["1 0 0 -", value]) is False
    assert client.call("getDomainMetadata", name=SUB, kind="NSEC3PARAM") == ["1 0 0 -"]


# --- metadata of zones that are denied minimally ---


def test_nsec3_of_a_zone_that_generates_is_narrow(client):
    for zone in (SUB, REVERSE):
        assert client.call("getDomainMetadata", name=zone, kind="NSEC3NARROW") == []
        meta(client, zone, "NSEC3PARAM", "1 0 0 -")
        for set_to in ([], ["0"], ["1"]):
            meta(client, zone, "NSEC3NARROW", *set_to)
            assert client.call("getDomainMetadata", name=zone, kind="NSEC3NARROW") == ["1"]
            everything = client.call("getAllDomainMetadata", name=zone)
            assert everything == {"NSEC3NARROW": ["1"], "NSEC3PARAM": ["1 0 0 -"]}
        meta(client, zone, "NSEC3PARAM")
        meta(client, zone, "NSEC3NARROW")
        assert client.call("getAllDomainMetadata", name=zone) == {}
    meta(client, ISP, "NSEC3PARAM", "1 0 0 -")  # explicit records alone: a chain
    assert client.call("getAllDomainMetadata", name=ISP) == {"NSEC3PARAM": ["1 0 0 -"]}
    assert client.call("getDomainMetadata", name=ISP, kind="NSEC3NARROW") == []


# --- kill -9 ---

KILLS = 30
SET = 6  # keys of one edit


def numbers(client):
    """Ids that stand; every edit leaves SET keys of one state in SUB."""
    standing = keys(client, SUB)
    assert len(standing) in (0, SET)
    assert len({k["active"] for k in standing}) <= 1
    assert ds(client) == sorted({p.ds(SUB) for p in PAIRS} if standing and standing[0]["active"] else set())
    return [k["id"] for k in standing]


def edit(client, flip):
    client.start(SUB)
    for key in keys(client, SUB):
        client.call("removeDomainKey", name=SUB, id=key["id"])
    for pair in PAIRS:
        add(client, SUB, pair, active=flip)
    assert client.commit() == {"result": True}


def test_edits_of_keys_survive_kills_as_a_whole(store):
    chance, highest = random.Random(5), 0
    for _ in range(KILLS):
        with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
            standing = numbers(client)
            assert not standing or min(standing) > highest or max(standing) == highest
            highest = max(standing, default=highest)
            killer = threading.Timer(chance.uniform(0, 0.05), ptrd.process.kill)
            killer.start()
            try:
                for i in range(1000000):
                    edit(client, i % 2 == 0)
                    highest = max(numbers(client))
            except (Closed, OSError):
                pass
            killer.join()
            ptrd.process.wait()
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
        numbers(client)
        edit(client, True)
        assert min(numbers(client)) > highest
    assert "DNSSEC keys" in run("ptrctl", "dump", "--db", store.dir).stdout
