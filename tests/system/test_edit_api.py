"""PowerDNS's HTTP API edits and searches what ptrd serves."""
import pytest

from support.editing import ISP, REVERSE, Edited, generated
from support.pdns import ZONE_CACHE


@pytest.fixture(params=sorted(ZONE_CACHE))
def world(request, tmp_path):
    made = Edited(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def cached(tmp_path):
    made = Edited(tmp_path, "zone-cache")
    yield made
    made.close()


def change(name, qtype, contents, ttl=60):
    if not contents:
        return {"name": name + ".", "type": qtype, "changetype": "DELETE"}
    return {"name": name + ".", "type": qtype, "ttl": ttl, "changetype": "REPLACE",
            "records": [{"content": c, "disabled": False} for c in contents]}


def patch(world, zone, *changes):
    return world.pdns.http("PATCH", f"/zones/{zone}.", {"rrsets": list(changes)})


def test_patch_replaces_and_deletes(world):
    name = f"7.{REVERSE}"
    assert patch(world, REVERSE, change(name, "PTR", ["api.customer.example."]))[0] == 204
    assert world.answers(name, "PTR") == ["api.customer.example."]
    assert world.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    assert patch(world, REVERSE, change(name, "PTR", []))[0] == 204
    assert world.answers(name, "PTR") == [generated(7) + "."]


def test_a_cname_in_the_place_of_a_generated_ptr(world):
    name = f"7.{REVERSE}"
    cname = change(name, "CNAME", ["7.customer.example."])
    assert patch(world, REVERSE, cname)[0] == 422  # PowerDNS's own check
    assert patch(world, REVERSE, change(name, "PTR", []), cname)[0] == 204
    assert world.answers(name, "CNAME") == ["7.customer.example."]
    assert patch(world, REVERSE, change(name, "CNAME", []))[0] == 204
    assert world.answers(name, "PTR") == [generated(7) + "."]


def test_patch_changes_several_rrsets_or_none(world):
    good = change("new.isp.example", "A", ["192.0.2.1", "192.0.2.2"])
    status, _ = patch(world, ISP, good, change("www.isp.example", "TXT", []))
    assert status == 204
    assert world.answers("new.isp.example", "A") == ["192.0.2.1", "192.0.2.2"]
    assert world.answers("www.isp.example", "TXT") == []
    before = world.everything()
    status, said = patch(world, ISP, change("other.isp.example", "A", ["192.0.2.3"]), change(ISP, "NS", []))
    assert status >= 400, said
    assert world.everything() == before
    assert "refused" in world.ptrd.log()


def test_the_serial_rises_with_a_patch(cached):
    before = cached.serial(ISP)
    patch(cached, ISP, change("new.isp.example", "A", ["192.0.2.1"]))
    assert cached.serial(ISP) > before


def test_get_shows_the_zone(cached):
    patch(cached, REVERSE, change(f"7.{REVERSE}", "PTR", ["api.customer.example."]))
    status, zone = cached.pdns.http("GET", f"/zones/{REVERSE}.")
    assert status == 200 and zone["kind"] == "Native"
    shown = {(r["name"], r["type"]): [x["content"] for x in r["records"]] for r in zone["rrsets"]}
    assert shown[(f"7.{REVERSE}.", "PTR")] == ["api.customer.example."]
    assert shown[(f"25.{REVERSE}.", "PTR")] == ["mail.customer.example."]
    status, zones = cached.pdns.http("GET", "/zones")
    assert {z["name"] for z in zones} >= {ISP + ".", REVERSE + "."}


def test_search_data(cached):
    def search(q):
        status, found = cached.pdns.http("GET", f"/search-data?q={q}&max=100")
        assert status == 200
        return sorted((f["name"], f["type"], f["content"], f["zone"]) for f in found if f["object_type"] == "record")
    assert search("www*") == [("www.isp.example.", "A", "192.0.2.80", ISP + "."),
                              ("www.isp.example.", "TXT", '"text"', ISP + ".")]
    assert search("*customer*") == [(f"25.{REVERSE}.", "PTR", "mail.customer.example.", REVERSE + ".")]
    assert search(f"7.{REVERSE}") == [(f"7.{REVERSE}.", "PTR", generated(7) + ".", REVERSE + ".")]


def test_metadata_and_tsig_keys(cached):
    body = {"kind": "X-API", "metadata": ["one", "two"], "type": "Metadata"}
    assert cached.pdns.http("PUT", f"/zones/{ISP}./metadata/X-API", body)[0] == 200
    assert cached.pdns.http("GET", f"/zones/{ISP}./metadata/X-API")[1]["metadata"] == ["one", "two"]
    assert cached.pdns.http("DELETE", f"/zones/{ISP}./metadata/X-API")[0] in (200, 204)
    assert cached.pdns.http("GET", f"/zones/{ISP}./metadata/X-API")[1]["metadata"] == []
    status, key = cached.pdns.http("POST", "/tsigkeys", {"name": "api", "algorithm": "hmac-sha256"})
    assert status == 201
    assert [k["name"] for k in cached.pdns.http("GET", "/tsigkeys")[1]] == ["api"]
    assert cached.pdns.http("DELETE", f"/tsigkeys/{key['id']}")[0] == 204
    assert cached.pdns.http("GET", "/tsigkeys")[1] == []


@pytest.mark.parametrize("changes", [
    [change("www.isp.example", "CNAME", ["elsewhere.example."])],
    [change(generated(7), "TXT", ['"x"'])],
    [change(ISP, "SOA", [])],
], ids=["CNAME beside data", "data of the zone below", "no SOA"])
def test_what_is_refused_is_an_error(cached, changes):
    before = cached.everything()
    status, said = patch(cached, ISP, *changes)
    assert status >= 400, said
    assert cached.everything() == before


def test_no_transaction_is_left_behind_by_a_refused_patch(cached):
    patch(cached, ISP, change(ISP, "NS", []))
    assert patch(cached, ISP, change("next.isp.example", "A", ["192.0.2.1"]))[0] == 204
    assert cached.answers("next.isp.example", "A") == ["192.0.2.1"]


def test_zones_are_not_made_here(cached):
    status, _ = cached.pdns.http("POST", "/zones", {"name": "new.example.", "kind": "Native", "nameservers": []})
    assert status >= 400
