"""Secondaries that transfer zones from a pdns_server: Knot and NSD, each in a directory and on a port of its own."""
import time

import dns.flags
import dns.rcode

from support.pdns import Server

TRANSFER_S = 120


class Secondary(Server):
    """Up when it has all zones."""

    def __init__(self, name, command, zones, config):
        super().__init__(name)
        (self.dir / "conf").write_text(config(self))
        self.start([command[0], *(str(self.dir / "conf") if word == "CONF" else word for word in command[1:])],
                   (zones[0], "SOA"))
        try:
            self._wait(zones)
        except BaseException:
            self.stop()
            raise

    def _wait(self, zones):
        end = time.monotonic() + TRANSFER_S
        for zone in zones:
            while True:
                reply = self.ask(zone, "SOA")
                if reply.rcode() == dns.rcode.NOERROR and reply.flags & dns.flags.AA and reply.answer:
                    break
                assert time.monotonic() < end, f"{zone} is not transferred: {reply}\n{self.log()}"
                time.sleep(0.05)


class Knot(Secondary):
    def __init__(self, primary, zones):
        super().__init__("knot", ["/usr/sbin/knotd", "-c", "CONF"], zones, lambda self: "\n".join([
            "server:", f"  listen: {self.address}@{self.port}", f"  rundir: {self.dir}",
            f"  tcp-remote-io-timeout: {1000 * TRANSFER_S}",   # PowerDNS begins to send when it has the whole list
            "database:", f"  storage: {self.dir}",
            "log:", "  - target: stderr", "    any: info",
            "remote:", "  - id: primary", f"    address: {primary.address}@{primary.port}",
            "zone:", *(line for zone in zones for line in (
                f"  - domain: {zone}", f"    storage: {self.dir}", "    master: primary", "    zonefile-sync: -1"))]) + "\n")


class Nsd(Secondary):
    def __init__(self, primary, zones):
        super().__init__("nsd", ["/usr/sbin/nsd", "-d", "-c", "CONF"], zones, lambda self: "\n".join([
            "server:", f"  ip-address: {self.address}", f"  port: {self.port}", "  server-count: 1", '  username: ""',
            '  chroot: ""', '  database: ""', "  zonefiles-write: 0", "  xfrd-reload-timeout: 0", "  minimal-responses: yes",
            *(f'  {key}: "{self.dir}/{name}"' for key, name in (
                ("zonesdir", ""), ("pidfile", "pid"), ("xfrdfile", "xfrd"), ("xfrdir", ""), ("zonelistfile", "list"))),
            "remote-control:", "  control-enable: no",
            *(line for at, zone in enumerate(zones) for line in (
                "zone:", f'  name: "{zone}"', f'  zonefile: "{at}.zone"',
                f"  request-xfr: AXFR {primary.address}@{primary.port} NOKEY",
                f"  allow-notify: {primary.address} NOKEY"))]) + "\n")


SECONDARIES = {"knot": Knot, "nsd": Nsd}
