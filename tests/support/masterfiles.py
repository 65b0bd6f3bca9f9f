"""Master files as BIND reads them, and what a store answers, in one form to compare.

Both are {(name, type): (ttl, {wire form of each record})}, names absolute in lower case.
"""
import subprocess

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone

from support.ptrd import Client, Ptrd

LENIENT = ["-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-M", "ignore", "-r", "ignore",
           "-S", "ignore", "-T", "ignore", "-W", "ignore"]


def key(name, rdtype):
    return name.to_text().lower(), dns.rdatatype.to_text(rdtype)


def compiled(path, origin, directory=None):
    """The zone as named-compilezone writes it, its own $INCLUDE and $GENERATE done."""
    out = path.with_name(path.name + ".compiled")
    chdir = ["-w", str(directory or path.parent)]
    done = subprocess.run(["named-compilezone", *LENIENT, *chdir, "-o", str(out), origin, str(path)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    zone = dns.zone.from_file(str(out), origin, relativize=False, check_origin=False)
    return {key(name, rdataset.rdtype): (rdataset.ttl, frozenset(r.to_digestable() for r in rdataset))
            for name, rdataset in zone.iterate_rdatasets()}


def rdata_of(rdtype, content):
    if content.startswith("\\# "):
        wire = bytes.fromhex("".join(content.split()[2:]))
        return dns.rdata.from_wire(dns.rdataclass.IN, rdtype, wire, 0, len(wire))
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, content, origin=dns.name.root, relativize=False)


def rows_of(rows):
    """Rows of a lookup or a list -> the common form."""
    found = {}
    for row in rows or []:
        if not row["qtype"]:
            continue
        rdtype = dns.rdatatype.from_text(row["qtype"])
        rdata = rdata_of(rdtype, row["content"])
        name = dns.name.from_text(row["qname"])
        ttl, contents = found.setdefault(key(name, rdtype), (row["ttl"], set()))
        assert ttl == row["ttl"], row
        contents.add(rdata.to_digestable())
    return {k: (ttl, frozenset(contents)) for k, (ttl, contents) in found.items()}


def answers(db, names):
    """What ptrd answers to ANY at each name, all zones together."""
    found = {}
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        for name in names:
            found |= rows_of(client.lookup(name))
    return found


def listed(db, zones):
    """What ptrd gives for a transfer of each zone."""
    found = {}
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        client.wait_long()
        for zone in zones:
            zone_id = client.lookup(zone, "SOA")[0]["domain_id"]
            found |= rows_of(client.call("list", zonename=zone, domain_id=zone_id))
    return found


def difference(expected, found):
    """Only what is not the same, for messages."""
    return {k: (expected.get(k), found.get(k)) for k in expected.keys() | found.keys() if expected.get(k) != found.get(k)}
