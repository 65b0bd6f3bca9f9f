"""`ptrctl import-bind`: PowerDNS serves the imported zones from ptrd exactly as its own bind backend serves the files.

Two real pdns_server with the same settings, launch=bind on the named.conf of import_zones/ and launch=remote on the
store made of it, get the same questions: every owner name, the names between it and the apex, and names beside and below
it, with many types; the whole replies are compared, down to each TTL. Then each zone's transfer. So are import-zone of one
file, and what a dump gives when it is loaded elsewhere. What differs on purpose is listed in DIFFERENCES with its reason;
a reply that differs otherwise, or one there that does not, fails."""
import collections
import contextlib
import os
import pathlib
import re
import shutil

import dns.name
import pytest

from support.pdns import NO_ANSWER_CACHE, ZONE_CACHE, Pdns, run_tool
from support.ptrd import BUILD, Ptrd, Store, run
from support.twins import BindPdns, assert_expected, below, differing, transfer, transfer_differences

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
FILES = pathlib.Path(__file__).parent / "import_zones"
HOSTS = 20_000
ZONES = ["main.zz.", "types.zz.", "wild.zz.", "parent.zz.", "delegated.parent.zz.", "secure-delegated.parent.zz.",
         "grand.child.secure-delegated.parent.zz.", "minimal.zz.", "bare.zz.", "dname.zz.", "names.zz.", "include.zz.",
         "toplevel.", "2.0.192.in-addr.arpa.", "64/26.2.0.192.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa.", "keys.zz.",
         "undelegated.toplevel."]
COMMON = {"dname-processing": "yes", "8bit-dns": "yes", "loglevel": 4}
SETTINGS = {
    "zone-cache": {**COMMON, **NO_ANSWER_CACHE},
    "no-zone-cache": {**COMMON, **NO_ANSWER_CACHE, **ZONE_CACHE["no-zone-cache"]},
    "defaults": {"dname-processing": "yes"},
    "pipe": {**COMMON, "svc-autohints": "yes", **NO_ANSWER_CACHE},
    "dnssec": {**COMMON, **NO_ANSWER_CACHE},
}
TYPES = ["ANY", "A", "AAAA", "NS", "SOA", "MX", "TXT", "DS", "CNAME", "PTR", "SRV", "NAPTR", "DNAME", "TYPE65534",
         "DNSKEY", "HINFO", "NSEC", "RRSIG", "HTTPS"]
FEW_TYPES = ["ANY", "A", "NS", "SOA", "DS", "CNAME", "TXT"]

# Owner and type (regular expressions) of questions and of records -> why replies and transfers differ.
DIFFERENCES = {
    r"keys\.zz\. (ANY|DS)": "DS at the apex belong into the zone above: left out with a note",
    r"(.*\.)?left-out\.keys\.zz\. .*": "DS without NS, NS at a wildcard: left out with a note",
    r"ttls\.main\.zz\. (ANY|A)": "several TTLs of one RRset become the least, with a note (RFC 2181 5.2)",
    r"(.*\.)?3\.2\.0\.192\.in-addr\.arpa\. .*": "a PTR to the root names nothing: left out with a note",
    r".*\.relative\.types\.zz\. .*": "PowerDNS takes relative names of these types for absolute ones (RFC 1035 5.1)",
    r"(gen-00|step-)\d\.main\.zz\. (ANY|TXT)": "quotes of a $GENERATE are not part of the content, as in BIND",
    r"(.*\.)?below\.include\.zz\. .*": "PowerDNS ignores the origin of $INCLUDE (RFC 1035 5.1)",
}
TRANSFER_DIFFERENCES = {
    **DIFFERENCES,
    r"(ns\.)?undelegated\.toplevel\. (NS|A)": "a zone of ours inside one of ours is a cut of that, with glue",
}


# --- the two servers --------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The zone files with 20,000 hosts; named.conf points to them."""
    directory = tmp_path_factory.mktemp("import") / "zones"
    shutil.copytree(FILES, directory)
    (directory / "hosts.inc").write_text(
        "".join(f"host-{i}\tIN\tA\t192.168.{i // 256 % 256}.{i % 256}\n" for i in range(HOSTS)))
    conf = directory / "named.conf"
    conf.write_text(conf.read_text().replace('"./"', f'"{directory}"'))
    return directory


@pytest.fixture(scope="module")
def store(files):
    """The store of the import."""
    db = files.parent / "db"
    done = run("ptrctl", "import-bind", files / "named.conf", "--db", db)
    return db, done


@contextlib.contextmanager
def both(files, db, setting):
    settings = SETTINGS[setting]
    database = None
    remote = dict(settings)
    if setting == "dnssec":
        database = files.parent / "dnssec.db"
        (files.parent / "pdns.conf").write_text("launch=bind\n")
        if not database.exists():
            run_tool("pdnsutil", f"--config-dir={files.parent}", "create-bind-db", database)
        remote["remote-dnssec"] = "yes"
    if setting == "pipe":
        remote["remote-connection-string"] = f"pipe:command={(BUILD / 'ptrd').resolve()} --stdio --db {db},timeout=0"
    with Ptrd(db) as ptrd, Pdns(ptrd.socket, remote) as ours, \
            BindPdns(files / "named.conf", settings, database) as theirs:
        yield ours, theirs


# --- questions --------------------------------------------------------------------------------------------------------

def questions(owners, zones):
    """Names and types: all types at owners, some at the names around them."""
    apexes = {dns.name.from_text(z) for z in zones}
    by_name = collections.defaultdict(dict)  # in order, without duplicates

    def ask(name, types):
        by_name[name].update(dict.fromkeys(types))

    hosts = re.compile(rb"host-(\d+)$")
    for owner in sorted(owners):
        host = hosts.match(owner.labels[0])
        if host and int(host[1]) % (97 if LONG else 997):  # transfers compare all of them
            continue
        ask(owner, TYPES)
        around = set()
        above = owner
        while above not in apexes:  # ENTs and what stands beside them
            around |= {below(b"beside-x", above.parent()), below(b"*", above.parent())}
            above = above.parent()
            around.add(above)
        for labels in ([b"x"], [b"a", b"b"], [b"*"], [b"y", b"*"], [b"_l", b"_tcp"], [b"005"]):
            around.add(below(*labels, owner))
        if owner.labels[0] == b"*":
            for labels in ([b"any"], [b"Any", b"DEEP"], [b"1", b"2", b"3"], [b"*", b"x"]):
                ask(below(*labels, owner.parent()), TYPES)
        for name in around - {None}:
            ask(name, FEW_TYPES)
        ask(dns.name.Name([label.swapcase() for label in owner.labels]), ["A", "TXT"])
    for name in ["outside.example.", "zz.", "nothing.zz.", ".", "arpa.", "in-addr.arpa.", "1.0.192.in-addr.arpa.",
                 "bottomlevel.", "x.2.0.193.in-addr.arpa."]:
        ask(dns.name.from_text(name), TYPES)
    return [(name, rdtype) for name, types in by_name.items() if name for rdtype in types]


@pytest.fixture(scope="module")
def asked(files, store):
    """All questions: the names are those of both servers' transfers, which have to be the same."""
    with both(files, store[0], "pipe") as (ours, theirs):
        records = [{}, {}]
        for zone in ZONES:
            for side, server in zip(records, (ours, theirs)):
                side.update({(zone, *key): ttl for key, ttl in transfer(server, zone).items()})
    return records, questions({key[1] for side in records for key in side}, ZONES)


def test_notes_tell_what_is_left_out(store):
    notes = [line for line in store[1].stderr.splitlines() if ": note: " in line]
    for part in ("out.of.zone.example A lies outside the zone", "twice.main.zz A stands there twice",
                 "a string of more than 255 octets becomes several", "a PTR to the root names nothing",
                 "lone.left-out.keys.zz DS: it belongs to a delegation", "*.ns.left-out.keys.zz NS: it means nothing",
                 "keys.zz DS: DS records belong into the zone above", "becomes the block 192.0.2.16-192.0.2.47"):
        assert any(part in note for note in notes), part


def test_transfers_are_the_same(asked):
    (ours, theirs), _ = asked
    found = transfer_differences(ours, theirs)
    assert len(ours) > HOSTS
    assert_expected(found, len(ours), TRANSFER_DIFFERENCES)


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_every_reply_is_the_same(files, store, asked, setting):
    questions_of = asked[1]
    complete = LONG or setting == "pipe"
    if not complete:  # another part of them each
        questions_of = questions_of[sorted(SETTINGS).index(setting)::len(SETTINGS)]
    with both(files, store[0], setting) as (ours, theirs):
        found = differing(ours, theirs, questions_of, setting == "dnssec")
    assert len(questions_of) > 5_000
    assert_expected(found, len(questions_of), DIFFERENCES, complete)


def test_the_same_after_dump_and_load(files, store, asked):
    again = Store(files.parent / "again").load(run("ptrctl", "dump", "--db", store[0]).stdout)
    sample = asked[1] if LONG else asked[1][::7]
    with Ptrd(store[0]) as one, Pdns(one.socket, SETTINGS["zone-cache"]) as before, \
            Ptrd(again.dir) as two, Pdns(two.socket, SETTINGS["zone-cache"]) as after:
        assert differing(before, after, sample) == {}


def test_import_zone_of_one_file(files, asked):
    db = files.parent / "one"
    path = files / "wild.zz.zone"
    run("ptrctl", "import-zone", path, "--origin", "wild.zz", "--db", db)
    conf = files.parent / "one.conf"
    conf.write_text(f'zone "wild.zz" {{ type master; file "{path}"; }};\n')
    apex = dns.name.from_text("wild.zz.")
    mine = [q for q in asked[1] if q[0].is_subdomain(apex)]
    with Ptrd(db) as ptrd, Pdns(ptrd.socket, SETTINGS["zone-cache"]) as ours, \
            BindPdns(conf, SETTINGS["zone-cache"]) as theirs:
        assert transfer(ours, "wild.zz.") == transfer(theirs, "wild.zz.")
        assert_expected(differing(ours, theirs, mine), len(mine), {})
