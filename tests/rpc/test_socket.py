"""ptrd's transports: what a client may do to its connection, and how ptrd starts and stops."""
import concurrent.futures
import grp
import json
import os
import pathlib
import resource
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time

import pytest

from support.ptrd import BUILD, Client, Closed, Ptrd, Refused, Store, run

ZONES = """
defaults:
  ttl: 3600
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
  - name: dyn.isp.example
  - prefix: 198.51.100.0/24
  - prefix: 2001:db8::/32
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example", ttl: 600}
ptrs:
  198.51.100.25: mail.customer.example
"""

REVERSE = "{}.100.51.198.in-addr.arpa."
FORWARD = "198-51-100-{}.dyn.isp.example"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store") / "db").load(ZONES).dir


@pytest.fixture(scope="module")
def ptrd(store):
    """One server for the tests that leave it as it is."""
    with Ptrd(store) as p:
        yield p


@pytest.fixture
def tmp_path():
    """Short enough for a socket path."""
    with tempfile.TemporaryDirectory(prefix="ptrd-") as d:
        yield pathlib.Path(d)


@pytest.fixture
def client(ptrd):
    with Client(ptrd.socket) as c:
        yield c


def request(n=7):
    text = json.dumps({"method": "lookup", "parameters": {
        "local": "0.0.0.0", "qname": REVERSE.format(n), "qtype": "ANY", "real-remote": "0.0.0.0/0",
        "remote": "0.0.0.0", "zone-id": -1}})
    return text.encode() + b"\n"


def assert_right(client, n=7):
    rows = client.lookup(REVERSE.format(n))
    assert [r["content"] for r in rows] == [FORWARD.format(n)]


def assert_line_right(line, n):
    assert [r["content"] for r in json.loads(line)["result"]] == [FORWARD.format(n)]


def wait_for(what, timeout=5):
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


# --- the stream ---

def test_a_request_is_answered(client):
    assert client.call("initialize", path="/x", timeout="2000") is True
    assert_right(client)


def test_one_byte_at_a_time(client):
    for byte in request(9):
        client.send(bytes([byte]))
        time.sleep(0.0005)
    assert_line_right(client.read_line(), 9)


def test_merged_requests_are_answered_in_order(client):
    client.send(b"".join(request(n) for n in range(1, 21)))
    for n in range(1, 21):
        assert_line_right(client.read_line(), n)


def test_a_request_and_a_half_then_the_rest(client):
    both = request(1) + request(2)
    client.send(both[:-30])
    assert_line_right(client.read_line(), 1)
    client.send(both[-30:])
    assert_line_right(client.read_line(), 2)


def test_blank_lines_between_requests_are_skipped(client):
    client.send(b"\n \r\n" * 5000 + request(3) + b"\n\n" + request(4) + b"\n")
    assert_line_right(client.read_line(), 3)
    assert_line_right(client.read_line(), 4)


def test_a_reply_is_one_object_and_a_newline(client):
    client.send(request())
    time.sleep(0.2)
    data = client.sock.recv(65536)
    assert data.endswith(b"]}\n") and data.count(b"\n") == 1


def test_half_closed_connection_gets_what_is_complete(client):
    client.send(request(1) + request(2) + request(3)[:-5])
    client.sock.shutdown(socket.SHUT_WR)
    assert_line_right(client.read_line(), 1)
    assert_line_right(client.read_line(), 2)
    with pytest.raises(Closed):
        client.read_line()


def test_a_large_request_is_read_whole(client):
    big = {"method": "initialize", "parameters": {"path": "x" * 3_000_000}}
    client.send(json.dumps(big).encode() + b"\n")
    assert json.loads(client.read_line()) == {"result": True}
    assert_right(client)


def test_an_oversize_request_closes_only_its_connection(ptrd, client):
    with Client(ptrd.socket) as other:
        assert_right(other)
        with pytest.raises((Closed, BrokenPipeError, ConnectionResetError)):
            client.send(b'{"method": "' + b"x" * (5 << 20))
            client.read_line()
        assert_right(other)
    wait_for(lambda: "a request of more than" in ptrd.log())


GARBAGE = [
    b"hello\n", b"{}\n", b"[]\n", b"{\n", b"{}{}\n", b"\x00\n", b"\xff\xfe\n", b"{\"method\":1}\n", b"null\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\n", b"[" * 100000 + b"\n",
    b"{\"a\":" * 100000 + b"\n", b"{\"method\":\"lookup\",\"parameters\":{\"qname\":\"\\ud800\",\"qtype\":\"A\"}}\n",
    b"{\"method\":\"lookup\",\"parameters\":{\"qname\":\"" + b"a" * 5000 + b".\",\"qtype\":\"A\"}}\n",
    b"{\"method\":\"list\",\"parameters\":{\"zonename\":[]}}\n",
    b"{\"method\":\"lookup\",\"method\":\"lookup\",\"parameters\":{}}\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_closes_only_its_connection(ptrd, client, garbage):
    with Client(ptrd.socket) as other:
        client.send(garbage)
        with pytest.raises(Closed):
            client.read_line()
        assert_right(other)


def test_what_came_before_garbage_is_answered(client):
    client.send(request(5) + b"garbage\n" + request(6))
    assert_line_right(client.read_line(), 5)
    with pytest.raises(Closed):
        client.read_line()


def test_garbage_is_logged_with_a_limit(store):
    with Ptrd(store) as p:
        for _ in range(200):
            with Client(p.socket) as c:
                c.send(b"\x1b[31mgarbage\n")
                with pytest.raises(Closed):
                    c.read_line()
        lines = [line for line in p.log().splitlines() if "connection closed" in line]
        assert 1 <= len(lines) <= 60
        assert f"process {os.getpid()}" in lines[0]
        assert "\x1b" not in p.log()
        p.stop()
        assert "left out" in p.log()


def test_a_store_that_is_gone_closes_and_never_denies(tmp_path):
    store = Store(tmp_path / "db").load(ZONES)
    with Ptrd(store.dir) as p:
        with Client(p.socket) as c:
            assert_right(c)
        store.dir.rename(tmp_path / "away")
        for method, parameters in (("lookup", {"qname": REVERSE.format(7), "qtype": "ANY", "zone-id": -1}),
                                   ("getAllDomains", {"include_disabled": True}),
                                   ("getDomainInfo", {"name": "isp.example."}),
                                   ("getDomainMetadata", {"name": "isp.example.", "kind": "X"}),
                                   ("getAllDomainMetadata", {"name": "isp.example."}),
                                   ("list", {"zonename": "isp.example.", "domain_id": 1})):
            with Client(p.socket) as c:
                assert c.request("initialize", {}) is True
                with pytest.raises(Closed):
                    c.request(method, parameters)
        assert "cannot read the store" in p.log()
        (tmp_path / "away").rename(store.dir)
        with Client(p.socket) as c:
            assert_right(c)


def test_a_large_reply_read_slowly_is_whole(tmp_path):
    ptrs = "".join(f"  10.9.{n // 250}.{n % 250}: host{n}.customer.example\n" for n in range(5000))
    store = Store(tmp_path / "db").load(
        ZONES.replace("blocks:", "  - prefix: 10.9.0.0/16\nblocks:") + ptrs)
    with Ptrd(store.dir) as p, Client(p.socket) as c:
        c.send(b'{"method": "list", "parameters": {"domain_id": -1, "zonename": "9.10.in-addr.arpa."}}\n')
        data = b""
        while not data.endswith(b"\n"):
            data += c.sock.recv(1500)
        rows = json.loads(data)["result"]
        assert len(data) > 300_000
        assert sum(r["qtype"] == "PTR" for r in rows) == 5000
        assert_right(c)


def is_sanitized():
    return any(word in (BUILD / "ptrd").read_bytes() for word in (b"__asan_init", b"__tsan_init"))


@pytest.fixture
def public_ptrd():
    """ptrd where every user can run it: the checkout may lie in a closed directory."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield shutil.copy(BUILD / "ptrd", directory)


def test_idle_connections_keep_no_large_replies(tmp_path):
    ptrs = "".join(f"  10.9.{n // 250}.{n % 250}: host{n}.customer.example\n" for n in range(20000))
    store = Store(tmp_path / "db").load(
        ZONES.replace("blocks:", "  - prefix: 10.9.0.0/16\nblocks:") + ptrs)
    with Ptrd(store.dir) as p:
        clients = [Client(p.socket) for _ in range(20)]
        for c in clients:
            assert len(c.wait_long().call("list", zonename="9.10.in-addr.arpa.", domain_id=-1)) > 20000
        if not is_sanitized():  # their allocators keep what is freed
            status = pathlib.Path(f"/proc/{p.pid}/status").read_text()
            rss_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
            assert rss_kb < 20 * 1024  # one reply is 2 MB
        for c in clients:
            assert_right(c)
            c.close()


# --- many clients ---

def test_200_connections_at_once(ptrd):
    clients = [Client(ptrd.socket) for _ in range(200)]
    try:
        for n, c in enumerate(clients):
            c.send(request(n % 24 + 1))
        for n, c in enumerate(clients):
            assert_line_right(c.read_line(), n % 24 + 1)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:  # a client is one thread's at a time
            list(pool.map(lambda c: [assert_right(c) for _ in range(3)], clients))
    finally:
        for c in clients:
            c.close()


def test_connections_beyond_the_limit_are_closed(store):
    with Ptrd(store, args=["--connections-max", "3"]) as p:
        clients = [Client(p.socket) for _ in range(3)]
        for c in clients:
            assert_right(c)
        with Client(p.socket) as more, pytest.raises((Closed, BrokenPipeError)):
            more.lookup(REVERSE.format(7))
        assert_right(clients[0])
        clients.pop().close()
        wait_for(lambda: fits(p))
        assert "connections-max 3 is reached" in p.log()
        for c in clients:
            c.close()


def fits(p):
    try:
        with Client(p.socket) as c:
            c.lookup(REVERSE.format(7))
        return True
    except (Closed, BrokenPipeError):
        return False


def stop_reading(p):
    """A client whose replies nobody reads: sends until the server's thread blocks."""
    c = Client(p.socket)
    c.sock.setblocking(False)
    blocked = 0
    while blocked < 20:
        try:
            c.sock.send(request() * 50)
            blocked = 0
        except BlockingIOError:
            blocked += 1
            time.sleep(0.01)
    return c


def test_a_client_that_stops_reading_holds_up_no_other(ptrd):
    stuck = [stop_reading(ptrd) for _ in range(3)]
    with Client(ptrd.socket, timeout=2) as other:
        for n in range(1, 25):
            assert_right(other, n)
    for c in stuck:
        c.close()


def test_a_client_that_vanishes_is_no_event(ptrd):
    for _ in range(20):
        c = Client(ptrd.socket)
        c.send(request() * 100)
        c.close()
    with Client(ptrd.socket) as other:
        assert_right(other)
    assert "Broken pipe" not in ptrd.log()


def test_out_of_descriptors_others_go_on(store):
    with Ptrd(store) as p, Client(p.socket) as first:
        assert_right(first)
        used = len(os.listdir(f"/proc/{p.pid}/fd"))
        soft, hard = resource.prlimit(p.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (used + 2, hard))
        clients = [Client(p.socket, timeout=0.3) for _ in range(5)]
        wait_for(lambda: "cannot accept a connection" in p.log())
        assert_right(first)
        resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (soft, hard))
        time.sleep(0.3)
        for c in clients:
            assert_right(c)
            c.close()
        ticks = sum(map(int, open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
        assert ticks < 200  # it did not spin


def open_transactions(store_dir, pid):
    """Of a process, by LMDB's table of readers: a header of 128 bytes, then slots of 64 bytes: number of the
    transaction (all ones: none), process."""
    table = (store_dir / "lock.mdb").read_bytes()[128:]
    slots = [struct.unpack_from("<QI", table, at) for at in range(0, len(table) - 63, 64)]
    return [number for number, owner in slots if owner == pid and number != 2 ** 64 - 1]


def test_no_transaction_is_kept_while_clients_only_come_and_go(store):
    with Ptrd(store) as p:
        with Client(p.socket) as c:
            assert_right(c)
        end = time.monotonic() + 4
        while time.monotonic() < end and open_transactions(store, p.pid):
            with Client(p.socket):
                time.sleep(0.01)
        assert open_transactions(store, p.pid) == []


# --- starting and stopping ---

def test_kill_9_and_restart_over_the_stale_socket(store, tmp_path):
    path = short_path(tmp_path)
    p = Ptrd(store, path)
    p.kill()
    assert os.path.exists(path)
    with Ptrd(store, path) as again, Client(again.socket) as c:
        assert_right(c)


def short_path(directory):
    return str(directory / "s")


def test_a_second_ptrd_on_the_same_socket_is_refused(ptrd, store):
    with pytest.raises(Refused) as e:
        Ptrd(store, ptrd.socket)
    assert e.value.status == 1
    assert f"socket {ptrd.socket} belongs to another running ptrd, process {ptrd.pid}" in e.value.stderr
    with Client(ptrd.socket) as c:
        assert_right(c)


def start_raw(store, path, *args):
    return subprocess.Popen([str(BUILD / "ptrd"), "--db", str(store), "--socket", path, *args],
                            stderr=subprocess.PIPE, text=True)


def test_of_many_started_together_one_serves(store, tmp_path):
    path = short_path(tmp_path)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    all_of_them = [start_raw(store, path) for _ in range(8)]
    try:
        wait_for(lambda: sum(p.poll() is not None for p in all_of_them) == 7, timeout=20)
        with Client(path) as c:
            assert_right(c)
        assert all(p.returncode in (None, 1) for p in all_of_them)
    finally:
        for p in all_of_them:
            if p.poll() is None:
                p.terminate()
            p.communicate()


def refused(store, path, *args):
    p = start_raw(store, str(path), *args)
    _, err = p.communicate(timeout=20)
    assert p.returncode == 1, err
    return err


def test_another_server_s_socket_is_not_taken(store, tmp_path):
    path = short_path(tmp_path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        assert f"another server is listening on {path}" in refused(store, path)
        assert os.path.exists(path)


def test_a_path_that_is_no_socket_is_refused(store, tmp_path):
    path = tmp_path / "file"
    path.write_text("precious")
    assert f"{path} exists and is no socket" in refused(store, path)
    assert path.read_text() == "precious"


def test_socket_in_a_directory_that_does_not_exist(store, tmp_path):
    path = tmp_path / "no" / "s"
    err = refused(store, path)
    assert str(path) in err and "No such file or directory" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="drops its privileges")
def test_socket_without_permission(store, tmp_path, public_ptrd):
    os.chmod(tmp_path, 0o755)
    path = short_path(tmp_path)
    p = subprocess.run([public_ptrd, "--db", str(store), "--socket", path], capture_output=True, text=True,
                       user=65534, group=65534, extra_groups=[], timeout=20)
    assert p.returncode == 1
    assert "Permission denied" in p.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="drops its privileges")
def test_socket_directory_without_permission(tmp_path, public_ptrd):
    store = Store(tmp_path / "db").load(ZONES)
    os.chmod(tmp_path, 0o755)
    os.chmod(store.dir, 0o777)
    for f in store.dir.iterdir():
        os.chmod(f, 0o666)
    path = short_path(tmp_path)
    p = subprocess.run([public_ptrd, "--db", str(store.dir), "--socket", path], capture_output=True,
                       text=True, user=65534, group=65534, extra_groups=[], timeout=20)
    assert p.returncode == 1
    assert path in p.stderr and "Permission denied" in p.stderr


def test_too_long_socket_path(store, tmp_path):
    assert "expected 1 to 107 bytes, found" in refused(store, tmp_path / ("x" * 120))


def test_mode_and_group_of_the_socket(store, tmp_path):
    path = short_path(tmp_path)
    with Ptrd(store, path):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    group = grp.getgrgid(os.getgid()).gr_name
    with Ptrd(store, path, args=["--socket-mode", "0600", "--socket-group", group]):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert os.stat(path).st_gid == os.getgid()
    assert "there is no group nosuchgroup" in refused(store, path, "--socket-group", "nosuchgroup")
    assert not os.path.exists(path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_by_signal(store, tmp_path, number):
    path = short_path(tmp_path)
    p = Ptrd(store, path)
    with Client(path) as c:
        assert_right(c)
        os.kill(p.pid, number)
        assert p.process.wait(5) == 0
        assert not os.path.exists(path)
        with pytest.raises(Closed):
            c.lookup(REVERSE.format(7))
    p.stop()


def test_sigterm_answers_what_has_arrived(store):
    for _ in range(10):
        p = Ptrd(store)
        clients = [Client(p.socket) for _ in range(20)]
        for c in clients:
            assert_right(c)
        for c in clients:
            c.send(request(8))
        os.kill(p.pid, signal.SIGTERM)
        for c in clients:
            assert_line_right(c.read_line(), 8)
            c.close()
        assert p.stop() == 0


def test_sigterm_does_not_wait_for_a_client_that_does_not_read(store):
    p = Ptrd(store, args=["--drain-ms", "300"])
    stuck = stop_reading(p)
    start = time.monotonic()
    assert p.stop() == 0
    assert 0.25 < time.monotonic() - start < 5
    assert "outlast drain-ms 300" in p.log()
    stuck.close()


def test_readiness(store, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = str(tmp_path / "notify")
        manager.bind(path)
        manager.settimeout(5)
        with Ptrd(store, env={"NOTIFY_SOCKET": path}) as p:
            assert manager.recv(100) == b"READY=1"
            with Client(p.socket) as c:
                assert_right(c)
        assert manager.recv(100) == b"STOPPING=1"


def test_socket_activation(store, tmp_path):
    path = short_path(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        command = f'exec 3<&{listening.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'
        p = subprocess.Popen(["bash", "-c", command, "bash", str(BUILD / "ptrd"), "--db", str(store)],
                             pass_fds=[listening.fileno()], stderr=subprocess.PIPE, text=True)
        try:
            with Client(path) as c:
                assert_right(c)
        finally:
            p.terminate()
            _, err = p.communicate(timeout=10)
        assert p.returncode == 0, err
        assert os.path.exists(path)


# --- --stdio ---

def test_stdio(store):
    with Ptrd(store, stdio=True) as p:
        for n in (1, 2, 3):
            p.process.stdin.write(request(n))
            p.process.stdin.flush()
            assert_line_right(p.process.stdout.readline(), n)
        assert p.stop() == 0


def test_stdio_keeps_no_pipe_of_its_parent(store):
    """Else two children of a pdns_server that is gone would keep each other alive."""
    ours, theirs = os.pipe()
    process = subprocess.Popen([BUILD / "ptrd", "--stdio", "--db", store], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               pass_fds=[theirs])
    os.close(theirs)
    assert select.select([ours], [], [], 10)[0] and os.read(ours, 1) == b"" and process.poll() is None
    os.close(ours)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_stdio_answers_all_before_the_end_of_input(store):
    done = subprocess.run([str(BUILD / "ptrd"), "--stdio", "--db", str(store)], timeout=20, capture_output=True,
                          input=b"".join(request(n) for n in range(1, 25)))
    lines = done.stdout.splitlines()
    assert len(lines) == 24 and done.returncode == 0
    for n, line in enumerate(lines, 1):
        assert_line_right(line, n)


def test_stdio_ends_on_garbage(store):
    done = subprocess.run([str(BUILD / "ptrd"), "--stdio", "--db", str(store)], timeout=20, capture_output=True,
                          input=request(1) + b"garbage\n" + request(2))
    assert done.stdout.count(b"\n") == 1 and done.returncode == 1
    assert b"not a JSON request" in done.stderr


# --- configuration ---

def test_help_and_version():
    text = run("ptrd", "--help").stdout
    for word in ("--db DIR", "--socket PATH", "--stdio", "--config FILE", "--leaf", "launch=remote", "default 512"):
        assert word in text
    assert run("ptrd", "--version").stdout.startswith("ptrd ")


@pytest.mark.parametrize("args, status, message", [
    (["--nonsense"], 2, "nonsense"),
    (["--db", "x", "--socket", "y", "z"], 2, "unexpected argument `z`"),
    ([], 1, "no store: give --db DIR"),
    (["--db", "x"], 1, "no socket: give --socket PATH"),
    (["--db", "x", "--socket", "y", "--leaf", "blue"], 1, "leaf: expected `off`, `ipv6` or `all`, found `blue`"),
    (["--db", "x", "--socket", "y", "--connections-max", "0"], 1, "connections-max: expected a number 1 to 8000"),
    (["--db", "x", "--socket", "y", "--connections-max", "99999999999999999999999"], 1, "connections-max: expected"),
    (["--db", "x", "--socket", "y", "--socket-mode", "0888"], 1, "socket-mode: expected octal"),
    (["--db", "/nonexistent-store", "--stdio"], 1, "/nonexistent-store"),
])
def test_bad_command_lines(args, status, message):
    done = run("ptrd", *args, check=False)
    assert done.returncode == status
    assert message in done.stderr


@pytest.mark.parametrize("text, message", [
    ("db: x\nsocket: y\nsocet: z\n", ":3:1:"),
    ("db: x\nsocket: y\nconnections-max: many\n", ":3:18:"),
    ("db: x\nsocket: y\nconnections-max: 0\n", ":3:18:"),
    ("db: x\nsocket: y\nleaf: ipv4\n", ":3:7: leaf: expected `off`, `ipv6` or `all`, found `ipv4`"),
    ("db: [x]\nsocket: y\n", ":1:5:"),
    ("- db\n", ":1:1:"),
    ("socket: y\n", "no store"),
])
def test_bad_configurations(tmp_path, text, message):
    path = tmp_path / "ptrd.yaml"
    path.write_text(text)
    done = run("ptrd", "--check-config", "--config", path, check=False)
    assert done.returncode == 1
    assert message in done.stderr


def test_flags_override_the_file_and_sighup_reads_it_again(store, tmp_path):
    config = tmp_path / "ptrd.yaml"
    config.write_text(f"db: /nonexistent\nsocket: {tmp_path}/wrong\nconnections-max: 100\n")
    assert run("ptrd", "--check-config", "--config", config).returncode == 0
    with Ptrd(store, args=["--config", config]) as p:
        clients = [Client(p.socket) for _ in range(3)]
        for c in clients:
            assert_right(c)
        config.write_text("connections-max: 1\nsocket-mode: 0600\n")
        os.kill(p.pid, signal.SIGHUP)
        wait_for(lambda: "configuration read again" in p.log())
        assert "`socket-mode` changes with a restart only" in p.log()
        for c in clients:
            assert_right(c)
        assert not fits(p)
        config.write_text("connections-max: none of your business\n")
        os.kill(p.pid, signal.SIGHUP)
        wait_for(lambda: "configuration not read again" in p.log())
        assert not fits(p)
        for c in clients:
            c.close()
