"""`ptrctl local list|export|drop`, and what load and check tell of local RRsets and of many zones."""
import json
import subprocess

import pytest

from support.ptrd import BUILD, Client, Ptrd, run

ZONES = """\
defaults:
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: old, type: TXT, content: '"x"'}
  - name: dyn.isp.example
  - prefix: 192.0.2.0/24
  - {prefix: 203.0.113.64/26, zone: "64/26"}
blocks:
  - {prefix: 192.0.2.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
ptrs:
  192.0.2.25: mail.isp.example
"""

EDITS = [
    ("isp.example", "www.isp.example", "A", 300, ["192.0.2.80", "192.0.2.81"]),
    ("isp.example", "ns1.isp.example", "A", 300, ["192.0.2.54"]),
    ("isp.example", "t.isp.example", "TXT", 300, [r'"say \"hi\" \\ back"']),
    ("isp.example", "old.isp.example", "TXT", 0, []),
    ("2.0.192.in-addr.arpa", "7.2.0.192.in-addr.arpa", "PTR", 77, ["host7.isp.example"]),
    ("2.0.192.in-addr.arpa", "25.2.0.192.in-addr.arpa", "PTR", 0, []),
    ("64/26.113.0.203.in-addr.arpa", "70.64/26.113.0.203.in-addr.arpa", "PTR", 78, ["host70.isp.example"]),
]
ASKED = ["www.isp.example", "ns1.isp.example", "t.isp.example", "old.isp.example", "192.0.2.7", "192.0.2.25",
         "203.0.113.70", "host7.isp.example", "host70.isp.example", "mail.isp.example"]


def ptrctl(*args, **kwargs):
    return run("ptrctl", *args, check=False, **kwargs)


def edit(db, *edits):
    """As PowerDNS does it: each in a transaction of its own."""
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        for zone, owner, qtype, ttl, contents in edits:
            zone_id = client.call("getDomainInfo", name=zone + ".")["id"]
            for reply in (client.start(zone + "."), client.replace(owner, qtype, contents, ttl, zone_id), client.commit()):
                assert reply["result"], reply


@pytest.fixture
def zones(tmp_path):
    path = tmp_path / "zones.yaml"
    path.write_text(ZONES)
    return path


@pytest.fixture
def db(tmp_path, zones):
    ptrctl("load", zones, "--db", tmp_path / "db").check_returncode()
    return tmp_path / "db"


@pytest.fixture
def edited(db):
    edit(db, *EDITS)
    return db


def answers(db):
    return {asked: [(r["type"], r["ttl"], r["content"])
                    for r in json.loads(ptrctl("explain", asked, "--db", db, "--json").stdout)["records"]]
            for asked in ASKED}


# --- list


def test_list_shows_each_local_rrset_and_what_it_hides(edited):
    done = ptrctl("local", "list", "--db", edited)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(line for line in done.stdout.splitlines() if not line.startswith(" ")) == [
        "25.2.0.192.in-addr.arpa. PTR, deleted, hides the source's",
        "7.2.0.192.in-addr.arpa. PTR, ttl 77",
        "70.64/26.113.0.203.in-addr.arpa. PTR, ttl 78",
        "ns1.isp.example. A, ttl 300, hides the source's",
        "old.isp.example. TXT, deleted, hides the source's",
        "t.isp.example. TXT, ttl 300",
        "www.isp.example. A, ttl 300",
    ]
    assert "www.isp.example. A, ttl 300\n    192.0.2.80\n    192.0.2.81\n" in done.stdout
    told = json.loads(ptrctl("local", "list", "--db", edited, "--json").stdout)
    assert [item for item in told if item["owner"] == "old.isp.example."] == [
        {"owner": "old.isp.example.", "zone": "isp.example.", "type": "TXT", "ttl": 0, "contents": [], "deleted": True,
         "hides": True, "above": False}]
    assert [item["contents"] for item in told if item["owner"] == "t.isp.example."] == [[r'"say \"hi\" \\ back"']]
    assert len(told) == len(EDITS)


def test_a_store_without_local_rrsets_has_nothing_to_show(db):
    assert ptrctl("local", "list", "--db", db).stdout == ""
    assert json.loads(ptrctl("local", "list", "--db", db, "--json").stdout) == []
    exported = ptrctl("local", "export", "--db", db)
    assert exported.returncode == 0 and all(line.startswith("#") for line in exported.stdout.splitlines())
    assert ptrctl("local", "drop", "--all", "--db", db).stdout == f"{db}: 0 local RRsets dropped\n"
    assert "local RRsets" not in ptrctl("check", "--db", db).stdout


def test_what_is_held_above_a_zone_of_ours_belongs_to_the_zone_above(db):
    edit(db, ("isp.example", "dyn.isp.example", "NS", 60, ["ns.elsewhere.example"]))
    shown = ptrctl("local", "list", "--db", db).stdout
    assert shown.startswith("dyn.isp.example. NS, ttl 60, held by the zone above\n")
    told, = json.loads(ptrctl("local", "list", "--db", db, "--json").stdout)
    assert (told["above"], told["zone"]) == (True, "isp.example.")
    exported = ptrctl("local", "export", "--db", db).stdout
    assert '  - name: "isp.example."\n    records:\n      - {name: "dyn", type: NS,' in exported


# --- export


def test_the_export_written_into_the_zones_file_takes_the_place_of_the_local_rrsets(edited, zones, tmp_path):
    before = answers(edited)
    exported = ptrctl("local", "export", "--db", edited)
    assert (exported.returncode, exported.stderr) == (0, "")
    assert '  - prefix: 203.0.113.64/26' not in exported.stdout  # its one local RRset is a PTR
    lines = exported.stdout.splitlines()
    records = [line for line in lines if line.startswith("      - {name: ")]
    ptrs = lines[lines.index("ptrs:") + 1:lines.index("ptrs:") + 3]
    assert lines[lines.index("zones:") + 1] == '  - name: "isp.example."' and len(records) == 3
    marked = [line for line in lines if line.endswith("# in place of the one that is there")]
    assert len(marked) == 1 and 'name: "ns1"' in marked[0]
    deleted = [line for line in lines if line.startswith("#   ")]
    assert deleted == ["#   old.isp.example. TXT (zone isp.example.)",
                       "#   25.2.0.192.in-addr.arpa. PTR (`ptrs:` 192.0.2.25)"]
    text = ZONES
    for taken_out in ("      - {name: old, type: TXT, content: '\"x\"'}\n", "  192.0.2.25: mail.isp.example\n",
                      "      - {name: ns1, type: A, content: 192.0.2.53}\n"):
        text = text.replace(taken_out, "")
    text = text.replace("    records:\n", "\n".join(["    records:", *records, ""])) + "\n".join([*ptrs, ""])
    zones.write_text(text)
    assert ptrctl("load", zones, "--db", edited).returncode == 0
    assert ptrctl("local", "drop", "--all", "--db", edited).stdout == f"{edited}: {len(EDITS)} local RRsets dropped\n"
    assert answers(edited) == before
    assert ptrctl("local", "list", "--db", edited).stdout == ""


def test_the_export_is_a_part_of_a_zones_file(edited, tmp_path):
    """Where it holds whole zones it is read as it is."""
    exported = ptrctl("local", "export", "--db", edited).stdout
    defaults = ZONES[:ZONES.index("zones:")]
    rest = "  - prefix: 192.0.2.0/24\n  - {prefix: 203.0.113.64/26, zone: \"64/26\"}\nptrs:\n"
    (tmp_path / "part.yaml").write_text(defaults + exported.replace("ptrs:\n", rest, 1))
    done = ptrctl("check", tmp_path / "part.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 zones, 0 blocks, 2 PTRs" in done.stdout


def test_the_export_writes_soa_and_ns_of_a_zone_and_an_rfc_2317_zone(db):
    edit(db, ("isp.example", "isp.example", "NS", 300, ["ns1.isp.example", "ns2.isp.example"]),
         ("isp.example", "isp.example", "SOA", 301, ["ns2.isp.example hostmaster.isp.example 7 1 2 3 4"]),
         ("64/26.113.0.203.in-addr.arpa", "x.64/26.113.0.203.in-addr.arpa", "TXT", 60, ['"x"']))
    exported = ptrctl("local", "export", "--db", db).stdout
    assert ('  - prefix: 203.0.113.64/26\n    zone: "64/26.113.0.203.in-addr.arpa."\n    records:\n'
            '      - {name: "x", type: TXT, ttl: 60, content: ["\\"x\\""]}\n') in exported
    assert ('  - name: "isp.example."\n    # its TTL is 301: `ttl:` of the zone\n'
            '    soa: {mname: "ns2.isp.example.", rname: "hostmaster.isp.example.", refresh: 1, retry: 2, expire: 3, '
            'minimum: 4}\n    records:\n      # in place of `ns:`\n'
            '      - {name: "@", type: NS, ttl: 300, content: ["ns1.isp.example.", "ns2.isp.example."]}\n') in exported


# --- drop


@pytest.mark.parametrize("words, left", [
    (["www.isp.example"], 6), (["WWW.isp.example.", "a"], 6), (["192.0.2.7"], 6), (["203.0.113.70", "PTR"], 6),
    (["old.isp.example", "TXT"], 6), (["--all"], 0),
])
def test_drop_takes_back_what_is_said_and_nothing_else(edited, words, left):
    done = ptrctl("local", "drop", *words, "--db", edited)
    dropped = len(EDITS) - left
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{edited}: {dropped} local RRsets dropped\n", "")
    told = json.loads(ptrctl("local", "list", "--db", edited, "--json").stdout)
    assert len(told) == left
    if words[0].lower().startswith("www"):
        assert "www.isp.example." not in [item["owner"] for item in told]


def test_drop_brings_back_the_source_and_raises_the_serial(edited, tmp_path, zones):
    def serial():
        with Ptrd(edited) as ptrd, Client(ptrd.socket) as client:
            return client.call("getDomainInfo", name="isp.example.")["serial"]
    before = serial()
    ptrctl("load", zones, "--db", tmp_path / "plain").check_returncode()
    ptrctl("local", "drop", "old.isp.example", "--db", edited).check_returncode()
    assert answers(edited)["old.isp.example"] == answers(tmp_path / "plain")["old.isp.example"] != []
    assert serial() > before
    ptrctl("local", "drop", "--all", "--db", edited).check_returncode()
    assert answers(edited) == answers(tmp_path / "plain")


@pytest.mark.parametrize("words, message", [
    (["mail.isp.example"], "`mail.isp.example`: no local RRset; `ptrctl local list` shows those there are"),
    (["www.isp.example", "TXT"], "`www.isp.example` TXT: no local RRset; `ptrctl local list` shows those there are"),
    (["www.isp.example", "FROG"], "`FROG` is no type, expected one such as A, TXT or TYPE65"),
    (["192.0.2.0/24"], "`192.0.2.0/24` is more than one address: give one of them"),
])
def test_a_refused_drop_changes_nothing(edited, words, message):
    before = ptrctl("local", "list", "--db", edited).stdout
    done = ptrctl("local", "drop", *words, "--db", edited)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ptrctl: ") and message in done.stderr
    assert ptrctl("local", "list", "--db", edited).stdout == before


# --- the command line


@pytest.mark.parametrize("args, message", [
    ([], "say what: list, export or drop"),
    (["--db", "x"], "say what: list, export or drop"),
    (["show", "--db", "x"], "`show` is none of list, export and drop"),
    (["list"], "give --db DIR"),
    (["list", "x", "--db", "x"], "`x` is one word too many"),
    (["export", "x", "--db", "x"], "`x` is one word too many"),
    (["drop", "--db", "x"], "drop: give a name, a name and a type, or --all"),
    (["drop", "n", "--all", "--db", "x"], "drop: give a name, a name and a type, or --all"),
    (["drop", "n", "A", "b", "--db", "x"], "`b` is one word too many"),
    (["drop", "n", "--json", "--db", "x"], "--json belongs to `list`"),
    (["list", "--all", "--db", "x"], "--all belongs to `drop`"),
])
def test_a_wrong_command_line_exits_2(args, message, tmp_path):
    done = ptrctl("local", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"ptrctl local: {message}; `ptrctl local --help` tells more\n"


@pytest.mark.parametrize("action", [["list"], ["export"], ["drop", "--all"]])
def test_a_missing_store_is_refused(action, tmp_path):
    done = ptrctl("local", *action, "--db", "no", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "") and "No such file or directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", [["list"], ["list", "--json"], ["export"]])
def test_output_that_cannot_be_written_is_a_failure(edited, action):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "ptrctl", "local", *action, "--db", edited], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "ptrctl: cannot write to standard output: No space left on device\n")


# --- load and check


def test_load_keeps_local_rrsets_and_tells_their_number(edited, zones):
    before = answers(edited)
    done = ptrctl("load", zones, "--db", edited)
    assert done.returncode == 0
    assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in done.stdout
    assert (f"{edited}: 7 local RRsets (changed through PowerDNS; `ptrctl local list`), 3 of them in place of the "
            f"source's, 0 in no zone\n`ptrctl check --db {edited}` lists these\n") in done.stdout
    assert answers(edited) == before


def test_load_warns_where_the_file_contradicts_a_local_rrset(edited, zones):
    """A delegation accepted through PowerDNS stands above the names of a block that came later."""
    edit(edited, ("isp.example", "cust.isp.example", "NS", 300, ["ns1.else.example"]))
    assert "contradicts" not in ptrctl("load", zones, "--db", edited).stdout
    zones.write_text(ZONES.replace("{ip}.dyn.isp.example", "{ip}.cust.isp.example"))
    loaded = ptrctl("load", zones, "--db", edited)
    assert loaded.returncode == 0
    assert "warning: with the local RRsets in front, the file contradicts itself" in loaded.stdout
    assert "cust.isp.example" in loaded.stdout and "ptrctl local drop NAME TYPE" in loaded.stdout
    assert ptrctl("check", "--db", edited).returncode == 1
    assert ptrctl("local", "drop", "cust.isp.example", "NS", "--db", edited).returncode == 0
    assert "contradicts" not in ptrctl("load", zones, "--db", edited).stdout
    assert ptrctl("check", "--db", edited).returncode == 0


def test_check_lists_what_hides_something_of_the_source(edited):
    done = ptrctl("check", "--db", edited)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(line for line in done.stdout.splitlines() if ": local: " in line) == [
        f"{edited}: local: 25.2.0.192.in-addr.arpa. PTR of the source is deleted through PowerDNS",
        f"{edited}: local: ns1.isp.example. A of the source is replaced through PowerDNS",
        f"{edited}: local: old.isp.example. TXT of the source is deleted through PowerDNS",
    ]


def test_local_rrsets_whose_zone_is_gone_are_told_until_they_are_dropped(edited, tmp_path):
    text = ZONES.replace('  - {prefix: 203.0.113.64/26, zone: "64/26"}\n', "")
    (tmp_path / "less.yaml").write_text(text)
    done = ptrctl("load", tmp_path / "less.yaml", "--db", edited)
    assert "3 of them in place of the source's, 1 in no zone" in done.stdout
    done = ptrctl("check", "--db", edited)
    assert done.returncode == 0
    outside, = [line for line in done.stdout.splitlines() if "lies in no zone" in line]
    owner = outside.split(": local: ")[1].split(" ")[0]
    assert answers(edited)["host70.isp.example"] == []
    shown = ptrctl("local", "list", "--db", edited).stdout
    assert f"{owner} PTR, ttl 78, in no zone\n" in shown
    assert f"# In no zone of this store, left out:\n#   {owner} PTR\n" in ptrctl("local", "export", "--db", edited).stdout
    ptrctl("local", "drop", owner, "--db", edited).check_returncode()
    assert "0 in no zone" in ptrctl("check", "--db", edited).stdout


@pytest.mark.parametrize("count, warned", [(14_998, False), (14_999, True)])
def test_from_15000_zones_on_load_and_check_warn(count, warned, tmp_path):
    path = tmp_path / "zones.yaml"
    path.write_text("defaults:\n  soa: {mname: ns1.isp.example, rname: h.isp.example}\n  ns: [ns1.isp.example]\nzones:\n"
                    "  - name: isp.example\n    records: [{name: ns1, type: A, content: 192.0.2.53}]\n"
                    + "".join(f"  - name: z{i}.example\n" for i in range(count)))
    for args in (["check", path], ["load", path, "--db", tmp_path / "db"], ["check", "--db", tmp_path / "db"]):
        done = ptrctl(*args)
        assert done.returncode == 0
        shown = [line for line in done.stdout.splitlines() if line.startswith("warning: 15000 zones: ")]
        assert len(shown) == warned
        assert not warned or ("--stdio" in shown[0] and "timeout=0" in shown[0]
                              and "zone-cache-refresh-interval=0" in shown[0])
