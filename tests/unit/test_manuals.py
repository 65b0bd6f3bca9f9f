"""ptrd(8) and ptrctl(1): they render, and say of options, keys, ranges and defaults what the programs say.

The samples and keys of ptrd-zones(5) are in test_zones_manual.py, the commands of ptrd-dnssec(7) in system/test_dnssec_guide.py.
"""
import os
import pathlib
import re
import shlex
import socket
import subprocess
import tempfile
import threading

import pytest

from support.ptrd import run

SOURCE = pathlib.Path(os.environ.get("PTRD_SOURCE", pathlib.Path(__file__).parents[2]))
PTRD = (SOURCE / "backend/ptrd.8").read_text()
PTRCTL = (SOURCE / "admin/ptrctl.1").read_text()


@pytest.mark.parametrize("page", ["backend/ptrd.8", "backend/ptrd-embed.3", "backend/ptrd-dnssec.7", "admin/ptrctl.1", "admin/ptr-admind.8",
                                  "admin/ptrd-zones.5"])
def test_a_manual_page_renders_without_a_warning(page):
    done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", SOURCE / page], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_manual_of_libptrd_has_the_calls_and_results_of_the_header():
    header = re.sub(r"/\*.*?\*/", "", (SOURCE / "include/ptrd/embed/embed.h").read_text(), flags=re.S)
    page = (SOURCE / "backend/ptrd-embed.3").read_text()
    plain = re.sub(r"\s+", "", re.sub(r'^\.F[noca] *|["]', "", page[page.index(".Sh SYNOPSIS"):page.index(".Sh DESCRIPTION")], flags=re.M))
    for name, arguments in re.findall(r"^PTRD_API .*?(ptrd_\w+)\((.*?)\);", header, re.M | re.S):
        assert name + re.sub(r"[\s,]+", "", arguments) in plain, name
    for name, value in re.findall(r"^#define (PTRD_(?!ABI|API)\w+) \((-\d+)\)", header, re.M):
        assert re.search(rf"\.It Dv {name}\n\\{value}[:,]", page), name


def options_of(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text))


@pytest.mark.parametrize("program, commands, manual", [
    ("ptrd", [[]], PTRD),
    ("ptr-admind", [[]], (SOURCE / "admin/ptr-admind.8").read_text()),
    ("ptrctl", [[], ["check"], ["load"], ["explain"], ["dump"], ["local"], ["flush"], ["status"], ["wait"]], PTRCTL),
])
def test_every_option_of_help_is_in_the_manual(program, commands, manual):
    shown = options_of("".join(run(program, *command, "--help").stdout for command in commands))
    assert len(shown) >= 3
    assert [option for option in sorted(shown) if not re.search(rf"\bFl (h , )?-{option}\b", manual)] == []


def test_the_manual_of_ptr_admind_has_all_keys_and_the_defaults_of_help():
    manual, text = (SOURCE / "admin/ptr-admind.8").read_text(), run("ptr-admind", "--help").stdout
    keys = re.search(r"YAML: (.*?)\n  --", text, re.S)[1].replace(",", "").split()
    assert len(keys) > 5
    explained = [key for line in re.findall(r"^\.It Ic (.*)$", manual, re.M) for key in line.replace(",", "").split()]
    assert [key for key in keys if key not in explained] == []
    configuration = manual[manual.index(".Sh CONFIGURATION"):manual.index(".Sh DATABASE")]
    for key, value in re.findall(r"^  ([a-z-]+): (\d+)", text, re.M):
        assert re.search(rf"default (\d+ and )?{value}\b", configuration), key


def test_every_option_of_the_manual_of_ptrd_is_in_help():
    explained = set(re.findall(r"^\.It Fl (?:h , )?-([a-z-]+)", PTRD, re.M))
    assert explained == options_of(run("ptrd", "--help").stdout)


def test_ranges_and_defaults_of_ptrd_are_those_of_help():
    numbers = re.findall(r"--([a-z-]+) [^\n]*; (\d+) to (\d+); default (\d+)", run("ptrd", "--help").stdout)
    assert len(numbers) >= 2
    for option, least, most, default in numbers:
        text = PTRD[PTRD.index(f".It Fl -{option} "):].split(".It Fl", 2)[1]
        assert re.search(rf"\b{least} to {most}, default {default}\b", text), option


def test_the_sample_configuration_of_ptrd_is_accepted(tmp_path):
    sample, = [block for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", PTRD, re.S | re.M) if "db: " in block]
    (tmp_path / "ptrd.yaml").write_text(sample)
    assert run("ptrd", "--check-config", "--config", tmp_path / "ptrd.yaml").stdout == "The configuration is right.\n"
    assert "unknown key `dbs`" in run("ptrd", "--check-config", "--config",
                                      write(tmp_path / "bad.yaml", sample.replace("db:", "dbs:")), check=False).stderr


def write(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def control_socket():
    """A PowerDNS that takes every purge."""
    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.send(b"1")

    with tempfile.TemporaryDirectory(prefix="ptrd-") as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(directory + "/socket")
        listener.listen(5)
        server = threading.Thread(target=serve)
        server.start()
        yield directory + "/socket"
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


def test_the_examples_of_ptrctl_run(tmp_path, control_socket):
    """With the sample zones for /etc/ptrd/zones.yaml and a directory of the test for /var/lib/ptrd."""
    lines = [line[len(".Dl ptrctl "):] for line in PTRCTL.splitlines() if line.startswith(".Dl ptrctl ")]
    assert len(lines) >= 4
    zone = write(tmp_path / "db.isp.example", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n")
    conf = write(tmp_path / "named.conf", f'zone "isp.example" {{ type primary; file "{zone}"; }};\n')
    for line in lines:
        words = line.split(" > ")[0].replace("/var/lib/ptrd", str(tmp_path / "db")) \
            .replace("db.isp.example", str(zone)).replace("/etc/bind/named.conf", str(conf)) \
            .replace("/etc/ptrd/zones.yaml", str(SOURCE / "pdns-config/sample-zones.yaml")) \
            .replace("/run/pdns/pdns.controlsocket", control_socket)
        words = shlex.split(words)
        done = run("ptrctl", *words, check=False)
        assert done.returncode == 0 and done.stdout, line + done.stderr
