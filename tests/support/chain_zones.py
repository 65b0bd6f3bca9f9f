"""Zones of explicit records, as a zones file and each as a master file written by hand from the same records, for the suite
that compares chains. Master files hold what a zone signs: cuts above zones of ours, with the DS of those that have keys."""
import dns.name

from support.dnskeys import ED25519, P256, P256_B
from support.zones import HEAD

NS = ["ns1.isp.example.", "ns2.isp.example."]
FORWARD, SIGNED, PLAIN, DEEP = "isp.example.", "signed.isp.example.", "plain.isp.example.", "deep.under.isp.example."
V4, CHILD, V6 = "2.0.192.in-addr.arpa.", "68/30.2.0.192.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."
KEYS = {FORWARD: P256, SIGNED: P256_B, DEEP: ED25519, V4: P256, CHILD: P256_B, V6: P256}
SECURE_DS = "4711 13 2 " + "ab" * 32

RECORDS = {
    FORWARD: [
        ("ns1", "A", "192.0.2.53"), ("ns2", "A", "192.0.2.54"), ("ns2", "AAAA", "2001:db8::54"),
        ("@", "MX", "10 mail.isp.example."), ("@", "TXT", '"v=spf1 -all"'),
        ("mail", "A", "192.0.2.25"), ("mail", "TXT", '"mail"'),
        ("WWW", "CNAME", "Host.isp.example."),
        # empty non-terminals: one above the other, beside a name, above a wildcard
        ("a.b.c.ent", "TXT", '"deep"'), ("z.b.c.ent", "A", "192.0.2.1"), ("branch.mail", "A", "192.0.2.2"),
        ("*.wild", "A", "192.0.2.3"), ("*.wild", "TXT", '"any"'), ("explicit.wild", "A", "192.0.2.4"),
        ("below.*.wild", "A", "192.0.2.5"), ("*", "MX", "20 mail.isp.example."),
        ("_25._tcp.mail", "TLSA", "3 1 1 " + "cd" * 32), ("_sip._udp", "SRV", "1 2 5060 mail.isp.example."),
        # delegations: glue below, none, next to an ENT, below an ENT of its own, with records that they hide
        ("cut", "NS", "ns.cut.isp.example."), ("ns.cut", "A", "192.0.2.6"), ("a.ns.cut", "TXT", '"hidden"'),
        ("insecure", "NS", "ns.elsewhere.example."),
        ("x.far.away", "NS", "ns.elsewhere.example."), ("y.far.away", "NS", "ns.elsewhere.example."),
        ("m.mixed", "NS", "ns.elsewhere.example."), ("n.mixed", "A", "192.0.2.7"),
        ("secure", "NS", "ns.elsewhere.example."), ("secure", "DS", SECURE_DS),
        ("s.remote", "NS", "ns.s.remote.isp.example."), ("s.remote", "DS", SECURE_DS), ("ns.s.remote", "A", "192.0.2.8"),
        ("d", "DNAME", "elsewhere.example."), ("d", "TXT", '"beside a DNAME"'), ("e.under.d2", "DNAME", "x.example."),
        # odd owners
        (r"with\.dot", "A", "192.0.2.9"), (r"with\032blank", "A", "192.0.2.10"), (r"nul\000", "A", "192.0.2.11"),
        (r"\000", "TXT", '"nul"'), (r"high\255", "A", "192.0.2.12"), (r"back\\slash", "A", "192.0.2.13"),
        ("UPPER.Case", "A", "192.0.2.14"), ("Z", "A", "192.0.2.15"), ("_", "TXT", '"between Z and a"'),
        ("x" * 63, "A", "192.0.2.16"), (".".join(["l" * 63, "m" * 63, "n" * 63, "o" * 49]), "A", "192.0.2.17"),
        ("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "A", "192.0.2.18"),
    ],
    SIGNED: [("host", "A", "192.0.2.30"), ("a.b", "A", "192.0.2.31")],
    PLAIN: [("host", "A", "192.0.2.32")],
    DEEP: [("host", "A", "192.0.2.33")],
    V4: [("*.wild", "TXT", '"any"'), ("x.y.99", "TXT", '"below the name of an address"')],
    CHILD: [("extra", "TXT", '"beside PTRs"')],
    V6: [("_x", "TXT", '"label of no address"'), ("7", "NS", "ns.elsewhere.example.")],
}
PTRS = {"192.0.2.1": "one.elsewhere.example.", "192.0.2.200": "two.elsewhere.example.",
        "192.0.2.69": "three.elsewhere.example.", "192.0.2.70": "four.elsewhere.example.",
        "2001:db8::1": "six.elsewhere.example.", "2001:db8::2": "six.elsewhere.example.",
        "2001:db8:0:1::53": "seven.elsewhere.example.", "2001:db8:ffff::1": "eight.elsewhere.example."}
# What stands in a zone besides RECORDS: PTRs, the CNAMEs to the classless child, cuts above zones of ours.
MORE = {
    FORWARD: [(child, "NS", ns) for child in ("signed", "plain", "deep.under") for ns in NS]
    + [("signed", "DS", KEYS[SIGNED].ds(SIGNED)), ("deep.under", "DS", KEYS[DEEP].ds(DEEP))],
    V4: [("1", "PTR", "one.elsewhere.example."), ("200", "PTR", "two.elsewhere.example.")]
    + [(str(i), "CNAME", f"{i}.{CHILD}") for i in range(68, 72)]
    + [("68/30", "NS", ns) for ns in NS] + [("68/30", "DS", KEYS[CHILD].ds(CHILD))],
    CHILD: [("69", "PTR", "three.elsewhere.example."), ("70", "PTR", "four.elsewhere.example.")],
    V6: [(".".join("1000000000000000" + "00000000"), "PTR", "six.elsewhere.example."),
         (".".join("2000000000000000" + "00000000"), "PTR", "six.elsewhere.example."),
         (".".join("3500000000000000" + "10000000"), "PTR", "seven.elsewhere.example."),
         (".".join("1000000000000000" + "0000ffff"), "PTR", "eight.elsewhere.example.")],
}
_WHERE = {V4: "prefix: 192.0.2.0/24", CHILD: "prefix: 192.0.2.68/30, zone: '68/30'", V6: "prefix: '2001:db8::/32'"}


def zones_file():
    lines = [HEAD, "zones:"]
    for apex, records in RECORDS.items():
        lines += [f"  - {{{_WHERE.get(apex, 'name: ' + apex)}, records: ["]
        lines += [f"      {{name: '{owner}', type: {rtype}, content: '{content}'}}," for owner, rtype, content in records]
        lines += ["    ]}"]
    lines += ["ptrs:", *(f"  '{address}': {name}" for address, name in PTRS.items())]
    return "\n".join(lines) + "\n"


def master_file(apex):
    soa = ("@", "SOA", "ns1.isp.example. hostmaster.isp.example. 1 10800 3600 604800 300")
    records = [soa, *(("@", "NS", ns) for ns in NS), *RECORDS[apex], *MORE.get(apex, [])]
    return "".join(f"{apex if owner == '@' else owner + '.' + apex} 3600 IN {rtype} {content}\n"
                   for owner, rtype, content in records)


def names(apex):
    """All owners of the master file."""
    lines = (line.split(" ", 1)[0] for line in master_file(apex).splitlines())
    return {dns.name.from_text(owner) for owner in lines}
