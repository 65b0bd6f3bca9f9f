"""The front beside the null responder in dnsdist and Knot, more closely than the rounds of measure.py: all are up, and take
turns of a part of a second. None of them caches, and one that is not asked takes no processor time, so that a ratio is of
two turns that follow each other, and there are many."""
import contextlib
import itertools
import statistics

import drive
import measure
import questions
import results
import verify

NAMES = ("front", "front-null", "knot")
GROUPS = (("ptr6", "dark"), ("ptr4",), ("aaaa",))  # kinds that share their turns
KINDS = [kind for group in GROUPS for kind in group]
TURN_S, TURNS = 0.5, 31
FILES, RATE = 6, 130_000  # files of questions that follow each other; questions a second that they last for
SHORT_COUNT = 100
# (over, under, kinds, goal, what more to say)
GOALS = [("front", "front-null", KINDS, 1.1, ""), ("front", "knot", KINDS, 1.3, ""), ("front", "knot", ("ptr6",), 1.0, " (aim)")]
FLOOD_GOAL = 1.15  # dark against ptr6


class Turns:
    """.cpu_us: (candidate's name, kind, dnssec) -> us a query of each turn."""

    def __init__(self, setup, candidates, chosen):
        self._candidates, self._chosen = candidates, chosen
        self._directory, self._pool = setup.directory("front-questions"), setup.pool
        self.cpu_us = {}

    def run(self):
        timed = self._chosen.seconds is not None
        count = int(RATE * TURN_S) if timed else SHORT_COUNT
        with contextlib.ExitStack() as stack:
            running = {c: stack.enter_context(c.run()) for c in self._candidates}
            for dnssec in (False, True):
                files = [self._files(at, count) for at in range(FILES if timed else 1)]
                for kinds in GROUPS:
                    self._kinds(running, files, kinds, dnssec)
                    measure.say(f"front: {' '.join(kinds)}{', DO' if dnssec else ''}")
                for several in files:
                    several.remove()

    def _files(self, at, count):
        (directory := self._directory / str(at)).mkdir(exist_ok=True)
        return questions.Files(directory, f"{self._chosen.seed} front {at}", self._pool, count, measure.CHECKED)

    def _kinds(self, running, files, kinds, dnssec):
        asked = [(c, kind) for c in running for kind in measure.asked_of(c, kinds)]
        for candidate, kind in asked:
            verify.check_answers(candidate, running[candidate], kind, files[0].get(candidate, kind, dnssec)[1], dnssec)
        for at in range(TURNS if self._chosen.seconds else 1):
            for candidate, kind in self._chosen.rng.sample(asked, len(asked)):
                file, _ = files[at % len(files)].get(candidate, kind, dnssec)
                run = drive.dnsperf(running[candidate], file, TURN_S if self._chosen.seconds else drive.NO_LIMIT_S, dnssec)
                verify.check_run(candidate, kind, run)
                self.cpu_us.setdefault((candidate.name, kind, dnssec), []).append(run.cpu_us)

    # --- lines -----------------------------------------------------------------------------------

    def lines(self):
        yield f"The front beside the null responder in dnsdist and Knot: {TURNS} turns of {TURN_S:g} s; ratios are of one turn"
        if not self._chosen.seconds:
            yield results.TOO_SHORT
            return
        for over, under, kinds, goal, more in GOALS:
            for kind, dnssec in itertools.product(kinds, (False, True)):
                what = f"{over}: CPU against {under}{more}, {kind}"
                yield from self._goal(what, (over, kind, dnssec), (under, kind, dnssec), goal)
        for dnssec in (False, True):
            yield from self._goal("front: CPU of a dark flood against ptr6", ("front", "dark", dnssec), ("front", "ptr6", dnssec),
                                  FLOOD_GOAL)
        yield f"  {'CPU us a query: median, quartiles':56}" + "".join(f"{c.name:>20}" for c in self._candidates)
        for kind in KINDS:
            for dnssec in (False, True):
                cells = [quartiles(self.cpu_us.get((c.name, kind, dnssec))) for c in self._candidates]
                yield f"  {questions.KINDS[kind] + (', DO' if dnssec else ''):56}" + "".join(f"{cell:>20}" for cell in cells)

    def _goal(self, what, over, under, goal):
        if over not in self.cpu_us or under not in self.cpu_us:
            return
        ratios = [a / b for a, b in zip(self.cpu_us[over], self.cpu_us[under])]
        yield (f"  {what + (', DO' if over[2] else ''):56}{quartiles(ratios):>20}  "
               f"{results.verdict(statistics.median(ratios), '<=', goal)}")


def quartiles(values):
    if not values:
        return ""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f}  {low:.2f}-{high:.2f}"


def lines(setup, everyone, chosen):
    candidates = [c for c in everyone if c.name in NAMES]
    if not any(c.name == "front" for c in candidates):
        return
    turns = Turns(setup, candidates, chosen)
    turns.run()
    yield from turns.lines()
