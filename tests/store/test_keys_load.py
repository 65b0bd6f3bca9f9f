"""DNSSEC keys, ids, serials and what PowerDNS changed, over loads and when a store takes another's place; the serials of
the zones whose DS a load changes."""
import shutil
import time

import pytest

from support.dnskeys import P256, P256_B
from support.ptrd import Client, Ptrd, Refused, Store, run
from support.zones import HEAD

SUB_ENTRY = "  - name: sub.isp.example\n"
ZONES = HEAD + """
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
      - {name: www, type: A, content: 192.0.2.80}
""" + SUB_ENTRY + """
  - name: dyn.isp.example
  - prefix: 198.51.100.0/24
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example"}
ptrs:
  198.51.100.25: mail.isp.example
"""
ISP, SUB, DYN, REVERSE = "isp.example.", "sub.isp.example.", "dyn.isp.example.", "100.51.198.in-addr.arpa."
WITHHELD = ZONES.replace(SUB_ENTRY, SUB_ENTRY + '    metadata: {PUBLISH-CDNSKEY: ["0"]}\n')
NSEC3 = ZONES.replace(SUB_ENTRY, SUB_ENTRY + '    metadata: {NSEC3PARAM: ["1 0 0 -"]}\n')
AXFR = ZONES.replace(SUB_ENTRY, SUB_ENTRY + '    metadata: {ALLOW-AXFR-FROM: ["192.0.2.1"]}\n')
WITHOUT = ZONES.replace(SUB_ENTRY, "")
TTL = ZONES.replace(SUB_ENTRY, SUB_ENTRY + "    ttl: 60\n")


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


def add(client, zone, pair=P256):
    number = client.call("addDomainKey", name=zone, key=pair.key())
    assert number > 0
    return number


def zones(client):
    """Of each zone its id, serial and keys."""
    return {z["zone"]: (z["id"], z["serial"], client.call("getDomainKeys", name=z["zone"]))
            for z in client.call("getAllDomains", include_disabled=True)}


def serials(client):
    return {name: serial for name, (_, serial, _) in zones(client).items()}


def ds(client, zone=SUB):
    return [r["content"] for r in client.lookup(zone, "DS", zones(client)[ISP][0])]


def raised(client, store, text):
    before = serials(client)
    store.load(text)
    after = serials(client)
    assert all(after[z] >= before[z] for z in before.keys() & after.keys())
    return {z for z in before.keys() & after.keys() if after[z] != before[z]}


# --- loads ---


def test_loads_keep_keys(client, store):
    add(client, SUB)
    add(client, REVERSE, P256_B)
    before = zones(client)
    assert raised(client, store, ZONES) == set()
    assert raised(client, store, ZONES.replace("192.0.2.80", "192.0.2.81")) == {ISP}
    after = zones(client)
    assert {z: v[2] for z, v in before.items()} == {z: v[2] for z, v in after.items()}
    assert ds(client) == [P256.ds(SUB)]


def test_a_zone_that_comes_back_has_its_keys_again(client, store):
    number = add(client, SUB)
    zone_id = zones(client)[SUB][0]
    assert raised(client, store, WITHOUT) == {ISP}
    assert client.lookup(SUB, "DS") == [] and client.call("getDomainKeys", name=SUB) is False
    other = add(client, ISP, P256_B)
    assert other > number
    assert raised(client, store, ZONES) == {ISP}
    assert zones(client)[SUB][0] == zone_id
    assert [k["id"] for k in zones(client)[SUB][2]] == [number]
    assert ds(client) == [P256.ds(SUB)]


def test_metadata_of_the_file_raises_the_zone_and_the_one_that_shows_its_ds(client, store):
    add(client, SUB)
    assert raised(client, store, WITHHELD) == {SUB, ISP}
    assert ds(client) == []
    assert raised(client, store, WITHHELD) == set()
    assert raised(client, store, ZONES) == {SUB, ISP}
    assert ds(client) == [P256.ds(SUB)]
    assert raised(client, store, NSEC3) == {SUB}
    assert raised(client, store, AXFR) == {SUB}
    assert raised(client, store, ZONES) == set()
    assert raised(client, store, TTL) == {SUB, ISP}


def test_without_keys_only_the_zone_itself(client, store):
    assert raised(client, store, WITHHELD) == {SUB}
    assert raised(client, store, ZONES) == {SUB}


def test_what_is_withheld_locally_is_no_change_of_a_load(client, store):
    add(client, SUB)
    assert client.call("setDomainMetadata", name=SUB, kind="PUBLISH-CDNSKEY", value=["0"]) is True
    assert raised(client, store, WITHHELD) == {SUB}  # the file says something else; the zone above answers the same
    assert ds(client) == []


# --- exchanging a store ---


def edit(client):
    """Something of every kind that no load replaces."""
    add(client, SUB)
    add(client, REVERSE, P256_B)
    assert client.call("setDomainMetadata", name=SUB, kind="X-OWN", value=["a"]) is True
    assert client.call("setTSIGKey", name="key.", algorithm="hmac-sha256", content="c2VjcmV0") is True
    assert client.call("setNotified", id=zones(client)[ISP][0], serial=77) is True
    client.start(ISP)
    client.replace("local.isp.example.", "A", ["192.0.2.99"])
    client.replace("www.isp.example.", "A", [])
    assert client.commit() == {"result": True}
    client.start(REVERSE)
    client.replace("99." + REVERSE, "PTR", ["derived.isp.example."])
    assert client.commit() == {"result": True}


def all_of(client):
    """All that clients can ask for."""
    infos = client.call("getAllDomains", include_disabled=True)
    return {"zones": infos, "tsig": client.call("getTSIGKeys"),
            **{z["zone"]: (client.call("getDomainKeys", name=z["zone"]),
                           client.call("getAllDomainMetadata", name=z["zone"]),
                           sorted(map(str, client.call("list", zonename=z["zone"], domain_id=z["id"]))))
               for z in infos}}


def load_beside(store, text, *args):
    """A new directory beside the store's, loaded with text."""
    new = store.dir.with_name("new")
    path = store.dir.with_name("new.yaml")
    path.write_text(text)
    return new, run("ptrctl", "load", path, "--db", new, *args)


def exchange(client, store, new):
    store.dir.rename(store.dir.with_name("old"))
    new.rename(store.dir)
    time.sleep(0.01)  # ptrd notices within that (ptrd(8), FILES)
    zones(client)     # builds the table; on a busy machine the old pair answers until it is there
    time.sleep(0.3)


def test_an_exchanged_store_has_all_that_loads_keep(client, store):
    edit(client)
    before = all_of(client)
    new, done = load_beside(store, ZONES, "--keep", store.dir)
    assert "0 serials raised" in done.stdout
    assert all_of(client) == before
    exchange(client, store, new)
    assert all_of(client) == before
    highest = max(k["id"] for z in (SUB, REVERSE) for k in client.call("getDomainKeys", name=z))
    assert add(client, SUB, P256_B) > highest


@pytest.mark.parametrize("text, expected", [
    (ZONES.replace("content: 192.0.2.53", "content: 192.0.2.52"), {ISP}), (WITHHELD, {SUB, ISP}), (WITHOUT, {ISP}),
    (ZONES.replace("    forward_auto: yes\n", ""), {ISP}),
    (ZONES.replace("{ip}.dyn", "{ip:hex}.dyn"), {REVERSE, DYN})],
    ids=["record", "withheld DS", "zone gone", "no derived names", "template"])
def test_serials_rise_as_if_it_had_been_loaded_in_place(client, store, text, expected):
    edit(client)
    before = serials(client)
    new, _ = load_beside(store, text, "--keep", store.dir)
    place = store.dir.with_name("place")
    shutil.copytree(store.dir, place)
    exchange(client, store, new)
    after = serials(client)
    assert {z for z in before.keys() & after.keys() if after[z] != before[z]} == expected
    Store(place).load(text)
    with Ptrd(place) as ptrd, Client(ptrd.socket) as other:
        assert {z: v[0] for z, v in zones(other).items()} == {z: v[0] for z, v in zones(client).items()}
        now = serials(other)
        assert {z for z in before.keys() & now.keys() if now[z] != before[z]} == expected
        first, second = all_of(other), all_of(client)
        assert {z: v for z, v in first.items() if z not in expected | {"zones"}} == {
            z: v for z, v in second.items() if z not in expected | {"zones"}}


def test_without_keep_nothing_is_taken_along(client, store):
    """What --keep is for."""
    add(client, SUB)
    new, _ = load_beside(store, ZONES)
    exchange(client, store, new)
    assert client.call("getDomainKeys", name=SUB) == []


def test_a_zone_that_is_gone_keeps_its_number_and_keys(client, store):
    number = add(client, SUB)
    zone_id = zones(client)[SUB][0]
    new, _ = load_beside(store, WITHOUT, "--keep", store.dir)
    exchange(client, store, new)
    assert SUB not in zones(client)
    store.load(ZONES)
    assert zones(client)[SUB][0] == zone_id
    assert [k["id"] for k in zones(client)[SUB][2]] == [number]


def test_keep_is_refused_where_something_would_be_lost(store, tmp_path):
    other = Store(tmp_path / "other").load(WITHOUT)
    path = tmp_path / "zones.yaml"
    path.write_text(ZONES)
    before = run("ptrctl", "dump", "--db", other.dir).stdout
    for keep, words in ((store.dir, "has zones already"), (other.dir, "is the store that is loaded"),
                        (tmp_path / "none", "none")):
        with pytest.raises(Refused) as refused:
            run("ptrctl", "load", path, "--db", other.dir, "--keep", keep)
        assert refused.value.status == 1 and words in refused.value.stderr
        assert run("ptrctl", "dump", "--db", other.dir).stdout == before
    missing = tmp_path / "made"
    assert run("ptrctl", "load", path, "--db", missing, "--keep", tmp_path / "none", check=False).returncode == 1
    assert not missing.exists()
    assert run("ptrctl", "load", path, "--db", missing, "--keep", check=False).returncode == 2
    assert run("ptrctl", "dump", "--db", store.dir, f"--keep={other.dir}", check=False).returncode == 2


def test_dump_says_that_keys_are_not_in_it(client, store):
    assert "keys" not in run("ptrctl", "dump", "--db", store.dir).stdout
    add(client, SUB)
    add(client, REVERSE)
    text = run("ptrctl", "dump", "--db", store.dir).stdout
    assert text.splitlines()[1].startswith("# without the store's 2 DNSSEC keys")
    assert P256.content.splitlines()[2] not in text
