"""Every refusal of a zones file and its CSV, through `ptrctl check`: place, value and what was expected.

A case is (what is wrong, zones file[, CSV], the message). DIR in a message stands for the directory of the files.
A template's own refusals (collisions, ambiguity) are in the tests of the proof; here only their places.
"""
import pytest

from support.ptrd import run

D = "defaults: {soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}, ns: [ns1.isp.example]}\n"
Z = D + "zones:\n"
R = Z + "  - name: isp.example\n    records:\n"
B = D + "zones: []\nblocks:\n"
P = D + "zones: []\nptrs:\n"
C = "zones: []\nptrs_file: p.csv\n"
V = Z + "  - prefix: 203.0.113.0/24\n"          # line 3
G = V + "delegations:\n"                       # entries from line 5 on
DS = "12345 13 2 " + "ab" * 32


def records(*lines, after=""):
    """isp.example with these records, from line 5 on."""
    return R + "".join(f"      - {{{line}}}\n" for line in lines) + after


def delegations(*lines):
    """Delegations out of 203.0.113.0/24, from line 5 on."""
    return G + "".join(f"  - {{{line}}}\n" for line in lines)


CLASSLESS = Z + "  - {prefix: 203.0.113.64/26, zone: "

CASES = [
    ("empty file", "",
     "DIR/zones.yaml:1:1: no `zones` in the file (to serve none, write `zones: []`)"),
    ("only a comment", "# nothing\n",
     "DIR/zones.yaml:1:1: no `zones` in the file (to serve none, write `zones: []`)"),
    ("no zones", D,
     "DIR/zones.yaml:1:1: no `zones` in the file (to serve none, write `zones: []`)"),
    ("root is a list", "- a\n",
     "DIR/zones.yaml:1:1: the zones file: expected a mapping, found a list"),
    ("root is a text", "zones\n",
     "DIR/zones.yaml:1:1: the zones file: expected a mapping, found `zones`"),
    ("unknown section", D + "zone: []\n",
     "DIR/zones.yaml:2:1: the zones file: unknown key `zone`, did you mean `zones`? (known: defaults, zones, "
     "blocks, ptrs, ptrs_file, delegations)"),
    ("zones null", D + "zones:\n",
     "DIR/zones.yaml:2:7: `zones`: expected a list, found nothing"),
    ("zones mapping", D + "zones: {name: isp.example}\n",
     "DIR/zones.yaml:2:8: `zones`: expected a list, found a mapping"),
    ("zone text", Z + "  - isp.example\n",
     "DIR/zones.yaml:3:5: an entry of `zones`: expected a mapping, found `isp.example`"),
    ("zone without name", Z + "  - {ttl: 60}\n",
     "DIR/zones.yaml:3:5: an entry of `zones`: expected either `name` or `prefix`, found neither"),
    ("zone with both", Z + "  - {name: isp.example, prefix: 192.0.2.0/24}\n",
     "DIR/zones.yaml:3:5: an entry of `zones`: expected either `name` or `prefix`, found both"),
    ("zone key misspelt", Z + "  - {nmae: isp.example}\n",
     "DIR/zones.yaml:3:6: an entry of `zones`: unknown key `nmae`, did you mean `name`? (known: name, prefix, "
     "zone, cnames, ttl, soa, ns, serial, forward_auto, kind, primaries, metadata, records)"),
    ("zone beyond /24", Z + "  - {prefix: 203.0.113.64/26}\n",
     "DIR/zones.yaml:3:14: `prefix`: `203.0.113.64/26` is longer than /24: such a reverse zone (RFC 2317) needs "
     "its name as `zone`"),
    ("zone prefix host bits", Z + "  - {prefix: 203.0.113.7/24}\n",
     "DIR/zones.yaml:3:14: `prefix`: `203.0.113.7/24` has host bits set: 203.0.113.0/24 is the prefix that holds "
     "it"),
    ("zone prefix without length", Z + "  - {prefix: 203.0.113.0}\n",
     "DIR/zones.yaml:3:14: `prefix`: `203.0.113.0` is no prefix: expected ADDRESS/LENGTH"),
    ("zone prefix length", Z + "  - {prefix: 203.0.113.0/33}\n",
     "DIR/zones.yaml:3:14: `prefix`: `203.0.113.0/33`: the prefix length must be a number from 0 to 32"),
    ("zone prefix list", Z + "  - {prefix: [203.0.113.0/24]}\n",
     "DIR/zones.yaml:3:14: `prefix`: expected a text, found a list"),
    ("zone name empty label", Z + "  - {name: isp..example}\n",
     "DIR/zones.yaml:3:12: `name`: `isp..example` is no name: empty label (two dots in a row, or a dot in front)"),
    ("zone name label too long", Z + "  - {name: " + "x"*64 + ".example}\n",
     "DIR/zones.yaml:3:12: `name`: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...` is no name: "
     "a label has 64 octets, at most 63 are allowed"),
    ("zone name too long", Z + "  - {name: " + "abcdefg."*32 + "example}\n",
     "DIR/zones.yaml:3:12: `name`: `abcdefg.abcdefg.abcdefg.abcdefg.abcdefg.abcdefg.abcdefg.abcd...` is no name: "
     "the name is longer than 255 octets"),
    ("zone name blank", Z + "  - {name: isp example}\n",
     "DIR/zones.yaml:3:12: `name`: `isp example` is no name: a blank in a name"),
    ("zone name not ascii", Z + "  - {name: m\u00fcnchen.example}\n",
     "DIR/zones.yaml:3:12: `name`: `münchen.example` is no name: a name holds ASCII only: write an "
     "internationalised name as xn--..."),
    ("zone name null", Z + "  - {name: }\n",
     "DIR/zones.yaml:3:12: `name`: expected a text, found nothing"),
    ("zone root", Z + "  - {name: .}\n",
     "DIR/zones.yaml:3:12: `name`: the root is no zone of ours"),
    ("zone wildcard", Z + "  - {name: \"*.example\"}\n",
     "DIR/zones.yaml:3:12: `name`: a zone cannot be a wildcard"),
    ("zone twice", Z + "  - {name: isp.example}\n  - {name: a.example}\n  - {name: ISP.example.}\n",
     "DIR/zones.yaml:5:5: zone `isp.example` is given twice, first in line 3"),
    ("zone twice by prefix", Z + "  - {prefix: 10.0.0.0/15}\n  - {name: 1.10.in-addr.arpa}\n",
     "DIR/zones.yaml:4:5: zone `1.10.in-addr.arpa` is given twice, first in line 3"),
    ("zone no soa", "zones:\n  - {name: isp.example}\n",
     "DIR/zones.yaml:2:5: zone `isp.example` without `mname` in `soa`: give it here or in `defaults`"),
    ("zone no rname", "zones:\n  - {name: isp.example, soa: {mname: ns1.isp.example}}\n",
     "DIR/zones.yaml:2:5: zone `isp.example` without `rname` in `soa`: give it here or in `defaults`"),
    ("zone no ns", "zones:\n  - {name: isp.example, soa: {mname: ns1.isp.example, rname: h.isp.example}}\n",
     "DIR/zones.yaml:2:5: zone `isp.example` without `ns`: give it here or in `defaults`"),
    ("soa text", "defaults: {soa: ns1.isp.example}\nzones: []\n",
     "DIR/zones.yaml:1:17: `soa`: expected a mapping, found `ns1.isp.example`"),
    ("soa unknown key", "defaults: {soa: {minimal: 3}}\nzones: []\n",
     "DIR/zones.yaml:1:18: `soa`: unknown key `minimal`, did you mean `minimum`? (known: mname, rname, refresh, "
     "retry, expire, minimum)"),
    ("soa number", "defaults: {soa: {refresh: 3h}}\nzones: []\n",
     "DIR/zones.yaml:1:27: `refresh`: expected a number from 0 to 2147483647, found `3h`"),
    ("soa range", "defaults: {soa: {expire: 2147483648}}\nzones: []\n",
     "DIR/zones.yaml:1:26: `expire`: expected a number from 0 to 2147483647, found `2147483648`"),
    ("soa rname mail", "defaults: {soa: {rname: hostmaster@isp.example}}\nzones: []\n",
     "DIR/zones.yaml:1:25: `rname`: expected the mail address as a name, with a dot in place of `@`, found "
     "`hostmaster@isp.example`"),
    ("ns empty", "defaults: {ns: []}\nzones: []\n",
     "DIR/zones.yaml:1:16: `ns`: expected at least one value, found an empty list"),
    ("ns mapping", "defaults: {ns: {a: b}}\nzones: []\n",
     "DIR/zones.yaml:1:16: `ns`: expected a list, found a mapping"),
    ("ns bad",
     "defaults: {soa: {mname: a.example, rname: b.example}, ns: [ok.example, a..b]}\nzones:\n  - {name: isp.example}\n",
     "DIR/zones.yaml:1:72: `ns`: `a..b` is no name: empty label (two dots in a row, or a dot in front)"),
    ("ns root", Z + "  - {name: isp.example, ns: [.]}\n",
     "DIR/zones.yaml:3:30: `ns`: the root is no name server"),
    ("ns twice", Z + "  - {name: isp.example, ns: [a.example, b.example, A.example.]}\n",
     "DIR/zones.yaml:3:52: record `isp.example NS a.example.` is given twice, first in line 3"),
    ("defaults unknown", "defaults: {tttl: 3}\nzones: []\n",
     "DIR/zones.yaml:1:12: `defaults`: unknown key `tttl`, did you mean `ttl`? (known: ttl, soa, ns)"),
    ("defaults list", "defaults: [ttl]\nzones: []\n",
     "DIR/zones.yaml:1:11: `defaults`: expected a mapping, found a list"),
    ("ttl negative", "defaults: {ttl: -1}\nzones: []\n",
     "DIR/zones.yaml:1:17: `ttl`: expected a number from 0 to 2147483647, found `-1`"),
    ("ttl too big", "defaults: {ttl: 2147483648}\nzones: []\n",
     "DIR/zones.yaml:1:17: `ttl`: expected a number from 0 to 2147483647, found `2147483648`"),
    ("ttl quoted", "defaults: {ttl: \"60\"}\nzones: []\n",
     "DIR/zones.yaml:1:17: `ttl`: expected a number from 0 to 2147483647, found the quoted text `60`"),
    ("ttl octal", "defaults: {ttl: 010}\nzones: []\n",
     "DIR/zones.yaml:1:17: `ttl`: expected a number from 0 to 2147483647, found `010`"),
    ("ttl hours", "defaults: {ttl: 1h}\nzones: []\n",
     "DIR/zones.yaml:1:17: `ttl`: expected a number from 0 to 2147483647, found `1h`"),
    ("forward_auto", Z + "  - {name: isp.example, forward_auto: maybe}\n",
     "DIR/zones.yaml:3:39: `forward_auto`: expected yes or no, found `maybe`"),
    ("cnames", Z + "  - {prefix: 192.0.2.64/26, zone: 64/26, cnames: 1}\n",
     "DIR/zones.yaml:3:50: `cnames`: expected yes or no, found `1`"),
    ("cnames of another zone", Z + "  - {prefix: 192.0.2.0/24, cnames: no}\n",
     "DIR/zones.yaml:3:28: `cnames`: it is for a zone with `zone` (RFC 2317)"),
    ("forward_auto quoted", Z + "  - {name: isp.example, forward_auto: \"yes\"}\n",
     "DIR/zones.yaml:3:39: `forward_auto`: expected yes or no, found the quoted text `yes`"),
    ("serial", Z + "  - {name: isp.example, serial: 4294967296}\n",
     "DIR/zones.yaml:3:33: `serial`: expected a number from 0 to 4294967295, found `4294967296`"),
    ("metadata list", Z + "  - {name: isp.example, metadata: [A]}\n",
     "DIR/zones.yaml:3:35: `metadata`: expected a mapping, found a list"),
    ("metadata kind", Z + "  - {name: isp.example, metadata: {allow-axfr-from: [a]}}\n",
     "DIR/zones.yaml:3:36: `metadata`: expected a kind of capital letters, digits and hyphens, such as "
     "ALLOW-AXFR-FROM, found `allow-axfr-from`"),
    ("metadata empty", Z + "  - {name: isp.example, metadata: {ALLOW-AXFR-FROM: []}}\n",
     "DIR/zones.yaml:3:53: `ALLOW-AXFR-FROM`: expected at least one value, found an empty list"),
    *((f"metadata nsec3param {text}", Z + f"  - {{name: isp.example, metadata: {{NSEC3PARAM: ['{text}']}}}}\n",
       "DIR/zones.yaml:3:49: `NSEC3PARAM`: expected algorithm 1, flags 0 or 1, iterations, and a salt in hexadecimal "
       f"digits or `-`, such as `1 0 0 -`, found `{text}`")
      for text in ("narrow", "2 0 0 -", "1 2 0 -", "1 0 65536 -", "1 0 0 abc", "1 0 0")),
    ("metadata value", Z + "  - {name: isp.example, metadata: {ALLOW-AXFR-FROM: [{a: b}]}}\n",
     "DIR/zones.yaml:3:54: `ALLOW-AXFR-FROM`: expected a text, found a mapping"),
    ("key twice", Z + "  - {name: isp.example, ttl: 3, ttl: 4}\n",
     "DIR/zones.yaml:3:33: key `ttl` is given twice, first in line 3"),
    ("records mapping", Z + "  - {name: isp.example, records: {name: a}}\n",
     "DIR/zones.yaml:3:34: `records`: expected a list, found a mapping"),
    ("record text", R + "      - www\n",
     "DIR/zones.yaml:5:9: an entry of `records`: expected a mapping, found `www`"),
    ("record unknown key", R + "      - {name: www, typ: A, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:21: an entry of `records`: unknown key `typ`, did you mean `type`? (known: name, type, "
     "ttl, content)"),
    ("record no name", R + "      - {type: A, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:9: an entry of `records` without `name`"),
    ("record no type", R + "      - {name: www, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:9: an entry of `records` without `type`"),
    ("record no content", R + "      - {name: www, type: A}\n",
     "DIR/zones.yaml:5:9: an entry of `records` without `content`"),
    ("record content empty", R + "      - {name: www, type: TXT, content: \"\"}\n",
     "DIR/zones.yaml:5:41: `content`: expected a text, found the quoted text ``"),
    ("record type unknown", R + "      - {name: www, type: AAAAA, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:27: `type`: expected a record type such as A or TYPE65534, found `AAAAA`"),
    ("record type ANY", R + "      - {name: www, type: ANY, content: x}\n",
     "DIR/zones.yaml:5:41: `content`: www.isp.example ANY: a query or meta type, no zone holds it (RFC 6895 3.1)"),
    ("record bad A", R + "      - {name: www, type: A, content: 192.0.2.300}\n",
     "DIR/zones.yaml:5:39: `content`: www.isp.example A: address is `192.0.2.300`, expected an IPv4 address like "
     "192.0.2.1"),
    ("record AAAA as A", R + "      - {name: www, type: A, content: \"2001:db8::1\"}\n",
     "DIR/zones.yaml:5:39: `content`: www.isp.example A: address is `2001:db8::1`, expected an IPv4 address like "
     "192.0.2.1"),
    ("record MX wraps", R + "      - {name: www, type: MX, content: 70000 mx.example}\n",
     "DIR/zones.yaml:5:40: `content`: www.isp.example MX: preference is `70000`, expected a number from 0 to 65535"),
    ("record second content", R + "      - {name: www, type: A, content: [192.0.2.1, 192.0.2]}\n",
     "DIR/zones.yaml:5:51: `content`: www.isp.example A: address is `192.0.2`, expected an IPv4 address like "
     "192.0.2.1"),
    ("record ttl", R + "      - {name: www, type: A, ttl: no, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:35: `ttl`: expected a number from 0 to 2147483647, found `no`"),
    ("record outside", R + "      - {name: www.other.example., type: A, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:16: `name`: `www.other.example` lies outside its zone `isp.example`"),
    ("record soa", R + "      - {name: \"@\", type: SOA, content: a. b. 1 1 1 1 1}\n",
     "DIR/zones.yaml:5:27: `type`: a SOA is written as `soa:` of the zone"),
    ("record ds apex", R + "      - {name: \"@\", type: DS, content: 1 13 2 00}\n",
     "DIR/zones.yaml:5:27: `type`: DS records belong into the zone above"),
    ("record twice",
     R + "      - {name: www, type: A, content: 192.0.2.1}\n      - {name: WWW, type: A, ttl: 5, content: 192.0.2.1}\n",
     "DIR/zones.yaml:6:47: record `www.isp.example A 192.0.2.1` is given twice, first in line 5"),
    ("record ptr root", Z + "  - {prefix: 192.0.2.0/24, records: [{name: 1, type: PTR, content: .}]}\n",
     "DIR/zones.yaml:3:68: `content`: the root is no name for an address"),
    ("records of several zones", Z + "  - {prefix: 10.0.0.0/15, records: []}\n",
     "DIR/zones.yaml:3:27: `records`: this prefix is 2 zones; to give one of them records, give each its own "
     "prefix of length 16"),
    ("blocks text", D + "zones: []\nblocks: none\n",
     "DIR/zones.yaml:3:9: `blocks`: expected a list, found `none`"),
    ("block text", B + "  - 192.0.2.0/24\n",
     "DIR/zones.yaml:4:5: an entry of `blocks`: expected a mapping, found `192.0.2.0/24`"),
    ("block without range", B + "  - {name: none}\n",
     "DIR/zones.yaml:4:5: an entry of `blocks`: expected either `prefix` or `range`, found neither"),
    ("block with both", B + "  - {prefix: 192.0.2.0/24, range: 192.0.2.0-192.0.2.1, name: none}\n",
     "DIR/zones.yaml:4:5: an entry of `blocks`: expected either `prefix` or `range`, found both"),
    ("block without name", B + "  - {prefix: 192.0.2.0/24}\n",
     "DIR/zones.yaml:4:5: an entry of `blocks` without `name` (a template, or `none`)"),
    ("block name null", B + "  - {prefix: 192.0.2.0/24, name: }\n",
     "DIR/zones.yaml:4:34: `name`: expected a text, found nothing"),
    ("block prefix", B + "  - {prefix: 192.0.2.1/24, name: none}\n",
     "DIR/zones.yaml:4:14: `prefix`: `192.0.2.1/24` has host bits set: 192.0.2.0/24 is the prefix that holds it"),
    ("block range backwards", B + "  - {range: 192.0.2.9-192.0.2.1, name: none}\n",
     "DIR/zones.yaml:4:13: `range`: `192.0.2.9-192.0.2.1`: the first address lies behind the last"),
    ("block range mixed", B + "  - {range: \"192.0.2.9-2001:db8::1\", name: none}\n",
     "DIR/zones.yaml:4:13: `range`: `192.0.2.9-2001:db8::1`: both ends of a range must be of one family"),
    ("block range no end", B + "  - {range: 192.0.2.9, name: none}\n",
     "DIR/zones.yaml:4:13: `range`: `192.0.2.9` is no range: expected FIRST-LAST"),
    ("block ttl", B + "  - {prefix: 192.0.2.0/24, name: none, ttl: 99999999999}\n",
     "DIR/zones.yaml:4:45: `ttl`: expected a number from 0 to 2147483647, found `99999999999`"),
    ("block kind", B + "  - {prefix: 192.0.2.0/24, name: none, kind: residential}\n",
     "DIR/zones.yaml:4:46: `kind`: expected dynamic, static, infrastructure or customer, found `residential`"),
    ("block reverse", B + "  - {prefix: 192.0.2.0/24, name: none, reverse: yes}\n",
     "DIR/zones.yaml:4:49: `reverse`: expected external, found `yes`"),
    ("block forward", B + "  - {prefix: 192.0.2.0/24, name: none, forward: auto}\n",
     "DIR/zones.yaml:4:49: `forward`: expected external, found `auto`"),
    ("block shared", B + "  - {prefix: 192.0.2.0/24, name: none, shared_names: 1}\n",
     "DIR/zones.yaml:4:54: `shared_names`: expected yes or no, found `1`"),
    ("block vars list", B + "  - {prefix: 192.0.2.0/24, name: none, vars: [a]}\n",
     "DIR/zones.yaml:4:46: `vars`: expected a mapping, found a list"),
    ("block var name", B + "  - {prefix: 192.0.2.0/24, name: none, vars: {1a: b}}\n",
     "DIR/zones.yaml:4:47: `vars`: expected a name of letters, digits, `_` and `-` that begins with a letter, "
     "found `1a`"),
    ("block var value", B + "  - {prefix: 192.0.2.0/24, name: none, vars: {a: b.c}}\n",
     "DIR/zones.yaml:4:50: `a` of `vars`: expected a part of a label, at most 63 letters, digits and hyphens, "
     "found `b.c`"),
    ("block vars many",
     B + "  - {prefix: 192.0.2.0/24, name: none, vars: {" + ", ".join(f"v{i}: x" for i in range(33)) + "}}\n",
     "DIR/zones.yaml:4:46: `vars`: 33 variables, at most 32 are possible"),
    ("template unknown placeholder", B + "  - {prefix: 192.0.2.0/24, name: \"h-{ipp}.isp.example\"}\n",
     "DIR/zones.yaml:4:37: `name`: placeholder `{ipp}`: no such placeholder, and the block has no variable of "
     "that name"),
    ("template unknown plain", B + "  - prefix: 192.0.2.0/24\n    name: h-{ipp}.isp.example\n",
     "DIR/zones.yaml:5:13: `name`: placeholder `{ipp}`: no such placeholder, and the block has no variable of "
     "that name"),
    ("template wrong family", B + "  - {prefix: 192.0.2.0/24, name: \"x.{g1}.isp.example\"}\n",
     "DIR/zones.yaml:4:37: `name`: placeholder `{g1}`: groups and nibbles are for IPv6 blocks only (IPv4 has "
     "{1}..{4})"),
    ("template open brace", B + "  - {prefix: 192.0.2.0/24, name: \"{ip.isp.example\"}\n",
     "DIR/zones.yaml:4:35: `name`: `{` without its `}`"),
    ("template bad character", B + "  - {prefix: 192.0.2.0/24, name: \"{ip}_x.isp.example\"}\n",
     "DIR/zones.yaml:4:39: `name`: `_` cannot stand in a generated name: letters, digits, hyphens, dots and "
     "{placeholders} can"),
    ("template escaped has no column", B + "  - {prefix: 192.0.2.0/24, name: \"\\x7bipp}.isp.example\"}\n",
     "DIR/zones.yaml:4:34: `name`: placeholder `{ipp}`: no such placeholder, and the block has no variable of "
     "that name"),
    ("template long", B + "  - {prefix: 192.0.2.0/24, name: \"" + "a."*600 + "\"}\n",
     "DIR/zones.yaml:4:34: `name`: 1200 characters, at most 1024 are possible"),
    ("ptrs list", D + "zones: []\nptrs: [a]\n",
     "DIR/zones.yaml:3:7: `ptrs`: expected a mapping, found a list"),
    ("ptr key", P + "  192.0.2: mail.example\n",
     "DIR/zones.yaml:4:3: `ptrs`: expected an IPv4 or IPv6 address, found `192.0.2`"),
    ("ptr key octal", P + "  192.0.2.010: mail.example\n",
     "DIR/zones.yaml:4:3: `ptrs`: expected an IPv4 or IPv6 address, found `192.0.2.010`"),
    ("ptr null", P + "  192.0.2.1:\n",
     "DIR/zones.yaml:4:13: `ptrs`: expected a name, a list of names or a mapping, found nothing"),
    ("ptr name", P + "  192.0.2.1: mail..example\n",
     "DIR/zones.yaml:4:14: `names`: `mail..example` is no name: empty label (two dots in a row, or a dot in front)"),
    ("ptr root", P + "  192.0.2.1: .\n",
     "DIR/zones.yaml:4:14: `names`: the root is no name for an address"),
    ("ptr list empty", P + "  192.0.2.1: []\n",
     "DIR/zones.yaml:4:14: `names`: expected at least one value, found an empty list"),
    ("ptr no names", P + "  192.0.2.1: {ttl: 60}\n",
     "DIR/zones.yaml:4:14: a value of `ptrs` without `names`"),
    ("ptr unknown key", P + "  192.0.2.1: {name: mail.example}\n",
     "DIR/zones.yaml:4:15: a value of `ptrs`: unknown key `name`, did you mean `names`? (known: names, ttl, "
     "forward)"),
    ("ptr ttl", P + "  192.0.2.1: {names: [mail.example], ttl: x}\n",
     "DIR/zones.yaml:4:43: `ttl`: expected a number from 0 to 2147483647, found `x`"),
    ("ptr forward", P + "  192.0.2.1: {names: [mail.example], forward: yes}\n",
     "DIR/zones.yaml:4:47: `forward`: expected auto, none or external, found `yes`"),
    ("ptr key twice", P + "  192.0.2.1: a.example\n  192.0.2.1: b.example\n",
     "DIR/zones.yaml:5:3: key `192.0.2.1` is given twice, first in line 4"),
    ("ptr pair twice", P + "  192.0.2.1: [a.example, b.example, A.example.]\n",
     "DIR/zones.yaml:4:37: the PTR of 192.0.2.1 to `a.example` is given twice, first in line 4"),
    ("ptr two spellings", P + "  2001:db8::1: a.example\n  2001:db8:0::1: {names: a.example, ttl: 5}\n",
     "DIR/zones.yaml:5:26: the PTR of 2001:db8::1 to `a.example` is given twice, first in line 4"),
    ("ptrs_file missing", D + "zones: []\nptrs_file: nothing.csv\n",
     "DIR/zones.yaml:3:12: `ptrs_file`: cannot open `DIR/nothing.csv`: No such file or directory"),
    ("ptrs_file mapping", D + "zones: []\nptrs_file: {a: b}\n",
     "DIR/zones.yaml:3:12: `ptrs_file`: expected a list, found a mapping"),
    ("ptrs_file directory", D + "zones: []\nptrs_file: [.]\n",
     "DIR/zones.yaml:3:13: `ptrs_file`: cannot open `DIR/.`: Is a directory"),
    ("ptrs_file twice", D + "zones: []\nptrs_file: [p.csv, p.csv]\n", "",
     "DIR/zones.yaml:3:20: `ptrs_file`: `DIR/p.csv` is named twice"),
    ("ptrs_file itself", D + "zones: []\nptrs_file: zones.yaml\n",
     "DIR/zones.yaml:3:12: `ptrs_file`: `DIR/zones.yaml` is named twice"),
    ("csv one field", C, "192.0.2.1\n",
     "DIR/p.csv:1:1: expected `address,name` or `address,name,ttl`, found `192.0.2.1`"),
    ("csv four fields", C, "# x\n192.0.2.1,a.example,60,x\n",
     "DIR/p.csv:2:1: expected `address,name` or `address,name,ttl`, found `192.0.2.1,a.example,60,x`"),
    ("csv address", C, "192.0.2.1,a.example\n\n  192.0.2.256,b.example\n",
     "DIR/p.csv:3:3: expected an IPv4 or IPv6 address, found `192.0.2.256`"),
    ("csv header", C, "address,name\n",
     "DIR/p.csv:1:1: expected an IPv4 or IPv6 address, found `address`"),
    ("csv quoted", C, "192.0.2.1,\"a.example\"\n",
     "DIR/p.csv:1:11: `\"a.example\"` is no name: one of \" ( ) ; in a name needs a backslash"),
    ("csv name blank", C, "192.0.2.1,a b.example\n",
     "DIR/p.csv:1:12: `a b.example` is no name: a blank in a name"),
    ("csv name empty", C, "192.0.2.1,\n",
     "DIR/p.csv:1:11: `` is no name: the name is empty (the root is written `.`)"),
    ("csv name label", C, "192.0.2.1,a..example\r\n",
     "DIR/p.csv:1:11: `a..example` is no name: empty label (two dots in a row, or a dot in front)"),
    ("csv name root", C, "192.0.2.1,.\n",
     "DIR/p.csv:1:11: the root is no name for an address"),
    ("csv name utf8", C, "192.0.2.1,m\u00fcnchen.example\n",
     "DIR/p.csv:1:12: `münchen.example` is no name: a name holds ASCII only: write an internationalised name as "
     "xn--..."),
    ("csv semicolons", C, "192.0.2.1;a.example\n",
     "DIR/p.csv:1:1: expected `address,name` or `address,name,ttl`, found `192.0.2.1;a.example`"),
    ("csv ttl", C, "192.0.2.1,a.example, 1h\n",
     "DIR/p.csv:1:22: ttl: expected a number from 0 to 2147483647, found `1h`"),
    ("csv ttl range", C, "192.0.2.1,a.example,2147483648\n",
     "DIR/p.csv:1:21: ttl: expected a number from 0 to 2147483647, found `2147483648`"),
    ("csv long line", C, "# " + "x" * 9000 + "\n",
     "DIR/p.csv:1:8193: a line of more than 8192 octets"),
    ("csv long last line", C, "192.0.2.1,a.example\n192.0.2.1," + "x" * 9000,
     "DIR/p.csv:2:8193: a line of more than 8192 octets"),
    ("csv carriage return", C, "192.0.2.1,a.example\r192.0.2.2,b.example\r",
     "DIR/p.csv:1:20: `a.example?192.0.2.2` is no name: a control character in a name"),
    ("csv NUL", C, "192.0.2.1,a\0b.example\n",
     "DIR/p.csv:1:12: `a?b.example` is no name: a control character in a name"),
    ("csv pair twice", C, "192.0.2.1,a.example\n192.0.2.2,a.example\n192.0.2.1,b.example\n192.0.2.1,A.example.,60\n",
     "DIR/p.csv:4:1: the PTR of 192.0.2.1 to `a.example` is given twice, first in line 1"),
    ("csv against yaml", P + "  192.0.2.1: a.example\nptrs_file: p.csv\n", "192.0.2.1,a.example\n",
     "DIR/p.csv:1:1: the PTR of 192.0.2.1 to `a.example` is given twice, first in DIR/zones.yaml line 4"),
    ("ipv6 prefix unquoted", Z + "  - {prefix: ::/0}\n",
     "DIR/zones.yaml:3:14: `::/0` is not quoted: YAML cannot read an IPv6 text that begins or ends with ':' here, "
     "write \"::/0\""),
    ("ipv6 range unquoted", B + "  - {range: ::1-::2, name: none}\n",
     "DIR/zones.yaml:4:13: `::1-::2` is not quoted: YAML cannot read an IPv6 text that begins or ends with ':' "
     "here, write \"::1-::2\""),
    ("ipv6 key unquoted", D + "zones: []\nptrs: {::1: a.example}\n",
     "DIR/zones.yaml:3:8: `::1` is not quoted: YAML cannot read an IPv6 text that begins or ends with ':' here, "
     "write \"::1\""),
    ("ipv6 list unquoted", Z + "  - {name: isp.example, metadata: {ALSO-NOTIFY: [2001:db8::, x]}}\n",
     "DIR/zones.yaml:3:59: `2001:db8::` is not quoted: YAML cannot read an IPv6 text that begins or ends with ':' "
     "here, write \"2001:db8::\""),
    ("template without quotes", B + "  - {prefix: 192.0.2.0/24, name: {ip}.isp.example}\n",
     "DIR/zones.yaml:4:38: not valid YAML: did not find expected ',' or '}' while parsing a flow mapping; a "
     "template needs quotes: \"{ip}.isp.example\""),
    ("template without quotes in a block", B + "  - prefix: 192.0.2.0/24\n    name: {ip}.isp.example\n",
     "DIR/zones.yaml:5:15: not valid YAML: did not find expected key while parsing a block mapping that begins in "
     "line 4; a template needs quotes: \"{ip}.isp.example\""),
    ("apex without quotes", R + "      - {name: @, type: A, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:16: not valid YAML: found character that cannot start any token while scanning for the next "
     "token; `@` needs quotes: \"@\""),
    ("wildcard without quotes", R + "      - {name: *, type: A, content: 192.0.2.1}\n",
     "DIR/zones.yaml:5:17: not valid YAML: did not find expected alphabetic or numeric character while scanning an "
     "alias; a name with `*` needs quotes: \"*\""),
    ("tab", "zones:\n\t- name: isp.example\n",
     "DIR/zones.yaml:2:1: not valid YAML: a tab stands where only spaces may"),
    ("anchor", "defaults: &d {ttl: 60}\nzones: []\n",
     "DIR/zones.yaml:1:11: anchors (`&name`) are not allowed"),
    ("zone name is a prefix", Z + "  - {name: 198.51.100.0/24}\n",
     "DIR/zones.yaml:3:12: `name`: expected a name, found the prefix `198.51.100.0/24`"),
    ("ns is an address", Z + "  - {name: isp.example, ns: [192.0.2.53]}\n",
     "DIR/zones.yaml:3:30: `ns`: expected a name, found the address `192.0.2.53`"),
    ("ptr to an address", P + "  192.0.2.1: 192.0.2.2\n",
     "DIR/zones.yaml:4:14: `names`: expected a name, found the address `192.0.2.2`"),
    ("csv address for a name", C, "192.0.2.1,192.0.2.2\n",
     "DIR/p.csv:1:11: expected a name, found the address `192.0.2.2`"),
    ("csv UTF-16", C, b"\xff\xfe1\x00\n\x00",
     "DIR/p.csv:1:1: the file is UTF-16: expected UTF-8"),
    ("not UTF-8", b"zones: []\n# \xe4\n",
     "DIR/zones.yaml:2:3: not a UTF-8 text: incomplete UTF-8 octet sequence"),
    ("zone of RFC 2317 without prefix", Z + "  - {name: isp.example, zone: 64/26}\n",
     "DIR/zones.yaml:3:25: `zone`: it is for a zone with `prefix` (RFC 2317)"),
    ("zone of RFC 2317 for a /24", Z + "  - {prefix: 203.0.113.0/24, zone: 0/24}\n",
     "DIR/zones.yaml:3:30: `zone`: it is for an IPv4 prefix longer than /24 (RFC 2317), found 203.0.113.0/24"),
    ("zone of RFC 2317 for IPv6", Z + "  - {prefix: \"2001:db8::/33\", zone: 0/33}\n",
     "DIR/zones.yaml:3:31: `zone`: it is for an IPv4 prefix longer than /24 (RFC 2317), found 2001:db8::/33"),
    ("zone of RFC 2317 of another prefix", CLASSLESS + "64/27}\n",
     "DIR/zones.yaml:3:37: `zone`: expected \"64/26\", \"64-26\", \"64-127\" or a full name for 203.0.113.64/26, found "
     "`64/27`"),
    ("zone of RFC 2317 without a dot", CLASSLESS + "customers}\n",
     "DIR/zones.yaml:3:37: `zone`: expected \"64/26\", \"64-26\", \"64-127\" or a full name for 203.0.113.64/26, found "
     "`customers`"),
    ("zone of RFC 2317 list", CLASSLESS + "[64/26]}\n",
     "DIR/zones.yaml:3:37: `zone`: expected a text, found a list"),
    ("zone of RFC 2317 bad name", CLASSLESS + "a..b}\n",
     "DIR/zones.yaml:3:37: `zone`: `a..b` is no name: empty label (two dots in a row, or a dot in front)"),
    ("zone of RFC 2317 root", CLASSLESS + ".}\n",
     "DIR/zones.yaml:3:37: `zone`: expected a name below which the PTRs stand, found `.`"),
    ("zone of RFC 2317 wildcard", CLASSLESS + "\"*.isp.example\"}\n",
     "DIR/zones.yaml:3:37: `zone`: expected a name below which the PTRs stand, found `*.isp.example`"),
    ("zone of RFC 2317 long name", CLASSLESS + "abcdefg." * 31 + "abc.}\n",
     "DIR/zones.yaml:3:37: `zone`: `abcdefg.abcdefg.abcdefg.abcdefg.abcdefg.abcdefg.abcdefg.abcd...` leaves no room "
     "for the octet of an address in front"),
    ("zone of RFC 2317 at the name of an address", CLASSLESS + "65.113.0.203.in-addr.arpa}\n",
     "DIR/zones.yaml:3:37: `zone`: this is the reverse name of an address of the prefix, where the zone above has its "
     "CNAME"),
    ("zones of RFC 2317 overlap", CLASSLESS + "64/26}\n  - {prefix: 203.0.113.96/28, zone: 96/28}\n",
     "DIR/zones.yaml:4:5: zone of the prefix 203.0.113.96/28: it overlaps that of 203.0.113.64/26 in line 3; an "
     "address has its PTR in one zone"),
    ("zones of RFC 2317 overlap, the larger one later",
     Z + "  - {prefix: 203.0.113.96/28, zone: 96/28}\n  - {prefix: 203.0.113.64/26, zone: rev.isp.example}\n",
     "DIR/zones.yaml:4:5: zone of the prefix 203.0.113.64/26: it overlaps that of 203.0.113.96/28 in line 3; an "
     "address has its PTR in one zone"),
    ("zone of RFC 2317 given twice", CLASSLESS + "64/26}\n  - {prefix: 203.0.113.64/26, zone: 64/26}\n",
     "DIR/zones.yaml:4:5: zone `64/26.113.0.203.in-addr.arpa` is given twice, first in line 3"),
    ("zone of RFC 2317 around the zone of an address",
     V + "  - {prefix: 203.0.113.64/26, zone: 64/26}\n  - {name: 65.113.0.203.in-addr.arpa}\n",
     "DIR/zones.yaml:4:5: zone of 203.0.113.64/26: the CNAME at `65.113.0.203.in-addr.arpa` would stand at the apex of "
     "a zone"),
    ("zone of RFC 2317, PTR given twice",
     CLASSLESS + "64/26, records: [{name: 65, type: PTR, content: a.example}]}\nptrs: {203.0.113.65: a.example}\n",
     "DIR/zones.yaml:4:22: the PTR of 203.0.113.65 to `a.example` is given twice, first in line 3"),
    ("zone kind", Z + "  - {name: isp.example, kind: master}\n",
     "DIR/zones.yaml:3:31: `kind`: expected native, primary or secondary, found `master`"),
    ("zone kind list", Z + "  - {name: isp.example, kind: [native]}\n",
     "DIR/zones.yaml:3:31: `kind`: expected native, primary or secondary, found a list"),
    ("zone secondary without primaries", Z + "  - {name: isp.example, kind: secondary}\n",
     "DIR/zones.yaml:3:31: `kind`: a secondary zone needs `primaries`"),
    ("zone primaries of a native zone", Z + "  - {name: isp.example, primaries: [192.0.2.1]}\n",
     "DIR/zones.yaml:3:25: `primaries`: only a zone of `kind: secondary` has them"),
    ("zone primaries of a primary zone", Z + "  - {name: isp.example, kind: primary, primaries: [192.0.2.1]}\n",
     "DIR/zones.yaml:3:40: `primaries`: only a zone of `kind: secondary` has them"),
    ("zone primaries empty", Z + "  - {name: isp.example, kind: secondary, primaries: []}\n",
     "DIR/zones.yaml:3:53: `primaries`: expected at least one value, found an empty list"),
    ("zone primaries many",
     Z + "  - {name: isp.example, kind: secondary, primaries: [" + ", ".join(f"192.0.2.{i}" for i in range(17)) +
     "]}\n",
     "DIR/zones.yaml:3:53: `primaries`: 17 addresses, at most 16 are possible"),
    ("zone primaries twice", Z + "  - {name: isp.example, kind: secondary, primaries: [192.0.2.1, 192.0.2.1]}\n",
     "DIR/zones.yaml:3:65: `primaries`: `192.0.2.1` is given twice"),
] + [
    (f"zone primary {text}", Z + f"  - {{name: isp.example, kind: secondary, primaries: [\"{text}\"]}}\n",
     "DIR/zones.yaml:3:54: `primaries`: expected an address, \"192.0.2.1:5300\" or \"[2001:db8::1]:5300\", found "
     f"`{text}`")
    for text in ("ns1.isp.example", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:0", "192.0.2.1:053", "192.0.2.1:5x",
                 "[192.0.2.1]:53", "[2001:db8::1]", "2001:db8::1]:53", ":53", "[]:53", "192.0.2.1:999999999999")
] + [
    ("record ns apex and ns", Z + "  - name: isp.example\n    ns: a.example\n    records:\n"
     "      - {name: \"@\", type: NS, content: ns9.isp.example}\n",
     "DIR/zones.yaml:6:27: `type`: NS of the zone here and `ns` in line 4: expected one of them"),
    ("record wildcard ns", records("name: \"*.a\", type: NS, content: ns9.isp.example"),
     "DIR/zones.yaml:5:42: *.a.isp.example NS: a delegation cannot stand at a wildcard"),
    ("record wildcard dname", records("name: \"*\", type: DNAME, content: a.example"),
     "DIR/zones.yaml:5:43: *.isp.example DNAME: a DNAME cannot stand at a wildcard"),
    ("record ds without ns", records(f"name: sub, type: DS, content: {DS}"),
     "DIR/zones.yaml:5:40: sub.isp.example DS: DS belongs to a delegation, and no NS stand at this name"),
    ("record ds bad", records("name: sub, type: NS, content: a.example", "name: sub, type: DS, content: 1 13 2 00"),
     "DIR/zones.yaml:6:40: `content`: sub.isp.example DS: "),
    ("record two dnames", records("name: sub, type: DNAME, content: b.example",
                                  "name: sub, type: DNAME, content: a.example"),
     "DIR/zones.yaml:5:43: sub.isp.example DNAME: a name has one DNAME (RFC 6672 2.4), the other is in line 6"),
    ("record dname and cname", records("name: sub, type: DNAME, content: b.example",
                                       "name: sub, type: CNAME, content: a.example"),
     "DIR/zones.yaml:6:43: sub.isp.example CNAME: other records stand at this name (line 5)"),
    ("record below a dname",
     records("name: a.b.sub, type: A, content: 192.0.2.1", "name: sub, type: DNAME, content: b.example"),
     "DIR/zones.yaml:5:43: a.b.sub.isp.example A: nothing may stand below the DNAME at `sub.isp.example` (line 6; "
     "RFC 6672 2.4)"),
    ("delegation below a dname",
     records("name: a.sub, type: NS, content: a.example", "name: sub, type: DNAME, content: b.example"),
     "DIR/zones.yaml:5:42: a.sub.isp.example NS: nothing may stand below the DNAME at `sub.isp.example` (line 6; "
     "RFC 6672 2.4)"),
    ("record below a dname of the apex",
     records("name: www, type: A, content: 192.0.2.1", "name: \"@\", type: DNAME, content: b.example"),
     "DIR/zones.yaml:5:39: www.isp.example A: nothing may stand below the DNAME at `isp.example` (line 6; RFC 6672 "
     "2.4)"),
    ("dname below a dname",
     records("name: a.sub, type: DNAME, content: a.example", "name: sub, type: DNAME, content: b.example"),
     "DIR/zones.yaml:5:45: a.sub.isp.example DNAME: nothing may stand below the DNAME at `sub.isp.example` (line 6; "
     "RFC 6672 2.4)"),
    ("ptr below a dname",
     V[:-1] + "\n    records: [{name: \"@\", type: DNAME, content: b.example}]\nptrs:\n  203.0.113.1: a.example\n",
     "DIR/zones.yaml:6:16: PTR of 203.0.113.1: the DNAME of `113.0.203.in-addr.arpa` (line 4) takes this address away"),
    ("zone of ours below a dname, seen from above",
     records("name: sub, type: DNAME, content: b.example", "name: a.sub, type: NS, content: a.example",
             after="  - name: a.sub.isp.example\n"),
     "DIR/zones.yaml:6:42: a.sub.isp.example NS: nothing may stand below the DNAME at `sub.isp.example` (line 5; "
     "RFC 6672 2.4)"),
    ("record of a zone inside", records("name: www.sub, type: TXT, content: x", after="  - name: sub.isp.example\n"),
     "DIR/zones.yaml:5:45: www.sub.isp.example TXT belongs to the zone `sub.isp.example` (line 6): write it there; the "
     "zone above may hold NS and DS at its apex, A and AAAA at or below it"),
    ("ns below the apex of a zone inside",
     records("name: a.sub, type: NS, content: x.example", after="  - name: sub.isp.example\n"),
     "DIR/zones.yaml:5:42: a.sub.isp.example NS belongs to the zone `sub.isp.example` (line 6): write it there; the "
     "zone above may hold NS and DS at its apex, A and AAAA at or below it"),
    ("ns at the apex of a zone two levels inside",
     records("name: a.sub, type: NS, content: x.example", after="  - name: sub.isp.example\n"
     "  - name: a.sub.isp.example\n"),
     "DIR/zones.yaml:5:42: a.sub.isp.example NS belongs to the zone `sub.isp.example` (line 6): write it there; the "
     "zone above may hold NS and DS at its apex, A and AAAA at or below it"),
    ("ptr of a zone inside",
     Z + "  - prefix: 203.0.0.0/16\n    records: [{name: 1.113, type: PTR, content: x.example}]\n"
     "  - prefix: 203.0.113.0/24\n",
     "DIR/zones.yaml:4:49: 1.113.0.203.in-addr.arpa PTR belongs to the zone `113.0.203.in-addr.arpa` (line 5): write "
     "it there; the zone above may hold NS and DS at its apex, A and AAAA at or below it"),
    ("record above a zone twice",
     records("name: sub, type: NS, content: x.example", "name: sub, type: NS, content: X.example",
                                          after="  - name: sub.isp.example\n"),
     "DIR/zones.yaml:6:40: record `sub.isp.example NS X.example.` is given twice, first in line 5"),
    ("template at a cut", records("name: 198-51-100-7, type: NS, content: a.example",
                                  after="  - prefix: 198.51.100.0/24\nblocks:\n"
     "  - {prefix: 198.51.100.0/24, name: \"{ip}.isp.example\"}\n"),
     "DIR/zones.yaml:8:37: template `{ip}.isp.example` of block 198.51.100.0/24: the name `198-51-100-7.isp.example` "
     "of 198.51.100.7 lies at the delegation (NS) of `198-51-100-7.isp.example` (line 5); give it another name or say "
     "`forward: external`"),
    ("template below a cut", records("name: dyn, type: NS, content: a.example",
                                     after="  - prefix: 198.51.100.0/24\nblocks:\n"
     "  - {prefix: 198.51.100.0/24, name: \"{ip}.a.dyn.isp.example\"}\n"),
     "DIR/zones.yaml:8:37: template `{ip}.a.dyn.isp.example` of block 198.51.100.0/24: the name "
     "`198-51-100-0.a.dyn.isp.example` of 198.51.100.0 lies below the delegation (NS) of `dyn.isp.example` (line 5); "
     "give it another name or say `forward: external`"),
    ("template below a dname", records("name: \"12\", type: DNAME, content: a.example",
                                       after="  - prefix: 198.51.100.0/24\nblocks:\n"
     "  - {prefix: 198.51.100.0/24, name: \"a.{4}.isp.example\"}\n"),
     "DIR/zones.yaml:8:37: template `a.{4}.isp.example` of block 198.51.100.0/24: the name `a.12.isp.example` of "
     "198.51.100.12 lies below the DNAME of `12.isp.example` (line 5); give it another name or say `forward: "
     "external`"),
    ("delegations text", V + "delegations: none\n",
     "DIR/zones.yaml:4:14: `delegations`: expected a list, found `none`"),
    ("delegation text", G + "  - 203.0.113.64/26\n",
     "DIR/zones.yaml:5:5: an entry of `delegations`: expected a mapping, found `203.0.113.64/26`"),
    ("delegation unknown key", delegations("prefix: 203.0.113.64/26, name: a.example"),
     "DIR/zones.yaml:5:31: an entry of `delegations`: unknown key `name`"),
    ("delegation without prefix", delegations("ns: a.example"),
     "DIR/zones.yaml:5:5: an entry of `delegations` without `prefix`"),
    ("delegation without ns", delegations("prefix: 203.0.113.64/26"),
     "DIR/zones.yaml:5:5: an entry of `delegations` without `ns`"),
    ("delegation prefix", delegations("prefix: 203.0.113.65/26, ns: a.example"),
     "DIR/zones.yaml:5:14: `prefix`: `203.0.113.65/26` has host bits set: 203.0.113.64/26 is the prefix that holds it"),
    ("delegation ns empty", delegations("prefix: 203.0.113.64/26, ns: []"),
     "DIR/zones.yaml:5:35: `ns`: expected at least one value, found an empty list"),
    ("delegation ns address", delegations("prefix: 203.0.113.64/26, ns: [192.0.2.1]"),
     "DIR/zones.yaml:5:36: `ns`: expected a name, found the address `192.0.2.1`"),
    ("delegation ns root", delegations("prefix: 203.0.113.64/26, ns: [.]"),
     "DIR/zones.yaml:5:36: `ns`: the root is no name server"),
    ("delegation ns twice", delegations("prefix: 203.0.113.64/26, ns: [a.example, A.example.]"),
     "DIR/zones.yaml:5:47: `ns`: `a.example` is given twice"),
    ("delegation ttl", delegations("prefix: 203.0.113.64/26, ns: a.example, ttl: 1d"),
     "DIR/zones.yaml:5:51: `ttl`: expected a number from 0 to 2147483647, found `1d`"),
    ("delegation style of another prefix", delegations("prefix: 203.0.113.64/26, ns: a.example, style: 64/27"),
     "DIR/zones.yaml:5:53: `style`: expected \"64/26\", \"64-26\", \"64-127\" or a full name for 203.0.113.64/26, "
     "found `64/27`"),
    ("delegation style for a /24", delegations("prefix: 203.0.113.0/24, ns: a.example, style: 0/24"),
     "DIR/zones.yaml:5:45: `style`: it is for an IPv4 prefix longer than /24 (RFC 2317), found 203.0.113.0/24"),
    ("delegation ds of many names", delegations(f"prefix: 203.0.113.64/26, ns: a.example, ds: {DS}"),
     "DIR/zones.yaml:5:46: `ds`: the delegation of 203.0.113.64/26 is several zones, each with keys of its own; give "
     "each its own entry, or all of them a `style`"),
    ("delegation ds of several names", Z + "  - prefix: 2001:db8::/32\ndelegations:\n"
     f"  - {{prefix: \"2001:db8::/46\", ns: a.example, ds: {DS}}}\n",
     "DIR/zones.yaml:5:46: `ds`: the delegation of 2001:db8::/46 is several zones, each with keys of its own; give "
     "each its own entry"),
    ("delegation ds bad", delegations("prefix: 203.0.113.64/26, ns: a.example, style: 64/26, ds: 1 13 2 00"),
     "DIR/zones.yaml:5:64: `ds`: 64/26.113.0.203.in-addr.arpa DS: "),
    ("delegation of nothing of ours", delegations("prefix: 203.0.112.64/26, ns: a.example"),
     "DIR/zones.yaml:5:5: delegation of 203.0.112.64/26: `64.112.0.203.in-addr.arpa` lies in no reverse zone of "
     "`zones:`, and only the zone around it can delegate it"),
    ("delegation of a whole zone", delegations("prefix: 203.0.113.0/24, ns: a.example"),
     "DIR/zones.yaml:5:5: delegation of 203.0.113.0/24: `113.0.203.in-addr.arpa` is a zone of `zones:` itself, "
     "and only the zone around it can delegate it; leave one of the two out"),
    ("delegation wider than the zone", delegations("prefix: 203.0.112.0/23, ns: a.example"),
     "DIR/zones.yaml:5:5: delegation of 203.0.112.0/23: `112.0.203.in-addr.arpa` lies in no reverse zone of `zones:`, "
     "and only the zone around it can delegate it"),
    ("delegation to a forward name", Z + "  - prefix: 203.0.113.0/24\n  - name: isp.example\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example, style: c.isp.example}\n",
     "DIR/zones.yaml:6:5: delegation of 203.0.113.64/26: `c.isp.example` lies in no reverse zone of `zones:`, and only "
     "the zone around it can delegate it"),
    ("delegation with CNAMEs outside",
     delegations("prefix: 203.0.112.64/26, ns: a.example, style: c.113.0.203.in-addr.arpa"),
     "DIR/zones.yaml:5:5: delegation of 203.0.112.64/26: the CNAME at `64.112.0.203.in-addr.arpa` would lie in no "
     "reverse zone of `zones:`"),
    ("delegation to the zone itself",
     delegations("prefix: 203.0.113.64/26, ns: a.example, style: 113.0.203.in-addr.arpa"),
     "DIR/zones.yaml:5:5: delegation of 203.0.113.64/26: `style` names `113.0.203.in-addr.arpa`, which is a zone of "
     "`zones:` for something else"),
    ("delegation to the name of an address",
     delegations("prefix: 203.0.113.64/26, ns: a.example, style: 65.113.0.203.in-addr.arpa"),
     "DIR/zones.yaml:5:5: delegation of 203.0.113.64/26: the CNAME at `65.113.0.203.in-addr.arpa` would lie inside "
     "another delegation"),
    ("delegation twice",
     delegations("prefix: 203.0.113.64/26, ns: a.example", "prefix: 203.0.113.64/26, ns: b.example, style: 64/26"),
     "DIR/zones.yaml:6:5: delegation of 203.0.113.64/26 is given twice, first in line 5"),
    ("delegation in a delegation",
     delegations("prefix: 203.0.113.96/28, ns: a.example", "prefix: 203.0.113.64/26, ns: b.example"),
     "DIR/zones.yaml:5:5: delegation of 203.0.113.96/28: it lies inside the delegation of 203.0.113.64/26 in line 6; "
     "whoever serves that one delegates it"),
    ("delegation of RFC 2317 in another one", delegations("prefix: 203.0.113.64/26, ns: b.example, style: 64/26",
                                                         "prefix: 203.0.113.96/28, ns: a.example, style: 96/28"),
     "DIR/zones.yaml:6:5: delegation of 203.0.113.96/28: it lies inside the delegation of 203.0.113.64/26 in line 5; "
     "whoever serves that one delegates it"),
    ("delegation three levels deep",
     Z + "  - prefix: 2001:db8::/32\ndelegations:\n  - {prefix: \"2001:db8::/40\", ns: a.example}\n"
     "  - {prefix: \"2001:db8:0:1::/64\", ns: a.example}\n",
     "DIR/zones.yaml:6:5: delegation of 2001:db8:0:1::/64: it lies inside the delegation of 2001:db8::/40 in line 5; "
     "whoever serves that one delegates it"),
    ("delegation of our own zone under another name", V + "  - {prefix: 203.0.113.64/26, zone: 64/26}\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example, style: 64-26}\n",
     "DIR/zones.yaml:6:5: delegation of 203.0.113.64/26: `zones:` has the zone `64/26.113.0.203.in-addr.arpa` for it "
     "(line 4); expected that name as `style`"),
    ("delegation of our own zone without style", V + "  - {prefix: 203.0.113.64/26, zone: 64/26}\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example}\n",
     "DIR/zones.yaml:6:5: delegation of 203.0.113.64/26: `zones:` has the zone `64/26.113.0.203.in-addr.arpa` for it "
     "(line 4); expected that name as `style`"),
    ("delegation around our own zone", V + "  - {prefix: 203.0.113.64/26, zone: 64/26}\ndelegations:\n"
     "  - {prefix: 203.0.113.0/25, ns: a.example, style: 0/25}\n",
     "DIR/zones.yaml:6:5: delegation of 203.0.113.0/25: it holds the prefix 203.0.113.64/26 of the zone "
     "`64/26.113.0.203.in-addr.arpa` (line 4)"),
    ("delegation and its NS as records",
     V[:-1] + "\n    records: [{name: 64/26, type: NS, content: b.example}]\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example, style: 64/26}\n",
     "DIR/zones.yaml:4:48: 64/26.113.0.203.in-addr.arpa NS: the delegation in line 6 gives all NS of this name: "
     "expected them there or here"),
    ("delegation and its DS as records",
     V[:-1] + f"\n    records: [{{name: 64/26, type: DS, content: {DS.replace('ab', 'cd')}}}]\n"
     f"delegations:\n  - {{prefix: 203.0.113.64/26, ns: a.example, style: 64/26, ds: {DS}}}\n",
     "DIR/zones.yaml:4:48: 64/26.113.0.203.in-addr.arpa DS: the delegation in line 6 gives all DS of this name: "
     "expected them there or here"),
    ("delegation and the same NS as a record",
     V[:-1] + "\n    records: [{name: 64/26, type: NS, content: a.example}]\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example, style: 64/26}\n",
     "DIR/zones.yaml:6:5: record `64/26.113.0.203.in-addr.arpa NS a.example.` is given twice, first in line 4"),
    ("delegation of a zone of ours and its NS as records",
     Z + "  - prefix: 203.0.0.0/16\n    records: [{name: 113, type: NS, content: b.example}]\n"
     "  - prefix: 203.0.113.0/24\ndelegations:\n  - {prefix: 203.0.113.0/24, ns: a.example}\n",
     "DIR/zones.yaml:4:46: 113.0.203.in-addr.arpa NS: the delegation in line 7 gives all NS of this name: expected "
     "them there or here"),
    ("delegation below NS in records",
     Z + "  - prefix: 203.0.0.0/16\n    records: [{name: 113, type: NS, content: b.example}]\n"
     "delegations:\n  - {prefix: 203.0.113.64/32, ns: a.example}\n",
     "DIR/zones.yaml:6:5: 64.113.0.203.in-addr.arpa NS: this name lies below the delegation (NS) of "
     "`113.0.203.in-addr.arpa` (line 4); whoever serves that one delegates it"),
    ("delegation of RFC 2317 below NS in records",
     Z + "  - prefix: 203.0.0.0/16\n    records: [{name: 113, type: NS, content: b.example}]\n"
     "delegations:\n  - {prefix: 203.0.113.64/26, ns: a.example, style: 64/26}\n",
     "DIR/zones.yaml:6:5: delegation of 203.0.113.64/26: the CNAME at `64.113.0.203.in-addr.arpa` would lie inside "
     "another delegation"),
    ("delegation and a record at the name of an address",
     V[:-1] + "\n    records: [{name: 65, type: TXT, content: x}]\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example, style: 64/26}\n",
     "DIR/zones.yaml:4:46: 65.113.0.203.in-addr.arpa TXT: here stands the CNAME of RFC 2317 to "
     "65.64/26.113.0.203.in-addr.arpa., by the prefix in line 6; nothing may stand beside a CNAME"),
    ("delegated PTR", delegations("prefix: 203.0.113.64/26, ns: a.example") + "ptrs:\n  203.0.113.65: a.example\n",
     "DIR/zones.yaml:7:17: PTR of 203.0.113.65: the delegation (NS) of `65.113.0.203.in-addr.arpa` (line 5) takes this "
     "address away"),
    ("delegated PTR of RFC 2317",
     delegations("prefix: 203.0.113.64/26, ns: a.example, style: 64/26") + "ptrs:\n  203.0.113.65: a.example\n",
     "DIR/zones.yaml:7:17: PTR of 203.0.113.65: the delegation of 203.0.113.64/26 in line 5 takes this address away"),
    ("delegated PTR by a CSV",
     delegations("prefix: 203.0.113.64/26, ns: a.example, style: 64/26") + "ptrs_file: p.csv\n",
     "203.0.113.64,a.example\n",
     "DIR/p.csv:1:1: PTR of 203.0.113.64: the delegation of 203.0.113.64/26 in DIR/zones.yaml line 5 takes this "
     "address away"),
    ("delegated PTR by a record", V[:-1] + "\n    records: [{name: 65, type: PTR, content: a.example}]\ndelegations:\n"
     "  - {prefix: 203.0.113.64/26, ns: a.example}\n",
     "DIR/zones.yaml:4:46: PTR of 203.0.113.65: the delegation (NS) of `65.113.0.203.in-addr.arpa` (line 6) takes this "
     "address away"),
    ("delegated PTR of IPv6",
     Z + "  - prefix: 2001:db8::/32\ndelegations:\n  - {prefix: \"2001:db8:1::/48\", ns: a.example}\n"
     "ptrs:\n  2001:db8:1::7: a.example\n",
     "DIR/zones.yaml:7:18: PTR of 2001:db8:1::7: the delegation (NS) of `1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa` (line 5) "
     "takes this address away"),
    ("alias at the PTR of an address in a zone of RFC 2317",
     CLASSLESS + "64/26, records: [{name: 65, type: CNAME, content: a.example}]}\nptrs: {203.0.113.65: a.example}\n",
     "DIR/zones.yaml:3:87: 65.64/26.113.0.203.in-addr.arpa CNAME: this address has an explicit PTR (line 4)"),
    ("ptr in the part of a /24 that is not ours", CLASSLESS + "64/26}\nptrs:\n  203.0.113.1: a.example\n",
     "DIR/zones.yaml:5:16: PTR of 203.0.113.1: no reverse zone of `zones:` holds this address, so nobody would see it; "
     "add one (`- prefix: ...`) or leave the PTR out"),
    ("block wider than a zone of RFC 2317", CLASSLESS + "64/26}\nblocks:\n  - {prefix: 203.0.113.0/24, name: none}\n",
     "DIR/zones.yaml:5:5: block 203.0.113.0/24: no reverse zone of `zones:` holds 203.0.113.0; add `- prefix: "
     "203.0.113.0/24` to `zones:` or say `reverse: external`"),
    ("template in a zone of RFC 2317 with a forward name", Z + "  - {prefix: 203.0.113.64/26, zone: rev.isp.example}\n"
     "  - name: isp.example\nblocks:\n  - {prefix: 203.0.113.64/26, name: \"{ip}.rev.isp.example\"}\n",
     "DIR/zones.yaml:6:37: template `{ip}.rev.isp.example` of block 203.0.113.64/26: the name "
     "`203-0-113-64.rev.isp.example` of 203.0.113.64 lies in no forward zone of `zones:`; add that zone or say "
     "`forward: external`"),
]


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_refused_with_place_and_reason(case, tmp_path):
    write(tmp_path / "zones.yaml", case[1])
    if len(case) == 4:
        write(tmp_path / "p.csv", case[2])
    done = run("ptrctl", "check", tmp_path / "zones.yaml", check=False)
    assert done.returncode == 1
    assert case[-1].replace("DIR", str(tmp_path)) in done.stderr


def test_names_of_the_cases_are_unique():
    assert len({case[0] for case in CASES}) == len(CASES)


def test_a_long_table_is_read_without_being_slow_at_finding_the_second_key(tmp_path):
    rows = "".join(f"  10.{i >> 16}.{i >> 8 & 255}.{i & 255}: host{i}.isp.example\n" for i in range(100_000))
    write(tmp_path / "zones.yaml", P + rows + "  10.1.2.3: again.example\n")
    done = run("ptrctl", "check", tmp_path / "zones.yaml", check=False, timeout=20)
    assert "zones.yaml:100004:3: key `10.1.2.3` is given twice, first in line 66055" in done.stderr


def test_a_zones_file_that_is_not_there_is_named(tmp_path):
    done = run("ptrctl", "check", tmp_path / "zones.yaml", check=False)
    assert done.returncode == 1
    assert f"{tmp_path}/zones.yaml: cannot open: No such file or directory" in done.stderr


def test_a_directory_instead_of_a_zones_file_is_named(tmp_path):
    done = run("ptrctl", "check", tmp_path, check=False)
    assert done.returncode == 1
    assert f"{tmp_path}: cannot read: Is a directory" in done.stderr


def test_load_refuses_what_check_refuses_and_keeps_what_is_in_force(tmp_path):
    store = tmp_path / "db"
    write(tmp_path / "zones.yaml", Z + "  - {name: isp.example}\n")
    run("ptrctl", "load", tmp_path / "zones.yaml", "--db", store)
    before = run("ptrctl", "dump", "--db", store).stdout
    for number, case in enumerate(CASES[::15]):
        (tmp_path / str(number)).mkdir()
        write(tmp_path / str(number) / "zones.yaml", case[1])
        if len(case) == 4:
            write(tmp_path / str(number) / "p.csv", case[2])
        done = run("ptrctl", "load", tmp_path / str(number) / "zones.yaml", "--db", store, check=False)
        assert done.returncode == 1
        assert case[-1].replace("DIR", str(tmp_path / str(number))) in done.stderr
    assert run("ptrctl", "dump", "--db", store).stdout == before
