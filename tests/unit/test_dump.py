"""dump is the inverse of load, on random configurations: loaded into an empty directory it gives the same dump and the
same answers, and into its own store it changes nothing.

The seed of the first configuration is PTRD_TEST_SEED (printed); configuration i uses seed + i.
"""
import os
import random

from support.model import World
from support.model_random import questions, random_config, zones_file
from support.ptrd import Client, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261124"))
CONFIGS = 400 if LONG else 25
NAMES = 2000 if LONG else 100


def load(path, db):
    done = run("ptrctl", "load", path, "--db", db, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(db, names):
    """All types at each name; zone ids are not in a dump."""
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        found = {}
        for name in names:
            rows = client.lookup(name) or []
            found[name] = sorted(str(sorted((k, v) for k, v in row.items() if k != "domain_id")) for row in rows)
        return found


def test_a_dump_is_the_store_that_it_was_made_of(tmp_path):
    print("seed", SEED)
    compared = asked = 0
    seed = SEED
    while compared < CONFIGS:
        rng = random.Random(seed)
        config = random_config(rng)
        world = World(config)
        directory = tmp_path / str(seed)
        seed += 1
        if world.refusals:
            continue
        directory.mkdir()
        text, csv = zones_file(config)
        (directory / "zones.yaml").write_text(text)
        if csv is not None:
            (directory / "ptrs.csv").write_text(csv)
        load(directory / "zones.yaml", directory / "one")
        first = run("ptrctl", "dump", "--db", directory / "one").stdout
        (directory / "dump.yaml").write_text(first)
        load(directory / "dump.yaml", directory / "two")
        assert run("ptrctl", "dump", "--db", directory / "two").stdout == first, f"seed {seed - 1}"
        assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in load(directory / "dump.yaml", directory / "one")
        names = [name if name.endswith(".") else name + "." for name in map(str, questions(world, rng, NAMES))]
        expected = answers(directory / "one", names)
        assert answers(directory / "two", names) == expected, f"seed {seed - 1}"
        compared += 1
        asked += sum(1 for rows in expected.values() if rows)
    assert asked > CONFIGS
