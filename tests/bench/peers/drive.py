"""dnsperf against a running candidate, and what its processes took for it."""
import pathlib
import re
import subprocess
import time

CPUCLOCK_SCHED = 2
CLIENTS, OUTSTANDING = 4, 100
NO_LIMIT_S = 60  # of runs that end with their file


class Wrong(Exception):
    """A candidate did not answer what is right."""


class Run:
    """One run: .queries completed, .qps, .cpu_us of all server processes a query, .rcodes, .lost."""

    def __init__(self, queries, seconds, cpu_s, lost, rcodes, parts):
        self.queries, self.qps = queries, queries / seconds
        self.cpu_us = cpu_s / queries * 1e6
        self.parts_us = {what: s / queries * 1e6 for what, s in parts.items()}
        self.lost, self.rcodes = lost, rcodes


def cpu_s(pid):
    """Processor time of all its threads, ended ones too: the process's clock, which has no ticks (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def memory_kb(pid):
    """(VmRSS, RssAnon)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"{key}:\s*(\d+)", status)[1]) for key in ("VmRSS", "RssAnon"))


def dnsperf(running, file, seconds, dnssec, outstanding=OUTSTANDING, times=1):
    """Runs it for so many seconds, or until the file was asked so many times."""
    command = ["dnsperf", "-s", running.dns.address, "-p", str(running.dns.port), "-d", str(file), "-n", str(times),
               "-l", str(seconds), "-c", str(CLIENTS), "-q", str(outstanding), "-W", *(["-D"] if dnssec else [])]
    before = {pid: cpu_s(pid) for pid in running.pids}
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    after = {pid: cpu_s(pid) for pid in running.pids}
    if done.returncode:
        raise Wrong(f"dnsperf: status {done.returncode}\n{done.stdout}{done.stderr}")
    return _parse(done.stdout, {pid: s - before.get(pid, 0) for pid, s in after.items()}, running.parts())


def _parse(text, cpu, names):
    def number(pattern):
        found = re.search(pattern, text)
        if not found:
            raise Wrong(f"dnsperf printed no {pattern}\n{text}")
        return float(found[1])

    rcodes = {code: int(n) for code, n in re.findall(r"(\w+) (\d+) \([\d.]+%\)", text.split("Response codes:")[-1])}
    parts = {}
    for pid, s in cpu.items():
        parts[names.get(pid, "backend")] = parts.get(names.get(pid, "backend"), 0) + s
    return Run(number(r"Queries completed: +(\d+)"), number(r"Run time \(s\): +([\d.]+)"), sum(cpu.values()),
               number(r"Queries lost: +(\d+)"), rcodes, parts)


def wait_idle(running, seconds=5):
    """Until its processes take no more processor time: what a run left behind is not the next one's."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        now = sum(cpu_s(pid) for pid in running.pids)
        if now == last:
            return
        last = now
        time.sleep(0.03)
