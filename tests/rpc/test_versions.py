"""Requests as PowerDNS 4.7 to 5.1 send them, and replies as each of them reads them.

4.7, 4.8 and 4.9 send the same. 5.0 adds APILookup, its zone ids are never missing, and it gives up fewer errors silently; 5.1
reads the same. Each reply is read here by the strictest of them: which types a field may have, and which must be there."""
import json

import pytest

from support.ptrd import Client, Ptrd, Store
from support.zones import HEAD, ISP_ZONES

ZONES = HEAD + ISP_ZONES + """
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
"""
KEY = "Private-key-format: v1.2\nAlgorithm: 15 (ED25519)\nPrivateKey: " + "A" * 43 + "=\n"


@pytest.fixture
def client(tmp_path):
    store = Store(tmp_path / "db").load(ZONES)
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as c:
        yield c


def zone_id(client, zone="isp.example."):
    return client.lookup(zone, "SOA")[0]["domain_id"]


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def assert_rows(rows):
    """What get() of the remote backend reads of each record: a string or a boolean in place of a number is silently 0."""
    assert rows
    for row in rows:
        assert all(isinstance(row[field], str) for field in ("qtype", "qname", "content")), row
        assert is_int(row["ttl"]) and is_int(row.get("domain_id", -1)) and is_int(row.get("scopeMask", 0)), row
        assert is_int(row.get("auth", 1)), row


def assert_domain(info):
    assert isinstance(info["zone"], str) and info["zone"].endswith("."), info
    assert all(is_int(info.get(field, 0)) for field in ("id", "serial", "notified_serial", "last_check")), info
    assert 0 < info["id"] < 1 << 31
    assert info.get("kind", "native") in ("master", "slave", "native")
    assert all(isinstance(master, str) for master in info.get("masters", [])), info


def lookup(client, method, qname, qtype, **more):
    return client.call(method, **{
        "local": "0.0.0.0", "qname": qname, "qtype": qtype, "real-remote": "0.0.0.0/0", "remote": "0.0.0.0", **more})


@pytest.mark.parametrize("qname, qtype", [
    ("isp.example.", "ANY"), ("isp.example.", "SOA"), ("ns1.isp.example.", "A"), ("NS1.ISP.example.", "ANY"),
    ("7.100.51.198.in-addr.arpa.", "PTR"), ("198-51-100-7.dyn.isp.example.", "A")])
def test_api_lookup_is_lookup(client, qname, qtype):
    """5.0: the HTTP API asks for one name with a method of its own."""
    ids = {"zone-id": lookup(client, "lookup", qname, qtype, **{"zone-id": -1})[0]["domain_id"]}
    rows = lookup(client, "lookup", qname, qtype, **ids)
    assert_rows(rows)
    for disabled in (True, False):
        assert lookup(client, "APILookup", qname, qtype, **ids, **{"include-disabled": disabled}) == rows


def test_api_lookup_of_nothing(client):
    for method, more in (("lookup", {}), ("APILookup", {"include-disabled": True})):
        assert lookup(client, method, "nothing.isp.example.", "ANY", **{"zone-id": zone_id(client)}, **more) in ([], False)


def test_list(client):
    for zone in ("isp.example.", "100.51.198.in-addr.arpa."):
        for disabled in (True, False):
            assert_rows(client.call("list", domain_id=zone_id(client, zone), include_disabled=disabled, zonename=zone))


def test_domains(client):
    assert_domain(client.call("getDomainInfo", name="isp.example."))
    both = [client.call("getAllDomains", include_disabled=disabled) for disabled in (True, False)]
    assert both[0] == both[1] and len(both[0]) == 4
    for info in both[0]:
        assert_domain(info)
    for method in ("getUpdatedMasters", "getUnfreshSlaveInfos"):
        assert client.call(method) in ([], False)
    assert client.call("getDomainInfo", name="other.example.") is False


@pytest.mark.parametrize("published", [{}, {"published": True}, {"published": False}])
def test_keys(client, published):
    key = {"active": True, "content": KEY, "flags": 257, **published}
    given = client.call("addDomainKey", key=key, name="isp.example.")
    assert is_int(given) and given >= 0
    (found,) = client.call("getDomainKeys", name="isp.example.")
    assert is_int(found["id"]) and is_int(found["flags"])
    assert found == {"id": given, "flags": 257, "active": True, "published": published.get("published", True), "content": KEY}
    changes = [("deactivateDomainKey", "active", False), ("activateDomainKey", "active", True),
               ("unpublishDomainKey", "published", False), ("publishDomainKey", "published", True)]
    for method, field, value in changes:
        assert client.call(method, id=given, name="isp.example.") is True
        assert client.call("getDomainKeys", name="isp.example.")[0][field] is value
    assert client.call("removeDomainKey", id=given, name="isp.example.") is True
    assert client.call("getDomainKeys", name="isp.example.") == []


def test_metadata(client):
    """setDomainMetadata wants a real `true`, and its values are read as strings."""
    name = {"name": "isp.example."}
    assert client.call("setDomainMetadata", kind="NSEC3PARAM", value=["1 0 0 -"], **name) is True
    assert client.call("getDomainMetadata", kind="NSEC3PARAM", **name) == ["1 0 0 -"]
    everything = client.call("getAllDomainMetadata", **name)
    assert everything["NSEC3PARAM"] == ["1 0 0 -"]
    assert all(isinstance(v, str) for values in everything.values() for v in values)
    assert client.call("setDomainMetadata", kind="NSEC3PARAM", value=[], **name) is True
    assert client.call("getDomainMetadata", kind="NSEC3PARAM", **name) in ([], False)


def test_tsig(client):
    """Every version sends the algorithm with a final dot; the reply is read as a name."""
    key = {"algorithm": "hmac-sha256.", "content": "a2V5IG9mIHRoZSB0ZXN0cw==", "name": "transfer.key."}
    assert client.call("setTSIGKey", **key) is True
    found = client.call("getTSIGKey", name="transfer.key.")
    assert (found["algorithm"].rstrip("."), found["content"]) == ("hmac-sha256", key["content"])
    (found,) = client.call("getTSIGKeys")
    assert all(isinstance(found[field], str) for field in ("name", "algorithm", "content"))
    assert client.call("deleteTSIGKey", name="transfer.key.") is True


@pytest.mark.parametrize("qname", [".", "ns1.", "nothing.", "a.b.c.", "zz."])
def test_before_and_after(client, qname):
    """`unhashed` must be a string in every version; before and after may be null."""
    found = client.call("getBeforeAndAfterNamesAbsolute", id=zone_id(client), qname=qname)
    assert isinstance(found["unhashed"], str)
    assert all(found[field] is None or isinstance(found[field], str) for field in ("before", "after"))


def test_edit_and_notice(client):
    """From 5.0 the id of a zone stands in every request that has one; serials are numbers beyond 2^31."""
    ident = zone_id(client)
    assert client.call("startTransaction", domain="isp.example.", domain_id=-1, trxid=1795418095)
    rr = {"auth": True, "content": "192.0.2.9", "qclass": 1, "qname": "new.isp.example.", "qtype": "A", "ttl": 300}
    assert client.call("replaceRRSet", domain_id=ident, qname=rr["qname"], qtype="A", rrset=[rr], trxid=1795418095)
    assert_rows(client.lookup("new.isp.example.", "A", ident))
    assert client.call("commitTransaction", trxid=1795418095)
    assert client.call("setNotified", id=ident, serial=4294967295) is not False
    rows = client.call("searchRecords", maxResults=100, pattern="new.*")
    assert [row["content"] for row in rows] == ["192.0.2.9"]
    assert_rows(rows)


def test_an_unknown_method_of_a_later_version(client):
    """Is told `false`, which every version reads as "not supported", and the connection goes on."""
    assert client.reply("viewList", {"view": "x"})["result"] is False
    assert json.dumps(client.lookup("isp.example.", "SOA"))
