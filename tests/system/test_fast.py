"""Fast mode, the shipped pdns-fast.conf and `ptrd --leaf`, before the real pdns_server: whole answers as in safe mode but for
what a leaf is allowed to differ in, the round trips, edits, and a zone that is signed meanwhile."""
import ipaddress
import random
import re
import time

import dns.name
import dns.query
import pytest

from support.leaves import SIGNED, ZONES, fragment, questions
from support.pdns import NO_ANSWER_CACHE, Pdns, Tool, assert_answer, assert_nodata, rcode, rows
from support.ptrd import Client, Ptrd, Store
from support.twins import ask_all, whole
from support.zones import HEAD, ISP_ZONES, full_v6, reverse_name

UNCACHED = {"cache-ttl": 0, "dname-processing": "yes"}
ONE_BACKEND = {"distributor-threads": 1, "receiver-threads": 1}


class Twins:
    """One store twice: as the safe and as the fast mode answer it."""

    def __init__(self, directory, mode, dnssec):
        self.mode, self.signed, self.soas = mode, dnssec == "yes", {}
        self.store = Store(directory / "db").load(ZONES)
        settings = {**UNCACHED, "remote-dnssec": dnssec}
        self.ptrds = [Ptrd(self.store.dir), Ptrd(self.store.dir, args=["--leaf", mode])]
        self.safe = Pdns(self.ptrds[0].socket, {**fragment("pdns-safe.conf"), **settings})
        self.fast = Pdns(self.ptrds[1].socket, {**fragment(), **settings})
        if self.signed:
            self.safe.pdnsutil("secure-zone", *SIGNED)
            for pdns in (self.safe, self.fast):
                pdns.control("purge")
        with Client(self.ptrds[0].socket) as client:
            self.apexes = {dns.name.from_text(z["zone"]) for z in client.call("getAllDomains", include_disabled=True)}

    def soa_of(self, leaf):
        """The SOA of a leaf: that of its zone."""
        zone = leaf
        while zone not in self.apexes:
            zone = zone.parent()
        if zone not in self.soas:
            [soa] = self.safe.ask(zone, "SOA").answer
            self.soas[zone] = f"{soa.ttl} in soa {soa[0].to_text()}"
        return f"{leaf.to_text()} {self.soas[zone]}".lower()

    def close(self):
        for one in (self.safe, self.fast, *self.ptrds):
            one.stop()


@pytest.fixture(scope="module", params=[("ipv6", "no"), ("ipv6", "yes"), ("all", "no"), ("all", "yes")],
                ids=lambda p: f"{p[0]},remote-dnssec={p[1]}")
def twins(request, tmp_path_factory):
    made = Twins(tmp_path_factory.mktemp("twins"), *request.param)
    yield made
    made.close()


# --- the same answers, and the allowed differences --------------------------------------------------------------------

def said(wire):
    """All of a reply in lower case, signatures without what is random in them."""
    code, flags, *sections = whole(wire)
    return code, flags, *(sorted(re.sub(r"( rrsig (\S+ ){8}).*", r"\1", line.lower()) for line in lines) for lines in sections)


def end_of_chain(name, answer):
    """Where the CNAMEs of an answer lead to."""
    targets = {words[0]: words[4] for words in (line.split(" ", 4) for line in answer) if words[3] == "cname"}
    text = name.to_text().lower()
    while text in targets:
        text = targets.pop(text)
    return dns.name.from_text(text)


def leaf_above(leaves, name):
    """The leaf that a name is or lies below, or None."""
    while name not in leaves and len(name.labels) > 1:
        name = name.parent()
    return name if name in leaves else None


def allowed(twins, leaves, question, safe):
    """What fast mode must say where safe mode says `safe`."""
    name, rdtype, _ = question
    code, flags, answer, authority, additional = safe
    if rdtype == "SOA" and name in leaves:
        answer = []         # a SOA at the name itself goes before a CNAME
    end = end_of_chain(name, answer)
    leaf = leaf_above(leaves, end)
    if leaf is None or (rdtype == "DS" and leaf == end):    # a DS is of the zone above, in which there are no leaves
        return safe
    soa = twins.soa_of(leaf)
    if (leaf == name and rdtype == "SOA") or (leaf == end and rdtype == "ANY" and code == "NOERROR"):
        return "NOERROR", flags, sorted([*answer, soa]), [], additional
    if [line.split()[3] for line in authority] == ["soa"]:
        authority = [" ".join([leaf.to_text().lower(), *authority[0].split(" ")[1:]])]
        code = "NOERROR" if leaf == end else code
    return code, flags, answer, authority, additional


@pytest.mark.parametrize("dnssec_ok", [False, True])
def test_answers_differ_only_as_leaves_may(twins, dnssec_ok, long_test):
    asked = questions(6000 if long_test else 400, twins.mode, twins.signed)
    leaves = {leaf for _, _, leaf in asked if leaf is not None}
    if twins.mode == "all":     # to which a DNAME leads
        leaves |= {dns.name.from_text(f"{n}.41.51.198.in-addr.arpa") for n in range(256)}
    plain = [(name, rdtype) for name, rdtype, _ in asked]
    wrong, differing = [], 0
    for question, fast, safe in zip(asked, ask_all(twins.fast, plain, dnssec_ok), ask_all(twins.safe, plain, dnssec_ok)):
        fast, safe = said(fast), said(safe)
        differing += fast != safe
        if fast != allowed(twins, leaves, question, safe):
            wrong.append(f"{question}:\n  fast    {fast}\n  safe    {safe}")
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:10])
    assert len(asked) > 5000 and differing > len(asked) / 8     # leaves there were


# --- round trips ------------------------------------------------------------------------------------------------------

BARE = """
blocks:
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
  - {prefix: 2001:db8:c::/48, name: none}
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example"}
  - {prefix: 198.51.100.128/25, name: none}
"""


def requests(ptrd):
    """How many ptrd was asked."""
    with Client(ptrd.socket) as client:
        text = client.call("directBackendCmd", query="stats")
    return int(re.search(r"^requests (\d+)", text, re.M)[1]) - int(
        (re.search(r"^requests-directBackendCmd (\d+)", text, re.M) or [0, 0])[1])


def cost(world, names_asked, rdtype, dnssec_ok, expected):
    """Round trips of each of some cold names; the first one warms what is shared."""
    ptrd, pdns = world
    counts = set()
    for number, name in enumerate(dict.fromkeys(names_asked)):
        before = requests(ptrd)
        assert rcode(pdns.ask(name, rdtype, dnssec=dnssec_ok)) == expected
        if number:
            counts.add(requests(ptrd) - before)
    return counts


@pytest.fixture(scope="module", params=["no", "yes"], ids=lambda p: f"remote-dnssec={p}")
def counted(request, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("counted") / "db").load(HEAD + ISP_ZONES + BARE)
    settings = {**fragment(), **ONE_BACKEND, "remote-dnssec": request.param}
    with Ptrd(store.dir, args=["--leaf", "all"]) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        yield request.param == "yes", (ptrd, pdns)


@pytest.mark.parametrize("dnssec_ok", [False, True])
@pytest.mark.parametrize("prefix", ["2001:db8::/32", "2001:db8:c::/48", "198.51.100.0/25", "198.51.100.128/25"])
def test_round_trips_of_a_cold_name_of_an_address(counted, prefix, dnssec_ok):
    """Three: SOA, metadata, ANY; keys where PowerDNS may sign. Also where nothing exists at the name."""
    dnssec, world = counted
    rng, network = random.Random(f"{prefix} {dnssec_ok}"), ipaddress.ip_network(prefix)
    half = network.num_addresses // 2       # no name is asked twice
    hosts = [reverse_name(network[half * dnssec_ok + rng.randrange(half)]) for _ in range(12)]
    assert cost(world, hosts, "PTR", dnssec_ok, "NOERROR") == {4 if dnssec and dnssec_ok else 3}


def test_round_trips_are_those_of_the_safe_mode_where_they_must_be(counted):
    """A control: the count sees the walk where there is no leaf. 23 labels below the apex are asked for SOA and for NS."""
    dnssec, (ptrd, pdns) = counted
    before = requests(ptrd)
    assert_nodata(pdns.ask("5." + "a." * 21 + "b.8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"))
    assert requests(ptrd) - before > 40


# --- tools ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def fast(tmp_path):
    """A store, ptrd and pdns_server with caches that tests can wait for."""
    store = Store(tmp_path / "db").load(HEAD + ISP_ZONES + BARE)
    settings = {**fragment(), **NO_ANSWER_CACHE, "dnsupdate": "yes", "allow-dnsupdate-from": "127.0.0.0/8",
                "zone-metadata-cache-ttl": 1, "dnssec-key-cache-ttl": 1}
    with Ptrd(store.dir, args=["--leaf", "all"]) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        yield ptrd, pdns


ADDRESS = ipaddress.ip_address("2001:db8:aa::25")
LEAF, ZONE = reverse_name(ADDRESS), "8.b.d.0.1.0.0.2.ip6.arpa."
GENERATED = full_v6(ADDRESS) + ".dyn.isp.example."


def test_edits_go_to_the_real_zone(fast):
    _, pdns = fast
    owner = LEAF.removesuffix("." + ZONE)
    assert_answer(pdns.ask(LEAF, "PTR"), "PTR", [GENERATED])
    pdns.pdnsutil("replace-rrset", ZONE, owner, "PTR", 300, "mail.customer.example")
    assert_answer(pdns.ask(LEAF, "PTR"), "PTR", ["mail.customer.example."])
    pdns.nsupdate(f"zone {ZONE}", f"update delete {LEAF} PTR", f"update add {LEAF} 300 TXT text")
    assert_answer(pdns.ask(LEAF, "PTR"), "PTR", [GENERATED])
    assert_answer(pdns.ask(LEAF, "TXT"), "TXT", ['"text"'])
    pdns.pdnsutil("check-zone", ZONE)


def test_a_leaf_is_no_zone_to_transfer_or_to_update(fast):
    ptrd, pdns = fast
    assert rows(pdns.ask(LEAF, "SOA"))
    with pytest.raises((dns.query.TransferError, dns.exception.FormError, EOFError)):
        list(dns.query.xfr("127.0.0.1", LEAF, port=pdns.port, lifetime=5))
    with pytest.raises(Tool):
        pdns.nsupdate(f"zone {LEAF}", f"update add {LEAF} 300 TXT text")
    with pytest.raises(Tool, match="No such zone"):
        pdns.pdnsutil("show-zone", LEAF)
    assert_nodata(pdns.ask(LEAF, "TXT"))


# --- a zone that is signed while it runs ------------------------------------------------------------------------------

def is_leaf(ptrd, name=LEAF):
    with Client(ptrd.socket) as client:
        return client.lookup(name, "SOA") != []


def signatures(pdns, name):
    reply = pdns.ask(name, "PTR", dnssec=True)
    assert rcode(reply) == "NOERROR" and rows(reply)
    return sum(rrset.rdtype == dns.rdatatype.RRSIG for rrset in reply.answer)


def test_a_zone_is_signed_and_not_any_more(fast):
    """ptrd gives leaves up at the next request, PowerDNS signs when its caches have run out."""
    ptrd, pdns = fast
    assert is_leaf(ptrd) and signatures(pdns, LEAF) == 0
    pdns.pdnsutil("secure-zone", ZONE)
    assert not is_leaf(ptrd)
    assert is_leaf(ptrd, "7.100.51.198.in-addr.arpa.")
    time.sleep(2.5)
    assert signatures(pdns, LEAF) == 1
    assert signatures(pdns, reverse_name(ADDRESS + 1)) == 1
    assert rcode(pdns.ask(reverse_name(ipaddress.ip_address("2001:db8:c::1")), "PTR")) == "NXDOMAIN"
    pdns.pdnsutil("disable-dnssec", ZONE)
    assert is_leaf(ptrd)
    time.sleep(2.5)
    assert signatures(pdns, LEAF) == 0
