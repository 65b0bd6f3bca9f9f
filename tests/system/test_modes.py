"""All ways to attach PowerDNS give the same whole answers: rcode, flags, every section with its TTLs, EDNS. What leaves may
change is computed from the answer of safe mode and from what the zones list, and nothing else may differ. And leaves end at the
next request for a zone that is signed, by whatever tool."""
import collections
import ipaddress
import os
import random
import time

import dns.rdatatype
import pytest

from support.editing import DYN, REVERSE, V6
from support.editing import ZONES as EDITED_ZONES
from support.inprocess import InProcess
from support.leaves import fragment
from support.modes import INSIDE_LEAVES, KINDS, MODES, Modes, for_the_front, questions, said
from support.pdns import EDITING, Pdns, rcode, rows
from support.ptrd import Ptrd, Store
from support.twins import exchange, exchange_datagrams
from support.zones import reverse_name

SEED = int(os.environ.get("PTRD_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
WAYS = {"SOA answered", "ANY with SOA", "owner of the SOA", "NODATA for NXDOMAIN"}


class Asked:
    """The questions, and what each server says, asked once."""

    def __init__(self, modes, count):
        self.modes, self.replies = modes, {}
        self.questions = questions(modes.zones, random.Random(SEED), count)

    def of(self, name):
        """[(octets, said)]"""
        if name not in self.replies:
            queries = [question.wire() for question in self.questions]
            self.replies[name] = [(reply, said(reply)) for reply in exchange(self.modes.servers[name], queries)]
        return self.replies[name]


@pytest.fixture(scope="module")
def asked(tmp_path_factory, long_test):
    with Modes(tmp_path_factory.mktemp("modes")) as modes:
        yield Asked(modes, 40000 if long_test else 2500)


def test_every_kind_of_answer_is_compared(asked):
    kinds = collections.Counter(question.kind for question in asked.questions)
    assert min(kinds[kind] for kind in KINDS) > 80, kinds
    safe = [heard for _, heard in asked.of("safe")]
    answers = {(code, bool(answer), "AA" in flags) for code, flags, answer, *_ in safe}
    assert {("NOERROR", True, True), ("NOERROR", False, True), ("NOERROR", False, False), ("NXDOMAIN", False, True),
            ("REFUSED", False, False)} <= answers, answers
    assert all(code != "SERVFAIL" for code, *_ in safe), f"seed {SEED}"
    types = {line.split()[3] for _, _, *sections, _, _ in safe for section in sections for line in section}
    missing = {"ptr", "a", "aaaa", "txt", "soa", "ns", "cname", "dname", "ds", "mx", "https", "caa", "type65400", "type65401",
               "rrsig", "nsec", "nsec3", "dnskey"} - types
    assert not missing, f"{missing}, seed {SEED}"


@pytest.mark.parametrize("name", MODES)
def test_answers_differ_only_as_leaves_may(asked, name):
    leaves, wrong, seen, differing = asked.modes.leaves[name], [], collections.Counter(), 0
    for question, (_, got), (_, safe) in zip(asked.questions, asked.of(name), asked.of(MODES[name])):
        expected, ways = leaves.allowed(question, safe)
        if got != expected:
            wrong.append(f"{question}:\n  {name}  {got}\n  expected {expected}\n  safe     {safe}")
        seen.update(ways)
        differing += got != safe
    print(f"{name}: {len(asked.questions)} questions, {differing} answers differ: {dict(seen)}; seed {SEED}")
    assert not wrong, f"{len(wrong)} of {len(asked.questions)}, seed {SEED}\n" + "\n".join(wrong[:10])
    if leaves.mode == "off":
        assert differing == 0 and not seen
    else:
        assert differing > len(asked.questions) / 20 and set(seen) == WAYS and min(seen.values()) > 4, seen
    if name.startswith(("inside", "front")):
        asked.modes.servers[name].assert_alive()


def datagram(rng, wire):
    """The query with flags and a payload size that a client may have. Not CD: dnsdist puts that of the query into every answer."""
    flags = rng.choice([0, 0x0100, 0x0120, 0x0020])
    wire = wire[:2] + flags.to_bytes(2) + wire[4:]
    if wire[11]:    # ends with an OPT record without options
        wire = wire[:-8] + rng.choice([0, 512, 600, 1232, 4096, 65535]).to_bytes(2) + wire[-6:]
    return wire


@pytest.mark.parametrize("over", [exchange, exchange_datagrams], ids=["tcp", "udp"])
def test_the_front_answers_as_pdns_server(asked, over):
    """The same questions once more, with all sizes that a client may take over UDP, and as many that dnsdist answers by itself."""
    rng, modes = random.Random(SEED), asked.modes
    front, safe = modes.servers["front"], modes.servers["safe"]
    all_questions = asked.questions + for_the_front(modes.zones, rng, len(asked.questions))
    queries = [datagram(rng, question.wire()) for question in all_questions]
    before, wrong = front.counters(), []
    for question, query, ours, theirs in zip(all_questions, queries, over(front, queries), over(safe, queries)):
        if said(ours) != said(theirs):
            wrong.append(f"{question}, {query.hex()}:\n  front {said(ours)}\n  safe  {said(theirs)}")
        assert over is exchange or len(ours) <= 1232
    done = {name: value - before[name] for name, value in front.counters().items()}
    print(f"front: {len(queries)} questions, {done}; seed {SEED}")
    assert not wrong, f"{len(wrong)} of {len(queries)}, seed {SEED}\n" + "\n".join(wrong[:10])
    assert done["failed"] == 0 and done["answered"] > len(queries) / 4 < done["passed"]
    front.assert_alive()


# --- a zone that is signed while it runs ------------------------------------------------------------------------------

ZONE = "8.b.d.0.1.0.0.2.ip6.arpa"
NAMES = [V6 + ".", reverse_name(ipaddress.ip_address("2001:db8:c::1"))]     # generated, absent
SIGNING = {**EDITING, "zone-metadata-cache-ttl": 1, "dnssec-key-cache-ttl": 1, "zone-cache-refresh-interval": 0}


@pytest.fixture(params=["fast", "inside"])
def pdns(request, tmp_path):
    dark = "blocks:\n  - {prefix: 2001:db8:c::/48, name: none}\n"
    store = Store(tmp_path / "db").load(EDITED_ZONES.replace("blocks:\n", dark))
    with Ptrd(store.dir, args=["--leaf", "all"]) as ptrd:
        if request.param == "fast":
            made = Pdns(ptrd.socket, {**fragment("pdns-fast.conf"), **SIGNING}, api=True)
        else:
            made = InProcess(store.dir, ptrd.socket, {**SIGNING, **INSIDE_LEAVES}, leaf="all", api=True)
        with made:
            yield made


def leaves_of(pdns, names=NAMES):
    """How many of the names are leaves: each has a SOA of its own."""
    return sum(reply.answer[0].rdtype == dns.rdatatype.SOA for reply in (pdns.ask(name, "SOA") for name in names) if reply.answer)


def active_key(pdns, zone):
    """The number of a new active key, made by the HTTP API."""
    status, key = pdns.http("POST", f"/zones/{zone}./cryptokeys", {"keytype": "csk", "active": True})
    assert status == 201, key
    return key["id"]


def by_api(pdns):
    number = active_key(pdns, ZONE)
    return lambda: pdns.http("DELETE", f"/zones/{ZONE}./cryptokeys/{number}")


def by_inactive_key(pdns):
    number = active_key(pdns, ZONE)
    pdns.pdnsutil("deactivate-zone-key", ZONE, number)
    assert leaves_of(pdns) == len(NAMES)
    pdns.pdnsutil("activate-zone-key", ZONE, number)
    return lambda: pdns.pdnsutil("deactivate-zone-key", ZONE, number)


def by_secure_zone(pdns):
    pdns.pdnsutil("secure-zone", ZONE)
    return lambda: pdns.pdnsutil("disable-dnssec", ZONE)


def by_presigned(pdns):
    pdns.pdnsutil("set-presigned", ZONE)
    return lambda: pdns.pdnsutil("unset-presigned", ZONE)


@pytest.mark.parametrize("sign", [by_secure_zone, by_api, by_inactive_key, by_presigned])
def test_leaves_end_at_once_and_come_back(pdns, sign):
    other = [f"7.{REVERSE}.", f"8.{REVERSE}."]
    assert leaves_of(pdns) == len(NAMES)
    back = sign(pdns)
    assert leaves_of(pdns) == 0 and leaves_of(pdns, other) == len(other)
    back()
    assert leaves_of(pdns) == len(NAMES)


def test_answers_are_signed_when_the_caches_of_powerdns_have_run_out(pdns):
    def signatures(name):
        reply = pdns.ask(name, "PTR", dnssec=True)
        assert rcode(reply) == "NOERROR" and ("PTR", f"2001-0db8-0000-0000-0000-0000-0000-0025.{DYN}.") in rows(reply)
        return sum(rrset.rdtype == dns.rdatatype.RRSIG for rrset in reply.answer)

    assert signatures(NAMES[0]) == 0
    pdns.pdnsutil("secure-zone", ZONE)
    time.sleep(2.5)
    assert signatures(NAMES[0]) == 1 and rcode(pdns.ask(NAMES[1], "PTR")) == "NXDOMAIN"
    pdns.pdnsutil("disable-dnssec", ZONE)
    time.sleep(2.5)
    assert signatures(NAMES[0]) == 0 and rcode(pdns.ask(NAMES[1], "PTR")) == "NOERROR"
