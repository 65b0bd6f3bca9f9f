"""`ptrctl load` and `ptrctl flush` against a pdns_server whose caches never forget by themselves: after them no old
answer is served."""
import os
import random
import re
import socket

import pytest

from support.pdns import NO_ANSWER_CACHE, ZONE_CACHE, Pdns, assert_answer, assert_nodata, assert_nxdomain, rcode, rows
from support.ptrd import Ptrd, Refused, Store, run
from support.zones import HEAD

CACHES = {"cache-ttl": 86400, "query-cache-ttl": 86400, "negquery-cache-ttl": 86400, "zone-cache-refresh-interval": 86400}
NEW_ZONE = "  - {name: new.example, records: [{name: www, type: A, content: 192.0.2.80}]}\n"


def zones(ptrs="", records="", more_zones="", blocks=""):
    return HEAD + f"""
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {{name: ns1, type: A, content: 192.0.2.53}}
{records}
  - name: dyn.isp.example
  - prefix: 198.51.100.0/24
  - {{prefix: 198.51.100.64/26, zone: "64/26"}}
  - prefix: 2001:db8::/32
{more_zones}
blocks:
  - {{prefix: 198.51.100.0/25, name: "{{ip}}.dyn.isp.example"}}
{blocks}
ptrs:
  198.51.100.9: nine.isp.example
{ptrs}
"""


class World:
    """A store, ptrd over it, and PowerDNS before that, flushed one way."""

    def __init__(self, tmp_path, way, settings=None):
        self.way, self.tmp_path, self.settings = way, tmp_path, {**CACHES, **(settings or {})}
        self.store = Store(tmp_path / "db").load(zones())
        self.key_file = tmp_path / "key"
        self.key_file.write_text(Pdns.API_KEY + "\n")

    def __enter__(self):
        self.ptrd = Ptrd(self.store.dir)
        self.pdns = Pdns(self.ptrd.socket, self.settings, api=self.way == "http")
        self.server = (["--control", self.pdns.dir / "pdns.controlsocket"] if self.way == "control" else
                       ["--pdns", f"http://127.0.0.1:{self.pdns.api_port}", "--api-key-file", self.key_file])
        return self

    def __exit__(self, *_):
        self.pdns.stop()
        self.ptrd.stop()

    def load(self, text):
        """Loads and flushes; returns what was printed."""
        path = self.tmp_path / "zones.yaml"
        path.write_text(text)
        return run("ptrctl", "load", path, "--db", self.store.dir, *self.server).stdout

    def ask(self, name, qtype):
        return self.pdns.ask(name, qtype)


@pytest.fixture(params=["control", "http"])
def world(request, tmp_path):
    with World(tmp_path, request.param) as w:
        yield w


def test_the_caches_keep_old_answers_without_a_flush(world):
    assert_answer(world.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["198-51-100-7.dyn.isp.example."])
    assert_nxdomain(world.ask("a.b.isp.example.", "A"))
    world.store.load(zones("  198.51.100.7: a.b.isp.example\n", more_zones=NEW_ZONE))
    assert_answer(world.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["198-51-100-7.dyn.isp.example."])
    assert_nxdomain(world.ask("a.b.isp.example.", "A"))
    assert rcode(world.ask("www.new.example.", "A")) == "REFUSED"


def test_no_old_answer_after_a_load_that_flushes(world):
    before, name6 = zones(), "1." + "0." * 19 + "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
    after = zones("  198.51.100.7: a.b.isp.example\n  2001:db8:1::1: nine.isp.example\n",
                  "      - {name: txt, type: TXT, content: '\"one\"'}\n", NEW_ZONE)
    parent6 = name6.split(".", 8)[8]

    def assert_before():
        assert_answer(world.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["198-51-100-7.dyn.isp.example."])
        assert_nodata(world.ask("7.100.51.198.in-addr.arpa.", "TXT"))
        for name in ("a.b.isp.example.", "b.isp.example.", "c.b.isp.example.", "txt.isp.example.", name6, parent6):
            assert_nxdomain(world.ask(name, "TXT"))
            assert_nxdomain(world.ask(name, "A"))
        assert_answer(world.ask("nine.isp.example.", "A"), "A", ["198.51.100.9"])
        assert_nodata(world.ask("nine.isp.example.", "AAAA"))
        assert rcode(world.ask("www.new.example.", "A")) == "REFUSED"

    def assert_after():
        assert_answer(world.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["a.b.isp.example."])
        assert_answer(world.ask("a.b.isp.example.", "A"), "A", ["198.51.100.7"])
        assert_nodata(world.ask("b.isp.example.", "A"))
        assert_nxdomain(world.ask("c.b.isp.example.", "A"))
        assert_answer(world.ask("txt.isp.example.", "TXT"), "TXT", ['"one"'])
        assert_answer(world.ask(name6, "PTR"), "PTR", ["nine.isp.example."])
        assert_nodata(world.ask(parent6, "PTR"))
        assert_answer(world.ask("nine.isp.example.", "AAAA"), "AAAA", ["2001:db8:1::1"])
        assert_answer(world.ask("www.new.example.", "A"), "A", ["192.0.2.80"])

    for _ in range(2):
        assert_before()
        world.load(after)
        assert_after()
        world.load(before)
    assert_before()


def test_an_alias_of_rfc_2317_forgets_with_its_target(world):
    alias = "70.100.51.198.in-addr.arpa."

    def ptr():
        return [content for kind, content in rows(world.ask(alias, "PTR")) if kind == "PTR"]

    assert ptr() == ["198-51-100-70.dyn.isp.example."]
    world.load(zones("  198.51.100.70: seventy.isp.example\n"))
    assert ptr() == ["seventy.isp.example."]


ALIASES = """
      - {name: l1, type: CNAME, content: nine.isp.example}
      - {name: l2, type: CNAME, content: l1.isp.example}
      - {name: "*.w", type: CNAME, content: l2.isp.example}
      - {name: mx, type: MX, content: 10 nine.isp.example}
      - {name: cut, type: NS, content: ns.cut.isp.example}
      - {name: ns.cut, type: A, content: %s}
"""


def test_names_that_show_a_changed_name_forget_too(world):
    world.load(zones(records=ALIASES % "192.0.2.1"))

    def shown(name, qtype):
        reply = world.ask(name, qtype)
        return {item.to_text() for rrset in [*reply.answer, *reply.additional] if rrset.rdtype == 1 for item in rrset}

    names = [("l1.isp.example.", "A"), ("l2.isp.example.", "A"), ("x.y.w.isp.example.", "A"), ("mx.isp.example.", "MX")]
    for name in names:
        assert shown(*name) == {"198.51.100.9"}, name
    assert shown("a.b.cut.isp.example.", "A") == {"192.0.2.1"}
    world.load(zones("  198.51.100.10: nine.isp.example\n", ALIASES % "192.0.2.2"))
    for name in names:
        assert shown(*name) == {"198.51.100.9", "198.51.100.10"}, name
    assert shown("a.b.cut.isp.example.", "A") == {"192.0.2.2"}


def test_a_serial_is_new_with_the_control_socket(tmp_path):
    with World(tmp_path, "control") as world:
        before = rows(world.ask("100.51.198.in-addr.arpa.", "SOA"))
        world.load(zones("  198.51.100.7: other.isp.example\n"))
        assert rows(world.ask("100.51.198.in-addr.arpa.", "SOA")) != before


@pytest.mark.parametrize("way, logged", [
    ("control", r"Notification request for zone '64/26\.100\.51\.198\.in-addr\.arpa\.' received"),
    ("http", r'"PUT /api/v1/servers/localhost/zones/64=2F26\.100\.51\.198\.in-addr\.arpa\./notify HTTP/1\.1" 200 '),
])
def test_secondaries_are_notified(tmp_path, way, logged):
    """By what PowerDNS logs, which notifies by itself from time to time. Only the zone that has secondaries."""
    def text(target):
        return zones(f"  198.51.100.70: {target}\n").replace('zone: "64/26"}', 'zone: "64/26", kind: primary}')

    with World(tmp_path, way, {"primary": "yes", "loglevel": 6, "webserver-loglevel": "normal"}) as world:
        world.store.load(text("one.isp.example"))
        world.load(text("one.isp.example"))
        assert not re.search(logged, world.pdns.log())
        world.load(text("two.isp.example"))
        assert re.search(logged, world.pdns.log())
        assert len(re.findall("Notification request|/notify ", world.pdns.log())) == 1


# --- random changes ---------------------------------------------------------------------------------------------------

LABELS = ["a", "b", "*", "ns1"]


def universe():
    forward = [f"{x}.isp.example." for x in LABELS] + [f"{x}.{y}.isp.example." for x in LABELS for y in LABELS[:2]] \
        + ["x.a.b.isp.example.", "y.x.a.b.isp.example.", "isp.example.", "new.example.", "www.new.example."]
    reverse = [f"{i}.100.51.198.in-addr.arpa." for i in (1, 2, 65, 66, 200, 201)] + ["x.1.100.51.198.in-addr.arpa."] \
        + [f"{i}.64/26.100.51.198.in-addr.arpa." for i in (65, 66)]
    for address in ("1" + ".0" * 23, "2" + ".0" * 20 + ".1.0.0"):
        full = address + ".8.b.d.0.1.0.0.2.ip6.arpa."
        reverse += [full, full[8:], full[30:], full[40:]]
    generated = [f"198-51-100-{i}.dyn.isp.example." for i in (1, 65, 200)]
    return [(name, qtype) for name in forward + reverse + generated for qtype in ("A", "PTR", "TXT", "SOA")]


def random_zones(rng):
    ptrs = "".join(f"  {a}: {t}\n" for a in ('"2001:db8::1"', '"2001:db8:0:1::2"', "198.51.100.1", "198.51.100.65", "198.51.100.200")
                   if rng.random() < 0.4 for t in [rng.choice(["h.a.isp.example", "x.a.b.isp.example", "b.isp.example"])])
    records = ""
    for owner in ("a", "x.b", "*", "*.b", "y.a"):
        if rng.random() < 0.3:
            content = rng.choice(['"one"', '"two"'])
            records += f"      - {{name: '{owner}', type: TXT, content: '{content}'}}\n"
    if rng.random() < 0.2:
        records += "      - {name: sub, type: NS, content: ns.elsewhere.example}\n"
    blocks = '  - {prefix: 198.51.100.192/26, name: "{ip}.dyn.isp.example"}\n' if rng.random() < 0.3 else ""
    return zones(ptrs, records, NEW_ZONE if rng.random() < 0.4 else "", blocks)


def picture(pdns, questions):
    """What is answered; serials of denials may be old."""
    replies = pdns.ask_many(questions)
    return {q: (rcode(r), rows(r), sorted(a.name.to_text() for a in r.authority)) for q, r in zip(questions, replies)}


def test_random_loads_leave_no_old_answer(world):
    seed = random.randrange(1 << 30)
    rng, questions = random.Random(seed), universe()
    if world.way == "http":  # the serial alone is not flushed there
        questions = [q for q in questions if q[1] != "SOA"]
    print("seed", seed)
    with Pdns(world.ptrd.socket, {**ZONE_CACHE["no-zone-cache"], **NO_ANSWER_CACHE}) as fresh:
        for _ in range(60 if os.environ.get("PTRD_TEST_LONG") == "1" else 8):
            picture(world.pdns, questions)
            world.load(random_zones(rng))
            wanted = picture(fresh, questions)
            assert picture(world.pdns, questions) == wanted, f"seed {seed}"


# --- ptrctl flush -----------------------------------------------------------------------------------------------------

def test_names_addresses_and_everything(world):
    def ptr(i):
        return rows(world.ask(f"{i}.100.51.198.in-addr.arpa.", "PTR"))

    old = {i: ptr(i) for i in (1, 2, 3, 4)}
    world.store.load(zones("".join(f"  198.51.100.{i}: n{i}.isp.example\n" for i in old)))
    flush = ["flush", *world.server]
    run("ptrctl", *flush, "198.51.100.1", "2.100.51.198.in-addr.arpa")
    assert [ptr(i) == old[i] for i in old] == [False, False, True, True]
    run("ptrctl", *flush, "isp.example$")
    assert [ptr(i) == old[i] for i in old] == [False, False, True, True]
    run("ptrctl", *flush, "3.100.51.198.in-addr.arpa.$")
    assert [ptr(i) == old[i] for i in old] == [False, False, False, True]
    run("ptrctl", *flush, "--all")
    assert ptr(4) != old[4]


def test_rediscover_makes_zones_known(tmp_path):
    with World(tmp_path, "control") as world:
        world.store.load(zones(more_zones=NEW_ZONE))
        assert rcode(world.ask("www.new.example.", "A")) == "REFUSED"
        run("ptrctl", "flush", "--rediscover", "new.example$", *world.server)
        assert_answer(world.ask("www.new.example.", "A"), "A", ["192.0.2.80"])


def test_a_server_that_does_not_answer_is_told(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen(1)
        for where, message in ((tmp_path / "none", "No such file"), (tmp_path / "silent", "no answer: Connection timed out")):
            with pytest.raises(Refused) as refusal:
                run("ptrctl", "flush", "--all", "--control", where)
            assert refusal.value.status == 1 and message in refusal.value.stderr


def test_the_key_is_checked_and_never_shown(tmp_path):
    with World(tmp_path, "http") as world:
        secret = "not-the-key-at-all"
        world.key_file.write_text(secret)
        with pytest.raises(Refused) as refusal:
            run("ptrctl", "flush", "isp.example", *world.server)
        assert "status 401" in refusal.value.stderr
        assert secret not in refusal.value.stderr + refusal.value.stdout
        world.key_file.write_text(Pdns.API_KEY)
        run("ptrctl", "flush", "isp.example", *world.server)


def test_a_load_is_live_though_the_flush_fails(tmp_path):
    store = Store(tmp_path / "db").load(zones())
    (tmp_path / "z.yaml").write_text(zones("  198.51.100.7: other.isp.example\n"))
    with pytest.raises(Refused) as refusal:
        run("ptrctl", "load", tmp_path / "z.yaml", "--db", store.dir, "--control", tmp_path / "none")
    assert refusal.value.status == 1 and "2 serials raised" in refusal.value.stdout
    assert "other.isp.example" in run("ptrctl", "explain", "198.51.100.7", "--db", store.dir).stdout


def test_wrong_use(tmp_path):
    for words in (["isp.example"], ["--control", "x"], ["--control", "x", "--all", "--pdns"], ["--all", "--api-key-file", "x"]):
        with pytest.raises(Refused) as refusal:
            run("ptrctl", "flush", *words)
        assert refusal.value.status == 2, words
    for words, message in ((["a..b", "--control", "x"], "empty label"), (["x", "--pdns", "http://127.0.0.1:1"], "no API key"),
                           (["x", "--pdns", "ftp://127.0.0.1", "--api-key-file", "/dev/null"], "no API key in")):
        with pytest.raises(Refused) as refusal:
            run("ptrctl", "flush", *words)
        assert refusal.value.status == 1 and message in refusal.value.stderr, words
