"""The front, and Knot with the same overrides, in a large store against one block: all are up and take short turns, as in
front_rounds.py."""
import contextlib
import itertools
import random
import statistics
import time

import drive
import flat_stores
import front_rounds
import measure
import questions
import results
import verify
import world

GROUPS = (("ptr6", "explicit"), ("aaaa",))  # kinds that share their turns
OWN_GOAL, KNOT_GOAL = 1.2, 1.3
TIMEOUT_MS = 10000  # as of the other modes


# --- overrides -----------------------------------------------------------------------------------

def check(candidate, running, kind, checked):
    if kind != "explicit":
        verify.check_answers(candidate, running, kind, checked, False)
        return
    for number, name in checked:
        check_override(candidate, running, number, name)


def check_override(candidate, running, number, name):
    reply = running.dns.ask(world.ptr6(number) + ".", "PTR")
    if [r[0].to_text().rstrip(".") for r in reply.answer] != [name]:
        raise drive.Wrong(f"{candidate.name}: the override {name} was answered\n{reply}")


class Files(questions.Files):
    """Those of questions.py, and overrides."""

    def __init__(self, directory, seed, pool, count, explicit):
        super().__init__(directory, seed, pool, count, measure.CHECKED)
        path = directory / "explicit"
        path.write_text("".join(f"{world.ptr6(number)} PTR\n" for number, _ in explicit))
        self._made[False, "explicit", False] = path, explicit[:measure.CHECKED]


# --- turns ---------------------------------------------------------------------------------------

class Turns:
    """.cpu_us: (candidate's name, store, kind) -> us a query of each turn."""

    def __init__(self, setup, stores, beside, chosen):
        self._setup, self._stores, self._beside, self._chosen = setup, stores, beside, chosen
        self.timed = chosen.seconds is not None
        self.cpu_us, self.mb = {}, {}

    def run(self):
        count = int(front_rounds.RATE * front_rounds.TURN_S) if self.timed else front_rounds.SHORT_COUNT
        files = [self._files(at, count) for at in range(front_rounds.FILES if self.timed else 1)]
        with contextlib.ExitStack() as stack:
            up = {(c, store): self._start(stack, c, store) for c in self._beside.values() for store in ("one", "large")}
            for kinds in GROUPS:
                self._kinds(up, files, kinds)
                measure.say(f"flat, front: {' '.join(kinds)}")

    def _files(self, at, count):
        directory = self._setup.directory(f"flat-questions-{at}")
        rng = random.Random(f"{self._chosen.seed} flat front {at}")
        explicit = rng.sample(self._stores.explicit, min(count, len(self._stores.explicit)))
        return Files(directory, f"{self._chosen.seed} flat front {at}", self._setup.pool, count, explicit)

    def _start(self, stack, candidate, store):
        start = time.monotonic()
        if candidate.name == "knot":
            overrides = self._stores.master_files if store == "large" else {}
            running = stack.enter_context(candidate.run(overrides=overrides))
            for file in overrides.values():
                file.unlink()
        else:
            running = stack.enter_context(candidate.run(store=getattr(self._stores, store), timeout_ms=TIMEOUT_MS))
        self.mb[candidate.name, store] = drive.memory_kb(running.pids[0])[0] / 1024
        measure.say(f"flat, front: {candidate.name} with `{store}` is up after {time.monotonic() - start:.0f} s")
        return running

    def _kinds(self, up, files, kinds):
        asked = [(*key, kind) for key in up for kind in kinds if (key[1], kind) != ("one", "explicit")]
        for candidate, store, kind in asked:
            check(candidate, up[candidate, store], kind, files[0].get(candidate, kind, False)[1])
        for at in range(front_rounds.TURNS if self.timed else 1):
            for candidate, store, kind in self._chosen.rng.sample(asked, len(asked)):
                file, _ = files[at % len(files)].get(candidate, kind, False)
                run = drive.dnsperf(up[candidate, store], file, front_rounds.TURN_S if self.timed else drive.NO_LIMIT_S, False)
                verify.check_run(candidate, kind, run)
                self.cpu_us.setdefault((candidate.name, store, kind), []).append(run.cpu_us)

    # --- lines -----------------------------------------------------------------------------------

    def lines(self):
        for name, kind in itertools.product(self._beside, itertools.chain(*GROUPS)):
            under = name, "one", "ptr6" if kind == "explicit" else kind  # there are no overrides
            yield self._line(f"{name}: CPU against one block, {kind}", (name, "large", kind), under,
                             OWN_GOAL if name == "front" else None)
        for kind in itertools.chain(*GROUPS) if "knot" in self._beside else ():
            yield self._line(f"front: CPU against knot with the same, {kind}", ("front", "large", kind), ("knot", "large", kind), KNOT_GOAL)
        for (name, store, kind), values in sorted(self.cpu_us.items()):
            yield f"  {f'CPU us a query, {name}, {store}, {kind}':56}{front_rounds.quartiles(values):>20}"

    def _line(self, what, over, under, goal):
        ratios = [a / b for a, b in zip(self.cpu_us[over], self.cpu_us[under])]
        return (f"  {what:56}{front_rounds.quartiles(ratios):>20}  "
                f"{results.verdict(statistics.median(ratios), '<=', goal)}").rstrip()


def candidates(everyone):
    """name -> candidate, or none where the front is not among them."""
    found = {c.name: c for c in everyone if c.name in ("front", "knot")}
    return found if "front" in found else {}


def lines(setup, stores, beside, chosen, title):
    turns = Turns(setup, stores, beside, chosen)
    turns.run()
    yield f"The front with {title} against one block: {front_rounds.TURNS} turns of {front_rounds.TURN_S:g} s; ratios are of one turn"
    if turns.timed:
        yield from turns.lines()
    else:
        yield results.TOO_SHORT
    if "knot" in beside:
        yield (f"  knot has the same overrides in two zones, {flat_stores.HOSTS} in a /64, and no more blocks and zones than before: "
               f"{turns.mb['knot', 'large']:,.0f} MB resident")
