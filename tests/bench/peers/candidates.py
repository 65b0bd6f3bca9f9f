"""The servers that are compared: each a name, and how to start it with its zones loaded.

A candidate is started for each turn and ended after it, so that its caches are as cold as its questions and it takes no
processor time of another one's turn. ptrd's modes run on the shipped fragments of pdns-config, with paths and ports of this
run; all others on the defaults of their programs, but for what is said here."""
import os
import subprocess
import tempfile
import time

import world
from candidate import THREADS, Candidate, Running
from front import Front
from knot import Knot
from support.inprocess import InProcess
from support.leaves import fragment
from support.pdns import Pdns, run_tool
from support.ptrd import BUILD, Ptrd

ZONES = [w for apex in world.APEXES for w in ("--zone", apex)]
LEAVES_IN_PROCESS = {"zone-cache-refresh-interval": 0, "negquery-cache-ttl": 60, "zone-metadata-cache-ttl": 0, "cache-ttl": 0}  # as pdns-in-process.conf says


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
        Front("front-null", "dnsdist, null responder in it", setup, null=True),
        Front("front", "ptrd in dnsdist, front mode", setup),
        Knot("knot", "Knot synthrecord", setup),
    ]
