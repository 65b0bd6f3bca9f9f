"""The servers that are compared: each a name, and how to start it with its zones loaded.

A candidate is started for each turn and ended after it, so that its caches are as cold as its questions and it takes no
processor time of another one's turn. ptrd's modes run on the shipped fragments of pdns-config, with paths and ports of this
run; all others on the defaults of their programs, but for what is said here."""
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

import counting
import drive
import world
from support.inprocess import InProcess
from support.leaves import fragment
from support.pdns import Pdns, Server, run_tool
from support.ptrd import BUILD, Ptrd

# Said in the output. receiver 1 and distributor 3 are PowerDNS's defaults.
THREADS = {"receiver-threads": 1, "distributor-threads": 3}
KNOT_WORKERS = 2
START_ATTEMPTS = 4
ZONES = [w for apex in world.APEXES for w in ("--zone", apex)]
LEAVES_IN_PROCESS = {"zone-cache-refresh-interval": 0, "negquery-cache-ttl": 60, "zone-metadata-cache-ttl": 0, "cache-ttl": 0}  # as pdns-in-process.conf says


class Running:
    """A started candidate: .dns answers questions; .pids are all server processes."""

    def __init__(self, dns, processes=(), counter=None):
        self.dns, self._processes, self.counter = dns, processes, counter

    @property
    def pids(self):
        """With the children of pdns_server, which are the coprocesses of its pipe connector."""
        children = []
        for task in pathlib.Path(f"/proc/{self.dns.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                children += map(int, (task / "children").read_text().split())
        return [self.dns.process.pid, *(p.pid for p in self._processes), *children]

    def logs(self):
        """The last lines of what has a log."""
        texts = [self.dns.log(), *(p.log() for p in self._processes)]
        return "\n".join(line for text in texts for line in text.splitlines()[-15:])

    def parts(self):
        """pid -> what it is, for the table."""
        own = {self.dns.process.pid: "knotd" if isinstance(self.dns, KnotServer) else "pdns_server"}
        return {pid: own.get(pid, "backend") for pid in self.pids}


class NullResponder:
    """bench_null_responder for the zones of the world."""

    def __init__(self, mode):
        self._dir = tempfile.TemporaryDirectory(prefix="null-")
        self.socket = os.path.join(self._dir.name, "s")
        self._process = subprocess.Popen([BUILD / "tests" / "bench_null_responder", "--socket", self.socket,
                                          "--mode", mode, *ZONES], stdin=subprocess.DEVNULL)
        self.pid = self._process.pid
        end = time.monotonic() + 5
        while not os.path.exists(self.socket):
            assert self._process.poll() is None and time.monotonic() < end, "the null responder did not start"
            time.sleep(0.01)

    def log(self):
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)
        self._dir.cleanup()


class Candidate:
    """name, and what it is. modes: the kind of answers it gives (verify.py)."""

    backend = None       # what answers behind PowerDNS, whose round trips can be counted
    answers = "exact"    # how generated names are spelt: exact (as ptrd's template), any, or null
    leaf = False         # absent full-length names are NODATA
    static = False       # holds only the names of the pool

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


class Remote(Candidate):
    """PowerDNS with a remote backend behind a Unix socket: ptrd or the null responder."""

    def __init__(self, name, title, setup, conf, backend, null_mode=None):
        super().__init__(name, title, setup)
        self.conf, self.backend, self.null_mode = conf, backend, null_mode
        self.leaf = conf == "pdns-fast.conf"
        self.answers = "null" if backend == "null" else "exact"

    def start(self, stack, count, store=None, timeout_ms=2000, settings=None):
        store = store or self.setup.store
        server = stack.enter_context(
            NullResponder(self.null_mode) if self.backend == "null" else
            Ptrd(store, args=["--leaf", "ipv6"] if self.leaf else []))
        socket, counter = self.counted(stack, server.socket, count)
        lines = {**fragment(self.conf), **THREADS, **(settings or {}),
                 "remote-connection-string": f"unix:path={socket},timeout={timeout_ms}"}
        running = Running(stack.enter_context(Pdns(socket, lines, probe=self.probe())), [server], counter)
        running.backend = server
        return running


class Piped(Candidate):
    """ptrd --stdio behind the pipe connector: a process for each backend instance of PowerDNS."""

    def start(self, stack, count, store=None, timeout_ms=0, settings=None):
        command = f"pipe:command={BUILD.resolve() / 'ptrd'} --stdio --db {store or self.setup.store},timeout={timeout_ms}"
        lines = {**fragment("pdns-safe.conf"), **THREADS, **(settings or {}), "remote-connection-string": command}
        return Running(stack.enter_context(Pdns("", lines, probe=self.probe())))


class Inside(Candidate):
    """libptrd in pdns_server, ptrd beside it for what the process does not answer."""

    backend = "ptrd"

    def __init__(self, name, title, setup, leaf):
        super().__init__(name, title, setup)
        self.leaf = leaf

    def start(self, stack, count, store=None, timeout_ms=2000, settings=None):
        store = store or self.setup.store
        leaf = "ipv6" if self.leaf else "off"
        server = stack.enter_context(Ptrd(store, args=["--leaf", leaf]))
        socket, counter = self.counted(stack, server.socket, count)
        lines = {**(LEAVES_IN_PROCESS if self.leaf else {}), **THREADS, **(settings or {}),
                 "remote-connection-string": f"unix:path={socket},timeout={timeout_ms}"}
        dns = stack.enter_context(InProcess(store, socket, lines, leaf=leaf, probe=self.probe()))
        running = Running(dns, [server], counter)
        running.backend = server
        return running


class Stock(Candidate):
    """PowerDNS with backends of its own."""

    answers = "any"

    def start(self, stack, count, **_):
        return Running(stack.enter_context(Pdns("", {"remote-connection-string": None, **THREADS, **self.settings()},
                                                probe=self.probe())))


class Lua(Stock):
    """LUA records createReverse6, createReverse and createForward6 below wildcards, the zones in the bind backend."""

    def settings(self):
        directory = self.setup.directory("lua")
        if not (directory / "named.conf").exists():
            self._write(directory)
        return {"launch": "bind", "bind-config": directory / "named.conf", "enable-lua-records": "yes"}

    def _write(self, directory):
        def reverse(function, form):
            return f"3600 IN LUA PTR \"{function}('{form}.{world.FORWARD}.')\"\n"

        six, four = reverse("createReverse6", "%33%"), reverse("createReverse", "%1%-%2%-%3%-%4%")
        rows = {world.V6_APEX: f"* {six}", world.DARK_APEX: f"*.{world.LIT_LABELS} {six}",
                world.FORWARD: '* 3600 IN LUA AAAA "createForward6()"\n* 3600 IN LUA A "createForward()"\n',
                **{apex: f"* {four}" for apex in world.V4_APEXES}}
        conf = []
        for apex, text in rows.items():
            (directory / apex).write_text(world.master_head() + text)
            conf.append(f'zone "{apex}" {{ type master; file "{directory / apex}"; }};\n')
        (directory / "named.conf").write_text("".join(conf))


class Static(Stock):
    """Records of the pool, in the backend lmdb."""

    answers, static = "exact", True

    def settings(self):
        directory = self.setup.directory("static-lmdb")
        settings = {"launch": "lmdb", "lmdb-filename": directory / "pdns.lmdb"}
        if not (directory / "pdns.conf").exists():
            (directory / "pdns.conf").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
            for apex, text in self.setup.pool.master_files():
                file = directory / apex
                file.write_text(text)
                run_tool("pdnsutil", f"--config-dir={directory}", "load-zone", apex, file, timeout=600)
                file.unlink()
            run_tool("pdnsutil", f"--config-dir={directory}", "rectify-all-zones", timeout=600)
        return settings


class KnotServer(Server):
    """knotd with the module synthrecord."""

    def __init__(self, setup, probe):
        super().__init__("knot")
        rows = {world.V6_APEX: ["reverse", world.V6_PREFIX], world.DARK_APEX: ["reverse", world.LIT_PREFIX],
                world.FORWARD: ["forward", world.V6_PREFIX, world.LIT_PREFIX, *world.V4_PREFIXES],
                **{apex: ["reverse", prefix] for apex, prefix in zip(world.V4_APEXES, world.V4_PREFIXES)}}
        (self.dir / "zone").write_text(world.master_head())
        lines = ["server:", f"  listen: {self.address}@{self.port}", f"  rundir: {self.dir}",
                 f"  udp-workers: {KNOT_WORKERS}", "database:", f"  storage: {self.dir}", "log:", "  - target: stderr",
                 "    any: warning", "mod-synthrecord:"]
        for apex, (way, *networks) in rows.items():
            lines += [f"  - id: {apex}", f"    type: {way}", "    ttl: 3600",
                      "    network: [ " + ", ".join(f'"{n}"' for n in networks) + " ]"]
            lines += [f"    origin: {world.FORWARD}"] if way == "reverse" else []
        lines += ["template:", "  - id: default", f"    storage: {self.dir}", "    file: zone", "    zonefile-sync: -1",
                  "    journal-content: none", "zone:"]
        for apex in rows:
            lines += [f"  - domain: {apex}", f"    module: mod-synthrecord/{apex}"]
        (self.dir / "conf").write_text("\n".join(lines) + "\n")
        self.start(["/usr/sbin/knotd", "-c", self.dir / "conf"], probe)


class Knot(Candidate):
    answers = "any"

    def start(self, stack, count, **_):
        return Running(stack.enter_context(KnotServer(self.setup, self.probe())))


class Setup:
    """What candidates share: a directory, the store of ptrd, and the pool of static names."""

    def __init__(self, work, pool):
        self.work, self.pool = pathlib.Path(work), pool
        self.store = self.work / "store"

    def directory(self, name):
        path = self.work / name
        path.mkdir(exist_ok=True)
        return path


def all_of(setup):
    return [
        Remote("null-conventional", "null responder, conventional", setup, "pdns-safe.conf", "null", "conventional"),
        Remote("null-ents", "null responder, conventional, with ENTs", setup, "pdns-safe.conf", "null", "ents"),
        Remote("safe", "ptrd, safe mode", setup, "pdns-safe.conf", "ptrd"),
        Piped("safe-pipe", "ptrd, safe mode by pipe, timeout=0", setup),
        Remote("null-leaf", "null responder, leaf", setup, "pdns-fast.conf", "null", "leaf"),
        Remote("fast", "ptrd, fast mode", setup, "pdns-fast.conf", "ptrd"),
        Inside("in-process", "ptrd in-process, zone cache on", setup, leaf=False),
        Inside("in-process-leaf", "ptrd in-process, leaves", setup, leaf=True),
        Lua("lua", "PowerDNS LUA createReverse6", setup),
        Static("static-lmdb", "PowerDNS static, lmdb backend", setup),
        Knot("knot", "Knot synthrecord", setup),
    ]
