"""The fragments of pdns.conf: pdns_server knows every setting, those that are commented out as well, and takes them all at once; each
has its reason in front of it."""
import os
import pathlib
import re
import subprocess

import pytest

from support.inprocess import LUA
from support.pdns import Pdns

SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
FRAGMENTS = sorted((SOURCE / "pdns-config").glob("pdns-*.conf"))
SETTING = re.compile(r"^#?([a-z0-9-]+)=(.*)$", re.M)


def names(path):
    return path.name


@pytest.mark.parametrize("path", FRAGMENTS, ids=names)
def test_pdns_server_knows_every_setting(path, tmp_path):
    (tmp_path / "pdns.conf").touch()
    known = subprocess.run(["pdns_server", f"--config-dir={tmp_path}", "--launch=remote,lua2", "--config"], capture_output=True, text=True,
                           timeout=20, check=True).stdout
    settings = SETTING.findall(path.read_text())
    assert len(settings) > 3
    assert [key for key, _ in settings if not re.search(rf"^#? ?{key}(=|\\s)", known, re.M)] == []


@pytest.mark.parametrize("path", FRAGMENTS, ids=names)
def test_each_active_setting_has_its_reason(path):
    lines = path.read_text().splitlines()
    for before, line in zip(lines, lines[1:]):
        if SETTING.match(line) and not line.startswith("#"):
            assert before.startswith("# "), line


@pytest.mark.parametrize("path", FRAGMENTS, ids=names)
def test_pdns_server_starts_with_all_of_them(path):
    """But for what says where the others are."""
    settings = dict(SETTING.findall(path.read_text()))
    settings |= {"launch": "remote", "zone-cache-refresh-interval": 0, "remote-connection-string": "unix:path=/nowhere", "api": "no"}
    settings.pop("lua2-filename", None)
    with Pdns(None, settings):
        pass


def test_there_is_one_for_each_mode():
    assert [path.name for path in FRAGMENTS] == ["pdns-fast.conf", "pdns-in-process.conf", "pdns-safe.conf", "pdns-transfers.conf"]
    assert LUA.exists()
