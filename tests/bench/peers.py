#!/usr/bin/python3
"""ptrd in its modes beside the null responder, PowerDNS's LUA and static records, and Knot, on loopback.

    tests/bench/peers.py                                     # short: checks right answers, a minute
    tests/bench/peers.py --rounds 5 --seconds 2              # figures that mean something
    tests/bench/peers.py --long --out FILE --chart FILE      # that, and the large dataset and the memory: 80 minutes
    tests/bench/peers.py --only peers --candidates fast,null-leaf --kinds ptr6 --rounds 9 --seconds 2

Every candidate answers the same zones, is checked, and is driven by dnsperf; rounds go over all of them in random order. The
binding figure is the processor time (utime + stime) of all server processes a query. A time never fails the run; a wrong
answer does. tests/bench/README.md says what each figure is. Binaries are those of $PTRD_BUILD (build/ otherwise).
"""
import argparse
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "peers"), str(HERE), str(HERE.parent)]
os.environ.setdefault("PTRD_BUILD", str(HERE.parent.parent / "build"))
import candidate  # noqa: E402
import candidates  # noqa: E402
import chart  # noqa: E402
import drive  # noqa: E402
import flat  # noqa: E402
import front_rounds  # noqa: E402
import instructions  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
import memory  # noqa: E402
import questions  # noqa: E402
import results  # noqa: E402
import world  # noqa: E402
from support.ptrd import Store  # noqa: E402

SECTIONS = ("peers", "trips", "front", "flat", "memory", "instructions")
SHORT_SECTIONS = ("peers", "trips", "front", "flat")


def listed(known):
    def parse(text):
        chosen = text.split(",")
        unknown = set(chosen) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown {' '.join(sorted(unknown))}; there are {' '.join(known)}")
        return chosen
    return parse


def options(names):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", default=os.environ.get("PTRD_TEST_LONG") == "1",
                        help="5 rounds of 2 s, all sections, the dataset and the memory section in full size")
    parser.add_argument("--rounds", type=int, help="rounds over all candidates (1; with --long 5)")
    parser.add_argument("--seconds", type=float, help="length of a run (300 questions; with --long 2 s)")
    parser.add_argument("--only", type=listed(SECTIONS), metavar="SECTION,...", help=f"of {' '.join(SECTIONS)}")
    parser.add_argument("--candidates", type=listed(names), metavar="NAME,...", help=f"of {' '.join(names)}")
    parser.add_argument("--kinds", type=listed(questions.KINDS), metavar="KIND,...", help=f"of {' '.join(questions.KINDS)}")
    parser.add_argument("--seed", type=int, default=20, help="chooses questions and order (20)")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE", help="the table goes there as well")
    parser.add_argument("--chart", type=pathlib.Path, metavar="FILE", help="an SVG of CPU a cold IPv6 PTR")
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (5 if chosen.long else 1)
    chosen.seconds = chosen.seconds or (2 if chosen.long else None)
    chosen.only = chosen.only or (SECTIONS if chosen.long else SHORT_SECTIONS)
    chosen.kinds = chosen.kinds or list(questions.KINDS)
    chosen.rng = random.Random(chosen.seed)
    return chosen


def make_setup(work, chosen):
    """The pool lasts for the runs of a static candidate at some 25,000 queries/s."""
    count = int(130000 * chosen.seconds) if chosen.seconds else 4000
    pool = world.Pool(random.Random(f"{chosen.seed} pool"), count, min(count // 2 + 60000, world.V4_COUNT))
    setup = candidate.Setup(work, pool)
    Store(setup.store).load(world.zones_yaml())
    return setup


def sections(setup, everyone, chosen):
    """Lines of the output, section by section."""
    measured = results.Results(everyone, timed=chosen.seconds is not None)
    if "peers" in chosen.only:
        measure.rounds(everyone, chosen.kinds, setup, chosen, measured)
    if "trips" in chosen.only:
        measure.count_round_trips(everyone, chosen.kinds, setup, chosen, measured)
    yield from results.goals(measured)
    yield from measured.text()
    for name, part in (("front", front_rounds), ("flat", flat), ("memory", memory), ("instructions", instructions)):
        if name in chosen.only:
            yield ""
            yield from part.lines(setup, everyone, chosen)
    if chosen.chart and measured.timed:
        chosen.chart.write_text(chart.svg(measured))


def main():
    chosen = options([c.name for c in candidates.all_of(None)])
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ptrd-peers-") as work:
        setup = make_setup(work, chosen)
        everyone = [c for c in candidates.all_of(setup) if not chosen.candidates or c.name in chosen.candidates]
        lines = [*machine.lines(chosen), "", *sections(setup, everyone, chosen), "",
                 f"{time.monotonic() - start:.0f} s in all"]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if chosen.out:
        chosen.out.write_text(text)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended on the way out
    try:
        main()
    except drive.Wrong as e:
        sys.exit(f"peers.py: {e}")
