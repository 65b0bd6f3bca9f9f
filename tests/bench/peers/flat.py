"""Whether an answer costs the same in a large store as in one with a single block, and while overrides change."""
import contextlib
import json
import random
import statistics
import subprocess
import threading
import time

import drive
import flat_front
import flat_stores
import measure
import questions
import results
import verify
import world
from support.ptrd import BUILD, Client

LONG, SHORT = flat_stores.Size(10_000_000, 100_000, 20_000), flat_stores.Size(100_000, 2_000, 400)
MODES = ("safe", "fast", "in-process", "in-process-leaf")
TIMEOUT_MS = 10000       # 20,000 zones in PowerDNS's zone cache take some 2 s to read
CHANGES_PER_S = 100
KINDS = ("ptr6", "aaaa", "explicit")
GOAL, TABLE_GOAL_MB = 1.1, 64


class Files(questions.Files):
    """Those of questions.py, and overrides."""

    def __init__(self, directory, seed, pool, count, explicit):
        super().__init__(directory, seed, pool, count, measure.CHECKED)
        self._count, self._explicit = count, random.Random(seed).sample(explicit, len(explicit))

    def take(self, candidate, kind):
        """As get, but other names each time."""
        if kind != "explicit":
            self._made.pop((candidate.static, kind, False), None)
            return self.get(candidate, kind, False)
        taken, self._explicit = self._explicit[:self._count], self._explicit[self._count:]
        path = self._directory / kind
        path.write_text("".join(f"{world.ptr6(number)} PTR\n" for number, _ in taken))
        return path, taken[:measure.CHECKED]


# --- changes meanwhile ---------------------------------------------------------------------------

class Changes(threading.Thread):
    """Override changes as PowerDNS makes them: a transaction each over ptrd's socket."""

    def __init__(self, socket, seed):
        super().__init__(daemon=True)
        self._socket, self._rng, self._done = socket, random.Random(seed), threading.Event()
        self.made, self.last, self.failure, self.late_s = 0, None, None, 0

    def run(self):
        try:
            with Client(self._socket) as client:
                self._change_until_done(client)
        except Exception as e:  # pylint: disable=broad-except  # told by stop()
            self.failure = e

    def _change_until_done(self, client):
        start = time.monotonic()
        while not self._done.wait(max(0, start + self.made / CHANGES_PER_S - time.monotonic())):
            number, name = flat_stores.explicit6(self._rng), f"changed-{self.made:07}.customer.example"
            replies = (client.start(world.V6_APEX + "."), client.replace(world.ptr6(number) + ".", "PTR", [name]),
                       client.commit())
            if [r.get("result") for r in replies] != [True] * 3:
                raise drive.Wrong(f"a change was answered {replies}")
            self.made, self.last = self.made + 1, (number, name)
        self.late_s = max(0, time.monotonic() - start - self.made / CHANGES_PER_S)

    def stop(self):
        self._done.set()
        self.join(30)
        if self.failure:
            raise drive.Wrong(f"changes: {self.failure}")
        return self.made


def generations(store):
    done = subprocess.run([BUILD / "tests" / "bench_meta_bench", store], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


class Flat:
    """.cpu: (mode, what, kind) -> (us a query, changes a query) of each round."""

    def __init__(self, setup, stores, modes, options, size):
        self.setup, self.stores, self.modes, self.options, self.size = setup, stores, modes, options, size
        self.cpu, self.changes, self.change_us, self.rates = {}, 0, [], []
        self.anon_mb = {}

    def rounds(self):
        seconds = self.options.seconds
        before = generations(self.stores.large)
        for at in range(self.options.rounds):
            turns = [(mode, store) for mode in self.modes for store in ("one", "large")]
            for mode, store in self.options.rng.sample(turns, len(turns)):
                files = Files(self.setup.directory("flat-questions"), f"{self.options.seed} flat {at}", self.setup.pool,
                              int(35000 * seconds) if seconds else 200, self.stores.explicit)
                settings = {"store": getattr(self.stores, store), "timeout_ms": TIMEOUT_MS}
                with mode.run(**settings) as running:
                    self._turn(mode, store, running, files)
            measure.say(f"flat: round {at + 1} of {self.options.rounds}")
        self.before, self.after = before, generations(self.stores.large)

    def _turn(self, mode, store, running, files):
        self._measure(mode, store, running, files, store)
        if store == "one":
            return
        drive.wait_idle(running)
        server = running.backend
        with self._changing(server.socket) as changes:
            self._measure(mode, store, running, files, "changing", changes)
        flat_front.check_override(mode, running, *changes.last)
        with self._changing(server.socket) as changes:
            before = sum(map(drive.cpu_s, running.pids))
            made, start = changes.made, time.monotonic()
            time.sleep(self.options.seconds or 0.3)
            self.change_us.append((sum(map(drive.cpu_s, running.pids)) - before) / max(1, changes.made - made) * 1e6)
            self.rates.append((changes.made - made) / (time.monotonic() - start))
        self.anon_mb[mode.name] = {what: drive.memory_kb(pid)[1] / 1024 for pid, what in running.parts().items()}

    @contextlib.contextmanager
    def _changing(self, socket):
        changes = Changes(socket, f"changes {self.changes}")
        changes.start()
        try:
            yield changes
        finally:
            self.changes += changes.stop()

    def _measure(self, mode, store, running, files, what, changes=None):
        for kind in KINDS:
            if kind == "explicit" and store == "one":
                continue
            file, checked = files.take(mode, kind)
            flat_front.check(mode, running, kind, checked)
            drive.wait_idle(running, 1)
            before = changes.made if changes else 0
            run = drive.dnsperf(running, file, self.options.seconds or drive.NO_LIMIT_S, False)
            made = changes.made - before if changes else 0
            verify.check_run(mode, kind, run)
            self.cpu.setdefault((mode.name, what, kind), []).append((run.cpu_us, made / run.queries))

    # --- lines -----------------------------------------------------------------------------------

    def lines(self):
        yield (f"Flat: {self.size.title()} against one block (timeout={TIMEOUT_MS}); CPU us a query; goal of the ratios <= "
               f"{GOAL:g}")
        if self.options.seconds:
            yield from self._table()
        else:
            yield results.TOO_SHORT
        yield (f"  {self.changes:,} changes: structure generation {self.before['structure']} before, "
               f"{self.after['structure']} after; data generation {self.after['data'] - self.before['data']:+,}")
        if self.before["structure"] != self.after["structure"]:
            raise drive.Wrong("the changes moved the structure generation: tables were rebuilt")
        if self.after["data"] == self.before["data"]:
            raise drive.Wrong("the changes left the data generation as it was")
        yield (f"  a change by itself: {statistics.median(self.change_us):.0f} us of CPU of the servers, at "
               f"{statistics.median(self.rates):.0f} changes/s; it is not in the figures of `changing`")
        yield from self._memory()

    def _table(self):
        head = ("one block", "large", "ratio", "changing", "ratio")
        yield f"  {'':28}" + "".join(f"{h:>16}" for h in head) + f"   changing: {CHANGES_PER_S} override changes/s meanwhile"
        for mode in self.modes:
            for kind in KINDS:
                yield self._row(mode, kind)

    def _row(self, mode, kind):
        """What the changes take by themselves is not what they do to answers: ratios are without it."""
        change_us = statistics.median(self.change_us)
        one = [us for us, _ in self.cpu[mode.name, "one", "ptr6" if kind == "explicit" else kind]]  # no overrides there
        cells = [f"{statistics.median(one):.1f}"]
        for what in ("large", "changing"):
            values = [us - changes * change_us for us, changes in self.cpu[mode.name, what, kind]]
            ratio = statistics.median(a / b for a, b in zip(values, one))
            reached = "" if ratio <= GOAL else " MISSED"
            cells += [f"{statistics.median(values):.1f}", f"{ratio:.2f}{reached}"]
        return f"  {mode.name + ', ' + kind:28}" + "".join(f"{cell:>16}" for cell in cells)

    def _memory(self):
        questions_file = self.setup.work / "no-questions"
        questions_file.write_text("")
        for store in (self.stores.one, self.stores.large):
            done = subprocess.run([BUILD / "tests" / "bench_lookup_bench", store, questions_file, "1"],
                                  capture_output=True, text=True, check=True)
            opened = json.loads(done.stdout.splitlines()[0])
            heap_mb = opened["heap_bytes"] / 1e6
            goal = f"  {results.verdict(heap_mb, '<=', TABLE_GOAL_MB)}" if store == self.stores.large else ""
            yield f"  zone table, `{store.name}`: {heap_mb:.1f} MB a process, built in {opened['open_s']:.2f} s{goal}"
        for name, parts in self.anon_mb.items():
            yield f"  anonymous memory, {name}: " + ", ".join(f"{what} {mb:.0f} MB" for what, mb in parts.items())


def lines(setup, everyone, chosen):
    modes = [c for c in everyone if c.name in MODES]
    beside = flat_front.candidates(everyone)
    if not modes and not beside:
        return
    size = LONG if chosen.long else SHORT
    stores = flat_stores.Stores(setup, size, for_knot="knot" in beside)
    if beside:
        yield from flat_front.lines(setup, stores, beside, chosen, size.title())
    if modes:
        yield ""
        part = Flat(setup, stores, modes, chosen, size)
        part.rounds()
        yield from part.lines()
