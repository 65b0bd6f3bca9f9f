"""pdns-config/README.md, "PostgreSQL": its commands, run as their users; only places and systemd are the test's."""
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess

import pytest

from support.admind import Admind, eventually
from support.postgres import Postgres
from support.ptrd import BUILD, Client, Ptrd

SOURCE = pathlib.Path(os.environ["PTRD_SOURCE"])


def blocks():
    text = (SOURCE / "pdns-config" / "README.md").read_text()
    return re.findall(r"^```\n(.*?)^```$", text[text.index("\n## PostgreSQL\n"):text.index("\n## Edits\n")], re.M | re.S)


def readme_commands():
    text = (SOURCE / "README.md").read_text()
    found, = re.findall(r"^```\n(build/ptr-admind .*?)^```$", text, re.M | re.S)
    return found.splitlines()


def user(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


@pytest.mark.skipif(os.geteuid() != 0 or not user("pdns"), reason="the commands are root's, who becomes others")
def test_the_commands_attach_a_database():
    with Postgres() as pg:
        # as Debian has it: a role is the user of the same name
        (pg.data / "pg_hba.conf").write_text("local all postgres trust\nlocal all all peer\n")
        pg.execute("SELECT pg_reload_conf()")
        shutil.copy2(BUILD / "ptr-admind", pg.dir)  # where user pdns can reach it
        pdns, etc, db = user("pdns"), pg.dir / "etc", pg.dir / "db"
        etc.mkdir()
        db.mkdir()
        os.chown(db, pdns.pw_uid, pdns.pw_gid)
        # systemd's end of it
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind("\0" + str(pg.dir))
        ready.settimeout(60)
        environment = {**os.environ, "PGHOST": str(pg.dir), "PATH": f"{pg.dir}:/usr/bin:/usr/sbin:/bin:/sbin"}

        def command(line):
            return line.replace("/etc/ptrd", str(etc)).replace("/var/lib/ptrd", str(db)).replace("/run/pdns", str(pg.dir))

        def do(line):
            done = subprocess.run(["bash", "-euc", command(line)], env=environment, cwd="/", capture_output=True, text=True,
                                  timeout=60)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

        *attach, start = blocks()[0].splitlines()
        assert len(attach) == 4
        for line in attach:
            do(line)
        assert start == "systemctl daemon-reload && systemctl enable --now ptr-admind ptrd"
        unit = (SOURCE / "pdns-config" / "ptr-admind.service").read_text()
        run, = re.findall(r"^ExecStart=/usr/local/sbin/(.*)$", unit, re.M)
        assert "User=pdns\n" in unit and "Type=notify\n" in unit
        pg.execute("GRANT pdns TO postgres")
        with pg.connect(dbname="ptrd") as owner:
            owner.execute("SET ROLE pdns")
            owner.execute((SOURCE / "pdns-config" / "sample-postgres.sql").read_text())
        process = subprocess.Popen([pg.dir / "ptr-admind", *command(run).split()[1:]], cwd="/", user=pdns.pw_uid,
                                   group=pdns.pw_gid, extra_groups=[], env={**environment, "NOTIFY_SOCKET": f"@{pg.dir}"},
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        Admind.started.append(process)
        try:
            assert ready.recv(100) == b"READY=1"  # then systemd starts ptrd
            with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
                def name():
                    row, = (r for r in client.lookup("7.100.51.198.in-addr.arpa.", "PTR") if r["qtype"] == "PTR")
                    return row["content"]

                assert name() == "198-51-100-7.dyn.isp.example"
                change, = blocks()[1].splitlines()
                do(change)
                eventually(lambda: name() == "new.isp.example")
            assert {path.stat().st_uid for path in db.iterdir()} == {pdns.pw_uid}
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
            ready.close()
        assert process.returncode == 0, log
        assert not re.search("cannot (tell|look after)|denied|quarantine", log), log  # an owner may all that is needed


def test_the_commands_of_the_readme_run(tmp_path):
    migrate, follow = readme_commands()
    with Postgres() as pg:
        (tmp_path / "admind.yaml").write_text(pg.config(tmp_path / "db").read_text())
        here = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 60}
        (tmp_path / "build").symlink_to(BUILD.resolve())
        assert subprocess.run(migrate.split(), **here).returncode == 0
        pg.execute((SOURCE / "pdns-config" / "sample-postgres.sql").read_text())
        process = subprocess.Popen(follow.split(), cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        Admind.started.append(process)
        for line in process.stderr:
            if "read 5 zones" in line:
                break
        else:
            pytest.fail("it ended")
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
