"""Two stores with the same zones to ask about: one has a single block, the other is large.

The large one has the world of peers.py in many blocks, IPv4 zones and blocks with templates of their own beside it,
customers' forward zones, and overrides of both families, most of them in the /32 that is asked about."""
import random
import time

import measure
import world
from support.ptrd import run

LOAD_TIMEOUT_S = 900
HOSTS = 64               # overrides in a /64
KEPT = 400_000         # overrides to choose questions from
KNOT_V4_APEX = "100.in-addr.arpa"


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


def overrides6(rng, count):
    """Numbers of addresses, HOSTS in a /64: a node for each ENT above them takes Knot 6.4 kB an address where each has a
    /64 of its own, and 0.6 kB so. What ptrd does for an override is the same in both."""
    nets = rng.sample(range(1 << 31), count // HOSTS + 1)
    for at in range(count):
        yield (1 << 31 | nets[at // HOSTS]) << 64 | at % HOSTS + 1


def target(n):
    return f"static-{n:08}.customer.example"  # 32 characters


class Overrides:
    """Writes them as a CSV, and as master files for Knot. A fifth is IPv4. kept: some of the IPv6 ones, (number, target)."""

    def __init__(self, directory, size, nets, for_knot):
        self.csv, self.kept, self.master_files = directory / "overrides.csv", [], {}
        self._four = min(size.overrides // 5, nets * 200)
        self._six = size.overrides - self._four
        self._every = max(1, size.overrides // KEPT)
        self._write_csv()
        if for_knot:
            for apex, rows in ((KNOT_V4_APEX, self._rows4()), (world.V6_APEX, self._rows6())):
                self.master_files[apex] = directory / apex
                with self.master_files[apex].open("w") as out:
                    out.write(f"$TTL 3600\n{world.master_head()}")
                    out.writelines(rows)

    def _numbers6(self):
        return zip(range(self._four, self._four + self._six), overrides6(random.Random("overrides"), self._six))

    def _write_csv(self):
        with self.csv.open("w") as out:
            for n in range(self._four):
                out.write(f"{net24(n // 200)}.{n % 200},{target(n)}\n")
            for n, number in self._numbers6():
                out.write(f"{world.groups(number, ':')},{target(n)}\n")
                if n % self._every == 0:
                    self.kept.append((number, target(n)))

    def _rows4(self):
        for n in range(self._four):
            _, second, third = net24(n // 200).split(".")
            yield f"{n % 200}.{third}.{second} PTR {target(n)}.\n"

    def _rows6(self):
        for n, number in self._numbers6():
            yield f"{world.labels6(f'{number:024x}')} PTR {target(n)}.\n"


class Stores:
    """.one and .large; .explicit are overrides to ask for; .master_files hold the same overrides for Knot."""

    def __init__(self, setup, size, for_knot):
        directory = setup.directory("flat")
        self.one, self.large = directory / "one", directory / "large"
        one = f'  - {{prefix: "{world.V6_PREFIX}", name: "{{ip}}.{world.FORWARD}"}}\n'
        self._load(directory / "one.yaml", world.zones_yaml(blocks=one), self.one)
        zones, blocks, nets = large_zones(size)
        overrides = Overrides(directory, size, nets, for_knot)
        self.explicit, self.master_files = overrides.kept, overrides.master_files
        self._load(directory / "large.yaml", world.zones_yaml(zones, blocks, overrides.csv.name), self.large)
        overrides.csv.unlink()

    def _load(self, file, text, store):
        file.write_text(text)
        start = time.monotonic()
        run("ptrctl", "load", file, "--db", store, timeout=LOAD_TIMEOUT_S)
        measure.say(f"flat: store `{store.name}` loaded in {time.monotonic() - start:.1f} s")
