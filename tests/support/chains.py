"""NSEC and NSEC3 chains in one form: as ldns-signzone makes them of a master file, as they stand in a zone, and as a server
shows them, record by record, in its denials.

A chain is {owner: (next owner, frozenset of type numbers, NSEC3 flags)}; owners are dns.name.Name (NSEC) or the hash in
base32hex (NSEC3).
"""
import base64
import dataclasses
import hashlib
import itertools

import dns.name
import dns.rdatatype
import dns.zone

from support.pdns import run_tool

ABSENT_TYPE = "TYPE65400"       # no zone has it: a question for it at a name is denied there
TO_HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")
FROM_HEX = bytes.maketrans(b"0123456789abcdefghijklmnopqrstuv", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@dataclasses.dataclass(frozen=True)
class Mode:
    """How a zone denies; params: the value of NSEC3PARAM, or None for NSEC."""
    params: str | None

    @property
    def opt_out(self):
        return self.params is not None and self.params.split()[1] == "1"

    @property
    def iterations(self):
        return int(self.params.split()[2])

    @property
    def salt(self):
        salt = self.params.split()[3]
        return b"" if salt == "-" else bytes.fromhex(salt)

    def hash(self, name):
        """RFC 5155 5, in base32hex."""
        digest = hashlib.sha1(name.to_digestable() + self.salt).digest()
        for _ in range(self.iterations):
            digest = hashlib.sha1(digest + self.salt).digest()
        return from_digest(digest)

    def signzone(self):
        """Options of ldns-signzone."""
        if self.params is None:
            return []
        salt = ["-s", self.salt.hex()] if self.salt else []
        return ["-n", "-t", str(self.iterations), *salt, *(["-p"] if self.opt_out else [])]


def from_digest(digest):
    return base64.b32encode(digest).translate(TO_HEX).decode()


def to_digest(text):
    return base64.b32decode(text.lower().encode().translate(FROM_HEX))


# --- chains of zones -----------------------------------------------------------------------------

def types_of(rdata):
    return frozenset(window * 256 + at * 8 + bit for window, bitmap in rdata.windows
                     for at, octet in enumerate(bitmap) for bit in range(8) if octet & 0x80 >> bit)


def link_of(owner, rdata):
    """(owner, (next, types, flags)) of one NSEC or NSEC3 record."""
    if rdata.rdtype == dns.rdatatype.NSEC:
        return owner.canonicalize(), (rdata.next.canonicalize(), types_of(rdata), 0)
    return owner.labels[0].decode().lower(), (from_digest(rdata.next), types_of(rdata), rdata.flags)


def of_zone(zone, mode):
    """The chain that stands in a dns.zone.Zone."""
    rdtype = dns.rdatatype.NSEC if mode.params is None else dns.rdatatype.NSEC3
    return dict(link_of(owner, rdata) for owner, _, rdata in zone.iterate_rdatas(rdtype))


def signed_by_ldns(directory, apex, text, mode):
    """The chain that ldns-signzone makes of a master file."""
    file = directory / "zone"
    file.write_text(text)
    (directory / f"K{apex}").parent.mkdir(exist_ok=True)  # a name with a slash is a path to ldns-keygen
    key = run_tool("sh", "-c", 'cd "$1" && ldns-keygen -k -a ECDSAP256SHA256 "$2"', "sh", directory, apex).strip()
    run_tool("ldns-signzone", *mode.signzone(), "-f", directory / "signed", "-o", apex, file, directory / key)
    return of_zone(dns.zone.from_file(str(directory / "signed"), apex, relativize=False, check_origin=False), mode)


def without_insecure(chain, names, mode):
    """ldns-signzone -p sets the flag of opt-out and leaves insecure delegations in. Without them, and without the empty
    non-terminals that exist only above them (RFC 5155 7.1). names: all of the zone, from its master file."""
    hashes = {mode.hash(name): name for name in names}
    kept = {owner for owner, (_, types, _) in chain.items() if types and types != {dns.rdatatype.NS}}
    above = {mode.hash(name.split(depth)[1]) for name in map(hashes.get, kept) for depth in range(1, len(name.labels))}
    ordered = sorted(kept | (above & chain.keys()))
    return {owner: (after, *chain[owner][1:]) for owner, after in zip(ordered, ordered[1:] + ordered[:1])}


def signed_by_bind(directory, apex, text, mode):
    """The chain that dnssec-signzone makes, which leaves out what opt-out allows."""
    file = directory / "zone"
    file.write_text(text)
    run_tool("dnssec-keygen", "-q", "-K", directory, "-a", "ECDSAP256SHA256", "-f", "KSK", apex)
    run_tool("dnssec-signzone", "-S", "-z", "-3", mode.salt.hex() or "-", "-H", mode.iterations, *(["-A"] if mode.opt_out else []),
             "-K", directory, "-d", directory, "-f", directory / "signed", "-o", apex, file)
    return of_zone(dns.zone.from_file(str(directory / "signed"), apex, relativize=False, check_origin=False), mode)


# --- chains of servers ---------------------------------------------------------------------------

def sibling(name):
    """The first name behind a name and all below it; None where that has no room."""
    label = name.labels[0] + b"\0"
    return dns.name.Name((label, *name.labels[1:])) if len(label) <= 63 and len(name.to_wire()) < 255 else None


def shown(pdns, apex, mode, questions):
    """The part of the apex's chain that the replies to these questions show."""
    rdtype = dns.rdatatype.NSEC if mode.params is None else dns.rdatatype.NSEC3
    chain = {}
    for reply in pdns.ask_many([(name, qtype, True) for name, qtype in questions]):
        assert reply.rcode() in (0, 3), reply
        for rrset in reply.authority:
            if rrset.rdtype != rdtype:
                continue
            sigs = reply.find_rrset(reply.authority, rrset.name, rrset.rdclass, dns.rdatatype.RRSIG, rdtype)
            if sigs[0].signer.canonicalize() != apex:
                continue
            (rdata,) = rrset
            owner, link = link_of(rrset.name, rdata)
            assert chain.setdefault(owner, link) == link, (owner, chain[owner], link)
    return chain


def nsec_questions(apex, owners):
    """A denial at each owner, and one behind it."""
    at = [(owner, ABSENT_TYPE) for owner in owners] + [(owner, "DS") for owner in owners]
    behind = [(sibling(owner), "A") for owner in owners if owner != apex and sibling(owner)]
    return at + behind


def nsec3_questions(apex, mode, hashes):
    """Names that do not exist, one for each interval of the chain: denying one shows the record that covers it."""
    ordered = sorted(hashes)
    wanted = set(range(len(ordered)))
    questions = []
    for number in itertools.count():
        name = dns.name.Name((b"no-%d" % number, *apex.labels))
        value = mode.hash(name)
        at = next((i for i in range(len(ordered) - 1, -1, -1) if ordered[i] <= value), len(ordered) - 1)
        if at in wanted:
            wanted.discard(at)
            questions.append((name, "A"))
        if not wanted:
            return questions
