"""Large numbers of delegations, cuts and RFC 2317 zones are checked without being slow."""
import time

from support.ptrd import run

HEAD = "defaults: {soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}, ns: [ns1.isp.example]}\nzones:\n"


def write_zones(path, count):
    """Of each kind `count`: blocks, cuts beside their names, delegations, RFC 2317 prefixes of ours and of others."""
    with open(path, "w") as out:
        out.write(HEAD + "  - name: isp.example\n    records:\n")
        for i in range(count):
            out.write(f"      - {{name: customer{i}, type: NS, content: ns.customer{i}.isp.example}}\n")
        out.write("  - prefix: 10.0.0.0/8\n  - prefix: \"2001:db8::/32\"\n")
        for i in range(count):
            out.write(f"  - {{prefix: 10.{i >> 8}.{i & 255}.64/32, zone: r{i}.rev.example}}\n")
        out.write("blocks:\n")
        for i in range(count):
            out.write(f"  - {{prefix: 10.{128 + (i >> 8)}.{i & 255}.0/26, name: \"{{ip}}.isp.example\"}}\n")
        out.write("delegations:\n")
        for i in range(count):
            out.write(f"  - {{prefix: 10.{i >> 8}.{i & 255}.0/31, ns: [ns.customer{i}.isp.example], style: 0/31}}\n")
            out.write(f"  - {{prefix: \"2001:db8:{i:x}::/48\", ns: [ns.customer{i}.isp.example]}}\n")


def seconds(path, count):
    write_zones(path, count)
    begin = time.monotonic()
    run("ptrctl", "check", path, timeout=120)
    return time.monotonic() - begin


def test_the_work_grows_with_the_file(tmp_path):
    few, many = seconds(tmp_path / "few.yaml", 1000), seconds(tmp_path / "many.yaml", 8000)
    assert many < 8 * few * 3 + 2, f"{few:.2f} s for 1000 of each, {many:.2f} s for 8000"
