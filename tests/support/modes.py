"""Every way to attach PowerDNS, side by side on one store with signed and unsigned zones; thousands of questions of every kind
to them; and which names are leaves, told from what the zones list, to say what an answer may differ in.

    with Modes(directory) as modes:
        asked = questions(modes.zones, rng, 4000)
        modes.servers["fast-all"], modes.leaves["fast-all"]"""
import contextlib
import dataclasses
import ipaddress
import re

import dns.message
import dns.name

from support import leaves
from support.dnsdist import Dnsdist
from support.inprocess import InProcess
from support.leaves import any_case, fragment, v6, within
from support.pdns import Pdns
from support.ptrd import BUILD, Client, Ptrd, Store
from support.twins import below, query_wire, whole

CHAIN, NARROW, EXACT, EXACT_V6 = "chain.example", "narrow.example", "exact.example", "4.0.0.0.f.f.f.3.ip6.arpa"
SIGNED = [*leaves.SIGNED, "dyn.isp.example", CHAIN, NARROW, EXACT, EXACT_V6]
DEEP = f"x.{v6('2001:db8::11')}"


def explicit_zone(name):
    """A zone of explicit records alone, with what Lua might take for something else."""
    return rf"""
  - name: {name}
    metadata: {{ALLOW-AXFR-FROM: [127.0.0.1]}}
    records:
      - {{name: "7", type: A, content: 192.0.2.7}}
      - {{name: number, type: CNAME, content: "7"}}
      - {{name: hex, type: CNAME, content: "0x1f"}}
      - {{name: inf, type: PTR, content: inf}}
      - {{name: escaped, type: CNAME, content: 'a\.b.chain.example'}}
      - {{name: a.b.c, type: TXT, content: '"say \"it\"" "\200\\"'}}
      - {{name: 'quo\034te', type: TXT, content: '"owner"'}}
      - {{name: "*.wild", type: MX, content: 10 mail.isp.example}}
      - {{name: "star.*.middle", type: TXT, content: '"below a star"'}}
      - {{name: cut, type: NS, content: ns.cut.{name}}}
      - {{name: ns.cut, type: A, content: 192.0.2.99}}
      - {{name: secure, type: NS, content: ns.customer.example}}
      - {{name: secure, type: DS, content: 12345 13 2 {leaves.DIGEST}}}
      - {{name: moved, type: DNAME, content: wild.{name}}}
      - {{name: flat, type: ALIAS, content: 7.{name}}}
      - {{name: svc, type: HTTPS, content: "1 . alpn=h2"}}
      - {{name: odd, type: TYPE65400, content: '\# 3 010203'}}
      - {{name: caa, type: CAA, content: '0 issue "ca.example"'}}"""


# Beside what support.leaves has: chains of three kinds, prefixes off the boundaries of labels, zones as deep as an address's
# name and deeper, and what may stand below such a name.
ZONES = "".join(explicit_zone(name) for name in (CHAIN, NARROW, EXACT)) + f"""
  - name: "{DEEP}"
  - prefix: 3fff:4::/32
    records:
      - {{name: "{within("3fff:4::1", 10)}", type: PTR, content: one.isp.example}}
      - {{name: "*.1.0.0.0", type: PTR, content: wild.isp.example}}
      - {{name: "2.0.0.0", type: NS, content: ns.customer.example}}
  - {{prefix: 3fff:40::/27}}
  - {{prefix: 198.18.2.0/23}}
  - prefix: 198.19.0.0/24
    records:
      - {{name: x.9, type: TXT, content: '"below a generated one"'}}
      - {{name: y.9, type: NS, content: ns.customer.example}}
      - {{name: z.9, type: DNAME, content: elsewhere.example}}
      - {{name: "*.10", type: TXT, content: '"wild below"'}}
      - {{name: x.200, type: TXT, content: '"below an absent one"'}}
      - {{name: "11", type: ALIAS, content: www.elsewhere.example}}
      - {{name: "201", type: ALIAS, content: www.elsewhere.example}}
  - {{name: 77.0.19.198.in-addr.arpa}}
  - prefix: 3fff:5::/32
    records:
      - {{name: "y.{within("3fff:5::1", 10)}", type: NS, content: ns.customer.example}}
      - {{name: "z.{within("3fff:5::2", 10)}", type: DNAME, content: elsewhere.example}}
      - {{name: "*.{within("3fff:5::3", 10)}", type: CNAME, content: www.elsewhere.example}}
      - {{name: "x.{within("3fff:5:1::4", 10)}", type: TXT, content: '"below an absent one"'}}
      - {{name: "x.y.{within("3fff:5:1::5", 10)}", type: TXT, content: '"below an absent one"'}}
      - {{name: "{within("3fff:5::6", 10)}", type: ALIAS, content: www.elsewhere.example}}
      - {{name: "*.{within("3fff:5:1::70", 10)[2:]}", type: TXT, content: '"at one nibble"'}}
"""
BLOCKS = """
  - {prefix: 3fff:40::/27, name: "{ip}.dyn.isp.example"}
  - {prefix: 3fff:41::/32, name: none}
  - {prefix: 198.18.2.0/23, name: "{ip}.dyn.isp.example"}
  - {prefix: 198.18.3.128/25, name: none}
  - {prefix: 198.19.0.0/25, name: "{ip}.dyn.isp.example"}
  - {prefix: 3fff:5::/32, name: "{ip}.dyn.isp.example"}
  - {prefix: 3fff:5:1::/48, name: none}
  - {prefix: 3fff:5:2::/48, name: none}
"""
ALL_ZONES = leaves.ZONES.replace("\nblocks:\n", ZONES + "\nblocks:" + BLOCKS, 1)
CLASSLESS = {"64/26.113.0.203.in-addr.arpa.": "203.0.113.64/26", "low.isp.example.": "203.0.113.192/28"}
PREFIXES = [*(prefix for prefix, _ in leaves.PREFIXES), "3fff:4::/112", "3fff:4:1::/48", "3fff:4:2::/48", "3fff:40::/27",
            "3fff:41::/32", "198.18.2.0/23", "198.18.3.128/25", "198.19.0.0/24", "3fff:5::/112", "3fff:5:1::/48",
            "3fff:5:1::/120", "3fff:5:2::/48", "198.19.1.0/24", "203.0.113.0/24"]


# --- which names are leaves -------------------------------------------------------------------------------------------

def above(text):
    """The names above a name, in its zone's text form with the final dot."""
    while "." in text[:-1]:
        text = text.split(".", 1)[1]
        yield text


def plain(name):
    """Lower case text with the final dot; labels with dots in them do not meet others."""
    return name.to_text().lower()


class Zones:
    """What the zones hold, from their lists: an oracle of which names are leaves that shares nothing with ptrd's own."""

    def __init__(self, client):
        client.wait_long()
        self.owners, self.cuts, self.dnames, self.signed, self.explicit = set(), set(), set(), set(), []
        self.apexes = {zone["zone"] for zone in client.call("getAllDomains", include_disabled=True)}
        self.blocks = [(ipaddress.ip_network(prefix), name != "none") for prefix, name in
                       re.findall(r'- \{prefix: "?([0-9a-f:./]+)"?, name: ("[^"]+"|none)', ALL_ZONES.split("\nblocks:")[1])]
        for apex in sorted(self.apexes):
            self._take(apex, client)
        self.existing = self.owners | {name for owner in self.owners for name in above(owner)}
        self.classless = {apex: ipaddress.ip_network(prefix) for apex, prefix in CLASSLESS.items()}

    def _take(self, apex, client):
        number = client.call("getDomainInfo", name=apex)["id"]
        keys = client.call("getDomainKeys", name=apex)
        if any(key["active"] for key in keys or []):
            self.signed.add(apex)
        for row in client.call("list", zonename=apex, domain_id=number, include_disabled=False):
            owner = row["qname"].lower()
            owner = owner if owner.endswith(".") else owner + "."
            if "dyn.isp.example" in (row["content"] if row["qtype"] == "PTR" else owner) and row["qtype"] in ("PTR", "A", "AAAA"):
                continue            # generated: the blocks say so
            if "\\" in owner:
                owner = plain(dns.name.from_text(owner))
            self.owners.add(owner)
            if row["qtype"] and owner not in self.explicit[-1:]:
                self.explicit.append(owner)
            if row["qtype"] == "NS" and owner != apex:
                self.cuts.add(owner)
            if row["qtype"] == "DNAME":
                self.dnames.add(owner)

    def zone_of(self, text):
        return next((name for name in (text, *above(text)) if name in self.apexes), None)

    def network(self, text):
        """The addresses of a reverse name, full or not, or None."""
        *labels, domain, arpa = text[:-1].split(".") if text.count(".") > 2 else (None, None)
        if arpa != "arpa" or domain not in ("ip6", "in-addr"):
            return None
        labels.reverse()
        if domain == "ip6" and len(labels) <= 32 and all(re.fullmatch("[0-9a-f]", label) for label in labels):
            return ipaddress.IPv6Network((int("".join(labels).ljust(32, "0"), 16), 4 * len(labels)))
        if domain == "in-addr" and len(labels) <= 4 and all(re.fullmatch("0|[1-9][0-9]{0,2}", label) and int(label) < 256
                                                             for label in labels):
            octets = [int(label) for label in labels]
            return ipaddress.IPv4Network((int.from_bytes(bytes(octets + [0] * (4 - len(octets)))), 8 * len(octets)))
        return None

    def address(self, text, mode):
        """The whole name of an address of a family that the mode takes: its network, or None."""
        label, _, rest = text.partition(".")
        if rest in self.classless and re.fullmatch("0|[1-9][0-9]{0,2}", label):
            home = self.classless[rest]
            address = home.network_address.packed[:3] + bytes([int(label)]) if int(label) < 256 else None
            found = ipaddress.ip_network(address) if address and ipaddress.ip_address(address) in home else None
        else:
            found = self.network(text)
        wanted = {"off": (), "ipv6": (6,), "all": (4, 6)}[mode]
        return found if found is not None and found.num_addresses == 1 and found.version in wanted else None

    def generates(self, network):
        """Does any address of it have a generated name?"""
        same = [(block, has) for block, has in self.blocks if block.version == network.version]
        if any(has and block.subnet_of(network) for block, has in same):
            return True
        holding = [(block.prefixlen, has) for block, has in same if network.subnet_of(block)]
        return bool(holding) and max(holding)[1]

    def exists(self, text):
        network = self.network(text)
        return text in self.existing or (network is not None and self.generates(network))

    def is_covered(self, text):
        encloser = next(name for name in above(text) if self.exists(name))
        return "*." + encloser in self.existing

    def is_leaf(self, text, mode):
        zone, address = self.zone_of(text), self.address(text, mode)
        if zone is None or address is None or text == zone or zone in self.signed:
            return False
        for name in (text, *above(text)):
            if name == zone:
                break
            if name in self.cuts or name in self.dnames:
                return False
        return self.has(text) or not self.is_covered(text)

    def has(self, text):
        """Does the whole name of an address exist, an RFC 2317 one too?"""
        return text in self.existing or self.generates(self.address(text, "all"))


class Leaves:
    """The leaves of one mode, and what an answer that met one must be."""

    def __init__(self, zones, mode, soa_of):
        self.zones, self.mode, self.soa_of, self.known = zones, mode, soa_of, {}

    def is_leaf(self, text):
        if text not in self.known:
            self.known[text] = self.zones.is_leaf(text, self.mode)
        return self.known[text]

    def above(self, text, rdtype):
        """The leaf of its own zone that a name is or lies below, or None. A label with an escaped dot in it is one label."""
        if self.mode == "off":
            return None
        text = re.sub(r"\\\\|\\\.", "_", text)
        zone, names = self.zones.zone_of(text), [text, *above(text)]
        if rdtype == "DS" and zone == text:     # the zone above is asked
            names, zone = names[1:], self.zones.zone_of(names[1])
        return next((name for name in names[:names.index(zone)] if self.is_leaf(name)), None) if zone else None

    def allowed(self, question, safe):
        """(what the answer must be where safe mode says `safe`, in which ways it differs)."""
        text, rdtype, (code, flags, answer, authority, *rest) = plain(question.name), question.rdtype, safe
        if rdtype == "SOA" and self.above(text, rdtype) == text:
            answer = []         # a SOA at the name itself goes before a CNAME
        end = end_of_chain(text, answer)
        leaf = self.above(end, rdtype)
        if leaf is None or (rdtype == "DS" and leaf == end):    # a DS is of the zone above, in which there are no leaves
            return safe, []
        soa = f"{leaf} {self.soa_of(self.zones.zone_of(leaf))}"
        if rdtype == "ANY" and text != end == leaf and not self.zones.has(end):
            # PowerDNS does not tell, for ANY, that the target of a CNAME does not exist; that it has no records it tells
            return (code, flags, answer, [negative(soa)], *rest), ["NODATA for NXDOMAIN"]
        if (leaf == text and rdtype == "SOA") or (leaf == end and rdtype == "ANY" and code == "NOERROR"):
            return ("NOERROR", flags, sorted([*answer, soa]), [], *rest), ["SOA answered" if rdtype == "SOA" else "ANY with SOA"]
        if [line.split()[3] for line in authority] != ["soa"]:
            return safe, []
        ways = ["owner of the SOA"]
        if leaf == end and code == "NXDOMAIN":
            code = "NOERROR"
            ways.append("NODATA for NXDOMAIN")
        return (code, flags, answer, [" ".join([leaf, *authority[0].split(" ")[1:]])], *rest), ways


def negative(soa):
    """A SOA as it stands in negative answers: its TTL is at most its last field (RFC 2308 3)."""
    owner, ttl, *words = soa.split(" ")
    return " ".join([owner, str(min(int(ttl), int(words[-1]))), *words])


def end_of_chain(text, answer):
    """Where the CNAMEs of an answer lead to."""
    targets = {words[0]: words[4] for words in (line.split(" ", 4) for line in answer) if words[3] == "cname"}
    while text in targets:
        text = targets.pop(text)
    return text


# --- the servers ------------------------------------------------------------------------------------------------------

# caches of answers off, so that all is asked; hostile octets reach the backends
SETTINGS = {"cache-ttl": 0, "dname-processing": "yes", "8bit-dns": "yes", "remote-dnssec": "yes"}
NO_ZONE_CACHE = {"zone-cache-refresh-interval": 0}
INSIDE_LEAVES = {**NO_ZONE_CACHE, "zone-metadata-cache-ttl": 0, "cache-ttl": 0}     # as pdns-in-process.conf says; that what does not exist is kept for a minute is left out


# {mode: what it is compared to}; a name ends with the kind of leaves. unsigned: as if no zone had keys (remote-dnssec=no)
MODES = {"safe-pipe": "safe", "safe-no-zone-cache": "safe", "fast-ipv6": "safe", "fast-all": "safe", "inside": "safe",
         "inside-ipv6": "safe", "inside-all": "safe", "front": "safe", "fast-unsigned-all": "safe-unsigned"}


class Modes(contextlib.ExitStack):
    """servers: {mode: Server}; leaves: {mode: Leaves}."""

    def __init__(self, directory):
        super().__init__()
        self.store, self.soas = Store(directory / "db").load(ALL_ZONES), {}
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        ptrds = {mode: self.enter_context(Ptrd(self.store.dir, args=["--leaf", mode])) for mode in ("off", "ipv6", "all")}
        self.sockets = {mode: ptrd.socket for mode, ptrd in ptrds.items()}
        safe = self.enter_context(Pdns(self.sockets["off"], {**fragment("pdns-safe.conf"), **SETTINGS}))
        safe.pdnsutil("secure-zone", *SIGNED)
        safe.pdnsutil("set-nsec3", CHAIN, "1 1 2 abcd")
        for zone in (NARROW, leaves.SIGNED[0]):
            safe.pdnsutil("set-nsec3", zone, "1 0 0 -", "narrow")
        safe.control("purge")
        self.safe_port = safe.port
        self.servers = {"safe": safe, **{name: self.enter_context(make()) for name, make in self._makers().items()}}
        with Client(self.sockets["off"]) as client:
            self.zones = Zones(client)
        self.leaves = {name: Leaves(self.zones, self.mode_of(name), self.soa_of) for name in self.servers}

    def _makers(self):
        fast = {**fragment("pdns-fast.conf"), **SETTINGS}
        pipe = {**fragment("pdns-safe.conf"), **SETTINGS,
                "remote-connection-string": f"pipe:command={BUILD.resolve() / 'ptrd'} --stdio --db {self.store.dir},timeout=0"}
        unsigned = {"remote-dnssec": "no"}
        return {
            "safe-unsigned": lambda: Pdns(self.sockets["off"], {**fragment("pdns-safe.conf"), **SETTINGS, **unsigned}),
            "safe-pipe": lambda: Pdns("", pipe),
            "safe-no-zone-cache": lambda: Pdns(self.sockets["off"], {**fragment("pdns-safe.conf"), **SETTINGS, **NO_ZONE_CACHE}),
            "fast-ipv6": lambda: Pdns(self.sockets["ipv6"], fast),
            "fast-all": lambda: Pdns(self.sockets["all"], fast),
            "fast-unsigned-all": lambda: Pdns(self.sockets["all"], {**fast, **unsigned}),
            "inside": lambda: InProcess(self.store.dir, self.sockets["off"], SETTINGS),
            "front": lambda: Dnsdist(self.safe_port, self.store.dir, udp_threads=2),
            "inside-ipv6": lambda: self._inside_leaves("ipv6"),
            "inside-all": lambda: self._inside_leaves("all"),
        }

    def _inside_leaves(self, mode):
        return InProcess(self.store.dir, self.sockets[mode], {**SETTINGS, **INSIDE_LEAVES}, leaf=mode)

    @staticmethod
    def mode_of(name):
        return name.rpartition("-")[2] if name.endswith(("-ipv6", "-all")) else "off"

    def soa_of(self, zone):
        if zone not in self.soas:
            [soa] = self.servers["safe"].ask(zone, "SOA").answer
            self.soas[zone] = f"{soa.ttl} in soa {soa[0].to_text()}".lower()
        return self.soas[zone]


# --- questions --------------------------------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Question:
    kind: str
    name: dns.name.Name
    rdtype: str
    form: str           # "bare": no EDNS, "edns", "do"

    def wire(self):
        return query_wire(self.name, self.rdtype, {"bare": None, "edns": False, "do": True}[self.form])


TYPES = ["PTR", "PTR", "PTR", "A", "AAAA", "ANY", "ANY", "SOA", "SOA", "NS", "DS", "TXT", "CNAME", "MX", "DNSKEY", "RRSIG", "NSEC",
         "NSEC3PARAM", "DNAME", "HINFO", "HTTPS", "TYPE65401", "CDS", "SRV", "LOC", "TYPE65400", "TYPE65281", "TYPE0", "TYPE65535"]
HOSTILE = [b"x", b"*", b"0", b"00", b"g", b"f", b"F", b"\x00", b"a b", b"\xff", b"a.b", b"-", b"_dmarc", b"y" * 63, b"\\", b'"',
           b"64/26", b"256", b"005", b"12345", b"xn--a", b"\x7f\x01"]


def host(rng, prefix=None):
    network = ipaddress.ip_network(prefix or rng.choice(PREFIXES))
    return dns.name.from_text(network[rng.randrange(network.num_addresses)].reverse_pointer)


def put(rng, name, at, label):
    labels = list(name.labels)
    labels[at] = label
    with contextlib.suppress(dns.name.NameTooLong):
        return dns.name.Name(labels)
    return name


def longest(rng, name):
    """255 octets in all: labels of 63 until there is room for one more only."""
    labels, room = list(name.labels), 255 - sum(len(label) + 1 for label in name.labels)
    while room > 1:
        size = min(63, room - 1)
        size -= room - 1 - size == 1            # one octet alone is no label
        labels.insert(0, bytes(rng.choice(b"abcdef0123456789-") for _ in range(size)))
        room -= size + 1
    return dns.name.Name(labels)


def strange(rng, zones):
    """A name of an address with something in it that belongs into none."""
    name = host(rng)
    inner = rng.randrange(len(name.labels) - 3)
    return rng.choice([
        lambda: put(rng, name, inner, rng.choice(HOSTILE)),
        lambda: put(rng, name, inner, name.labels[inner] * 2),
        lambda: put(rng, name, inner, b"*"),
        lambda: put(rng, name, len(name.labels) - 2, rng.choice([b"arpa2", b"ARPA", b"example"])),
        lambda: below(*[bytes([rng.choice(b"0123456789abcdef")]) for _ in range(rng.randrange(1, 9))], name) or name,
        lambda: below(rng.choice(HOSTILE), rng.choice(HOSTILE), name) or name,
        lambda: longest(rng, name),
        lambda: longest(rng, dns.name.Name(name.labels[inner:])),
    ])()


def shorter(rng, name):
    """The name or one above it, each as likely."""
    return dns.name.Name(name.labels[rng.randrange(len(name.labels) - 1):])


def absent(rng, zones):
    """At any depth where addresses have no names."""
    prefix = rng.choice(["2001:db8:c::/48", "3fff:41::/32", "3fff:5:1::/48", "3fff:2:8000::/33", "198.51.78.0/24",
                         "2001:db8:3:a000::/52", "198.18.3.128/25"])
    name, count = host(rng, prefix), (128 - 32) // 4 if ":" in prefix else 1
    return dns.name.Name(name.labels[rng.randrange(count):]) if ":" in prefix else name


def forward(rng, zones):
    """Names of addresses, in all spellings."""
    prefix = rng.choice(PREFIXES)
    network = ipaddress.ip_network(prefix)
    address = network[rng.randrange(network.num_addresses)]
    text = address.exploded.replace(":", "-").replace(".", "-")
    text = rng.choice([text] * 4 + [text[1:], "0" + text, text + "-0", text.replace("-", ".", 1), "*." + text, "x." + text])
    return dns.name.from_text(text + rng.choice([".dyn.isp.example"] * 4 + [".isp.example"]))


def explicit(rng, zones):
    return dns.name.from_text(rng.choice(zones.explicit))


def beside(rng, zones):
    """Above, below and beside what is explicit."""
    name = explicit(rng, zones)
    return rng.choice([lambda: below(rng.choice(HOSTILE), name) or name, lambda: shorter(rng, name), lambda: below(b"*", name) or name,
                       lambda: put(rng, name, 0, rng.choice(HOSTILE)) if len(name) > 2 else name,
                       lambda: below(b"a", b"b", name) or name])()


def apex(rng, zones):
    name = dns.name.from_text(rng.choice(sorted(zones.apexes)))
    return rng.choice([lambda: name, lambda: name, lambda: name.parent(), lambda: below(rng.choice(HOSTILE), name) or name])()


def nowhere(rng, zones):
    return rng.choice([lambda: dns.name.from_text(rng.choice([".", "arpa", "ip6.arpa", "in-addr.arpa", "example", "test", "a.b.c.d.test",
                                                              "www.elsewhere.example"])),
                       lambda: host(rng, "3fff:900::/24"), lambda: host(rng, "10.0.0.0/8"), lambda: longest(rng, dns.name.root)])()


KINDS = {
    "address": (4, lambda rng, zones: host(rng)),
    "listed name": (1, lambda rng, zones: dns.name.from_text(rng.choice(leaves.NAMES)[0])),
    "at any depth": (2, lambda rng, zones: shorter(rng, host(rng))),
    "absent at any depth": (2, absent),
    "below an address": (2, lambda rng, zones: below(rng.choice(HOSTILE), host(rng))),
    "explicit": (3, explicit),
    "beside explicit": (2, beside),
    "forward": (2, forward),
    "strange": (2, strange),
    "apex": (1, apex),
    "in no zone": (1, nowhere),
}


def questions(zones, rng, count):
    """In random order: each explicit name, and of each kind its share of count."""
    total, chosen = sum(share for share, _ in KINDS.values()), []
    for owner in zones.explicit:
        name = dns.name.from_text(owner)
        chosen += [("each explicit", name, "ANY"), ("each explicit", name, rng.choice(TYPES))]
    for kind, (share, make) in KINDS.items():
        chosen += [(kind, make(rng, zones), rng.choice(TYPES)) for _ in range(count * share // total)]
    rng.shuffle(chosen)
    return [Question(kind, any_case(rng, name) if rng.random() < 0.5 else name, rdtype, rng.choice(["bare", "edns", "do"]))
            for kind, name, rdtype in chosen]


def for_the_front(zones, rng, count):
    """Questions most of which need no PowerDNS: of unsigned zones, of types that generated and derived names have or do not."""
    types = ["PTR"] * 4 + ["A", "A", "AAAA", "AAAA", "TXT", "MX", "NS", "SOA", "CNAME", "SRV", "TYPE65400"]
    named = [question for question in questions(zones, rng, count)
             if question.kind != "in no zone" and zones.zone_of(plain(question.name)) not in zones.signed]
    return [dataclasses.replace(question, rdtype=rng.choice(types)) for question in named]


def said(wire):
    """All of a reply in lower case, its question and EDNS too; signatures without what is random in them."""
    code, flags, *sections = whole(wire)
    message = dns.message.from_wire(wire)
    lines = [sorted(re.sub(r"( rrsig (\S+ ){8}).*", r"\1", line.lower()) for line in lines) for lines in sections]
    edns = (message.edns, message.ednsflags, message.payload, [str(option) for option in message.options])
    return code, flags, *lines, [str(rrset) for rrset in message.question], edns
