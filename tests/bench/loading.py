"""Sections of figures.py about loads of very many PTRs: what they cost, and what they cost others."""
import multiprocessing
import os
import random
import shutil
import tempfile
import time

import inputs
from runs import Watched, load, program
from support.ptrd import Client, Ptrd

ANON_GOAL_MB = 300

# title, name, families, target, tables; the goals: rows/s, bytes a PTR
KINDS = (
    ("IPv4, targets elsewhere", "ptrs4", {4}, inputs.outside, ["shared"], 1_000_000, 64),
    ("IPv6, targets elsewhere", "ptrs6", {6}, inputs.outside, ["shared"], 1_000_000, 76),
    ("IPv4, in a forward_auto zone", "ptrsa4", {4}, inputs.inside, ["shared", "derived"], 500_000, 120),
    ("IPv6, in a forward_auto zone", "ptrsa6", {6}, inputs.inside, ["shared", "derived"], 500_000, 144),
)


# --- section: many PTRs --------------------------------------------------------------------------

def add_load(table, title, count, loaded, floor, goal):
    table.add(f"{title}: load", f"{count / loaded.wall_s:,.0f} PTRs/s", f">= {goal:,}",
              f"{count / loaded.wall_s / goal:.2f} x; {loaded.wall_s:.2f} s, cpu {loaded.cpu_s:.2f} s "
              f"({count / loaded.cpu_s:,.0f} PTRs/cpu s); {loaded.wall_s / floor['s']:.1f} x LMDB "
              f"({floor['rows'] / floor['s']:,.0f} rows/s)")
    table.add(f"{title}: peak anonymous memory", f"{loaded.anon_kb / 1024:.0f} MB", f"< {ANON_GOAL_MB} MB",
              f"{loaded.anon_kb / 1024 / ANON_GOAL_MB:.2f} x; with pages of files {loaded.peak_kb / 1024:.0f} MB; "
              f"{loaded.written / count:.0f} octets written a PTR")


def add_sizes(table, title, directory, names, count, goal):
    *tables, whole = program("store_bench", "sizes", directory)
    found = {t["table"]: t for t in tables}
    for name in names:
        t = found[name]
        table.add(f"{title}: table {name}", f"{t['bytes'] / t['rows']:.1f} bytes a row", "",
                  f"{t['rows']} rows, depth {t['depth']}")
    each = whole["file_bytes"] / count
    table.add(f"{title}: data.mdb", f"{each:.1f} bytes a PTR", f"<= {goal}",
              f"{each / goal:.2f} x; {whole['file_bytes'] / 1e6:.1f} MB")


def figure_ptrs(bench):
    table, count = bench.table, 10_000_000 if bench.long else 100_000
    table.section(f"{count:,} PTRs from CSV in random order (floor: LMDB appending the same rows); names of 30 characters")
    for title, name, families, target, tables, rate_goal, bytes_goal in KINDS:
        inputs.write_ptrs(bench.path("ptrs.csv"), bench.rng, count, families, target)
        directory, loaded = load(bench, name, inputs.ptrs_zones())
        bench.path("floor").mkdir()
        floor = program("store_bench", "append", directory, bench.path("floor"))[0]
        shutil.rmtree(bench.path("floor"))
        add_load(table, title, count, loaded, floor, rate_goal)
        again = Watched("load", bench.path(f"{name}.yaml"), "--db", directory)
        table.add(f"{title}: load without a change", f"{count / again.wall_s:,.0f} PTRs/s", "",
                  f"{again.wall_s:.2f} s, cpu {again.cpu_s:.2f} s; anonymous {again.anon_kb / 1024:.0f} MB")
        add_sizes(table, title, directory, tables, count, bytes_goal)
        shutil.rmtree(directory)


# --- section: answers during a load --------------------------------------------------------------

RATE = 1000  # questions a second of the one connection that asks
SLICE_S = 0.01


def cpu_s(pid):
    """Processor time of a process so far, threads that have ended included (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


def ask_steadily(socket, stop, seed, out):
    """Asks at a steady pace, whatever the answers take; latencies from when each question was due."""
    rng, took = random.Random(seed), []
    with Client(socket, timeout=60) as client:
        due = time.monotonic()
        while not stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            name = inputs.reverse(inputs.v4(rng.getrandbits(24)))
            assert client.lookup(name), name
            took.append(time.monotonic() - due)
            due += 1 / RATE
    took.sort()
    out.send((len(took), took[len(took) // 2], took[len(took) * 99 // 100], took[-1]))


def beside(ptrd, seed, work):
    """Asks while `work` runs: processor time a question, median, p99 and longest of the answers, in microseconds."""
    stop, (result, out) = multiprocessing.Event(), multiprocessing.Pipe(False)
    asking = multiprocessing.Process(target=ask_steadily, args=(ptrd.socket, stop, seed, out))
    before = cpu_s(ptrd.pid)
    asking.start()
    done = work()
    stop.set()
    if not result.poll(120):
        raise SystemExit("the answers did not come")
    asked, *latencies = result.recv()
    asking.join()
    return done, ((cpu_s(ptrd.pid) - before) / asked * 1e6, *(t * 1e6 for t in latencies))


def fill(file, octets):
    """Writes until the file has so many octets."""
    while (missing := int(octets) - file.tell()) > 0:
        file.write(bytes(min(missing, 1 << 20)))


def burn(path, wall_s, busy_s, kept, passing):
    """Uses so much of a processor and writes so many octets evenly over the time: some to a file that stays, with
    fsync, and some to one that has no name."""
    start = time.monotonic()
    with open(path, "wb", buffering=0) as file, tempfile.TemporaryFile(dir=path.parent, buffering=0) as scratch:
        while (passed := time.monotonic() - start) < wall_s:
            share = min(1.0, (passed + SLICE_S) / wall_s)
            fill(file, kept * share)
            fill(scratch, passing * share)
            while time.process_time() < busy_s * share and time.monotonic() - start < wall_s:
                pass
            time.sleep(max(0.0, start + wall_s * share - time.monotonic()))
        os.fsync(file.fileno())
    path.unlink()


def null_writer(bench, directory, loaded):
    """What stands for a load: as much time, processor and disk, and nothing that anybody else looks at."""
    parts = 1 if loaded.cpu_s < 0.9 * loaded.wall_s else 2
    kept = min(loaded.written, (directory / "data.mdb").stat().st_size)
    share = [loaded.cpu_s / parts, kept / parts, (loaded.written - kept) / parts]
    writers = [multiprocessing.Process(target=burn, args=(bench.path(f"null-{i}"), loaded.wall_s, *share))
               for i in range(parts)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        if writer.exitcode:
            raise SystemExit("the null writer failed")


def median(rows):
    return [sorted(column)[len(column) // 2] for column in zip(*rows)]


def figure_undisturbed(bench):
    table, count, rounds = bench.table, 10_000_000 if bench.long else 1_000_000, 3
    table.section(f"Answers from {count:,} overrides, {RATE} questions a second, while as many others are loaded "
                  f"(medians of {rounds} loads)")
    files = []
    for which in range(2):
        csv = f"set{which}.csv"
        inputs.write_ptrs(bench.path(csv), bench.rng, count, {4}, inputs.outside)
        files.append(bench.write(f"set{which}.yaml", inputs.ptrs_zones(csv)))
    directory = bench.path("undisturbed")
    Watched("load", files[0], "--db", directory)
    alone, loading, null = [], [], []
    with Ptrd(directory) as ptrd:
        for i in range(rounds):
            seed = bench.rng.getrandbits(32)
            loaded, row = beside(ptrd, seed, lambda file=files[(i + 1) % 2]: Watched("load", file, "--db", directory))
            loading.append(row)
            null.append(beside(ptrd, seed, lambda run=loaded: null_writer(bench, directory, run))[1])
            alone.append(beside(ptrd, seed, lambda run=loaded: time.sleep(run.wall_s))[1])
    alone, loading, null = median(alone), median(loading), median(null)
    for title, row in (("nothing beside", alone), ("a load beside", loading), ("a null writer beside", null)):
        table.add(title, f"{row[0]:.1f} us cpu a query", "", f"p99 {row[2]:.0f} us, median {row[1]:.0f}, longest {row[3]:.0f}")
    table.add("a load against a null writer: cpu a query", f"{loading[0] / null[0]:.2f} x", "about 1")
    table.add("a load against a null writer: p99", f"{loading[2] / null[2]:.2f} x", "about 1")
    shutil.rmtree(directory)
