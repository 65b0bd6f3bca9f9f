"""Signing, key rollover and going unsigned as ptrd-dnssec(7) has them, without a moment of bogus.

A signed root, a zone of ours below it, and a zone of ours below that, forward and in reverse; the latter is signed, rolled
and unsigned again by the commands of the manual page, while validating resolvers ask for fresh names all the time, and while
support.cachestates judges whatever any cache may hold. TTLs and PowerDNS's own caches are a few seconds, all else is as
shipped. Full size (tests/run long): each chain by pdnsutil and by the HTTP API."""
import concurrent.futures
import os
import re
import time

import pytest

from support.pdns import Pdns
from support.ptrd import Ptrd, Store
from support.resolvers import RootedNamed, RootedUnbound
from support.rollover import WAIT, Api, Chain, Pdnsutil, Watch, procedure
from support.signed import Signer, exported_ds, secure

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
OURS, ROOT = "127.1.57.1", "127.1.57.2"
TTL_S, CACHE_S = 2, 1
WAIT_S = TTL_S + 2 * CACHE_S    # WAITING of the manual page: the TTL, the longest of PowerDNS's caches, and cache-ttl
CACHES = {"dnssec-key-cache-ttl": CACHE_S, "zone-metadata-cache-ttl": CACHE_S, "query-cache-ttl": CACHE_S,
          "negquery-cache-ttl": CACHE_S, "cache-ttl": CACHE_S, "remote-dnssec": "yes"}
ZONES = f"""
defaults:
  ttl: {TTL_S}
  soa: {{mname: ns1.isp.example, rname: h.isp.example, refresh: 10800, retry: 3600, expire: 604800, minimum: {TTL_S}}}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    records:
      - {{name: ns1, type: A, content: {OURS}}}
  - name: dyn.isp.example
  - prefix: 2001:db8::/32
  - prefix: "2001:db8:1::/48"
blocks:
  - {{prefix: 2001:db8::/32, name: "{{ip}}.dyn.isp.example"}}
  - {{prefix: "2001:db8:1:ffff::/64", name: none}}
"""
V6, V6_CHILD = "8.b.d.0.1.0.0.2.ip6.arpa", "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"


def hexadecimal(rng, digits):
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def generated(rng):
    """The name of an address of 2001:db8:1::/49, so never an excluded one."""
    text = hexadecimal(rng, 20)
    text = f"{int(text[0], 16) & 7:x}" + text[1:]
    return "2001-0db8-0001-" + "-".join(text[i:i + 4] for i in range(0, 20, 4)) + ".dyn.isp.example."


def reverse(rng, subnet):
    """A name of 20 nibbles in V6_CHILD; subnet: the first of them."""
    digits = subnet + hexadecimal(rng, 20 - len(subnet))
    return ".".join(reversed(digits)) + f".{V6_CHILD}."


def open_subnet(rng):
    return f"{rng.randrange(8):x}"


FORWARD = Chain("isp.example", "dyn.isp.example", {
    "existing": lambda rng: (generated(rng), "AAAA"),
    "nodata": lambda rng: (generated(rng), "TXT"),
    "absent": lambda rng: (f"x{hexadecimal(rng, 12)}.dyn.isp.example.", "AAAA"),
    "absent, deep": lambda rng: (f"a.b.{generated(rng)}", "AAAA"),
})
REVERSE = Chain(V6, V6_CHILD, {
    "existing": lambda rng: (reverse(rng, open_subnet(rng)), "PTR"),
    "nodata": lambda rng: (reverse(rng, open_subnet(rng)), "TXT"),
    "ENT": lambda rng: (".".join(hexadecimal(rng, 6)) + f".{rng.randrange(8):x}.{V6_CHILD}.", "PTR"),
    "absent": lambda rng: (reverse(rng, "ffff"), "PTR"),
})
for chain in (FORWARD, REVERSE):
    chain.ttl_s = TTL_S


class Tree:
    """Root, parents signed and validated, children unsigned: .pdns, .anchor."""

    def __init__(self, directory, settings):
        self.running = []
        try:
            self.ptrd = self.run(Ptrd(Store(directory / "db").load(ZONES).dir))
            self.pdns = self.run(Pdns(self.ptrd.socket, settings, address=OURS, api=True))
            secure(self.pdns, ["isp.example", V6])
            root = self.run(Signer(ROOT, ["."]))
            cuts = "".join(f"{zone}. NS ns1.isp.example.\n{zone}. DS {exported_ds(self.pdns, zone)}\n" for zone in ("isp.example", V6))
            root.serve({".": "$TTL 60\n@ SOA a.root.zz. h.root.zz. 1 3600 600 86400 2\n@ NS a.root.zz.\n"
                             f"a.root.zz. A {ROOT}\nns1.isp.example. A {OURS}\n{cuts}"})
            self.anchor = ". IN DS " + root.ds(".")
        except BaseException:
            self.close()
            raise

    def run(self, server):
        self.running.append(server)
        return server

    def resolvers(self):
        open_zone = f'local-zone: "{V6}." nodefault'    # unbound's own answer for documentation addresses (RFC 6303)
        return [("unbound", self.run(RootedUnbound(ROOT, self.anchor, open_zone))),
                ("strict unbound", self.run(RootedUnbound(ROOT, self.anchor, open_zone, "harden-algo-downgrade: yes"))),
                ("named", self.run(RootedNamed(ROOT, self.anchor)))]

    def close(self):
        for server in reversed(self.running):
            server.stop()


@pytest.fixture
def make_tree(tmp_path):
    made = []

    def make(settings=None):
        made.append(Tree(tmp_path, {**CACHES, **(settings or {})}))
        return made[-1]

    yield make
    for tree in made:
        print(tree.ptrd.log())
        tree.close()


class Procedures:
    """Carries out procedures of the manual page one after the other under the eyes of a watch."""

    def __init__(self, operator, watch):
        self.operator, self.watch = operator, watch

    def wait(self):
        """The time of the manual page; a server that is slow today may give old answers for so long longer."""
        self.watch.slowest_s = 0
        time.sleep(WAIT_S + 0.5)
        time.sleep(2 * self.watch.slowest_s)
        self.watch.settle()
        assert self.watch.faults == []

    def __call__(self, title, index=0):
        self.operator.run(procedure(title, index), self.wait)
        self.wait()


def sign(do):
    do("A zone below a signed one")
    do.watch.expect_secure(True)
    do.watch.settle()


def unsign(do):
    do.watch.expect_secure(False)
    do("Going unsigned")


def nsec3_and_back(do):
    on, off = procedure("DENIAL OF EXISTENCE")
    do.operator.run([on], do.wait)
    do.wait()
    do.operator.run([off], do.wait)
    do.wait()


def split_and_roll_zsk(do):
    sign(do)
    do("From one key to KSK and ZSK")
    do("ZSK")
    do("KSK or CSK")
    unsign(do)


def roll_csk_and_algorithm(do):
    sign(do)
    do("KSK or CSK")
    nsec3_and_back(do)
    do("Algorithm")
    unsign(do)


# Two at a time, on the two chains.
WAYS = [[(FORWARD, Api, roll_csk_and_algorithm), (REVERSE, Pdnsutil, split_and_roll_zsk)],
        [(REVERSE, Api, roll_csk_and_algorithm), (FORWARD, Pdnsutil, split_and_roll_zsk)],
        [(REVERSE, Pdnsutil, roll_csk_and_algorithm), (FORWARD, Api, split_and_roll_zsk)],
        [(FORWARD, Pdnsutil, roll_csk_and_algorithm), (REVERSE, Api, split_and_roll_zsk)]]
# What validators log where they would answer SERVFAIL; named also logs signatures that it need not have.
FAILURE = re.compile("validation failure|broken trust chain|insecurity proof failed|got insecure response")


def carry_out(tree, resolvers, chain, way, program):
    """What went wrong meanwhile."""
    with Watch(chain, tree.pdns, resolvers) as watch:
        watch.settle()
        program(Procedures(way(tree.pdns, chain), watch))
        watch.settle()
    print(chain.child, watch.asked(), watch.states.versions(), watch.states.replies)
    return watch.faults


@pytest.mark.parametrize("ways", WAYS if LONG else WAYS[:1], ids=range(len(WAYS if LONG else WAYS[:1])))
def test_no_moment_of_bogus(make_tree, ways):
    tree = make_tree()
    resolvers = tree.resolvers()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = [pool.submit(carry_out, tree, resolvers, *way) for way in ways]
    assert [fault for future in done for fault in future.result()] == []
    for name, server in resolvers:
        assert [line for line in server.log().splitlines() if FAILURE.search(line)] == [], name


# --- the test can fail ------------------------------------------------------------------------------------------------

def faults_of(tree, *lines):
    """What a watch of the forward chain, which is signed, says of these lines without a wait."""
    operator = Pdnsutil(tree.pdns, FORWARD)
    with Watch(FORWARD, tree.pdns) as watch:
        watch.settle()
        operator.run([line for line in lines if line != WAIT], None)
        end = time.monotonic() + 20
        while not watch.faults and time.monotonic() < end:
            time.sleep(0.1)
    return watch.faults


def test_removing_the_old_ksk_without_a_wait_is_seen(make_tree):
    tree = make_tree()
    secure(tree.pdns, ["dyn.isp.example"])
    faults = faults_of(tree, *procedure("KSK or CSK"))
    assert any(fault.startswith("bogus: ") for fault in faults), faults


def test_activating_a_zsk_without_a_wait_is_seen(make_tree):
    tree = make_tree()
    secure(tree.pdns, ["dyn.isp.example"])
    faults = faults_of(tree, *procedure("From one key to KSK and ZSK"))
    assert any("data signed by" in fault for fault in faults), faults


def test_signing_without_holding_the_ds_is_seen(make_tree):
    """PowerDNS still knows of no keys when the DS is there."""
    faults = faults_of(make_tree({"dnssec-key-cache-ttl": 10}), "pdnsutil secure-zone dyn.isp.example")
    assert any("DNSKEY {} " in fault for fault in faults), faults


def test_a_new_algorithm_at_once_is_seen_where_all_are_wanted(make_tree):
    tree = make_tree()
    secure(tree.pdns, ["dyn.isp.example"])
    faults = faults_of(tree, procedure("KSK or CSK")[0].replace("ecdsa256", "ed25519"))
    assert faults and all("where all algorithms are wanted" in fault for fault in faults), faults


def test_removing_the_ds_is_seen_by_a_resolver(make_tree):
    """Insecure where it should be secure, and a validator that asks."""
    tree = make_tree()
    secure(tree.pdns, ["dyn.isp.example"])
    with Watch(FORWARD, tree.pdns, tree.resolvers()[:1]) as watch:
        watch.expect_secure(True)
        watch.settle()
        assert watch.faults == []
        Pdnsutil(tree.pdns, FORWARD).run(["pdnsutil set-publish-cdnskey dyn.isp.example delete"], None)
        end = time.monotonic() + 20
        while not any(fault.startswith("unbound: ") for fault in watch.faults) and time.monotonic() < end:
            time.sleep(0.1)
    assert "the DS is gone" in watch.faults
    assert any(fault.startswith("unbound: ") for fault in watch.faults), watch.faults
