"""The head of the output: what ran where, without names of hosts or paths."""
import datetime
import os
import pathlib
import re
import subprocess

import candidate
import drive


def _version(command, pattern):
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "?"


def _processor():
    found = re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())
    return found[1] if found else "unknown processor"


def lines(chosen):
    system = re.search(r'PRETTY_NAME="(.+)"', pathlib.Path("/etc/os-release").read_text())[1]
    pdns = _version(["/usr/sbin/pdns_server", "--version"], r"Server ([\d.]+)")
    knot = _version(["/usr/sbin/knotd", "--version"], r"([\d.]+)")
    dnsdist = _version(["/usr/bin/dnsdist", "--version"], r"dnsdist ([\d.]+)")
    dnsperf = _version(["dnsperf", "-h"], r"Version ([\d.]+)")
    threads = ", ".join(f"{key}={value}" for key, value in candidate.THREADS.items())
    length = f"{chosen.seconds:g} s" if chosen.seconds else "300 questions"
    return [
        f"{datetime.date.today()}; {os.cpu_count()} cores, {_processor()}; {system}, Linux {os.uname().release.split('-')[0]}",
        f"PowerDNS {pdns} ({threads}), dnsdist {dnsdist} ({candidate.UDP_THREADS} threads for UDP), Knot {knot} "
        f"(udp-workers={candidate.UDP_THREADS}), dnsperf {dnsperf} (-c {drive.CLIENTS} -q {drive.OUTSTANDING}, on the same cores)",
        f"{chosen.rounds} rounds over all in random order, runs of {length}, seed {chosen.seed}; "
        f"load {os.getloadavg()[0]:.1f} before",
        "ptrd's modes: the fragments of pdns-config as they are, but for paths, ports and the threads above. Names are distinct;",
        "servers are started anew in each round, so that caches are on and hit by the Zipf mix only. Values: median, least-greatest.",
    ]
