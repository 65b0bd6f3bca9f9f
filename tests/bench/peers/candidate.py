"""What a candidate is: a name, and how to start it with its zones loaded; and what it is once it runs."""
import contextlib
import os
import pathlib

import counting
import drive
import world
from support.pdns import Server

# Said in the output. receiver 1 and distributor 3 are PowerDNS's defaults; dnsdist has as many threads for UDP as Knot has workers.
THREADS = {"receiver-threads": 1, "distributor-threads": 3}
UDP_THREADS = 2
START_ATTEMPTS = 4
SERVERS = ("pdns_server", "dnsdist", "knotd")  # what is behind them is a backend


class Running:
    """A started candidate: .dns answers questions; .pids are all server processes."""

    def __init__(self, dns, processes=(), counter=None):
        self.dns, self._processes, self.counter = dns, processes, counter

    @property
    def pids(self):
        """With the children of the first, which are the coprocesses of pdns_server's pipe connector."""
        children = []
        for task in pathlib.Path(f"/proc/{self.dns.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                children += map(int, (task / "children").read_text().split())
        others = [p.process.pid if isinstance(p, Server) else p.pid for p in self._processes]
        return [self.dns.process.pid, *others, *children]

    def logs(self):
        """The last lines of what has a log."""
        texts = [self.dns.log(), *(p.log() for p in self._processes)]
        return "\n".join(line for text in texts for line in text.splitlines()[-15:])

    def parts(self):
        """pid -> what it is, for the table."""
        programs = {pid: os.path.basename(os.readlink(f"/proc/{pid}/exe")) for pid in self.pids}
        return {pid: program if program in SERVERS else "backend" for pid, program in programs.items()}


class Candidate:
    """name, and what it is."""

    backend = None       # what answers behind PowerDNS, whose round trips can be counted
    answers = "exact"    # how generated names are spelt: exact (as ptrd's template), any, or null
    leaf = False         # absent full-length names are NODATA
    static = False       # holds only the names of the pool
    caches = True        # replies or parts of them: what was asked is not asked again

    def __init__(self, name, title, setup):
        self.name, self.title, self.setup = name, title, setup

    @contextlib.contextmanager
    def run(self, count_round_trips=False, **more):
        """Starts it; count_round_trips: behind a proxy that counts."""
        with contextlib.ExitStack() as stack:
            running = self._started(stack, count_round_trips, **more)
            try:
                yield running
            except drive.Wrong as e:
                raise drive.Wrong(f"{e}\n{running.logs()}") from e

    def _started(self, stack, *args, **more):
        """Once more where it does not: PowerDNS gives up 20,000 zones that it cannot read in time, beside other work."""
        for attempt in range(START_ATTEMPTS):
            with contextlib.ExitStack() as tried:
                try:
                    running = self.start(tried, *args, **more)
                except RuntimeError as e:
                    if attempt == START_ATTEMPTS - 1:
                        raise drive.Wrong(f"{self.name}: {e}") from e
                    continue
                stack.enter_context(tried.pop_all())
                return running

    def counted(self, stack, socket, count):
        """The socket for PowerDNS, and the counter."""
        if not count:
            return socket, None
        proxy = stack.enter_context(counting.Proxy(socket))
        return proxy.socket, proxy

    def probe(self):
        return (world.V6_APEX, "SOA")


class Setup:
    """What candidates share: a directory, the store of ptrd, and the pool of static names."""

    def __init__(self, work, pool):
        self.work, self.pool = pathlib.Path(work), pool
        self.store = self.work / "store"

    def directory(self, name):
        path = self.work / name
        path.mkdir(exist_ok=True)
        return path
