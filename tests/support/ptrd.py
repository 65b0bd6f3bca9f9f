"""Starting ptrd and talking to it, for the Python suites.

Binaries are those of $PTRD_BUILD. Every store and socket lies in a directory of its own; every process that is
started here is ended by its pid.

    store = Store(tmp_path / "db").load(yaml_text)
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
        client.lookup("7.100.51.198.in-addr.arpa.")
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("PTRD_BUILD", "build"))
START_TIMEOUT_S = 20


class Refused(Exception):
    """A program ended with a status other than 0; .status and .stderr say how."""

    def __init__(self, args, status, stdout, stderr):
        super().__init__(f"{' '.join(map(str, args))}: status {status}\n{stdout}{stderr}")
        self.status, self.stdout, self.stderr = status, stdout, stderr


def run(program, *args, check=True, timeout=60, **kwargs):
    """Runs a program of the build to its end. Returns the CompletedProcess (text)."""
    command = [str(BUILD / program), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and done.returncode != 0:
        raise Refused(command, done.returncode, done.stdout, done.stderr)
    return done


class Store:
    """A store directory, filled by `ptrctl load`."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)

    def load(self, yaml_text, check=True):
        """Loads a zones file given as text; returns self. Refused when ptrctl refuses it."""
        self.dir.parent.mkdir(parents=True, exist_ok=True)
        path = self.dir.with_name(self.dir.name + ".zones.yaml")
        path.write_text(yaml_text)
        self.last = run("ptrctl", "load", path, "--db", self.dir, check=check)
        return self


class Ptrd:
    """A running ptrd. As a context manager it is stopped at the end. stdio=True: .process has the pipes."""

    def __init__(self, store_dir, socket_path=None, stdio=False, args=(), env=None):
        self._own_dir = None
        if socket_path is None and not stdio:
            # a socket path holds at most 107 bytes: pytest's tmp_path may be too long
            self._own_dir = tempfile.mkdtemp(prefix="ptrd-")
            socket_path = os.path.join(self._own_dir, "ptrd.sock")
        self.socket = None if stdio else str(socket_path)
        self.stdio = stdio
        self._stderr = tempfile.TemporaryFile(mode="w+")
        where = ["--stdio"] if stdio else ["--socket", self.socket]
        pipe = subprocess.PIPE if stdio else subprocess.DEVNULL
        # readiness as a service manager hears it: an abstract name leaves no file behind
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(f"\0ptrd-test-{os.getpid()}-{id(self)}")
            ready.settimeout(0.05)
            environment = {**os.environ, "NOTIFY_SOCKET": "@" + ready.getsockname()[1:].decode(), **(env or {})}
            self.process = subprocess.Popen(
                [str(BUILD / "ptrd"), "--db", str(store_dir), *where, *map(str, args)],
                stdin=pipe, stdout=pipe, stderr=self._stderr, env=environment)
            self.pid = self.process.pid
            if not stdio and "NOTIFY_SOCKET" not in (env or {}):
                self._wait_up(ready)

    def _wait_up(self, ready):
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            status = self.process.poll()
            if status is not None:
                raise Refused(self.process.args, status, "", self.log())
            try:
                if ready.recv(100) == b"READY=1":
                    return
            except TimeoutError:
                pass
        self.kill()
        raise Refused(self.process.args, None, "", "not up in time\n" + self.log())

    def log(self):
        """All that it has written to stderr so far."""
        here = os.dup(self._stderr.fileno())
        with os.fdopen(here) as f:
            return os.pread(f.fileno(), 1 << 24, 0).decode(errors="replace")

    def stop(self, timeout=10):
        """SIGTERM (or end of input); returns the exit status. What hangs shows its log and threads."""
        if self.process.poll() is None:
            if self.stdio:
                self.process.stdin.close()
            else:
                self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired as e:
            e.add_note(self.log())
            e.add_note(self._threads())
            raise
        self._tidy()
        return status

    def _threads(self):
        """Where each thread is in the kernel, and in the program if there is a gdb."""
        waits = [f"{t.name}: {(t / 'wchan').read_text()}" for t in pathlib.Path(f"/proc/{self.pid}/task").iterdir()]
        gdb = shutil.which("gdb")
        stacks = gdb and subprocess.run([gdb, "-p", str(self.pid), "-batch", "-ex", "thread apply all bt"], text=True,
                                        capture_output=True, timeout=60).stdout
        return "\n".join([*waits, stacks or "no gdb"])

    def kill(self):
        """kill -9."""
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def _tidy(self):
        if self._own_dir is not None:
            shutil.rmtree(self._own_dir, ignore_errors=True)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            self._tidy()
            raise


class Closed(Exception):
    """The server closed the connection instead of answering."""


class Client:
    """One connection, as PowerDNS holds it: one request, then its reply."""

    def __init__(self, socket_path, timeout=10):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(str(socket_path))
        self._rest = b""

    def send(self, data):
        """Raw bytes."""
        self.sock.sendall(data)

    def read_line(self):
        """One reply, as bytes with its newline. Closed at the end of the stream."""
        while b"\n" not in self._rest:
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, BrokenPipeError) as e:
                raise Closed(str(e)) from e
            if not more:
                raise Closed(repr(self._rest))
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        return line + b"\n"

    def call(self, method, **parameters):
        """The reply's `result`; parameters are passed on as they are."""
        return self.request(method, parameters)

    def request(self, method, parameters):
        return self.reply(method, parameters)["result"]

    def reply(self, method, parameters):
        """The whole reply: {"result": ..., "log": [...]}, where a refused commit has no result."""
        text = json.dumps({"method": method, "parameters": parameters}, sort_keys=True)
        try:
            self.send(text.encode() + b"\n")
        except (ConnectionResetError, BrokenPipeError) as e:
            raise Closed(str(e)) from e
        return json.loads(self.read_line())

    def wait_long(self):
        """As a PowerDNS with a `timeout` of a day, that takes `list` of any length; returns self."""
        self.call("initialize", timeout="86400000")
        return self

    def lookup(self, qname, qtype="ANY", zone_id=-1):
        """The rows of a lookup, as PowerDNS 4.7.3 asks it."""
        return self.request("lookup", {
            "local": "0.0.0.0", "qname": qname, "qtype": qtype, "real-remote": "0.0.0.0/0",
            "remote": "0.0.0.0", "zone-id": zone_id})

    # Edits, as PowerDNS 4.7.3 sends them. Each returns the whole reply.

    def start(self, zone, domain_id=-1):
        return self.reply("startTransaction", {"domain": zone, "domain_id": domain_id, "trxid": 1795418095})

    def replace(self, qname, qtype, contents, ttl=300, domain_id=-1):
        rrset = [_rr(qname, qtype, content, ttl) for content in contents]
        return self.reply("replaceRRSet", {
            "domain_id": domain_id, "qname": qname, "qtype": qtype, "rrset": rrset, "trxid": 1795418095})

    def feed(self, qname, qtype, content, ttl=300):
        return self.reply("feedRecord", {
            "rr": {**_rr(qname, qtype, content, ttl), "ordername": None}, "trxid": 1795418095})

    def commit(self):
        return self.reply("commitTransaction", {"trxid": 1795418095})

    def abort(self):
        return self.reply("abortTransaction", {"trxid": 1795418095})

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _rr(qname, qtype, content, ttl):
    return {"auth": True, "content": content, "qclass": 1, "qname": qname, "qtype": qtype, "ttl": ttl}
