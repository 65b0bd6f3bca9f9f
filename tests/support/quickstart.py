"""Running pdns-config/quickstart, and looking at what it leaves."""
import os
import pathlib
import shutil
import subprocess

SOURCE = pathlib.Path(os.environ["PTRD_SOURCE"])
QUICKSTART = SOURCE / "pdns-config" / "quickstart"
TIMEOUT_S = 600  # it may have to build


def run(*args, script=QUICKSTART):
    return subprocess.run([script, *map(str, args)], capture_output=True, text=True, timeout=TIMEOUT_S)


def copy_of(directory, name, old, new):
    """The script over another text in one file beside it; what is built is the checkout's."""
    directory.mkdir()
    for entry in ("build", "tests", "CMakeLists.txt", "backend", "admin", "include"):
        (directory / entry).symlink_to(SOURCE / entry)
    shutil.copytree(SOURCE / "pdns-config", directory / "pdns-config")
    path = directory / "pdns-config" / name
    text = path.read_text()
    assert old in text, name
    path.write_text(text.replace(old, new))
    return directory / "pdns-config" / "quickstart"


def processes_of(directory):
    """Pids of living processes whose command line names the directory."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
