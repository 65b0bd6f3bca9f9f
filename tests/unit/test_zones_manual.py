"""The samples of ptrd-zones(5) are zones files that ptrctl accepts, and paths in them are relative to them."""
import os
import pathlib
import re

from support.ptrd import run

SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
MANUAL = (SOURCE / "admin" / "ptrd-zones.5").read_text()


def samples():
    """The indented blocks of the manual as text: the zones file first, then the CSV."""
    blocks = re.findall(r"^\.RS 2\n\.nf\n(.*?)^\.fi\n\.RE|^\.nf\n\.RS 2\n(.*?)^\.RE\n\.fi", MANUAL, re.S | re.M)
    return [(first or second).replace("\\-", "-") for first, second in blocks]


def write_samples(directory):
    zones, csv = samples()
    (directory / "zones.yaml").write_text(zones)
    (directory / "overrides.csv").write_text(csv.replace("198.51.100.25,mail", "198.51.100.26,mail")
                                             .replace("2001:db8::25", "2001:db8::26"))


def test_the_samples_are_accepted(tmp_path):
    write_samples(tmp_path)
    done = run("ptrctl", "check", tmp_path / "zones.yaml", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_csv_is_found_beside_the_zones_file_whatever_the_directory_is(tmp_path):
    write_samples(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    for directory, path in ((tmp_path, "zones.yaml"), (tmp_path / "elsewhere", "../zones.yaml")):
        done = run("ptrctl", "check", path, check=False, cwd=directory)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_key_of_the_zones_file_is_in_the_manual():
    text = "".join((SOURCE / "admin" / "source" / name).read_text()
                   for name in ("file.c", "zones.c", "records.c", "blocks.c", "ptrs.c"))
    lists = re.findall(r"static const char \*const known_\w+\[\] = \{(.*?)\};", text, re.S)
    keys = {key for known in lists for key in re.findall(r'"(\w+)"', known)}
    assert len(keys) > 25
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", MANUAL)] == []
