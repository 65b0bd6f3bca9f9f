"""pdns-config/quickstart: one command from the checkout to answers (with --postgres: tests/pg/test_quickstart_postgres.py)."""
import os
import signal
import socket
import subprocess
import time

import pytest

from support.pdns import free_port
from support.quickstart import QUICKSTART, TIMEOUT_S, copy_of, processes_of, run


def test_check_is_green_and_leaves_nothing_running(tmp_path):
    done = run("--check", "--dir", tmp_path, "--port", free_port())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all answers right" in done.stdout
    for address in ("198.51.100.25", "198.51.100.7", "2001:db8:1:2::3"):
        assert address in done.stdout
    assert processes_of(tmp_path) == []


def test_a_wrong_answer_makes_the_check_fail(tmp_path):
    """The same script over other sample zones: it must notice."""
    script = copy_of(tmp_path / "copy", "sample-zones.yaml", '{prefix: 198.51.100.0/24, name: "{ip}.',
                     '{prefix: 198.51.100.0/24, name: "x{ip}.')
    done = subprocess.run([script, "--check", "--dir", tmp_path / "d", "--port", str(free_port())],
                          capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG: expected 198-51-100-7.dyn.isp.example." in done.stderr
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_stays_up_until_ctrl_c(tmp_path, sign):
    port = free_port()
    process = subprocess.Popen([QUICKSTART, "--dir", tmp_path, "--port", str(port)], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True,
                               # a background job of a shell would ignore SIGINT; a terminal's does not
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        for line in process.stdout:
            if "Ctrl-C stops both" in line:
                break
        assert process.poll() is None
        assert len(processes_of(tmp_path)) >= 2
        os.killpg(process.pid, sign)  # as a terminal does
        output = process.communicate(timeout=60)[0]
        assert process.returncode == 0, output
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    end = time.monotonic() + 10
    while processes_of(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_of(tmp_path) == []


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = run("--check", "--dir", tmp_path, "--port", port)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in done.stderr
    assert processes_of(tmp_path) == []


def test_a_udp_port_in_use_is_named(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as busy:
        busy.bind(("127.0.0.1", 0))
        port = busy.getsockname()[1]
        done = run("--check", "--dir", tmp_path, "--port", port)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in done.stderr
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("args, message", [
    (["--port"], "needs a value"), (["--port", "0"], "from 1 to 65535"),
    (["--port", "65536"], "from 1 to 65535"), (["--port", "x"], "from 1 to 65535"), (["--nonsense"], "unknown option"),
])
def test_wrong_use_is_status_2(args, message):
    done = run(*args)
    assert done.returncode == 2
    assert message in done.stderr
