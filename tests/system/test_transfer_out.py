"""AXFR out of the real pdns_server into Knot and NSD, which then answer as it does; and no transfer of a zone that the
connection does not carry whole."""
import contextlib
import os
import pathlib
import random
import subprocess

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.xfr
import dns.zone
import pytest

from support.pdns import EDITING, Pdns, Tool, rcode
from support.ptrd import BUILD, Ptrd, Store
from support.secondaries import SECONDARIES
from support.zones import HEAD

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261123"))
QUESTIONS = 4000 if LONG else 800           # of each zone
SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", "."))
MANY = 1000000 if LONG else 50000
TYPES = ("A", "AAAA", "PTR", "TXT", "NS", "SOA", "CNAME", "DS", "MX")

ISP, DYN, REVERSE = "isp.example", "dyn.isp.example", "100.51.198.in-addr.arpa"
ZONES = HEAD.replace("isp.example", "out.example") + """
zones:
  - name: isp.example
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1]}
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: www, type: A, content: 192.0.2.80}
      - {name: www, type: TXT, content: '"text"'}
      - {name: mail, type: MX, content: 10 www.isp.example}
      - {name: a.b.c, type: TXT, content: '"deep"'}
      - {name: "*.wild", type: TXT, content: '"any"'}
      - {name: x.wild, type: A, content: 192.0.2.81}
      - {name: alias, type: CNAME, content: www.isp.example}
      - {name: insecure, type: NS, content: ns.insecure.isp.example}
      - {name: ns.insecure, type: A, content: 192.0.2.90}
      - {name: secure, type: NS, content: ns1.out.example}
      - {name: secure, type: DS, content: "4711 13 2 """ + "cd" * 32 + """"}
  - name: dyn.isp.example
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1]}
    records:
      - {name: 198-51-100-9, type: TXT, content: '"beside"'}
      - {name: 198-51-100-10, type: A, content: 192.0.2.10}
      - {name: below.198-51-100-11, type: TXT, content: '"below"'}
      - {name: 198-51-100-12, type: CNAME, content: elsewhere.example}
  - prefix: 198.51.100.0/24
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1]}
    records:
      - {name: "9", type: TXT, content: '"beside"'}
      - {name: _x.10, type: TXT, content: '"below"'}
      - {name: "200", type: NS, content: ns1.customer.example}
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {range: 198.51.100.16-198.51.100.20, name: none}
ptrs:
  198.51.100.25: mail25.isp.example
  198.51.100.17: mail17.isp.example
delegations:
  - {prefix: 198.51.100.64/26, ns: [ns1.customer.example], style: "64/26"}
"""
NAMES = [ISP, DYN, REVERSE]
FRAGMENTS = {"socket": "pdns-safe.conf", "stdio": "pdns-transfers.conf"}


def shipped(connector):
    """The settings of the fragment for this connector."""
    text = (SOURCE / "pdns-config" / FRAGMENTS[connector]).read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


@contextlib.contextmanager
def served(tmp_path, zones, connector, settings=None, store=None):
    """pdns_server over the socket, or starting `ptrd --stdio` itself."""
    store = store or Store(tmp_path / "db").load(zones)
    with contextlib.ExitStack() as stack:
        more = {**shipped(connector), **EDITING, **(settings or {})}
        socket = None
        if connector == "stdio":
            program = (BUILD / "ptrd").resolve()
            more["remote-connection-string"] = more["remote-connection-string"].replace(
                "/usr/sbin/ptrd", str(program)).replace("/var/lib/ptrd", str(store.dir))
        else:
            ptrd = stack.enter_context(Ptrd(store.dir))
            socket = ptrd.socket
            more["remote-connection-string"] = more["remote-connection-string"].replace("/run/ptrd/ptrd.sock", socket)
        pdns = stack.enter_context(Pdns(socket, more, api=True))
        pdns.ptrd_log = pdns.log if connector == "stdio" else ptrd.log
        yield pdns


def transfer(pdns, zone, **kwargs):
    messages = dns.query.xfr("127.0.0.1", zone, port=pdns.port, lifetime=60, relativize=False, **kwargs)
    return dns.zone.from_xfr(messages, relativize=False)


def refused(pdns, zone, **kwargs):
    with pytest.raises(dns.xfr.TransferError) as e:
        transfer(pdns, zone, **kwargs)
    return e.value.rcode in (dns.rcode.REFUSED, dns.rcode.NOTAUTH)


def questions(rng, zone, others=()):
    """Names of a zone, those above and below them and beside them, and types; none of the other zones."""
    made = {dns.rdatatype.NSEC3, dns.rdatatype.RRSIG}      # whose owners are hashes
    names = sorted(name for name, node in zone.nodes.items() if {r.rdtype for r in node.rdatasets} - made)
    asked = set()
    for name in names:
        asked.add(name)
        labels = name.labels
        for up in range(1, len(labels) - len(zone.origin.labels) + 1):
            parent = dns.name.Name(labels[up:])
            asked.update((parent, dns.name.Name((b"absent", *parent.labels)), dns.name.Name((b"0", *parent.labels))))
        asked.update((dns.name.Name((b"x", *labels)), dns.name.Name((b"0" + labels[0][:60], *labels[1:]))))
    others = [dns.name.from_text(other) for other in others]
    asked = sorted(name for name in asked if name.is_subdomain(zone.origin) and
                   not any(name.is_subdomain(other) for other in others))
    every = [(name.to_text(), qtype) for name in asked for qtype in TYPES]
    return rng.sample(every, min(QUESTIONS, len(every)))


def said(reply, dnssec):
    """What must be the same: rcode, AA, the answer, where a referral leads, and the SOA of a denial. Signatures are made
    anew: only what they cover. PowerDNS gives the DS of a referral without the DO bit too."""
    def rows(section, types=None):
        return sorted({(r.name.to_text().lower(), dns.rdatatype.to_text(r.rdtype), dns.rdatatype.to_text(r.covers), r.ttl,
                        "" if r.rdtype == dns.rdatatype.RRSIG else d.to_text().lower())
                       for r in section for d in r if types is None or r.rdtype in types})
    told = (dns.rdatatype.NS, dns.rdatatype.SOA, *((dns.rdatatype.DS,) if dnssec else ()))
    referral = () if reply.answer else rows(reply.authority, told)
    return rcode(reply), bool(reply.flags & dns.flags.AA), rows(reply.answer), referral


def denial(reply):
    return sorted({(r.name.to_text().lower(), d.to_text().lower()) for r in reply.authority for d in r
                   if r.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)})


def compare(pdns, secondary, asked, dnssec=False, denials=False):
    ours = pdns.ask_many([(*question, dnssec) for question in asked])
    theirs = secondary.ask_many([(*question, dnssec) for question in asked])
    wrong = [f"{question}: {said(a, dnssec)}, secondary {said(b, dnssec)}" for question, a, b in zip(asked, ours, theirs)
             if said(a, dnssec) != said(b, dnssec)]
    if denials:     # at the wildcard itself, Knot and NSD give one record more than is needed
        wrong += [f"{question}: {denial(a)}, secondary {denial(b)}" for question, a, b in zip(asked, ours, theirs)
                  if denial(a) != denial(b) and not question[0].startswith("*.")]
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:10])
    return {rcode(reply) for reply in ours}


@pytest.mark.parametrize("secondary", sorted(SECONDARIES))
@pytest.mark.parametrize("connector", ["socket", "stdio"])
def test_a_secondary_answers_the_same(tmp_path, connector, secondary):
    print(f"PTRD_TEST_SEED={SEED}")
    rng = random.Random(SEED)
    with served(tmp_path, ZONES, connector) as pdns, SECONDARIES[secondary](pdns, NAMES) as other:
        for zone in NAMES:
            asked = questions(rng, transfer(pdns, zone))
            codes = compare(pdns, other, asked)
            assert codes == {"NOERROR", "NXDOMAIN"}
        # every address, in both directions
        every = [(f"{i}.{REVERSE}", "PTR") for i in range(256)] + [(f"198-51-100-{i}.{DYN}", "A") for i in range(256)]
        compare(pdns, other, every)
        generated = [reply for reply in other.ask_many(every) if reply.answer]
        assert len(generated) > 2 * (256 - 64 - 5 - 1) - 4
        assert "incomplete" not in pdns.ptrd_log()


def verify(zone, path):
    """ldns-verify-zone of what was transferred."""
    zone.to_file(str(path), relativize=False)
    done = subprocess.run(["ldns-verify-zone", str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


SIGNED = {"nsec": None, "nsec3": "1 0 0 -", "nsec3 salted": "1 0 3 abcd", "nsec3 opt-out": "1 1 0 -"}


@pytest.mark.parametrize("form", sorted(SIGNED))
def test_signed_zones(tmp_path, form):
    """A zone of explicit records in all forms; zones with generated names by NSEC: what is denied minimally with NSEC3 is
    narrow, which PowerDNS does not transfer."""
    rng = random.Random(SEED)
    text = ZONES.replace("    forward_auto: yes\n", "")
    with served(tmp_path, text, "socket") as pdns:
        for zone in NAMES:
            pdns.pdnsutil("secure-zone", zone)
            if SIGNED[form]:
                pdns.pdnsutil("set-nsec3", zone, SIGNED[form])
        pdns.control("purge")
        signed = [ISP] if SIGNED[form] else NAMES
        for zone in set(NAMES) - set(signed):
            assert refused(pdns, zone)
        for zone in signed:
            verify(transfer(pdns, zone), tmp_path / zone)
        for kind, make in sorted(SECONDARIES.items()):
            with make(pdns, signed) as other:
                for zone in signed:
                    asked = questions(rng, transfer(pdns, zone), set(NAMES) - {zone})
                    compare(pdns, other, asked, dnssec=False)
                    compare(pdns, other, asked, dnssec=True, denials=zone == ISP)


# --- no transfer by accident ------------------------------------------------------------------------------------------

LARGE = HEAD + """
zones:
  - name: isp.example
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1], TSIG-ALLOW-AXFR: [transfer]}
  - name: dyn.isp.example
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1], TSIG-ALLOW-AXFR: [transfer]}
  - prefix: 198.51.0.0/16
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1], TSIG-ALLOW-AXFR: [transfer]}
  - prefix: 2001:db8::/32
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1], TSIG-ALLOW-AXFR: [transfer]}
blocks:
  - {prefix: 198.51.0.0/16, name: "{ip}.dyn.isp.example"}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
ptrs:
  "2001:db8::25": mail.isp.example
"""
V6, V4 = "8.b.d.0.1.0.0.2.ip6.arpa", "51.198.in-addr.arpa"
SECRET = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize("connector", ["socket", "stdio"])
def test_what_lists_incompletely_is_not_transferred(tmp_path, connector):
    keyring = dns.tsigkeyring.from_text({"transfer.": SECRET})
    key = {"keyring": keyring, "keyname": "transfer.", "keyalgorithm": "hmac-sha256"}
    whole = {ISP} | ({V4} if connector == "stdio" else set())
    with served(tmp_path, LARGE, connector) as pdns:
        pdns.pdnsutil("import-tsig-key", "transfer", "hmac-sha256", SECRET)
        for zone in (ISP, DYN, V4, V6):
            if zone in whole:
                assert len(transfer(pdns, zone).nodes) == len(transfer(pdns, zone, **key).nodes) == (
                    2 if zone == ISP else 65537)
            else:
                assert refused(pdns, zone) and refused(pdns, zone, **key)
                assert f"{zone}: no transfer is permitted" in pdns.ptrd_log()


def test_everything_else_of_a_zone_with_a_large_block_works(tmp_path):
    with served(tmp_path, LARGE, "socket") as pdns:
        pdns.pdnsutil("secure-zone", V6)
        pdns.pdnsutil("rectify-zone", V6)
        assert "errors" in pdns.pdnsutil("check-zone", V6)
        assert "mail.isp.example" in pdns.pdnsutil("list-zone", V6)
        name = "0." * 23 + "1." + V6
        change = {"rrsets": [{"name": name + ".", "type": "PTR", "ttl": 60, "changetype": "REPLACE",
                              "records": [{"content": "one.customer.example.", "disabled": False}]}]}
        assert pdns.http("PATCH", f"/zones/{V6}.", change)[0] == 204
        status, zone = pdns.http("GET", f"/zones/{V6}.")
        assert status == 200 and [r["name"] for r in zone["rrsets"] if r["type"] == "PTR"].count(name + ".") == 1
        pdns.pdnsutil("add-record", V6, "1.0", "TXT", '"x"')
        with pytest.raises(Tool):
            pdns.pdnsutil("add-record", V6, "1.0", "CNAME", "x.example")


# --- a large zone -----------------------------------------------------------------------------------------------------

def test_a_large_zone_over_a_pipe(tmp_path):
    (tmp_path / "many.csv").write_text("".join(
        f"10.{i >> 16}.{i >> 8 & 255}.{i & 255},host-{i}.customer.example\n" for i in range(MANY)))
    text = HEAD.replace("isp.example", "out.example") + """
zones:
  - prefix: 10.0.0.0/8
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1]}
ptrs_file: many.csv
"""
    with served(tmp_path, text, "stdio") as pdns, SECONDARIES["knot"](pdns, ["10.in-addr.arpa"]) as other:
        rng = random.Random(SEED)
        numbers = [0, MANY - 1, MANY, *(rng.randrange(MANY) for _ in range(2000))]
        asked = [(f"{i & 255}.{i >> 8 & 255}.{i >> 16}.10.in-addr.arpa", "PTR") for i in numbers]
        assert compare(pdns, other, asked) == {"NOERROR", "NXDOMAIN"}


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-q", "-s", __file__]))
