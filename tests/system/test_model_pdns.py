"""The naive model of support/model.py against the real pdns_server: rcode and answer section of every kind of
question, in both zone-cache settings, with caches of answers off. The seed is PTRD_TEST_SEED (printed)."""
import os
import random

import dns.rdatatype
import pytest

from rpc.test_model_lookup import canonical, fine_configs, write_config
from support.model_random import questions
from support.pdns import NO_ANSWER_CACHE, ZONE_CACHE, Pdns, rcode
from support.ptrd import Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
SEED = int(os.environ.get("PTRD_TEST_SEED", "20261124"))
CONFIGS = 40 if LONG else 4
NAMES = 400 if LONG else 60         # existing names of each kind
QUESTIONS = 20000 if LONG else 1500
TYPES = ("PTR", "PTR", "A", "AAAA", "TXT", "NS", "SOA", "CNAME", "MX", "DS")


def answer_of(reply):
    """(rcode, rows) without what follows a CNAME."""
    rows = {(dns.rdatatype.to_text(rrset.rdtype), canonical(dns.rdatatype.to_text(rrset.rdtype), rdata.to_text()),
             rrset.ttl) for rrset in reply.answer if rrset.name == reply.question[0].name for rdata in rrset}
    return rcode(reply), rows


def expected(world, name, qtype):
    code, rows = world.answer(name, qtype)
    return code, {(rtype, canonical(rtype, content), ttl) for rtype, content, ttl in rows}


def choose(world, rng):
    asked = [(name, qtype) for name in questions(world, rng, NAMES)
             for qtype in {rng.choice(TYPES), "PTR" if name.endswith(".arpa") else rng.choice(("A", "AAAA"))}]
    return rng.sample(asked, min(QUESTIONS, len(asked)))


@pytest.mark.parametrize("cache", sorted(ZONE_CACHE))
def test_pdns_answers_what_the_model_says(cache, tmp_path):
    print(f"PTRD_TEST_SEED={SEED}")
    total = 0
    for seed, config, world in fine_configs(SEED, CONFIGS):
        path = write_config(tmp_path / str(seed), config)
        run("ptrctl", "load", path, "--db", tmp_path / f"{seed}.db")
        asked = choose(world, random.Random(seed))
        with Ptrd(tmp_path / f"{seed}.db") as ptrd, Pdns(ptrd.socket, {**ZONE_CACHE[cache], **NO_ANSWER_CACHE}) as pdns:
            replies = pdns.ask_many(asked)
        wrong = []
        for (name, qtype), reply in zip(asked, replies):
            want, got = expected(world, name, qtype), answer_of(reply)
            if want != got:
                wrong.append(f"{name} {qtype}: expected {want}, got {got}")
        assert not wrong, f"seed {seed}: {len(wrong)} of {len(asked)} differ; {path}\n" + "\n".join(wrong[:20])
        total += len(asked)
    print(f"{CONFIGS} configurations, {total} questions")
