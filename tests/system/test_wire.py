"""ptrd_answer, called as a front calls it, says what pdns_server says to the same octets: rcode, all flags, every section with its
TTLs, EDNS; over UDP and TCP. What it passes on is untouched. Thousands of names of every kind, header bits, EDNS in all forms."""
import collections
import ctypes
import os
import random
import socket
import struct

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from support.leaves import fragment
from support.modes import KINDS, SETTINGS, SIGNED, Modes, Question, questions, said
from support.pdns import Pdns
from support.ptrd import BUILD, Ptrd, Store
from support.twins import exchange

SEED = int(os.environ.get("PTRD_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
ROOM = 65535
ENTRY = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)


def sanitized():
    return any(name in (BUILD / "libptrd.so").read_bytes() for name in (b"__asan_init", b"__tsan_init"))


pytestmark = pytest.mark.skipif(sanitized(), reason="a sanitizer's run-time library has to be loaded first")


class Front:
    """A handle of libptrd in this process. .answer: octets, or None for what is passed on."""

    def __init__(self, directory):
        self.lib = ctypes.CDLL(str((BUILD / "libptrd.so").resolve()))
        self.lib.ptrd_open.restype = ctypes.c_void_p
        self.handle = ctypes.c_void_p(self.lib.ptrd_open(str(directory).encode(), b"off"))
        self.entry = ENTRY(("ptrd_answer", self.lib))

    def answer(self, query, stream):
        before = query + b"\xa5" * (ROOM - len(query))
        packet = ctypes.create_string_buffer(before, ROOM)
        length = self.entry(self.handle, packet, len(query), ROOM, stream)
        assert 0 <= length <= ROOM
        assert packet.raw[length:] == before[length:]
        return packet.raw[:length] or None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.ptrd_close(self.handle)


# --- names of every kind ----------------------------------------------------------------------------------------------

class SafeMode(Modes):
    def _makers(self):
        return {}


def more_of_ours(rng, asked):
    """The questions, more of them of the types that are answered."""
    kept = [question.rdtype if rng.random() < 0.5 else rng.choice(["PTR", "A", "AAAA", "MX"]) for question in asked]
    return [Question(question.kind, question.name, rdtype, question.form) for question, rdtype in zip(asked, kept)]


def in_signed_zone(name):
    return any(name == zone or name.endswith("." + zone) for zone in SIGNED)


def test_names_of_every_kind_are_answered_as_by_pdns(tmp_path, long_test):
    wrong, seen, passed = [], collections.Counter(), collections.Counter()
    with SafeMode(tmp_path) as modes, Front(modes.store.dir) as front:
        asked = more_of_ours(random.Random(SEED), questions(modes.zones, random.Random(SEED), 40000 if long_test else 4000))
        queries = [question.wire() for question in asked]
        for question, query, theirs in zip(asked, queries, exchange(modes.servers["safe"], queries)):
            ours = front.answer(query, 1)
            if ours is None:
                passed[question.kind] += 1
                continue
            code, flags, answer, *_ = heard = said(ours)
            seen[code, answer[0].split()[3] if answer else ""] += 1
            assert "AA" in flags and ours[12:].startswith(query[12:12 + len(question.name.to_wire()) + 4])
            assert not in_signed_zone(question.name.to_text(omit_final_dot=True).lower()), f"{question}, seed {SEED}"
            if heard != said(theirs):
                wrong.append(f"{question}:\n  ours {heard}\n  pdns {said(theirs)}")
    print(f"{len(asked)} questions, answered {dict(seen)}, passed on {dict(passed)}; seed {SEED}")
    assert not wrong, f"{len(wrong)} of {len(asked)}, seed {SEED}\n" + "\n".join(wrong[:10])
    assert min(seen[key] for key in (("NOERROR", "ptr"), ("NOERROR", ""), ("NXDOMAIN", ""))) > 10, seen
    assert sum(seen.values()) > len(asked) / 5 and min(passed[kind] for kind in KINDS) > 10


# --- octets -----------------------------------------------------------------------------------------------------------

SIZES = [1, 2, 28, 29, 30, 31, 73, 74, 75, 76, 200]
ZONES = """zones:
  - name: isp.example
    soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 10800, retry: 3600, expire: 604800, minimum: 300}
    ns: [ns.out.example]
    records:
""" + "".join(f"      - {{name: n{size:03}, type: A, content: [{', '.join(f'10.0.{size}.{i}' for i in range(size))}]}}\n" for size in SIZES) + """
      - {name: points, type: PTR, content: "Mixed.Case.example"}
  - {name: small.example, ttl: 60, soa: {mname: ., rname: 'a\\.b.small.example', refresh: 1, retry: 2, expire: 3, minimum: 4000}, ns: [ns.out.example]}
  - {prefix: 198.51.100.0/24, ttl: 100, soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 1, retry: 2, expire: 3, minimum: 4}, ns: [ns.out.example]}
  - {prefix: "2001:db8::/32", ttl: 100, soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 1, retry: 2, expire: 3, minimum: 4}, ns: [ns.out.example]}
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.isp.example", ttl: 600}
  - {prefix: "2001:db8::/32", name: "{ip}.isp.example", ttl: 601}
  - {prefix: "2001:db8:c::/48", name: none}
ptrs:
  198.51.100.25: {names: [mail.small.example, b.out.example, a.out.example], ttl: 300, forward: auto}
  198.51.100.26: {names: [mail.small.example], ttl: 200, forward: auto}
  "2001:db8:c::5": {names: [mail.small.example], ttl: 250, forward: auto}
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("wire") / "db").load(ZONES)
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, {**fragment("pdns-safe.conf"), **SETTINGS}) as pdns, Front(store.dir) as front:
        yield pdns, front


def query(name, qtype=1, flags=0x0100, opt=b"", records=None):
    wire = b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"
    return struct.pack("!6H", 77, flags, 1, 0, 0, bool(opt) if records is None else records) + wire + struct.pack("!2H", qtype, 1) + opt


def opt(payload=1232, flags=0, options=b""):
    return struct.pack("!BHHIH", 0, 41, payload, flags, len(options)) + options


def option(code, octets):
    return struct.pack("!2H", code, len(octets)) + octets


def udp(pdns, packet):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(packet, (pdns.address, pdns.port))
        return s.recv(65535)


def assert_same(both, packet):
    """Over UDP: answered, and as pdns does."""
    pdns, front = both
    ours, theirs = front.answer(packet, 0), udp(pdns, packet)
    assert ours is not None, packet.hex()
    assert ours[:4] == theirs[:4] and said(ours) == said(theirs), f"\n{ours.hex()}\n{theirs.hex()}"


@pytest.mark.parametrize("name, qtype", [("N001.Isp.example", 1), ("n001.isp.example", 15), ("isp.example", 12), ("no.ISP.example", 28),
                                         ("a.b.c.small.example", 1)])
def test_flags_of_the_query(both, name, qtype):
    for flags in range(0, 0x140, 0x10):
        if flags & 0xc0 == 0:
            assert_same(both, query(name, qtype, flags))
            assert_same(both, query(name, qtype, flags, opt(flags=0x8000)))


NAMES = ["7.100.51.198.in-addr.arpa", "25.100.51.198.in-addr.arpa", "100.51.198.in-addr.arpa", "5" + ".0" * 15 + ".0.0.0.0.c.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
         "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.IP6.arpa", "2" + ".0" * 15 + ".0.0.0.0.c.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "0.0.0.8.B.D.0.1.0.0.2.ip6.ARPA",
         "198-51-100-7.isp.example", "2001-0DB8-0000-0000-0000-0000-0000-0001.isp.example", "mail.small.example", "points.isp.example", "198-51-100-007.isp.example",
         "64/26.100.51.198.in-addr.arpa", "_x.7.100.51.198.in-addr.arpa"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_generated_derived_and_explicit(both, name):
    for qtype in (1, 28, 12, 16, 5, 33, 65, 39, 6, 99, 127, 256, 32768):
        if (name, qtype) != ("100.51.198.in-addr.arpa", 6):
            assert_same(both, query(name, qtype, opt=opt()))


def test_edns(both):
    for payload in (0, 1, 511, 512, 513, 1231, 1232, 1233, 4096, 65535):
        assert_same(both, query("n001.isp.example", opt=opt(payload)))
    for bit in range(16):
        assert_same(both, query("n001.isp.example", opt=opt(flags=1 << bit)))
    for code in {*range(21), 65001, 65535} - {3}:
        assert_same(both, query("n001.isp.example", opt=opt(options=option(code, b"12345678") + option(12, bytes(9)))))
    assert_same(both, query("n001.isp.example", opt=opt(options=option(8, b"\0\1\x18\0\xc0\0\2"))))     # a client's subnet


def test_what_pdns_answers_otherwise_is_passed_on(both):
    pdns, front = both
    usual = udp(pdns, query("n001.isp.example", opt=opt()))[-11:]
    for packet in (query("n001.isp.example", opt=opt(options=option(3, b""))), query("n001.isp.example", opt=opt(flags=1 << 16))):
        assert udp(pdns, packet)[-11:] != usual and front.answer(packet, 0) is None


def test_what_fits_over_udp_is_what_pdns_sends_whole(both):
    pdns, front = both
    heard = collections.Counter()
    for size in SIZES:
        for edns in (b"", *(opt(payload) for payload in (100, 512, 513, 600, 1200, 1232, 1233, 4096))):
            packet = query(f"n{size:03}.isp.example", opt=edns)
            theirs, ours = udp(pdns, packet), front.answer(packet, 0)
            cut = bool(dns.message.from_wire(theirs, ignore_trailing=True).flags & dns.flags.TC)
            assert (ours is None) == cut, (size, edns)
            assert cut or said(ours) == said(theirs)
            heard[cut] += 1
    assert min(heard.values()) > 20, heard


def test_over_a_stream_all_of_it_fits(both):
    pdns, front = both
    packets = [query(f"n{size:03}.isp.example", opt=edns) for size in SIZES for edns in (b"", opt(512))]
    for packet, theirs in zip(packets, exchange(pdns, packets)):
        assert said(front.answer(packet, 1)) == said(theirs)
