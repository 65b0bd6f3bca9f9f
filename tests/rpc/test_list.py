"""list: how much of a zone each connection carries, what is left out first, and what follows from it."""
import contextlib
import json
import math

import pytest

from support.ptrd import Ptrd, Store
from support.ptrd import Client as SocketClient
from support.zones import HEAD


def capacity(timeout_ms):
    """Bytes over the Unix socket: what PowerDNS reads in half of its timeout, 3 s for the square of a megabyte."""
    return 1e6 * math.sqrt(timeout_ms / 1000 / 2 / 3.0)


class StdioClient(SocketClient):
    def __init__(self, ptrd):
        self.process, self._rest = ptrd.process, b""

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read_line(self):
        return self.process.stdout.readline()

    def close(self):
        pass


@contextlib.contextmanager
def connected(store, stdio, timeout=None):
    with Ptrd(store.dir, stdio=stdio) as ptrd:
        with StdioClient(ptrd) if stdio else SocketClient(ptrd.socket, timeout=60) as client:
            client.ptrd = ptrd
            if timeout is not None:
                client.call("initialize", path="p", timeout=str(timeout))
            yield client


def listed(client, zone):
    return client.call("list", zonename=zone + ".", domain_id=-1, include_disabled=False)


def size(rows):
    """Bytes of the rows as they were sent."""
    return len(json.dumps(rows, separators=(",", ":"))) - 2


def names(rows):
    return {row["qname"] for row in rows}


REVERSE, DYN = "51.198.in-addr.arpa", "dyn.isp.example"
SOURCES = HEAD + """
zones:
  - name: isp.example
    forward_auto: yes
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1], TSIG-ALLOW-AXFR: [key]}
  - name: dyn.isp.example
  - prefix: 198.51.0.0/16
    kind: primary
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1], TSIG-ALLOW-AXFR: [key]}
    records:
      - {name: "9.200", type: TXT, content: '"beside a generated name"'}
      - {name: "_x.10.200", type: TXT, content: '"below a generated name"'}
  - prefix: 2001:db8::/32
    metadata: {ALLOW-AXFR-FROM: [127.0.0.1]}
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {prefix: 198.51.128.0/18, name: "{ip}.dyn.isp.example", ttl: 600}
  - {prefix: 198.51.200.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {prefix: 2001:db8::/32, name: "v6-{ip}.dyn.isp.example", ttl: 600}
delegations:
  - {prefix: 198.51.7.0/24, ns: [ns1.customer.example]}
"""


def zones(ptrs):
    """ptrs: how many explicit PTRs with derived names."""
    lines = [f"  198.51.{i >> 8}.{i & 255}: host-{i}.isp.example" for i in range(2048, 2048 + ptrs)]
    return SOURCES + ("ptrs:\n" + "\n".join(lines) + "\n" if lines else "")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("small") / "db").load(zones(20))


BLOCKS = (100, *range(128, 192), 200)       # the third octets that generate


def addresses(rows):
    return {row["content"] for row in rows if row["qtype"] == "A"}


def test_what_a_zone_lists(small):
    with connected(small, True, 0) as client:
        rows = listed(client, REVERSE)
        by_name = {}
        for row in rows:
            by_name.setdefault(row["qname"], []).append(row["qtype"])
        assert sum("PTR" in types for types in by_name.values()) == 20 + 256 * len(BLOCKS)
        # cuts directly behind the apex; what has something explicit there, whole
        assert [row["qtype"] for row in rows[:4]] == ["SOA", "NS", "NS", "NS"]
        assert rows[3]["qname"] == f"7.{REVERSE}." and rows[3]["auth"] == 0
        assert by_name[f"9.200.{REVERSE}."] == ["TXT", "PTR"]
        order = {name: i for i, name in enumerate(by_name)}
        assert order[f"10.200.{REVERSE}."] < order[f"0.8.{REVERSE}."]        # met on the way to _x
        assert order[f"19.8.{REVERSE}."] < order[f"0.100.{REVERSE}."] < order[f"0.128.{REVERSE}."]
        # empty non-terminals once: the octets below which something exists
        ents = [row["qname"] for row in rows if row["qtype"] == ""]
        assert sorted(ents) == sorted(f"{octet}.{REVERSE}." for octet in (8, *BLOCKS))
        forward = listed(client, DYN)
        assert addresses(forward) == {f"198.51.{octet}.{i}" for octet in BLOCKS for i in range(256)}
        assert len(forward) == 3 + 256 * len(BLOCKS)
        assert f"{DYN}: the list is incomplete" in client.ptrd.log()
        assert "left out: 1 of 4 blocks, 2001:db8::/32 with more than 10^18 names" in client.ptrd.log()
        assert addresses(listed(client, "isp.example")) == {f"198.51.8.{i}" for i in range(20)}
        assert client.ptrd.log().count("incomplete") == 1


def test_the_socket_takes_blocks_that_fit(small):
    """The /18 is left out, the blocks behind it are not."""
    for timeout, stdio in ((None, False), (2000, False), (0, False)):
        with connected(small, stdio, timeout) as client:
            rows = listed(client, REVERSE)
            assert {name.split(".")[1] for name in names(rows) if name.count(".") == 6} == {"8", "100", "200"}
            assert len(names(rows)) == 1 + 1 + 20 + 2 * 256 + 3 + 1
            assert "left out: 1 of 3 blocks, 198.51.128.0/18 with 16384 names\n" in client.ptrd.log()
            assert size(rows) < capacity(2000)
    with connected(small, False, 60000) as client:      # 3.16 MB
        assert len(names(listed(client, REVERSE))) > 16384
        assert "incomplete" not in client.ptrd.log()
    with connected(small, True, 2000) as client:        # 2.8 MB
        assert len(names(listed(client, REVERSE))) > 16384
    with connected(small, True, 500) as client:         # 0.7 MB
        assert len(names(listed(client, REVERSE))) < 16384


def test_last_things_are_left_out_first(tmp_path):
    """At ever smaller timeouts: generated, then derived, then explicit from the end."""
    store = Store(tmp_path / "db").load(zones(1000))
    seen = set()
    for timeout in (60000, 2000, 200, 100, 65, 20, 4, 1):
        with connected(store, False, timeout) as client:
            rows = listed(client, REVERSE)
            assert size(rows) <= max(capacity(timeout), size(rows[:3])), timeout
            explicit = sum(row["qtype"] == "PTR" and row["content"].startswith("host-") for row in rows)
            generated = sum(row["qtype"] == "PTR" and row["content"].endswith(DYN) for row in rows)
            texts = sum(row["qtype"] == "TXT" for row in rows)
            cut = any(row["qtype"] == "NS" and row["qname"].startswith("7.") for row in rows)
            assert cut and (texts == 2 or explicit == 0)
            # 10.200 is shown with the TXT below it
            assert explicit == 1000 or generated <= 2
            contents = [row["content"] for row in rows if row["content"].startswith("host-")]
            assert contents == [f"host-{i}.isp.example" for i in range(2048, 2048 + explicit)]
            left = client.ptrd.log().partition("left out: ")[2].strip()
            assert ("explicit records from " in left) == (explicit < 1000), left
            seen.add((explicit == 1000, explicit > 0, generated > 2))
            # room for one record more is not left
            if 0 < explicit < 1000:
                assert size(rows) + 120 > capacity(timeout)
            derived = listed(client, "isp.example")
            assert size(derived) <= max(capacity(timeout), size(derived[:3]))
            left = client.ptrd.log().rpartition("left out: ")[2].strip()
            assert (len(addresses(derived)) < 1000) == ("derived names from " in left), left
    assert {(True, True, True), (True, True, False), (False, True, False)} <= seen


def test_a_million_is_the_bound_of_a_pipe_without_timeout(tmp_path):
    store = Store(tmp_path / "db").load(HEAD + """
zones:
  - name: isp.example
  - prefix: 10.0.0.0/8
blocks:
  - {prefix: 10.0.0.0/16, name: "{ip}.isp.example"}
  - {prefix: 10.32.0.0/11, name: "{ip}.isp.example"}
""")
    with connected(store, True, 0) as client:
        rows = listed(client, "10.in-addr.arpa")
        assert len(rows) == 3 + 65536 + 256 + 1         # the /11 has 2^21 names
        assert "room for about 1100000 records; left out: 1 of 2 blocks, 10.32.0.0/11 with 2097152 names" in \
            client.ptrd.log()


def permission(client, zone, kind):
    return client.call("getDomainMetadata", name=zone + ".", kind=kind)


def test_no_transfer_of_what_lists_incompletely(small):
    both = ("ALLOW-AXFR-FROM", "TSIG-ALLOW-AXFR")
    with connected(small, False) as client:
        assert [permission(client, REVERSE, kind) for kind in both] == [[], []]
        assert f"{REVERSE}: no transfer is permitted: this connection has room for about 7127 records" in \
            client.ptrd.log()
        assert [permission(client, "isp.example", kind) for kind in both] == [["127.0.0.1"], ["key"]]
        assert permission(client, "8.b.d.0.1.0.0.2.ip6.arpa", "ALLOW-AXFR-FROM") == []
        assert permission(client, "8.b.d.0.1.0.0.2.ip6.arpa", "TSIG-ALLOW-AXFR") == []
        # what is there goes on being shown, and nobody is told to fetch it
        everything = client.call("getAllDomainMetadata", name=REVERSE + ".")
        assert everything == {"ALLOW-AXFR-FROM": ["127.0.0.1"], "TSIG-ALLOW-AXFR": ["key"]}
        assert client.call("getUpdatedMasters") == []
        client.call("initialize", path="p", timeout="60000")
        assert permission(client, REVERSE, "ALLOW-AXFR-FROM") == ["127.0.0.1"]
        client.call("initialize", path="p", timeout="2000")
        assert permission(client, REVERSE, "ALLOW-AXFR-FROM") == []
    with connected(small, True, 0) as client:
        assert [permission(client, REVERSE, kind) for kind in both] == [["127.0.0.1"], ["key"]]
        assert [zone["zone"] for zone in client.call("getUpdatedMasters")] == [REVERSE + "."]
        assert permission(client, "8.b.d.0.1.0.0.2.ip6.arpa", "ALLOW-AXFR-FROM") == []


def test_a_permission_that_nobody_would_get_is_refused_and_nothing_is_lost(tmp_path):
    """pdnsutil adds to what it was shown, which is nothing."""
    store = Store(tmp_path / "db").load(zones(20))
    with connected(store, False) as client:
        def give(kind, *values):
            return client.call("setDomainMetadata", name=REVERSE + ".", kind=kind, value=list(values))

        assert give("TSIG-ALLOW-AXFR", "other") is False
        assert f"{REVERSE}: no transfer can be permitted: this connection has room" in client.ptrd.log()
        everything = client.call("getAllDomainMetadata", name=REVERSE + ".")
        assert everything == {"ALLOW-AXFR-FROM": ["127.0.0.1"], "TSIG-ALLOW-AXFR": ["key"]}
        assert give("ALLOW-DNSUPDATE-FROM", "192.0.2.1") is True
        assert give("ALLOW-AXFR-FROM") is True      # to take it back is no risk
        client.call("initialize", path="p", timeout="60000")
        assert give("TSIG-ALLOW-AXFR", "key", "other") is True
        assert permission(client, REVERSE, "TSIG-ALLOW-AXFR") == ["key", "other"]


def test_the_verdict_follows_the_data(tmp_path):
    store = Store(tmp_path / "db").load(zones(0))
    with connected(store, False) as client:
        assert permission(client, REVERSE, "ALLOW-AXFR-FROM") == []
        store.load(zones(0).replace("198.51.128.0/18", "198.51.128.0/24"))
        assert permission(client, REVERSE, "ALLOW-AXFR-FROM") == ["127.0.0.1"]
        store.load(zones(0))
        assert permission(client, REVERSE, "ALLOW-AXFR-FROM") == []


SHARED = HEAD + """
zones:
  - name: isp.example
    records:
      - {name: n-5, type: A, content: 192.0.2.5}
      - {name: n-6, type: TXT, content: '"x"'}
      - {name: n-7, type: CNAME, content: other.example}
      - {name: below.n-8, type: TXT, content: '"x"'}
  - name: deep.isp.example
  - name: 130.deep.isp.example
  - name: x.131.deep.isp.example
  - prefix: 192.0.2.0/24
  - prefix: 2001:db8::/64
  - {prefix: 192.0.2.192/26, zone: "192/26"}
blocks:
  - {prefix: 192.0.2.0/28, name: "n-{host}.isp.example", shared_names: yes}
  - {range: 192.0.2.2-192.0.2.4, name: none}
  - {prefix: 2001:db8::/124, name: "n-{host}.isp.example", shared_names: yes}
  - {prefix: 192.0.2.128/25, name: "x.{4}.deep.isp.example"}
  - {prefix: 192.0.2.64/26, name: "{4}.y.z.isp.example"}
"""


def test_shared_names_and_names_over_several_zones(tmp_path):
    store = Store(tmp_path / "db").load(SHARED)
    with connected(store, False) as client:
        rows = listed(client, "isp.example")
        assert len({tuple(row.items()) for row in rows}) == len(rows)
        at = {i: sorted(row["qtype"] for row in rows if row["qname"] == f"n-{i:x}.isp.example.") for i in range(16)}
        assert at == {**{i: ["A", "AAAA"] for i in range(16)}, 2: ["AAAA"], 3: ["AAAA"], 4: ["AAAA"],
                      6: ["A", "AAAA", "TXT"], 7: ["CNAME"]}
        assert [row["qname"] for row in rows if row["qtype"] == ""] == ["z.isp.example.", "y.z.isp.example."]
        assert sum(row["qname"].endswith(".y.z.isp.example.") for row in rows) == 64
        assert not any(row["qname"].startswith("x.") for row in rows)
        deep = names(listed(client, "deep.isp.example"))
        assert {f"x.{i}.deep.isp.example." for i in range(128, 256)} - deep == {"x.130.deep.isp.example."}
        assert names(listed(client, "130.deep.isp.example")) == {"130.deep.isp.example.", "x.130.deep.isp.example."}
        assert [row["qtype"] for row in listed(client, "x.131.deep.isp.example")] == ["SOA", "NS", "NS", "A"]
        # the RFC 2317 zone has its own addresses, the one above the others
        assert names(listed(client, "192/26.2.0.192.in-addr.arpa")) >= {
            f"{i}.192/26.2.0.192.in-addr.arpa." for i in range(192, 256)}
        above = [row for row in listed(client, "2.0.192.in-addr.arpa") if row["qtype"] == "PTR"]
        assert len(above) == 16 - 3 + 64 + 64


def test_a_block_that_was_taken_back_leaves_nothing(tmp_path):
    """The first block looks as if it fitted; the second, inside it, is below a name that the first one went below."""
    store = Store(tmp_path / "db").load(HEAD + """
zones:
  - name: isp.example
  - prefix: 198.51.0.0/16
blocks:
  - {range: 198.51.0.0-198.51.24.127, name: "a-rather-long-name-is-made-of-{ip}-here.pool.isp.example"}
  - {prefix: 198.51.0.128/25, name: "{ip}.isp.example"}
""")
    with connected(store, False) as client:
        rows = listed(client, REVERSE)
        assert "left out: 1 of 2 blocks, 198.51.0.0-198.51.24.127 with 6144 names" in client.ptrd.log()
        assert [row["qname"] for row in rows[3:]] == [f"0.{REVERSE}."] + [
            f"{i}.0.{REVERSE}." for i in range(128, 256)]


def test_names_of_zones_below_are_not_counted(tmp_path):
    """What is left of a large block fits."""
    inner = "".join(f"  - prefix: 10.0.{i}.0/24\n  - name: {i}.pool.isp.example\n" for i in range(16, 256))
    store = Store(tmp_path / "db").load(HEAD + "zones:\n  - name: isp.example\n  - prefix: 10.0.0.0/16\n" + inner + """
blocks:
  - {prefix: 10.0.0.0/16, name: "{4}.{3}.pool.isp.example"}
""")
    with connected(store, False) as client:
        assert sum(row["qtype"] == "PTR" for row in listed(client, "0.10.in-addr.arpa")) == 4096
        assert len(addresses(listed(client, "isp.example"))) == 4096
        assert addresses(listed(client, "77.pool.isp.example")) == {f"10.0.77.{i}" for i in range(256)}
        assert "incomplete" not in client.ptrd.log()


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-q", "-s", __file__]))
