"""Zones of ours inside zones of ours, and customers' zones inside those, from the root down: four resolvers with
query name minimisation give the same answers, in any order of asking.

The tree: a root and a customer's server (knotd), and pdns_server with ptrd for everything of ours, each on port 53 of
an address of the loopback network. In reverse a /32 with a /48 of ours and a /48 and a /126 of a customer inside it, and
a /24 with two RFC 2317 customers, one of them served by us; forward zones nested the same way."""
import ipaddress
import random

import pytest

from support.pdns import NO_ANSWER_CACHE, ZONE_CACHE, Pdns, rcode, rows
from support.ptrd import Ptrd, Store
from support.resolvers import ROOTED, Authority

OURS, CUSTOMER, ROOT = "127.1.53.1", "127.1.53.2", "127.1.53.3"
ZONES = f"""
defaults:
  ttl: 300
  soa: {{mname: ns1.isp.zz, rname: hostmaster.isp.zz}}
  ns: [ns1.isp.zz]
zones:
  - name: isp.zz
    records:
      - {{name: ns1, type: A, content: {OURS}}}
      - {{name: cust, type: NS, content: ns.cust.isp.zz}}
      - {{name: ns.cust, type: A, content: {CUSTOMER}}}
  - name: dyn.isp.zz
    ns: [ns.dyn.isp.zz]
    records:
      - {{name: ns, type: A, content: {OURS}}}
  - prefix: 3fff:a::/32
  - prefix: 3fff:a:1::/48
  - prefix: 198.18.5.0/24
  - {{prefix: 198.18.5.64/26, zone: 64-127}}
blocks:
  - {{prefix: 3fff:a::/32, name: "{{ip}}.dyn.isp.zz"}}
  - {{prefix: 198.18.5.0/24, name: "{{ip}}.dyn.isp.zz"}}
ptrs:
  198.18.5.70: mail.isp.zz
delegations:
  - {{prefix: "3fff:a:2::/48", ns: [ns.cust.isp.zz]}}
  - {{prefix: "3fff:a:3::4/126", ns: [ns.cust.isp.zz]}}
  - {{prefix: 198.18.5.128/26, ns: [ns.cust.isp.zz], style: 128/26}}
"""
SOA = "$TTL 300\n@ IN SOA ns.cust.isp.zz. h.cust.isp.zz. 1 3600 600 86400 60\n@ IN NS ns.cust.isp.zz.\n"
SLASH48 = "2.0.0.0.a.0.0.0.f.f.f.3.ip6.arpa."
BELOW126 = [f"{n}." + "0." * 19 + "3.0.0.0.a.0.0.0.f.f.f.3.ip6.arpa." for n in "4567"]
CUSTOMER_ZONES = {
    "cust.isp.zz.": SOA + f"ns IN A {CUSTOMER}\nwww IN A 192.0.2.80\n",
    SLASH48: SOA + ".".join("1" + 19 * "0") + " IN PTR one.cust.isp.zz.\n",
    "128/26.5.18.198.in-addr.arpa.": SOA + "130 IN PTR v4.cust.isp.zz.\n",
    **{name: SOA + "@ IN PTR p2p.cust.isp.zz.\n" for name in BELOW126},
}
ROOT_ZONE = {".": f"""$TTL 300
@ IN SOA a.root.zz. h.root.zz. 1 3600 600 86400 60
@ IN NS a.root.zz.
a.root.zz. IN A {ROOT}
isp.zz. IN NS ns1.isp.zz.
ns1.isp.zz. IN A {OURS}
5.18.198.in-addr.arpa. IN NS ns1.isp.zz.
a.0.0.0.f.f.f.3.ip6.arpa. IN NS ns1.isp.zz.
"""}


def v6(text):
    return ipaddress.ip_address(text).reverse_pointer + "."


def generated(text):
    address = ipaddress.ip_address(text)
    return (address.exploded.replace(":", "-") if address.version == 6 else text.replace(".", "-")) + ".dyn.isp.zz."


def positive(text):
    """Both ways of one generated address."""
    address = ipaddress.ip_address(text)
    name = generated(text)
    yield address.reverse_pointer + ".", "PTR", [("PTR", name)]
    yield name, "AAAA" if address.version == 6 else "A", [("AAAA" if address.version == 6 else "A", text)]


NX, NODATA = "NXDOMAIN", []
QUESTIONS = [
    *positive("3fff:a::7"), *positive("3fff:a:1::7"), *positive("3fff:a:3::8"), *positive("198.18.5.7"),
    (v6("3fff:a:2::1"), "PTR", [("PTR", "one.cust.isp.zz.")]),
    (v6("3fff:a:2::2"), "PTR", NX),
    (generated("3fff:a:2::2"), "AAAA", NX),
    (v6("3fff:a:3::4"), "PTR", [("PTR", "p2p.cust.isp.zz.")]),
    (v6("3fff:a:3::7"), "PTR", [("PTR", "p2p.cust.isp.zz.")]),
    (generated("3fff:a:3::4"), "AAAA", NX),
    ("2.0.0.0.a.0.0.0.f.f.f.3.ip6.arpa.", "NS", [("NS", "ns.cust.isp.zz.")]),
    ("1.0.0.0.a.0.0.0.f.f.f.3.ip6.arpa.", "NS", [("NS", "ns1.isp.zz.")]),
    ("0.0.0.a.0.0.0.f.f.f.3.ip6.arpa.", "PTR", NODATA),
    ("0.0.2.0.0.0.a.0.0.0.f.f.f.3.ip6.arpa.", "PTR", NODATA),
    ("64.5.18.198.in-addr.arpa.", "PTR", [("CNAME", "64.64-127.5.18.198.in-addr.arpa."),
                                          ("PTR", generated("198.18.5.64"))]),
    ("70.5.18.198.in-addr.arpa.", "PTR", [("CNAME", "70.64-127.5.18.198.in-addr.arpa."), ("PTR", "mail.isp.zz.")]),
    (generated("198.18.5.70"), "A", [("A", "198.18.5.70")]),
    ("130.5.18.198.in-addr.arpa.", "PTR", [("CNAME", "130.128/26.5.18.198.in-addr.arpa."),
                                           ("PTR", "v4.cust.isp.zz.")]),
    (generated("198.18.5.130"), "A", NX),
    ("64-127.5.18.198.in-addr.arpa.", "NS", [("NS", "ns1.isp.zz.")]),
    ("7.64-127.5.18.198.in-addr.arpa.", "PTR", NX),
    ("www.cust.isp.zz.", "A", [("A", "192.0.2.80")]),
    ("nothing.cust.isp.zz.", "A", NX),
    ("ns.dyn.isp.zz.", "A", [("A", OURS)]),
    ("dyn.isp.zz.", "NS", [("NS", "ns.dyn.isp.zz.")]),
    ("nothing.dyn.isp.zz.", "A", NX),
    ("dyn.isp.zz.", "DS", NODATA),
    ("cust.isp.zz.", "DS", NODATA),
]


@pytest.fixture(scope="module", params=sorted(ZONE_CACHE))
def tree(request, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("tree") / "db").load(ZONES)
    settings = {**ZONE_CACHE[request.param], **NO_ANSWER_CACHE}
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, settings, address=OURS) as pdns, \
            Authority(CUSTOMER, CUSTOMER_ZONES), Authority(ROOT, ROOT_ZONE):
        yield pdns


def expectation(expected):
    return ("NXDOMAIN", []) if expected == NX else ("NOERROR", sorted(expected))


@pytest.mark.parametrize("resolver", sorted(ROOTED))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_resolvers_agree_in_any_order(tree, resolver, seed):
    asked = QUESTIONS * 2
    random.Random(seed).shuffle(asked)
    with ROOTED[resolver](ROOT) as server:
        wrong = []
        for name, qtype, expected in asked:
            reply = server.ask(name, qtype, recurse=True, timeout=20)
            got = (rcode(reply), rows(reply))
            if got != expectation(expected):
                wrong.append(f"{name} {qtype}: expected {expectation(expected)}, got {got}")
    assert not wrong, "\n".join(wrong)


def test_referrals_carry_ns_and_glue(tree):
    def sections(name, qtype):
        reply = tree.ask(name, qtype)
        return (bool(reply.flags & 0x400), rows(reply),
                sorted(rdata.to_text() for rrset in reply.authority for rdata in rrset),
                sorted(rdata.to_text() for rrset in reply.additional for rdata in rrset))
    assert sections("www.cust.isp.zz.", "A") == (False, [], ["ns.cust.isp.zz."], [CUSTOMER])
    assert sections(v6("3fff:a:2::1"), "PTR")[:3] == (False, [], ["ns.cust.isp.zz."])
    assert sections(v6("3fff:a:3::5"), "PTR")[:3] == (False, [], ["ns.cust.isp.zz."])
    assert sections("130.128/26.5.18.198.in-addr.arpa.", "PTR")[:3] == (False, [], ["ns.cust.isp.zz."])
    aa, answer, _, _ = sections(v6("3fff:a:1::1"), "PTR")
    assert aa and answer == [("PTR", generated("3fff:a:1::1"))]
