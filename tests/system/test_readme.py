"""The commands of README.md work: every fenced `sh` block is run. What they leave in the checkout is removed."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

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
