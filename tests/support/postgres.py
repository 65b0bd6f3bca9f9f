"""A private PostgreSQL cluster for the suites: in a directory of its own, reached by a Unix socket there.

    with Postgres() as pg:
        pg.migrate()                          # ptr-admind --migrate
        with pg.connect() as db:              # a psycopg connection, autocommit
            db.execute("...")

Started by its pid and stopped by it; nothing of the machine's own clusters is touched.
"""
import atexit
import contextlib
import functools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg

from support.ptrd import run

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
START_TIMEOUT_S = 60


def _as_postgres():
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@functools.cache
def _empty_cluster():
    """initdb takes seconds, a copy of what it made does not. The copies have one system identifier."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="ptrd-initdb-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(directory, user.pw_uid, user.pw_gid)
    subprocess.run([BIN / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
                    "--no-sync", "--no-instructions"], check=True, capture_output=True, cwd=directory, **_as_postgres())
    return directory / "data"


class Postgres:
    """durable: with fsync, for tests that kill the server. settings: of postgresql.conf. primary: of a hot standby."""

    def __init__(self, durable=False, settings=(), primary=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ptrd-pg-"))
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
        self.dir.chmod(0o755)
        self.data = self.dir / "data"
        self.settings = dict(settings)
        self.durable = durable
        self.process = None
        # no TCP: a free port only names the socket
        self.port = 5432
        if primary is None:
            make = ["cp", "-a", "--reflink=auto", _empty_cluster(), self.data]
        else:
            make = [BIN / "pg_basebackup", "-D", self.data, "-h", primary.dir, "-p", str(primary.port), "-U", "postgres",
                    "-R", "--checkpoint=fast", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, cwd=self.dir, **_as_postgres())

    @property
    def conninfo(self):
        return f"host={self.dir} port={self.port} user=postgres dbname=postgres"

    def start(self):
        off = {} if self.durable else {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.dir), "port": self.port,
                    "shared_buffers": "64MB", "max_connections": 60, "log_min_messages": "warning",
                    **off, **self.settings}
        with open(self.dir / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", self.data, *(f"-c{k}={v}" for k, v in settings.items())],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.dir, **_as_postgres())
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.connect().close()
                return self
            except psycopg.OperationalError as e:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"PostgreSQL did not start: {e}\n{self.log()}") from e
                time.sleep(0.05)

    def log(self):
        return (self.dir / "log").read_text(encoding="utf-8", errors="replace")

    def connect(self, autocommit=True, **kwargs):
        return psycopg.connect(self.conninfo, autocommit=autocommit, **kwargs)

    def execute(self, sql, parameters=None):
        with self.connect() as db:
            cursor = db.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else None

    def config(self, db, **more):
        """A configuration of ptr-admind beside the cluster; returns its path."""
        path = self.dir / f"admind-{pathlib.Path(db).name}.yaml"
        lines = [f"db: {db}", f"postgres: \"{self.conninfo}\"", *(f"{k.replace('_', '-')}: {v}" for k, v in more.items())]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def migrate(self):
        run("ptr-admind", "--config", self.config(self.dir / "none"), "--migrate")
        return self

    def standby(self):
        """A hot standby of this cluster; it replays at once, and cancels no query of ours for long."""
        return Postgres(settings={**self.settings, "hot_standby_feedback": "on"}, primary=self)

    def promote(self):
        self.execute("SELECT pg_promote(true, 30)")

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast; SIGQUIT: as a crash that ends all backends."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def kill(self):
        """As a power failure of the server process; its backends end themselves."""
        self.stop(signal.SIGQUIT)

    def done(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self.done)
            self.start()
            stack.pop_all()
        return self

    def __exit__(self, *_):
        self.done()
