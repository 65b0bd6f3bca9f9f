"""Every address answers in both directions: the whole of a /24, random ones of a /32, any letter case."""
import ipaddress
import random

import pytest

from support.pdns import assert_answer, assert_nodata, assert_nxdomain, rcode
from support.zones import HEAD, ISP_ZONES, full_v4, full_v6, reverse_name

V4 = ipaddress.ip_network("198.51.100.0/24")
EXCLUDED = [ipaddress.ip_address(a) for a in range(int(V4[16]), int(V4[31]) + 1)]
SEED = 20240602
ZONES = HEAD + ISP_ZONES + """
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {range: 198.51.100.16-198.51.100.31, name: none}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
  - {prefix: "2001:db8:aa::/48", name: "{host}.{pop}.multi.isp.example", vars: {pop: ams1}, ttl: 60}
  - {prefix: "2001:db8:bb::/48", name: none}
"""


def random_addresses(count):
    rng = random.Random(SEED)
    base = int(ipaddress.ip_address("2001:db8::"))
    excluded = ipaddress.ip_network("2001:db8:bb::/48"), ipaddress.ip_network("2001:db8:aa::/48")
    result = []
    while len(result) < count:
        address = ipaddress.ip_address(base + rng.getrandbits(96))
        if not any(address in net for net in excluded):
            result.append(address)
    return result


def any_case(text):
    """Random letter case, as resolvers send it (0x20)."""
    rng = random.Random(text)
    return "".join(c.upper() if rng.random() < 0.5 else c for c in text)


def test_the_whole_of_a_24_both_ways(world):
    addresses = [a for a in V4 if a not in EXCLUDED]
    names = [full_v4(a) + ".dyn.isp.example." for a in addresses]
    for name, reply in zip(names, world.ask_many([(reverse_name(a), "PTR") for a in addresses])):
        assert_answer(reply, "PTR", [name])
        assert reply.answer[0].ttl == 600
    for address, reply in zip(addresses, world.ask_many([(name, "A") for name in names])):
        assert_answer(reply, "A", [str(address)])
        assert reply.answer[0].ttl == 600


def test_random_addresses_of_a_32_both_ways(world, long_test):
    addresses = random_addresses(10000 if long_test else 1500)
    names = [full_v6(a) + ".dyn.isp.example." for a in addresses]
    for name, reply in zip(names, world.ask_many([(reverse_name(a), "PTR") for a in addresses])):
        assert_answer(reply, "PTR", [name])
    for address, reply in zip(addresses, world.ask_many([(name, "AAAA") for name in names])):
        assert_answer(reply, "AAAA", [str(address)])


def test_the_other_address_type_is_nodata(world):
    for address in random_addresses(50):
        assert_nodata(world.ask(full_v6(address) + ".dyn.isp.example.", "A"))
    assert_nodata(world.ask("198-51-100-7.dyn.isp.example.", "AAAA"))
    assert_nodata(world.ask("198-51-100-7.dyn.isp.example.", "TXT"))


def test_letter_case_does_not_matter_and_comes_back(world):
    for address in random_addresses(100):
        name = any_case(full_v6(address) + ".dyn.isp.example.")
        assert_answer(world.ask(any_case(reverse_name(address)), "PTR"), "PTR", [name])
        reply = world.ask(name, "AAAA")
        assert_answer(reply, "AAAA", [str(address)])
        assert reply.question[0].name.to_text() == name


def test_excluded_addresses_do_not_exist_in_either_direction(world):
    for address in EXCLUDED:
        assert_nxdomain(world.ask(reverse_name(address), "PTR"))
        assert_nxdomain(world.ask(full_v4(address) + ".dyn.isp.example.", "A"))
    for suffix in ("::1", ":1:2:3:4:5", "::ffff"):
        address = ipaddress.ip_address("2001:db8:bb" + suffix)
        assert_nxdomain(world.ask(reverse_name(address), "PTR"))
        assert_nxdomain(world.ask(full_v6(address) + ".dyn.isp.example.", "AAAA"))
    # Nothing at all exists in the excluded /48: neither does its own name.
    assert_nxdomain(world.ask("b.b.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"))


@pytest.mark.parametrize("name", [
    "198-51-100-007.dyn.isp.example.", "198-51-100-0x7.dyn.isp.example.", "198.51.100.7.dyn.isp.example.",
    "198-51-100-256.dyn.isp.example.", "198-51-101-7.dyn.isp.example.", "198-51-100.dyn.isp.example.",
    "198-51-100-7-.dyn.isp.example.", "x198-51-100-7.dyn.isp.example.", "198-51-100-7x.dyn.isp.example.",
    "2001-db8--1.dyn.isp.example.", "2001-0db8-0000-0000-0000-0000-0000-000.dyn.isp.example.",
    "2001-0db9-0000-0000-0000-0000-0000-0001.dyn.isp.example.", "a.198-51-100-7.dyn.isp.example.",
    "20010db8000000000000000000000001.dyn.isp.example.", "0-198-51-100-7.dyn.isp.example.",
])
def test_other_spellings_do_not_exist(world, name):
    for qtype in ("A", "AAAA", "PTR"):
        assert_nxdomain(world.ask(name, qtype))


@pytest.mark.parametrize("label", ["005", "256", "zz", "00", "01", "5x", "-5", "_5"])
def test_labels_that_are_no_octet_do_not_exist(world, label):
    assert_nxdomain(world.ask(label + ".100.51.198.in-addr.arpa.", "PTR"))


@pytest.mark.parametrize("label", ["g", "00", "10", "zz", "-"])
def test_labels_that_are_no_nibble_do_not_exist(world, label):
    name = label + reverse_name(ipaddress.ip_address("2001:db8::1"))[1:]
    assert_nxdomain(world.ask(name, "PTR"))


def test_labels_below_a_full_name_do_not_exist(world):
    assert_nxdomain(world.ask("1.7.100.51.198.in-addr.arpa.", "PTR"))
    assert_nxdomain(world.ask("0." + reverse_name(ipaddress.ip_address("2001:db8::1")), "PTR"))


def test_a_name_of_several_labels_and_its_empty_non_terminals(world):
    address = ipaddress.ip_address("2001:db8:aa::123")
    name = "00000000000000000123.ams1.multi.isp.example."
    assert_answer(world.ask(reverse_name(address), "PTR"), "PTR", [name])
    assert_answer(world.ask(name, "AAAA"), "AAAA", [str(address)])
    assert_nodata(world.ask("ams1.multi.isp.example.", "A"))
    assert_nodata(world.ask("multi.isp.example.", "AAAA"))
    assert_nxdomain(world.ask("fra1.multi.isp.example.", "A"))


def test_names_outside_are_refused(world):
    assert rcode(world.ask("1.2.0.192.in-addr.arpa.", "PTR")) == "REFUSED"
    assert rcode(world.ask("isp.test.", "A")) == "REFUSED"


def test_the_apexes_answer(world):
    for apex in ("isp.example.", "dyn.isp.example.", "100.51.198.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."):
        assert_answer(world.ask(apex, "NS"), "NS", ["ns1.isp.example.", "ns2.isp.example."])
        reply = world.ask(apex, "SOA")
        assert len(reply.answer) == 1 and reply.answer[0].name.to_text() == apex
        assert_nodata(world.ask(apex, "PTR"))
