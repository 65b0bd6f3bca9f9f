"""`cmake --install`: what lies where, the unit names the installed program, and root's load serves the daemon's user."""
import os
import pathlib
import pwd
import shutil
import subprocess

import pytest

from support.dnsdist import Dnsdist
from support.inprocess import sanitizers
from support.pdns import Pdns, rows
from support.ptrd import Ptrd, Store

BUILD = pathlib.Path(os.environ["PTRD_BUILD"])
SOURCE = pathlib.Path(os.environ["PTRD_SOURCE"])


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("install") / "prefix"
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return prefix


def test_everything_lies_where_a_user_of_debian_looks_for_it(prefix):
    assert sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()) == [
        "bin/ptrctl",
        "include/ptrd/embed/embed.h",
        "lib/libptrd.so",
        "lib/systemd/system/ptr-admind.service",
        "lib/systemd/system/ptrd.service",
        "sbin/ptr-admind",
        "sbin/ptrd",
        "share/doc/ptrd/LICENSE",
        "share/doc/ptrd/README.md",
        "share/doc/ptrd/examples/README.md",
        "share/doc/ptrd/examples/dnsdist-ptrd.conf",
        "share/doc/ptrd/examples/pdns-fast.conf",
        "share/doc/ptrd/examples/pdns-in-process.conf",
        "share/doc/ptrd/examples/pdns-safe.conf",
        "share/doc/ptrd/examples/pdns-transfers.conf",
        "share/doc/ptrd/examples/sample-overrides.csv",
        "share/doc/ptrd/examples/sample-postgres.sql",
        "share/doc/ptrd/examples/sample-zones.yaml",
        "share/man/man1/ptrctl.1",
        "share/man/man3/ptrd-embed.3",
        "share/man/man5/ptrd-zones.5",
        "share/man/man7/ptrd-dnssec.7",
        "share/man/man8/ptr-admind.8",
        "share/man/man8/ptrd.8",
        "share/ptrd/dnsdist-ptrd.lua",
        "share/ptrd/ptrd.lua",
    ]


UNITS = {"ptrd": "--db /var/lib/ptrd --socket /run/ptrd/ptrd.sock", "ptr-admind": "--config /etc/ptrd/admind.yaml"}


@pytest.mark.parametrize("program", UNITS)
def test_the_unit_starts_the_installed_program(prefix, program):
    unit = (prefix / f"lib/systemd/system/{program}.service").read_text()
    assert f"ExecStart={prefix}/sbin/{program} {UNITS[program]}\n" in unit
    assert unit.replace(f"{prefix}/sbin/", "/usr/local/sbin/") == (SOURCE / f"pdns-config/{program}.service").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd")
@pytest.mark.parametrize("program", UNITS)
def test_systemd_knows_all_that_the_unit_says(prefix, program):
    unit = prefix / f"lib/systemd/system/{program}.service"
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert [line for line in done.stderr.splitlines() if f"{program}.service" in line] == []


@pytest.mark.skipif(bool(sanitizers()), reason="a sanitizer's run-time library has to be loaded first")
def test_the_in_process_mode_as_installed_answers(prefix, tmp_path):
    """The fragment names the Lua file, and that the library, where they were installed; only the store is the test's."""
    text = (prefix / "share/doc/ptrd/examples/pdns-in-process.conf").read_text()
    settings = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert settings["lua2-filename"] == f"{prefix}/share/ptrd/ptrd.lua"
    store = Store(tmp_path / "db").load((SOURCE / "pdns-config/sample-zones.yaml").read_text().replace("ptrs_file", "#"))
    with Ptrd(store.dir) as ptrd, Installed(store.dir, settings, ptrd.socket) as pdns:
        assert rows(pdns.ask("7.100.51.198.in-addr.arpa", "PTR")) == [("PTR", "198-51-100-7.dyn.isp.example.")]
        assert f"{prefix}/lib/libptrd.so" in pathlib.Path(f"/proc/{pdns.process.pid}/maps").read_text()


@pytest.mark.skipif(bool(sanitizers()), reason="a sanitizer's run-time library has to be loaded first")
def test_the_front_mode_as_installed_answers(prefix, tmp_path):
    """The same of dnsdist's configuration."""
    store = Store(tmp_path / "db").load((SOURCE / "pdns-config/sample-zones.yaml").read_text().replace("ptrs_file", "#"))
    ours = ("7.100.51.198.in-addr.arpa", "PTR")
    with Dnsdist(1, store.dir, prefix=prefix, probe=ours) as front:     # with no server behind it
        assert rows(front.ask(*ours)) == [("PTR", "198-51-100-7.dyn.isp.example.")]
        assert f"{prefix}/lib/libptrd.so" in pathlib.Path(f"/proc/{front.process.pid}/maps").read_text()


class Installed(Pdns):
    def __init__(self, store_dir, settings, ptrd_socket):
        self.environment = {**os.environ, "PTRD_DB": str(store_dir)}
        super().__init__(ptrd_socket, {**settings, "remote-connection-string": f"unix:path={ptrd_socket},timeout=2000"})


def test_the_installed_sample_loads(prefix, tmp_path):
    done = subprocess.run([prefix / "bin/ptrctl", "load", prefix / "share/doc/ptrd/examples/sample-zones.yaml", "--db",
                           tmp_path / "db"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_root_loads_into_a_directory_of_another_user_is_that_users(prefix, tmp_path):
    """As pdns-config/README.md says it: the directory is made for the user of ptrd, and root loads."""
    other = pwd.getpwnam("nobody")
    db = tmp_path / "db"
    db.mkdir(mode=0o750)
    os.chown(db, other.pw_uid, other.pw_gid)
    subprocess.run([prefix / "bin/ptrctl", "load", prefix / "share/doc/ptrd/examples/sample-zones.yaml", "--db", db],
                   check=True, capture_output=True)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in db.iterdir()} == {(other.pw_uid, other.pw_gid)}
    assert {path.stat().st_mode & 0o007 for path in db.iterdir()} == {0}
