"""Distinct names by the hundred thousand: the memory of pdns_server and ptrd stays within what the caches' settings allow, and
ptrd's own does not grow at all."""
import contextlib
import pathlib
import random
import re
import socket
import struct
import time

import pytest

from support.inprocess import InProcess
from support.leaves import fragment
from support.modes import INSIDE_LEAVES
from support.pdns import Pdns
from support.ptrd import Ptrd, Store
from support.zones import HEAD, ISP_ZONES

ZONES = HEAD + ISP_ZONES + 'blocks:\n  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}\n'
NIBBLE = [b"\x01" + f"{n:x}".encode() for n in range(16)]
TAIL = b"\x018\x01b\x01d\x010\x011\x010\x010\x012\x03ip6\x04arpa\x00" + struct.pack("!HH", 12, 1)
WINDOW = 200


def query(number, ident):
    """PTR of address `number` of 2001:db8::/32, without EDNS."""
    labels = b"".join(NIBBLE[number >> 4 * i & 15] for i in range(24))
    return struct.pack("!HHHHHH", ident, 0, 1, 0, 0, 0) + labels + TAIL


def ask_distinct(server, numbers):
    """One question each, a window at a time; how many had one answer."""
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((server.address, server.port))
        udp.settimeout(2)
        for start in range(0, len(numbers), WINDOW):
            waiting = {i: query(number, i) for i, number in enumerate(numbers[start:start + WINDOW])}
            for _ in range(5):      # a full socket buffer may lose a datagram
                for octets in waiting.values():
                    udp.send(octets)
                try:
                    while waiting:
                        reply = udp.recv(1500)
                        ident, flags, _, count = struct.unpack("!HHHH", reply[:8])
                        answered += waiting.pop(ident, None) is not None and count == 1 and flags & 15 == 0
                except TimeoutError:
                    continue
                break
    return answered


def anonymous(pid):
    """Memory of a process that no file stands behind, in MB."""
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


# What one entry takes, in bytes, with room for another allocator: measured 580 in the packet cache and 230 in the metadata
# cache. PowerDNS prunes the latter every 100,000 questions, but not within 30 s of the last time.
PACKET, METADATA, PRUNED_S, SLACK_MB = 800, 300, 60, 8


def bound(settings, names, seconds):
    """What a server may grow by, in MB: packets up to their number, metadata of leaves up to theirs and what came since the
    last pruning."""
    held = min(names, int(settings["max-packet-cache-entries"])) * PACKET
    if int(settings.get("zone-metadata-cache-ttl", 60)) > 0 and "zone-cache-refresh-interval" in settings:
        late = names * min(1, PRUNED_S / seconds) + 100000
        held += min(names, int(settings["max-cache-entries"]) + late) * METADATA
    return SLACK_MB + held / 1e6


INSIDE = {key: value for key, value in fragment("pdns-in-process.conf").items() if key != "lua2-filename"}
MODES = {"fast": fragment("pdns-fast.conf"), "inside": INSIDE, "inside-leaves": {**INSIDE, **INSIDE_LEAVES}}


@contextlib.contextmanager
def running(directory, mode, settings):
    store = Store(directory / "db").load(ZONES)
    leaf = "off" if mode == "inside" else "ipv6"
    with Ptrd(store.dir, args=["--leaf", leaf]) as ptrd:
        with Pdns(ptrd.socket, settings) if mode == "fast" else InProcess(store.dir, ptrd.socket, settings, leaf=leaf) as server:
            yield server, ptrd


@pytest.mark.parametrize("mode", MODES)
def test_distinct_names(tmp_path, mode, long_test):
    """Two million names with the shipped settings; in the short form fewer, and caches as much smaller."""
    total, rng, settings = 2000000 if long_test else 25000, random.Random(12), dict(MODES[mode])
    settings.setdefault("max-cache-entries", "1000000")     # PowerDNS's default
    if not long_test:
        settings.update({key: int(settings[key]) // 50 for key in ("max-cache-entries", "max-packet-cache-entries")})
    with running(tmp_path, mode, settings) as (server, ptrd):
        pids = server.process.pid, ptrd.pid
        assert ask_distinct(server, [rng.getrandbits(96) for _ in range(1000)]) == 1000
        before, begun = [anonymous(pid) for pid in pids], time.monotonic()
        for part in range(1, 11):
            assert ask_distinct(server, [rng.getrandbits(96) for _ in range(total // 10)]) == total // 10
            grown, seconds = [anonymous(pid) - old for pid, old in zip(pids, before)], time.monotonic() - begun
            permitted = bound(settings, part * total // 10, seconds)
            print(f"{mode}: {part * total // 10} names in {seconds:.0f} s, MB more: pdns_server {grown[0]:.1f} of "
                  f"{permitted:.1f}, ptrd {grown[1]:.1f}")
            assert grown[0] < permitted and grown[1] < 1
