"""The commands of README.md work: every fenced `sh` block is run, the others with files and servers of the test in
place of the reader's. What they leave in the checkout is removed."""
import ipaddress
import os
import pathlib
import re
import shutil
import subprocess

import dns.rdatatype
import pytest

from support.pdns import NO_ANSWER_CACHE, Pdns, assert_answer
from support.ptrd import BUILD, Ptrd, Store
from support.zones import reverse_name

SOURCE = pathlib.Path(os.environ["PTRD_SOURCE"])
README = SOURCE / "README.md"
# Run by other tests, and would run this one again; they must exist and be executable.
ELSEWHERE = {"pdns-config/quickstart --check", "pdns-config/quickstart", "tests/run", "tests/run long", ".ci/run"}
TIMEOUT_S = 600


def blocks():
    text = README.read_text() if README.exists() else ""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


def command_lines(block):
    """Lines that are commands, comments and the prompt left out."""
    for line in block.splitlines():
        line = re.sub(r"\s+#\s.*$", "", line).strip()
        if line and not line.startswith("#"):
            yield line.removeprefix("$ ")


def runnable(line):
    return line not in ELSEWHERE and not line.startswith(("git clone ", "tests/run ", "pdns-config/quickstart "))


def test_readme_shows_commands():
    assert blocks(), "README.md has no ```sh block"


@pytest.mark.parametrize("command", sorted(ELSEWHERE | {l for b in blocks() for l in command_lines(b) if not runnable(l)}))
def test_commands_that_are_run_elsewhere_exist(command):
    program = command.split()[0]
    if program == "git":
        return
    assert os.access(SOURCE / program, os.X_OK), program


@pytest.mark.parametrize("index", range(len(blocks())))
def test_block_runs(index, tmp_path):
    """As a reader pastes it, stopping at the first error."""
    lines = [line for line in command_lines(blocks()[index]) if runnable(line) and not line.startswith("cd ptrd")]
    if not lines:
        return
    # bash -e overlooks a failure left of &&
    script = "\n".join(lines).replace(" && ", "\n")
    before = set(SOURCE.iterdir())
    # TMPDIR keeps what a block makes by mktemp in this test's directory
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=SOURCE, capture_output=True,
                          text=True, timeout=TIMEOUT_S, env={**os.environ, "TMPDIR": str(tmp_path)})
    for made in set(SOURCE.iterdir()) - before:
        if made.name != "build" and made.is_dir():
            shutil.rmtree(made)
    assert done.returncode == 0, "\n".join(lines) + "\n" + done.stdout + done.stderr


def other_block(word):
    """The lines of the one fenced block, of any language but sh, that holds the word."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(), re.M | re.S)
    found = [text for language, text in fenced if language != "sh" and word in text]
    assert len(found) == 1, (word, found)
    return found[0]


def test_imports_print_what_can_be_loaded(tmp_path):
    (tmp_path / "db.isp.example").write_text("@ 3600 IN SOA ns1 hostmaster 7 3600 600 86400 300\n@ IN NS ns1\n"
                                             "ns1 IN A 192.0.2.53\n$GENERATE 1-9 h$ A 192.0.2.$\n")
    (tmp_path / "named.conf").write_text(f'zone "isp.example" {{ type primary; file "{tmp_path}/db.isp.example"; }};\n')
    lines = list(command_lines(other_block("import-bind")))
    assert len(lines) == 2
    for line in lines:
        line = line.replace("/etc/bind/", f"{tmp_path}/").replace("build/ptrctl", str(BUILD.resolve() / "ptrctl"))
        subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True, timeout=60)
        Store(tmp_path / "db").load((tmp_path / "zones.yaml").read_text())


def test_the_delegations_load(tmp_path):
    head = "defaults: {soa: {mname: ns1.isp.example, rname: h.isp.example}, ns: [ns1.isp.example]}\n"
    Store(tmp_path / "db").load(head + other_block("delegations:"))


def sample_store(tmp_path):
    return Store(tmp_path / "db").load((SOURCE / "pdns-config/sample-zones.yaml").read_text().replace(
        "sample-overrides.csv", str(SOURCE / "pdns-config/sample-overrides.csv")))


def test_the_edits_give_a_name_and_take_it_back(tmp_path):
    address = ipaddress.ip_address("198.51.100.7")
    store = sample_store(tmp_path)
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, NO_ANSWER_CACHE) as pdns:
        before = pdns.ask(reverse_name(address), "PTR").answer
        edit, undo = command_lines(other_block("replace-rrset"))
        for line in (edit, undo):
            words = line.split()
            assert words.pop(0) == "pdnsutil"
            subprocess.run(["/usr/bin/pdnsutil", f"--config-dir={pdns.dir}", *words], check=True, timeout=60)
            if line == edit:
                assert_answer(pdns.ask(reverse_name(address), "PTR"), "PTR", ["mail.customer.example."])
        assert pdns.ask(reverse_name(address), "PTR").answer == before != []


def test_the_zones_are_signed(tmp_path):
    store = sample_store(tmp_path)
    line, = command_lines(other_block("secure-zone"))
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, {**NO_ANSWER_CACHE, "remote-dnssec": "yes"}) as pdns:
        words = line.split()
        assert words.pop(0) == "pdnsutil"
        pdns.pdnsutil(*words)
        for zone in words[1:]:
            reply = pdns.ask(zone, "SOA", dnssec=True)
            assert dns.rdatatype.RRSIG in {rrset.rdtype for rrset in reply.answer}, zone
