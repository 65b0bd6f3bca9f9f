"""ptrctl as its user meets it: exit statuses, what goes to stdout and what to stderr, help, explain, dump, streams.

What a zones file may get wrong is in test_bad_zones.py.
"""
import json
import os
import pty
import subprocess

import pytest

from support.ptrd import BUILD, Ptrd, Client, run

ZONES = """\
defaults:
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
  - name: dyn.isp.example
  - prefix: 192.0.2.0/24
  - prefix: 2001:db8::/32
blocks:
  - {prefix: 192.0.2.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {range: 192.0.2.16-192.0.2.31, name: none}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example"}
ptrs:
  192.0.2.25: mail.isp.example
"""

# Everything that a dump has to carry: odd names, quotes and backslashes, long texts, serials, metadata, flags.
ODD = r"""
defaults:
  ttl: 1234
  soa: {mname: ns1.isp.example, rname: host\.master.isp.example, refresh: 1, retry: 2, expire: 3, minimum: 4}
  ns: [ns1.isp.example, ns2.elsewhere.example]
zones:
  - name: isp.example
    serial: 4294967295
    ttl: 77
    forward_auto: yes
    metadata: {ALLOW-AXFR-FROM: [192.0.2.0/24, "2001:db8::/32"], X-ODD: ["a \"quoted\" \\ value", "ümlaut", "x\ty"]}
    records:
      - {name: ns1, type: A, content: [192.0.2.53, 192.0.2.54], ttl: 5}
      - {name: "*", type: TXT, content: '"say \"hi\" \\ back" "second"'}
      - {name: 'a\.b', type: TXT, content: 'plain'}
      - {name: '\000\255x', type: TXT, content: '"\000\255"'}
      - {name: 'q\"uo', type: A, content: 192.0.2.9}
      - {name: _sip._tcp, type: SRV, content: 1 2 3 sip.isp.example}
      - {name: "@", type: CAA, content: '0 issue "ca.example; policy=\"x\""'}
      - {name: t, type: TYPE65534, content: '\# 3 abcdef'}
      - {name: yes, type: A, content: 192.0.2.10}
      - {name: "null", type: A, content: 192.0.2.11}
      - {name: deep.sub.isp.example., type: A, content: 192.0.2.12}
      - {name: c, type: CNAME, content: 'x\.y.elsewhere.example'}
  - name: sub.isp.example
    ns: [ns9.isp.example]
    soa: {minimum: 99}
    serial: 0
  - name: dyn.isp.example
  - prefix: 192.0.2.0/24
    records:
      - {name: "64/26", type: TXT, content: reverse}
      - {name: _x.7, type: TXT, content: below}
      - {name: 7, type: TXT, content: beside}
      - {name: 9, type: CNAME, content: 9.elsewhere.example}
  - prefix: 10.0.0.0/15
  - prefix: 2001:db8::/32
blocks:
  - {prefix: 192.0.2.0/24, name: "v4-{host:dec}.{pop}.dyn.isp.example", ttl: 600, vars: {pop: ams1, un-used: 0x1}}
  - {range: 192.0.2.5-192.0.2.99, name: "{4:03}.{3:x}.{2}.r.dyn.isp.example", kind: static}
  - {range: 192.0.2.16-192.0.2.31, name: none, kind: infrastructure}
  - {prefix: 2001:db8::/32, name: "{ip:short}.dyn.isp.example", kind: customer}
  - {prefix: "2001:db8:0:1::/64", name: "{ip:b32}.elsewhere.example", forward: external}
  - {prefix: 203.0.113.0/24, name: "{ip}.dyn.isp.example", reverse: external}
  - {range: 10.0.0.0-10.0.0.9, name: "s{host:dec}.isp.example", shared_names: yes}
  - {range: "2001:db8:ffff::-2001:db8:ffff::9", name: "s{host:dec}.isp.example", shared_names: yes}
ptrs:
  192.0.2.25: {names: [mail.isp.example, 'od\.d.isp.example'], ttl: 300}
  192.0.2.26: {names: [a.isp.example], forward: none}
  192.0.2.27: {names: [b.isp.example], forward: external}
  192.0.2.28: elsewhere.example
  "2001:db8::25": {names: [mail.dyn.isp.example], ttl: 0, forward: auto}
"""

ASKED = [
    "isp.example", "ns1.isp.example", "x.isp.example", r"a\.b.isp.example", r"\000\255x.isp.example", 'q\\"uo.isp.example',
    "_sip._tcp.isp.example", "t.isp.example", "yes.isp.example", "null.isp.example", "deep.sub.isp.example",
    "sub.isp.example", "c.isp.example", "mail.isp.example", r"od\.d.isp.example", "a.isp.example", "b.isp.example",
    "mail.dyn.isp.example", "192.0.2.25", "192.0.2.26", "192.0.2.27", "192.0.2.28", "2001:db8::25", "192.0.2.7",
    "192.0.2.9", "192.0.2.20", "192.0.2.200", "_x.7.2.0.192.in-addr.arpa", "64/26.2.0.192.in-addr.arpa", "10.1.2.3",
    "10.0.0.4", "2001:db8:ffff::4", "s4.isp.example", "2001:db8:0:1::1", "203.0.113.5",
    "203-0-113-5.dyn.isp.example", "v4-200.ams1.dyn.isp.example", "007.2.0.r.dyn.isp.example",
    "8.b.d.0.1.0.0.2.ip6.arpa", "0.8.b.d.0.1.0.0.2.ip6.arpa",
]


def ptrctl(*args, **kwargs):
    return run("ptrctl", *args, check=False, **kwargs)


@pytest.fixture
def zones(tmp_path):
    path = tmp_path / "zones.yaml"
    path.write_text(ZONES)
    return path


@pytest.fixture
def db(tmp_path, zones):
    ptrctl("load", zones, "--db", tmp_path / "db").check_returncode()
    return tmp_path / "db"


# --- exit statuses, stdout and stderr


@pytest.mark.parametrize("args, message", [
    ([], None),
    (["frobnicate"], "ptrctl: unknown command `frobnicate`; `ptrctl --help` tells more"),
    (["check"], "ptrctl check: give a zones file, or --db DIR; `ptrctl check --help` tells more"),
    (["check", "a", "--db", "b"], "ptrctl check: give a zones file, or --db DIR; `ptrctl check --help` tells more"),
    (["check", "a", "b"], "ptrctl check: `b` is one word too many; `ptrctl check --help` tells more"),
    (["check", "a", "--json"], "ptrctl check: unknown option `--json`; `ptrctl check --help` tells more"),
    (["load", "a"], "ptrctl load: give a zones file and --db DIR; `ptrctl load --help` tells more"),
    (["load", "a", "--db"], "ptrctl load: --db needs a directory; `ptrctl load --help` tells more"),
    (["explain", "--db", "b"], "ptrctl explain: give an address or a name, and --db DIR; `ptrctl explain --help` "
                               "tells more"),
    (["dump"], "ptrctl dump: give --db DIR and nothing else; `ptrctl dump --help` tells more"),
    (["dump", "x", "--db", "b"], "ptrctl dump: give --db DIR and nothing else; `ptrctl dump --help` tells more"),
])
def test_a_wrong_command_line_exits_2_with_the_reason_on_stderr(args, message, tmp_path):
    done = ptrctl(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == message + "\n" if message else done.stderr.startswith("ptrctl - ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args, message", [
    (["check", "no.yaml"], "ptrctl: no.yaml: cannot open: No such file or directory\n"),
    (["check", "--db", "no"], "ptrctl: no: No such file or directory; `ptrctl load FILE --db DIR` makes a store\n"),
    (["dump", "--db", "no"], "ptrctl: no: No such file or directory; `ptrctl load FILE --db DIR` makes a store\n"),
    (["explain", "192.0.2.1", "--db", "no"],
     "ptrctl: no: No such file or directory; `ptrctl load FILE --db DIR` makes a store\n"),
    (["load", "no.yaml", "--db", "no"], "ptrctl: no.yaml: cannot open: No such file or directory\n"),
])
def test_a_refusal_exits_1_with_the_reason_on_stderr_and_makes_nothing(args, message, tmp_path):
    done = ptrctl(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", "load", "explain", "dump", "local"])
def test_help_of_each_command_goes_to_stdout(command):
    shown = ptrctl(command, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"ptrctl {command} ")
    assert ptrctl("help", command).stdout == ptrctl(command, "-h").stdout == shown.stdout
    assert f"  ptrctl {command} " in ptrctl("--help").stdout


def test_check_and_load_tell_what_they_saw(zones, tmp_path):
    done = ptrctl("check", zones)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "note: 2 zones are too long for a transfer over PowerDNS's Unix connector (about 7127 records at its default "
        "timeout): 8.b.d.0.1.0.0.2.ip6.arpa, dyn.isp.example\n"
        f"{zones}: 4 zones, 3 blocks, 1 PTRs, 5 records; 0 errors, 0 warnings\n")
    done = ptrctl("load", zones, "--db", tmp_path / "db")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 zones added, 0 removed" in done.stdout and "pdns_control rediscover" in done.stdout
    again = ptrctl("load", zones, "--db", tmp_path / "db")
    assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in again.stdout
    assert "rediscover" not in again.stdout


def test_findings_are_listed_by_check_and_never_stop_a_load(tmp_path):
    path = tmp_path / "zones.yaml"
    path.write_text(ZONES.replace("192.0.2.25: mail.isp.example",
                                  "192.0.2.25: 192-0-2-7.dyn.isp.example\n"
                                  "  192.0.2.26: {names: [ns1.isp.example], forward: none}"))
    done = ptrctl("check", path)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{path}:17:15: error: " in done.stdout and ": warning: " in done.stdout
    assert "1 errors, 1 warnings" in done.stdout
    done = ptrctl("load", path, "--db", tmp_path / "db")
    assert done.returncode == 0
    assert f"1 errors and 1 warnings about names that do not agree: `ptrctl check {path}` lists them" in done.stdout
    done = ptrctl("check", "--db", tmp_path / "db")
    assert done.returncode == 1 and "1 errors, 1 warnings" in done.stdout


def test_a_refused_load_leaves_the_answers_in_force(db, zones):
    before = ptrctl("dump", "--db", db).stdout
    zones.write_text(ZONES.replace("600}", "six}"))
    done = ptrctl("load", zones, "--db", db)
    assert (done.returncode, done.stdout) == (1, "") and f"{zones}:13:" in done.stderr
    assert ptrctl("dump", "--db", db).stdout == before


# --- streams


LINES = [["--help"], ["--version"], ["load", "--help"], ["check", "ZONES"], ["check", "--db", "DB"],
         ["load", "ZONES", "--db", "DB"], ["explain", "192.0.2.7", "--db", "DB"],
         ["explain", "192.0.2.7", "--db", "DB", "--json"], ["dump", "--db", "DB"]]


def fill(args, zones, db):
    return [str({"ZONES": zones, "DB": db}.get(arg, arg)) for arg in args]


@pytest.mark.parametrize("args", LINES, ids=" ".join)
def test_output_that_cannot_be_written_is_a_failure(args, zones, db):
    before = ptrctl("dump", "--db", db).stdout
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "ptrctl", *fill(args, zones, db)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "ptrctl: cannot write to standard output: No space left on device\n")
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", BUILD / "ptrctl", *fill(args, zones, db)],
                            stderr=subprocess.PIPE, text=True)
    assert (closed.returncode, closed.stderr) == (1, "ptrctl: cannot write to standard output: Bad file descriptor\n")
    assert ptrctl("dump", "--db", db).stdout == before


def test_closed_streams_of_ptrd_do_not_reach_the_store(db):
    """The next file that is opened would be stream 2, and lines of the log would be written into it."""
    started = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", BUILD / "ptrd", "--db", db, "--socket",
                                db / "s"], cwd=db)
    try:
        for _ in range(200):
            if (db / "s").exists():
                break
            subprocess.run(["sleep", "0.05"])
        streams = [os.readlink(f"/proc/{started.pid}/fd/{fd}") for fd in range(3)]
    finally:
        started.terminate()
        started.wait()
    assert streams == ["/dev/null"] * 3


def test_the_bar_is_for_terminals_only(zones, tmp_path):
    """Short work shows none even there; a pipe never sees one."""
    reader, writer = pty.openpty()
    done = subprocess.run([BUILD / "ptrctl", "check", zones], stdout=subprocess.PIPE, stderr=writer)
    os.close(writer)
    assert done.returncode == 0
    try:
        assert os.read(reader, 100) == b""
    except OSError:
        pass  # nothing was written before the other end was closed
    os.close(reader)


def test_a_long_load_shows_a_bar_on_a_terminal_and_wipes_it(tmp_path):
    count = 400_000
    (tmp_path / "p.csv").write_text("".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255},h{i}.elsewhere.example\n"
                                            for i in range(count)))
    path = tmp_path / "zones.yaml"
    path.write_text(ZONES.replace("  - prefix: 192.0.2.0/24", "  - prefix: 192.0.2.0/24\n  - prefix: 10.0.0.0/8", 1)
                    + "ptrs_file: p.csv\n")
    reader, writer = pty.openpty()
    # a slow machine is not needed: stopped for a second, the work has lasted over a second
    process = subprocess.Popen([BUILD / "ptrctl", "load", path, "--db", tmp_path / "db"],
                               stdout=subprocess.PIPE, stderr=writer)
    os.close(writer)
    subprocess.run(["sleep", "0.05"])
    os.kill(process.pid, 19)
    subprocess.run(["sleep", "1.1"])
    os.kill(process.pid, 18)
    seen = b""
    while True:
        try:
            chunk = os.read(reader, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    output = process.communicate()[0]
    os.close(reader)
    assert process.returncode == 0
    assert b"#" in seen and b"%" in seen and b"[" in seen
    assert seen.endswith(b"\r" + b" " * 72 + b"\r")
    assert b"\r" not in output and f"{count + 1} PTRs".encode() in output


# --- explain


@pytest.mark.parametrize("asked, source, block, record", [
    ("192.0.2.7", "generated", "192.0.2.0/24", ("PTR", "192-0-2-7.dyn.isp.example.")),
    ("7.2.0.192.in-addr.arpa", "generated", "192.0.2.0/24", ("PTR", "192-0-2-7.dyn.isp.example.")),
    ("192-0-2-7.DYN.isp.example.", "generated", "192.0.2.0/24", ("A", "192.0.2.7")),
    ("192.0.2.25", "explicit", "192.0.2.16/28", ("PTR", "mail.isp.example.")),
    ("mail.isp.example", "derived", None, ("A", "192.0.2.25")),
    ("192.0.2.20", "none", "192.0.2.16/28", None),
    ("192-0-2-20.dyn.isp.example", "none", None, None),
    ("192-0-2-007.dyn.isp.example", "none", None, None),
    ("0.8.b.d.0.1.0.0.2.ip6.arpa", "ent", None, None),
    ("198.51.100.1", "none", None, None),
])
def test_explain_tells_source_block_and_records(db, asked, source, block, record):
    done = ptrctl("explain", asked, "--db", db, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["source"], told["block"]) == (source, block)
    assert [(r["type"], r["content"]) for r in told["records"]] == ([record] if record else [])
    text = ptrctl("explain", "--db", db, "--", asked).stdout
    assert f"source   {source}\n" in text and f"reason   {told['reason']}\n" in text


@pytest.mark.parametrize("asked, message", [
    ("", "`` is neither an address nor a name: the name is empty (the root is written `.`)"),
    ("a..b", "`a..b` is neither an address nor a name: empty label (two dots in a row, or a dot in front)"),
    ("192.0.2.256", "`192.0.2.256` is no address, expected one such as 192.0.2.1 or 2001:db8::1; a name that looks so "
                    "takes a final dot"),
    ("2001:db8::zz", "`2001:db8::zz` is no address, expected one such as 192.0.2.1 or 2001:db8::1; a name that looks so "
                     "takes a final dot"),
    ("a b", "`a b` is no address, expected one such as 192.0.2.1 or 2001:db8::1; a name that looks so takes a final dot"),
    ("192.0.2.0/24", "`192.0.2.0/24` is more than one address: give one of them"),
    ("192.0.2.0-192.0.2.9", "`192.0.2.0-192.0.2.9` is more than one address: give one of them"),
])
def test_explain_refuses_what_is_neither_address_nor_name(db, asked, message):
    done = ptrctl("explain", asked, "--db", db)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"ptrctl explain: {message}\n")


def test_explain_takes_odd_names(db):
    for asked in ("192.0.2.256.", "64/26.2.0.192.in-addr.arpa", r"a\ b.isp.example.", "."):
        assert ptrctl("explain", asked, "--db", db).returncode == 0


# --- dump


def answers(db):
    return {asked: ptrctl("explain", asked, "--db", db).stdout for asked in ASKED}


@pytest.mark.parametrize("text", [ZONES, ODD, "zones: []\n"], ids=["plain", "odd", "no zones"])
def test_dump_loaded_into_an_empty_directory_gives_the_same_answers_and_serials(text, tmp_path):
    (tmp_path / "zones.yaml").write_text(text)
    done = ptrctl("load", tmp_path / "zones.yaml", "--db", tmp_path / "one")
    assert done.returncode == 0, done.stderr
    first = ptrctl("dump", "--db", tmp_path / "one")
    assert (first.returncode, first.stderr) == (0, "")
    (tmp_path / "dump.yaml").write_text(first.stdout)
    done = ptrctl("load", tmp_path / "dump.yaml", "--db", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    assert ptrctl("dump", "--db", tmp_path / "two").stdout == first.stdout
    assert answers(tmp_path / "two") == answers(tmp_path / "one")
    # and into the store that it came from: nothing to do
    done = ptrctl("load", tmp_path / "dump.yaml", "--db", tmp_path / "one")
    assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in done.stdout


def test_dump_keeps_metadata_and_all_that_changes_answers(tmp_path):
    (tmp_path / "zones.yaml").write_text(ODD)
    ptrctl("load", tmp_path / "zones.yaml", "--db", tmp_path / "one").check_returncode()
    (tmp_path / "dump.yaml").write_text(ptrctl("dump", "--db", tmp_path / "one").stdout)
    ptrctl("load", tmp_path / "dump.yaml", "--db", tmp_path / "two").check_returncode()
    told = []
    for name in ("one", "two"):
        with Ptrd(tmp_path / name) as ptrd, Client(ptrd.socket) as client:
            told.append(client.call("getAllDomainMetadata", name="isp.example."))
    assert told[0] == told[1]
    assert told[0]["X-ODD"] == ['a "quoted" \\ value', "ümlaut", "x\ty"]
