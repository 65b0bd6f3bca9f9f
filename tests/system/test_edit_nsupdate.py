"""DNSUPDATE (RFC 2136) through PowerDNS: updates, prerequisites, TSIG."""
import pytest

from support.editing import DYN, ISP, REVERSE, Edited, generated
from support.pdns import ZONE_CACHE, Tool, assert_nxdomain

SECRET = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


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


def update(world, zone, *lines, key=None):
    return world.pdns.nsupdate(f"zone {zone}", *lines, key=key)


def test_add_and_delete_of_a_new_name(world):
    serial = world.serial(ISP)
    update(world, ISP, "update add new.isp.example 60 A 192.0.2.1", "update add new.isp.example 60 A 192.0.2.2")
    assert world.answers("new.isp.example", "A") == ["192.0.2.1", "192.0.2.2"]
    assert world.serial(ISP) > serial
    update(world, ISP, "update delete new.isp.example A 192.0.2.1")
    assert world.answers("new.isp.example", "A") == ["192.0.2.2"]
    update(world, ISP, "update delete new.isp.example")
    assert_nxdomain(world.pdns.ask("new.isp.example", "A"))


def test_a_generated_ptr_is_replaced_and_comes_back(world):
    """The way of DHCP servers: delete what is there, add the host's name; later delete it."""
    name = f"7.{REVERSE}"
    update(world, REVERSE, f"update delete {name} PTR", f"update add {name} 60 PTR host.customer.example")
    assert world.answers(name, "PTR") == ["host.customer.example."]
    assert world.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    update(world, REVERSE, f"update delete {name} PTR host.customer.example")
    assert world.answers(name, "PTR") == [generated(7) + "."]


def test_a_record_added_to_a_generated_name(world):
    update(world, DYN, f"update add {generated(7)} 60 A 203.0.113.1", f"update add {generated(7)} 60 TXT x")
    assert world.answers(generated(7), "A") == ["203.0.113.1"]
    assert world.answers(generated(7), "TXT") == ['"x"']
    assert world.answers(generated(8), "A") == ["198.51.100.8"]
    update(world, DYN, f"update delete {generated(7)}")
    assert world.answers(generated(7), "A") == ["198.51.100.7"]
    assert world.answers(generated(7), "TXT") == []


def test_a_cname_in_the_place_of_a_generated_ptr(world):
    """PowerDNS adds none beside data, so the generated PTR is deleted first, in the same update."""
    name = f"9.{REVERSE}"
    with pytest.raises(Tool):
        update(world, REVERSE, f"update add {name} 60 CNAME 9.customer.example.", f"prereq nxrrset {name} PTR")
    update(world, REVERSE, f"update delete {name} PTR", f"update add {name} 60 CNAME 9.customer.example.")
    assert world.answers(name, "CNAME") == ["9.customer.example."]
    assert world.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    update(world, REVERSE, f"update delete {name}")
    assert world.answers(name, "PTR") == [generated(9) + "."]


def test_prerequisites(world):
    update(world, ISP, "prereq yxdomain www.isp.example", "update add p1.isp.example 60 A 192.0.2.1")
    assert world.answers("p1.isp.example", "A") == ["192.0.2.1"]
    with pytest.raises(Tool, match="NXDOMAIN"):
        update(world, ISP, "prereq yxdomain nosuch.isp.example", "update add p2.isp.example 60 A 192.0.2.1")
    with pytest.raises(Tool, match="YXRRSET|YXDOMAIN"):
        update(world, REVERSE, f"prereq nxrrset 7.{REVERSE} PTR", f"update add 7.{REVERSE} 60 PTR a.example")
    update(world, REVERSE, f"prereq yxrrset 7.{REVERSE} PTR {generated(7)}.",
           f"update delete 7.{REVERSE} PTR", f"update add 7.{REVERSE} 60 PTR a.example.")
    assert world.answers(f"7.{REVERSE}", "PTR") == ["a.example."]
    assert_nxdomain(world.pdns.ask("p2.isp.example", "A"))


def test_an_unsigned_update_is_refused_where_a_key_is_asked_for(cached):
    key = f"hmac-sha256:updater:{SECRET}"
    cached.pdns.pdnsutil("import-tsig-key", "updater", "hmac-sha256", SECRET)
    cached.pdns.pdnsutil("set-meta", ISP, "TSIG-ALLOW-DNSUPDATE", "updater")
    with pytest.raises(Tool, match="REFUSED"):
        update(cached, ISP, "update add no.isp.example 60 A 192.0.2.1")
    with pytest.raises(Tool):
        update(cached, ISP, "update add no.isp.example 60 A 192.0.2.1", key=f"hmac-sha256:other:{SECRET}")
    update(cached, ISP, "update add yes.isp.example 60 A 192.0.2.1", key=key)
    assert cached.answers("yes.isp.example", "A") == ["192.0.2.1"]
    assert_nxdomain(cached.pdns.ask("no.isp.example", "A"))


def test_what_is_refused_is_an_error_and_changes_nothing(cached):
    before = cached.everything()
    for lines in (["update add x.dyn.isp.example 60 TXT x"],
                  ["update add ok.isp.example 60 A 192.0.2.1", "update add y.dyn.isp.example 60 TXT x"]):
        with pytest.raises(Tool, match="SERVFAIL|REFUSED|NOTZONE"):
            update(cached, ISP, *lines)
        assert cached.everything() == before
    assert "refused" in cached.ptrd.log()
    update(cached, ISP, "update add ok.isp.example 60 A 192.0.2.1")
    assert cached.answers("ok.isp.example", "A") == ["192.0.2.1"]
