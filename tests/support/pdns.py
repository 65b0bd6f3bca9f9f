"""The real pdns_server before ptrd, and questions to it, for the system suites.

    with Pdns(ptrd.socket) as pdns:
        pdns.ask("7.100.51.198.in-addr.arpa.", "PTR")     # a dns.message.Message
        pdns.ask_many([("a.example.", "A"), ...])         # many at once, answers in the same order

Each server has a directory and a free port of its own and is ended by its pid.
"""
import asyncio
import json
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import dns.asyncquery
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
# For what edits zones: TSIG keys need remote-dnssec, and answers of before an edit are not wanted.
EDITING = {**NO_ANSWER_CACHE, "remote-dnssec": "yes", "dnsupdate": "yes", "loglevel": 6}


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

    environment = None  # of the process; None: that of the tests

    def __init__(self, name):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=name + "-"))
        self.address, self.port = "127.0.0.1", free_port()
        self._log = open(self.dir / "log", "w+b")
        self.process = None

    def start(self, command, probe):
        """Runs command and waits until probe (name, type) gets any reply."""
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=self._log,
                                        stderr=subprocess.STDOUT, cwd=self.dir, env=self.environment)
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.ask(*probe, timeout=0.2)
                return
            except (dns.exception.Timeout, OSError):
                time.sleep(0.02)
            except BaseException:
                self.stop()     # nobody else will: the caller has no server yet
                raise
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

    def ask(self, name, qtype, timeout=REPLY_TIMEOUT_S, recurse=False, dnssec=False):
        """One question over UDP, over TCP where the reply is cut. dnssec: with the DO bit."""
        query = make_query(name, qtype, recurse, dnssec)
        reply = dns.query.udp(query, self.address, timeout=timeout, port=self.port)
        if reply.flags & dns.flags.TC:
            reply = dns.query.tcp(query, self.address, timeout=timeout, port=self.port)
        return reply

    def ask_many(self, questions, window=64, recurse=False):
        """Replies to all questions, (name, type) or (name, type, DO bit), in their order; window of them are under way at
        a time."""
        return asyncio.run(_ask_many((self.address, self.port), questions, window, recurse))


def make_query(name, qtype, recurse, dnssec=False, **more):
    """A message. To a resolver it has the AD bit: the reply says whether it is validated, DO bit or not (RFC 6840 5.7)."""
    query = dns.message.make_query(name, qtype, use_edns=0, payload=1232, want_dnssec=dnssec, **more)
    if recurse:
        query.flags |= dns.flags.AD
    else:
        query.flags &= ~dns.flags.RD
    return query


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

    async def ask(self, ident, recurse, name, qtype, dnssec=False):
        query = make_query(name, qtype, recurse, dnssec, id=ident)
        wire = query.to_wire()
        for _ in range(4):  # a full socket buffer may lose a datagram
            waiter = self.waiting[ident] = asyncio.get_running_loop().create_future()
            self.transport.sendto(wire)
            try:
                data = await asyncio.wait_for(waiter, REPLY_TIMEOUT_S)
                reply = dns.message.from_wire(data)
                if not reply.flags & dns.flags.TC:
                    return reply
                where, port = self.transport.get_extra_info("peername")
                return await dns.asyncquery.tcp(query, where, timeout=REPLY_TIMEOUT_S, port=port)
            except asyncio.TimeoutError:
                continue
            finally:
                del self.waiting[ident]
        raise dns.exception.Timeout(f"{name} {qtype}")


async def _ask_many(address, questions, window, recurse):
    transport, asker = await asyncio.get_running_loop().create_datagram_endpoint(_Asker, remote_addr=address)
    replies = [None] * len(questions)
    work = iter(enumerate(questions))

    async def worker(ident):
        for index, question in work:
            replies[index] = await asker.ask(ident, recurse, *question)

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


class Tool(Exception):
    """A tool of PowerDNS ended with a status other than 0; .status and .output say how."""

    def __init__(self, command, status, output):
        super().__init__(f"{command}: status {status}\n{output}")
        self.status, self.output = status, output


def run_tool(*command, text=None, timeout=30, env=None):
    """Runs a program to its end; returns what it printed."""
    done = subprocess.run([str(c) for c in command], input=text, stdin=None if text else subprocess.DEVNULL, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    if done.returncode != 0:
        raise Tool(" ".join(map(str, command)), done.returncode, done.stdout)
    return done.stdout


class Pdns(Server):
    """pdns_server, launch=remote. settings: more lines of its configuration (None: without that line). address: on port 53 of that one.
    api: with its HTTP API."""

    API_KEY = "key-of-the-tests"

    def __init__(self, ptrd_socket, settings=None, probe=("version.bind.example.", "A"), address=None, api=False):
        super().__init__("pdns")
        if address is not None:
            self.address, self.port = address, 53
        self.api_port = free_port() if api else None
        if api:
            settings = {"api": "yes", "webserver": "yes", "api-key": self.API_KEY,
                        "webserver-address": "127.0.0.1", "webserver-port": self.api_port, **(settings or {})}
        lines = {
            "launch": "remote",
            "remote-connection-string": f"unix:path={ptrd_socket},timeout=2000",
            "local-address": self.address,
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
        (self.dir / "pdns.conf").write_text("".join(f"{k}={v}\n" for k, v in lines.items() if v is not None))
        self.start(["/usr/sbin/pdns_server", f"--config-dir={self.dir}"], probe)

    def pdnsutil(self, *args):
        """pdnsutil with this server's configuration; returns what it printed. Tool when it fails."""
        return run_tool("pdnsutil", f"--config-dir={self.dir}", *args, env=self.environment)

    def control(self, *args):
        return run_tool("pdns_control", f"--config-dir={self.dir}", *args)

    def nsupdate(self, *lines, key=None):
        """Lines of nsupdate(1) for this server. key: "algorithm:name:secret"."""
        text = "".join(line + "\n" for line in (f"server 127.0.0.1 {self.port}", *lines, "send"))
        return run_tool("nsupdate", *(["-y", key] if key else []), text=text)

    def http(self, method, path, body=None):
        """A request to the HTTP API below servers/localhost: (status, JSON or text)."""
        url = f"http://127.0.0.1:{self.api_port}/api/v1/servers/localhost{path}"
        request = urllib.request.Request(url, method=method, headers={"X-API-Key": self.API_KEY},
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text
