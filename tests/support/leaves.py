"""Zones with all that a leaf (ptrd --leaf) must and must not hide, and questions to them, each with the leaf that its name is,
or lies below: for the suites of the modes."""
import ipaddress
import os
import pathlib
import random

import dns.name

from support.zones import HEAD, full_v6

SIGNED = ["2.0.192.in-addr.arpa.", "5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", "1.0.0.0.f.f.f.3.ip6.arpa."]
DIGEST = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


def v6(text):
    return ipaddress.ip_address(text).reverse_pointer


def within(text, apex_labels):
    """The reverse name relative to an apex of so many labels."""
    return ".".join(v6(text).split(".")[:-apex_labels])


ZONES = HEAD + f"""
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {{name: ns1, type: A, content: 192.0.2.53}}
      - {{name: ns2, type: A, content: 192.0.2.54}}
  - name: dyn.isp.example
  - prefix: 198.51.0.0/16
    records:
      - {{name: "*.77", type: TXT, content: '"wild"'}}
      - {{name: "*.77", type: PTR, content: wild.isp.example}}
      - {{name: "5.5", type: TXT, content: '"beside"'}}
      - {{name: "x.9.78", type: TXT, content: '"below an absent one"'}}
      - {{name: "6.5", type: CNAME, content: "5.5.51.198.in-addr.arpa"}}
      - {{name: "7.5", type: DNAME, content: elsewhere.example}}
      - {{name: "8.5", type: NS, content: ns.customer.example}}
      - {{name: "40", type: DNAME, content: "41.51.198.in-addr.arpa"}}
  - prefix: 198.51.7.0/24
  - prefix: 203.0.113.0/24
  - {{prefix: 203.0.113.64/26, zone: 64/26}}
  - {{prefix: 203.0.113.192/28, zone: low.isp.example}}
  - prefix: 192.0.2.0/24
  - prefix: 2001:db8::/32
    records:
      - {{name: "*.3.0.0.0", type: TXT, content: '"wild"'}}
      - {{name: "*.3.0.0.0", type: PTR, content: wild.isp.example}}
      - {{name: "a.3.0.0.0", type: TXT, content: '"an encloser below the wildcard"'}}
      - {{name: "x.*.4.0.0.0", type: TXT, content: '"a wildcard without records"'}}
      - {{name: "*.6.0.0.0", type: CNAME, content: www.elsewhere.example}}
      - {{name: "{within("2001:db8::7", 10)}", type: TXT, content: '"beside"'}}
      - {{name: "{within("2001:db8::8", 10)}", type: CNAME, content: "{v6("2001:db8::9")}"}}
      - {{name: "{within("2001:db8::a", 10)}", type: CNAME, content: "{v6("2001:db8:bb::a")}"}}
      - {{name: "{within("2001:db8::b", 10)}", type: CNAME, content: www.elsewhere.example}}
      - {{name: "{within("2001:db8::c", 10)}", type: DNAME, content: elsewhere.example}}
      - {{name: "{within("2001:db8::d", 10)}", type: NS, content: ns.customer.example}}
      - {{name: "{within("2001:db8::e", 10)}", type: MX, content: 10 mail.isp.example}}
      - {{name: "{within("2001:db8:c::e", 10)}", type: TXT, content: '"on an excluded one"'}}
      - {{name: "x.{within("2001:db8::f", 10)}", type: TXT, content: '"below a generated one"'}}
      - {{name: "x.{within("2001:db8:c::f", 10)}", type: TXT, content: '"below an excluded one"'}}
      - {{name: "*.{within("2001:db8::10", 10)}", type: TXT, content: '"wild below"'}}
      - {{name: "9.0.0.0", type: DNAME, content: elsewhere.example}}
  - prefix: 2001:db8:1::/48
  - prefix: 2001:db8:5::/48
  - prefix: "2001:db8:7::1/128"
  - prefix: 3fff:1::/32
  - prefix: 3fff:1:1::/48
  - prefix: 3fff:2::/32
blocks:
  - {{prefix: 198.51.0.0/16, name: "{{ip}}.dyn.isp.example", ttl: 600}}
  - {{prefix: 198.51.77.0/24, name: none}}
  - {{prefix: 198.51.78.0/24, name: none}}
  - {{prefix: 203.0.113.0/24, name: "{{ip}}.dyn.isp.example"}}
  - {{prefix: 203.0.113.80/28, name: none}}
  - {{prefix: 192.0.2.0/24, name: "{{ip}}.dyn.isp.example"}}
  - {{prefix: 2001:db8::/32, name: "{{ip}}.dyn.isp.example"}}
  - {{prefix: 2001:db8:3::/48, name: none}}
  - {{prefix: 2001:db8:4::/48, name: none}}
  - {{prefix: 2001:db8:6::/48, name: none}}
  - {{prefix: 2001:db8:c::/48, name: none}}
  - {{prefix: 3fff:1::/32, name: "{{ip}}.dyn.isp.example"}}
  - {{prefix: 3fff:2:1::/48, name: "{{ip}}.dyn.isp.example"}}
ptrs:
  198.51.5.9: mail.isp.example
  198.51.78.1: [a.isp.example, b.isp.example]
  203.0.113.70: seventy.isp.example
  203.0.113.81: eightyone.isp.example
  "2001:db8::25": mail.isp.example
  "2001:db8:3::25": {{names: [mail.customer.example], ttl: 300}}
  "2001:db8:c::25": mail.customer.example
  "3fff:2::25": mail.customer.example
delegations:
  - {{prefix: 198.51.30.0/24, ns: [ns.customer.example]}}
  - {{prefix: 203.0.113.128/26, ns: [ns.customer.example], style: 128/26}}
  - {{prefix: "2001:db8:2::/48", ns: [ns.customer.example]}}
  - {{prefix: "2001:db8:8::/48", ns: [ns.customer.example], ds: ["12345 13 2 {DIGEST}"]}}
"""

# Prefixes, and whether their addresses' names are leaves: "6" in ipv6 and all, "4" in all only, "" never; "s": not while the
# zones of SIGNED are signed.
PREFIXES = [
    ("2001:db8:aa::/48", "6"), ("2001:db8::/112", "6"),
    ("2001:db8:1::/48", "6"),            # a zone of ours inside
    ("2001:db8:2::/48", ""), ("2001:db8:8::/48", ""),     # delegated
    ("2001:db8:3:b000::/52", ""),        # absent, covered by a wildcard
    ("2001:db8:3:a000::/52", "6"), ("2001:db8:3:b::/64", "6"),     # absent, an encloser hides the wildcard
    ("2001:db8:4::/48", ""),             # covered by a wildcard that is an empty non-terminal
    ("2001:db8:5::/48", "6s"),           # signed, inside an unsigned one
    ("2001:db8:6::/48", ""),             # covered by a wildcard CNAME
    ("2001:db8:9::/48", ""),             # below a DNAME
    ("2001:db8:c::/48", "6"),            # absent, in a zone with records
    ("3fff:1::/48", "6s"), ("3fff:1:2::/48", "6s"),       # signed
    ("3fff:1:1::/48", "6"),              # not signed, inside a signed one
    ("3fff:2::/48", "6"), ("3fff:2:1::/48", "6"),         # absent and generated, in a zone without records
    ("3fff:9::/48", ""),                 # in no zone
    ("198.51.0.0/20", "4"), ("198.51.7.0/24", "4"), ("198.51.78.0/24", "4"), ("198.51.41.0/24", "4"),
    ("198.51.77.0/24", ""), ("198.51.30.0/24", ""), ("198.51.40.0/24", ""), ("192.0.2.0/24", "4s"),
    ("203.0.113.0/26", "4"),
]
# Single names: as above.
NAMES = [
    *((v6(f"2001:db8::{n}"), "6") for n in ("7", "8", "9", "a", "b", "e", "f", "10", "25")),
    (v6("2001:db8::c"), ""), (v6("2001:db8::d"), ""),     # a DNAME, a delegation
    (v6("2001:db8:bb::a"), "6"),
    *((v6(f"2001:db8:c::{n}"), "6") for n in ("e", "f", "25")),
    (v6("2001:db8:3::25"), "6"), (v6("3fff:2::25"), "6"),
    (v6("2001:db8:7::1"), ""), (v6("2001:db8:7::2"), "6"),        # an apex
    *((f"{n}.5.51.198.in-addr.arpa", "4") for n in (5, 6, 9)),
    ("7.5.51.198.in-addr.arpa", ""), ("8.5.51.198.in-addr.arpa", ""),
    ("9.78.51.198.in-addr.arpa", "4"), ("1.78.51.198.in-addr.arpa", "4"), ("0.5.51.198.in-addr.arpa", "4"),
    # RFC 2317: the addresses' own names are CNAMEs or delegated, their homes are elsewhere
    *((f"{n}.64/26.113.0.203.in-addr.arpa", "4") for n in (64, 70, 80, 81, 127)),
    *((f"{n}.64/26.113.0.203.in-addr.arpa", "") for n in (63, 128, "064", "x")),
    *((f"{n}.113.0.203.in-addr.arpa", "4") for n in (64, 70, 80, 128, 191, 192, 207, 255)),
    *((f"{n}.low.isp.example", "4") for n in (192, 207)), ("208.low.isp.example", ""),
    *((f"{n}.128/26.113.0.203.in-addr.arpa", "") for n in (128, 191)),
    # labels that are none of an address
    ("005.5.51.198.in-addr.arpa", ""), ("256.5.51.198.in-addr.arpa", ""), ("zz.5.51.198.in-addr.arpa", ""),
    ("*.5.51.198.in-addr.arpa", ""), ("*.77.51.198.in-addr.arpa", ""), ("g." + v6("2001:db8::1")[2:], ""),
    ("00." + v6("2001:db8::1")[2:], ""), ("*." + v6("2001:db8::1")[2:], ""),
    # forward, and no zone of ours
    *((n, "") for n in ("isp.example", "dyn.isp.example", "ns1.isp.example", "nothing.isp.example", "a.b.isp.example",
                        "198-51-1-1.dyn.isp.example", "198-51-01-1.dyn.isp.example", "mail.isp.example", "example",
                        "www.elsewhere.example", "arpa", "ip6.arpa", "in-addr.arpa")),
    (full_v6(ipaddress.ip_address("2001:db8:aa::1")) + ".dyn.isp.example", ""),
    (full_v6(ipaddress.ip_address("2001:db8:c::1")) + ".dyn.isp.example", ""),
]
TYPES = ["PTR", "PTR", "PTR", "ANY", "SOA", "NS", "DS", "TXT", "CNAME", "A", "MX", "DNSKEY", "HINFO", "DNAME", "TYPE65400"]
HOSTILE = [b"x", b"*", b"0", b"\x00", b"a b", b"\xff", b"a.b", b"-", b"_dmarc", b"y" * 63]


def any_case(rng, name):
    return dns.name.Name([bytes(c ^ 32 if chr(c).isalpha() and rng.random() < 0.5 else c for c in label)
                          for label in name.labels])


def _host(rng, prefix):
    network = ipaddress.ip_network(prefix)
    address = network[rng.randrange(network.num_addresses)]
    return dns.name.from_text(address.reverse_pointer)


def takes(leaf, mode, signed):
    return leaf != "" and leaf[0] in {"off": "", "ipv6": "6", "all": "64"}[mode] and not (signed and "s" in leaf)


def names(count, mode, signed=True, seed=5):
    """About 4 * count names of addresses and what is around each: (name, the leaf that it is or lies below, or None)."""
    rng = random.Random(seed)
    special = {dns.name.from_text(text): leaf for text, leaf in NAMES}
    found = [*special.items()]
    found += [(_host(rng, prefix), leaf) for prefix, leaf in PREFIXES for _ in range(count // len(PREFIXES))]
    for name, leaf in found:
        leaf = special.get(name, leaf)       # a random address may be one of the names
        own = name if takes(leaf, mode, signed) else None
        yield any_case(rng, name), own
        for label in rng.sample(HOSTILE, 2):
            yield dns.name.Name([label, *name.labels]), own
        yield dns.name.Name(name.labels[rng.randrange(1, len(name.labels)):]), None


def questions(count, mode, signed=True, seed=5):
    """(name, type, leaf): all of names, each with four types."""
    rng = random.Random(seed)
    return [(name, rdtype, leaf) for name, leaf in names(count, mode, signed, seed) for rdtype in rng.sample(TYPES, 4)]


def fragment(name="pdns-fast.conf"):
    """The settings of a shipped fragment of pdns.conf, those aside that say where ptrd is."""
    source = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
    lines = (source / "pdns-config" / name).read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {key: value for key, value in settings.items() if key not in ("launch", "remote-connection-string")}
