"""Memory of the server processes while distinct names are asked: does it level off?"""
import drive
import measure
import questions
import verify

NAMES = (("ptr6", 2_000_000), ("ptr6", 20_000))  # long, short
STEPS = 20
FLAT = 1.1
MEASURED = ("safe", "fast", "in-process", "in-process-leaf", "front", "lua", "knot")


def _grow(candidate, running, setup, seed, count):
    """[{process: (VmRSS, RssAnon) in MB}], before and after each step."""
    source = questions.Source(f"{seed} memory")
    path = setup.work / "memory-questions"
    seen = [_now(running)]
    for step in range(STEPS):
        path.write_text("\n".join(source.lines("ptr6", count // STEPS)) + "\n")
        run = drive.dnsperf(running, path, 3600, True)
        verify.check_run(candidate, "ptr6", run)
        seen.append(_now(running))
        measure.say(f"memory: {candidate.name}: {(step + 1) * count // STEPS:,} names: " + ", ".join(
            f"{what} {mb[0]:.0f} MB" for what, mb in seen[-1].items()))
    path.unlink()
    return seen


def _now(running):
    found = {}
    for pid, what in running.parts().items():
        rss, anon = drive.memory_kb(pid)
        before = found.get(what, (0, 0))
        found[what] = before[0] + rss / 1024, before[1] + anon / 1024
    return found


def lines(setup, everyone, chosen):
    count = NAMES[0 if chosen.long else 1][1]
    yield (f"Memory after distinct IPv6 names, EDNS and DO, MB resident; flat: the last of {count:,} names against half of "
           f"them at most {FLAT:g} x")
    yield f"  {'':48}{'start':>8}{'half':>8}{'all':>8}{'ratio':>8}"
    for candidate in everyone:
        if candidate.name not in MEASURED:
            continue
        with candidate.run() as running:
            seen = _grow(candidate, running, setup, chosen.seed, count)
        for what in seen[0]:
            start, half, end = (seen[at][what][0] for at in (0, STEPS // 2, STEPS))
            yield (f"  {candidate.title + ': ' + what:48}{start:8.0f}{half:8.0f}{end:8.0f}{end / half:8.2f}"
                   f"  {'flat' if end <= FLAT * half else 'grows'}")
