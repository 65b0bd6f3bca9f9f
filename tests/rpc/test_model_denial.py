"""NSEC records, as PowerDNS asks for them, against the chain of the naive model of support/model.py.

Random configurations, whole and without their blocks, as loaded and after random edits. Of every name: a zone of
explicit records gives the very neighbours in its sorted chain; any other one a record that matches what is there,
covers the next closer name of what is not, names its closest encloser, and denies nothing that exists. The seed is
PTRD_TEST_SEED (printed). Odd octets and long names: tests/law/deny_test.c."""
import collections
import copy
import json
import os
import random
import re

import pytest

from rpc.test_model_edit import Site
from rpc.test_model_lookup import fine_configs
from support.model import World, parents, within
from support.model_random import questions
from support.ptrd import Client

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261126"))
CONFIGS = 60 if LONG else 8
EDITS = 6 if LONG else 2
NAMES = 300 if LONG else 60
BATCH = 100


def labels(text):
    """The labels of a name in presentation form, the one next to the root first: in canonical order as they are."""
    found = re.findall(rb"(?:\\[0-9]{3}|\\.|[^.\\])+", text.rstrip(".").encode())
    return tuple(re.sub(rb"\\([0-9]{3})", lambda m: bytes([int(m[1])]), label) for label in reversed(found))


def is_below(name, above):
    """At or below it."""
    return name[:len(above)] == above


class Chain:
    """What exists in a zone, by the model."""

    def __init__(self, world, zone):
        self.apex = labels(zone.apex)
        self.kinds = {}         # labels -> "name", "cut", "dname", "ent"
        for name in world.ents:
            if world.zone_of(name) is zone and world.rule(name) is None:
                self.kinds[labels(name)] = "ent"
        for name, types in world.rows.items():
            if world.zone_of(name) is zone and world.rule(name) in (None, "at cut"):
                self.kinds[labels(name)] = "cut" if world.rule(name) else "dname" if "DNAME" in types else "name"
        for child in world.config.zones:
            if world.above(child) is zone and not world._ruler_above(child, zone):
                self.kinds[labels(child.apex)] = "cut"
        self.owners = sorted(name for name, kind in self.kinds.items() if kind != "ent")
        self.zone = zone
        self.minimal = self._must_be_minimal(world)

    def _must_be_minimal(self, world):
        """True; False; or None where the zone may hold generated names of templates that span several zones."""
        zone = self.zone
        if zone.reverse:
            return (any(world.home(block.family, num) is zone and not world.delegated(block.family, num)
                        for block in world.config.blocks for num in range(block.first, block.last + 1)) or
                    any(world.zone_of(target) is zone for target, _ in world.derived))
        if zone.forward_auto or any(world.zone_of(name) is zone for name in world.generated_names):
            return True
        if any(world.zone_of(target) is zone for target, _ in world.derived):
            return True
        return None if world.config.blocks or world.ptrs else False

    def ruler(self, name):
        """The cut at or above the name, or the DNAME above it, or None."""
        for end in range(len(self.apex), len(name) + 1):
            kind = self.kinds.get(name[:end])
            if kind == "cut" or kind == "dname" and end < len(name):
                return name[:end]
        return None

    def before(self, name):
        return max(owner for owner in self.owners if owner <= name)

    def behind(self, name):
        return min((owner for owner in self.owners if owner > name), default=self.apex)

    def covers(self, before, after, name):
        return before < name and (name < after or after == self.apex)

    def faults(self, name, before, after, minimal):
        """What is wrong with the record (before, after) for a name of the zone."""
        about = self.ruler(name) or name
        kind = self.kinds.get(about)
        if not is_below(before, self.apex) or not is_below(after, self.apex):
            yield "is outside the zone"
        if self.ruler(before) not in (None, before) or self.kinds.get(before) == "ent":
            yield "stands where no record can"
        if kind not in (None, "ent") and before != about:
            yield "does not match"
        if before != about and not self.covers(before, after, about):
            yield "does not speak of the name"
        if not minimal and (before, after) != (self.before(about), self.behind(about)):
            yield f"is not in the chain: {self.before(about)}, {self.behind(about)}"
        for other, what in self.kinds.items():
            if self.covers(before, after, other) and not (what == "ent" and is_below(after, other)):
                yield f"denies {other}"
        if kind == "ent" and not is_below(after, about):
            yield "denies an empty non-terminal"
        if kind is None:
            yield from self.faults_of_absence(about, before, after)

    def faults_of_absence(self, name, before, after):
        there = next(end for end in range(len(name) - 1, 0, -1) if name[:end] in self.kinds)
        if not self.covers(before, after, name[:there + 1]):
            yield "does not cover the next closer name"
        if max(len(os.path.commonprefix([name, other])) for other in (before, after)) != there:
            yield "names another closest encloser"


def ask(client, zone_id, names):
    """(before, after) of names relative to the zone, as they are written in the replies."""
    for at in range(0, len(names), BATCH):
        batch = names[at:at + BATCH]
        client.send(b"".join(json.dumps({"method": "getBeforeAndAfterNamesAbsolute", "parameters": {
            "id": zone_id, "qname": name}}).encode() + b"\n" for name in batch))
        for _ in batch:
            result = json.loads(client.read_line())["result"]
            assert isinstance(result["unhashed"], str)
            yield result["before"], result["after"]


def relative(name, apex):
    return "." if name == apex else name[:-len(apex)]


def compare(world, client, rng, seen):
    """Differences; seen counts what was asked."""
    ids = {d["zone"].rstrip("."): d["id"] for d in client.call("getAllDomains", include_disabled=True)}
    names = questions(world, rng, NAMES)
    wrong = []
    for zone in world.config.zones:
        chain = Chain(world, zone)
        asked = [zone.apex] + [name for name in names if within(name, zone.apex) and name != zone.apex]
        replies = ask(client, ids[zone.apex], [relative(name, zone.apex) for name in asked])
        minimal = None
        for name, (before, after) in zip(asked, replies):
            if minimal is None:         # the apex: what follows it tells
                minimal = after == "\\000." or chain.kinds[chain.apex] == "dname" and bool(chain.minimal)
                if chain.minimal not in (None, minimal):
                    wrong.append(f"{zone.apex}: minimal {minimal}, expected {chain.minimal}")
            record = tuple(chain.apex + labels(text) for text in (before, after))
            wrong += [f"{zone.apex}: {name}: {before} NSEC {after} {fault}"
                      for fault in chain.faults(labels(name), *record, minimal)]
            seen["minimal" if minimal else "chain", chain.kinds.get(labels(name), "absent")] += 1
    return wrong


def without_blocks(config):
    """The same with explicit records alone, or None if that is refused."""
    plain = copy.deepcopy(config)
    plain.blocks = []
    for zone in plain.zones:
        zone.forward_auto = False
    for ptr in plain.ptrs:
        ptr.forward, ptr.written = "none", "ptrs"
    return None if World(plain).refusals else plain


def test_records_are_those_of_the_model(tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    seen = collections.Counter()
    for seed, whole, _ in fine_configs(SEED, CONFIGS):
        for config in (whole, without_blocks(whole)):
            if config is None:
                continue
            rng = random.Random(seed)
            site = Site(config, tmp_path / f"{seed}-{len(config.blocks)}")
            try:
                for step in range(EDITS + 1):
                    with Client(site.ptrd.socket) as client:
                        wrong = compare(site.world(client), client, rng, seen)
                    assert not wrong, f"seed {seed}, step {step}: {len(wrong)}: {site.last}, {site.local}\n" + \
                        "\n".join(wrong[:20])
                    site.edit(rng)
            finally:
                site.ptrd.stop()
    print(dict(seen))
    assert all(seen[how, kind] for how in ("minimal", "chain") for kind in ("name", "cut", "ent", "absent"))


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-q", "-s", __file__]))
