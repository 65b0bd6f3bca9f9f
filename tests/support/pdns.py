"""The real pdns_server before ptrd, and questions to it, for the system suites.

    with Pdns(ptrd.socket) as pdns:
        pdns.ask("7.100.51.198.in-addr.arpa.", "PTR")     # a dns.message.Message
        pdns.ask_many([("a.example.", "A"), ...])         # many at once, answers in the same order

Each server has a directory and a free port of its own and is ended by its pid.
"""
import asyncio
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

START_TIMEOUT_S = 30
REPLY_TIMEOUT_S = 5

# The two settings of the zone cache; caches of answers are off where a test reloads.
ZONE_CACHE = {"zone-cache": {}, "no-zone-cache": {"zone-cache-refresh-interval": 0}}
NO_ANSWER_CACHE = {"cache-ttl": 0, "query-cache-ttl": 0, "negquery-cache-ttl": 0}


def free_port():
    """A port that is free on 127.0.0.1 for UDP and TCP at this moment."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            # not from the ephemeral range: nobody's client gets it by chance before the server does
            port = random.SystemRandom().randrange(10000, 30000)
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """A process in a directory of its own that answers DNS on 127.0.0.1."""

    def __init__(self, name):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=name + "-"))
        self.port = free_port()
        self._log = open(self.dir / "log", "w+b")
        self.process = None

    def start(self, command, probe):
        """Runs command and waits until probe (name, type) gets any reply."""
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=self._log,
                                        stderr=subprocess.STDOUT, cwd=self.dir)
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.ask(*probe, timeout=0.2)
                return
            except (dns.exception.Timeout, OSError):
                time.sleep(0.02)
        log = self.log()
        self.stop()
        raise RuntimeError(f"{command[0]} did not start\n{log}")

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def ask(self, name, qtype, timeout=REPLY_TIMEOUT_S, recurse=False):
        """One question over UDP, over TCP where the reply is cut."""
        query = dns.message.make_query(name, qtype, use_edns=0, payload=1232)
        if not recurse:
            query.flags &= ~dns.flags.RD
        reply = dns.query.udp(query, "127.0.0.1", timeout=timeout, port=self.port)
        if reply.flags & dns.flags.TC:
            reply = dns.query.tcp(query, "127.0.0.1", timeout=timeout, port=self.port)
        return reply

    def ask_many(self, questions, window=64, recurse=False):
        """Replies to all questions, in their order; window of them are under way at a time."""
        return asyncio.run(_ask_many(self.port, questions, window, recurse))


class _Asker(asyncio.DatagramProtocol):
    """One socket, many questions; replies are told apart by their id."""

    def __init__(self):
        self.waiting = {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, _addr):
        waiter = self.waiting.get(struct.unpack("!H", data[:2])[0])
        if waiter is not None and not waiter.done():
            waiter.set_result(data)

    async def ask(self, ident, name, qtype, recurse):
        query = dns.message.make_query(name, qtype, use_edns=0, payload=1232, id=ident)
        if not recurse:
            query.flags &= ~dns.flags.RD
        wire = query.to_wire()
        for _ in range(4):  # a full socket buffer may lose a datagram
            waiter = self.waiting[ident] = asyncio.get_running_loop().create_future()
            self.transport.sendto(wire)
            try:
                data = await asyncio.wait_for(waiter, REPLY_TIMEOUT_S)
                return dns.message.from_wire(data)
            except asyncio.TimeoutError:
                continue
            finally:
                del self.waiting[ident]
        raise dns.exception.Timeout(f"{name} {qtype}")


async def _ask_many(port, questions, window, recurse):
    transport, asker = await asyncio.get_running_loop().create_datagram_endpoint(
        _Asker, remote_addr=("127.0.0.1", port))
    replies = [None] * len(questions)
    work = iter(enumerate(questions))

    async def worker(ident):
        for index, (name, qtype) in work:
            replies[index] = await asker.ask(ident, name, qtype, recurse)

    try:
        await asyncio.gather(*(worker(i + 1) for i in range(window)))
    finally:
        transport.close()
    return replies


def rows(reply):
    """The answer section as a sorted list of (type, content), names lower case."""
    return sorted((dns.rdatatype.to_text(rrset.rdtype), rdata.to_text().lower())
                  for rrset in reply.answer for rdata in rrset)


def rcode(reply):
    return dns.rcode.to_text(reply.rcode())


def assert_answer(reply, qtype, contents):
    """NOERROR and exactly these contents of the type."""
    question = reply.question[0].to_text()
    assert rcode(reply) == "NOERROR", f"{question}: {rcode(reply)}"
    assert rows(reply) == sorted((qtype, c.lower()) for c in contents), question


def assert_nodata(reply):
    question = reply.question[0].to_text()
    assert rcode(reply) == "NOERROR", f"{question}: {rcode(reply)}"
    assert rows(reply) == [], question
    assert [dns.rdatatype.to_text(r.rdtype) for r in reply.authority] == ["SOA"], question


def assert_nxdomain(reply):
    question = reply.question[0].to_text()
    assert rcode(reply) == "NXDOMAIN", f"{question}: {rcode(reply)} {rows(reply)}"
    assert rows(reply) == [], question


class Pdns(Server):
    """pdns_server, launch=remote. settings: more lines of its configuration."""

    def __init__(self, ptrd_socket, settings=None, probe=("version.bind.example.", "A")):
        super().__init__("pdns")
        lines = {
            "launch": "remote",
            "remote-connection-string": f"unix:path={ptrd_socket},timeout=2000",
            "local-address": "127.0.0.1",
            "local-port": self.port,
            "socket-dir": self.dir,
            "daemon": "no",
            "guardian": "no",
            "api": "no",
            "webserver": "no",
            "disable-syslog": "yes",
            "log-timestamp": "no",
            "security-poll-suffix": "",
            **(settings or {}),
        }
        (self.dir / "pdns.conf").write_text("".join(f"{k}={v}\n" for k, v in lines.items()))
        self.start(["/usr/sbin/pdns_server", f"--config-dir={self.dir}"], probe)
