"""pdns-config/quickstart --postgres: the same one command, with a database of its own, and a change made in SQL seen in DNS."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg
import pytest

from support.admind import Admind, eventually
from support.pdns import free_port
from support.postgres import Postgres
from support.ptrd import run as run_program
from support.quickstart import QUICKSTART, SOURCE, copy_of, processes_of, run


LONG = os.environ.get("PTRD_TEST_LONG") == "1"


def make_directory():
    """Not pytest's own, which PostgreSQL's user cannot reach."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ptrd-quickstart-test-"))
    path.chmod(0o755)
    return path


@pytest.fixture
def directory():
    path = make_directory()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def checked():
    """One in which --check was run: (directory, how it ended, clusters before)."""
    path, before = make_directory(), clusters()
    yield path, run("--postgres", "--check", "--dir", path, "--port", free_port()), before
    shutil.rmtree(path)


def clusters():
    """Of the machine, which are not the quickstart's business."""
    return subprocess.run(["pg_lsclusters", "-h"], capture_output=True, text=True, check=True).stdout


def test_check_is_green_and_leaves_nothing_running(checked):
    directory, done, before = checked
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all answers right" in done.stdout
    assert done.stdout.count("answered within") == 2
    assert processes_of(directory) == []
    assert clusters() == before
    # nobody else may enter the database, in which whoever does is trusted
    assert (directory / "postgres").stat().st_mode & 0o077 == 0


def test_without_the_flush_the_check_fails(directory):
    """PowerDNS answers from its caches, so that what is seen in time was flushed."""
    script = copy_of(directory / "copy", "quickstart-postgres.sh", "pdns:\n  - control: $dir/pdns-socket/pdns.controlsocket\n", "")
    done = run("--postgres", "--check", "--dir", directory / "d", "--port", free_port(), script=script)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG: expected new.isp.example." in done.stderr
    assert processes_of(directory) == []


@pytest.mark.skipif(not LONG, reason="in full size only")
def test_a_refused_sample_is_told(directory):
    script = copy_of(directory / "copy", "sample-postgres.sql", "'198.51.100.224/27'", "'198.51.100.225/27'")
    done = run("--postgres", "--check", "--dir", directory / "d", "--port", free_port(), script=script)
    assert done.returncode == 1
    assert "198.51.100.225/27" in done.stderr and "the sample rows were refused" in done.stderr
    assert processes_of(directory) == []


def test_it_stays_up_until_ctrl_c_with_the_database_that_is_there(checked):
    directory, output = checked[0], ""
    process = subprocess.Popen([QUICKSTART, "--postgres", "--dir", directory, "--port", str(free_port())], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True,
                               # a background job of a shell would ignore SIGINT; a terminal's does not
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        for line in process.stdout:
            output += line
            if "Ctrl-C stops all" in line:
                break
        assert process.poll() is None
        assert "0 migrations applied" in output and "filling it" not in output
        # the client that it names; one that stays connected does not hold up the end
        assert f"psql -h {directory}/postgres -U ptrd ptrd" in line
        client = psycopg.connect(host=str(directory / "postgres"), user="ptrd", dbname="ptrd")
        assert client.execute("SELECT count(*) FROM ptrd.ptr").fetchone() == (6,)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        output += process.communicate(timeout=60)[0]
        assert process.returncode == 0, output
        client.close()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    eventually(lambda: processes_of(directory) == [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root PostgreSQL runs as another user")
def test_a_directory_out_of_reach_is_told(tmp_path):
    tmp_path.chmod(0o700)
    done = run("--postgres", "--check", "--dir", tmp_path / "d", "--port", free_port())
    assert done.returncode == 1
    assert f"cannot reach {tmp_path}/d: choose another --dir" in done.stderr
    assert processes_of(tmp_path) == []


def test_a_directory_that_connection_strings_do_not_take_is_told(directory):
    done = run("--postgres", "--check", "--dir", directory / "a b", "--port", free_port())
    assert done.returncode == 1
    assert "needs a --dir of letters, digits" in done.stderr
    assert processes_of(directory) == []


def test_the_sample_rows_are_the_sample_zones(tmp_path):
    """But for the serials, the same store."""
    def dump(db):
        return re.sub(r"serial: \d+", "serial: N", run_program("ptrctl", "dump", "--db", db).stdout)

    with Postgres() as pg:
        pg.migrate()
        pg.execute((SOURCE / "pdns-config" / "sample-postgres.sql").read_text())
        with Admind(pg, tmp_path / "sql") as admind:
            assert "quarantine" not in admind.log()
    run_program("ptrctl", "load", SOURCE / "pdns-config" / "sample-zones.yaml", "--db", tmp_path / "file")
    assert "gw.isp.example" in dump(tmp_path / "file")
    assert dump(tmp_path / "sql") == dump(tmp_path / "file")
