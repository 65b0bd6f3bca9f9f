"""Edits over the socket, loads of changing zones files and kill -9 between them, against the naive model.

After every step what lookups and lists say must be what the model says of the source with the accepted edits laid
over it, and what `dump` prints must give the same from an empty store. A transaction whose commit was answered with
true is never lost; one that was not answered is there whole or not at all. The seed is PTRD_TEST_SEED (printed)."""
import copy
import os
import random
import shutil

import pytest

from rpc.test_model_lookup import canonical, compare, compare_lists, fine_configs, write_config
from support.model import ADDRESS_TYPE, BITS, Local, World, within
from support.model_random import OUTSIDE, random_change
from support.ptrd import Client, Closed, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261125"))
CONFIGS = 30 if LONG else 5
STEPS = 40 if LONG else 14
TYPES = ("A", "A", "AAAA", "TXT", "MX", "CNAME", "NS", "DNAME")
ALL_TYPES = ("A", "AAAA", "TXT", "MX", "CNAME", "NS", "DNAME", "DS", "PTR")
DS = "12345 13 2 " + "cd" * 32


def content(rng, rtype):
    return {"A": f"192.0.2.{rng.randrange(4)}", "AAAA": f"2001:db8:ffff::{rng.randrange(1, 4)}",
            "TXT": f'"edit {rng.randrange(3)}"', "MX": f"{rng.randrange(3)} mx.{OUTSIDE}", "DS": DS,
            "SOA": f"ns{rng.randrange(3)}.{OUTSIDE}. hostmaster.{OUTSIDE}. {rng.randrange(3)} 10800 3600 604800 300",
            }.get(rtype) or f"edit{rng.randrange(2)}.{OUTSIDE}"


def tables(world, local, owner, rtype, key, asked):
    """(local rows, the source's as values, key in both) of an RRset."""
    if key:
        return local.ptrs, world.source_ptrs, key
    held = world.zone_of(owner).apex != asked or rtype == "DS" and owner == asked
    rows = world.source_above if held else world.source
    found = rows.get(owner, {}).get(rtype)
    return (local.above if held else local.rrsets,
            {(owner, rtype): (found[0][1], [value for value, _ in found])} if found else {}, (owner, rtype))


def same(rtype, one, two):
    def plain(value):
        found = {canonical(rtype, text) for text in value[1]}
        return value[0], {" ".join(w for i, w in enumerate(t.split()) if i != 2) for t in found} if rtype == "SOA" else found
    return plain(one) == plain(two)


def put(world, local, owner, rtype, key, asked, value):
    """What the source says anyway is not kept, nor that nothing is where it has nothing."""
    mine, source, at = tables(world, local, owner, rtype, key, asked)
    mine[at] = value
    if value is None and at not in source or value and at in source and same(rtype, value, source[at]):
        del mine[at]


class Op:
    """replaceRRSet of one owner and type; values [] deletes, with type ANY all; or feedRecord of its values. asked:
    the zone whose id is given."""

    def __init__(self, owner, rtype, ttl, values, key=None, asked=None, feeds=False):
        self.owner, self.rtype, self.ttl, self.values, self.key = owner, rtype, ttl, values, key
        self.asked, self.feeds = asked, feeds

    def __repr__(self):
        return f"{'feed ' * self.feeds}{self.owner} {self.rtype} {self.ttl} {self.values} in {self.asked}"

    def send(self, client, zone_id):
        rrs = [{"qtype": self.rtype, "qname": self.owner, "qclass": 1, "content": value, "ttl": self.ttl, "auth": True,
                "ordername": None} for value in self.values]
        if not self.feeds:
            return client.call("replaceRRSet", domain_id=zone_id, qname=self.owner + ".", qtype=self.rtype, trxid=1,
                               rrset=rrs)
        for rr in rrs:
            client.call("feedRecord", rr=rr, trxid=1)
        return None

    def apply(self, local, world):
        if self.rtype == "ANY":
            for rtype in ALL_TYPES:
                key = self.key if rtype == "PTR" else None
                put(world, local, self.owner, rtype, key, self.asked, None)
            return
        values = self.kept(world)
        if self.feeds:
            mine, source, at = tables(world, local, self.owner, self.rtype, self.key, self.asked)
            values = sorted({*((mine[at] or (0, []))[1] if at in mine else source.get(at, (0, []))[1]), *values})
        put(world, local, self.owner, self.rtype, self.key, self.asked, (self.ttl, values) if values else None)

    def kept(self, world):
        """A generated value that comes along is left out."""
        if self.feeds or world.zone_of(self.owner).apex != self.asked:
            return self.values
        there = world.kinds.get(self.owner, set())
        generated = set()
        if self.key and self.key not in world.ptrs and self.key in world.generated:
            generated = {world.generated[self.key][0]}
        elif "forward" in there and not there & {"explicit", "local"}:
            generated = {c for c, _ in world.rows[self.owner].get(self.rtype, [])}
        rest = [v for v in self.values if v not in generated]
        return rest if rest and len(self.values) > 1 else self.values

    def surely_refused(self, world):
        """Judged where it is alone in its transaction."""
        own = world.zone_of(self.owner)
        apex = self.owner == own.apex
        if own.apex != self.asked:
            return bool(self.values) and self.rtype not in ("A", "AAAA") and not (apex and self.rtype in ("NS", "DS"))
        if not self.values:
            return apex and self.rtype in ("SOA", "NS", "ANY")
        types = world.rows.get(self.owner, {})
        explicit = set(types) if world.kinds.get(self.owner, set()) & {"explicit", "local"} else set()
        explicit -= {"PTR", self.rtype}
        return (world.rule(self.owner) == "below dname" or
                self.rtype == "CNAME" and (apex or bool(explicit) and "CNAME" not in types) or
                self.rtype == "DS" and not apex and "NS" not in types)

    def surely_accepted(self, world):
        """In a zone that holds no CNAME or DNAME near: nothing can be in its way."""
        zone = world.zone_of(self.owner)
        return (self.rtype in ("A", "AAAA", "TXT", "MX", "PTR") and self.asked == zone.apex and self.owner != zone.apex and
                self.owner not in world.rows and
                not any(within(self.owner, name) for name in world.dnames | world.cuts))


def pointer_op(rng, world, values, ttl):
    block = rng.choice(world.config.blocks)
    key = (block.family, min(max(0, rng.randint(block.first, block.last) + rng.choice((0, 0, 1))), (1 << BITS[block.family]) - 1))
    if world.ptrs and rng.random() < 0.4:
        key = rng.choice(sorted(world.ptrs))
    if world.home(*key) is None or not world.home(*key).reverse:
        return None
    names = [f"e{rng.randrange(6)}.{rng.choice(('isp.test', 'cust.test', OUTSIDE))}" for _ in range(values)]
    if values == 2 and key in world.generated and rng.random() < 0.5:
        names[0] = world.generated[key][0]
    return Op(world.pointer(*key), "PTR", ttl, sorted(set(names)), key, world.home(*key).apex, bool(values) and rng.random() < 0.2)


def apex_op(rng, world, ttl):
    """SOA and NS of a zone."""
    apex = rng.choice(sorted(world.zones))
    rtype = rng.choice(("SOA", "NS"))
    values = {content(rng, rtype) for _ in range(1 if rtype == "SOA" else 2)} if rng.random() < 0.85 else set()
    if rtype == "NS" and values and rng.random() < 0.5:
        values.add(f"ns.{apex}")
    return Op(apex, rtype, ttl, sorted(values), None, apex, rtype == "NS" and bool(values) and rng.random() < 0.2)


def above_op(rng, world, ttl):
    """What a zone holds at and below the apex of a zone in it."""
    children = sorted(apex for apex, zone in world.zones.items() if world.above(zone))
    if not children:
        return None
    child = rng.choice(children)
    rtype = rng.choice(("NS", "NS", "DS", "A", "AAAA", "TXT"))
    owner = child if rtype in ("NS", "DS", "TXT") or rng.random() < 0.4 else f"ns.{child}"
    if world.zone_of(owner).apex != child:
        return None
    values = sorted({content(rng, rtype) for _ in range(rng.choice((0, 1, 1, 2)))})
    if rtype == "NS" and values and rng.random() < 0.5:
        values = sorted({*values, f"ns.{child}"})
    return Op(owner, rtype, ttl, values, None, world.above(world.zones[child]).apex, bool(values) and rng.random() < 0.2)


def doomed_op(rng, world, ttl):
    """Refused, whatever the zone holds."""
    apex = rng.choice(sorted(world.zones))
    explicit = sorted(name for name, kinds in world.kinds.items() if kinds & {"explicit", "local"} and world.zone_of(name)
                      and {"A", "AAAA", "TXT", "MX"} & set(world.rows.get(name, ())) and world.rule(name) is None)
    owner, rtype = (rng.choice(explicit), "CNAME") if explicit and rng.random() < 0.5 else (apex, rng.choice(("CNAME", "SOA", "NS")))
    return Op(owner, rtype, ttl, [content(rng, "CNAME")] if rtype == "CNAME" else [], None, world.zone_of(owner).apex)


def key_of(world, name):
    """The address whose PTR stands at a name, of those that have one."""
    return next((key for key in {*world.generated, *world.ptrs, *world.source_ptrs} if world.pointer(*key) == name), None)


def name_op(rng, world, values, ttl, rtype):
    known = rng.choice(sorted(world.rows))
    owner = rng.choice((known, known, "e." + known, f"e{rng.randrange(3)}.{rng.choice(sorted(world.zones))}",
                        "*." + known.removeprefix("*.")))
    zone = world.zone_of(owner)
    if zone is None or len(owner) > 200 or (owner == zone.apex and rtype in ("NS", "CNAME", "DNAME")):
        return None
    if not values and rng.random() < 0.3 and owner != zone.apex:
        return Op(owner, "ANY", ttl, [], key_of(world, owner), zone.apex)
    if rtype in ("CNAME", "DNAME"):
        values = min(values, 1)
    found = sorted({content(rng, rtype) for _ in range(values)})
    at = world.generated_names.get(owner, {})
    for family, num in at.items():
        if found and rtype == ADDRESS_TYPE[family] and rng.random() < 0.3:
            found = sorted({*found, *(c for c, _ in world.rows[owner].get(rtype, []))})
    feeds = bool(found) and rtype not in ("CNAME", "DNAME") and owner not in world.generated_names and rng.random() < 0.2
    return Op(owner, rtype, ttl, found, None, zone.apex, feeds)


def random_op(rng, world):
    ttl, op = rng.choice((30, 600)), None
    while op is None:
        values = 0 if rng.random() < 0.3 else rng.choice((1, 1, 1, 2))
        kind = rng.random()
        if kind < 0.08:
            op = doomed_op(rng, world, ttl)
        elif kind < 0.18:
            op = apex_op(rng, world, ttl)
        elif kind < 0.3:
            op = above_op(rng, world, ttl)
        elif kind < 0.6 and world.config.blocks:
            op = pointer_op(rng, world, values, ttl)
        else:
            op = name_op(rng, world, values, ttl, rng.choice(TYPES))
    return op


class Feed:
    """A whole zone given anew: part of what it holds, and something new."""

    def __init__(self, rng, world, apex):
        self.apex, self.ops = apex, []
        keys = {world.pointer(*key): key for key in {*world.generated, *world.ptrs}}
        names = sorted(name for name in world.rows if world.zone_of(name) is world.zones[apex])
        generated = [name for name in names if not world.kinds.get(name, set()) - {"forward", "reverse"}]
        names = sorted({*names} - {*generated} | {*rng.sample(generated, min(20, len(generated)))})
        for name in names:
            for rtype, rows in sorted(world.rows[name].items()):
                if name == apex and rtype in ("SOA", "NS") or rng.random() < 0.8:
                    self.ops.append(Op(name, rtype, rows[0][1], [value for value, _ in rows],
                                       keys.get(name) if rtype == "PTR" else None, apex, True))
        for child in (zone for zone in world.config.zones if world.above(zone) is world.zones[apex]):
            self.ops.append(Op(child.apex, "NS", 111, [content(rng, "NS"), f"ns.{child.apex}"], None, apex, True))
        self.ops.append(Op(apex, "TXT", 30, [content(rng, "TXT")], None, apex, True))

    def __repr__(self):
        return f"whole zone {self.ops}"

    def send(self, client):
        for op in self.ops:
            op.send(client, None)

    def apply(self, local, world):
        zone = world.zones[self.apex]
        for owner, rtype in {*local.rrsets, *((n, t) for n, types in world.source.items() for t in types)}:
            if world.zone_of(owner) is zone:
                local.rrsets.pop((owner, rtype), None)
                if rtype != "SOA":
                    put(world, local, owner, rtype, None, self.apex, None)
        for owner, rtype in {*local.above, *((n, t) for n, types in world.source_above.items() for t in types)}:
            own = world.zone_of(owner)
            if own is not None and world.above(own) is zone:
                put(world, local, owner, rtype, None, self.apex, None)
        for key in {*local.ptrs, *world.source_ptrs}:
            if world.home(*key) is zone:
                put(world, local, None, "PTR", key, self.apex, None)
        fed = {}
        for op in self.ops:
            rrset = op.owner, op.rtype, op.key
            fed[rrset] = (op.ttl, sorted({*fed.get(rrset, (0, []))[1], *op.values}))
        for rrset, value in fed.items():
            put(world, local, *rrset, self.apex, value)
        after = World(world.config, local)
        for op in self.ops:
            if op.key and after.delegated(*op.key):
                put(world, local, op.owner, "PTR", op.key, self.apex, None)


class Site:
    """The source, what was accepted, and the store under test."""

    def __init__(self, config, directory):
        self.config, self.dir, self.local = config, directory, Local()
        self.db, self.loads = directory / "db", 0
        self.accepted = self.refused = 0
        self.load(config)
        self.ptrd = Ptrd(self.db)

    def load(self, config):
        self.loads += 1
        path = write_config(self.dir / f"load{self.loads}", config)
        self.last = path
        run("ptrctl", "load", path, "--db", self.db)
        self.config = config

    def world(self, client):
        """With the serials that the store has."""
        config = copy.deepcopy(self.config)
        serials = {d["zone"].rstrip(".").lower(): d["serial"] for d in client.call("getAllDomains", include_disabled=True)}
        for zone in config.zones:
            zone.serial = serials[zone.apex]
        return World(config, self.local)

    def restart(self):
        self.ptrd.kill()
        self.ptrd = Ptrd(self.db)

    def edit(self, rng):
        """One transaction of some changes, ended in one of four ways."""
        ending = rng.choice(("commit", "commit", "commit", "commit", "abort", "close", "kill"))
        with Client(self.ptrd.socket) as client:
            world = self.world(client)
            ids = {d["zone"].rstrip(".").lower(): d["id"] for d in client.call("getAllDomains", include_disabled=True)}
            if rng.random() < 0.08:
                apex = rng.choice(sorted(world.zones))
                ops = [Feed(rng, world, apex)]
            else:
                ops = self.choose(rng, world)
                apex = ops[0].asked
            new, done = copy.deepcopy(self.local), False
            try:
                assert client.call("startTransaction", domain=apex + ".",
                                   domain_id=ids[apex] if isinstance(ops[0], Feed) else -1, trxid=1) is True
                for op in ops:
                    op.send(client, *(() if isinstance(op, Feed) else (ids[apex],)))
                    op.apply(new, world)
                if ending == "abort":
                    client.call("abortTransaction", trxid=1)
                elif ending == "kill":
                    self.ptrd.kill()
                elif ending == "commit":
                    done = client.call("commitTransaction", trxid=1) is True
            except (Closed, KeyError):
                done = False    # an error: refused
        if ending == "commit":
            self.judge(world, ops, done)
            if done:
                self.local = new
        elif ending == "kill":
            self.restart()
        return ending, done, ops

    @staticmethod
    def choose(rng, world):
        first = random_op(rng, world)
        ops = [first]
        if first.surely_refused(world):
            return ops
        for op in (random_op(rng, world) for _ in range(rng.randrange(3))):
            if op.asked == first.asked and op.owner not in {o.owner for o in ops} and not op.surely_refused(world):
                ops.append(op)
        return ops

    def judge(self, world, ops, done):
        if not isinstance(ops[0], Feed):
            if ops[0].surely_refused(world):
                assert not done, f"accepted: {ops}"
            if all(op.surely_accepted(world) for op in ops):
                assert done, f"refused: {ops}: {self.ptrd.log()}"
        self.accepted += done
        self.refused += not done

    def check(self, rng, what):
        with Client(self.ptrd.socket) as client:
            world = self.world(client)
            count, wrong = compare(world, client, rng, 60)
            wrong += compare_lists(world, client)
        assert not wrong, (f"{what}: {len(wrong)} of {count} differ; {self.last}; local {self.local}\n" + "\n".join(wrong[:10]))
        return world

    def check_dump(self, rng):
        """What is in force, loaded into an empty store, is the same."""
        text = run("ptrctl", "dump", "--db", self.db).stdout
        (self.dir / "dump.yaml").write_text(text)
        shutil.rmtree(self.dir / "again", ignore_errors=True)
        run("ptrctl", "load", self.dir / "dump.yaml", "--db", self.dir / "again")
        with Ptrd(self.dir / "again") as other, Client(other.socket) as again, Client(self.ptrd.socket) as client:
            world = self.world(client)
            count, wrong = compare(world, again, rng, 60)
        assert not wrong, f"dump: {len(wrong)} of {count} differ; {self.dir}/dump.yaml; {self.local}\n" + "\n".join(wrong[:10])


def content_of(world):
    return {apex: world.content(zone) for apex, zone in world.zones.items()}


def take_step(site, rng, world, what):
    """One load or edit, and what must hold after it. Returns the world then."""
    before, serials = content_of(world), {apex: zone.serial for apex, zone in world.zones.items()}
    if rng.random() < 0.25:
        kind, changed = random_change(rng, site.config)
        if World(changed).refusals:
            return world
        site.load(changed)
        what += f": load after `{kind}`"
    else:
        what += f": {site.edit(rng)}"
    if rng.random() < 0.15:
        site.restart()
    world = site.check(rng, what)
    for apex, rows in content_of(world).items():
        if apex in before and rows != before[apex]:
            assert world.zones[apex].serial > serials[apex], f"{what}: serial of {apex} stayed {serials[apex]}"
    return world


def run_site(seed, config, directory):
    rng = random.Random(seed)
    site = Site(config, directory)
    try:
        world = site.check(rng, f"seed {seed}: first load")
        for step in range(STEPS):
            world = take_step(site, rng, world, f"seed {seed}, step {step}")
            if step % 7 == 6:
                site.check_dump(rng)
    finally:
        site.ptrd.stop()
    return site


def test_edits_and_loads_equal_the_model(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    accepted = refused = 0
    for seed, config, _ in fine_configs(SEED, CONFIGS):
        site = run_site(seed, config, tmp_path / str(seed))
        accepted += site.accepted
        refused += site.refused
    print(f"{CONFIGS} configurations, {accepted} transactions accepted, {refused} refused")
    assert accepted > CONFIGS and refused


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-q", "-s", __file__]))
