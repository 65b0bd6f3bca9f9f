"""$GENERATE: expanded as BIND expands it, and turned into blocks only where they answer the same."""
import pytest

from support.masterfiles import answers, compiled, difference, listed
from support.ptrd import run

SOA = "$TTL 1h\n@ SOA ns.isp.example. hostmaster.isp.example. 1 3h 15m 4w 5m\n@ NS ns.isp.example.\n"

EXPANDED = [
    "$GENERATE 1-3 a$ A 192.0.2.$",
    "$GENERATE 0-20/10 c${0,3,x}-${0,2,X}-${0,2,o} 300 IN A 192.0.2.1",
    "$GENERATE 0-20/10 c$ IN 300 A 192.0.2.1",
    "$GENERATE 8-16 o${0,0,o}-${-8,2,d} A 192.0.2.$",
    "$GENERATE 1-2 b${5}-$ TXT \"text $ \\$ $$ ${1,3,d}\"",  # the offset goes on
    "$GENERATE 0-1 ${0,3,n}.x A 192.0.2.2",
    "$GENERATE 16-17 ${0,0,n}.y A 192.0.2.2",
    "$GENERATE 10-11 ${0,5,N}.z A 192.0.2.2",
    "$GENERATE 1-2 m$ MX \"10 host-$\"",
    "$GENERATE 1-1 neg${-5} A 192.0.2.3",
    "$GENERATE 1-1 negx${-5,2,x} A 192.0.2.3",
    "$GENERATE 1-2 q$ CNAME @",
    "$GENERATE 1-2 w\\$$ CNAME w\\.$.x",
    "$GENERATE 1-2 s$ SRV \"0 0 5060 sip$.elsewhere.example.\"",
    "$GENERATE 1-3 aaaa$ AAAA 2001:db8::${0,4,x}",
    "$GENERATE 64-70 $ CNAME $.64/26",
    "$GENERATE 1-2 sub$ NS ns$.sub$\n$GENERATE 1-2 ns$.sub$ A 192.0.2.$",
    "$generate 3-4 lower$ DNAME t$",
]


@pytest.mark.parametrize("lines", [*EXPANDED, "\n".join(EXPANDED)])
def test_it_is_expanded_as_bind_does(tmp_path, lines):
    path = tmp_path / "z"
    path.write_text(SOA + "ns A 192.0.2.53\n" + lines + "\n")
    done = run("ptrctl", "import-zone", path, "--origin", "isp.example", "--db", tmp_path / "db")
    expected = compiled(path, "isp.example")
    assert len(expected) > 3
    assert difference(expected, answers(tmp_path / "db", {name for name, _ in expected})) == {}
    assert "blocks:" not in done.stdout


V4 = "2.0.192.in-addr.arpa"
V6 = "0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

# reverse zone, its lines, lines of isp.example, the blocks expected.
BLOCKS = {
    "plain": (V4, "$GENERATE 0-255 $ PTR host-$.isp.example.", "$GENERATE 0-255 host-$ A 192.0.2.$",
              ['{prefix: "192.0.2.0/24", name: "host-{4}.isp.example", ttl: 3600}']),
    "from plain records": (V4, "$GENERATE 1-3 $ PTR h$.isp.example.", "h1 A 192.0.2.1\nh2 A 192.0.2.2\nh3 A 192.0.2.3",
                           ['{range: "192.0.2.1-192.0.2.3", name: "h{4}.isp.example", ttl: 3600}']),
    "widths": (V4, "$GENERATE 0-127 $ PTR h${0,3,d}-${0,2,x}.isp.example.", "",
               ['{prefix: "192.0.2.0/25", name: "h{4:03}-{4:02x}.isp.example", ttl: 3600, forward: external}']),
    "upper case": (V4, "$GENERATE 0-127 $ PTR H${0,2,X}.isp.example.", "",
                   ['{prefix: "192.0.2.0/25", name: "H{4:02x}.isp.example", ttl: 3600, forward: external}']),
    "offset": (V4, "$GENERATE 0-9 ${100} PTR h${0}.isp.example.", "",
               ['{range: "192.0.2.100-192.0.2.109", name: "h{host:dec}.isp.example", ttl: 3600, forward: external}']),
    "relative to the zone": (V4, "$GENERATE 1-9 $ PTR h$", "",
                             ['{range: "192.0.2.1-192.0.2.9", name: "h{4}.2.0.192.in-addr.arpa", ttl: 3600, forward: external}']),
    "ttl": (V4, "$GENERATE 1-9 $ 77 PTR h$.isp.example.", "$GENERATE 1-9 h$ A 192.0.2.$",
            ['{range: "192.0.2.1-192.0.2.9", name: "h{4}.isp.example", ttl: 77, forward: external}']),
    "one address is missing": (V4, "$GENERATE 1-9 $ PTR h$.isp.example.", "$GENERATE 1-8 h$ A 192.0.2.$",
                               ['{range: "192.0.2.1-192.0.2.9", name: "h{4}.isp.example", ttl: 3600, forward: external}']),
    "one has another address": (V4, "$GENERATE 1-9 $ PTR h$.isp.example.", "$GENERATE 1-9 h$ A 192.0.2.$\nh5 A 192.0.2.77",
                                ['{range: "192.0.2.1-192.0.2.9", name: "h{4}.isp.example", ttl: 3600, forward: external}']),
    "more at a name": (V4, "$GENERATE 1-9 $ PTR h$.isp.example.", "$GENERATE 1-9 h$ A 192.0.2.$\nh5 TXT x\nx.h6 TXT y",
                       ['{range: "192.0.2.1-192.0.2.9", name: "h{4}.isp.example", ttl: 3600}']),
    "an address has a second PTR": (V4, "$GENERATE 1-9 $ PTR h$.isp.example.\n5 PTR mail.isp.example.",
                                    "$GENERATE 1-9 h$ A 192.0.2.$",
                                    ['{range: "192.0.2.1-192.0.2.9", name: "h{4}.isp.example", ttl: 3600}']),
    "step": (V4, "$GENERATE 0-254/2 $ PTR h$.isp.example.", "", []),
    "step that the owner takes back": (V4, "$GENERATE 3-3/2 $ PTR h$.isp.example.", "", []),
    "not one name each": (V4, "$GENERATE 0-9 $ PTR same.isp.example.", "", []),
    "shift": (V4, "$GENERATE 0-254 ${1} PTR h${0}.isp.example.", "", []),
    "octal": (V4, "$GENERATE 0-9 $ PTR h${0,0,o}.isp.example.", "", []),
    "underscore": (V4, "$GENERATE 0-9 $ PTR h_$.isp.example.", "", []),
    "ends with a hyphen": (V4, "$GENERATE 0-9 $ PTR h$-.isp.example.", "", []),
    "single": (V4, "$GENERATE 7-7 $ PTR h$.isp.example.", "", []),
    "octet of a /16": ("0.192.in-addr.arpa", "$GENERATE 0-255 $.2 PTR a-$.isp.example.\n$GENERATE 0-255 $.3 PTR b-$.isp.example.",
                       "$GENERATE 0-255 a-$ A 192.0.2.$",
                       ['{prefix: "192.0.2.0/24", name: "a-{4}.isp.example", ttl: 3600}',
                        '{prefix: "192.0.3.0/24", name: "b-{4}.isp.example", ttl: 3600, forward: external}']),
    "third octet": ("0.192.in-addr.arpa", "$GENERATE 0-9 5.$ PTR r$.isp.example.", "", []),
    "one name for two addresses": ("0.192.in-addr.arpa",
                                   "$GENERATE 0-9 $.2 PTR a-$.isp.example.\n$GENERATE 0-9 $.3 PTR a-$.isp.example.", "",
                                   ['{range: "192.0.2.0-192.0.2.9", name: "a-{4}.isp.example", ttl: 3600, forward: external}']),
    "overlapping": (V4, "$GENERATE 0-9 $ PTR a-$.isp.example.\n$GENERATE 5-20 $ PTR b-$.isp.example.", "",
                    ['{range: "192.0.2.0-192.0.2.9", name: "a-{4}.isp.example", ttl: 3600, forward: external}']),
    "delegated in part": (V4, "$GENERATE 0-9 $ PTR a-$.isp.example.\n5 NS ns.elsewhere.example.", "", []),
    "nibble": (V6, "$GENERATE 0-15 ${0,1,x}.0.0.0.0.0.0.0.0.0.0.0 PTR h${0,1,x}.isp.example.",
               "$GENERATE 0-15 h${0,1,x} AAAA 2001:db8::${0,1,x}",
               ['{prefix: "2001:db8::/124", name: "h{n32}.isp.example", ttl: 3600}']),
    "nibbles": (V6, "$GENERATE 0-255 ${0,3,n}.0.0.0.0.0.0.0.0.0.0 PTR h${0,2,x}.isp.example.",
                "$GENERATE 0-255 h${0,2,x} AAAA 2001:db8::${0,1,x}",
                ['{prefix: "2001:db8::/120", name: "h{n31}{n32}.isp.example", ttl: 3600}']),
    "nibbles, no zeros": (V6, "$GENERATE 256-4095 ${0,5,n}.0.0.0.0.0.0.0.0.0 PTR h${0,0,x}.isp.example.", "",
                          ['{range: "2001:db8::100-2001:db8::fff", name: "h{g8:x}.isp.example", ttl: 3600, forward: external}']),
}


@pytest.mark.parametrize("case", BLOCKS)
def test_it_becomes_a_block_where_that_answers_the_same(tmp_path, case):
    zone, reverse, forward, blocks = BLOCKS[case]
    (tmp_path / "reverse").write_text(SOA + reverse + "\n")
    (tmp_path / "forward").write_text(SOA + "ns A 192.0.2.53\n" + forward + "\n")
    (tmp_path / "named.conf").write_text(
        f'zone "{zone}" {{ type master; file "reverse"; }};\nzone "isp.example" {{ type master; file "forward"; }};\n')
    done = run("ptrctl", "import-bind", tmp_path / "named.conf", "--db", tmp_path / "db")
    found = [line.strip("- ") for line in done.stdout.split("blocks:\n")[1].splitlines() if "name:" in line and
             "names:" not in line] if "blocks:" in done.stdout else []
    assert found == blocks
    assert done.stderr.count("note: $GENERATE becomes the block") == len(blocks)
    expected = compiled(tmp_path / "reverse", zone) | compiled(tmp_path / "forward", "isp.example")
    if case == "delegated in part":
        del expected["5.2.0.192.in-addr.arpa.", "PTR"]
        assert "the PTR of 192.0.2.5 is hidden by the delegation" in done.stderr
    # What is left of PTRs and addresses: exactly those that no block gives.
    assert difference(expected, answers(tmp_path / "db", {name for name, _ in expected})) == {}
    # A transfer has what is not generated, and nothing else.
    explicit = listed(tmp_path / "db", [zone + ".", "isp.example."])
    assert difference({k: expected.get(k) for k in explicit}, explicit) == {}
    again = run("ptrctl", "dump", "--db", tmp_path / "db").stdout
    assert again.split("\n", 1)[1] == done.stdout.split("\n", 1)[1]
