"""Two pdns_server side by side, one on zone files with its own bind backend and one on ptrd: the same questions to both, and
what differs in their replies and transfers."""
import collections
import contextlib
import re
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from support.pdns import Pdns


class BindPdns(Pdns):
    """pdns_server with its own bind backend. database: of its keys, as `pdnsutil create-bind-db` makes it."""

    def __init__(self, named_conf, settings, database=None):
        more = {"launch": "bind", "remote-connection-string": None, "bind-config": named_conf, "bind-ignore-broken-records": "yes"}
        if database:
            more["bind-dnssec-db"] = database
        super().__init__("", {**settings, **more})


# --- transfers --------------------------------------------------------------------------------------------------------

def transfer(server, zone):
    """{(owner, type, content wire): TTLs} of an AXFR, and owners in their spelling."""
    query = dns.message.make_query(zone, "AXFR")
    rows, with_soa = collections.defaultdict(set), 0
    with socket.create_connection((server.address, server.port), timeout=30) as tcp:
        wire = query.to_wire()
        tcp.sendall(struct.pack("!H", len(wire)) + wire)
        stream = tcp.makefile("rb")
        while with_soa < 2:
            reply = read_message(stream)
            message = dns.message.from_wire(reply, one_rr_per_rrset=True, xfr=True)
            assert message.rcode() == 0 and message.answer, f"AXFR {zone}: {dns.rcode.to_text(message.rcode())}"
            for rrset in message.answer:
                with_soa += rrset.rdtype == dns.rdatatype.SOA
                rows[rrset.name, rrset.rdtype, rrset[0].to_digestable()].add(rrset.ttl)
    return dict(rows)


def read_message(stream):
    length = struct.unpack("!H", stream.read(2))[0]
    return stream.read(length)


def transfer_differences(ours, theirs):
    """Of what transfer() gave: {(owner, type): (ours, theirs)} where they are not the same."""
    found = {}
    for key in ours.keys() | theirs.keys():
        if ours.get(key) != theirs.get(key):
            name = key[-3].to_text().lower(), dns.rdatatype.to_text(key[-2])
            for said, side in zip(found.setdefault(name, ({}, {})), (ours, theirs)):
                said[key] = side.get(key)
    return found


# --- questions --------------------------------------------------------------------------------------------------------

def below(*labels_and_name):
    """Labels put before a name; None where it would be too long."""
    *labels, name = labels_and_name
    try:
        return dns.name.Name([*labels, *name.labels])
    except dns.name.NameTooLong:
        return None


def query_wire(name, rdtype, dnssec_ok=False):
    """A query as octets. dnssec_ok: with the DO bit; None: without EDNS."""
    head = struct.pack("!HHHHHH", 7, 0, 1, 0, 0, dnssec_ok is not None)
    edns = struct.pack("!BHHIH", 0, 41, 1232, dns.flags.DO if dnssec_ok else 0, 0)
    return head + name.to_wire() + struct.pack("!HH", dns.rdatatype.from_text(rdtype), 1) + (edns if dnssec_ok is not None else b"")


def ask_all(server, asked, dnssec_ok):
    """The replies to questions (name, type), over TCP so that all are whole."""
    return exchange(server, [query_wire(name, rdtype, dnssec_ok) for name, rdtype in asked])


def exchange(server, queries):
    """The replies to queries, over TCP."""
    replies = [None] * len(queries)

    def send(tcp, at):
        for index in at:
            tcp.sendall(struct.pack("!H", len(queries[index])) + queries[index])

    def worker(first):
        at = range(first, len(queries), 2)
        with socket.create_connection((server.address, server.port), timeout=60) as tcp:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sender = threading.Thread(target=send, args=(tcp, at))
            sender.start()
            stream = tcp.makefile("rb", 1 << 16)
            for index in at:
                replies[index] = read_message(stream)
            sender.join()

    threads = [threading.Thread(target=worker, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert None not in replies
    return replies


def exchange_datagrams(server, queries, window=32):
    """The replies to queries, over UDP. Each query gets an id of its own."""
    replies, timeout_s = {}, 2
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((server.address, server.port))
        udp.settimeout(timeout_s)
        for start in range(0, len(queries), window):
            waiting = {struct.pack("!H", number & 0xffff): number for number in range(start, min(start + window, len(queries)))}
            for attempt in range(4):    # a full socket buffer may lose a datagram
                for ident, number in waiting.items():
                    udp.send(ident + queries[number][2:])
                with contextlib.suppress(TimeoutError):
                    while waiting:
                        reply = udp.recv(65535)
                        if reply[:2] in waiting:
                            replies[waiting.pop(reply[:2])] = reply
            assert not waiting, f"no reply to {[queries[number] for number in waiting.values()]}"
    return [replies[number] for number in range(len(queries))]


def whole(wire):
    """All that a reply says: rcode, flags, and each section as a set of lines with TTLs."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    sections = [sorted(rrset.to_text() for rrset in section)
                for section in (message.answer, message.authority, message.additional)]
    return dns.rcode.to_text(message.rcode()), dns.flags.to_text(message.flags), *sections


def differing(ours, theirs, asked, dnssec_ok=False, saying=whole):
    """{(name, type): (ours, theirs)} of the replies that do not say the same."""
    found = {}
    for question, a, b in zip(asked, ask_all(ours, asked, dnssec_ok), ask_all(theirs, asked, dnssec_ok)):
        if a != b and (said := (saying(a), saying(b)))[0] != said[1]:
            found[question[0].to_text(), question[1]] = said
    return found


def unexpected(found, known, complete=True):
    """Messages: differences that are not listed, and (complete) listed ones that are none."""
    used, lines = set(), []
    for (name, rdtype), (ours, theirs) in found.items():
        reasons = [r for r in known if re.fullmatch(r, f"{name} {rdtype}")]
        used.update(reasons)
        if not reasons:
            lines.append(f"{name} {rdtype}\n  ours   {only(ours, theirs)}\n  theirs {only(theirs, ours)}")
    if complete:
        lines += [f"listed, but there is no difference: {r}" for r in known if r not in used]
    return lines


def only(said, other):
    """The part of a reply (or of a transfer) that the other one does not have."""
    if isinstance(said, dict):
        return {key: value for key, value in said.items() if other.get(key) != value}
    return [part if isinstance(part, str) else [line for line in part if line not in lines]
            for part, lines in zip(said, other) if part != lines]


def assert_expected(found, count, known, complete=True):
    """No difference that is not known: {regular expression of "owner type": why}."""
    lines = unexpected(found, known, complete)
    assert not lines, f"{len(lines)} of {count}:\n" + "\n".join(lines[:40])
