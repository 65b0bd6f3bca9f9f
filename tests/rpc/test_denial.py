"""getBeforeAndAfterNamesAbsolute: the request and the reply. What the records say: test_model_denial.py."""
import base64
import hashlib

import pytest

from support.ptrd import Client, Ptrd, Store

ZONES = """
defaults:
  ttl: 3600
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: 'a\\.b\\"c\\\\\\255', type: TXT, content: '"odd"'}
  - name: dyn.isp.example
  - {name: auto.example, forward_auto: yes}
  - prefix: 198.51.100.0/24
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
"""
HASH = "0123456789abcdefghijklmnopqrstuv"
B32HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")


@pytest.fixture
def client(tmp_path):
    store = Store(tmp_path / "db").load(ZONES)
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as c:
        c.ids = {d["zone"]: d["id"] for d in c.call("getAllDomains", include_disabled=True)}
        yield c


def ask(client, zone, qname):
    result = client.call("getBeforeAndAfterNamesAbsolute", id=client.ids[zone], qname=qname)
    assert set(result) == {"before", "after", "unhashed"}
    return result["before"], result["after"]


@pytest.mark.parametrize("zone, qname, before, after", [
    ("isp.example.", ".", ".", "a\\046b\\\"c\\092\\255."),
    ("isp.example.", "", ".", "a\\046b\\\"c\\092\\255."),
    ("isp.example.", "a\\.b\\\"c\\092\\255.", "a\\046b\\\"c\\092\\255.", "dyn."),
    ("isp.example.", "NS1.", "ns1.", "."),
    ("isp.example.", "ns1", "ns1.", "."),
    ("isp.example.", "x.ns1.", "ns1.", "."),
    ("isp.example.", "198-51-100-7.dyn.", "dyn.", "ns1."),
    ("dyn.isp.example.", ".", ".", "\\000."),
    ("dyn.isp.example.", "198-51-100-7.", "198-51-100-7.", "\\000.198-51-100-7."),
    ("dyn.isp.example.", "198-51-100-07.", "198-51-100-06\\255.", "198-51-100-07\\000."),
    ("dyn.isp.example.", "a.b.X.", "w\\255.", "x\\000."),
    ("dyn.isp.example.", "*.", ")\\255.", "*\\000."),
    ("dyn.isp.example.", "\\000.", ".", "\\000\\000."),
    ("dyn.isp.example.", "x\\000.", "\\255.x.", "x\\000\\000."),
    ("auto.example.", "@.", "?\\255.", "\\@\\000."),
    ("100.51.198.in-addr.arpa.", "256.", "255\\255.", "256\\000."),
])
def test_names_are_relative_to_the_zone(client, zone, qname, before, after):
    def plain(text):
        return text.replace("\\@", "@").replace("\\\"", "\"")
    assert tuple(map(plain, ask(client, zone, qname))) == (plain(before), plain(after))


@pytest.mark.parametrize("parameters", [
    {"id": 4711, "qname": "a."}, {"id": 0, "qname": "a."}, {"id": -1, "qname": "a."}, {"id": 2 ** 31, "qname": "a."},
    {"id": 1, "qname": "a..b."}, {"id": 1, "qname": "x" * 64}, {"id": 1, "qname": "a\\999."}, {"id": 1, "qname": "\\"},
    {"id": 1, "qname": ".".join(["y" * 60] * 4) + "."}, {"id": 1, "qname": 7}, {"id": "x", "qname": "a."},
    {"id": 1}, {"qname": "a."}, {}])
def test_what_cannot_be_answered_gets_no_result(client, parameters):
    assert "result" not in client.reply("getBeforeAndAfterNamesAbsolute", parameters)
    assert ask(client, "isp.example.", "x.") == ("ns1.", ".")      # the connection goes on


def test_a_hash_is_one_only_where_the_zone_has_a_chain_of_hashes(client):
    assert ask(client, "isp.example.", HASH + ".") == ask(client, "isp.example.", "0.")
    for zone in ("isp.example.", "dyn.isp.example."):
        assert client.call("setDomainMetadata", name=zone, kind="NSEC3PARAM", value=["1 0 2 ab"]) is True
    assert ask(client, "dyn.isp.example.", HASH + ".") == (HASH[:-1] + "u\\255.", HASH + "\\000.")
    reply = client.call("getBeforeAndAfterNamesAbsolute", id=client.ids["isp.example."], qname=HASH.upper() + ".")
    assert reply["before"] == hashed(reply["unhashed"]) and len(reply["after"]) == 32
    for name in ("w" * 32, HASH[1:], HASH + "0", "a." + HASH):
        assert "." in ask(client, "isp.example.", name + ".")[0]        # a name


def hashed(name):
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"
    for _ in range(3):
        wire = hashlib.sha1(wire + b"\xab").digest()
    return base64.b32encode(wire).translate(B32HEX).decode()


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-q", "-s", __file__]))
