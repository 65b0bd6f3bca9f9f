"""A resolver with strict query name minimisation, asking PowerDNS: the same answers, in any order of asking."""
import ipaddress
import random

import pytest

from support.pdns import assert_answer, rcode, rows
from support.resolvers import Unbound
from support.zones import HEAD, ISP_ZONES, full_v4, full_v6, reverse_name

SEED = 20240603
OVERRIDE = ipaddress.ip_address("2001:db8:1:2::25")
APEXES = ["isp.example.", "dyn.isp.example.", "100.51.198.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."]
ZONES = HEAD + ISP_ZONES + """
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example"}
  - {range: 198.51.100.16-198.51.100.31, name: none}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
  - {prefix: "2001:db8:aa::/48", name: "{n29}.{n30}.{n31}.{host}.multi.isp.example"}
ptrs:
  198.51.100.25: mail.isp.example
  "2001:db8:1:2::25": {names: [mail.isp.example], ttl: 300}
"""


@pytest.fixture
def resolver(world):
    """New for each test: its cache is empty."""
    with Unbound(APEXES, world.pdns.port) as unbound:
        yield unbound


def addresses(count):
    rng = random.Random(SEED)
    base = int(ipaddress.ip_address("2001:db8:1::"))
    near = [ipaddress.ip_address(int(OVERRIDE) ^ 1 << bit) for bit in range(0, 80, 7)]
    return near + [ipaddress.ip_address(base + rng.getrandbits(80)) for _ in range(count)]


def ask(resolver, name, qtype):
    return resolver.ask(name, qtype, recurse=True, timeout=20)


def parents(name, apex):
    while name != apex:
        name = name.split(".", 1)[1]
        yield name


def test_reverse_and_forward(resolver):
    for address in addresses(40):
        name = full_v6(address) + ".dyn.isp.example."
        assert_answer(ask(resolver, reverse_name(address), "PTR"), "PTR", [name])
        assert_answer(ask(resolver, name, "AAAA"), "AAAA", [str(address)])
    for last in (0, 7, 255):
        address = ipaddress.ip_address(f"198.51.100.{last}")
        assert_answer(ask(resolver, reverse_name(address), "PTR"), "PTR", [full_v4(address) + ".dyn.isp.example."])
        assert_answer(ask(resolver, full_v4(address) + ".dyn.isp.example.", "A"), "A", [str(address)])


def test_empty_non_terminals_asked_first_hide_nothing(resolver):
    """harden-below-nxdomain: one NXDOMAIN above would deny all of these."""
    apex = APEXES[3]
    for address in [OVERRIDE, *addresses(6)]:
        expected = "mail.isp.example." if address == OVERRIDE else full_v6(address) + ".dyn.isp.example."
        for parent in reversed(list(parents(reverse_name(address), apex))):
            reply = ask(resolver, parent, "PTR")
            assert rcode(reply) == "NOERROR" and rows(reply) == [], parent
        assert_answer(ask(resolver, reverse_name(address), "PTR"), "PTR", [expected])


def test_denials_asked_first_hide_nothing(resolver):
    for address in addresses(5):
        full = reverse_name(address)
        assert rcode(ask(resolver, "x." + full, "PTR")) == "NXDOMAIN"
        assert rcode(ask(resolver, "z" + full[1:], "PTR")) == "NXDOMAIN"
        assert_answer(ask(resolver, full, "PTR"), "PTR", [full_v6(address) + ".dyn.isp.example."])
    assert rcode(ask(resolver, "20.100.51.198.in-addr.arpa.", "PTR")) == "NXDOMAIN"
    assert rcode(ask(resolver, "198-51-100-20.dyn.isp.example.", "A")) == "NXDOMAIN"
    assert rcode(ask(resolver, "198-51-100-007.dyn.isp.example.", "A")) == "NXDOMAIN"
    assert_answer(ask(resolver, "25.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["mail.isp.example."])


def test_other_types_asked_first_hide_nothing(resolver):
    for address in addresses(3):
        for qtype in ("TXT", "MX", "A", "CNAME"):
            reply = ask(resolver, reverse_name(address), qtype)
            assert rcode(reply) == "NOERROR" and rows(reply) == []
        assert_answer(ask(resolver, reverse_name(address), "PTR"), "PTR", [full_v6(address) + ".dyn.isp.example."])


def test_names_of_several_labels(resolver):
    address = ipaddress.ip_address("2001:db8:aa::123")
    name = "0.1.2.00000000000000000123.multi.isp.example."
    for parent in reversed(list(parents(name, "isp.example."))[:-1]):
        reply = ask(resolver, parent, "A")
        assert rcode(reply) == "NOERROR" and rows(reply) == [], parent
    assert_answer(ask(resolver, name, "AAAA"), "AAAA", [str(address)])
    assert_answer(ask(resolver, reverse_name(address), "PTR"), "PTR", [name])
    assert rcode(ask(resolver, "1.1.2.00000000000000000123.multi.isp.example.", "AAAA")) == "NXDOMAIN"


def test_derived_forward_records(resolver):
    assert_answer(ask(resolver, "mail.isp.example.", "A"), "A", ["198.51.100.25"])
    assert_answer(ask(resolver, "mail.isp.example.", "AAAA"), "AAAA", [str(OVERRIDE)])
    assert_answer(ask(resolver, reverse_name(OVERRIDE), "PTR"), "PTR", ["mail.isp.example."])
