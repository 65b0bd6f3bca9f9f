import pathlib

import pytest

from support.admind import Admind
from support.postgres import Postgres
from support.sample_sql import fill

# The binaries of PostgreSQL are Debian's: without them these suites say so at once.
if not pathlib.Path("/usr/lib/postgresql/15/bin/postgres").exists():
    raise SystemExit("PostgreSQL 15 is missing: run tests/support/packages test")


@pytest.fixture(autouse=True)
def no_ptr_admind_stays():
    yield
    while Admind.started:
        process = Admind.started.pop()
        if process.poll() is None:
            process.kill()
            process.wait(10)


@pytest.fixture(scope="module")
def server():
    with Postgres() as pg:
        pg.migrate()
        yield pg


@pytest.fixture
def pg(server):
    return fill(server)
