"""pdnsutil and the HTTP API manage the DNSSEC keys that ptrd keeps: what DNSKEY and DS answer follows at once, DS records
in a zone of ours above appear and go with the keys, and signatures verify."""
import re

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import pytest

from support.dnskeys import ED25519, P256, P256_B
from support.editing import DYN, ISP, REVERSE, Edited, generated
from support.pdns import ZONE_CACHE, Tool, rows, run_tool

# Keys and metadata are asked anew for each question
SETTINGS = {"zone-metadata-cache-ttl": 0, "dnssec-key-cache-ttl": 0}


@pytest.fixture(params=sorted(ZONE_CACHE))
def world(request, tmp_path):
    made = Edited(tmp_path, request.param, settings=SETTINGS)
    yield made
    made.close()


@pytest.fixture
def cached(tmp_path):
    """Where the zone cache does not matter."""
    made = Edited(tmp_path, "zone-cache", settings=SETTINGS)
    yield made
    made.close()


def ask_signed(world, name, qtype):
    query = dns.message.make_query(name, qtype, want_dnssec=True, use_edns=0, payload=4096)
    return dns.query.tcp(query, world.pdns.address, port=world.pdns.port, timeout=5)


def validated(world, zone, name, qtype):
    """The contents of the answer, whose signatures verify with the zone's own DNSKEY set."""
    keyset = dnskeys(world, zone)
    reply = ask_signed(world, name, qtype)
    sets = {rrset.rdtype: rrset for rrset in reply.answer if rrset.rdtype != dns.rdatatype.RRSIG}
    signatures = {rrset.covers: rrset for rrset in reply.answer if rrset.rdtype == dns.rdatatype.RRSIG}
    assert sets.keys() == signatures.keys(), reply
    for rdtype, rrset in sets.items():
        dns.dnssec.validate(rrset, signatures[rdtype], {dns.name.from_text(zone): keyset})
    return sorted(r.to_text() for rrset in sets.values() for r in rrset)


def dnskeys(world, zone):
    """The DNSKEY set, None where there is none."""
    return next((rrset for rrset in ask_signed(world, zone, "DNSKEY").answer
                 if rrset.rdtype == dns.rdatatype.DNSKEY), None)


def flags(world, zone):
    return sorted(rdata.flags for rdata in dnskeys(world, zone) or [])


def shown(world, zone):
    """id -> (type, flags, tag, algorithm, active, published) of show-zone, and the SHA-256 DS that it names."""
    out = world.pdns.pdnsutil("show-zone", zone)
    keys = {int(m[1]): (m[2], int(m[3]), int(m[4]), int(m[5]), m[6] == "Active", m[7] == "Published")
            for m in re.finditer(r"ID = (\d+) \((\w+)\), flags = (\d+), tag = (\d+), algo = (\d+), bits = \d+\t\s*"
                                 r"(Active|Inactive)\t\s*(Published|Unpublished)", out)}
    ds = sorted(re.findall(r"IN DS (\d+ \d+ 2 [0-9a-f]+)", out))
    return keys, ds


def ds(world, zone):
    return sorted(world.answers(zone, "DS"))


def add_key(world, zone, *args):
    """The new key's number."""
    return int(re.search(r"^(\d+)$", world.pdns.pdnsutil("add-zone-key", zone, *args), re.M)[1])


# --- pdnsutil ---


def test_secure_zone_signs_and_its_ds_stand_above(world):
    serials = {zone: world.serial(zone) for zone in (ISP, DYN, REVERSE)}
    assert ds(world, DYN) == []
    world.pdns.pdnsutil("secure-zone", DYN)
    keys, told = shown(world, DYN)
    assert [k[0:2] + k[3:] for k in keys.values()] == [("CSK", 257, 13, True, True)]
    assert ds(world, DYN) == told and len(told) == 1
    assert flags(world, DYN) == [257]
    assert validated(world, DYN, DYN, "SOA") and validated(world, DYN, DYN, "NS")
    assert validated(world, DYN, generated(7), "A") == ["198.51.100.7"]
    assert world.serial(ISP) > serials[ISP] and world.serial(DYN) > serials[DYN]
    assert world.serial(REVERSE) == serials[REVERSE]
    world.pdns.pdnsutil("secure-zone", REVERSE)
    assert validated(world, REVERSE, f"7.{REVERSE}", "PTR") == [generated(7) + "."]
    # above, a signed zone signs the DS set
    world.pdns.pdnsutil("secure-zone", ISP)
    assert validated(world, ISP, DYN, "DS") == told
    world.pdns.pdnsutil("disable-dnssec", DYN)
    assert ds(world, DYN) == [] and flags(world, DYN) == [] and shown(world, DYN) == ({}, [])
    assert validated(world, ISP, "www." + ISP, "A") == ["192.0.2.80"]


@pytest.mark.parametrize("algorithm, number", [
    ("rsasha1-nsec3-sha1", 7), ("rsasha256", 8), ("rsasha512", 10), ("ecdsa256", 13), ("ecdsa384", 14), ("ed25519", 15),
    ("ed448", 16)])
def test_every_algorithm(cached, algorithm, number):
    size = ["1024"] if algorithm.startswith("rsa") else []
    ksk = add_key(cached, DYN, "ksk", *size, "active", algorithm)
    zsk = add_key(cached, DYN, "zsk", *size, "active", algorithm)
    keys, _ = shown(cached, DYN)
    assert {i: (k[0], k[3]) for i, k in keys.items()} == {ksk: ("KSK", number), zsk: ("ZSK", number)}
    assert [d.split()[:2] for d in ds(cached, DYN)] == [[str(keys[ksk][2]), str(number)]]
    exported = cached.pdns.pdnsutil("export-zone-dnskey", DYN, str(ksk))
    keyfile = cached.pdns.dir / "ksk.key"
    keyfile.write_text("".join(line + "\n" for line in exported.splitlines() if " DNSKEY " in line))
    of_ldns = run_tool("ldns-key2ds", "-n", "-f", "-2", keyfile)
    assert of_ldns.split()[-4:] == ds(cached, DYN)[0].split()
    if number not in (16,):  # ed448 signatures: not in every dnspython
        assert validated(cached, DYN, generated(7), "A") == ["198.51.100.7"]


def test_the_ds_is_that_of_the_dnskey_served_with_nsec3_too(cached):
    """Also of algorithm 5 (RSASHA1), which says nothing of NSEC3."""
    add_key(cached, DYN, "ksk", "1024", "active", "rsasha1")
    for step in (("set-nsec3", DYN, "1 0 0 -", "narrow"), ("unset-nsec3", DYN)):
        cached.pdns.pdnsutil(*step)
        served = [dns.dnssec.make_ds(dns.name.from_text(DYN), rdata, "SHA256").to_text()
                  for rdata in dnskeys(cached, DYN)]
        assert ds(cached, DYN) == served == shown(cached, DYN)[1]


def test_keys_are_imported_and_exported_whole(world, tmp_path):
    path = tmp_path / "key.private"
    path.write_text(P256.content)
    world.pdns.pdnsutil("import-zone-key", DYN, path, "ksk")
    path.write_text(ED25519.content)
    world.pdns.pdnsutil("import-zone-key", DYN, path, "inactive", "zsk")
    first, second = shown(world, DYN)[0]
    assert ds(world, DYN) == [P256.ds(DYN)]
    assert P256.content in world.pdns.pdnsutil("export-zone-key", DYN, str(first)) + "\n"
    assert ED25519.content.splitlines()[2] in world.pdns.pdnsutil("export-zone-key", DYN, str(second))
    world.pdns.pdnsutil("activate-zone-key", DYN, str(second))
    assert ds(world, DYN) == sorted([P256.ds(DYN), ED25519.ds(DYN, 256)])


def test_states_of_keys(world):
    ksk, zsk = add_key(world, DYN, "ksk", "active", "ecdsa256"), add_key(world, DYN, "zsk", "active", "ecdsa256")
    assert flags(world, DYN) == [256, 257]
    standing = ds(world, DYN)
    assert len(standing) == 1

    def change(command, number):
        world.pdns.pdnsutil(command, DYN, str(number))
        key = shown(world, DYN)[0][number]
        return key[4], key[5], flags(world, DYN), ds(world, DYN)

    assert change("unpublish-zone-key", zsk) == (True, False, [257], standing)
    assert change("publish-zone-key", zsk) == (True, True, [256, 257], standing)
    assert change("deactivate-zone-key", ksk)[:3] == (False, True, [256, 257])
    assert standing != ds(world, DYN) != []  # the other key is all that signs: a CSK
    assert change("activate-zone-key", ksk) == (True, True, [256, 257], standing)
    assert change("unpublish-zone-key", ksk) == (True, False, [256], [])
    assert change("publish-zone-key", ksk) == (True, True, [256, 257], standing)
    assert validated(world, DYN, generated(9), "A") == ["198.51.100.9"]
    world.pdns.pdnsutil("remove-zone-key", DYN, str(zsk))
    assert list(shown(world, DYN)[0]) == [ksk] and flags(world, DYN) == [257]
    with pytest.raises(Tool):
        world.pdns.pdnsutil("remove-zone-key", DYN, str(zsk))


def test_cds_delete_takes_the_ds_away_first(world):
    world.pdns.pdnsutil("secure-zone", DYN)
    standing = ds(world, DYN)
    world.pdns.pdnsutil("set-publish-cds", DYN)
    assert ds(world, DYN) == standing and rows(world.pdns.ask(DYN, "CDS"))
    world.pdns.pdnsutil("unset-publish-cds", DYN)
    world.pdns.pdnsutil("set-publish-cdnskey", DYN, "delete")
    assert rows(world.pdns.ask(DYN, "CDNSKEY")) == [("CDNSKEY", "0 3 0 aa==")]
    assert ds(world, DYN) == []
    assert flags(world, DYN) == [257]
    assert validated(world, DYN, generated(7), "A") == ["198.51.100.7"]
    world.pdns.pdnsutil("unset-publish-cdnskey", DYN)
    assert ds(world, DYN) == standing


def test_nsec3_and_back(world):
    """Narrow where the zone generates, whatever was asked for; as asked for where it holds explicit records alone."""
    for zone in (ISP, DYN, REVERSE):
        world.pdns.pdnsutil("secure-zone", zone)
        assert "NSEC semantics" in world.pdns.pdnsutil("show-zone", zone)
    for zone, words, narrow in ((DYN, (), True), (DYN, ("narrow",), True), (REVERSE, (), True), (ISP, ("narrow",), True),
                                (ISP, (), False)):
        serial = world.serial(zone)
        world.pdns.pdnsutil("set-nsec3", zone, "1 0 0 -", *words)
        out = world.pdns.pdnsutil("show-zone", zone)
        assert ("Zone has NARROW hashed NSEC3 semantics" in out) is narrow, out
        assert "1 0 0 -" in out
        assert world.serial(zone) > serial
        assert ("NSEC3NARROW = 1\n" in world.pdns.pdnsutil("get-meta", zone, "NSEC3NARROW")) is narrow
        assert validated(world, zone, zone, "NSEC3PARAM") == ["1 0 0 -"]
        assert validated(world, zone, zone, "SOA")
    for zone in (ISP, DYN, REVERSE):
        world.pdns.pdnsutil("unset-nsec3", zone)
        assert "Zone has NSEC semantics" in world.pdns.pdnsutil("show-zone", zone)
        assert validated(world, zone, zone, "SOA")


def test_presigned_and_other_metadata(cached):
    cached.pdns.pdnsutil("set-presigned", DYN)
    assert "PRESIGNED" in cached.pdns.pdnsutil("show-zone", DYN)
    cached.pdns.pdnsutil("unset-presigned", DYN)
    assert "PRESIGNED" not in cached.pdns.pdnsutil("show-zone", DYN)
    cached.pdns.pdnsutil("set-meta", DYN, "SOA-EDIT", "INCEPTION-INCREMENT")
    assert "INCEPTION-INCREMENT" in cached.pdns.pdnsutil("get-meta", DYN, "SOA-EDIT")
    cached.pdns.pdnsutil("set-meta", DYN, "SOA-EDIT")


def test_tsig_keys_and_who_may_transfer(cached):
    cached.pdns.pdnsutil("generate-tsig-key", "transfer", "hmac-sha256")
    assert re.search(r"transfer\. hmac-sha256\. \S+", cached.pdns.pdnsutil("list-tsig-keys"))
    cached.pdns.pdnsutil("activate-tsig-key", ISP, "transfer", "primary")
    assert "transfer" in cached.pdns.pdnsutil("get-meta", ISP, "TSIG-ALLOW-AXFR")
    cached.pdns.pdnsutil("deactivate-tsig-key", ISP, "transfer", "primary")
    assert "transfer" not in cached.pdns.pdnsutil("get-meta", ISP, "TSIG-ALLOW-AXFR")
    cached.pdns.pdnsutil("delete-tsig-key", "transfer")
    assert "transfer" not in cached.pdns.pdnsutil("list-tsig-keys")


def test_checks_and_rectifying_find_nothing(cached):
    for zone in (ISP, DYN, REVERSE):
        cached.pdns.pdnsutil("secure-zone", zone)
        assert "0 errors" in cached.pdns.pdnsutil("check-zone", zone)
        cached.pdns.pdnsutil("rectify-zone", zone)


# --- HTTP API ---


def test_cryptokeys(world):
    path = f"/zones/{DYN}./cryptokeys"
    assert world.pdns.http("GET", path) == (200, [])
    status, made = world.pdns.http("POST", path, {"keytype": "ksk", "active": True, "algorithm": "ecdsa256"})
    assert status == 201 and made["flags"] == 257 and made["active"] and made["published"]
    assert ds(world, DYN) == [d for d in made["ds"] if d.split()[2] == "2"]
    status, imported = world.pdns.http("POST", path, {"keytype": "zsk", "active": False, "published": False,
                                                      "privatekey": P256_B.content})
    assert status == 201
    assert {k["id"]: (k["active"], k["published"]) for k in world.pdns.http("GET", path)[1]} == {
        made["id"]: (True, True), imported["id"]: (False, False)}
    assert flags(world, DYN) == [257]
    one = f"{path}/{imported['id']}"
    assert world.pdns.http("PUT", one, {"active": True, "published": True})[0] == 204
    status, told = world.pdns.http("GET", one)
    assert (told["active"], told["published"]) == (True, True)
    assert flags(world, DYN) == [256, 257]
    assert P256_B.content.splitlines()[2] in told["privatekey"]
    assert validated(world, DYN, generated(8), "A") == ["198.51.100.8"]
    for number in (made["id"], imported["id"]):
        assert world.pdns.http("DELETE", f"{path}/{number}")[0] == 204
    assert world.pdns.http("GET", path) == (200, []) and ds(world, DYN) == []
    assert world.pdns.http("DELETE", f"{path}/{made['id']}")[0] >= 400
    assert world.pdns.http("POST", path, {"keytype": "ksk", "privatekey": "no key"})[0] >= 400
