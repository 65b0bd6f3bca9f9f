"""Issue 8478 and 12413 of PowerDNS: one explicit PTR inside generated space harms none of its neighbours."""
import ipaddress
import random

import pytest

from support.pdns import assert_answer, assert_nodata, assert_nxdomain
from support.zones import HEAD, ISP_ZONES, full_v4, full_v6, reverse_name

V6 = ipaddress.ip_network("2001:db8::/32")
OVERRIDE6 = ipaddress.ip_address("2001:db8:1:2::25")
OVERRIDE4 = ipaddress.ip_address("198.51.100.25")
SEED = 20240601

ZONES = HEAD + ISP_ZONES + """
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
ptrs:
  198.51.100.25: mail.customer.example
  "2001:db8:1:2::25": {names: [mail.customer.example], ttl: 300}
"""


def siblings(count):
    """Neighbours of the override at every distance: the other nibbles of each of its labels, then random ones."""
    result = []
    for shift in range(0, 96, 4):
        for nibble in range(16):
            number = int(OVERRIDE6) & ~(0xf << shift) | nibble << shift
            if number != int(OVERRIDE6):
                result.append(ipaddress.ip_address(number))
    rng = random.Random(SEED)
    while len(result) < count:
        depth = rng.randrange(4, 97)
        number = int(OVERRIDE6) ^ rng.randrange(1, 1 << depth)
        result.append(ipaddress.ip_address(number))
    return result[:count]


def ancestors(name, apex):
    """Every name between name and apex, both left out."""
    name = name.split(".", 1)[1]
    while name != apex:
        yield name
        name = name.split(".", 1)[1]


def test_the_override_itself(world):
    assert_answer(world.ask(reverse_name(OVERRIDE6), "PTR"), "PTR", ["mail.customer.example."])
    assert_answer(world.ask(reverse_name(OVERRIDE4), "PTR"), "PTR", ["mail.customer.example."])
    reply = world.ask(reverse_name(OVERRIDE6), "PTR")
    assert reply.answer[0].ttl == 300


def test_a_thousand_siblings_are_unharmed(world):
    addresses = siblings(1000)
    replies = world.ask_many([(reverse_name(a), "PTR") for a in addresses])
    for address, reply in zip(addresses, replies):
        assert_answer(reply, "PTR", [full_v6(address) + ".dyn.isp.example."])


def test_siblings_of_the_ipv4_override_are_unharmed(world):
    addresses = [a for a in ipaddress.ip_network("198.51.100.0/24") if a != OVERRIDE4]
    replies = world.ask_many([(reverse_name(a), "PTR") for a in addresses])
    for address, reply in zip(addresses, replies):
        assert_answer(reply, "PTR", [full_v4(address) + ".dyn.isp.example."])


@pytest.mark.parametrize("qtype", ["PTR", "A", "TXT", "NS", "SOA", "DS"])
def test_every_ancestor_is_nodata(world, qtype):
    """Empty non-terminals exist (RFC 8020), of the override and of its siblings."""
    names = set()
    for address in [OVERRIDE6, *siblings(40)]:
        names.update(ancestors(reverse_name(address), "8.b.d.0.1.0.0.2.ip6.arpa."))
    for reply in world.ask_many([(name, qtype) for name in sorted(names)]):
        assert_nodata(reply)


def test_other_types_at_the_override_are_nodata(world):
    for qtype in ("A", "AAAA", "TXT", "MX", "NS", "DS"):
        assert_nodata(world.ask(reverse_name(OVERRIDE6), qtype))
        assert_nodata(world.ask(reverse_name(OVERRIDE4), qtype))


def test_below_the_override_nothing_exists(world):
    assert_nxdomain(world.ask("x." + reverse_name(OVERRIDE6), "PTR"))
    assert_nxdomain(world.ask("_x.y." + reverse_name(OVERRIDE4), "TXT"))


def test_the_generic_name_of_the_overridden_address_still_resolves(world):
    assert_answer(world.ask(full_v4(OVERRIDE4) + ".dyn.isp.example.", "A"), "A", ["198.51.100.25"])
    assert_answer(world.ask(full_v6(OVERRIDE6) + ".dyn.isp.example.", "AAAA"), "AAAA", ["2001:db8:1:2::25"])
