"""Chains of signed zones of explicit records against those of ldns-signzone, name by name: NSEC, NSEC3 and opt-out, as
getBeforeAndAfterNamesAbsolute tells them, as pdns_server denies with them, and in the zone that it transfers, which
ldns-verify-zone judges too."""
import dns.name
import dns.query
import dns.rdatatype
import dns.zone
import pytest

from support import chain_zones, chains
from support.pdns import NO_ANSWER_CACHE, Pdns, run_tool
from support.ptrd import Client, Ptrd, Store

MODES = {"nsec": None, "nsec3": "1 0 0 -", "nsec3-salt": "1 0 5 abcd", "opt-out": "1 1 0 -", "opt-out-salt": "1 1 1 00ff"}
SETTINGS = {**NO_ANSWER_CACHE, "remote-dnssec": "yes", "zone-metadata-cache-ttl": 0, "dnssec-key-cache-ttl": 0,
            "8bit-dns": "yes", "dname-processing": "yes", "allow-axfr-ips": "127.0.0.1"}


class Signed:
    """The zones with their keys, all in one mode, behind pdns_server."""

    def __init__(self, directory, mode):
        self.mode, self.dir = mode, directory
        self.ptrd = Ptrd(Store(directory / "db").load(chain_zones.zones_file()).dir)
        try:
            with Client(self.ptrd.socket) as client:
                for apex, pair in chain_zones.KEYS.items():
                    assert client.call("addDomainKey", name=apex, key=pair.key()) > 0
                    if mode.params:
                        assert client.call("setDomainMetadata", name=apex, kind="NSEC3PARAM", value=[mode.params])
                self.ids = {z["zone"]: z["id"] for z in client.call("getAllDomains", include_disabled=False)}
            self.pdns = Pdns(self.ptrd.socket, SETTINGS)
        except BaseException:
            self.ptrd.stop()
            raise
        self._expected = {}

    def expected(self, apex):
        """What ldns-signzone makes of the master file."""
        if apex not in self._expected:
            directory = self.dir / f"ldns{len(self._expected)}"
            directory.mkdir()
            chain = chains.signed_by_ldns(directory, apex, chain_zones.master_file(apex), self.mode)
            if self.mode.opt_out:
                chain = chains.without_insecure(chain, chain_zones.names(apex), self.mode)
            self._expected[apex] = chain
        return self._expected[apex]

    def close(self):
        self.pdns.stop()
        self.ptrd.stop()


@pytest.fixture(scope="module", params=MODES)
def signed(request, tmp_path_factory):
    made = Signed(tmp_path_factory.mktemp(request.param), chains.Mode(MODES[request.param]))
    yield made
    made.close()


@pytest.fixture(params=sorted(chain_zones.KEYS))
def apex(request):
    return request.param


def same(found, expected):
    """Equal; else what is not, for the message."""
    different = {str(owner): (found.get(owner), expected.get(owner))
                 for owner in found.keys() | expected.keys() if found.get(owner) != expected.get(owner)}
    assert not different


def test_neighbours_over_the_socket(signed, apex):
    """before <= what is asked < after: at each owner and directly behind it, and the owner of each hash."""
    expected = signed.expected(apex)
    origin = dns.name.from_text(apex)
    hashed = signed.mode.params is not None
    with Client(signed.ptrd.socket) as client:
        def ask(qname):
            return client.call("getBeforeAndAfterNamesAbsolute", id=signed.ids[apex], qname=qname)

        for owner, (after, _, _) in expected.items():
            if hashed:
                behind = chains.from_digest((int.from_bytes(chains.to_digest(owner), "big") + 1).to_bytes(20, "big"))
                for asked in (owner, behind):
                    reply = ask(asked + ".")
                    assert (reply["before"], reply["after"]) == (owner, after)
                    assert signed.mode.hash(dns.name.from_text(reply["unhashed"])) == owner
            else:
                for asked in filter(None, (owner, chains.sibling(owner) if not inner(owner, after) else None)):
                    if not asked.is_subdomain(origin):
                        continue
                    reply = ask(relative(asked, origin))
                    found = [dns.name.from_text(reply[key] or ".", origin=None).relativize(dns.name.root)
                             for key in ("before", "after")]
                    assert [name.derelativize(origin).canonicalize() for name in found] == [owner, after]
        if hashed:  # around the end
            last = max(expected)
            for asked in ("v" * 32, "0" * 32):
                if asked not in expected:
                    reply = ask(asked + ".")
                    assert (reply["before"], reply["after"]) == (last, min(expected))


def relative(name, origin):
    return name.relativize(origin).to_text() + "." if name != origin else "."


def inner(owner, after):
    """Does a name of the chain lie below the owner?"""
    return after.is_subdomain(owner)


def test_empty_non_terminals_of_the_chain_are_authoritative(signed, apex):
    """And others are not: PowerDNS takes an authoritative one for a closest encloser that has a record."""
    origin, names = dns.name.from_text(apex), chain_zones.names(apex)
    above = {name.split(depth)[1] for name in names for depth in range(len(origin) + 1, len(name))} - names
    found = 0
    with Client(signed.ptrd.socket) as client:
        for name in above:
            rows = client.lookup(name.to_text(), zone_id=signed.ids[apex])
            if not rows or rows[0]["qtype"]:    # below a cut
                continue
            in_chain = not signed.mode.opt_out or signed.mode.hash(name) in signed.expected(apex)
            assert [row.get("auth", 1) for row in rows] == [int(in_chain)], name
            found += 1
    assert found or not above


def test_more_iterations_than_the_server_computes(tmp_path):
    """pdnsutil takes 101; pdns_server hashes with 100."""
    apex, mode = chain_zones.SIGNED, chains.Mode("1 0 100 -")
    origin = dns.name.from_text(apex)
    signed = Signed(tmp_path, mode)
    try:
        signed.pdns.pdnsutil("set-nsec3", apex, "1 0 101 -")
        expected = signed.expected(apex)
        same(chains.shown(signed.pdns, origin, mode, chains.nsec3_questions(origin, mode, expected)), expected)
    finally:
        signed.close()


def test_denials_of_the_server(signed, apex):
    """Each record of the chain, its types included, in a reply of pdns_server."""
    expected = signed.expected(apex)
    origin = dns.name.from_text(apex)
    if signed.mode.params is None:
        questions = chains.nsec_questions(origin, expected)
    else:
        questions = chains.nsec3_questions(origin, signed.mode, expected)
    same(chains.shown(signed.pdns, origin, signed.mode, questions), expected)


def test_the_transferred_zone(signed, apex):
    """The chain in it, and that ldns-verify-zone finds all of it right."""
    messages = dns.query.xfr("127.0.0.1", apex, port=signed.pdns.port, lifetime=30, relativize=False)
    zone = dns.zone.from_xfr(messages, relativize=False)
    file = signed.dir / "transferred"
    zone.to_file(str(file), sorted=True, relativize=False)
    run_tool("ldns-verify-zone", file)
    same(chains.of_zone(zone, signed.mode), signed.expected(apex))


@pytest.mark.parametrize("params", [p for p in MODES.values() if p])
def test_bind_makes_the_same_chains(tmp_path, params):
    """That what is expected of opt-out is not of our own making. (BIND refuses a name with no room for `*.` in front.)"""
    mode = chains.Mode(params)
    for number, apex in enumerate([chain_zones.FORWARD, chain_zones.V4, chain_zones.V6]):
        lines = chain_zones.master_file(apex).splitlines(keepends=True)
        text = "".join(line for line in lines if len(dns.name.from_text(line.split(" ", 1)[0]).to_wire()) < 254)
        directories = [tmp_path / f"{tool}{number}" for tool in ("ldns", "bind")]
        for directory in directories:
            directory.mkdir()
        chain = chains.signed_by_ldns(directories[0], apex, text, mode)
        if mode.opt_out:
            chain = chains.without_insecure(chain, chain_zones.names(apex), mode)
        same(chains.signed_by_bind(directories[1], apex, text, mode), chain)
