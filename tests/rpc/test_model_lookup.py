"""Every lookup against the naive model of support/model.py, on small random configurations.

The seed of the first configuration is PTRD_TEST_SEED (printed); configuration i uses seed + i."""
import collections
import json
import os
import random

import pytest

from support.model import World
from support.model_random import questions, random_config, zones_file
from support.ptrd import Client, Ptrd, Store, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261123"))
ANSWERED = 400 if LONG else 30          # configurations that are loaded and asked
JUDGED = 3000 if LONG else 150          # configurations that are only accepted or refused
NAMES = 4000 if LONG else 400           # existing names asked of each kind
TYPES = ("SOA", "NS", "PTR", "A", "AAAA", "CNAME", "TXT", "DS", "MX", "DNAME")
NAME_CONTENT = {"PTR", "NS", "CNAME", "DNAME"}
UNKNOWN_ID = 2000000000
BATCH = 100


def write_config(directory, config):
    """The path of the zones file."""
    text, csv = zones_file(config)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "zones.yaml").write_text(text)
    if csv is not None:
        (directory / "ptrs.csv").write_text(csv)
    return directory / "zones.yaml"


def canonical(rtype, content):
    """The same text for the same content: names without their final dot."""
    if rtype in NAME_CONTENT:
        return content.lower().rstrip(".")
    if rtype in ("SOA", "MX"):
        return " ".join(word.lower().rstrip(".") for word in content.split())
    if rtype == "DS":
        return content.lower()
    return content


def as_rows(result, qname):
    """The rows of a reply in the model's form."""
    assert isinstance(result, list), result
    rows = set()
    for row in result:
        assert row["qname"].lower().rstrip(".") == qname.lower(), row
        ttl = None if row["qtype"] == "" else row["ttl"]
        rows.add((row["qtype"], canonical(row["qtype"], row["content"]), ttl, row.get("auth", 1)))
    assert len(rows) == len(result), f"a row twice: {result}"
    return rows


def expected(world, question, by_id):
    qname, qtype, zone_id = question
    rows = world.lookup(qname.lower(), qtype, by_id.get(zone_id))
    return {(rtype, canonical(rtype, content), ttl, auth) for rtype, content, ttl, auth in rows}


def ask_all(client, batch):
    """The replies to many lookups, sent together."""
    client.send(b"".join(json.dumps({"method": "lookup", "parameters": {
        "local": "0.0.0.0", "qname": name + ".", "qtype": qtype, "real-remote": "0.0.0.0/0", "remote": "0.0.0.0",
        "zone-id": zone_id}}).encode() + b"\n" for name, qtype, zone_id in batch))
    return [json.loads(client.read_line())["result"] for _ in batch]


def any_case(rng, name):
    return "".join(c.upper() if rng.random() < 0.5 else c for c in name)


def all_questions(world, rng, ids, names=NAMES):
    """(qname, qtype, zone-id): ANY and one type with any id and the right one; now and then the others."""
    others = list(ids.values())
    for name in questions(world, rng, names):
        own = world.zone_of(name)
        right = ids[own.apex] if own else -1
        yield name, "ANY", right
        yield any_case(rng, name), rng.choice(TYPES), right
        yield name, rng.choice(TYPES + ("ANY",) * 4), rng.choice((-1, 0, UNKNOWN_ID, rng.choice(others)))
        if name in world.kinds or name in world.ents:
            if rng.random() < 0.2 or world.kinds.get(name, set()) - {"forward", "reverse"}:
                for qtype in TYPES:
                    yield name, qtype, rng.choice((-1, right))
        while own is not None:      # the ids of all zones above
            own = world.above(own)
            if own is not None:
                yield name, rng.choice(("ANY", "ANY", "NS", "DS", "A", "PTR", "SOA")), ids[own.apex]


def compare(world, client, rng, names=NAMES):
    """Asks everything; returns (number of questions, differences)."""
    domains = client.call("getAllDomains", include_disabled=True)
    ids = {d["zone"].rstrip(".").lower(): d["id"] for d in domains}
    assert set(ids) == set(world.zones)
    assert len(set(ids.values())) == len(ids) and all(0 < i < 1 << 31 for i in ids.values())
    by_id = {number: apex for apex, number in ids.items()}
    asked = list(all_questions(world, rng, ids, names))
    wrong = []
    for at in range(0, len(asked), BATCH):
        batch = asked[at:at + BATCH]
        for question, result in zip(batch, ask_all(client, batch)):
            want, got = expected(world, question, by_id), as_rows(result, question[0])
            if want != got:
                wrong.append(f"{question}, id of {by_id.get(question[2])}: expected {sorted(want, key=str)}, "
                             f"got {sorted(got, key=str)}")
    return len(asked), wrong


def compare_lists(world, client):
    """Differences between `list` and the model, for every zone."""
    wrong = []
    client.wait_long()
    for zone in world.config.zones:
        result = client.call("list", zonename=zone.apex + ".", domain_id=-1, include_disabled=False)
        got = [(row["qname"].lower().rstrip("."), row["qtype"], canonical(row["qtype"], row["content"]),
                row["ttl"] if row["qtype"] else None, row.get("auth", 1)) for row in result]
        want = {(name, rtype, canonical(rtype, content), ttl, auth)
                for name, (rtype, content, ttl, auth) in world.list(zone)}
        false = set(got) - want
        if want - set(got) or false or len(set(got)) != len(got):
            wrong.append(f"list of {zone.apex}: not there {sorted(want - set(got), key=str)[:5]}, false "
                         f"{sorted(false, key=str)[:5]}, {len(got) - len(set(got))} twice")
    return wrong


def fine_configs(first_seed, count):
    """(seed, config, world) of the first configurations that the model accepts."""
    seed = first_seed
    while count:
        config = random_config(random.Random(seed))
        world = World(config)
        if not world.refusals:
            yield seed, config, world
            count -= 1
        seed += 1


def test_every_lookup_is_what_the_model_says(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    total, kinds = 0, collections.Counter()
    for seed, config, world in fine_configs(SEED, ANSWERED):
        path = write_config(tmp_path / str(seed), config)
        run("ptrctl", "load", path, "--db", tmp_path / f"{seed}.db")
        with Ptrd(tmp_path / f"{seed}.db") as ptrd, Client(ptrd.socket) as client:
            count, wrong = compare(world, client, random.Random(seed))
            wrong += compare_lists(world, client)
        assert not wrong, (f"seed {seed}: {len(wrong)} of {count} differ; {path}\n" + "\n".join(wrong[:20]))
        total += count
        for found in world.kinds.values():
            kinds.update(found)
    print(f"{ANSWERED} configurations, {total} lookups, names {dict(kinds)}")
    assert {"apex", "explicit", "override", "reverse", "forward", "derived"} <= set(kinds)


def test_check_refuses_exactly_what_the_model_refuses(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    refused, wrong = 0, []
    for seed in range(SEED, SEED + JUDGED):
        config = random_config(random.Random(seed))
        world = World(config)
        path = write_config(tmp_path / str(seed), config)
        done = run("ptrctl", "check", path, check=False)
        was_refused = "errors, " not in done.stdout.splitlines()[-1] if done.stdout else True
        refused += was_refused
        if was_refused != bool(world.refusals):
            wrong.append(f"seed {seed}: {path}: model {world.refusals[:2]}, ptrctl {done.stderr or done.stdout}")
        elif not was_refused and (done.returncode != 0) != world.has_finding_error():
            wrong.append(f"seed {seed}: {path}: findings: status {done.returncode}, {done.stdout}")
    assert not wrong, f"{len(wrong)} of {JUDGED}\n" + "\n".join(wrong[:10])
    print(f"{JUDGED} configurations, {refused} refused")
    assert 0 < refused < JUDGED


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-q", "-s", __file__]))
