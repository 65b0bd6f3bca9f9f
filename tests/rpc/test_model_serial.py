"""Laws of loading, with random configurations: the same file changes nothing; dump and load give the same; a
change raises the serial of every zone whose answers it alters (by the naive model of support/model.py)."""
import collections
import dataclasses
import os
import random
import re

from rpc.test_model_lookup import compare, fine_configs, write_config
from support.model import World
from support.model_random import random_change
from support.ptrd import Client, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261125"))
CONFIGS = 100 if LONG else 10
CHANGES = 8        # one after the other, on each configuration


def load(path, db):
    return run("ptrctl", "load", path, "--db", db).stdout


def dump(db):
    return run("ptrctl", "dump", "--db", db).stdout


def serials(text):
    """Of a dump: apex -> serial."""
    found = re.findall(r'- (?:prefix: [^\n]*\n(?:    cnames: no\n)?    zone|name): "([^"]+)"\n    serial: (\d+)\n', text)
    return {apex.rstrip("."): int(number) for apex, number in found}


def test_the_same_file_twice_changes_nothing(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    for seed, config, _ in fine_configs(SEED, CONFIGS):
        path, db = write_config(tmp_path / str(seed), config), tmp_path / f"{seed}.db"
        load(path, db)
        before = dump(db)
        again = load(path, db)
        assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in again, f"seed {seed}: {again}"
        assert dump(db) == before, f"seed {seed}"
        random.Random(seed).shuffle(config.zones)
        random.Random(seed).shuffle(config.blocks)
        shuffled = write_config(tmp_path / f"{seed}-shuffled", config)
        again = load(shuffled, db)
        assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in again, f"seed {seed}, shuffled: {again}"


def test_a_dump_loads_into_the_same(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    for seed, config, world in fine_configs(SEED, CONFIGS):
        path = write_config(tmp_path / str(seed), config)
        db, copy = tmp_path / f"{seed}.db", tmp_path / f"{seed}-copy.db"
        load(path, db)
        text = dump(db)
        (tmp_path / "dumped.yaml").write_text(text)
        load(tmp_path / "dumped.yaml", copy)
        assert dump(copy) == text, f"seed {seed}"
        with Ptrd(copy) as ptrd, Client(ptrd.socket) as client:
            count, wrong = compare(world, client, random.Random(seed))
        assert not wrong, f"seed {seed}: {len(wrong)} of {count} differ from {path}\n" + "\n".join(wrong[:20])


def ids(db):
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        return {d["zone"].rstrip("."): d["id"] for d in client.call("getAllDomains", include_disabled=True)}


def changed_zones(before, after):
    """The zones whose answers differ, of those in both worlds."""
    return {apex for apex in set(before.zones) & set(after.zones)
            if before.content(before.zones[apex]) != after.content(after.zones[apex])}


def changes(config, rng):
    """(what, config, world) of CHANGES changes that the model accepts, each of the one before."""
    made = 0
    while made < CHANGES:
        what, changed = random_change(rng, config)
        world = World(changed)
        if world.refusals:
            continue
        yield what, changed, world
        config, made = changed, made + 1


def test_a_change_raises_every_serial_that_it_must(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    needed, needless = 0, collections.Counter()
    for seed, config, world in fine_configs(SEED, CONFIGS):
        db = tmp_path / f"{seed}.db"
        load(write_config(tmp_path / str(seed), config), db)
        old = serials(dump(db))
        for i, (what, changed, after) in enumerate(changes(config, random.Random(seed))):
            path = write_config(tmp_path / f"{seed}-{i}", changed)
            load(path, db)
            new = serials(dump(db))
            assert set(new) == set(after.zones)
            raised = {apex for apex in set(new) & set(old) if new[apex] != old[apex]}
            lowered = {apex for apex in raised if new[apex] < old[apex]}
            must = changed_zones(world, after)
            assert not lowered, f"seed {seed}, change {i} ({what}): lowered {lowered}; {path}"
            assert must <= raised, f"seed {seed}, change {i} ({what}): not raised {must - raised}; {path}"
            needed += len(must)
            needless.update({what: len(raised - must)})
            old, world = new, after
    print(f"{needed} serials raised because answers changed, {sum(needless.values())} without need: "
          f"{ {k: v for k, v in needless.items() if v} }")
    assert needed


def test_zones_that_come_and_go(tmp_path):
    """A zone that is new or gone raises the zone above (a cut, or names that were its own)."""
    print(f"PTRD_TEST_SEED={SEED}")
    seen = 0
    for seed, config, world in fine_configs(SEED, CONFIGS):
        rng, db = random.Random(seed), tmp_path / f"{seed}.db"
        load(write_config(tmp_path / str(seed), config), db)
        old, old_ids = serials(dump(db)), ids(db)
        children = [zone for zone in config.zones if world.above(zone) and not zone.records]
        if not children:
            continue
        gone = rng.choice(children)
        config = dataclasses.replace(config, zones=[zone for zone in config.zones if zone is not gone])
        after = World(config)
        if after.refusals:
            continue
        path = write_config(tmp_path / f"{seed}-gone", config)
        load(path, db)
        new = serials(dump(db))
        raised = {apex for apex in new if new[apex] != old.get(apex)}
        must = changed_zones(world, after)
        assert must <= raised, f"seed {seed}: {gone.apex} gone: not raised {must - raised}; {path}"
        with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
            client.lookup("isp.test.")
            back = dataclasses.replace(config, zones=[*config.zones, gone])
            load(write_config(tmp_path / f"{seed}-back", back), db)
            last = serials(dump(db))
            assert last[gone.apex] >= old[gone.apex], f"seed {seed}: {gone.apex}: lowered to {last[gone.apex]}"
            assert client.lookup(gone.apex + ".", "SOA"), "live at the next request"
        raised = {apex for apex in new if new[apex] != last[apex]}
        must = changed_zones(after, world)
        assert must <= raised, f"seed {seed}: {gone.apex} back: not raised {must - raised}"
        assert ids(db) == old_ids, f"seed {seed}: ids are given once a name"
        seen += 1
    assert seen
