"""100,000 zones behind the real pdns_server (20,000 in the short form): with the zone cache by `ptrd --stdio` and
timeout=0, over the Unix socket without it. `load` and `check` warn, since PowerDNS does not start otherwise."""
import os
import random

import pytest

from support.pdns import NO_ANSWER_CACHE, Pdns, assert_answer, assert_nxdomain, rcode
from support.ptrd import BUILD, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
COUNT = 100000 if LONG else 20000
ASKED = 2000 if LONG else 300
HEAD = """defaults:
  soa: {mname: ns1.many.test, rname: hostmaster.many.test}
  ns: [ns1.many.test, ns2.many.test]
zones:
"""


def zone_name(number):
    return f"z{number}.c{number % 97}.test"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    directory = tmp_path_factory.mktemp("many")
    with open(directory / "zones.yaml", "w", encoding="ascii") as file:
        file.write(HEAD)
        for number in range(COUNT):
            file.write(f"  - name: {zone_name(number)}\n    records:\n      - {{name: www, type: A, content: 192.0.2.{number % 250}}}\n")
    done = run("ptrctl", "load", directory / "zones.yaml", "--db", directory / "db", timeout=600)
    return directory, done


def questions():
    rng = random.Random(7)
    return [rng.randrange(COUNT) for _ in range(ASKED)] + [0, COUNT - 1]


def ask(pdns):
    numbers = questions()
    asked = [("www." + zone_name(n) + ".", "A") for n in numbers]
    for number, reply in zip(numbers, pdns.ask_many(asked)):
        assert_answer(reply, "A", [f"192.0.2.{number % 250}"])
    assert_nxdomain(pdns.ask(f"absent.{zone_name(3)}.", "A"))
    assert rcode(pdns.ask(f"{zone_name(COUNT)}.", "A")) == "REFUSED"


def test_load_and_check_warn(many):
    directory, done = many
    checked = run("ptrctl", "check", directory / "zones.yaml", timeout=600)
    for text in (done.stdout + done.stderr, checked.stdout + checked.stderr):
        assert f"{COUNT} zones" in text
        assert "--stdio" in text and "zone-cache-refresh-interval=0" in text, text


def test_with_the_zone_cache_by_stdio(many):
    connector = f"pipe:command={BUILD.resolve()}/ptrd --stdio --db {many[0]}/db,timeout=0"
    with Pdns(None, {"remote-connection-string": connector, **NO_ANSWER_CACHE}) as pdns:
        ask(pdns)


def test_without_the_zone_cache_by_the_socket(many):
    with Ptrd(many[0] / "db") as ptrd, \
            Pdns(ptrd.socket, {"zone-cache-refresh-interval": 0, **NO_ANSWER_CACHE}) as pdns:
        ask(pdns)


def test_few_zones_are_no_warning(tmp_path):
    (tmp_path / "zones.yaml").write_text(HEAD + "".join(f"  - name: {zone_name(n)}\n" for n in range(14999)))
    done = run("ptrctl", "check", tmp_path / "zones.yaml")
    assert "--stdio" not in done.stdout + done.stderr


@pytest.mark.skipif(not LONG, reason="20,000 zones still fit")
def test_the_warning_is_right(many):
    """With the zone cache over the Unix socket PowerDNS does not start."""
    with Ptrd(many[0] / "db") as ptrd:
        with pytest.raises(RuntimeError):
            with Pdns(ptrd.socket):
                pass


