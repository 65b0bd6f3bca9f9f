"""The kinds of questions, files of them for dnsperf, and what is right for each."""
import itertools
import random

import world

# kind -> what it is, for the table
KINDS = {
    "ptr6": "cold random IPv6 PTR in a /32",
    "ptr4": "cold random IPv4 PTR in /16 zones",
    "aaaa": "cold random forward AAAA",
    "zipf": "Zipf mix, caches on",
    "dark": "flood of absent full-length names in our zones",
    "outside": "flood of names in no zone of ours",
    "outside6": "flood of IPv6 reverse names in no zone of ours",
}
ZIPF_NAMES = 100000


def _outside(rng):
    return f"{rng.getrandbits(40):010x}.{rng.getrandbits(16):04x}.elsewhere.example A"


def _outside6(rng):
    return f"{world.labels6(f'2a00{rng.getrandbits(112):028x}')}.ip6.arpa PTR"


class Source:
    """Questions of all kinds, never the same cold one twice. pool: only names of it (what static candidates hold)."""

    def __init__(self, seed, pool=None):
        rng = self.rng = random.Random(seed)
        if pool:
            six, four = pool.six[:], pool.four[:]
            rng.shuffle(six)
            rng.shuffle(four)
            part = len(six) * 2 // 5
            self.six, self.aaaa, self.spare6 = iter(six[:part]), iter(six[part:2 * part]), six[2 * part:]
            self.four = iter(four)
        else:
            self.six = self.aaaa = (rng.getrandbits(96) for _ in itertools.count())
            self.spare6, self.four = None, self._all_four()

    def _all_four(self):
        """All IPv4 addresses of the world in random order: a walk by an odd step through a power of two, scrambled."""
        multiplier, offset = self.rng.randrange(1, world.V4_COUNT, 2), self.rng.randrange(world.V4_COUNT)
        for n in range(world.V4_COUNT):
            n = (n * multiplier + offset) % world.V4_COUNT
            n ^= n >> 9
            yield n * 0x5851 % world.V4_COUNT

    def _zipf_universe(self, count):
        pick = self.rng.choice
        for n in range(count):
            part = n * 13 % 20  # the popular ones are of all kinds too
            six = pick(self.spare6) if self.spare6 else self.rng.getrandbits(96)
            if part < 10:
                yield f"{world.ptr6(six)} PTR"
            elif part < 16:
                yield f"{world.ptr4(pick(self.zipf4))} PTR"
            elif part < 19:
                yield f"{world.name6(six)} AAAA"
            else:
                yield f"{world.dark6(self.rng.getrandbits(95))} PTR"

    def _zipf(self, count):
        """count draws, rank r with weight 1/r, from names that are not those of the cold kinds."""
        self.zipf4 = list(itertools.islice(self.four, 20000))
        universe = list(self._zipf_universe(min(ZIPF_NAMES, count)))
        weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(universe))))
        return self.rng.choices(universe, cum_weights=weights, k=count)

    def lines(self, kind, count):
        """At most count lines `NAME TYPE`: fewer where the kind has no more that were not asked."""
        rng = self.rng
        makers = {
            "ptr6": lambda: (f"{world.ptr6(n)} PTR" for n in self.six),
            "ptr4": lambda: (f"{world.ptr4(n)} PTR" for n in self.four),
            "aaaa": lambda: (f"{world.name6(n)} AAAA" for n in self.aaaa),
            "zipf": lambda: self._zipf(count),
            "dark": lambda: (f"{world.dark6(rng.getrandbits(95))} PTR" for _ in itertools.count()),
            "outside": lambda: (_outside(rng) for _ in itertools.count()),
            "outside6": lambda: (_outside6(rng) for _ in itertools.count()),
        }
        return list(itertools.islice(makers[kind](), count))


class Files:
    """Files of questions for one round: the same for all candidates but those that hold only the pool."""

    def __init__(self, directory, seed, pool, count, checked):
        self._directory, self._count, self._checked = directory, count, checked
        self._sources = {False: Source(f"{seed} any"), True: Source(f"{seed} pool", pool)}
        # so many that the pool lasts for what is asked plainly and with DO
        self._pool_count = min(count, len(pool.six) // 5 - checked, (len(pool.four) - 50000) // 2 - checked)
        self._made = {}

    def get(self, candidate, kind, dnssec):
        """(file, lines to check before it is asked); made when it is first wanted."""
        key = candidate.static, kind, dnssec
        if key not in self._made:
            source = self._sources[candidate.static]
            lines = source.lines(kind, (self._pool_count if candidate.static else self._count) + self._checked)
            path = self._directory / f"{'pool-' if candidate.static else ''}{kind}{'-do' if dnssec else ''}"
            path.write_text("\n".join(lines[self._checked:]) + "\n")
            self._made[key] = path, lines[:self._checked]
        return self._made[key]

    def remove(self):
        for path, _ in self._made.values():
            path.unlink()
