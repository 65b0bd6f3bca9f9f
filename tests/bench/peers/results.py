"""What was measured, and the tables made of it."""
import statistics

import questions

LOST_TOLD = 0.001
TOO_SHORT = "  all answers were right; runs of the short form are too short for figures of time"

def spread(values, form):
    """Median, and from the least to the greatest where there are several."""
    if len(values) == 1:
        return form.format(values[0])
    return f"{form.format(statistics.median(values))}  {form.format(min(values))}-{form.format(max(values))}"


class Results:
    """runs: (candidate's name, kind, dnssec) -> drive.Run of each round. round_trips: the same key -> a query."""

    def __init__(self, candidates, timed):
        self.timed = timed  # runs are long enough for figures of time
        self.candidates = {c.name: c for c in candidates}
        self.runs, self.round_trips = {}, {}

    def add(self, candidate, kind, dnssec, run):
        self.runs.setdefault((candidate.name, kind, dnssec), []).append(run)

    def values(self, name, kind, dnssec, what):
        return [getattr(run, what) for run in self.runs.get((name, kind, dnssec), [])]

    def median(self, name, kind, dnssec, what):
        values = self.values(name, kind, dnssec, what)
        return statistics.median(values) if values else None

    def ratios(self, over, under, what):
        """Of two keys (name, kind, dnssec), round by round."""
        return [a / b for a, b in zip(self.values(*over, what), self.values(*under, what))]

    def text(self):
        """A block of lines for each kind of question, without and with DO."""
        lines = []
        for kind, title in questions.KINDS.items():
            for dnssec in (False, True):
                keys = [(name, kind, dnssec) for name in self.candidates]
                rows = [self._row(key) for key in keys if key in self.runs or key in self.round_trips]
                if rows:
                    lines += ["", f"{title}{', EDNS and DO' if dnssec else ''}", *rows]
        head = f"  {'':40}{'CPU us a query':>22}{'of it pdns':>12}{'queries/s':>26}{'round trips':>13}"
        return ["", head, *lines] if lines else []

    def _row(self, key):
        runs, trips = self.runs.get(key, []), self.round_trips.get(key)
        times = f"{'answered right' if runs else '':>22}{'':38}"
        if self.timed and runs:
            pdns = [run.parts_us["pdns_server"] for run in runs if "pdns_server" in run.parts_us]
            times = (f"{spread([r.cpu_us for r in runs], '{:.1f}'):>22}"
                     f"{f'{statistics.median(pdns):.1f}' if pdns else '':>12}"
                     f"{spread([r.qps for r in runs], '{:,.0f}'):>26}")
        lost = sum(run.lost for run in runs) / sum(run.queries for run in runs) if runs else 0
        return (f"  {self.candidates[key[0]].title:40}{times}{'' if trips is None else f'{trips:13.2f}'}"
                f"{f'  {100 * lost:.1f} % lost' if lost > LOST_TOLD else ''}").rstrip()


# (what, over, under, measure, sense, goal, whether the goal is for DO too: the figures of LUA that goals are about were taken
# without)
GOALS = [
    ("fast: CPU against the leaf null responder", ("fast", "ptr6"), ("null-leaf", "ptr6"), "cpu_us", "<=", 1.1, True),
    ("safe: CPU against the conventional null responder", ("safe", "ptr6"), ("null-conventional", "ptr6"), "cpu_us", "<=",
     1.1, True),
    ("safe: CPU against the conventional null responder with ENTs", ("safe", "ptr6"), ("null-ents", "ptr6"), "cpu_us", "<=",
     1.1, True),
    ("LUA: CPU against in-process with leaves", ("lua", "ptr6"), ("in-process-leaf", "ptr6"), "cpu_us", ">=", 18, False),
    ("in-process, zone cache on: queries/s against LUA", ("in-process", "ptr6"), ("lua", "ptr6"), "qps", ">=", 5, False),
    ("fast: queries/s of a dark flood against IPv6 PTRs", ("fast", "dark"), ("fast", "ptr6"), "qps", ">=", 0.8, True),
    ("fast: CPU of a dark flood against IPv6 PTRs", ("fast", "dark"), ("fast", "ptr6"), "cpu_us", "", None, False),
    ("LUA: CPU against the leaf null responder", ("lua", "ptr6"), ("null-leaf", "ptr6"), "cpu_us", "", None, False),
    ("LUA: CPU against fast", ("lua", "ptr6"), ("fast", "ptr6"), "cpu_us", "", None, False),
    ("LUA: CPU against in-process, zone cache on", ("lua", "ptr6"), ("in-process", "ptr6"), "cpu_us", "", None, False),
    ("fast: queries/s against the leaf null responder", ("fast", "ptr6"), ("null-leaf", "ptr6"), "qps", "", None, False),
    ("safe: queries/s against the conventional null responder", ("safe", "ptr6"), ("null-conventional", "ptr6"), "qps", "",
     None, False),
    ("LUA: CPU against front", ("lua", "ptr6"), ("front", "ptr6"), "cpu_us", "", None, False),
    ("in-process with leaves: CPU against Knot", ("in-process-leaf", "ptr6"), ("knot", "ptr6"), "cpu_us", "", None, False),
]
# (candidate, kind, dnssec, at most)
TRIPS = [("fast", "ptr6", False, 3), ("fast", "ptr6", True, 4), ("fast", "dark", False, 4), ("fast", "dark", True, 4),
         ("in-process", "ptr6", False, 0), ("in-process-leaf", "ptr6", False, 0),
         *(("front", kind, dnssec, 0) for kind in ("ptr6", "ptr4", "aaaa", "dark") for dnssec in (False, True))]
NEAR = 0.02  # round trips a query that only a start, or an expired cache, adds


def verdict(value, sense, goal):
    if goal is None:
        return ""
    reached = value <= goal if sense == "<=" else value >= goal
    return f"goal {sense} {goal:g}  {'reached' if reached else 'MISSED'}"


def goal_line(what, values, sense, goal):
    return f"  {what:64}{spread(values, '{:.2f}'):>22}  {verdict(statistics.median(values), sense, goal)}".rstrip()


def goals(results):
    """Lines: each goal, the median of the ratios of the rounds, and their spread."""
    lines = [] if results.timed else [TOO_SHORT]
    for what, over, under, measure, sense, goal, with_do in GOALS if results.timed else []:
        for dnssec in (False, True):
            values = results.ratios((*over, dnssec), (*under, dnssec), measure)
            if values:
                lines.append(goal_line(what + (", DO" if dnssec else ""), values, sense, None if dnssec and not with_do else goal))
    for name, kind, dnssec, most in TRIPS:
        trips = results.round_trips.get((name, kind, dnssec))
        if trips is not None:
            what = f"{name}: round trips, {questions.KINDS[kind]}{', DO' if dnssec else ''}"
            lines.append(f"  {what:64}{trips:>22.2f}  {verdict(trips - NEAR, '<=', most)}")
    return lines
