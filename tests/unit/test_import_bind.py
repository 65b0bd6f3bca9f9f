"""import-bind: the syntax of named.conf, views and includes, and zones of one server that lie in each other."""
import os
import time

import pytest

from support.masterfiles import answers, compiled, difference
from support.ptrd import Client, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"
ZONES = 100000 if LONG else 2000

SOA = "$TTL 1h\n@ SOA ns.isp.example. hostmaster.isp.example. 1 3h 15m 4w 5m\n@ NS ns.isp.example.\n"


def files(tmp_path, **texts):
    """Files of a folder: _ in a name stands for a dot."""
    for name, text in texts.items():
        path = tmp_path / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def import_bind(tmp_path, conf, check=True, **texts):
    files(tmp_path, **texts)
    (tmp_path / "named.conf").write_text(conf)
    return run("ptrctl", "import-bind", tmp_path / "named.conf", "--db", tmp_path / "db", check=check)


def round_trip(tmp_path, done):
    first = run("ptrctl", "dump", "--db", tmp_path / "db").stdout
    assert first.split("\n", 1)[1] == done.stdout.split("\n", 1)[1]
    (tmp_path / "again.yaml").write_text(done.stdout)
    run("ptrctl", "load", tmp_path / "again.yaml", "--db", tmp_path / "again")
    assert run("ptrctl", "dump", "--db", tmp_path / "again").stdout == first


CONF = """\
/* a comment
 * over lines; zone "no" { type master; file "no"; }; */
// zone "no" { type master; file "no"; };
# zone "no" { type master; file "no"; };
include "keys.conf"; // at its place
acl "internal" { 10.0.0.0/8; { !10.1.0.0/16; any; }; };
options {
    directory "data"; # relative to this file
    listen-on-v6 port 53 { any; };
    forwarders { 192.0.2.1; 2001:db8::1; };
    include "more-options.conf";
};
logging { channel c { file "log" versions 3 size 5m; severity info; }; category default { c; }; };
controls { };
zone "." { type hint; file "root.hints"; };
view "internal" {
    match-clients { internal; };
    zone "isp.example" IN { type master; file "isp"; allow-update { key "k" ; }; };
    zone "second.example" { type slave; masters { 192.0.2.1; }; file "second"; };
    zone "forward.example" { type forward; forwarders { 192.0.2.1; }; };
    include "zones.d/*.conf";
};
view external {
    zone "ISP.example." { type primary; file "other"; };
    zone "third.example" { in-view "internal"; };
    zone third.example { type primary; file third; };
};
view "chaos" ch { zone "bind" { type master; file "bind"; }; };
zone "class.example" HS { type master; file "x"; };
"""


def test_named_conf_is_read_as_bind_reads_it(tmp_path):
    (tmp_path / "data" / "zones.d").mkdir(parents=True)
    (tmp_path / "keys.conf").write_text('key "k" { algorithm hmac-sha256; secret "c2VjcmV0; \\" }"; };\n')
    (tmp_path / "data" / "more-options.conf").write_text("recursion no;\n")
    (tmp_path / "data" / "isp").write_text(SOA + "ns A 192.0.2.53\n$INCLUDE hosts\n")
    (tmp_path / "data" / "hosts").write_text("www A 192.0.2.80\n")
    (tmp_path / "data" / "third").write_text(SOA + "www A 192.0.2.81\n")
    for i in (1, 2):
        (tmp_path / "data" / "zones.d" / f"{i}.conf").write_text(
            f'zone "included{i}.example" {{ type master; file "third"; }};\n')
    done = import_bind(tmp_path, CONF)
    names = [f"www.{zone}.example." for zone in ("isp", "third", "included1", "included2")]
    assert sorted(k for k, _ in answers(tmp_path / "db", names)) == sorted(names)
    assert done.stdout.count("- name:") == 4
    notes = [line.split("named.conf")[1] for line in done.stderr.splitlines() if "note:" in line]
    assert notes == [
        ":15:6: note: zone `.` is of type hint: left out",
        ":19:10: note: zone `second.example` is of type slave: left out",
        ":20:10: note: zone `forward.example` is of type forward: left out",
        ":25:10: note: zone `third.example` is that of another view: left out",
        ":28:24: note: zone `bind` is not of class IN: left out",
        ":29:6: note: zone `class.example` is not of class IN: left out",
        ":24:10: note: zone `isp.example` is there already (in another view): left out",
    ]
    round_trip(tmp_path, done)


BAD = [
    ('zone "a.example" { type master; };', "1:6: a primary zone without `file` is `a.example`, expected one"),
    ('zone "a.example" { file "a"; };', "1:6: a zone without `type` is `a.example`"),
    ('zone "a..example" { type master; file "a"; };', "1:6: the zone's name is `a..example`, expected a name"),
    ('zone "a.example" { type master; file "nowhere"; };', "1:6: cannot read `{dir}/nowhere`: No such file"),
    ('zone "a.example" { type master; file "."; };', "1:6: "),
    ('zone "a.example" { type master; file "a" };', "1:42: file is `}`, expected `;` behind its value"),
    ('zone "a.example" { type master; file "a"; }', "1:44: the zone's end is `end of the file`, expected `;`"),
    ('zone "a.example" { type master; file "a"; masterfile-format raw; };', "1:6: a zone in a binary"),
    ("options { directory; };", "1:20: directory is `;`, expected a value"),
    ("foo { bar; ", "1:12: the statement's end is `end of the file`, expected `}`"),
    ("foo bar }", "1:9: the statement's end is `}`, expected `;`"),
    ("};", "1:1: a statement is `}`, expected none"),
    ('foo "bar;', "1:5: a quote that is not closed"),
    ("\n /* foo", "2:2: a comment that is not closed"),
    ('include "nowhere";', "1:9: cannot read `{dir}/nowhere`"),
    ('include "named.conf";', "1:9: `{dir}/named.conf` is included 16 files deep"),
]


@pytest.mark.parametrize("conf, message", BAD)
def test_an_error_of_named_conf_has_its_place(tmp_path, conf, message):
    done = import_bind(tmp_path, conf, check=False)
    assert done.returncode == 1 and done.stdout == "" and not (tmp_path / "db").exists()
    assert f"ptrctl: {tmp_path}/named.conf:" + message.replace("{dir}", str(tmp_path)) in done.stderr


def test_an_error_of_a_zone_names_its_file(tmp_path):
    done = import_bind(tmp_path, 'zone "a.example" { type master; file "a"; };', check=False, a=SOA + "x A 1.2.3\n")
    assert done.returncode == 1 and f"ptrctl: {tmp_path}/a:4:5: x.a.example A: address is `1.2.3`" in done.stderr


def test_a_journal_is_told(tmp_path):
    done = import_bind(tmp_path, 'zone "a.example" { type master; file "a"; };', a=SOA, a_jnl="x")
    assert "a.jnl` is not read: changes in it reach the zone's file by `rndc sync`" in done.stderr


DS = "12345 13 2 " + "12345678" * 8
FAMILY = """\
zone "isp.example" { type master; file "parent"; };
zone "child.isp.example" { type master; file "child"; };
zone "grand.child.isp.example" { type master; file "grand"; };
zone "113.0.203.in-addr.arpa" { type master; file "reverse"; };
zone "64/26.113.0.203.in-addr.arpa" { type master; file "classless"; };
"""


def test_parent_and_child_keep_what_is_theirs(tmp_path):
    parent = SOA + f"""ns A 192.0.2.53
child NS ns.child
child NS ns.isp.example.
child DS {DS}
ns.child A 192.0.2.60
ns.child 60 AAAA 2001:db8::60
child TXT hidden
www.child A 192.0.2.61
grand.child NS hidden
stranger NS ns.elsewhere.example.
ns.stranger A 192.0.2.62
"""
    child = SOA + f"""@ NS ns
ns A 192.0.2.60
www A 192.0.2.80
grand NS ns.isp.example.
grand DS {DS}
"""
    reverse = SOA + """1 PTR one.isp.example.
64/26 NS ns.isp.example.
$GENERATE 64-127 $ CNAME $.64/26
2 NS ns.elsewhere.example.
2 PTR hidden.isp.example.
"""
    done = import_bind(tmp_path, FAMILY, parent=parent, child=child, grand=SOA, reverse=reverse,
                       classless=SOA + "65 PTR host.customer.example.\n66 PTR .\n")
    hidden = [line.split("note: ")[1] for line in done.stderr.splitlines() if "note:" in line]
    assert sorted(hidden) == sorted([
        "child.isp.example TXT is hidden by the zone `child.isp.example` of this import: left out",
        "grand.child.isp.example NS is hidden by the zone `child.isp.example` of this import: left out",
        "the PTR of 203.0.113.2 is hidden by the delegation at `2.113.0.203.in-addr.arpa`: left out",
    ])
    db = tmp_path / "db"
    for path, zone in (("child", "child.isp.example"), ("grand", "grand.child.isp.example"),
                       ("classless", "64/26.113.0.203.in-addr.arpa")):
        expected = compiled(tmp_path / path, zone)
        own = {k: v for k, v in expected.items() if path != "child" or not k[0].startswith("grand.")}
        assert difference(own, answers(db, {name for name, _ in own})) == {}
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        above = client.lookup("isp.example.", "SOA")[0]["domain_id"]
        cut = client.lookup("child.isp.example.", zone_id=above)
        assert sorted((r["qtype"], r["content"].rstrip("."), r.get("auth", 1)) for r in cut) == sorted([
            ("NS", "ns.child.isp.example", 0), ("NS", "ns.isp.example", 0), ("DS", DS, 1)])
        glue = client.lookup("ns.child.isp.example.", zone_id=above)
        assert sorted((r["qtype"], r["content"], r["ttl"], r.get("auth", 1)) for r in glue) == [
            ("A", "192.0.2.60", 3600, 0), ("AAAA", "2001:db8::60", 60, 0)]
    round_trip(tmp_path, done)


def test_reverse_zones_in_each_other(tmp_path):
    conf = ('zone "0.10.in-addr.arpa" { type master; file "outer"; };\n'
            'zone "1.0.10.in-addr.arpa" { type master; file "inner"; };\n')
    outer = SOA + "5.1 PTR stale.isp.example.\n5.2 PTR fine.isp.example.\n"
    done = import_bind(tmp_path, conf, outer=outer, inner=SOA + "6 PTR inner.isp.example.\n")
    assert "the PTR of 10.0.1.5 is hidden by the zone `1.0.10.in-addr.arpa` of this import: left out" in done.stderr
    found = answers(tmp_path / "db", ["5.1.0.10.in-addr.arpa.", "6.1.0.10.in-addr.arpa.", "5.2.0.10.in-addr.arpa."])
    assert sorted(found) == [("5.2.0.10.in-addr.arpa.", "PTR"), ("6.1.0.10.in-addr.arpa.", "PTR")]
    round_trip(tmp_path, done)


def test_many_zones(tmp_path):
    conf = "".join(f'zone "z{i}.example" {{ type master; file "z{i % 100}"; }};\n' for i in range(ZONES))
    texts = {f"z{i}": SOA + f"@ A 192.0.2.{i}\nwww CNAME @\n@ MX 10 mail\n" for i in range(100)}
    files(tmp_path, **texts)
    (tmp_path / "named.conf").write_text(conf)
    start = time.monotonic()
    done = run("ptrctl", "import-bind", tmp_path / "named.conf", timeout=600)
    print(ZONES, "zones in", round(time.monotonic() - start, 1), "s")
    assert done.stdout.count("- name:") == ZONES and done.stdout.count("type: MX") == ZONES
    assert done.stderr.endswith(f"named.conf: {ZONES} zones, 0 blocks, 0 PTRs, {4 * ZONES} records; 0 notes\n")
