"""A signed tree from the root down, with ptrd in the middle of it, as validating resolvers see it.

Every zone kind, placeholder form and mode of denial; existing names, absent ones at every depth, ENTs, NODATA, wildcards,
CNAMEs, a DNAME, secure and insecure cuts, in random order through one resolver that answers from cached denials (RFC 8198):
then every existing name again. Never bogus, never insecure where it should be secure. Zones of ours inside zones of ours,
signed and not, forward and in reverse, have their DS from the keys alone.

The seed is PTRD_TEST_SEED (printed)."""
import concurrent.futures
import os
import random

import pytest

from support.model_random import zones_file
from support.pdns import ZONE_CACHE, Pdns
from support.ptrd import Ptrd, Store
from support.resolvers import ROOTED, named_anchor
from support.signed import Signer, answered, delv, dig, exported_ds, master_file, plain, secure, validated
from support.signed_world import (CUSTOMER, DYN, EXPLICIT, ISP, NS, OLD, OPT, OURS, PLAIN, ROOT, UNSIGNED, V4, V4_PLAIN,
                                  V4_SIGNED, V4_UNSIGNED, V6, V6_SIGNED, V6_UNSIGNED, V6_UNSIGNED_NEAR, WIDE_V6, SignedWorld)

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261126"))
QUESTIONS = 250 if LONG else 40         # of each group, for each resolver and each setting: eight times that for each mode
DELV = 120 if LONG else 25
WINDOW = 8
MODES = ("nsec", "nsec3")
# Below it pdns_recursor gives up on closest-encloser proofs: its max-nsec3s-per-record is 10.
RECURSOR_NSEC3_DEPTH = 3
SOA = "$TTL 300\n@ IN SOA a.root.zz. h.root.zz. 1 3600 600 86400 60\n@ IN NS a.root.zz.\n"
ABOVE = [".", "example.", "arpa.", "in-addr.arpa.", "ip6.arpa."]
BROKEN, OPEN = "broken.example.", "open.example."


class Tree:
    """The whole tree, running: .pdns, .world, .anchor."""

    def __init__(self, directory, mode, cache):
        self.mode, self.cache, self.running = mode, cache, []
        try:
            self._start(directory)
        except BaseException:
            self.close()
            raise

    def _run(self, server):
        self.running.append(server)
        return server

    def _start(self, directory):
        customers = self._run(Signer(CUSTOMER, [apex + "." for apex in SignedWorld.signed_customers()]))
        self.world = SignedWorld(lambda apex: plain("DS", customers.ds(apex + ".")))
        text, _ = zones_file(self.world.config)
        self.store = Store(directory / "db").load(self.world.zones_text(text))
        self.ptrd = self._run(Ptrd(self.store.dir))
        settings = {**ZONE_CACHE[self.cache], "remote-dnssec": "yes", "dname-processing": "yes",
                    # secure-zone lists zones of some thousand names; on a busy machine that is slow
                    "remote-connection-string": f"unix:path={self.ptrd.socket},timeout=20000"}
        self.pdns = self._run(Pdns(self.ptrd.socket, settings, address=OURS))
        customers.serve({apex + ".": master_file(self.world.theirs, apex) for apex in self.world.customers})
        secure(self.pdns, self.world.signed, self._nsec3() if self.mode == "nsec3" else None)
        self.world.opt_out = {OPT} if self.mode == "nsec3" else set()
        self.world.ds = {apex: exported_ds(self.pdns, apex) for apex in self.world.signed}
        root = self._run(Signer(ROOT, [*ABOVE, BROKEN, OPEN]))
        root.serve(self._above(root.ds))
        self.anchor = ". IN DS " + root.ds(".")
        self.anchor_file = directory / "anchor"
        self.anchor_file.write_text(f"trust-anchors {{ {named_anchor(self.anchor)} }};\n")

    def _nsec3(self):
        """Chains for the zones of explicit records, made for the question for all others."""
        kinds = {apex: ("1 0 0 -", "narrow") for apex in self.world.signed}
        kinds.update({apex: ("1 0 1 ab",) for apex in EXPLICIT})
        kinds[OPT] = ("1 1 0 -",)
        return kinds

    def _above(self, ds):
        """Master files of the zones above ours."""
        def cut(apex, content):
            host = "a.root.zz." if content in map(ds, ABOVE) else NS + "."
            return f"{apex} IN NS {host}\n{apex} IN DS {content}\n"
        ours = {apex: self.world.ds[apex] for apex in (ISP, PLAIN, OPT, V4, V4_PLAIN, V6, WIDE_V6)}
        within = {zone: "".join(cut(apex + ".", content) for apex, content in ours.items() if (apex + ".").endswith("." + zone))
                  for zone in ABOVE[1:]}
        wrong = ds(BROKEN)[:-8] + "00000000"
        zones = {
            ".": f"a.root.zz. IN A {ROOT}\n" + cut("example.", ds("example.")) + cut("arpa.", ds("arpa.")),
            "arpa.": cut("in-addr.arpa.", ds("in-addr.arpa.")) + cut("ip6.arpa.", ds("ip6.arpa.")),
            "example.": within["example."] + f"{NS}. IN A {OURS}\n{OPEN} IN NS a.root.zz.\n" +
                        f"{BROKEN} IN NS a.root.zz.\n{BROKEN} IN DS {wrong}\n",
            "in-addr.arpa.": within["in-addr.arpa."], "ip6.arpa.": within["ip6.arpa."],
            BROKEN: "www IN A 192.0.2.1\n", OPEN: "www IN A 192.0.2.1\n",
        }
        return {zone: SOA + text for zone, text in zones.items()}

    def close(self):
        for server in reversed(self.running):
            server.stop()


@pytest.fixture(scope="module", params=[(mode, cache) for mode in MODES for cache in sorted(ZONE_CACHE)],
                ids=lambda param: "-".join(param))
def tree(request, tmp_path_factory):
    made = Tree(tmp_path_factory.mktemp("signed"), *request.param)
    yield made
    made.close()


def depth(name):
    return name.count(".") + 1


def beyond(tree, resolver, expected, name, qtype):
    """Is it more than this resolver or PowerDNS itself can do, wherever the records come from?"""
    if expected.rcode == "NXDOMAIN" and tree.world.below_opted_out_ent(name):
        return True         # PowerDNS: the ENT as the closest encloser, though the chain does not have it
    if resolver == "knot-resolver":     # an unsigned zone several labels below its signed parent, on the same server
        return expected.zone == V6_UNSIGNED
    if resolver == "unbound":   # its minimised question brings a denial of the other zone, and it takes that for this name's
        return tree.world.below_foreign_alias(name) or qtype == "CNAME" and tree.world.below_dname(name)
    if resolver == "pdns-recursor" and qtype == "DS" and any(rtype == "CNAME" for rtype, _ in expected.rows):
        return True         # it says NOERROR whether the target exists or not
    if resolver == "pdns-recursor" and tree.mode == "nsec3":
        # the second: its aggressive cache denies names below a DNAME (PowerDNS/pdns issue 17137, in 5.4.0 too)
        return depth(name) - depth(expected.zone) > RECURSOR_NSEC3_DEPTH or tree.world.below_dname(name)
    return False


def differs(resolver, expected, reply):
    """What is wrong with a reply, or None."""
    code, rows = answered(reply)
    if (code, rows) != (expected.rcode, {(rtype, plain(rtype, content)) for rtype, content in expected.rows}):
        return f"expected {expected.rcode} {sorted(expected.rows)}, got {code} {sorted(rows)}"
    if resolver == "named" and not expected.secure and code == "NXDOMAIN":
        return None     # named says "validated" of some of them, whose server ever denied an unsigned zone's name
    if expected.secure is not None and validated(reply) != expected.secure:
        return f"expected {'secure' if expected.secure else 'insecure'}, is not"
    return None


def any_case(rng, name):
    return "".join(c.upper() if rng.random() < 0.5 else c for c in name)


def questions(tree, resolver, rng, count):
    """(group, name, type, DO bit), mixed; then all that exist once more."""
    mixed = [(group, name, qtype) for group, asked in tree.world.groups(rng, count).items() for name, qtype in asked
             if not beyond(tree, resolver, tree.world.expect(name, qtype), name, qtype)]
    rng.shuffle(mixed)
    again = [question for question in dict.fromkeys(mixed) if tree.world.expect(*question[1:]).rows]
    rng.shuffle(again)
    return [(group, any_case(rng, name) if rng.random() < 0.2 else name, qtype, rng.random() < 0.5)
            for group, name, qtype in mixed + again]


def report(tree, resolver, wrong):
    lines = [f"seed {SEED}, {resolver}, {tree.mode}, {tree.cache}: {len(wrong)} wrong"]
    lines += [f"question {number}: {group}: {name} {qtype} do={dnssec}: {what}"
              for number, (group, name, qtype, dnssec), what in wrong[:25]]
    for number, (_, name, qtype, _), _ in wrong[:3]:
        lines += [f"--- question {number}: {name} {qtype}", dig(tree.pdns, name, qtype)]
    return "\n".join(lines)


@pytest.mark.parametrize("resolver", sorted(ROOTED))
def test_validating_resolver_in_random_order(tree, resolver):
    print(f"PTRD_TEST_SEED={SEED}")
    asked = questions(tree, resolver, random.Random(f"{SEED} {tree.mode} {tree.cache} {resolver}"), QUESTIONS)
    with ROOTED[resolver](ROOT, tree.anchor) as server:
        replies = server.ask_many([(name + ".", qtype, dnssec) for _, name, qtype, dnssec in asked], WINDOW, recurse=True)
    wrong = [(number, question, what) for number, (question, reply) in enumerate(zip(asked, replies))
             if (what := differs(resolver, tree.world.expect(*question[1:3]), reply))]
    print(f"{resolver}, {tree.mode}: {len(asked)} questions")
    assert not wrong, report(tree, resolver, wrong)


def zones_of_ours(tree):
    """(child, is it signed, a question that it answers) for zones inside signed zones of ours."""
    world = tree.world.ours
    for parent, child, family in ((V6, V6_SIGNED, 6), (V6, V6_UNSIGNED, 6), (V6, V6_UNSIGNED_NEAR, 6), (V4, V4_SIGNED, 4),
                                  (V4, V4_UNSIGNED, 4), (ISP, DYN, None), (ISP, OLD, None)):
        assert world.above(world.zones[child]).apex == parent
        kind = "PTR" if family else "A"
        name = next(n for n, types in world.rows.items() if kind in types and world.zone_of(n).apex == child)
        yield child, child not in UNSIGNED, name, kind


@pytest.mark.parametrize("resolver", sorted(ROOTED))
def test_parent_signed_and_child_ours_signed_or_not(tree, resolver):
    with ROOTED[resolver](ROOT, tree.anchor) as server:
        for child, signed, name, kind in zones_of_ours(tree):
            expected = {("DS", tree.world.ds[child].lower())} if signed else set()
            reply = server.ask(child + ".", "DS", recurse=True, timeout=20)
            assert (answered(reply), validated(reply)) == (("NOERROR", expected), True), child
            if beyond(tree, resolver, tree.world.expect(name, kind), name, kind):
                continue
            for asked in ((name, kind), (child, "SOA"), (name, "TXT"), ("absent." + child, "A")):
                reply = server.ask(asked[0] + ".", asked[1], recurse=True, timeout=20)
                assert not differs(resolver, tree.world.expect(*asked), reply), asked


@pytest.mark.parametrize("resolver", sorted(ROOTED))
def test_broken_zone_is_reported(tree, resolver):
    """What makes the other tests able to fail: a DS that fits no key, and a zone without one."""
    with ROOTED[resolver](ROOT, tree.anchor) as server:
        broken = server.ask("www." + BROKEN, "A", recurse=True, timeout=20)
        assert answered(broken) == ("SERVFAIL", set())
        reply = server.ask("www." + OPEN, "A", recurse=True, timeout=20)
        assert (answered(reply), validated(reply)) == (("NOERROR", {("A", "192.0.2.1")}), False)


def delv_says(expected):
    """What delv must print before the answer and each step of a CNAME chain."""
    proof = "fully validated" if expected.secure else "unsigned answer"
    return proof if expected.rows else "negative response, " + proof


def test_delv_validates_a_sample(tree):
    rng = random.Random(f"{SEED} {tree.mode} {tree.cache} delv")
    sample = [(name, qtype) for group, asked in tree.world.groups(rng, 8).items() for name, qtype in asked
              if delv_can(tree, name, qtype)]
    sample = rng.sample(sample, min(DELV, len(sample)))
    with ROOTED["unbound"](ROOT, tree.anchor) as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda asked: delv(server, tree.anchor_file, *asked), sample))
    wrong = [f"{name} {qtype}: expected {delv_says(tree.world.expect(name, qtype))}\n{text}"
             for (name, qtype), (kinds, text) in zip(sample, said) if delv_says(tree.world.expect(name, qtype)) not in kinds]
    assert not wrong, f"seed {SEED}, {tree.mode}, {tree.cache}: {len(wrong)} of {len(sample)}\n" + "\n".join(wrong[:5])


def delv_can(tree, name, qtype):
    """Not through unbound, or not one line for the whole answer: chains, and denials that opt-out makes no proof."""
    expected = tree.world.expect(name, qtype)
    return (expected.secure is not None and not any(rtype == "CNAME" for rtype, _ in expected.rows) and
            not beyond(tree, "unbound", expected, name, qtype))
