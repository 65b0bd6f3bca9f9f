"""The samples of ptrd-zones(5) are zones files that ptrctl accepts, and paths in them are relative to them."""
import os
import pathlib
import re

import pytest

from support.ptrd import run

SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
MANUAL = (SOURCE / "admin" / "ptrd-zones.5").read_text()
DEFAULTS = "defaults: {soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}, ns: [ns1.isp.example]}\n"


def samples():
    """The indented blocks of the manual as text: the whole zones file first, then parts of others and the CSV."""
    blocks = re.findall(r"^\.RS 2\n\.nf\n(.*?)^\.fi\n\.RE|^\.nf\n\.RS 2\n(.*?)^\.RE\n\.fi", MANUAL, re.S | re.M)
    texts = [(first or second).replace("\\-", "-") for first, second in blocks]
    csv = [text for text in texts if text.startswith("# address")]
    files = [text if text.startswith("defaults:") else DEFAULTS + text for text in texts if text not in csv]
    assert len(csv) == 1 and files[0].startswith("defaults:\n")
    return files, csv[0]


def write_samples(directory):
    files, csv = samples()
    (directory / "zones.yaml").write_text(files[0])
    (directory / "overrides.csv").write_text(csv.replace("198.51.100.25,mail", "198.51.100.26,mail")
                                             .replace("2001:db8::25", "2001:db8::26"))


@pytest.mark.parametrize("number", range(1, len(samples()[0])))
def test_each_part_is_accepted(number, tmp_path):
    (tmp_path / "zones.yaml").write_text(samples()[0][number])
    done = run("ptrctl", "load", tmp_path / "zones.yaml", "--db", tmp_path / "db", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zones_and_records_and_delegations_have_a_sample_each():
    assert len(samples()[0]) == 4


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
                   for name in ("file.c", "zones.c", "records.c", "blocks.c", "ptrs.c", "delegations.c"))
    lists = re.findall(r"static const char \*const known_\w+\[\] = \{(.*?)\};", text, re.S)
    keys = {key for known in lists for key in re.findall(r'"(\w+)"', known)}
    assert len(keys) > 25
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", MANUAL)] == []
