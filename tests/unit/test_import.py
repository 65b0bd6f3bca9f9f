"""import-zone and import-bind: every RRset of a master file as BIND reads it (named-compilezone) is what ptrd answers
after the import, and import -> dump -> load -> dump changes nothing.
"""
import os
import random
import time

import pytest

from support.masterfiles import answers, compiled, difference, listed
from support.ptrd import Client, Ptrd, run

LONG = os.environ.get("PTRD_TEST_LONG") == "1"

SOA = "$TTL 1h\n@ SOA ns hostmaster 2024010101 3h 15m 4w 5m\n@ NS ns\nns A 192.0.2.53\n"

# In the spirit of the test zones of PowerDNS and BIND: every type, and every way to write one.
ALL_TYPES = SOA + r"""
@               NS      ns.elsewhere.example.
@       300     MX      10 mail
@               TXT     "v=spf1 -all" ; a comment; with ; more
@               CAA     0 issue "ca.example.net; policy=\"ev\""
a               A       192.0.2.1
                AAAA    2001:db8::1
a2 1w2d3h4m5s IN A      192.0.2.2
a3 IN 77        A       192.0.2.3
a4 CLASS1 78    TYPE1   \# 04 c0000204
mail            A       192.0.2.25
aaaa            AAAA    ::ffff:192.0.2.1
afsdb           AFSDB   1 afs
apl             APL     1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32
c0              CNAME   c1
c1              CNAME   c2.deep
c2.deep         CNAME   elsewhere.example.
cert            CERT    PKIX 1 RSASHA256 ( MxFcby9k/yvedMfQgKzhH5er0Mu/vILz
                        45IkskceFGgiWCn/GxHhai6VAuHAoNUz4YoU1tVfSCSqQYn6
                        //11U6Nld80jEeC8aTrO+KKmCaY= )
csync           CSYNC   66 3 A NS AAAA
dhcid           DHCID   AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
dname           DNAME   target.elsewhere.example.
eui48           EUI48   00-00-5e-00-53-2a
eui64           EUI64   00-00-5e-ef-10-00-00-2a
hinfo           HINFO   "Generic PC clone" "NetBSD 1.4"
hip             HIP     2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D rvs
https           HTTPS   1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 key667="a b"
svcb            SVCB    0 svc.elsewhere.example.
ipseckey        IPSECKEY 10 3 2 gateway AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
kx              KX      10 a
l32             L32     10 10.1.2.0
l64             L64     10 2001:1db8:1140:1000
loc             LOC     51 56 0.123 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m
lp              LP      10 l32
naptr           NAPTR   100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.gatech
naptr           NAPTR   100 10 "" "" "!^urn:cid:.+@([^\\.]+\\.)(.*)$!\\2!i" .
nid             NID     10 1014:4fff:ff20:ee64
openpgpkey      OPENPGPKEY AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
ptr             PTR     @
rp              RP      mbox text.rp
smimea          SMIMEA  3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
spf             TYPE99  \# 5 0461626364
_sip._tcp       SRV     1 2 5060 a
sshfp           SSHFP   4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
_25._tcp.mail   TLSA    3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
uri             URI     10 1 "ftp://ftp1.example.com/public"
x731            TYPE731 \# 3 abcdef
x731            TYPE731 \# 0
x65534          TYPE65534 \# 5 0800000001
*               TXT     "wildcard"
*.w             A       192.0.2.42
*.b.w           MX      5 *.w
; names of any octets
\000\255x       TXT     "\000\255"
q\"uo\;te\(s\)  TXT     q\"uo\;te\(s\) "in \"quotes\" \\ and ; ( )"
a\.b            A       192.0.2.7
\@              A       192.0.2.8
w\032blank      A       192.0.2.9
tabs            TXT     "a	b" "\	c" "\\	d" "\\\	e"
$ORIGIN sub
@               TXT     sub
x               TXT     x.sub ; relative to the relative origin
                TXT     "one more" two
$ORIGIN @
y               TXT     y.sub
$ORIGIN """ + "{origin}" + r"""
multi           TXT (   "one"
        two ; a comment in parentheses
        ( "three" )
        )
long            TXT     """ + " ".join(f'"{chr(97 + i) * 255}"' for i in range(16)) + r"""
; a delegation with DS and glue, one below it, and a secure name
child           NS      ns.child
child           NS      ns.elsewhere.example.
child           DS      12345 13 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
ns.child        A       192.0.2.60
ns.child        AAAA    2001:db8::60
insecure        NS      ns.deep.insecure
ns.deep.insecure A      192.0.2.61
$TTL 2h
late            A       192.0.2.70
late2 5         A       192.0.2.71
late3           A       192.0.2.72
"""


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def import_zone(tmp_path, text, origin="isp.example", name="zone"):
    """Imports one file into a store; returns (the zone by BIND, the CompletedProcess, the store)."""
    path = write(tmp_path / name, text)
    done = run("ptrctl", "import-zone", path, "--origin", origin, "--db", tmp_path / "db", check=False)
    assert done.returncode == 0, done.stderr
    return compiled(path, origin), done, tmp_path / "db"


def round_trip(tmp_path, zones_file, db):
    """The zones file that was printed, loaded, dumped, loaded and dumped is always the same."""
    first = run("ptrctl", "dump", "--db", db).stdout
    assert zones_file.split("\n", 1)[1] == first.split("\n", 1)[1]
    write(tmp_path / "first.yaml", zones_file)
    run("ptrctl", "load", tmp_path / "first.yaml", "--db", tmp_path / "again", timeout=300)
    assert run("ptrctl", "dump", "--db", tmp_path / "again").stdout == first
    done = run("ptrctl", "load", tmp_path / "first.yaml", "--db", db)
    assert "0 rows added, 0 changed, 0 removed; 0 serials raised" in done.stdout


def same_answers(db, expected):
    found = answers(db, {name for name, _ in expected})
    assert difference(expected, found) == {}


def test_every_type_and_spelling_is_answered_as_bind_reads_it(tmp_path):
    expected, done, db = import_zone(tmp_path, ALL_TYPES.replace("{origin}", "isp.example."))
    assert len(expected) > 65
    same_answers(db, expected)
    assert difference(expected, listed(db, ["isp.example."])) == {}
    round_trip(tmp_path, done.stdout, db)


def octets(rng, length):
    """Any octets as a word of a master file, written in one of the ways that there are."""
    text = ""
    for _ in range(length):
        c = rng.choice([rng.randrange(256), rng.choice(b"az09-_.@$\\\"();* \t\0")])
        if chr(c) in "abcdefghijklmnopqrstuvwxyz-_" or (chr(c).isdigit() and c < 128 and not text.endswith("\\")):
            text += chr(c) if rng.random() < 0.8 else f"\\{c:03}"
        elif 32 < c < 127 and chr(c) not in "0123456789[" and rng.random() < 0.5:  # BIND reads \\[ as a bit label
            text += "\\" + chr(c)
        else:
            text += f"\\{c:03}"
    return text


def test_any_octets_survive(tmp_path):
    seed = int(os.environ.get("PTRD_TEST_SEED", "20261123"))
    print("seed", seed)
    rng = random.Random(seed)
    text = SOA
    for i in range(2000 if LONG else 300):
        target = ".".join(octets(rng, rng.randrange(1, 20)) for _ in range(rng.randrange(1, 4)))
        text += f"{i}.{octets(rng, rng.randrange(1, 16))} " + rng.choice([
            f"TXT {octets(rng, rng.randrange(1, 60))} \"{octets(rng, rng.randrange(60))}\"",
            f"CNAME {target}", f"MX {i} {target}", f"PTR {target}.", f"RP {target} .",
            f'CAA 0 tag "{octets(rng, rng.randrange(1, 60))}"']) + "\n"
    expected, done, db = import_zone(tmp_path, text)
    same_answers(db, expected)
    round_trip(tmp_path, done.stdout, db)


def test_a_file_alone_says_its_zone(tmp_path):
    text = "$ORIGIN example.\n$TTL 60\nisp SOA ns.isp host.isp 1 2 3 4 5\nisp NS ns.isp\nns.isp A 192.0.2.1\n"
    done = run("ptrctl", "import-zone", write(tmp_path / "z", text))
    assert '- name: "isp.example."' in done.stdout
    text = "isp.example. 60 SOA ns host 1 2 3 4 5\n 60 NS ns\nns 60 A 192.0.2.1\n"
    done = run("ptrctl", "import-zone", write(tmp_path / "z", text))
    assert '"ns.isp.example.", type: A' in done.stdout
    done = run("ptrctl", "import-zone", write(tmp_path / "z", "@ 60 SOA ns host 1 2 3 4 5\n"), check=False)
    assert done.returncode == 1 and f"{tmp_path}/z:1:1: owner is `@`, expected" in done.stderr


def test_includes_are_read_and_the_origin_is_the_old_one_behind_them(tmp_path):
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "hosts", "a A 192.0.2.1\n$ORIGIN elsewhere\nb A 192.0.2.2\n$TTL 99\n  AAAA 2001:db8::2\n")
    text = SOA + ("before A 192.0.2.9\n$INCLUDE deep/hosts\n  A 192.0.2.10\n$INCLUDE deep/hosts in.isp.example.\n"
                  "c A 192.0.2.3\n$INCLUDE \"deep/hosts\" rel\nd A 192.0.2.4\n")
    expected, done, db = import_zone(tmp_path, text)
    assert ("b.elsewhere.in.isp.example.", "A") in expected and ("c.isp.example.", "A") in expected
    assert expected["c.isp.example.", "A"][0] == 99
    same_answers(db, expected)
    round_trip(tmp_path, done.stdout, db)


@pytest.mark.parametrize("text", [
    "@ SOA ns host 1 2 3 4 5\n NS ns\nns A 192.0.2.1\n 9 AAAA 2001:db8::1\nx A 192.0.2.2\n",  # minimum of the SOA
    "@ 7 SOA ns host 1 2 3 4 5\n NS ns\nns A 192.0.2.53\nx A 192.0.2.2\ny 9 A 192.0.2.3\nz A 192.0.2.4\n",  # the last TTL
    "$TTL 8\n@ 7 SOA ns host 1 2 3 4 5\n NS ns\nns A 192.0.2.53\nx 9 A 192.0.2.2\ny A 192.0.2.4\n",
    "$TTL 1W\n@ SOA ns host 1 1D 2H 3W 1m30s\n NS ns\nns A 192.0.2.53\n$TTL 2147483647\nx A 192.0.2.2\n",
])
def test_ttls_are_those_of_bind(tmp_path, text):
    expected, done, db = import_zone(tmp_path, text)
    same_answers(db, expected)
    round_trip(tmp_path, done.stdout, db)


def test_what_a_name_server_ignores_is_left_out_with_a_note(tmp_path):
    text = SOA + ("out.elsewhere.example. A 192.0.2.1\nx A 192.0.2.2\nx A 192.0.2.2\n"
                  "y 60 A 192.0.2.3\ny 30 A 192.0.2.4\n$TTL 3000000000\nz A 192.0.2.5\n")
    path = write(tmp_path / "z", text)
    done = run("ptrctl", "import-zone", path, "--origin", "isp.example", "--db", tmp_path / "db")
    assert f"{path}:5:1: note: out.elsewhere.example A lies outside the zone: left out" in done.stderr
    assert f"{path}:7:1: note: x.isp.example A stands there twice: left out" in done.stderr
    assert f"{path}:8:1: note: y.isp.example A has several TTLs: the least, 30, is taken" in done.stderr
    assert f"{path}:10:6: note: TTL 3000000000 is more than 2147483647, so it is 0" in done.stderr
    found = answers(tmp_path / "db", ["x.isp.example.", "y.isp.example.", "z.isp.example."])
    assert {k: (ttl, len(s)) for k, (ttl, s) in found.items()} == {
        ("x.isp.example.", "A"): (3600, 1), ("y.isp.example.", "A"): (30, 2), ("z.isp.example.", "A"): (0, 1)}


def test_what_delegations_and_dnames_hide(tmp_path):
    """Below a DNAME nothing may stand; at and below a delegation all is kept, as BIND keeps it, and is not authoritative."""
    text = SOA + "sub NS ns.sub\nns.sub A 192.0.2.2\nsub TXT x\nx.sub MX 1 a\ny.sub NS q\n"
    expected, done, db = import_zone(tmp_path, text + "d DNAME t\nd TXT beside\nx.d A 192.0.2.3\nx.y.d NS z\n")
    notes = [line.split("/zone")[1] for line in done.stderr.splitlines() if "note:" in line]
    assert notes == [":12:1: note: x.d.isp.example A is hidden by the DNAME `d.isp.example`: left out",
                     ":13:1: note: x.y.d.isp.example NS is hidden by the DNAME `d.isp.example`: left out"]
    same_answers(db, {k: v for k, v in expected.items() if not k[0].endswith(".d.isp.example.")})
    round_trip(tmp_path, done.stdout, db)


def test_what_powerdns_loads_and_a_zones_file_has_no_place_for(tmp_path):
    path, db = write(tmp_path / "zone", SOA + """
lone            DS      1 8 1 caf1eaaecdabe7616670788f9122d1ba8dfcd84a
@               DS      1 8 1 caf1eaaecdabe7616670788f9122d1ba8dfcd84a
*.w             NS      ns
*.v             DNAME   elsewhere.example.
long            TXT     "%s\\065\\"b" ; 257 octets
Mail            MX      10 Upper.Example.
Mail            MX      10 upper.example.
""" % (254 * "a")), tmp_path / "db"
    done = run("ptrctl", "import-zone", path, "--origin", "isp.example", "--db", db)  # BIND refuses the file
    for part in (":6:1: note: lone.isp.example DS: it belongs to a delegation, and no NS stand at this name: left out",
                 ":7:1: note: isp.example DS: DS records belong into the zone above: left out",
                 ":8:1: note: *.w.isp.example NS: it means nothing at a wildcard (RFC 4592 4.2, 4.4): left out",
                 ":9:1: note: *.v.isp.example DNAME: it means nothing at a wildcard (RFC 4592 4.2, 4.4): left out",
                 ":10:1: note: a string of more than 255 octets becomes several",
                 ":12:1: note: mail.isp.example MX stands there twice: left out"):
        assert f"{path}{part}" in done.stderr
    with Ptrd(db) as ptrd, Client(ptrd.socket) as client:
        assert [r["content"] for r in client.lookup("long.isp.example.")] == [f'"{254 * "a"}A" "\\"b"']
        assert [r["content"].rstrip(".") for r in client.lookup("mail.isp.example.")] == ["10 Upper.Example"]
    round_trip(tmp_path, done.stdout, db)


def test_what_a_signer_made_is_left_out_with_one_note(tmp_path):
    key = "DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
    rrsig = "RRSIG A 13 3 3600 20300101000000 20200101000000 1 isp.example. AAAA\n"
    made = SOA + f"@ {key}\nns {rrsig}ns NSEC @ A RRSIG NSEC\n@ NSEC3PARAM 1 0 0 -\n@ CDS 0 0 0 00\n"
    done = run("ptrctl", "import-zone", write(tmp_path / "z", made), "--origin", "isp.example")
    assert done.stderr.count("note:") == 1 and "5 records that a signer made" in done.stderr
    assert "DNSKEY" not in done.stdout and "CDS" not in done.stdout
    own = run("ptrctl", "import-zone", write(tmp_path / "z", SOA + f"@ {key}\n"), "--origin", "isp.example")
    assert "type: DNSKEY" in own.stdout and "note:" not in own.stderr


BAD = [
    ("@ SOA ns host 1 2 3 4\n", "1:7: isp.example SOA: 6 words, expected: mname", ""),
    ("@ 5 SOA ns host 1 2 3 4 x\n NS a\n", "1:25: a time of the SOA is `x`, expected", ""),
    (SOA + "x A 192.0.2.256\n", "5:5: x.isp.example A: address is `192.0.2.256`, expected an IPv4 address", ""),
    (SOA + "x MX 70000 m\n", "5:6: ", "preference is `70000`, expected a number from 0 to 65535"),
    (SOA + "x CH A 192.0.2.1\n", "5:3: class is `CH`, expected IN", ""),
    (SOA + "x CLASS3 A 192.0.2.1\n", "5:3: class is `CLASS3`, expected IN", ""),
    (SOA + "x 1h 2h A 192.0.2.1\n", "5:6: type is `2h`, expected", ""),
    (SOA + "x 1h30 A 192.0.2.1\n", "5:3: type is `1h30`, expected", ""),
    (SOA + "x FOO bar\n", "5:3: type is `FOO`, expected a TTL, a class or a record type", ""),
    (SOA + "x\n", "5:1: the only word of the line is `x`", ""),
    (SOA + "x TXT \"open\n", "5:7: a quote that is not closed", ""),
    (SOA + "x TXT ( a\n b\n", "5:7: a parenthesis that is not closed", ""),
    (SOA + "x TXT a )\n", "5:9: a closing parenthesis without an opening one", ""),
    (SOA + "x TXT a\\", "5:8: a backslash at the end of the line", ""),
    (SOA + f"{'a' * 64} A 192.0.2.1\n", "5:1: owner is `aaa", "a label has 64 octets"),
    (SOA + "$FOO bar\n", "5:1: directive is `$FOO`, expected $ORIGIN, $TTL, $INCLUDE or $GENERATE", ""),
    (SOA + "$TTL soon\n", "5:6: $TTL is `soon`, expected", ""),
    (SOA + "$INCLUDE nowhere\n", "5:10: cannot read", "No such file"),
    (SOA + "$INCLUDE z\n", "", "fewer files that include each other"),
    (SOA + "$GENERATE 5-1 a$ A 192.0.2.$\n", "5:11: the range of $GENERATE is `5-1`, expected FIRST-LAST", ""),
    (SOA + "$GENERATE 1-5000000 a$ A 192.0.2.1\n", "5:11: ", "at most 1048576"),
    (SOA + "$GENERATE 1-5 a${x} A 192.0.2.1\n", "5:15: what $GENERATE is to make is `a${x}`, expected", ""),
    (SOA + "$GENERATE 250-256 a$ A 192.0.2.$\n", "5:1: a256.isp.example A: address is `192.0.2.256`", ""),
    (SOA + "@ SOA ns other 1 2 3 4 5\n", "5:1: a second SOA", "expected one"),
    (SOA + "x SOA ns other 1 2 3 4 5\n", "5:1: a SOA at `x.isp.example`, expected it at the apex", ""),
    ("x 5 A 192.0.2.1\n", "", "no SOA of the zone `isp.example` in the file"),
    ("@ 5 SOA ns host 1 2 3 4 5\n", "1:1: zone `isp.example` has no NS", ""),
    (" 5 SOA ns host 1 2 3 4 5\n", "1:2: a record without owner", ""),
    ("x A 192.0.2.1\n", "1:1: a record without TTL", "$TTL before it"),
    (SOA + "x A 192.0.2.1\nx CNAME y\n", "", "CNAME"),
]


@pytest.mark.parametrize("text, place, message", BAD)
def test_an_error_says_where_what_and_what_was_expected(tmp_path, text, place, message):
    path = write(tmp_path / "z", text)
    done = run("ptrctl", "import-zone", path, "--origin", "isp.example", "--db", tmp_path / "db", check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert f"ptrctl: {path}:{place}" in done.stderr or not place
    assert message in done.stderr
    assert not (tmp_path / "db").exists()


def test_names_that_do_not_agree_are_counted(tmp_path):
    text = "$TTL 60\n@ SOA ns.isp.example. h.isp.example. 1 2 3 4 5\n@ NS ns.isp.example.\n7 PTR h.2.0.192.in-addr.arpa.\n"
    done = run("ptrctl", "import-zone", write(tmp_path / "z", text), "--origin", "2.0.192.in-addr.arpa")
    assert "0 errors and 1 warnings about names that do not agree" in done.stderr


def test_command_lines(tmp_path):
    assert run("ptrctl", "import-zone", check=False).returncode == 2
    assert run("ptrctl", "import-bind", check=False).returncode == 2
    assert run("ptrctl", "import-zone", "x", "--origin", "a..b", check=False).returncode == 2
    assert run("ptrctl", "import-bind", "x", "--origin", "a", check=False).returncode == 2
    done = run("ptrctl", "import-zone", tmp_path / "none", "--origin", "a", check=False)
    assert done.returncode == 1 and "No such file" in done.stderr
    done = run("ptrctl", "import-zone", tmp_path, "--origin", "a", check=False)
    assert done.returncode == 1 and "directory" in done.stderr


def test_a_large_zone_of_hosts(tmp_path):
    hosts = 20000
    lines = [f"host-{i} A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\nhost-{i} AAAA 2001:db8::{i:x}\nhost-{i} TXT \"n {i}\"\n"
             for i in range(hosts)]
    random.Random(1).shuffle(lines)
    start = time.monotonic()
    expected, done, db = import_zone(tmp_path, SOA + "".join(lines))
    print("import and named-compilezone", time.monotonic() - start, "s")
    assert difference(expected, listed(db, ["isp.example."])) == {}
    names = random.Random(2).sample(sorted(expected), 2000)
    found = answers(db, {name for name, _ in names})
    assert all(found[k] == expected[k] for k in names)
    assert run("ptrctl", "dump", "--db", db).stdout.split("\n", 1)[1] == done.stdout.split("\n", 1)[1]
