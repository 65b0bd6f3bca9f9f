"""Instructions a request, and requests on the socket without PowerDNS, as figures.py counts them."""
import types

import figures
import front_counts

SECTIONS = ("lookups", "socket")


def lines(setup, everyone, chosen):
    table = figures.Table()
    bench = figures.Bench(setup.directory("figures"), table, types.SimpleNamespace(seed=chosen.seed, long=chosen.long))
    for name in SECTIONS:
        if name in figures.SECTIONS:
            figures.SECTIONS[name](bench)
    yield from table.text().rstrip().splitlines()
    yield ""
    yield from front_counts.lines(setup, everyone, chosen)
