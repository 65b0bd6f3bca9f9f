"""Knot with the module synthrecord, which answers what its zones do not hold."""
import contextlib
import time

import dns.exception
import dns.rcode

import world
from candidate import UDP_THREADS, Candidate, Running
from support.pdns import Server

LOAD_TIMEOUT_S = 900  # 10,000,000 records are read in about a minute


class KnotServer(Server):
    """knotd. overrides: apex -> master file, of more zones or instead of the empty ones of the world."""

    def __init__(self, probe, overrides):
        super().__init__("knot")
        self._write(overrides)
        self.start(["/usr/sbin/knotd", "-c", self.dir / "conf"], probe)
        try:
            for apex in (*world.APEXES, *overrides):
                self._wait_loaded(apex)
        except BaseException:
            self.stop()
            raise

    def _wait_loaded(self, apex):
        """A zone that is not there yet is answered SERVFAIL, and late where all cores read it."""
        end = time.monotonic() + LOAD_TIMEOUT_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(dns.exception.Timeout):
                if self.ask(apex + ".", "SOA").rcode() == dns.rcode.NOERROR:
                    return
            time.sleep(0.2)
        raise RuntimeError(f"knotd has no zone {apex}\n{self.log()}")

    def _write(self, overrides):
        rows = {world.V6_APEX: ["reverse", world.V6_PREFIX], world.DARK_APEX: ["reverse", world.LIT_PREFIX],
                world.FORWARD: ["forward", world.V6_PREFIX, world.LIT_PREFIX, *world.V4_PREFIXES],
                **{apex: ["reverse", prefix] for apex, prefix in zip(world.V4_APEXES, world.V4_PREFIXES)}}
        (self.dir / "zone").write_text(world.master_head())
        lines = ["server:", f"  listen: {self.address}@{self.port}", f"  rundir: {self.dir}",
                 f"  udp-workers: {UDP_THREADS}", "  async-start: on", "database:", f"  storage: {self.dir}", "log:", "  - target: stderr",
                 "    any: warning", "mod-synthrecord:"]
        for apex, (way, *networks) in rows.items():
            lines += [f"  - id: {apex}", f"    type: {way}", "    ttl: 3600",
                      "    network: [ " + ", ".join(f'"{n}"' for n in networks) + " ]"]
            lines += [f"    origin: {world.FORWARD}"] if way == "reverse" else []
        lines += ["template:", "  - id: default", f"    storage: {self.dir}", "    file: zone", "    zonefile-sync: -1",
                  "    journal-content: none", "zone:"]
        for apex in (*rows, *(apex for apex in overrides if apex not in rows)):
            lines += [f"  - domain: {apex}"]
            lines += [f"    module: mod-synthrecord/{apex}"] if apex in rows else []
            lines += [f"    file: {overrides[apex]}"] if apex in overrides else []
        (self.dir / "conf").write_text("\n".join(lines) + "\n")


class Knot(Candidate):
    answers, caches = "any", False

    def start(self, stack, count, overrides=None, **_):
        return Running(stack.enter_context(KnotServer(self.probe(), overrides or {})))
