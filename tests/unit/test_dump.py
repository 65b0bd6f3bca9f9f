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


EVERYTHING = r"""
defaults:
  soa: {mname: ns1.isp.example, rname: 'host\.master.isp.example'}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    kind: primary
    records:
      - {name: "@", type: NS, ttl: 77, content: [ns1.isp.example, 192.0.2.1.]}
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: '\000\@\$\"\;\(\)', type: TXT, content: '"\000\255\"\\;()$@"'}
      - {name: 1.2.3.4, type: CNAME, content: '\@.\000\.x.isp.example'}
      - {name: d, type: DNAME, content: elsewhere.example}
      - {name: cut, type: NS, content: ns.cut.isp.example}
      - {name: cut, type: DS, content: "12345 13 2 %(digest)s"}
      - {name: ns.cut, type: A, content: 192.0.2.60}
      - {name: child, type: NS, ttl: 5, content: ns.child.isp.example}
      - {name: child, type: DS, content: "12345 13 2 %(digest)s"}
      - {name: ns.child, type: AAAA, content: 2001:db8::60}
      - {name: ns.grand.child, type: A, content: 192.0.2.61}
  - name: child.isp.example
    records:
      - {name: ns.grand, type: A, content: 192.0.2.62}
  - name: grand.child.isp.example
  - name: secondary.example
    kind: secondary
    primaries: [192.0.2.1, "192.0.2.2:5300", "2001:db8::1", "[2001:db8::2]:5300"]
  - prefix: 203.0.113.0/24
  - {prefix: 203.0.113.64/26, zone: "64/26"}
  - {prefix: 198.51.100.64/26, zone: outside.isp.example}
  - prefix: 2001:db8::/32
blocks:
  - {prefix: 203.0.113.64/26, name: "{ip}.isp.example"}
ptrs:
  203.0.113.65: [10.0.0.1., 'a\.b\000.isp.example']
  198.51.100.65: mail.isp.example
delegations:
  - {prefix: 203.0.113.128/26, ns: [ns.customer.example, ns2.customer.example], style: "128-191", ds: ["12345 13 2 %(digest)s"]}
  - {prefix: 203.0.113.64/26, ns: [ns1.isp.example], style: "64/26", ttl: 9}
  - {prefix: 203.0.113.200/30, ns: [ns.customer.example]}
  - {prefix: "2001:db8:1::/47", ns: [ns.customer.example]}
""".replace("2001:db8:1::/47", "2001:db8:2::/47") % {"digest": "12345678" * 8}


def test_everything_that_a_zones_file_can_say_is_in_the_dump(tmp_path):
    (tmp_path / "zones.yaml").write_text(EVERYTHING)
    load(tmp_path / "zones.yaml", tmp_path / "one")
    first = run("ptrctl", "dump", "--db", tmp_path / "one").stdout
    for text in ('kind: primary', 'kind: secondary', '"[2001:db8::2]:5300"', 'prefix: "203.0.113.64/26"',
                 'zone: "64/26.113.0.203.in-addr.arpa."', 'style: "128-191.113.0.203.in-addr.arpa."', 'ttl: 9}',
                 '{name: "isp.example.", type: NS, ttl: 77, content: "192.0.2.1."}',
                 '{name: "child.isp.example.", type: NS, ttl: 5,', '"2001:db8:2::/47"',
                 r'"\\@.\\000\\.x.isp.example."', '"203.0.113.65": {names: ['):
        assert text in first, text
    (tmp_path / "dump.yaml").write_text(first)
    load(tmp_path / "dump.yaml", tmp_path / "two")
    assert run("ptrctl", "dump", "--db", tmp_path / "two").stdout == first
    assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in load(tmp_path / "dump.yaml", tmp_path / "one")
    # The name servers of 128/26, the CNAMEs and all else that delegations stand for are made anew.
    assert first.count("ns.customer.example.") == 3 and first.count("type: CNAME") == 1
