"""Instructions of dnsdist a query by callgrind: with libptrd, and with the null responder in its place."""
import re
import subprocess

import drive
import measure
import questions
import verify
from support.dnsdist import Dnsdist

KINDS = ("ptr6", "ptr4", "aaaa", "dark")
CHECKED, COUNTED = 100, (10_000, 1_000)  # long, short
OUTSTANDING = 20


class Counted(Dnsdist):
    """dnsdist under callgrind, which counts nothing until it is told to."""

    def start(self, command, probe):
        super().start(["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={self.dir}/calls", *command],
                      probe)

    def control(self, option, *value):
        done = subprocess.run(["callgrind_control", option, *value, str(self.process.pid)], capture_output=True, text=True,
                              timeout=60)
        if done.returncode:
            raise drive.Wrong(f"callgrind_control {option}: {done.stdout}{done.stderr}")

    def count(self, ask):
        """Instructions while it is asked."""
        self.control("--zero")
        self.control("--instr=on")
        ask()
        self.control("--instr=off")
        self.control("--dump")
        dumps = sorted(self.dir.glob("calls.*"), key=lambda p: int(p.suffix[1:]))
        return int(re.search(r"^totals: (\d+)", dumps[-1].read_text(), re.M)[1])


def _counts(candidate, setup, chosen):
    """kind -> instructions a query, without and with DO."""
    count = COUNTED[0 if chosen.long else 1]
    files = questions.Files(setup.directory("questions"), f"{chosen.seed} counts", setup.pool, count, CHECKED)
    found = {}
    with candidate.run(kind=Counted) as running:
        for kind in measure.asked_of(candidate, KINDS):
            for dnssec in (False, True):
                file, checked = files.get(candidate, kind, dnssec)
                verify.check_answers(candidate, running, kind, checked, dnssec)

                def ask():
                    verify.check_run(candidate, kind, drive.dnsperf(running, file, drive.NO_LIMIT_S, dnssec, outstanding=OUTSTANDING))
                ask()  # LuaJIT has then tried what it tries once
                found[kind, dnssec] = running.dns.count(ask) / count
    files.remove()
    measure.say(f"instructions: {candidate.name}")
    return found


def lines(setup, everyone, chosen):
    counts = {c.name: _counts(c, setup, chosen) for c in everyone if c.name in ("front", "front-null")}
    if not counts:
        return
    yield "Instructions of dnsdist a query (user space; callgrind), with libptrd and with the null responder in its place"
    yield f"  {'':56}" + "".join(f"{name:>12}" for name in (*counts, "ratio"))
    for kind in KINDS:
        for dnssec in (False, True):
            row = [found.get((kind, dnssec)) for found in counts.values()]
            cells = [f"{n:,.0f}" if n else "" for n in row]
            cells += [f"{counts['front'][kind, dnssec] / counts['front-null'][kind, dnssec]:.3f}"] if len(row) == 2 and all(row) else []
            yield f"  {questions.KINDS[kind] + (', DO' if dnssec else ''):56}" + "".join(f"{cell:>12}" for cell in cells)
