"""Edits over the socket, loads of changing zones files and kill -9 between them, against the naive model.

After every step what lookups and lists say must be what the model says of the source with the accepted edits laid
over it, and what `dump` prints must give the same from an empty store. A transaction whose commit was answered with
true is never lost; one that was not answered is there whole or not at all. The seed is PTRD_TEST_SEED (printed)."""
import copy
import os
import random
import shutil

import pytest

from rpc.test_model_lookup import compare, compare_lists, fine_configs, write_config
from support.model import ADDRESS_TYPE, BITS, Local, World, within
from support.model_random import OUTSIDE, random_change
from support.ptrd import Client, Closed, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261125"))
CONFIGS = 60 if LONG else 5
STEPS = 40 if LONG else 14
TYPES = ("A", "A", "AAAA", "TXT", "MX", "CNAME", "NS", "DNAME")


def content(rng, rtype):
    return {"A": f"192.0.2.{rng.randrange(4)}", "AAAA": f"2001:db8:ffff::{rng.randrange(1, 4)}",
            "TXT": f'"edit {rng.randrange(3)}"', "MX": f"{rng.randrange(3)} mx.{OUTSIDE}",
            }.get(rtype) or f"edit{rng.randrange(2)}.{OUTSIDE}"


class Op:
    """replaceRRSet of one owner and type; values [] deletes."""

    def __init__(self, owner, rtype, ttl, values, key=None):
        self.owner, self.rtype, self.ttl, self.values, self.key = owner, rtype, ttl, values, key

    def __repr__(self):
        return f"{self.owner} {self.rtype} {self.ttl} {self.values}"

    def send(self, client, zone_id):
        return client.call("replaceRRSet", domain_id=zone_id, qname=self.owner + ".", qtype=self.rtype, trxid=1,
                           rrset=[{"qtype": self.rtype, "qname": self.owner, "qclass": 1, "content": value,
                                   "ttl": self.ttl, "auth": True, "ordername": None} for value in self.values])

    def apply(self, local, world):
        value = (self.ttl, self.kept(world)) if self.values else None
        if self.key:
            local.ptrs[self.key] = value
        else:
            local.rrsets[self.owner, self.rtype] = value

    def kept(self, world):
        """A generated value that comes along is left out."""
        there = world.kinds.get(self.owner, set())
        generated = set()
        if self.key and self.key not in world.ptrs and self.key in world.generated:
            generated = {world.generated[self.key][0]}
        elif "forward" in there and not there & {"explicit", "local"}:
            generated = {c for c, _ in world.rows[self.owner].get(self.rtype, [])}
        rest = [v for v in self.values if v not in generated]
        return rest if rest and len(self.values) > 1 else self.values

    def surely_refused(self, world):
        types = world.rows.get(self.owner, {})
        there = {t for t in types if t != self.rtype} if world.kinds.get(self.owner, set()) & {"explicit", "local"} else set()
        return bool(self.values) and (world.rule(self.owner) == "below dname" or
                                      (self.rtype == "CNAME" and there - {"PTR"} and "CNAME" not in there))

    def surely_accepted(self, world):
        """In a zone that holds no CNAME or DNAME near: nothing can be in its way."""
        zone = world.zone_of(self.owner)
        return (self.rtype in ("A", "AAAA", "TXT", "MX", "PTR") and self.owner != zone.apex and self.owner not in world.rows
                and not any(within(self.owner, name) for name in world.dnames | world.cuts))


def random_op(rng, world):
    rtype = rng.choice(TYPES + ("PTR",) * 6)
    values = 0 if rng.random() < 0.3 else rng.choice((1, 1, 1, 2))
    ttl = rng.choice((30, 600))
    if rtype == "PTR" and world.config.blocks:
        block = rng.choice(world.config.blocks)
        key = (block.family, min(max(0, rng.randint(block.first, block.last) + rng.choice((0, 0, 1))), (1 << BITS[block.family]) - 1))
        if world.ptrs and rng.random() < 0.4:
            key = rng.choice(sorted(world.ptrs))
        if world.home(*key) is None or not world.home(*key).reverse:
            return random_op(rng, world)
        names = [f"e{rng.randrange(6)}.{rng.choice(('isp.test', 'cust.test', OUTSIDE))}" for _ in range(values)]
        if values == 2 and key in world.generated and rng.random() < 0.5:
            names[0] = world.generated[key][0]
        return Op(world.pointer(*key), "PTR", ttl, sorted(set(names)), key)
    rtype = "TXT" if rtype == "PTR" else rtype
    known = rng.choice(sorted(world.rows))
    owner = rng.choice((known, known, "e." + known, f"e{rng.randrange(3)}.{rng.choice(sorted(world.zones))}"))
    zone = world.zone_of(owner)
    if len(owner) > 200 or (owner == zone.apex and rtype in ("NS", "CNAME", "DNAME")) or owner.startswith("*"):
        return random_op(rng, world)
    if rtype in ("CNAME", "DNAME"):
        values = min(values, 1)
    found = sorted({content(rng, rtype) for _ in range(values)})
    at = world.generated_names.get(owner, {})
    for family, num in at.items():
        if found and rtype == ADDRESS_TYPE[family] and rng.random() < 0.3:
            found = sorted({*found, *(c for c, _ in world.rows[owner].get(rtype, []))})
    return Op(owner, rtype, ttl, found)


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
        """One transaction of some replaceRRSets, ended in one of four ways."""
        ending = rng.choice(("commit", "commit", "commit", "commit", "abort", "close", "kill"))
        with Client(self.ptrd.socket) as client:
            world = self.world(client)
            ids = {d["zone"].rstrip(".").lower(): d["id"] for d in client.call("getAllDomains", include_disabled=True)}
            apex = world.zone_of((first := random_op(rng, world)).owner).apex
            ops = [first] + [op for op in (random_op(rng, world) for _ in range(rng.randrange(3)))
                             if world.zone_of(op.owner).apex == apex and op.owner != first.owner]
            new, done = copy.deepcopy(self.local), False
            try:
                assert client.call("startTransaction", domain=apex + ".", domain_id=-1, trxid=1) is True
                for op in ops:
                    op.send(client, ids[apex])
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

    def judge(self, world, ops, done):
        if any(op.surely_refused(world) for op in ops):
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


def run_site(seed, config, directory):
    rng = random.Random(seed)
    site = Site(config, directory)
    world = site.check(rng, f"seed {seed}: first load")
    for step in range(STEPS):
        before, serials = content_of(world), {apex: zone.serial for apex, zone in world.zones.items()}
        if rng.random() < 0.25:
            kind, changed = random_change(rng, site.config)
            if World(changed).refusals:
                continue
            site.load(changed)
            what = f"seed {seed}, step {step}: load after `{kind}`"
        else:
            what = f"seed {seed}, step {step}: {site.edit(rng)}"
        if rng.random() < 0.15:
            site.restart()
        world = site.check(rng, what)
        for apex, rows in content_of(world).items():
            if apex in before and rows != before[apex]:
                assert world.zones[apex].serial > serials[apex], f"{what}: serial of {apex} stayed {serials[apex]}"
        if step % 7 == 6:
            site.check_dump(rng)
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
