"""`ptrctl check` and `explain` about zones that list incompletely over PowerDNS's Unix connector."""
import json

import pytest

from support.ptrd import run
from support.zones import HEAD

NOTE = ("note: {} too long for a transfer over PowerDNS's Unix connector (about 7127 records at its default timeout): {}\n")


def check(tmp_path, text, db=False):
    path = tmp_path / "zones.yaml"
    path.write_text(HEAD + text)
    if db:
        run("ptrctl", "load", path, "--db", tmp_path / "db")
    done = run("ptrctl", "check", *(["--db", tmp_path / "db"] if db else [path]), check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.replace(str(path), "zones.yaml")


PERMITTED = """
zones:
  - name: isp.example
    metadata: {ALLOW-AXFR-FROM: [192.0.2.1]}
  - name: dyn.isp.example
    metadata: {TSIG-ALLOW-AXFR: [key]}
  - name: v6.isp.example
    metadata: {ALSO-NOTIFY: [192.0.2.1]}
  - {prefix: 198.51.0.0/16, kind: primary}
  - {prefix: 198.51.7.0/24, kind: primary}
  - prefix: 2001:db8::/32
    metadata: {ALLOW-AXFR-FROM: [AUTO-NS]}
blocks:
  - {prefix: 198.51.0.0/16, name: "{ip}.dyn.isp.example"}
  - {prefix: 2001:db8::/32, name: "{ip}.v6.isp.example"}
"""
LONG = "and PowerDNS's Unix connector carries about 7127 at its default timeout:"
EFFECT = "has no effect there, the zone is not transferred; `List and transfers` in ptrd(8)"


@pytest.mark.parametrize("db", [False, True])
def test_a_permission_that_has_no_effect_is_a_warning(tmp_path, db):
    status, out = check(tmp_path, PERMITTED, db)
    warnings = [line.partition("warning: ")[2] for line in out.splitlines() if "warning: zone" in line]
    assert sorted(warnings) == sorted([
        f"zone dyn.isp.example lists about 65538 records, {LONG} TSIG-ALLOW-AXFR {EFFECT}",
        f"zone 51.198.in-addr.arpa lists about 65282 records, {LONG} `kind: primary` {EFFECT}",
        f"zone 8.b.d.0.1.0.0.2.ip6.arpa lists about 7.9e+28 records, {LONG} ALLOW-AXFR-FROM {EFFECT}"]), out
    assert NOTE.format("1 zone is", "v6.isp.example") in out
    assert status == 0 and out.endswith("; 0 errors, 3 warnings\n")
    if not db:
        assert "zones.yaml:14:5: warning: zone 51.198" in out


def test_zones_that_fit_are_not_named(tmp_path):
    few = "".join(f"  - prefix: 10.0.{i}.0/24\n" for i in range(8))
    status, out = check(tmp_path, "zones:\n  - name: isp.example\n" + few + """blocks:
  - {range: 10.0.0.0-10.0.7.255, name: "{ip}.isp.example"}
""")
    assert status == 0 and "note:" not in out
    many = "".join(f"  - {{prefix: 10.{i}.0.0/16}}\n" for i in range(5))
    status, out = check(tmp_path, "zones:\n  - name: isp.example\n" + many + """blocks:
  - {range: 10.0.0.0-10.4.255.255, name: "{ip}.isp.example"}
""")
    assert NOTE.format("6 zones are", "0.10.in-addr.arpa, 1.10.in-addr.arpa, 2.10.in-addr.arpa, ...") in out and status == 0


@pytest.mark.parametrize("count", [5200, 5700, 8000])
def test_what_check_estimates_is_what_is_listed(tmp_path, count):
    """Near the bound: the estimate says too long before the list is cut, and not much earlier."""
    text = "zones:\n  - prefix: 10.0.0.0/16\nptrs:\n" + "".join(
        f"  10.0.{i >> 8}.{i & 255}: host-{i:05}.customers.isp.example\n" for i in range(count))
    _, out = check(tmp_path, text, True)
    told = json.loads(run("ptrctl", "explain", "0.10.in-addr.arpa", "--db", tmp_path / "db", "--json").stdout)["list"]
    assert told["room"] == 7127
    assert told["complete"] == (count == 5200), told
    assert ("note:" in out) == (count != 5200), out
    assert told["complete"] == (told["left_out"] is None) == (told["records"] == count + 3)


def test_explain_an_apex(tmp_path):
    check(tmp_path, PERMITTED, True)

    def explain(name):
        text = run("ptrctl", "explain", name, "--db", tmp_path / "db").stdout
        told = json.loads(run("ptrctl", "explain", name, "--db", tmp_path / "db", "--json").stdout)["list"]
        return text.partition("\nlist     ")[2].strip(), told

    assert explain("isp.example") == ("complete, 7 records",
                                      {"complete": True, "left_out": None, "records": 7, "room": 7127})
    left = "1 of 1 blocks, 198.51.0.0/16 with 65280 names"
    assert explain("51.198.in-addr.arpa") == (
        f"incomplete: the connection has room for about 7127 records; left out: {left}",
        {"complete": False, "left_out": left, "records": 5, "room": 7127})
    assert explain("198.51.100.7") == ("", None)
    assert explain("absent.isp.example") == ("", None)
