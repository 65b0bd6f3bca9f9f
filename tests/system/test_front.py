"""Front mode, the shipped dnsdist-ptrd.lua in the real dnsdist before the real pdns_server: who answers, what comes first, counters,
and stores that change, go, come back and are exchanged under it. Its answers: test_modes.py."""
import contextlib
import os
import pathlib
import random
import shutil
import socket
import tempfile
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import pytest

from support.dnsdist import LUA, Dnsdist
from support.editing import DYN, ISP, REVERSE, V6, generated
from support.editing import ZONES as EDITED_ZONES
from support.inprocess import LIBRARY
from support.pdns import EDITING, Pdns, Tool, assert_answer, assert_nodata, assert_nxdomain, make_query, rcode, rows, run_tool
from support.ptrd import Ptrd, Store
from support.twins import transfer

ZONES = EDITED_ZONES.replace("metadata: {ALLOW-DNSUPDATE-FROM: [127.0.0.0/8], ALLOW-AXFR-FROM: [127.0.0.1]}\n    records:",
                             "metadata: {ALLOW-DNSUPDATE-FROM: [127.0.0.0/8], ALLOW-AXFR-FROM: [127.0.0.1]}\n    records:\n"
                             "      - {name: alias, type: CNAME, content: www.isp.example}\n"
                             "      - {name: sub, type: NS, content: ns.customer.example}\n"
                             "      - {name: '*.wild', type: A, content: 192.0.2.81}", 1)
SEVEN = f"7.{REVERSE}"
OURS = [(SEVEN, "PTR"), (f"25.{REVERSE}", "PTR"), (V6, "PTR"), (generated(7), "A"), (f"www.{ISP}", "A"), (f"www.{ISP}", "AAAA"),
        (V6[10:], "PTR"), (f"nope.{ISP}", "A"), (f"256.{REVERSE}", "PTR"), (SEVEN, "TXT")]
PASSED = [(ISP, "SOA"), (ISP, "NS"), (ISP, "ANY"), (f"www.{ISP}", "TXT"), (f"alias.{ISP}", "A"), (f"a.sub.{ISP}", "A"),
          (f"a.wild.{ISP}", "A"), ("www.elsewhere.example", "A"), (ISP, "DNSKEY"), (SEVEN, "DS")]


class Front:
    """dnsdist with a store, in front of pdns_server and ptrd: on the same store, or (apart) on a copy of their own."""

    def __init__(self, directory, apart=False, **more):
        self.store = Store(directory / "db").load(ZONES)
        behind = Store(directory / "behind").load(ZONES) if apart else self.store
        with contextlib.ExitStack() as stack:
            self.ptrd = stack.enter_context(Ptrd(behind.dir))
            self.pdns = stack.enter_context(Pdns(self.ptrd.socket, EDITING))
            self.dnsdist = stack.enter_context(Dnsdist(self.pdns.port, self.store.dir, **more))
            self.close = stack.pop_all().close
        self.ask = self.dnsdist.ask

    def asked_behind(self):
        """How many questions pdns_server was asked."""
        return sum(int(self.pdns.control("show", name)) for name in ("udp-queries", "tcp-queries"))

    def counted(self, work):
        """What is answered, passed on and failed by the work, and what pdns_server is asked."""
        counts, behind = self.dnsdist.counters(), self.asked_behind()
        work()
        return {name: value - counts[name] for name, value in self.dnsdist.counters().items()} | {"behind": self.asked_behind() - behind}

    def answers(self, name=SEVEN, qtype="PTR"):
        """Who answers the question, and what it says."""
        replies = []
        counts = self.counted(lambda: replies.append(self.ask(name, qtype)))
        who = [name for name in ("answered", "passed", "failed") if counts[name]]
        assert len(who) == 1 and counts["behind"] == (who != ["answered"]), counts
        return who[0], [content for _, content in rows(replies[0])]


@contextlib.contextmanager
def front_of(directory, **more):
    made = Front(directory, **more)
    try:
        yield made
        made.dnsdist.assert_alive()
    finally:
        made.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """For tests that leave it as it is."""
    with front_of(tmp_path_factory.mktemp("front"), udp_threads=2) as made:
        yield made


@pytest.fixture
def fresh(tmp_path):
    with front_of(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """pdns_server answers from a copy of the store: what happens to dnsdist's store is nothing to it. For tests that mend it."""
    with front_of(tmp_path_factory.mktemp("apart"), apart=True, udp_threads=2) as made:
        yield made


def wait_for(what, timeout_s=20):
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


# --- who answers ------------------------------------------------------------------------------------------------------

def exchange(server, query, tcp=False):
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, server.address, port=server.port, timeout=5)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("edns", ["bare", "edns", "do"])
def test_our_names_are_answered_without_pdns_server(front, tcp, edns):
    def work():
        for name, qtype in OURS:
            query = dns.message.make_query(name, qtype, use_edns=-1 if edns == "bare" else 0, want_dnssec=edns == "do")
            reply = exchange(front.dnsdist, query, tcp)
            assert reply.edns == query.edns and (reply.ednsflags & dns.flags.DO) == (query.ednsflags & dns.flags.DO)
            assert bool(reply.flags & dns.flags.AA)

    assert front.counted(work) == {"answered": len(OURS), "passed": 0, "failed": 0, "behind": 0}


def test_they_are_the_right_ones(front):
    assert_answer(front.ask(SEVEN, "PTR"), "PTR", [generated(7) + "."])
    assert_answer(front.ask(f"25.{REVERSE}", "PTR"), "PTR", ["mail.customer.example."])
    assert_answer(front.ask(generated(7), "A"), "A", ["198.51.100.7"])
    assert_nodata(front.ask(V6[10:], "PTR"))
    assert_nxdomain(front.ask(f"256.{REVERSE}", "PTR"))


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_all_else_is_passed_on(front, tcp):
    questions = [make_query(name, qtype, False) for name, qtype in PASSED]
    replies = []
    counts = front.counted(lambda: replies.extend(exchange(front.dnsdist, query, tcp) for query in questions))
    assert counts == {"answered": 0, "passed": len(PASSED), "failed": 0, "behind": len(PASSED)}
    for query, reply in zip(questions, replies):
        assert reply == exchange(front.pdns, query, tcp)


def test_flags_case_and_edns_are_those_of_pdns_server(front):
    """dnsdist puts RD and CD of the question into every answer, so that they are asked of it in both cases."""
    queries = []
    for flags in ("", "RD", "CD", "AD", "RD CD AD", "RA", "AA"):
        for edns, payload in ((-1, 0), (0, 1232), (0, 512), (0, 100), (0, 65535)):
            query = dns.message.make_query("7.100.51.198.iN-aDDr.ARPA.", "PTR", use_edns=edns, payload=payload)
            query.flags = dns.flags.from_text(flags)
            queries.append(query)
    answered = [exchange(front.dnsdist, query).to_wire() for query in queries]
    with front_passing(front):
        passed = [exchange(front.dnsdist, query).to_wire() for query in queries]
    assert answered == passed


@contextlib.contextmanager
def front_passing(front):
    """Nothing is answered by dnsdist meanwhile."""
    front.dnsdist.console("addAction(AllRule(), AllowAction(), {name='first'}) mvRuleToTop()")
    try:
        yield
    finally:
        front.dnsdist.console("rmRule(0)")


class Recorder(threading.Thread):
    """A server that answers each question with REFUSED, and keeps its octets."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.seen = []
        self.start()

    def run(self):
        while True:
            packet, where = self.socket.recvfrom(65535)
            if not packet:
                return
            self.seen.append(packet)
            self.socket.sendto(packet[:2] + bytes([packet[2] | 0x80, packet[3] | 5]) + packet[4:], where)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()


def strange_packets(rng):
    """Questions for what is not ours; packets that no answer of ours may touch; and 400 of ours with octets changed."""
    ours = make_query(SEVEN, "PTR", False, True).to_wire()
    long = make_query(ISP, "SOA", False)
    long.use_edns(0, options=[dns.edns.GenericOption(12, b"\0" * 1300)])
    yield from (make_query(name, qtype, True, True).to_wire() for name, qtype in PASSED)
    yield long.to_wire(max_size=65535)
    yield make_query("Host.ELSEWHERE.example", "A", False).to_wire() + b"\0" * 1400
    yield ours + b"behind it"
    for opcode in range(1, 16):
        yield ours[:2] + bytes([opcode << 3]) + ours[3:]
    for _ in range(400):
        spoilt = bytearray(ours)
        for _ in range(rng.randrange(1, 4)):
            spoilt[rng.randrange(2, len(spoilt))] = rng.randrange(256)
        yield bytes(spoilt)


def test_a_packet_that_is_passed_on_is_passed_on_as_it_is(tmp_path):
    """Octet for octet but for the id, in which dnsdist puts its own. Some dnsdist drops by itself."""
    store, packets = Store(tmp_path / "db").load(ZONES), list(strange_packets(random.Random(6)))
    with Recorder() as recorder, Dnsdist(recorder.port, store.dir) as front, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        before, started = front.counters(), len(recorder.seen)
        client.connect((front.address, front.port))
        for start in range(0, len(packets), 40):
            for packet in packets[start:start + 40]:
                client.send(packet)
            front.ask("wait.elsewhere.example", "A")
        seen, counts = [packet[2:] for packet in recorder.seen[started:]], front.counters()
        front.assert_alive()
    assert counts["failed"] == 0 and counts["passed"] - before["passed"] == len(seen) > 200
    assert counts["answered"] - before["answered"] > 20    # an octet of the name: another name of ours
    assert {packet for packet in seen if b"\x04wait" not in packet} <= {packet[2:] for packet in packets}
    assert {packet[2:] for packet in packets[:len(PASSED) + 3]} <= set(seen)


# --- what comes first -------------------------------------------------------------------------------------------------

def replied(front, count, timeout=5):
    """How many of so many questions get a reply, and with which codes."""
    codes = []
    for _ in range(count):
        with contextlib.suppress(dns.exception.Timeout):
            codes.append(rcode(front.ask(SEVEN, "PTR", timeout=timeout)))
    return codes


def test_the_acl_comes_first(fresh):
    fresh.dnsdist.console('setACL("192.0.2.0/24")')
    assert fresh.counted(lambda: replied(fresh, 2, timeout=0.3)) == {"answered": 0, "passed": 0, "failed": 0, "behind": 0}
    fresh.dnsdist.console('setACL("127.0.0.0/8")')
    assert fresh.answers() == ("answered", [generated(7) + "."])


def test_limits_come_first(tmp_path):
    """By the line of the shipped configuration, with a lower limit."""
    codes = []
    with front_of(tmp_path, rules="addAction(MaxQPSIPRule(1, 32, 48), RCodeAction(DNSRCode.REFUSED))") as front:
        time.sleep(1)
        counts = front.counted(lambda: codes.extend(replied(front, 40)))
        assert codes.count("REFUSED") >= 30 and counts["answered"] == codes.count("NOERROR") > 0 and counts["passed"] == 0


DYNAMIC = """
local limits = dynBlockRulesGroup()
limits:set%s(20, 2, "too many", 60, DNSAction.Refused)
called = 0
function maintenance() called = called + 1 limits:apply() end"""


def test_dynamic_blocks_of_your_own_maintenance_come_first(tmp_path):
    with front_of(tmp_path, rules=DYNAMIC % "QueryRate") as front:
        front.dnsdist.ask_many([(f"{n % 256}.{REVERSE}", "PTR") for n in range(600)])
        wait_for(lambda: replied(front, 1) == ["REFUSED"])
        assert front.counted(lambda: replied(front, 5)) == {"answered": 0, "passed": 0, "failed": 0, "behind": 0}
        assert int(front.dnsdist.console("tostring(called)")) > 0


def test_pools_and_answers_of_other_rules_come_first(tmp_path):
    rules = f"""addAction("{DYN}", SpoofAction("203.0.113.9"))
addAction("8.{REVERSE}", PoolAction(""))"""
    with front_of(tmp_path, rules=rules) as front:
        counts = front.counted(lambda: assert_answer(front.ask(generated(7), "A"), "A", ["203.0.113.9"]))
        assert counts == {"answered": 0, "passed": 0, "failed": 0, "behind": 0}
        counts = front.counted(lambda: assert_answer(front.ask(f"8.{REVERSE}", "PTR"), "PTR", [generated(8) + "."]))
        assert counts == {"answered": 0, "passed": 0, "failed": 0, "behind": 1}
        assert front.answers() == ("answered", [generated(7) + "."])


def test_a_rule_says_which_names_may_be_answered(tmp_path):
    with front_of(tmp_path, given=f', rule = NotRule(makeRule("{DYN}"))') as front:
        assert front.answers() == ("answered", [generated(7) + "."])
        counts = front.counted(lambda: front.ask(generated(7), "A"))
        assert counts == {"answered": 0, "passed": 0, "failed": 0, "behind": 1}


# --- counters ---------------------------------------------------------------------------------------------------------

def test_counters_are_on_the_console_and_in_the_rules(fresh):
    before = fresh.dnsdist.counters()
    passed = [question for question in PASSED if question[1] != "ANY"]    # over UDP PowerDNS wants that over TCP
    fresh.dnsdist.ask_many(OURS * 20 + passed * 10)
    after = fresh.dnsdist.said()
    assert int(after["answered"]) - before["answered"] == 20 * len(OURS) and after["failed"] == "0"
    assert int(after["passed"]) - before["passed"] == 10 * len(passed) and after["store"] == "in order"
    [rule] = [line.split() for line in fresh.dnsdist.console("showRules()").splitlines() if "per-thread" in line]
    assert rule[1] == "ptrd" and int(rule[2]) == int(after["answered"]) + int(after["passed"])


# What dnsdist 1.8.1 and 2.0 have beside 1.7.3, as their documentation says it is.
LATER = """
metrics, callbacks = {}, {}
function declareMetric(name, kind, text) assert(kind == "counter" and text) metrics[name] = 0 return true end
function incMetric(name, step) metrics[name] = metrics[name] + step return metrics[name] end"""
LATER_STILL = LATER + """
function addMaintenanceCallback(callback) callbacks[#callbacks + 1] = callback end
function maintenance() for _, callback in ipairs(callbacks) do callback() end end"""


@pytest.mark.parametrize("rules", [LATER, LATER_STILL])
def test_counters_are_metrics_of_later_versions(tmp_path, rules):
    with front_of(tmp_path, rules=rules) as front:
        front.dnsdist.ask_many(OURS * 5 + PASSED)
        counts = front.dnsdist.counters()
        assert counts["answered"] == 5 * len(OURS)
        read = "table.concat({metrics['ptrd-answered'], metrics['ptrd-passed'], metrics['ptrd-failed']}, ' ')"
        wait_for(lambda: front.dnsdist.console(read).split() == [str(n) for n in counts.values()])


# --- a store that changes ---------------------------------------------------------------------------------------------

def test_a_load_is_answered_at_the_next_question(fresh):
    for n in range(5):
        fresh.store.load(ZONES.replace("{ip}.dyn", f"{{ip}}-{n}.dyn").replace("192.0.2.80", f"192.0.2.{n}"))
        assert fresh.answers() == ("answered", [f"198-51-100-7-{n}.{DYN}."])
        assert fresh.answers(f"www.{ISP}", "A") == ("answered", [f"192.0.2.{n}"])


def test_edits_are_answered_at_the_next_question(fresh):
    fresh.pdns.pdnsutil("add-record", REVERSE, "7", "PTR", "120", "host.customer.example")
    assert fresh.answers() == ("answered", ["host.customer.example."])
    fresh.pdns.nsupdate(f"zone {ISP}", f"update add new.{ISP}. 60 A 192.0.2.200")
    assert fresh.answers(f"new.{ISP}", "A") == ("answered", ["192.0.2.200"])
    fresh.pdns.pdnsutil("delete-rrset", REVERSE, "7", "PTR")
    assert fresh.answers() == ("answered", [generated(7) + "."])


def test_a_zone_that_is_signed_is_passed_on_at_once(fresh):
    assert fresh.answers()[0] == "answered"
    fresh.pdns.pdnsutil("secure-zone", REVERSE)
    assert fresh.answers()[0] == "passed" and fresh.answers(generated(7), "A")[0] == "answered"
    fresh.pdns.pdnsutil("disable-dnssec", REVERSE)
    assert fresh.answers()[0] == "answered"


def test_without_pdns_server_our_names_are_answered(fresh):
    fresh.pdns.stop()
    assert rows(fresh.ask(SEVEN, "PTR")) == [("PTR", generated(7) + ".")]


# --- stores that go and come ------------------------------------------------------------------------------------------

HEALTHY = ("answered", [generated(7) + "."])
BEHIND = ("failed", [generated(7) + "."])    # the store fails, so that pdns_server is asked


def is_mended(front, by=HEALTHY):
    """It answers by itself again, without a restart."""
    wait_for(lambda: front.answers() == by)


def test_a_store_removed_and_restored(apart, tmp_path):
    assert apart.answers() == HEALTHY
    aside = tmp_path / "aside"
    for round_number in range(3):
        apart.store.dir.rename(aside)
        wait_for(lambda: apart.answers() == BEHIND)
        if round_number == 0:
            wait_for(lambda: "No such file or directory; everything is passed on" in apart.dnsdist.log())
        replies = apart.dnsdist.ask_many([(f"{n}.{REVERSE}", "PTR") for n in range(200)])
        names = ["mail.customer.example." if n == 25 else generated(n) + "." for n in range(200)]
        assert [rows(reply) for reply in replies] == [[("PTR", name)] for name in names]
        aside.rename(apart.store.dir)
        is_mended(apart)
    wait_for(lambda: apart.dnsdist.said()["store"] == "in order")
    wait_for(lambda: own_lines(apart)[-1] == f"ptrd: answering from {apart.store.dir}")
    assert len(own_lines(apart)) < 12   # one for each change, not for each question


def own_lines(front):
    return [line for line in front.dnsdist.log().splitlines() if line.startswith("ptrd: ")]


def test_a_store_replaced_by_another(apart, tmp_path):
    Store(tmp_path / "other").load(ZONES.replace("{ip}.dyn", "{ip}-other.dyn"))
    assert apart.answers() == HEALTHY
    apart.store.dir.rename(tmp_path / "aside")
    (tmp_path / "other").rename(apart.store.dir)
    is_mended(apart, ("answered", [f"198-51-100-7-other.{DYN}."]))
    apart.store.dir.rename(tmp_path / "other")
    (tmp_path / "aside").rename(apart.store.dir)
    is_mended(apart)


def replace(path, content, mode=0o640):
    new = path.with_name("new")
    new.write_bytes(content)
    new.chmod(mode)
    new.rename(path)


def test_a_truncated_store_and_other_garbage(apart):
    """Copies, put in the place of the store by rename(2)."""
    data, rng = apart.store.dir / "data.mdb", random.Random(3)
    good = data.read_bytes()
    for garbage in (b"", b"no store", good[:4096], good[:len(good) // 2], good[:-4096], rng.randbytes(1 << 16)):
        replace(data, garbage)
        wait_for(lambda: apart.answers() == BEHIND)
        assert apart.answers(f"www.{ISP}", "A") == ("failed", ["192.0.2.80"])
        replace(data, good)
        is_mended(apart)


@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user")
def test_a_store_that_may_not_be_read():
    """dnsdist as a user of its own, in the group of the store, as the README has it. The lock file of a data.mdb that was replaced
    alone is made by ptrd, as dnsdist may not write into the directory."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="front-"))    # tmp_path is for one user alone
    place.chmod(0o755)
    store = place / "db"
    store.mkdir(0o750)
    shutil.chown(store, group="nogroup")
    try:
        with front_of(place, user=("nobody", "nogroup")) as front:
            assert front.answers() == HEALTHY
            data = store / "data.mdb"
            assert data.stat().st_mode & 0o777 == 0o640
            good = data.read_bytes()
            for _ in range(2):
                replace(data, good, 0o600)
                wait_for(lambda: front.answers() == BEHIND)
                assert "Permission denied" in front.dnsdist.said()["store"]
                replace(data, good)
                shutil.chown(data, group="nogroup")
                is_mended(front)
            store.chmod(0o700)
            wait_for(lambda: front.answers() == BEHIND)
            store.chmod(0o750)
            is_mended(front)
            front.store.load(ZONES.replace("{ip}.dyn", "{ip}-later.dyn"))
            is_mended(front, ("answered", [f"198-51-100-7-later.{DYN}."]))
    finally:
        shutil.rmtree(place)


def test_a_store_that_is_missing_at_the_start(tmp_path):
    behind, late = Store(tmp_path / "behind").load(ZONES), Store(tmp_path / "late")
    with Ptrd(behind.dir) as ptrd, Pdns(ptrd.socket, EDITING) as pdns, Dnsdist(pdns.port, late.dir) as front:
        assert rows(front.ask(SEVEN, "PTR")) == [("PTR", generated(7) + ".")] and front.counters()["answered"] == 0
        assert "No such file" in front.said()["store"]
        late.load(ZONES)
        wait_for(lambda: front.ask(SEVEN, "PTR") and front.counters()["answered"] > 0)
        front.assert_alive()


def test_no_question_is_lost_while_stores_come_and_go(apart, tmp_path):
    """Each gets the right answer, from the one or from the other."""
    data, aside = apart.store.dir / "data.mdb", tmp_path / "aside"
    good = data.read_bytes()

    def disturb():
        for round_number in range(60):
            if round_number % 4 == 0:
                apart.store.dir.rename(aside)
                time.sleep(0.02)
                aside.rename(apart.store.dir)
            else:
                replace(data, good[:len(good) // 2])
                time.sleep(0.02)
                replace(data, good)
            time.sleep(0.02)

    counts, wrong, asked = apart.dnsdist.counters(), [], 0
    disturber = threading.Thread(target=disturb)
    disturber.start()
    while disturber.is_alive():
        questions = [(f"{n}.{REVERSE}", "PTR") for n in range(100, 200)]
        replies = apart.dnsdist.ask_many(questions, window=8)
        wrong += [reply.to_text() for n, reply in enumerate(replies, 100) if rows(reply) != [("PTR", generated(n) + ".")]]
        asked += len(questions)
    disturber.join()
    assert not wrong, wrong[0]
    now = apart.dnsdist.counters()
    assert sum(now.values()) - sum(counts.values()) >= asked
    assert now["failed"] > counts["failed"] and now["answered"] > counts["answered"]
    is_mended(apart)


# --- nothing in it can take dnsdist down ------------------------------------------------------------------------------

@pytest.mark.parametrize("change, message", [
    (("abi == 1", "abi == 2"), "dnsdist-ptrd.lua speaks ABI 1, the library 1: install both from one version"),
    (("given.library or", '"/nowhere/libptrd.so" or'), "/nowhere/libptrd.so: cannot open shared object file"),
    (('require("ffi")', 'require("effi")'), "module 'effi' not found"),
    (("ptrd_answer_in", "ptrd_answer_of"), "undefined symbol: ptrd_answer_of"),
    (('"get_len"', '"get_length"'), "missing declaration for symbol 'dnsdist_ffi_dnsquestion_get_length'"),
    (('"get_header"', '"get_qtype"'), "get_qtype of this dnsdist is another one"),
    (("local ffi, lib, host, answer_in = ", "error('in a thread') local ffi, lib, host, answer_in = "), None),
])
def test_what_does_not_fit_is_named_in_the_log_and_all_is_passed_on(front, tmp_path, change, message):
    text = LUA.read_text()
    assert change[0] in text
    lua = tmp_path / "dnsdist-ptrd.lua"
    lua.write_text(text.replace(*change))
    with Dnsdist(front.pdns.port, front.store.dir, lua=lua) as other:
        for _ in range(3):
            assert rows(other.ask(SEVEN, "PTR")) == [("PTR", generated(7) + ".")]
        if message:
            assert message in other.log() and "everything is passed on" in other.log()
        else:
            assert other.counters()["answered"] == 0
        other.assert_alive()


def test_the_check_of_the_configuration_does_not_touch_the_store(front, tmp_path):
    empty, conf = tmp_path / "empty", tmp_path / "dnsdist.conf"
    empty.mkdir()
    conf.write_text(front.dnsdist.conf.read_text().replace(str(front.store.dir), str(empty)))
    assert str(empty) in conf.read_text()
    assert "OK!" in run_tool("/usr/bin/dnsdist", "-C", conf, "--check-config", env=front.dnsdist.environment)
    assert list(empty.iterdir()) == []


def test_it_ends_in_order(front):
    """By the command of the console. Debian's unit ends it by SIGTERM, which dnsdist does not handle."""
    with Dnsdist(front.pdns.port, front.store.dir, udp_threads=2) as other:
        assert all(rcode(reply) in ("NOERROR", "NXDOMAIN") for reply in other.ask_many(OURS * 10))
        with contextlib.suppress(Tool):     # its connection ends too
            other.console("shutdown()")
        assert other.process.wait(10) == 0 and "Sanitizer" not in other.log()


# --- what pdns_server wants to know of who asks -----------------------------------------------------------------------

def test_transfers_go_through_it(tmp_path):
    """Permitted by the address of who asks, of which PowerDNS is told by the proxy protocol."""
    store, source = Store(tmp_path / "db").load(ZONES), ', source="127.0.0.9"'
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, {**EDITING, "proxy-protocol-from": "127.0.0.9"}) as told, \
            Pdns(ptrd.socket, {**EDITING, "allow-axfr-ips": ""}) as untold, \
            Dnsdist(told.port, store.dir, server=source + ", useProxyProtocol=true") as front:
        assert transfer(front, ISP) == transfer(told, ISP) and rows(front.ask(ISP, "SOA")) == rows(told.ask(ISP, "SOA"))
        with Dnsdist(untold.port, store.dir, server=source) as mute, pytest.raises(AssertionError, match="AXFR"):
            transfer(mute, ISP)
