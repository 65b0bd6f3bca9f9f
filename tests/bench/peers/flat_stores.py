"""Two stores with the same zones to ask about: one has a single block, the other is large.

The large one has the world of peers.py in many blocks, IPv4 zones and blocks with templates of their own beside it,
customers' forward zones, and overrides of both families, most of them in the /32 that is asked about."""
import random
import time

import measure
import world
from support.ptrd import run

LOAD_TIMEOUT_S = 900


class Size:
    """How much the large store holds."""

    def __init__(self, overrides, blocks, zones):
        self.overrides, self.blocks, self.zones = overrides, blocks, zones

    def title(self):
        return f"{self.overrides:,} overrides, {self.blocks:,} blocks, {self.zones:,} zones"


def net24(n):
    """The n-th /24 of 100.64.0.0/10, a zone each, as text without its last octet."""
    return f"100.{64 + (n >> 8)}.{n & 255}"


def large_zones(size):
    """(lines of zones, lines of blocks, number of /24 zones)."""
    nets = size.zones // 2
    hosts = size.zones - nets - len(world.APEXES)
    zones = [f"  - prefix: {net24(n)}.0/24\n" for n in range(nets)]
    zones += [f"  - name: c{n}.customer.example\n" for n in range(hosts)]
    # four tenths: /26 with templates of their own; the rest: /48 in the /32 that is asked about, beside the world's
    own = size.blocks * 4 // 10
    blocks = [f'  - {{prefix: "{net24(n // 4)}.{n % 4 * 64}/26", name: "h{n}-{{4}}.{world.FORWARD}"}}\n' for n in range(own)]
    prefixes = [world.V6_PREFIX, world.LIT_PREFIX, *world.V4_PREFIXES]
    rest = size.blocks - own - len(prefixes)
    prefixes += [f"2001:db8:{n * 65536 // rest:x}::/48" for n in range(rest)]
    blocks += [f'  - {{prefix: "{p}", name: "{{ip}}.{world.FORWARD}"}}\n' for p in prefixes]
    return "".join(zones), "".join(blocks), nets


def explicit6(rng):
    """Below 2001:db8:8000::/33; the number of the address."""
    return rng.getrandbits(95) | 1 << 95


def target(n):
    return f"static-{n:08}.customer.example"  # 32 characters


def write_overrides(path, size, nets):
    """A fifth is IPv4; order is that of chance in IPv6. Returns some of the IPv6 ones, (number, target)."""
    rng = random.Random("overrides")
    four, every, kept = min(size.overrides // 5, nets * 200), max(1, size.overrides // 400_000), []
    with path.open("w") as out:
        for n in range(four):
            out.write(f"{net24(n // 200)}.{n % 200},{target(n)}\n")
        for n in range(four, size.overrides):
            number = explicit6(rng)
            out.write(f"{world.groups(number, ':')},{target(n)}\n")
            if n % every == 0:
                kept.append((number, target(n)))
    return kept


class Stores:
    """.one and .large; .explicit are overrides to ask for."""

    def __init__(self, setup, size):
        directory = setup.directory("flat")
        self.one, self.large = directory / "one", directory / "large"
        one = f'  - {{prefix: "{world.V6_PREFIX}", name: "{{ip}}.{world.FORWARD}"}}\n'
        self._load(directory / "one.yaml", world.zones_yaml(blocks=one), self.one)
        zones, blocks, nets = large_zones(size)
        self.explicit = write_overrides(directory / "overrides.csv", size, nets)
        self._load(directory / "large.yaml", world.zones_yaml(zones, blocks, "overrides.csv"), self.large)
        (directory / "overrides.csv").unlink()

    def _load(self, file, text, store):
        file.write_text(text)
        start = time.monotonic()
        run("ptrctl", "load", file, "--db", store, timeout=LOAD_TIMEOUT_S)
        measure.say(f"flat: store `{store.name}` loaded in {time.monotonic() - start:.1f} s")
