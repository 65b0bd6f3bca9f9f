#!/usr/bin/python3
"""Prints the figures of the project: one table, each figure beside its goal and its floor.

    tests/bench/figures.py [--long] [--only SECTION,...] [--out FILE] [--profile FILE] [--seed N]

Sections: lookups, socket, templates, blocks, ptrs, undisturbed, rebuild, chains. Binaries are those of $PTRD_BUILD (build/ otherwise). --long, or
PTRD_TEST_LONG=1, takes full sizes. A figure never fails the run; a wrong answer or a refused load does. README.md
beside this file says what each figure is.
"""
import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("PTRD_BUILD", str(HERE.parent.parent / "build"))
import inputs  # noqa: E402
from loading import figure_ptrs, figure_undisturbed  # noqa: E402
from runs import Watched, check_run, load, program  # noqa: E402
from support.ptrd import BUILD, Client, Ptrd  # noqa: E402

INSTRUCTIONS_GOAL = 6000
MANY_GOAL = 2.0
PROVE_GOAL_S = 5.0


class Table:
    """What is printed at the end."""

    def __init__(self):
        self.rows, self.notes = [], []

    def section(self, title):
        self.rows.append((title,))

    def add(self, figure, value, goal="", ratio=""):
        self.rows.append((figure, value, goal, ratio))
        print(f"  {figure}: {value} {ratio}", file=sys.stderr, flush=True)

    def text(self):
        head = ("figure", "value", "goal", "ratio")
        widths = [max(len(r[i]) for r in [head, *self.rows] if len(r) == 4) for i in range(4)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(head, widths)).rstrip()]
        for row in self.rows:
            if len(row) == 1:
                lines += ["", row[0]]
            else:
                lines.append("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip())
        return "\n".join([*lines, "", *self.notes]) + "\n"


class Bench:
    def __init__(self, work, table, options):
        self.work, self.table, self.rng = pathlib.Path(work), table, random.Random(options.seed)
        self.long, self.profile = options.long, []

    def path(self, name):
        return self.work / name

    def write(self, name, text):
        self.path(name).write_text(text)
        return self.path(name)


# --- lookups under callgrind ---------------------------------------------------------------------

class Group:
    def __init__(self, label, count, instructions, ns, dump):
        self.label, self.count, self.ns, self.dump = label, count, ns, dump
        self.instructions = instructions


def totals(dump):
    found = re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)
    return int(found[1]) if found else 0


def ask(bench, name, groups, native=True):
    """Runs the groups of questions on the store `name`. Returns {label: Group} and what opening it took."""
    lines = []
    for label, (what, questions) in groups.items():
        lines.append(f"= {label} {what}\n")
        lines += [" ".join(q) + "\n" for q in questions]
    questions = bench.write(f"{name}.questions", "".join(lines))
    out = bench.path(f"{name}.callgrind")
    binary = BUILD / "tests" / "bench_lookup_bench"
    check_run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=bench_measured",
               "--dump-before=bench_group_end", f"--callgrind-out-file={out}", binary, bench.path(name), questions, 1])
    opened, *plain = program("lookup_bench", bench.path(name), questions, 20) if native else [None]
    found = {}
    for i, (label, (_, asked)) in enumerate(groups.items()):
        dump = out.with_name(f"{out.name}.{2 * i + 2}")  # odd parts are warm-ups
        ns = plain[i]["ns"] if native else 0.0
        found[label] = Group(label, len(asked), totals(dump) / len(asked), ns, dump)
    return found, opened


def self_costs(dump):
    """Function -> its own instructions. (callgrind_annotate gives all to main, as collection begins below it.)"""
    names, costs, function, skip = {}, {}, None, False
    for line in dump.read_text().splitlines():
        found = re.match(r"fn=\((\d+)\)(?: (.+))?$", line)
        if found:
            function = names.setdefault(found[1], found[2])
        elif line.startswith("calls="):
            skip = True  # the line that follows is the callee's cost
        elif re.match(r"c(?:fn|fi|fl|ob)=\((\d+)\) ", line):
            if line.startswith("cfn="):
                names.setdefault(*re.match(r"cfn=\((\d+)\) (.+)$", line).groups())
        elif function and re.match(r"[+\-*\d]", line):
            if not skip:
                costs[function] = costs.get(function, 0) + int(line.split()[-1])
            skip = False
    return costs


def top_self(group, count=30):
    costs = sorted(self_costs(group.dump).items(), key=lambda item: -item[1])
    return [f"{cost / group.count:9.0f}  {name}" for name, cost in costs[:count] if cost >= group.count]


def top_inclusive(group, count=30):
    text = check_run(["callgrind_annotate", "--inclusive=yes", "--threshold=99", "--show-percs=no", group.dump])
    rows = re.findall(r"^\s*([\d,]+)\s+(?:\S*/)?([^/\s]\S*:\S+)(?: \[.*)?$", text, re.M)
    outer = ("libc-start.c:", "lookup_bench.c:main", "lookup_bench.c:run_")
    return [f"{int(cost.replace(',', '')) / group.count:9.0f}  {function}" for cost, function in rows
            if not function.startswith(outer)][:count]


def add_profile(bench, group):
    bench.profile += [f"== {group.label}: {group.instructions:.0f} instructions", "", "inclusive"]
    bench.profile += top_inclusive(group) + ["", "self"] + top_self(group) + [""]


# --- section: single lookups ---------------------------------------------------------------------

KINDS = {
    "ptr6": "generated IPv6 PTR, ANY", "leaf6": "SOA of an IPv6 leaf", "meta6": "metadata of an IPv6 leaf",
    "keys6": "keys of an IPv6 leaf", "ns6": "NS of an ancestor label, typed", "ent6": "ENT of ip6.arpa, ANY",
    "soa": "SOA at a reverse apex", "ptr4x": "explicit IPv4 PTR, ANY", "ptr4": "generated IPv4 PTR, ANY",
    "aaaa": "generated AAAA, ANY", "a": "generated A, ANY", "absent6": "excluded IPv6 address, ANY",
    "absent": "absent forward name, ANY", "entf": "forward ENT, ANY",
}
WIRE_GOAL = 3500
WIRE_KINDS = {
    "wire-ptr6b": "generated IPv6 PTR, no explicit PTR in the zone", "wire-ptr6": "generated IPv6 PTR", "wire-ptr6x": "explicit IPv6 PTR", "wire-ptr4": "generated IPv4 PTR",
    "wire-ptr4x": "explicit IPv4 PTR", "wire-aaaa": "generated AAAA", "wire-a": "generated A",
    "wire-nodata": "TXT of a generated IPv6 PTR", "wire-ent6": "ENT of ip6.arpa", "wire-absent6": "NXDOMAIN, excluded IPv6 address",
    "wire-absent": "NXDOMAIN, forward", "wire-beside": "NXDOMAIN beside explicit records",
}


def figure_lookups(bench):
    table = bench.table
    zones, csv, groups = inputs.typical(bench.rng, 200000 if bench.long else 40000)
    bench.write("ptrs.csv", csv)
    load(bench, "typical", zones)
    found, _ = ask(bench, "typical", groups)
    table.section("Instructions a lookup, frame to reply (callgrind; user space), and time")
    for label, title in KINDS.items():
        group = found[label]
        table.add(title, f"{group.instructions:.0f}", f"{INSTRUCTIONS_GOAL}" if label == "ptr6" else "",
                  f"{group.instructions / INSTRUCTIONS_GOAL:.2f} x 6,000; {group.ns:.0f} ns")
        add_profile(bench, group)
    table.section("Instructions a packet, query to answer (ptrd_answer), and time")
    for label, title in WIRE_KINDS.items():
        group = found[label]
        table.add(title, f"{group.instructions:.0f}", f"{WIRE_GOAL}" if label == "wire-ptr6b" else "",
                  f"{group.instructions / found['wire-ptr6'].instructions:.2f} x generated IPv6 PTR; {group.ns:.0f} ns")
        add_profile(bench, group)


# --- section: the socket -------------------------------------------------------------------------

SEQUENCES = {  # name: (what, names a round, mode of the null responder)
    "ptr": ("ANY of the name", 9000, "leaf"),
    "fast": ("SOA, metadata, ANY: the fast mode's cold PTR", 3000, "leaf"),
    "keys": ("the same with keys: DO set", 2400, "leaf"),
    "safe": ("SOA of the apex, 24 NS, ANY: the safe mode's", 360, "conventional"),
}
CONNECTIONS = 3  # PowerDNS's distributor-threads
ROUNDS = 45  # short ones: other work on the machine comes and goes
RATE_GOAL = 0.9


class NullResponder:
    """The floor of a mode, on a socket of its own."""

    def __init__(self, bench, mode):
        self.socket = str(bench.path(f"null-{mode}.sock"))
        command = [BUILD / "tests" / "bench_null_responder", "--socket", self.socket, "--mode", mode]
        self.process = subprocess.Popen([*map(str, command), "--zone", inputs.V6_APEX])
        self.pid = self.process.pid

    def __enter__(self):
        for _ in range(200):
            if os.path.exists(self.socket):
                return self
            time.sleep(0.05)
        raise SystemExit("the null responder does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def drive(server, sequence, names, seed):
    return program("socket_bench", server.socket, str(server.pid), inputs.V6_APEX, sequence, str(CONNECTIONS), str(names),
                   str(seed))[0]


def median(values):
    return sorted(values)[len(values) // 2]


def compare_floor(table, sequence, ptrd, null, rng):
    """Interleaved rounds; the ratio of each is taken within it."""
    what, names, _ = SEQUENCES[sequence]
    runs = []
    for _ in range(ROUNDS):
        seed = rng.getrandbits(32)
        runs.append([drive(server, sequence, names, seed) for server in (ptrd, null)])
    rates = [[run["requests"] / run["s"] for run in pair] for pair in runs]
    ratios = sorted(a / b for a, b in rates)
    cpu_us = [sum(pair[i]["cpu_s"] for pair in runs) / sum(pair[i]["requests"] for pair in runs) * 1e6 for i in (0, 1)]
    table.add(f"{what}: requests/s", f"{median([a for a, _ in rates]):,.0f} against {median([b for _, b in rates]):,.0f}",
              f"{RATE_GOAL:g} x", f"{median(ratios):.2f} x ({ratios[ROUNDS // 4]:.2f} to {ratios[ROUNDS * 3 // 4]:.2f})")
    table.add(f"{what}: server's CPU a request", f"{cpu_us[0]:.2f} us against {cpu_us[1]:.2f}", "",
              f"{cpu_us[0] / cpu_us[1]:.2f} x")


def figure_socket(bench):
    table, names = bench.table, 2000000 if bench.long else 200000
    zones, csv, _ = inputs.typical(random.Random(1), 200000 if bench.long else 40000)
    bench.write("ptrs.csv", csv)
    load(bench, "socket", zones)
    table.section(f"ptrd alone on its socket against the null responder, {CONNECTIONS} connections, {ROUNDS} rounds")
    with Ptrd(bench.path("socket"), args=["--leaf", "ipv6"]) as ptrd, \
            NullResponder(bench, "leaf") as leaf, NullResponder(bench, "conventional") as conventional:
        for sequence, (_, _, mode) in SEQUENCES.items():
            compare_floor(table, sequence, ptrd, leaf if mode == "leaf" else conventional, bench.rng)
        run = drive(ptrd, "fast", names, 1)
    grown = run["rss_kb"] - run["rss_kb_before"]
    table.add(f"RSS after {names:,} distinct names", f"{run['rss_kb'] / 1024:.1f} MB", "flat",
              f"{grown:+d} kB meanwhile")


# --- section: many templates ---------------------------------------------------------------------

def compare(table, title, many, one, goal=MANY_GOAL):
    table.add(title, f"{many.instructions:.0f} against {one.instructions:.0f}", f"<= {goal:g} x" if goal else "",
              f"{many.instructions / max(one.instructions, 1):.2f} x")


def figure_templates(bench):
    count = 10000
    bench.table.section(f"One name among {count:,} templates of one zone against one template, instructions")
    for family, (template, _, _) in inputs.TEMPLATES.items():
        indices = list(range(count))
        runs = []
        for name, chosen in ((f"{family}-many", indices), (f"{family}-one", [inputs.ONE])):
            load(bench, name, inputs.templates(family, chosen))
            runs.append(ask(bench, name, inputs.template_groups(bench.rng, family, chosen), native=False)[0])
        many, one = runs
        text = template(inputs.ONE).replace(inputs.DYN, "z").replace(str(inputs.ONE), "N")
        compare(bench.table, f"{text}, frame to reply", many["reply"], one["reply"])
        compare(bench.table, f"{text}, index alone", many["forward"], one["forward"])
        for label, what in (("below", "ENT above"), ("nothing", "no ENT")):
            if label in many:
                compare(bench.table, f"{text}, {what}", many[label], one[label])
        add_profile(bench, many["forward"])


# --- section: many blocks ------------------------------------------------------------------------

# What "one block" is: a nested /24 has three others inside, a covered /8 at least one.
ONE_OF = {"distinct": 1, "shared": 1, "apart": 1, "nested": 4, "covered": 2}


def figure_blocks(bench):
    table, count = bench.table, 100000
    many = {}
    table.section(f"{count:,} blocks proved and loaded (floor: the YAML alone)")
    for kind in inputs.BLOCKS:
        zones = inputs.blocks_file(kind, count)
        file = bench.write(f"{kind}.yaml", zones)
        floor = program("yaml_bench", file)[0]["s"]
        checked = Watched("check", file)
        _, loaded = load(bench, kind, zones)
        again = Watched("load", file, "--db", bench.path(kind))
        table.add(f"{kind}: check", f"{checked.wall_s:.2f} s", f"{PROVE_GOAL_S:g} s",
                  f"{checked.wall_s / floor:.1f} x the YAML ({floor:.2f} s); cpu {checked.cpu_s:.2f} s")
        table.add(f"{kind}: load", f"{loaded.wall_s:.2f} s", f"{PROVE_GOAL_S:g} s",
                  f"{loaded.wall_s / floor:.1f} x; cpu {loaded.cpu_s:.2f} s; anonymous {loaded.anon_kb / 1024:.0f} MB")
        table.add(f"{kind}: load without a change", f"{again.wall_s:.2f} s", "", f"{again.wall_s / floor:.1f} x")
    table.section(f"Longest match among {count:,} blocks against one block, instructions")
    for kind in inputs.BLOCKS:
        many[kind], opened = ask(bench, kind, inputs.match_groups(bench.rng, kind, count))
        load(bench, f"{kind}-one", inputs.blocks_file(kind, ONE_OF[kind]))
        one, base = ask(bench, f"{kind}-one", inputs.match_groups(bench.rng, kind, ONE_OF[kind]))
        compare(table, f"{kind}: generated PTR, frame to reply", many[kind]["reply"], one["reply"])
        compare(table, f"{kind}: match alone", many[kind]["block"], one["block"])
        table.add(f"{kind}: match alone, time", f"{many[kind]['block'].ns:.0f} ns against {one['block'].ns:.0f}")
        if "below" in one:
            compare(table, f"{kind}: ENT question, index alone", many[kind]["below"], one["below"])
        many[kind] = (opened, base)
    table.section(f"The table of {count:,} blocks in ptrd: time to build, memory by malloc")
    for kind, (opened, base) in many.items():
        heap = opened["heap_bytes"] - base["heap_bytes"]
        table.add(kind, f"{opened['open_s'] - base['open_s']:.3f} s, {heap / 1e6:.1f} MB", "",
                  f"{heap / count:.0f} bytes a block")


# --- section: a structural change under ptrd -----------------------------------------------------

QUESTION = "7.0.0.10.in-addr.arpa."
NEW_QUESTION = "7.0.255.10.in-addr.arpa."  # in the block that the load adds


def ask_until(socket, done, worst):
    """Asks as fast as one connection can; the longest and the median time of an answer."""
    took = []
    with Client(socket, timeout=60) as client:
        while not done.is_set():
            start = time.monotonic()
            client.lookup(QUESTION)
            took.append(time.monotonic() - start)
    took.sort()
    worst.append((took[-1], took[len(took) // 2]))


def timed(client):
    start = time.monotonic()
    client.lookup(QUESTION)
    return time.monotonic() - start


def figure_rebuild(bench):
    table, count = bench.table, 100000
    table.section(f"ptrd with {count:,} blocks: a structural load, and the answers meanwhile")
    for kind in ("distinct", "nested"):
        extra = [[("10.255.0.0/24", f"x{n}-{{ip}}.{inputs.DYN}")] for n in range(2)]
        directory, _ = load(bench, f"{kind}-live", inputs.blocks_file(kind, count))
        with Ptrd(directory) as ptrd, Client(ptrd.socket, timeout=60) as client:
            client.lookup(QUESTION)
            warm = sorted(timed(client) for _ in range(200))[100]
            load(bench, f"{kind}-live", inputs.blocks_file(kind, count, extra[0]))
            start = time.monotonic()
            first, second = timed(client), timed(client)
            while not client.lookup(NEW_QUESTION):
                time.sleep(0.001)
            live_s = time.monotonic() - start
            table.add(f"{kind}: first request after the load", f"{first * 1000:.1f} ms", "",
                      f"next {second * 1e6:.0f} us, warm {warm * 1e6:.0f} us")
            table.add(f"{kind}: new block answered after", f"{live_s * 1000:.1f} ms")
            done, worst = threading.Event(), []
            asking = [threading.Thread(target=ask_until, args=(ptrd.socket, done, worst)) for _ in range(2)]
            for thread in asking:
                thread.start()
            load(bench, f"{kind}-live", inputs.blocks_file(kind, count, extra[1]))
            time.sleep(1)
            done.set()
            for thread in asking:
                thread.join()
        table.add(f"{kind}: longest answer of two connections during a load", f"{min(worst)[0] * 1000:.1f} ms", "",
                  f"the other {max(worst)[0] * 1000:.1f} ms; median {worst[0][1] * 1e6:.0f} us")


# --- section: NSEC3 chains -----------------------------------------------------------------------

def figure_chains(bench):
    table = bench.table
    table.section("An exact NSEC3 chain of a forward zone, one label below the apex a name")
    for count in (20000, 100000, 1000000) if bench.long else (20000, 100000):
        directory, _ = load(bench, "chain", inputs.hosts_file(count))
        *builds, denials = program("chain_bench", directory, inputs.SIGNED)
        for built in builds:
            assert built["names"] == count + 1, built
            table.add(f"{count:,} names: built, {built['iterations']} iterations", f"{built['s'] * 1000:.0f} ms", "",
                      f"{built['s'] / count * 1e6:.2f} us and {built['bytes'] / count:.0f} bytes a name")
        table.add(f"{count:,} names: a denial from it", f"{denials['ns'] / 1000:.1f} us")


# --- the whole -----------------------------------------------------------------------------------

SECTIONS = {"lookups": figure_lookups, "socket": figure_socket, "templates": figure_templates, "blocks": figure_blocks,
            "ptrs": figure_ptrs,
            "undisturbed": figure_undisturbed, "rebuild": figure_rebuild, "chains": figure_chains}


def options():
    parser = argparse.ArgumentParser(description="Print the figures of the project.")
    parser.add_argument("--long", action="store_true", default=os.environ.get("PTRD_TEST_LONG") == "1")
    parser.add_argument("--only", default=",".join(SECTIONS), metavar="SECTION,...")
    parser.add_argument("--out", type=pathlib.Path, help="write the table there, too")
    parser.add_argument("--profile", type=pathlib.Path, help="write there where the instructions go")
    parser.add_argument("--seed", type=int, default=20)
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    unknown = set(chosen.only) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown section {' '.join(unknown)}; there are {' '.join(SECTIONS)}")
    return chosen


def main():
    chosen, table = options(), Table()
    print(f"seed {chosen.seed}, {'full sizes' if chosen.long else 'short form'}", file=sys.stderr)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ptrd-bench-") as work:
        bench = Bench(work, table, chosen)
        for name in chosen.only:
            SECTIONS[name](bench)
    table.notes.append(f"{os.cpu_count()} cores; {'full sizes' if chosen.long else 'short form'}; seed {chosen.seed}; "
                       f"{time.monotonic() - start:.0f} s in all")
    print(table.text())
    if chosen.out:
        chosen.out.write_text(table.text())
    if chosen.profile:
        chosen.profile.write_text("\n".join(bench.profile) + "\n")


if __name__ == "__main__":
    main()
