"""Programs that the sections of figures.py run and watch."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from support.ptrd import BUILD


def check_run(command, **kwargs):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kwargs)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def program(name, *args):
    """A C program of this folder; its lines of JSON."""
    return [json.loads(line) for line in check_run([BUILD / "tests" / f"bench_{name}", *args]).splitlines()]


class Watched:
    """A run of ptrctl: wall time, processor time, octets written to the disk, and the greatest VmHWM and RssAnon
    seen (looked at every 5 ms).

    ru_maxrss is no use here: it counts this Python between fork and exec."""

    def __init__(self, *args):
        command = [str(BUILD / "ptrctl"), *map(str, args)]
        start = time.monotonic()
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
            self.peak_kb = self.anon_kb = self.written = 0
            watcher = threading.Thread(target=self._watch, args=(process.pid,))
            watcher.start()
            _, status, usage = os.wait4(process.pid, 0)
            self.wall_s = time.monotonic() - start
            self.cpu_s = usage.ru_utime + usage.ru_stime
            process.returncode = os.waitstatus_to_exitcode(status)
            watcher.join()
            errors.seek(0)
            if process.returncode:
                raise SystemExit(f"{' '.join(command)}: status {process.returncode}\n{errors.read()}")

    def _watch(self, pid):
        while True:
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                io = pathlib.Path(f"/proc/{pid}/io").read_text()
            except OSError:
                return
            peak, anon = (re.search(rf"{key}:\s*(\d+)", status) for key in ("VmHWM", "RssAnon"))
            if not peak or not anon:  # a zombie has none
                return
            self.peak_kb = max(self.peak_kb, int(peak[1]))
            self.anon_kb = max(self.anon_kb, int(anon[1]))
            self.written = max(self.written, int(re.search(r"^wchar: (\d+)", io, re.M)[1]))
            time.sleep(0.005)


def load(bench, name, zones):
    """Loads a zones text into the store `name`; its directory and the run."""
    file = bench.write(f"{name}.yaml", zones)
    return bench.path(name), Watched("load", file, "--db", bench.path(name))
