import pathlib

import pytest

from support.admind import Admind

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
