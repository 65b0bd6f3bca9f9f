"""Explicit records among generated ones, derived forward records, and every record type through PowerDNS."""
import ipaddress

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from support.pdns import Tool, assert_answer, assert_nodata, assert_nxdomain, rcode, rows
from support.zones import HEAD, reverse_name

# type, content as an operator writes it, content as the wire has it (None: the same)
TYPES = [
    ("A", "192.0.2.77", None),
    ("AAAA", "2001:DB8::77", "2001:db8::77"),
    ("MX", "10 mail.isp.example", "10 mail.isp.example."),
    ("SRV", "0 5 443 web.isp.example", "0 5 443 web.isp.example."),
    ("TXT", "plain", '"plain"'),
    ("TXT", r'"a \"quoted\" \\ \065 text" second', r'"a \"quoted\" \\ A text" "second"'),
    ("HINFO", '"PC" "Linux"', None),
    ("NAPTR", '100 50 "s" "http+I2R" "" _http._tcp.isp.example.', None),
    ("RP", "a.isp.example. .", None),
    ("AFSDB", "1 a.isp.example.", None),
    ("KX", "1 a.isp.example.", None),
    ("CAA", '128 issue "ca.example; policy=ev"', None),
    ("SSHFP", "1 1 123456789abcdef67890123456789abcdef67890", None),
    ("TLSA", "3 1 1 92003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf63c", None),
    ("SMIMEA", "3 1 0 abcd", None),
    ("CERT", "3 0 0 AAAA", None),
    ("OPENPGPKEY", "AAAA", None),
    ("DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", None),
    ("URI", '10 1 "ftp://ftp.example/public"', None),
    ("EUI48", "00-00-5e-00-53-2a", None),
    ("EUI64", "00-00-5e-ef-10-00-00-2a", None),
    ("NID", "10 0014:4fff:ff20:ee64", None),
    ("L32", "10 10.1.2.0", None),
    ("L64", "10 2001:0db8:1140:1000", None),
    ("LP", "10 l64.isp.example.", None),
    ("LOC", "52 22 23.123 N 4 53 32 E -2m 1m 10000m 10m", None),
    ("APL", "1:192.168.32.0/21 !1:192.168.38.0/28", None),
    ("IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", None),
    ("CSYNC", "66 3 A NS AAAA", None),
    ("IPSECKEY", r"\# 9 0a0102010203040151", "10 1 2 1.2.3.4 AVE="),
    ("SVCB", "0 alias.isp.example.", None),
    ("HTTPS", '1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1', None),
    ("X25", "311061700956", None),
    ("RT", "10 a.example.", None),
    ("TYPE1234", r"\# 3 abcdef", None),
    ("ZONEMD", "2018031500 1 1 " + "fe" * 48, None),
]
# Octets of types that dnspython has no text form for.
RAW = {"TYPE1234": bytes.fromhex("abcdef"), "X25": b"\x0c311061700956"}

ZONES = HEAD + """
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
      - {name: claimed, type: A, content: 192.0.2.99}
      - {name: 198-51-100-40.dyn, type: A, content: 192.0.2.40}
      - {name: 198-51-100-41.dyn, type: TXT, content: beside}
      - {name: 198-51-100-42.dyn, type: CNAME, content: elsewhere.isp.example}
      - {name: below.198-51-100-43.dyn, type: TXT, content: below}
      - {name: a.deep.down, type: TXT, content: leaf}
      - {name: "*.wild", type: A, content: 192.0.2.200}
""" + "".join(
    f"      - {{name: t{i}, type: {t}, content: '{content}'}}\n" for i, (t, content, _) in enumerate(TYPES)) + """
  - name: plain.example
  - prefix: 198.51.100.0/24
    records:
      - {name: "7", type: TXT, content: note}
      - {name: "8", type: A, content: 192.0.2.8}
      - {name: "_x", type: TXT, content: service}
      - {name: "x.y.9", type: TXT, content: below a full name}
      - {name: "20", type: TXT, content: in an excluded range}
  - prefix: 2001:db8::/32
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {range: 198.51.100.16-198.51.100.31, name: none}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
ptrs:
  198.51.100.25: mail.isp.example
  198.51.100.26: {names: [mail.isp.example], ttl: 120}
  "2001:db8::25": {names: [mail.isp.example], ttl: 300}
  198.51.100.30: {names: [one.isp.example, two.isp.example], ttl: 77}
  198.51.100.50: quiet.plain.example
  198.51.100.51: {names: [loud.plain.example], forward: auto}
  198.51.100.52: {names: [silent.isp.example], forward: none}
  198.51.100.53: claimed.isp.example
  198.51.100.54: {names: ["under_score.isp.example"]}
  198.51.100.55: www.customer.example
  198.51.100.56: deep.in.the.isp.example
"""


def v4(last):
    return reverse_name(ipaddress.ip_address(f"198.51.100.{last}"))


def test_other_types_stand_beside_the_generated_ptr(world):
    assert_answer(world.ask(v4(7), "TXT"), "TXT", ['"note"'])
    assert_answer(world.ask(v4(7), "PTR"), "PTR", ["198-51-100-7.dyn.isp.example."])
    assert_answer(world.ask(v4(8), "A"), "A", ["192.0.2.8"])
    assert_answer(world.ask(v4(8), "PTR"), "PTR", ["198-51-100-8.dyn.isp.example."])
    assert_nodata(world.ask(v4(7), "A"))


def test_explicit_records_anywhere_in_a_reverse_zone(world):
    assert_answer(world.ask("_x.100.51.198.in-addr.arpa.", "TXT"), "TXT", ['"service"'])
    assert_answer(world.ask("x.y." + v4(9), "TXT"), "TXT", ['"below" "a" "full" "name"'])
    assert_nodata(world.ask("y." + v4(9), "TXT"))
    assert_answer(world.ask(v4(9), "PTR"), "PTR", ["198-51-100-9.dyn.isp.example."])
    assert_nxdomain(world.ask("z." + v4(9), "TXT"))
    assert_answer(world.ask(v4(20), "TXT"), "TXT", ['"in" "an" "excluded" "range"'])
    assert_nodata(world.ask(v4(20), "PTR"))
    assert_nxdomain(world.ask(v4(21), "PTR"))


def test_explicit_records_at_generated_names(world):
    assert_answer(world.ask("198-51-100-40.dyn.isp.example.", "A"), "A", ["192.0.2.40"])
    assert_answer(world.ask("198-51-100-41.dyn.isp.example.", "A"), "A", ["198.51.100.41"])
    assert_answer(world.ask("198-51-100-41.dyn.isp.example.", "TXT"), "TXT", ['"beside"'])
    reply = world.ask("198-51-100-42.dyn.isp.example.", "A")
    assert ("CNAME", "elsewhere.isp.example.") in rows(reply)
    assert all(t != "A" for t, _ in rows(reply))
    assert_answer(world.ask("below.198-51-100-43.dyn.isp.example.", "TXT"), "TXT", ['"below"'])
    assert_answer(world.ask("198-51-100-43.dyn.isp.example.", "A"), "A", ["198.51.100.43"])


def test_empty_non_terminals_of_explicit_names(world):
    assert_nodata(world.ask("deep.down.isp.example.", "A"))
    assert_nodata(world.ask("down.isp.example.", "A"))
    assert_nodata(world.ask("dyn.isp.example.", "A"))
    assert_nxdomain(world.ask("b.deep.down.isp.example.", "A"))


def test_wildcards_are_left_to_powerdns(world):
    assert_answer(world.ask("anything.wild.isp.example.", "A"), "A", ["192.0.2.200"])
    assert_nodata(world.ask("wild.isp.example.", "A"))
    assert_nxdomain(world.ask("*.dyn.isp.example.", "A"))
    assert_nxdomain(world.ask("*.100.51.198.in-addr.arpa.", "PTR"))


def test_forward_records_derive_from_overrides(world):
    reply = world.ask("mail.isp.example.", "A")
    assert_answer(reply, "A", ["198.51.100.25", "198.51.100.26"])
    assert reply.answer[0].ttl == 120, "the least TTL of the PTRs"
    assert_answer(world.ask("mail.isp.example.", "AAAA"), "AAAA", ["2001:db8::25"])
    assert_nodata(world.ask("mail.isp.example.", "TXT"))
    assert_answer(world.ask(v4(30), "PTR"), "PTR", ["one.isp.example.", "two.isp.example."])
    assert_answer(world.ask("two.isp.example.", "A"), "A", ["198.51.100.30"])
    assert_answer(world.ask("deep.in.the.isp.example.", "A"), "A", ["198.51.100.56"])
    assert_nodata(world.ask("in.the.isp.example.", "A"))


def test_forward_records_derive_only_where_asked_for(world):
    assert_answer(world.ask(v4(50), "PTR"), "PTR", ["quiet.plain.example."])
    assert_nxdomain(world.ask("quiet.plain.example.", "A"))
    assert_answer(world.ask("loud.plain.example.", "A"), "A", ["198.51.100.51"])
    assert_nxdomain(world.ask("silent.isp.example.", "A"))
    assert_answer(world.ask("claimed.isp.example.", "A"), "A", ["192.0.2.99"])
    assert_nxdomain(world.ask("under_score.isp.example.", "A"))
    assert rcode(world.ask("www.customer.example.", "A")) == "REFUSED"


@pytest.mark.parametrize("index", range(len(TYPES)), ids=lambda i: f"{TYPES[i][0]}-{i}")
def test_every_type_reaches_the_client(world, index):
    qtype, content, wire = TYPES[index]
    if qtype in RAW:
        expected = RAW[qtype]
    else:
        expected = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(qtype), wire or content).to_wire()
    reply = world.ask(f"t{index}.isp.example.", qtype)
    assert rcode(reply) == "NOERROR"
    found = [rdata for rrset in reply.answer for rdata in rrset]
    assert len(found) == 1, reply.to_text()
    assert found[0].to_wire() == expected, found[0].to_text()


def test_pdnsutil_finds_every_content_spelt_as_it_expects(world):
    """RT, X25 and the like are raw to PowerDNS; what it takes apart it also compares."""
    try:
        said = world.pdns.pdnsutil("check-zone", "isp.example")
    except Tool as failed:  # it has its own view of targets, too
        said = failed.output
    assert "Checked " in said and "are not equal" not in said, said
