"""Fixtures of the system suites: a loaded store, ptrd, and the real pdns_server in both zone-cache settings."""
import os

import pytest

from support.pdns import ZONE_CACHE, Pdns
from support.ptrd import Ptrd, Store

LONG = os.environ.get("PTRD_TEST_LONG") == "1"


@pytest.fixture(scope="session")
def long_test():
    """Full sizes."""
    return LONG


class World:
    """A store with one zones file, ptrd over it, and pdns_server before that."""

    def __init__(self, directory, zones_text, settings):
        self.store = Store(directory / "db").load(zones_text)
        self.settings = settings
        self.ptrd = Ptrd(self.store.dir)
        try:
            self.pdns = Pdns(self.ptrd.socket, settings)
        except BaseException:
            self.ptrd.stop()
            raise

    def ask(self, *args, **kwargs):
        return self.pdns.ask(*args, **kwargs)

    def ask_many(self, *args, **kwargs):
        return self.pdns.ask_many(*args, **kwargs)

    def close(self):
        self.pdns.stop()
        self.ptrd.stop()


@pytest.fixture(scope="module", params=sorted(ZONE_CACHE))
def world(request, tmp_path_factory):
    """The module's ZONES behind pdns_server, once a zone-cache setting; the module's SETTINGS are added."""
    settings = {**ZONE_CACHE[request.param], **getattr(request.module, "SETTINGS", {})}
    made = World(tmp_path_factory.mktemp("world"), request.module.ZONES, settings)
    yield made
    made.close()
