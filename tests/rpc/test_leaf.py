"""--leaf over the socket, on stdin and stdout and in the configuration file: what PowerDNS asks of a leaf."""
import json
import os
import signal
import time

import pytest

from support.dnskeys import P256
from support.leaves import NAMES, SIGNED, ZONES, takes
from support.ptrd import Client, Ptrd, Refused, Store, run

LEAF = "1." + "0." * 19 + "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."        # generated, in a /48 of ours
ZONE = "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
V4, V4_ZONE = "7.7.51.198.in-addr.arpa.", "7.51.198.in-addr.arpa."


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("leaf") / "db").load(ZONES)


@pytest.fixture(scope="module", params=["off", "ipv6", "all"])
def served(request, store):
    with Ptrd(store.dir, args=["--leaf", request.param]) as ptrd, Client(ptrd.socket) as client:
        yield request.param, client


@pytest.fixture
def client(tmp_path):
    store = Store(tmp_path / "db").load(ZONES)
    with Ptrd(store.dir, args=["--leaf", "all"]) as ptrd, Client(ptrd.socket) as c:
        yield c


def zone_info(client, zone):
    return client.call("getDomainInfo", name=zone)


def test_which_names_have_a_soa_of_their_own(served):
    mode, client = served
    apexes = {z["zone"] for z in client.call("getAllDomains", include_disabled=True)}
    leaves = set()
    for name, leaf in NAMES:
        rows = client.lookup(name + ".", "SOA")
        expected = takes(leaf, mode, signed=False)
        assert len(rows) == (expected or name + "." in apexes), name
        leaves.update([name] if expected else [])
    assert (len(leaves) > 10) == (mode != "off")


def test_the_row_is_the_zones_soa_under_the_name_that_was_asked(served):
    mode, client = served
    name = LEAF.replace("b", "B")
    expected = [{**client.lookup(ZONE, "SOA")[0], "qname": name}] if mode != "off" else []
    assert client.lookup(name, "SOA") == expected
    assert client.lookup(name, "SOA", 0) == expected
    if expected:
        assert expected[0]["domain_id"] == zone_info(client, ZONE)["id"]
    assert client.lookup(V4, "SOA") == ([{**client.lookup(V4_ZONE, "SOA")[0], "qname": V4}] if mode == "all" else [])


def test_all_else_is_what_it_is_without(served, store):
    mode, client = served
    number = zone_info(client, ZONE)["id"]
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as plain:
        for name, qtype, zone in ((LEAF, "ANY", number), (LEAF, "ANY", -1), (LEAF, "SOA", number), (LEAF, "NS", number),
                                  (LEAF, "DS", number), (LEAF, "PTR", number), ("x." + LEAF, "SOA", -1), (ZONE, "ANY", -1),
                                  (LEAF[2:], "SOA", -1), ("*." + LEAF, "ANY", number)):
            assert client.lookup(name, qtype, zone) == plain.lookup(name, qtype, zone), (name, qtype, zone)


def test_a_leaf_has_no_keys_no_metadata_and_is_no_zone(served):
    mode, client = served
    leaf = mode != "off"
    assert client.call("getAllDomainMetadata", name=LEAF) == ({} if leaf else False)
    assert client.call("getDomainMetadata", name=LEAF, kind="ALLOW-AXFR-FROM") == ([] if leaf else False)
    assert client.call("getDomainKeys", name=LEAF) == ([] if leaf else False)
    assert client.call("getDomainInfo", name=LEAF) is False
    assert client.call("list", zonename=LEAF, domain_id=zone_info(client, ZONE)["id"], include_disabled=False) is False
    for other in ("x." + LEAF, "nothing.example.", SIGNED[0][2:]):
        assert client.call("getAllDomainMetadata", name=other) is False
        assert client.call("getDomainKeys", name=other) is False
    assert client.call("setDomainMetadata", name=LEAF, kind="X", value=["1"]) is False
    assert client.call("addDomainKey", name=LEAF, key=P256.key()) is False


def test_a_key_ends_it_at_the_next_request_for_its_zone_only(client):
    inner = "1." + "0." * 19 + "5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
    number = client.call("addDomainKey", name=ZONE, key=P256.key(active=False))
    assert client.lookup(LEAF, "SOA")
    assert client.call("activateDomainKey", name=ZONE, id=number) is True
    assert client.lookup(LEAF, "SOA") == [] and client.lookup(inner, "SOA") and client.lookup(V4, "SOA")
    assert client.call("getAllDomainMetadata", name=LEAF) is False
    assert client.call("getDomainKeys", name=LEAF) is False
    assert client.call("deactivateDomainKey", name=ZONE, id=number) is True
    assert client.lookup(LEAF, "SOA")
    assert client.call("setDomainMetadata", name=ZONE, kind="PRESIGNED", value=["1"]) is True
    assert client.lookup(LEAF, "SOA") == []
    assert client.call("setDomainMetadata", name=ZONE, kind="PRESIGNED", value=[]) is True
    assert client.lookup(LEAF, "SOA")


def test_another_connection_ends_it_too(client):
    """What a connection remembers of a zone holds for one state of the data."""
    with Client(client.sock.getpeername()) as other:
        for _ in range(20):
            assert client.lookup(LEAF, "SOA")
            number = other.call("addDomainKey", name=ZONE, key=P256.key())
            assert client.lookup(LEAF, "SOA") == []
            assert other.call("removeDomainKey", name=ZONE, id=number) is True


def test_an_open_edit_sees_no_leaves(client):
    assert client.start(ZONE)["result"] is True
    assert client.lookup(LEAF, "SOA") == []
    assert client.abort()["result"] is True
    assert client.lookup(LEAF, "SOA")


def test_stdio(store):
    with Ptrd(store.dir, stdio=True, args=["--leaf", "ipv6"]) as ptrd:
        request = {"method": "lookup", "parameters": {"qname": LEAF, "qtype": "SOA", "zone-id": -1}}
        ptrd.process.stdin.write(json.dumps(request).encode() + b"\n")
        ptrd.process.stdin.flush()
        assert [row["qname"] for row in json.loads(ptrd.process.stdout.readline())["result"]] == [LEAF]


def test_configuration_file(store, tmp_path):
    path = tmp_path / "ptrd.yaml"
    path.write_text("leaf: ipv6\n")
    assert run("ptrd", "--check-config", "--config", path, "--db", "x", "--socket", "y").returncode == 0
    with Ptrd(store.dir, args=["--config", path]) as ptrd, Client(ptrd.socket) as c:
        assert c.lookup(LEAF, "SOA") and not c.lookup(V4, "SOA")
        path.write_text("leaf: all\n")
        os.kill(ptrd.pid, signal.SIGHUP)
        end = time.monotonic() + 10
        while "configuration read again" not in ptrd.log() and time.monotonic() < end:
            time.sleep(0.01)
        assert "`leaf` changes with a restart only" in ptrd.log()
        assert not c.lookup(V4, "SOA")
    with Ptrd(store.dir, args=["--config", path, "--leaf", "off"]) as ptrd, Client(ptrd.socket) as c:
        assert not c.lookup(LEAF, "SOA")
    with pytest.raises(Refused, match="expected `off`, `ipv6` or `all`"):
        run("ptrd", "--check-config", "--db", "x", "--socket", "y", "--leaf", "")
