"""A signed tree of zones on the loopback network, for the system suites: zones that knotd signs, the DS records of zones that
PowerDNS signs, and what is asked of validating resolvers.

    keys = Signer(ROOT, [".", "example."])        # keys, before there are zones: DS records can be written
    keys.ds("example.")                           # "12345 13 2 ABCD..."
    with keys.serve({".": text, ...}): ...        # knotd; zones without a key are served unsigned
"""
import re
import subprocess

import dns.flags
import dns.rdatatype

from support.pdns import Server, Tool, rcode, run_tool

DIGEST = "2"        # SHA-256 (RFC 4509)


class Signer(Server):
    """knotd on port 53 of an address. It signs the zones of the given apexes with one key each (ECDSA P-256) and NSEC."""

    def __init__(self, address, apexes):
        super().__init__("signer")
        self.address, self.port = address, 53
        self.signed = set(apexes)
        (self.dir / "db").mkdir()
        self._configure({apex: "" for apex in apexes})
        for apex in apexes:
            run_tool("keymgr", "-c", self.dir / "knot.conf", apex, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")
        self._ds = {apex: self._export(apex) for apex in apexes}

    def ds(self, apex):
        """The content of the DS record that the zone above must hold."""
        return self._ds[apex]

    def _export(self, apex):
        lines = run_tool("keymgr", "-c", self.dir / "knot.conf", apex, "ds").splitlines()
        return next(line.split(" DS ")[1] for line in lines if f" 13 {DIGEST} " in line)

    def _configure(self, zones):
        blocks = ""
        for number, (apex, text) in enumerate(zones.items()):
            (self.dir / f"zone{number}").write_text(text)
            signing = "    dnssec-signing: on\n    dnssec-policy: static\n" if apex in self.signed else ""
            blocks += f'  - domain: "{apex}"\n    file: "{self.dir}/zone{number}"\n    zonefile-sync: -1\n{signing}'
        (self.dir / "knot.conf").write_text(f"""server:
  rundir: "{self.dir}"
  listen: {self.address}@53
database:
  storage: "{self.dir}/db"
policy:
  - id: static
    manual: on
    single-type-signing: on
log:
  - target: stderr
    any: info
zone:
{blocks}""")

    def serve(self, zones):
        """zones: {apex: master file}. Returns self, a context manager."""
        self._configure(zones)
        self.start(["/usr/sbin/knotd", "-c", self.dir / "knot.conf"], (next(iter(zones)), "SOA"))
        return self


def master_file(world, apex):
    """The zone of a model World (support.model) as a master file."""
    lines = []
    for name, types in world.rows.items():
        if world.zone_of(name) is not world.zones[apex]:
            continue
        for rtype, entries in types.items():
            for content, ttl in entries:
                if rtype in ("NS", "PTR", "CNAME", "DNAME", "MX"):
                    content = content.rstrip(".") + "."
                lines.append(f"{name}. {ttl} IN {rtype} {content}\n")
    return "".join(sorted(lines, key=lambda line: " SOA " not in line))


def secure(pdns, zones, nsec3=None):
    """Signs zones of ours as an operator does. nsec3: {apex: arguments of `pdnsutil set-nsec3`}."""
    output = pdns.pdnsutil("secure-zone", *zones)
    for apex, arguments in (nsec3 or {}).items():
        output += pdns.pdnsutil("set-nsec3", apex, *arguments)
    pdns.control("purge")       # keys and metadata are cached
    return output


def exported_ds(pdns, apex):
    """The content of the DS record (SHA-256) of a zone that PowerDNS signs."""
    lines = pdns.pdnsutil("export-zone-ds", apex).splitlines()
    found = [re.search(rf"\bDS\s+(\d+ \d+ {DIGEST} [0-9a-fA-F]+)", line) for line in lines]
    contents = [match[1] for match in found if match]
    if len(contents) != 1:
        raise Tool(f"export-zone-ds {apex}", 0, "\n".join(lines))
    return contents[0]


# --- replies ----------------------------------------------------------------------------------------------------------

def validated(reply):
    return bool(reply.flags & dns.flags.AD)


def answered(reply):
    """(rcode, {(type, content)} at the name asked for), signatures left out."""
    asked = reply.question[0].name
    return rcode(reply), {(dns.rdatatype.to_text(rrset.rdtype), plain(dns.rdatatype.to_text(rrset.rdtype), rdata.to_text()))
                          for rrset in reply.answer if rrset.name == asked and rrset.rdtype != dns.rdatatype.RRSIG
                          for rdata in rrset}


def plain(rtype, content):
    """One spelling of a content: lower case, names without their final dot; a SOA without its serial."""
    if rtype == "TXT":
        return content
    words = content.lower().split()
    if rtype == "SOA":
        words[2] = "serial"
    if rtype == "DS":
        return " ".join(words[:3] + ["".join(words[3:])])
    return " ".join(word.rstrip(".") or "." for word in words)


def dig(server, name, qtype):
    """What the server says, as text for a report."""
    command = ["dig", f"@{server.address}", "-p", str(server.port), "+dnssec", "+norecurse", "+tries=1", "+time=5", "-q", name,
               "-t", qtype]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def delv(resolver, anchor_file, name, qtype):
    """The comments that delv prints before what it has validated, a set of texts: "fully validated", "unsigned answer",
    "negative response, fully validated", ... anchor_file: in the form of named.conf, for the root."""
    command = ["delv", f"@{resolver.address}", "-p", str(resolver.port), "-a", str(anchor_file), "+root=.", "-q", name,
               "-t", qtype]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    text = done.stdout + done.stderr
    return set(re.findall(r"^; ((?:negative response, )?(?:fully validated|unsigned answer))$", text, re.M)), text
