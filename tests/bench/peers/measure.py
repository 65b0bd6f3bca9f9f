"""The rounds over all candidates, and the counting of round trips."""
import sys
import time

import drive
import questions
import verify

CHECKED = 40
WITHOUT_NULL = ("dark",)  # the null responder has no dark space
PASSED_ON = ("outside", "outside6")  # by a front, to what caches
TRIPS_COUNT, TRIPS_COUNT_SHORT, TRIPS_COUNT_ZIPF = 500, 150, 4000


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def asked_of(candidate, kinds):
    without = WITHOUT_NULL if candidate.answers == "null" else ()
    if candidate.name == "front-null":
        without += PASSED_ON  # it knows no zones
    return [k for k in kinds if k not in without]


def times(candidate, kind, seconds):
    """How often a file may be asked in one run: what caches nothing may be asked the same again."""
    return 1 if candidate.caches or not seconds or kind in PASSED_ON else 1000


def with_do(kind, seconds):
    """Whether a kind is asked with DO: without, and with; in the short form only where the backend is asked otherwise."""
    return (False, True) if seconds or kind in ("ptr6", "dark") else (False,)


def turn(candidate, running, kinds, files, seconds, results):
    """All kinds of questions to a started candidate, each checked and then measured."""
    for kind in asked_of(candidate, kinds):
        for dnssec in with_do(kind, seconds):
            file, checked = files.get(candidate, kind, dnssec)
            verify.check_answers(candidate, running, kind, checked, dnssec)
            drive.wait_idle(running)
            run = drive.dnsperf(running, file, seconds or drive.NO_LIMIT_S, dnssec, times=times(candidate, kind, seconds))
            verify.check_run(candidate, kind, run)
            results.add(candidate, kind, dnssec, run)


def rounds(candidates, kinds, setup, options, results):
    """options: rounds, seconds (None: a few hundred questions a run), rng, seed."""
    seconds = options.seconds
    count = int(70000 * seconds) if seconds else 300
    for at in range(options.rounds):
        files = questions.Files(setup.directory("questions"), f"{options.seed} {at}", setup.pool, count, CHECKED)
        for candidate in options.rng.sample(candidates, len(candidates)):
            with candidate.run() as running:
                turn(candidate, running, kinds, files, seconds, results)
            cold = results.runs.get((candidate.name, kinds[0], False))
            say(f"round {at + 1} of {options.rounds}: {candidate.name}" + (
                f": {kinds[0]} {cold[-1].cpu_us:.1f} us, {cold[-1].qps:,.0f}/s" if cold and seconds else ""))
        files.remove()


def count_round_trips(candidates, kinds, setup, options, results):
    """Requests a query to the backend of each candidate that has one, through a proxy that counts."""
    for candidate in candidates:
        if not candidate.backend:
            continue
        files = questions.Files(setup.directory("questions"), f"{options.seed} trips", setup.pool, TRIPS_COUNT_ZIPF, CHECKED)
        with candidate.run(count_round_trips=True) as running:
            for kind in asked_of(candidate, kinds):
                for dnssec in with_do(kind, options.seconds):
                    count = TRIPS_COUNT_SHORT if not options.seconds else TRIPS_COUNT_ZIPF if kind == "zipf" else TRIPS_COUNT
                    key = candidate.name, kind, dnssec
                    results.round_trips[key] = _trips(candidate, running, kind, dnssec, files, count)
        files.remove()
        say(f"round trips: {candidate.name}: " + ", ".join(
            f"{kind} {results.round_trips[candidate.name, kind, False]:.2f}" for kind in asked_of(candidate, kinds)))


def _trips(candidate, running, kind, dnssec, files, count):
    file, checked = files.get(candidate, kind, dnssec)
    lines = file.read_text().splitlines(keepends=True)[:count]
    file.write_text("".join(lines))
    verify.check_answers(candidate, running, kind, checked, dnssec)
    running.counter.take()
    run = drive.dnsperf(running, file, drive.NO_LIMIT_S, dnssec, outstanding=8)
    verify.check_run(candidate, kind, run)
    drive.wait_idle(running)
    counts = running.counter.take()
    return sum(n for method, n in counts.items() if method != "initialize") / run.queries
