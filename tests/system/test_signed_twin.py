"""Signed zones: PowerDNS serves them from ptrd exactly as its own bind backend serves and signs the files.

Two real pdns_server with the same settings and the same private keys, launch=bind and launch=remote, get the same questions
unsigned, with NSEC, NSEC3, opt-out and NSEC3 narrow: every owner name, its neighbours in canonical order, names above, beside
and below it, random ones, with and without DO. The whole replies are compared: rcode, flags, each record with its TTL, NSEC(3)
with their bitmaps, and signatures octet for octet (but see said()), as all algorithms here sign the same data the same way.
Then each zone's transfer and what pdnsutil says. The zones are those of signed_zones/ and, but for what import leaves out, of
import_zones/.

The serials differ, because ptrd raises them with each change of keys and metadata: the bind backend gets files with ours. It
also gets in its files what ptrd shows by itself in the zone above each zone of ours: the DS of its keys and, in CUTS, its NS."""
import base64
import collections
import contextlib
import hashlib
import os
import pathlib
import random
import re
import shutil
import socket
import sqlite3

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from support.pdns import NO_ANSWER_CACHE, Pdns, Tool, run_tool
from support.ptrd import Client, Ptrd, run
from support.twins import (BindPdns, assert_expected, below, differing, query_wire, transfer, transfer_differences, whole)

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
HERE = pathlib.Path(__file__).parent
SEED = 20261123
SETTINGS = {"dname-processing": "yes", "8bit-dns": "yes", "loglevel": 4, "default-ksk-algorithm": "ed25519", **NO_ANSWER_CACHE}
MODES = {  # NSEC3PARAM and whether NSEC3NARROW is set
    "nsec": None,
    "nsec3": ("1 0 0 -", False),
    "nsec3-salted": ("1 0 1 abcd", False),
    "optout": ("1 1 1 abcd", False),
    "optout-unsalted": ("1 1 0 -", False),
    "narrow": ("1 0 1 abcd", True),
}
PUBLISHING = ["hosts.yy.", "wild.yy."]  # CDS and CDNSKEY
UNSIGNED = {"plain.yy.", "unsigned-child.hosts.yy.", "minimal.zz."}
# Keys other than a KSK and a ZSK: (algorithm, ksk or zsk, active, published).
KEYS = {
    "yy.": [("ed25519", "ksk", True, True)],
    "wild.yy.": [("ed25519", "ksk", True, True), ("ed25519", "zsk", True, True), ("ed25519", "zsk", False, True)],
    "dname.yy.": [("ed25519", "ksk", True, True), ("ed25519", "ksk", True, True), ("ed25519", "zsk", True, True),
                  ("ed25519", "ksk", False, True)],
    "names.yy.": [("ed25519", "zsk", True, True)],
    "hosts.yy.": [("rsasha256", "ksk", True, True), ("rsasha256", "zsk", True, True)],
    "apexwild.yy.": [("rsasha256", "zsk", True, True), ("ed25519", "ksk", True, True)],
    "deep.er.ent.yy.": [("ed25519", "ksk", True, True), ("ed25519", "zsk", True, True), ("ed25519", "ksk", True, False)],
}
# Lines of import_zones/ that import changes or leaves out, or that become a block, which is not denied by an exact chain.
LEFT_OUT = [r"twice\tIN\tA\t192.0.2.14", r"ttls\t.*", r"3\tIN\tPTR\t\.", r".*\.relative\t.*",
            r"\$GENERATE.*\b(PTR|gen-|step-).*", r".*left-out.*",
            r"@\tIN\tDS.*", r"deeper\.spain\tIN\tNS.*", r"\$INCLUDE sub/include.inc below"]
# In the zone above: what ptrd shows there of a zone of ours that the file above does not mention.
CUTS = {
    "yy.": "stray 3600 IN NS ns.stray\nstray 3600 IN NS ns1.hosts\nns.stray 3600 IN A 192.0.2.60\n"
           "apexdname 3600 IN NS ns1.hosts\n",
    "toplevel.": "undelegated.toplevel. 3600 IN NS ns.undelegated.toplevel.\nundelegated.toplevel. 3600 IN NS ns1.main.zz.\n"
                 "ns.undelegated.toplevel. 3600 IN A 192.0.2.190\n",
}
TYPES = ["ANY", "A", "AAAA", "NS", "SOA", "MX", "TXT", "DS", "CNAME", "PTR", "SRV", "NAPTR", "DNAME", "HINFO", "HTTPS",
         "TYPE65534", "DNSKEY", "CDS", "CDNSKEY", "NSEC", "NSEC3", "NSEC3PARAM", "RRSIG"]
FEW_TYPES = ["ANY", "A", "NS", "SOA", "DS", "CNAME", "TXT", "NSEC"]
SHORT = 8_000  # questions of a mode
# Mode -> owner and type (regular expressions) of questions -> why replies differ. Transfers never do.
DIFFERENCES = {
    "nsec": {r"(.*\.)?occluded\.yy\. .*":
             "PowerDNS's NSEC in replies, not those in transfers, show delegations below a delegation, against RFC 4035 2.3"},
}


# --- files and keys ---------------------------------------------------------------------------------------------------

def write_files(directory):
    """The zone files of both folders with one named.conf; returns {zone: its file}."""
    shutil.copytree(HERE / "import_zones", directory)
    shutil.copytree(HERE / "signed_zones", directory, dirs_exist_ok=True)
    (directory / "hosts.inc").write_text("".join(f"host-{i}\tIN\tA\t192.168.0.{i}\n" for i in range(20)))
    zones, conf = {}, ""
    for folder in ("import_zones", "signed_zones"):
        for path in [HERE / folder / "named.conf", *sorted((HERE / folder / "sub").glob("*.conf"))]:
            for line, zone, file in re.findall(r'^(zone "([^"]*)".*file "([^"]*)".*\n)', path.read_text(), re.M):
                zones[zone.lower().rstrip(".") + "."] = directory / file
                conf += line
    for path in zones.values():
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not any(re.fullmatch(r, line[:-1]) for r in LEFT_OUT)))
    (directory / "named.conf").write_text(f'options {{ directory "{directory}"; }};\n{conf}')
    return zones


def keys_of(zone):
    """[(arguments of import-zone-key, its file's text)] of a zone, the same in every run but for RSA."""
    if zone in UNSIGNED:
        return []
    two = [("ed25519", "ksk", True, True), ("ed25519", "zsk", True, True)]
    return [(("active" if active else "inactive", role, "published" if published else "unpublished"),
             private_key(algorithm, f"{zone} {i}"))
            for i, (algorithm, role, active, published) in enumerate(KEYS.get(zone, two))]


def private_key(algorithm, seed):
    if algorithm == "ed25519":
        octets = base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()
        return f"Private-key-format: v1.2\nAlgorithm: 15 (ED25519)\nPrivateKey: {octets}\n"
    text = run_tool("pdnsutil", "generate-zone-key", "ksk", algorithm, "1024")
    return text[text.index("Private-key-format"):]


class Twins:
    """The two servers' data: files, keys and metadata of both, brought from mode to mode."""

    def __init__(self, directory):
        self.dir = directory
        self.files = write_files(directory / "files")
        self.texts = {zone: path.read_text() for zone, path in self.files.items()}
        self.db = directory / "db"
        run("ptrctl", "import-bind", directory / "files/named.conf", "--db", self.db)
        self.database = directory / "dnssec.db"
        (directory / "pdns.conf").write_text("launch=bind\n")
        run_tool("pdnsutil", f"--config-dir={directory}", "create-bind-db", self.database)
        self.ds = {}

    @contextlib.contextmanager
    def running(self):
        """(ours, theirs): pdns_server on ptrd and pdns_server on the files."""
        with Ptrd(self.db) as ptrd, Pdns(ptrd.socket, {**SETTINGS, "remote-dnssec": "yes"}) as ours:
            self.write_bind_files(ours)
            with BindPdns(self.dir / "files/named.conf", SETTINGS, self.database) as theirs:
                yield ours, theirs

    def write_bind_files(self, ours):
        """The files with the serials that ours has, and what it shows of child zones."""
        for zone, text in self.texts.items():
            serial = ours.ask(zone, "SOA").answer[0][0].serial
            text, count = re.subn(r"(SOA\s+\S+\s+\S+[\s(]+)\d+", rf"\g<1>{serial}", text, count=1)
            assert count == 1, zone
            self.files[zone].write_text(text + f"\n$ORIGIN {zone}\n{CUTS.get(zone, '')}{self.ds.get(zone, '')}")

    def import_keys(self, ours, theirs):
        """The same keys to both; from then on the files tell the DS that the zones above show."""
        for zone in self.files:
            for arguments, text in keys_of(zone):
                path = self.dir / "key"
                path.write_text(text)
                for server in (ours, theirs):
                    server.pdnsutil("import-zone-key", zone, path, *arguments)
        for zone in PUBLISHING:
            for server in (ours, theirs):
                server.pdnsutil("set-publish-cds", zone, "1,2")
                server.pdnsutil("set-publish-cdnskey", zone)
        for zone in self.files:
            parent = max((z for z in self.files if zone.endswith("." + z)), key=len, default=None)
            if parent:
                self.ds[parent] = self.ds.get(parent, "") + self.ds_lines(theirs, zone, parent)

    def ds_lines(self, theirs, zone, parent):
        """The DS of a zone's entry points, as lines for the zone above it: none where that has DS of its own."""
        cut = [(key, min(ttls)) for key, ttls in transfer(theirs, parent).items() if key[0] == dns.name.from_text(zone)]
        if any(key[1] == dns.rdatatype.DS for key, _ in cut):
            return ""
        ttl = next(ttl for key, ttl in cut if key[1] == dns.rdatatype.NS)
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            ids = database.execute("SELECT id FROM cryptokeys WHERE domain = ? AND active AND published", [zone[:-1]]).fetchall()
        keys = [dns.rdata.from_text("IN", "DNSKEY", theirs.pdnsutil("export-zone-dnskey", zone, key).split(" DNSKEY ")[1].strip())
                for key, in ids]
        entry = [key for key in keys
                 if key.flags & 1 or not any(k.flags & 1 and k.algorithm == key.algorithm for k in keys)]
        return "".join(f"{zone} {ttl} IN DS {dns.dnssec.make_ds(zone, key, 'SHA256')}\n" for key in entry)

    def set_mode(self, mode):
        """NSEC3PARAM and NSEC3NARROW of every signed zone; no pdns_server runs, for they remember."""
        params, narrow = MODES[mode] or (None, False)
        values = {"NSEC3PARAM": [params] if params else [], "NSEC3NARROW": ["1"] if narrow else []}
        zones = sorted(self.files.keys() - UNSIGNED)
        with Ptrd(self.db) as ptrd, Client(ptrd.socket) as client:
            for zone in zones:
                for kind, value in values.items():
                    assert client.call("setDomainMetadata", kind=kind, name=zone, value=value) is True
        with contextlib.closing(sqlite3.connect(self.database)) as database, database:
            for kind, value in values.items():
                database.execute("DELETE FROM domainmetadata WHERE kind = ?", [kind])
                database.executemany("INSERT INTO domainmetadata (domain, kind, content) VALUES (?, ?, ?)",
                                     [(zone[:-1], kind, content) for zone in zones for content in value])


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    return Twins(tmp_path_factory.mktemp("twin"))


@pytest.fixture(scope="module")
def with_keys(twins, pool):
    with twins.running() as (ours, theirs):
        twins.import_keys(ours, theirs)
    return twins


# --- questions --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def pool(twins):
    """All questions: every type at owners, some at the names around them and at random ones."""
    with twins.running() as (_, theirs):
        owners = sorted({key[0] for zone in twins.files for key in transfer(theirs, zone)})
    apexes = {dns.name.from_text(z) for z in twins.files}
    chance = random.Random(SEED)
    by_name = collections.defaultdict(dict)

    def ask(name, types):
        if name is not None:
            by_name[name].update(dict.fromkeys(types))

    for owner in owners:
        ask(owner, TYPES)
        ask(dns.name.Name([label.swapcase() for label in owner.labels]), ["A", "TXT", "DS"])
        for name in around(owner, apexes):
            ask(name, FEW_TYPES)
        ask(below(*random_labels(chance), chance.choice(owners)), chance.sample(TYPES, 3))
    for name in ["outside.example.", "yy.", "zz.", "nothing.yy.", ".", "arpa.", "in-addr.arpa.", "203.in-addr.arpa."]:
        ask(dns.name.from_text(name), TYPES)
    return [(name, rdtype) for name, types in by_name.items() for rdtype in types]


def chosen(pool, mode):
    """The questions in random order; in the short form another part of them in each mode."""
    return random.Random(f"{SEED} {mode}").sample(pool, len(pool) if LONG else SHORT)


def around(owner, apexes):
    names = {below(*labels, owner) for labels in ([b"x"], [b"a", b"b"], [b"*"], [b"y", b"*"], [b"\0"])}
    above = owner
    while above not in apexes and len(above) > 1:
        names |= {below(b"beside-x", above.parent()), below(b"*", above.parent())}
        names |= {below(label, above.parent()) for label in neighbours(above.labels[0])}
        above = above.parent()
        names.add(above)
    if owner.labels[0] == b"*":
        names |= {below(*labels, owner.parent()) for labels in ([b"any"], [b"Any", b"DEEP"], [b"1", b"2", b"3"], [b"*", b"x"])}
    return sorted(names - {None})


def neighbours(label):
    """Labels just before and behind a label in canonical order."""
    if len(label) < 63:
        yield label + b"\0"
        yield label + b"0"
    if label[-1] > 0:
        yield label[:-1] + bytes([label[-1] - 1])
    if label[-1] < 255:
        yield label[:-1] + bytes([label[-1] + 1])


def random_labels(chance):
    text = b"abcdefghijklmnopqrstuvwxyz0123456789-"
    return [bytes(chance.choice(text) for _ in range(chance.randint(1, 8))) for _ in range(chance.randint(1, 3))]


# --- the comparison ---------------------------------------------------------------------------------------------------

def said(wire):
    """What a reply says, where letter case does not matter: ptrd keeps owners in lower case, the bind backend as the file has
    them. A signature over the next name of an NSEC then differs too, which is why it is not compared."""
    return tuple(part.lower() if isinstance(part, str) else sorted(
        re.sub(r"( rrsig nsec .* \S+\.) .*", r"\1", line.lower()) for line in part) for part in whole(wire))


def compare(ours, theirs, asked, known):
    """Replies with DO, and some without."""
    assert_expected(differing(ours, theirs, asked, True, said), len(asked), known, LONG)
    asked = asked if LONG else asked[:SHORT // 5]
    assert_expected(differing(ours, theirs, asked), len(asked), known, False)


def compare_transfers(ours, theirs, zones):
    """Each zone whole. Returns the types in it."""
    found, types, records = {}, set(), 0
    for zone in zones:
        rows = transfer(ours, zone), transfer(theirs, zone)
        found |= transfer_differences(*rows)
        types |= {dns.rdatatype.to_text(key[1]) for key in rows[0]}
        records += len(rows[0])
    assert_expected(found, records, {})
    return types


def test_nodnssec(twins, pool):
    with twins.running() as (ours, theirs):
        compare(ours, theirs, chosen(pool, "nodnssec"), {})
        compare_transfers(ours, theirs, twins.files)


@pytest.mark.parametrize("mode", MODES)
def test_signed(with_keys, pool, mode):
    with_keys.set_mode(mode)
    with with_keys.running() as (ours, theirs):
        compare(ours, theirs, chosen(pool, mode), DIFFERENCES.get(mode, {}))
        # PowerDNS transfers no narrow zone, whatever the backend
        types = compare_transfers(ours, theirs, UNSIGNED if mode == "narrow" else with_keys.files)
    signed = {"nsec": {"RRSIG", "NSEC"}, "narrow": set()}.get(mode, {"RRSIG", "NSEC3", "NSEC3PARAM"})
    assert types & {"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM"} == signed


# --- over UDP ---------------------------------------------------------------------------------------------------------

def over_udp(server, name, rdtype, dnssec_ok):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(10)
        udp.sendto(query_wire(name, rdtype, dnssec_ok), (server.address, server.port))
        reply = udp.recv(65535)
    truncated = dns.message.from_wire(reply, ignore_trailing=True).flags & dns.flags.TC
    return bool(truncated), len(reply) if truncated else said(reply)


def test_truncation(with_keys):
    large = dns.name.from_text("large.yy.")
    labels = [[b"txt-1"], [b"txt-4"], [b"txt-20"], [b"x", b"txt-wild"], [b"many"], [b"many", b"x"], [b"deleg-1"], []]
    asked = [(below(*label, large), rdtype, dnssec_ok)
             for label in labels for rdtype in ("TXT", "A", "MX", "ANY", "DNSKEY", "NS") for dnssec_ok in (True, False)]
    with with_keys.running() as (ours, theirs):
        replies = [[over_udp(server, *question) for question in asked] for server in (ours, theirs)]
    assert replies[0] == replies[1]
    assert {truncated for truncated, _ in replies[0]} == {True, False}


# --- pdnsutil ---------------------------------------------------------------------------------------------------------

# What the backends say of themselves; that zones of a named.conf are primary; lines that the bind backend leaves out; and
# spellings in the files, which a store does not keep.
OTHER = r"bind|ignored|this is a \w+ zone|last soa serial|parsed and original record content are not equal|valid ipv6"


def says(server, *command):
    """(whether it succeeded, its lines in order) of pdnsutil, without what differs for other reasons: ids of keys and the
    backend's words about itself."""
    try:
        succeeded, text = True, server.pdnsutil(*command)
    except Tool as failed:
        succeeded, text = False, failed.output
    lines = [line.strip().lower() for line in text.splitlines() if line.strip() and not re.search(OTHER, line.lower())]
    return succeeded, sorted(re.sub(r"id = \d+|, \d+ warnings\.?|\.(?= |$)", "", line) for line in lines)


def assert_same(ours, theirs, *command):
    (mine, lines), (other, others) = says(ours, *command), says(theirs, *command)
    assert mine == other and lines == others, (
        f"{command}\n  ours   {mine} {[line for line in lines if line not in others]}\n"
        f"  theirs {other} {[line for line in others if line not in lines]}")


def key_ids(server, zone):
    return re.findall(r"ID = (\d+)", server.pdnsutil("show-zone", zone))


@pytest.mark.parametrize("mode", ["nsec", "nsec3-salted"] if LONG else ["nsec3-salted"])
def test_pdnsutil_says_the_same(with_keys, mode):
    some = ["yy.", "hosts.yy.", "names.yy.", "plain.yy.", "main.zz."]
    zones = [z for z in with_keys.files if z.endswith("yy.")] if LONG else some
    with_keys.set_mode(mode)
    with with_keys.running() as (ours, theirs):
        for zone in zones:
            for command in ([c, zone] for c in ("check-zone", "list-zone", "show-zone", "export-zone-ds", "rectify-zone")):
                assert_same(ours, theirs, *command)
            assert_same(ours, theirs, "hash-zone-record", zone, "www." + zone)
            ids = key_ids(ours, zone), key_ids(theirs, zone)
            assert len(ids[0]) == len(ids[1])
            for mine, other in zip(*ids):
                assert says(ours, "export-zone-dnskey", zone, mine) == says(theirs, "export-zone-dnskey", zone, other)
        for command in (["check-all-zones"], ["list-all-zones"], ["list-keys"], ["unset-nsec3", "yy."], ["show-zone", "yy."],
                        ["set-nsec3", "yy.", "1 0 2 1234"], ["show-zone", "yy."]):
            assert_same(ours, theirs, *command)
