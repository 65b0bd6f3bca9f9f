"""A naive model of what every answer must be, for comparison with the real thing.

Written from the specification alone and from none of the product's code: it enumerates every address of every
block, writes down its generated name, and collects all names that exist. Fit for blocks of some thousand
addresses in all. Names are text, lower case, without a final dot; labels hold no dots or escapes.

    world = World(config)             # config: see class Config
    world.refusals                    # why it must not be loaded: a list of texts, empty when it is fine
    world.lookup("7.100.51.198.in-addr.arpa", "ANY", apex or None)   # rows as the remote backend must give them
    world.answer("a.example", "A")    # rcode and answer section as a resolver must see them
"""
import dataclasses
import ipaddress
import re

ADDRESS_TYPE = {4: "A", 6: "AAAA"}
BITS = {4: 32, 6: 128}
B32 = "0123456789abcdefghijklmnopqrstuv"
HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


@dataclasses.dataclass
class Zone:
    apex: str
    ttl: int = 3600
    forward_auto: bool = False
    ns: tuple = ("ns1.out.test", "ns2.out.test")
    serial: int = 1
    minimum: int = 300
    prefix: str = None      # how it is written, when not by name
    records: list = dataclasses.field(default_factory=list)     # Record
    classless: tuple = None     # (first, last) of the IPv4 prefix of an RFC 2317 zone
    cnames: bool = True         # of an RFC 2317 zone: made in the zone above

    @property
    def reverse(self):
        return bool(self.classless) or within(self.apex, "in-addr.arpa") or within(self.apex, "ip6.arpa")


@dataclasses.dataclass
class Record:
    owner: str
    type: str
    content: str
    ttl: int = None         # None: the zone's


@dataclasses.dataclass
class Block:
    family: int
    first: int
    last: int
    text: str = None        # None: "none"
    ttl: int = 3600
    vars: dict = dataclasses.field(default_factory=dict)
    reverse_external: bool = False
    forward_external: bool = False
    shared_names: bool = False

    @property
    def prefix_len(self):
        size = self.last - self.first + 1
        if size & (size - 1) or self.first % size:
            return None
        return BITS[self.family] - size.bit_length() + 1


@dataclasses.dataclass
class Ptr:
    family: int
    num: int
    names: list
    ttl: int = None         # None: the zone's
    forward: str = None     # auto, none, external; None: unsaid
    written: str = "ptrs"   # where: ptrs, csv, records (of its zone)


@dataclasses.dataclass
class Delegation:
    family: int
    first: int
    length: int             # of the prefix
    ns: tuple
    child: str = None       # RFC 2317: the name that the CNAMEs lead to
    ds: str = None
    ttl: int = None         # None: the zone's
    style: str = None       # how child is written

    @property
    def last(self):
        return self.first + (1 << (BITS[self.family] - self.length)) - 1

    def names(self):
        """The owners of the NS RRsets."""
        if self.child:
            return [self.child]
        step = 8 if self.family == 4 else 4
        bits = BITS[self.family]
        up = -(-self.length // step) * step
        width = 1 << (bits - up)
        return [reverse_name(self.family, num).split(".", (bits - up) // step)[-1]
                for num in range(self.first, self.last + 1, width)]


@dataclasses.dataclass
class Local:
    """What was accepted through PowerDNS. A value is (ttl, contents), or None: deleted."""
    rrsets: dict = dataclasses.field(default_factory=dict)      # (name, type) -> value
    ptrs: dict = dataclasses.field(default_factory=dict)        # (family, num) -> value
    above: dict = dataclasses.field(default_factory=dict)       # as rrsets: what a zone holds of a zone inside it


@dataclasses.dataclass
class Config:
    zones: list             # Zone
    blocks: list
    ptrs: list
    delegations: list = dataclasses.field(default_factory=list)


# --- names and addresses ---------------------------------------------------------------------------------------

def within(name, apex):
    return name == apex or name.endswith("." + apex)


def parents(name):
    """The names above, nearest first."""
    while "." in name:
        name = name.split(".", 1)[1]
        yield name


def address(family, num):
    return ipaddress.IPv4Address(num) if family == 4 else ipaddress.IPv6Address(num)


def reverse_name(family, num):
    if family == 4:
        return ".".join(str(num >> shift & 255) for shift in (0, 8, 16, 24)) + ".in-addr.arpa"
    return ".".join(reversed(f"{num:032x}")) + ".ip6.arpa"


def classless_of(config, family, num):
    """The RFC 2317 zone of ours whose prefix holds the address, or None."""
    return next((zone for zone in config.zones
                 if family == 4 and zone.classless and zone.classless[0] <= num <= zone.classless[1]), None)


def pointer_of(config, family, num):
    """The name at which the PTR of an address stands."""
    zone = classless_of(config, family, num)
    return f"{num & 255}.{zone.apex}" if zone else reverse_name(family, num)


def is_host(name):
    return all(HOST_LABEL.fullmatch(label) for label in name.split("."))


# --- templates -------------------------------------------------------------------------------------------------

def in_base(value, base, width):
    digits = ""
    while value or len(digits) < width:
        digits = B32[value % base] + digits
        value //= base
    return digits


def short_ip6(num):
    """RFC 5952 groups with hyphens; a 0 where the text would begin or end with one."""
    groups = [f"{num >> shift & 0xffff:x}" for shift in range(112, -16, -16)]
    best, at = 1, None
    for i in range(8):
        run = 0
        while i + run < 8 and groups[i + run] == "0":
            run += 1
        if run > best:
            best, at = run, i
    if at is None:
        return "-".join(groups)
    left, right = "-".join(groups[:at]), "-".join(groups[at + best:])
    return f"{left or '0'}--{right or '0'}"


class Unfit(Exception):
    """The template cannot be used for the block."""


def placeholder(word, block, num):
    """The text of {word} for an address of the block."""
    v4 = block.family == 4
    name, _, form = word.partition(":")
    octets = [num >> shift & 255 for shift in (24, 16, 8, 0)]
    if word == "ip" or (v4 and word == "ip:short"):
        return "-".join(map(str, octets)) if v4 else address(6, num).exploded.replace(":", "-")
    if word == "ip:short":
        return short_ip6(num)
    if word == "ip:hex":
        return f"{num:0{BITS[block.family] // 4}x}"
    if word == "ip:b32":
        return in_base(num, 32, 7 if v4 else 26)
    if word == "ip:rev" and v4:
        return "-".join(map(str, reversed(octets)))
    if v4 and name in ("1", "2", "3", "4") and form in ("", "03", "x", "02x"):
        return format(octets[int(name) - 1], form or "d")
    if not v4 and re.fullmatch("g[1-8]", name) and form in ("", "x"):
        return format(num >> (128 - 16 * int(name[1:])) & 0xffff, form or "04x")
    if not v4 and re.fullmatch("n[1-9][0-9]?", word) and int(word[1:]) <= 32:
        return format(num >> (128 - 4 * int(word[1:])) & 15, "x")
    if name == "host" and form in ("", "dec", "b32"):
        base = {"": 16, "dec": 10, "b32": 32}[form]
        return in_base(num - block.first, base, len(in_base(block.last - block.first, base, 1)))
    if re.fullmatch("net/[0-9]+", word) and int(word[4:]) <= BITS[block.family]:
        shift = BITS[block.family] - int(word[4:])
        if block.prefix_len is not None and int(word[4:]) < block.prefix_len:
            raise Unfit(f"{{{word}}}: smaller block")
        count = (block.last >> shift) - (block.first >> shift)
        return in_base((num >> shift) - (block.first >> shift), 16, len(in_base(count, 16, 1)))
    if word in block.vars:
        return block.vars[word].lower()
    raise Unfit(f"{{{word}}}: unknown")


def generate(block, num):
    """g(a) as text, whatever it looks like."""
    return re.sub(r"\{([^}]*)\}", lambda m: placeholder(m[1], block, num), block.text).lower().rstrip(".")


def label_fault(label, literal):
    """Why a generated label is refused; literal: what the operator wrote up to the first placeholder."""
    if not label:
        return "empty label"
    if len(label) > 63:
        return "label too long"
    if not re.fullmatch("[a-z0-9-]+", label):
        return "character"
    if label[0] == "-" or label[-1] == "-":
        return "hyphen at an end"
    if label[2:4] == "--" and not literal.lower().startswith("xn--"):
        return "hyphens in positions 3 and 4"
    return None


def template_literals(text):
    """The fixed beginning of each label."""
    return [re.sub(r"\{.*", "", label) for label in re.sub(r"(\{[^}]*\})", r"\1", text).rstrip(".").split(".")]


# --- the world -------------------------------------------------------------------------------------------------

class World:
    """Everything that exists under a configuration."""

    def __init__(self, config, local=None):
        """local: refusals then say what a load of config alone would not take."""
        self.config = config
        self.local = local or Local()
        self.zones = {zone.apex: zone for zone in config.zones}
        self.refusals = []
        self.generated = {}      # (family, num) -> (name, block)
        self.generated_names = {}    # name -> {family: num}, blocks with `forward: external` left out
        self.rows = {}           # name -> type -> [(content, ttl)]
        self.kinds = {}          # name -> what kinds of things stand there, for choosing questions
        self.above_rows = {}     # the same of what a zone holds at or below the apex of a zone inside it
        self.cuts, self.dnames = set(), set()
        self._collect_explicit()
        self._enumerate()
        self._collect_ptrs()
        self._refuse_explicit()
        if not self.refusals or local:
            self._collect_computed()
            self._collect_ents()

    # which zone

    def zone_of(self, name):
        """The most specific zone that encloses the name, or None."""
        for candidate in (name, *parents(name)):
            if candidate in self.zones:
                return self.zones[candidate]
        return None

    def above(self, zone):
        """The closest zone above, or None."""
        return next((self.zones[p] for p in parents(zone.apex) if p in self.zones), None)

    # cuts

    def rule(self, name):
        """How cuts and DNAMEs of the name's own zone rule it: None, "at cut", "below cut", "below dname"."""
        zone = self.zone_of(name)
        if zone is None:
            return None
        path = [n for n in (name, *parents(name)) if within(n, zone.apex)]
        for node in reversed(path):
            if node in self.cuts:
                return "at cut" if node == name else "below cut"
            if node in self.dnames and node != name:
                return "below dname"
        return None

    def home(self, family, num):
        """The zone that holds the PTR of an address, or None."""
        return classless_of(self.config, family, num) or self.zone_of(reverse_name(family, num))

    def pointer(self, family, num):
        """The name at which the PTR of an address stands."""
        return pointer_of(self.config, family, num)

    def delegated(self, family, num):
        """Is the address in the hands of others?"""
        home = self.home(family, num)
        if home is None:
            return False
        if self.rule(self.pointer(family, num)):
            return True
        return any(d.family == family and d.child and d.first <= num <= d.last and not within(home.apex, d.child)
                   for d in self.config.delegations)

    # blocks

    def _enumerate(self):
        best = {}
        for block in sorted(self.config.blocks, key=lambda b: b.first - b.last):      # larger first
            for num in range(block.first, block.last + 1):
                best[block.family, num] = block
        for block in self.config.blocks:
            self._prove(block)
        if self.refusals and not self.local.rrsets:
            return
        for (family, num), block in best.items():
            served = self.home(family, num) is not None
            if block.text is not None and (served or block.reverse_external) and not self.delegated(family, num):
                self._take(family, num, block)

    def _prove(self, block):
        """One block by itself, its nested blocks' addresses included."""
        seen = {}
        for num in range(block.first, block.last + 1):
            zone = self.home(block.family, num)
            if not block.reverse_external and (zone is None or not zone.reverse):
                self.refusals.append(f"{block}: no reverse zone")
                return
            if block.text is None:
                continue
            fault = self._fault(block, num, seen)
            if fault:
                self.refusals.append(f"{block}: {address(block.family, num)}: {fault}")
                return

    def _fault(self, block, num, seen):
        try:
            name = generate(block, num)
        except Unfit as e:
            return str(e)
        for label, literal in zip(name.split("."), template_literals(block.text)):
            fault = label_fault(label, literal)
            if fault:
                return f"{name}: {fault}"
        if len(name) > 253:
            return "name too long"
        if name in seen:
            return f"{name} is also that of {address(block.family, seen[name])}"
        seen[name] = num
        return None

    def _take(self, family, num, block):
        name = generate(block, num)
        zone = self.zone_of(name)
        if not block.forward_external and (zone is None or zone.reverse):
            self.refusals.append(f"{name} of {address(family, num)}: no forward zone")
        elif not block.forward_external and self.rule(name):
            self.refusals.append(f"{name} of {address(family, num)}: {self.rule(name)}")
        self.generated[family, num] = (name, block)
        for (other_family, other), other_block in self._owners.setdefault(name, []):
            if other_family == family or not (block.shared_names and other_block.shared_names):
                self.refusals.append(f"collision: {name}: {address(family, num)}, {address(other_family, other)}")
        self._owners[name].append(((family, num), block))
        if not block.forward_external:
            self.generated_names.setdefault(name, {})[family] = num

    @property
    def _owners(self):
        return self.__dict__.setdefault("owners", {})

    # explicit

    def _add(self, name, rtype, content, ttl, kind):
        self.rows.setdefault(name, {}).setdefault(rtype, []).append((content, ttl))
        self.kinds.setdefault(name, set()).add(kind)

    def _collect_explicit(self):
        for zone in self.config.zones:
            soa = f"mname.out.test. hostmaster.out.test. {zone.serial} 10800 3600 604800 {zone.minimum}"
            self._add(zone.apex, "SOA", soa, zone.ttl, "apex")
            for host in zone.ns:
                self._add(zone.apex, "NS", host, zone.ttl, "apex")
            for record in zone.records:
                self._collect_record(zone, record, zone.ttl if record.ttl is None else record.ttl)
        for delegation in self.config.delegations:
            self._collect_delegation(delegation)
        self._collect_aliases()
        for table in (self.rows, self.above_rows):
            for types in table.values():
                for rtype, entries in types.items():
                    least = min(ttl for _, ttl in entries)
                    types[rtype] = [(content, least) for content, _ in entries]
        self.source = {name: dict(types) for name, types in self.rows.items()}
        self.source_above = {name: dict(types) for name, types in self.above_rows.items()}
        self._lay_over()
        self._lay_over_above()
        self._collect_cuts()

    def _collect_cuts(self):
        self.cuts = {name for name, types in self.rows.items() if "NS" in types and self.zone_of(name).apex != name}
        self.dnames = {name for name, types in self.rows.items() if "DNAME" in types}

    def _collect_record(self, zone, record, ttl):
        own = self.zone_of(record.owner)
        if own is zone:
            self._add(record.owner, record.type, record.content, ttl, "explicit")
            return
        # what is held above: NS and DS of the cut, addresses at and below it
        if record.type not in ("A", "AAAA") and (record.type not in ("NS", "DS") or record.owner != own.apex):
            self.refusals.append(f"{record.owner} {record.type}: belongs to {own.apex}")
        self.above_rows.setdefault(record.owner, {}).setdefault(record.type, []).append((record.content, ttl))

    def _collect_delegation(self, d):
        for name in d.names():
            zone = self.zone_of(name)
            above = self.above(zone) if zone is not None and zone.apex == name else zone
            if above is None or not above.reverse:
                self.refusals.append(f"delegation {name}: no reverse zone")
                continue
            ttl = above.ttl if d.ttl is None else d.ttl
            for rtype, contents in (("NS", d.ns), ("DS", (d.ds,) if d.ds else ())):
                for content in contents:
                    if zone.apex == name:
                        self.above_rows.setdefault(name, {}).setdefault(rtype, []).append((content, ttl))
                    else:
                        self._add(name, rtype, content, ttl, "explicit")

    def _refuse_overlaps(self):
        """Classless zones, and delegations, each among themselves."""
        for ranges in ([(4, *zone.classless) for zone in self.config.zones if zone.classless],
                       [(d.family, d.first, d.last) for d in self.config.delegations]):
            ranges.sort()
            for one, two in zip(ranges, ranges[1:]):
                if one[0] == two[0] and two[1] <= one[2]:
                    self.refusals.append(f"overlap: {one}, {two}")
        for d in self.config.delegations:
            for zone in self.config.zones:
                if d.family != 4 or not zone.classless or zone.classless[1] < d.first or d.last < zone.classless[0]:
                    continue
                if d.child != zone.apex or zone.classless != (d.first, d.last):
                    self.refusals.append(f"delegation {d}: is not that of our zone {zone.apex}")
            written = {r.owner for zone in self.config.zones for r in zone.records if r.type in ("NS", "DS")}
            for name in d.names():
                if name in written:
                    self.refusals.append(f"delegation {d}: NS at {name}")

    def _collect_aliases(self):
        """The CNAMEs of RFC 2317: of delegated prefixes, and of zones of ours whose parent is ours, once."""
        self._refuse_overlaps()
        self._collect_cuts()
        aliases = {}
        for d in self.config.delegations:
            if d.child and d.child not in self.zones:
                aliases.update({num: (d.child, d.ttl) for num in range(d.first, d.last + 1)})
        for zone in self.config.zones:
            if zone.classless and zone.cnames:
                for num in range(zone.classless[0], zone.classless[1] + 1):
                    name = reverse_name(4, num)
                    if name in self.zones or name not in self.rows and not self.rule(name):      # what is written there stands in front
                        aliases.setdefault(num, (zone.apex, None))
        for num, (child, ttl) in aliases.items():
            name = reverse_name(4, num)
            zone = self.zone_of(name)
            if name in self.zones and not within(zone.apex, child):
                self.refusals.append(f"{name}: a CNAME at the apex of a zone")
            if zone is not None and not within(zone.apex, child):
                self._add(name, "CNAME", f"{num & 255}.{child}", zone.ttl if ttl is None else ttl, "alias")

    def _lay_over(self):
        """Local RRsets stand in front of the source's; a CNAME of either origin has its name alone."""
        rrsets = {key: value for key, value in self.local.rrsets.items() if key[1] != "SOA" or key[0] in self.zones}
        rrsets = {key: self._with_serial(key, value) for key, value in rrsets.items()}
        pointers = {self.pointer(*key) for key, value in self.local.ptrs.items() if value}
        self.local_aliases = {name for (name, rtype), value in rrsets.items() if value and rtype == "CNAME"}
        for name in {name for name, _ in rrsets} | pointers:
            mine = {rtype: value for (owner, rtype), value in rrsets.items() if owner == name}
            live = {rtype: [(content, value[0]) for content in value[1]] for rtype, value in mine.items() if value}
            source = {rtype: rows for rtype, rows in self.rows.get(name, {}).items() if rtype not in mine}
            if "CNAME" in live:
                source = {}
            elif live or name in pointers:
                source.pop("CNAME", None)
            self.rows.pop(name, None)
            if source or live:
                self.rows[name] = {**source, **live}
                self.kinds.setdefault(name, set()).add("local")
            else:
                self.kinds.pop(name, None)

    def _with_serial(self, key, value):
        """A SOA is kept without its serial, which is the zone's."""
        if key[1] != "SOA" or not value:
            return value
        words = value[1][0].split()
        return value[0], [" ".join((*words[:2], str(self.zones[key[0]].serial), *words[3:]))]

    def _lay_over_above(self):
        for (name, rtype), value in self.local.above.items():
            own = self.zone_of(name)
            if own is None or self.above(own) is None or rtype in ("NS", "DS") and name != own.apex:
                continue
            types = self.above_rows.setdefault(name, {})
            types.pop(rtype, None)
            if value:
                types[rtype] = [(content, value[0]) for content in value[1]]

    def _collect_ptrs(self):
        self.ptrs = {}           # (family, num) -> (ttl, [(name, forward)])
        self.source_ptrs = {}    # (family, num) -> (ttl, [name])
        for key, value in self.local.ptrs.items():
            if value and self.home(*key) is not None:
                self.ptrs[key] = (value[0], [(target, None) for target in value[1]])
        for ptr in self.config.ptrs:
            name = self.pointer(ptr.family, ptr.num)
            zone = self.home(ptr.family, ptr.num)
            if zone is None or not zone.reverse:
                self.refusals.append(f"PTR of {address(ptr.family, ptr.num)}: no reverse zone")
                continue
            ttl = zone.ttl if ptr.ttl is None else ptr.ttl
            old_ttl, names = self.source_ptrs.get((ptr.family, ptr.num), (ttl, []))
            self.source_ptrs[ptr.family, ptr.num] = (min(ttl, old_ttl), names + list(ptr.names))
            if (ptr.family, ptr.num) in self.local.ptrs or name in self.local_aliases:
                continue
            if self.delegated(ptr.family, ptr.num):
                self.refusals.append(f"PTR of {address(ptr.family, ptr.num)}: delegated")
            if "CNAME" in self.rows.get(name, {}):
                self.refusals.append(f"{name}: CNAME and PTR")
            old_ttl, targets = self.ptrs.get((ptr.family, ptr.num), (ttl, []))
            self.ptrs[ptr.family, ptr.num] = (min(ttl, old_ttl),
                                              targets + [(target, ptr.forward) for target in ptr.names])

    def _refuse_explicit(self):
        for name in self.above_rows:
            parent = self.above(self.zone_of(name))
            if self._ruler_above(self.zone_of(name), parent) in self.dnames:
                self.refusals.append(f"{name}: below a DNAME")
        for name, types in self.rows.items():
            if "CNAME" in types and (len(types) > 1 or len(types["CNAME"]) > 1):
                self.refusals.append(f"{name}: CNAME and other records")
            if len(types.get("DNAME", ())) > 1:
                self.refusals.append(f"{name}: two DNAMEs")
            if name.startswith("*.") and {"NS", "DNAME"} & set(types):
                self.refusals.append(f"{name}: wildcard")
            if "DS" in types and "NS" not in types:
                self.refusals.append(f"{name}: DS without NS")
            if "DNAME" in types and name in self.cuts:
                self.refusals.append(f"{name}: NS and DNAME")
            if self.rule(name) == "below dname":
                self.refusals.append(f"{name}: below a DNAME")

    # computed

    def _collect_computed(self):
        explicit = {name: set(types) for name, types in self.rows.items()}

        def free(name, rtype):
            return not explicit.get(name, set()) & {rtype, "CNAME"}

        for (family, num), (ttl, targets) in self.ptrs.items():
            for target, _ in targets:
                self._add(self.pointer(family, num), "PTR", target, ttl, "override")
        for (family, num), (name, block) in self.generated.items():
            pointer, rtype = self.pointer(family, num), ADDRESS_TYPE[family]
            if self.zone_of(pointer) and (family, num) not in self.ptrs and free(pointer, "PTR"):
                self._add(pointer, "PTR", name, block.ttl, "reverse")
            if not block.forward_external and self.zone_of(name) and not self.rule(name):
                self.kinds.setdefault(name, set()).add("forward")
                if free(name, rtype):
                    self._add(name, rtype, str(address(family, num)), block.ttl, "forward")
        self.derived = {}        # (name, type) -> [(address, ttl)]
        for (family, num), (ttl, targets) in self.ptrs.items():
            for target, forward in targets:
                if self._derives(target, forward) and free(target, ADDRESS_TYPE[family]):
                    key = (target, ADDRESS_TYPE[family])
                    self.derived.setdefault(key, []).append((str(address(family, num)), ttl))
        for (target, rtype), entries in self.derived.items():
            least = min(ttl for _, ttl in entries)
            for content, _ in entries:
                self._add(target, rtype, content, least, "derived")

    def _derives(self, target, forward):
        zone = self.zone_of(target)
        return (zone is not None and target != zone.apex and is_host(target) and
                target not in self.generated_names and not self.rule(target) and
                (forward == "auto" or (forward is None and zone.forward_auto)))

    def _collect_ents(self):
        self.ents = set()
        for name in self.rows:
            if self.rule(name) != "below dname":
                self._ents_above(name, self.zone_of(name))
        for zone in self.config.zones:
            parent = self.above(zone)
            if parent is not None and not self._ruler_above(zone, parent):
                self._ents_above(zone.apex, parent)

    def _ents_above(self, name, zone):
        if zone is None or name == zone.apex:
            return
        for parent in parents(name):
            if parent == zone.apex:
                return
            if parent not in self.rows:
                self.ents.add(parent)

    def _ruler_above(self, child, parent):
        """The cut or DNAME of the parent's own that stands highest between its apex and the child's, or None."""
        between = [n for n in parents(child.apex) if within(n, parent.apex)]
        return next((n for n in reversed(between) if n in self.dnames or n in self.cuts), None)

    # answers

    def lookup(self, qname, qtype, asked=None):
        """The rows of a lookup; asked: the apex that the zone id names, or None. A row is (type, content, ttl,
        auth); an ENT row is ("", "", None, auth)."""
        own = self.zone_of(qname)
        if own is None:
            return set()
        if asked in self.zones and within(qname, asked) and asked != own.apex:
            return self._lookup_from_above(qname, qtype, asked)
        return self._lookup_own(qname, qtype)

    def _lookup_own(self, qname, qtype):
        rule = self.rule(qname)
        types = self.rows.get(qname, {})
        if rule == "below dname":
            return set()
        if not types:
            return {("", "", None, 0 if rule else 1)} if qname in self.ents and qtype == "ANY" else set()
        return {(rtype, content, ttl, 0 if rule and (rtype, rule) != ("DS", "at cut") else 1)
                for rtype, entries in types.items() if qtype in ("ANY", rtype) for content, ttl in entries}

    def cut_rows(self, zone, rtype):
        """NS or DS of the cut at a zone's apex, as the zone above holds it."""
        held = self.above_rows.get(zone.apex, {})
        if rtype in held or rtype == "DS":
            return held.get(rtype, [])
        return self.rows[zone.apex]["NS"]

    def _lookup_from_above(self, qname, qtype, asked):
        """At the apex of a zone directly below: a cut; below it glue alone."""
        child = own = self.zone_of(qname)
        while self.above(child).apex != asked:
            child = self.above(child)
        rows, ruler = set(), self._ruler_above(child, self.zones[asked])
        if ruler in self.dnames:
            return set()
        if ruler:       # what is held of the cut is occluded by the one above it
            ns = self.rows[ruler]["NS"]
            if qname == child.apex:
                rows = {(rtype, content, ttl, 0) for rtype in ("NS", "DS")
                        for content, ttl in self.above_rows.get(qname, {}).get(rtype, [])}
        else:
            ns = self.cut_rows(child, "NS")
            if qname == child.apex:
                rows = {(rtype, content, ttl, int(rtype == "DS")) for rtype in ("NS", "DS")
                        for content, ttl in self.cut_rows(child, rtype)}
        held = self.above_rows.get(qname, {}) if child is own else {}
        rows |= {(rtype, content, ttl, 0) for rtype in ("A", "AAAA") for content, ttl in held.get(rtype, [])}
        if qname in {host.rstrip(".").lower() for host, _ in ns}:
            rows |= {(rtype, content, ttl, 0) for rtype, content, ttl, _ in self._lookup_own(qname, "ANY")
                     if rtype in ("A", "AAAA") and rtype not in held}
        return {row for row in rows if qtype in ("ANY", row[0])}

    def list(self, zone):
        """A whole zone: [(name, row of lookup)] of every name that it answers for, cuts and glue included."""
        names = {name for name in (*self.rows, *self.ents) if self.zone_of(name) is zone}
        for child in (other for other in self.config.zones if self.above(other) is zone):
            # what is held above at and below the child's apex, and the targets of its NS
            names |= {name for name in self.above_rows if within(name, child.apex)}
            hosts = {host for host, _ in self.cut_rows(child, "NS")}
            ruler = self._ruler_above(child, zone)
            hosts |= {host for host, _ in self.rows[ruler].get("NS", ())} if ruler else set()
            names |= {child.apex, *(host.rstrip(".").lower() for host in hosts)}
            names = {name for name in names if within(name, zone.apex)}
        return [(name, row) for name in sorted(names) for row in self.lookup(name, "ANY", zone.apex)]

    def exists(self, name):
        return name in self.rows or name in self.ents

    def answer(self, qname, qtype):
        """(rcode, {(type, content, ttl)}) of the zone that the name belongs to; of a CNAME, the rcode of where it
        leads to."""
        code, rows = self._answer(qname, qtype)
        target = next((content for rtype, content, _ in rows if rtype == "CNAME" and qtype != "CNAME"), None)
        for _ in range(10):
            if target is None or self.zone_of(target) is None:
                break
            code, more = self._answer(target, qtype)
            target = next((content for rtype, content, _ in more if rtype == "CNAME"), None)
        return code, rows

    def _answer(self, qname, qtype):
        own = self.zone_of(qname)
        if qtype == "DS" and own is not None and qname == own.apex and self.above(own) is not None:
            above = self.lookup(qname, "DS", self.above(own).apex)         # asked of the zone above
            return "NOERROR", {(rtype, content, ttl) for rtype, content, ttl, _ in above}
        if own is None:
            return "REFUSED", set()
        if self.rule(qname) in ("at cut", "below cut"):
            there = self.rows.get(qname, {}).get("DS", []) if self.rule(qname) == "at cut" and qtype == "DS" else []
            return "NOERROR", {("DS", content, ttl) for content, ttl in there}
        types = self.rows.get(qname) if self.exists(qname) else self._wildcard(qname, own)
        if types is None and not self.exists(qname):
            return "NXDOMAIN", set()
        types = types or {}
        wanted = "CNAME" if "CNAME" in types else qtype
        return "NOERROR", {(wanted, content, ttl) for content, ttl in types.get(wanted, [])}

    def _wildcard(self, qname, own):
        """The records of the wildcard that covers an absent name (RFC 4592), {} for an ENT, None."""
        for parent in parents(qname):
            wildcard = "*." + parent
            if self.exists(wildcard):
                return self.rows.get(wildcard, {})
            if self.exists(parent) or parent == own.apex:
                return None
        return None

    def content(self, zone):
        """All that the zone answers but its serial: to be compared between two worlds."""
        found = {(name, rtype, content, ttl) for name, types in self.rows.items() if self.zone_of(name) is zone
                 for rtype, entries in types.items() for content, ttl in entries if rtype != "SOA"}
        found = {row for row in found if self.rule(row[0]) != "below dname"}
        for child in (z for z in self.config.zones if self.above(z) is zone):
            found |= {(child.apex, *row) for row in self.lookup(child.apex, "ANY", zone.apex)}
            for host, _ in self.cut_rows(child, "NS"):
                found |= {(host, *row) for row in self.lookup(host, "ANY", zone.apex) if within(host, child.apex)}
        (soa, ttl), = self.rows[zone.apex]["SOA"]
        found.add((zone.apex, "SOA", *(word for i, word in enumerate(soa.split()) if i != 2), ttl))
        return found

    # findings of `check`

    def has_finding_error(self):
        """`check` must report an error: something explicit disagrees with a generated name."""
        for (family, num), (name, block) in self.generated.items():
            types = self.rows.get(name, {})
            kinds = self.kinds.get(name, set())
            if block.forward_external or "explicit" not in kinds:
                continue
            there = {content for content, _ in types.get(ADDRESS_TYPE[family], [])}
            if "CNAME" in types or there != {str(address(family, num))}:
                return True
        for zone in self.config.zones:
            for num in range(zone.classless[0], zone.classless[1] + 1) if zone.classless and zone.cnames else ():
                name = reverse_name(4, num)
                if not within(self.zone_of(name).apex if self.zone_of(name) else zone.apex, zone.apex) and \
                        not self.rule(name) and "CNAME" not in self.rows[name]:
                    return True     # stands in the place of the CNAME to the PTR
        return any(forward != "external" and self.takes_generated_name(family, num, target)
                   for (family, num), (_, targets) in self.ptrs.items() for target, forward in targets)

    def takes_generated_name(self, family, num, target):
        """A PTR whose target is the generated name of another address, of either family, and does not lead back."""
        generated = self.generated_names.get(target, {})
        if not generated or family in generated:
            return generated.get(family, num) != num
        there = {content for content, _ in self.rows.get(target, {}).get(ADDRESS_TYPE[family], [])}
        return str(address(family, num)) not in there
