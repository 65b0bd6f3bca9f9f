"""Fast mode, the shipped pdns-fast.conf and `ptrd --leaf`, before the real pdns_server: the round trips, and edits. Its answers,
and zones that are signed meanwhile: test_modes.py."""
import ipaddress
import random
import re

import dns.query
import pytest

from support.leaves import fragment
from support.pdns import NO_ANSWER_CACHE, Pdns, Tool, assert_answer, assert_nodata, rcode, rows
from support.ptrd import Client, Ptrd, Store
from support.zones import HEAD, ISP_ZONES, full_v6, reverse_name

ONE_BACKEND = {"distributor-threads": 1, "receiver-threads": 1}


# --- round trips ------------------------------------------------------------------------------------------------------

BARE = """
blocks:
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
  - {prefix: 2001:db8:c::/48, name: none}
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example"}
  - {prefix: 198.51.100.128/25, name: none}
"""


def requests(ptrd):
    """How many ptrd was asked."""
    with Client(ptrd.socket) as client:
        text = client.call("directBackendCmd", query="stats")
    return int(re.search(r"^requests (\d+)", text, re.M)[1]) - int(
        (re.search(r"^requests-directBackendCmd (\d+)", text, re.M) or [0, 0])[1])


def cost(world, names_asked, rdtype, dnssec_ok, expected):
    """Round trips of each of some cold names; the first one warms what is shared."""
    ptrd, pdns = world
    counts = set()
    for number, name in enumerate(dict.fromkeys(names_asked)):
        before = requests(ptrd)
        assert rcode(pdns.ask(name, rdtype, dnssec=dnssec_ok)) == expected
        if number:
            counts.add(requests(ptrd) - before)
    return counts


@pytest.fixture(scope="module", params=["no", "yes"], ids=lambda p: f"remote-dnssec={p}")
def counted(request, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("counted") / "db").load(HEAD + ISP_ZONES + BARE)
    settings = {**fragment(), **ONE_BACKEND, "remote-dnssec": request.param}
    with Ptrd(store.dir, args=["--leaf", "all"]) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        yield request.param == "yes", (ptrd, pdns)


@pytest.mark.parametrize("dnssec_ok", [False, True])
@pytest.mark.parametrize("prefix", ["2001:db8::/32", "2001:db8:c::/48", "198.51.100.0/25", "198.51.100.128/25"])
def test_round_trips_of_a_cold_name_of_an_address(counted, prefix, dnssec_ok):
    """Three: SOA, metadata, ANY; keys where PowerDNS may sign. Also where nothing exists at the name."""
    dnssec, world = counted
    rng, network = random.Random(f"{prefix} {dnssec_ok}"), ipaddress.ip_network(prefix)
    half = network.num_addresses // 2       # no name is asked twice
    hosts = [reverse_name(network[half * dnssec_ok + rng.randrange(half)]) for _ in range(12)]
    assert cost(world, hosts, "PTR", dnssec_ok, "NOERROR") == {4 if dnssec and dnssec_ok else 3}


def test_round_trips_are_those_of_the_safe_mode_where_they_must_be(counted):
    """A control: the count sees the walk where there is no leaf. 23 labels below the apex are asked for SOA and for NS."""
    dnssec, (ptrd, pdns) = counted
    before = requests(ptrd)
    assert_nodata(pdns.ask("5." + "a." * 21 + "b.8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"))
    assert requests(ptrd) - before > 40


# --- tools ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def fast(tmp_path):
    """A store, ptrd and pdns_server with caches that tests can wait for."""
    store = Store(tmp_path / "db").load(HEAD + ISP_ZONES + BARE)
    settings = {**fragment(), **NO_ANSWER_CACHE, "dnsupdate": "yes", "allow-dnsupdate-from": "127.0.0.0/8",
                "zone-metadata-cache-ttl": 1, "dnssec-key-cache-ttl": 1}
    with Ptrd(store.dir, args=["--leaf", "all"]) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        yield ptrd, pdns


ADDRESS = ipaddress.ip_address("2001:db8:aa::25")
LEAF, ZONE = reverse_name(ADDRESS), "8.b.d.0.1.0.0.2.ip6.arpa."
GENERATED = full_v6(ADDRESS) + ".dyn.isp.example."


def test_edits_go_to_the_real_zone(fast):
    _, pdns = fast
    owner = LEAF.removesuffix("." + ZONE)
    assert_answer(pdns.ask(LEAF, "PTR"), "PTR", [GENERATED])
    pdns.pdnsutil("replace-rrset", ZONE, owner, "PTR", 300, "mail.customer.example")
    assert_answer(pdns.ask(LEAF, "PTR"), "PTR", ["mail.customer.example."])
    pdns.nsupdate(f"zone {ZONE}", f"update delete {LEAF} PTR", f"update add {LEAF} 300 TXT text")
    assert_answer(pdns.ask(LEAF, "PTR"), "PTR", [GENERATED])
    assert_answer(pdns.ask(LEAF, "TXT"), "TXT", ['"text"'])
    pdns.pdnsutil("check-zone", ZONE)


def test_a_leaf_is_no_zone_to_transfer_or_to_update(fast):
    ptrd, pdns = fast
    assert rows(pdns.ask(LEAF, "SOA"))
    with pytest.raises((dns.query.TransferError, dns.exception.FormError, EOFError)):
        list(dns.query.xfr("127.0.0.1", LEAF, port=pdns.port, lifetime=5))
    with pytest.raises(Tool):
        pdns.nsupdate(f"zone {LEAF}", f"update add {LEAF} 300 TXT text")
    with pytest.raises(Tool, match="No such zone"):
        pdns.pdnsutil("show-zone", LEAF)
    assert_nodata(pdns.ask(LEAF, "TXT"))
