"""The zones of the signed tests, what every answer of them must be, and names to ask for.

    world = SignedWorld(ds)            # ds(apex): the DS content of a customer's signed zone
    zones_file(world.config)           # for ptrctl load
    world.expect("7.5.18.198.in-addr.arpa", "PTR")   # Expected
    world.groups(rng, 60)              # {zone kind or placeholder form: [(name, type)]}

Two models (support.model): OURS, behind pdns_server, and the CUSTOMERS' zones below it, which are served elsewhere. Beside
them a whole /32, which is too large to enumerate (class Wide)."""
import dataclasses
import ipaddress
import re

from support.model import (BITS, Block, Config, Delegation, Ptr, Record, World, Zone, address, parents, reverse_name, within)
from support.model_random import mutated, valid

OURS, CUSTOMER, ROOT = "127.1.54.1", "127.1.54.2", "127.1.54.3"
V4_FORMS = ("{ip}", "{ip:short}", "{ip:hex}", "{ip:b32}", "{ip:rev}", "{4}.{3}", "{4:03}-{3:x}", "{host}", "{host:dec}.{net/28}",
            "{host:b32}", "{pop}-{4:02x}")
V6_FORMS = ("{ip}", "{ip:short}", "{ip:hex}", "{ip:b32}", "{g8}", "{n32}.{n31}.{n30}.{n29}", "{host}", "{host:dec}",
            "{host:b32}.{pop}", "{net/124}-{n32}", "{g8:x}.{g7}.{g6}")
V4, V4_SIGNED, V4_UNSIGNED = "18.198.in-addr.arpa", "16.18.198.in-addr.arpa", "17.18.198.in-addr.arpa"
V4_PLAIN, V4_CLASSLESS = "7.19.198.in-addr.arpa", "64-127.40.18.198.in-addr.arpa"
V6 = "a.0.0.0.f.f.f.3.ip6.arpa"
V6_SIGNED, V6_UNSIGNED, V6_UNSIGNED_NEAR = f"1.0.0.0.{V6}", f"2.0.0.0.{V6}", f"7.{V6}"
ISP, DYN, OLD, PLAIN, OPT = "isp.example", "dyn.isp.example", "old.isp.example", "plain.example", "opt.example"
WIDE, WIDE_V6 = "wide.isp.example", "b.0.0.0.f.f.f.3.ip6.arpa"
UNSIGNED = {V4_UNSIGNED, V6_UNSIGNED, V6_UNSIGNED_NEAR, OLD}
# Denied by exact chains: no blocks, nothing derived.
EXPLICIT = (PLAIN, OPT, V4_PLAIN)
NS = f"ns1.{ISP}"


@dataclasses.dataclass
class Expected:
    rcode: str
    rows: set           # (type, content) at the name asked for
    secure: bool        # None: an opt-out NSEC3 record may stand for it, which is no proof (RFC 5155 9.2)
    zone: str
    cut: bool = False   # a referral is on the way


def v4(text):
    return int(ipaddress.IPv4Address(text))


def v6(text):
    return int(ipaddress.IPv6Address(text))


# --- the zones --------------------------------------------------------------------------------------------------------

def _explicit_records(apex, secure_ds):
    """Every kind of explicit name. secure_ds: of the customer's signed zone."""
    kinds = [("www", "A", "192.0.2.1"), ("www", "TXT", '"w"'), ("alias", "CNAME", f"www.{apex}"),
             ("far", "CNAME", f"{generated_name(4, v4('198.18.18.1'))}"), ("x.ent.deep", "TXT", '"deep"'),
             ("*.wild", "A", "192.0.2.2"), ("*.wild", "MX", f"10 www.{apex}"), ("host.wild", "TXT", '"hidden"'),
             ("*.alias-wild", "CNAME", f"www.{apex}"), ("*.b.wild", "TXT", '"b"'),
             ("moved", "DNAME", f"target.{apex}"), ("in.target", "A", "192.0.2.3"), ("mx", "MX", f"10 www.{apex}"),
             ("mixed-Case", "AAAA", "3fff:1::1"), ("a.b.c.d", "AAAA", "3fff:1::2"), ("_sip._udp", "SRV", f"0 0 5060 www.{apex}"),
             ("ins", "NS", f"ns.ins.{apex}"), ("ns.ins", "A", CUSTOMER), ("y.ins-deep", "NS", f"ns.ins.{apex}"),
             ("sec", "NS", f"ns.sec.{apex}"), ("ns.sec", "A", CUSTOMER), ("sec", "DS", secure_ds)]
    return [Record(f"{label}.{apex}".lower(), rtype, content) for label, rtype, content in kinds]


def _customer_records(apex):
    return [Record(f"ns.{apex}", "A", CUSTOMER), Record(f"www.{apex}", "A", "192.0.2.80"), Record(f"*.w.{apex}", "TXT", '"w"'),
            Record(f"a.ent.{apex}", "TXT", '"a"')]


def _pool(family, index):
    """The first address of form number index: in the zone, but for the first in the zones of ours inside it."""
    if family == 4:
        return v4("198.18.16.0") + (index << 8)
    inside = {0: "3fff:a:1::", 1: "3fff:a:2::", 2: "3fff:a:7000::"}
    return v6(inside[index]) if index in inside else v6("3fff:a:8000:1::") + (index << 64)


def _blocks():
    for family, forms in ((4, V4_FORMS), (6, V6_FORMS)):
        for index, form in enumerate(forms):
            # every other form begins a name with letters of its own, the others stand alone before a label
            prefix, label = (f"f{family}{index}-", "") if index % 2 else ("", f"f{family}{index}.")
            zone = OLD if index == 1 else DYN
            first = _pool(family, index)
            yield Block(family, first, first + 255, f"{prefix}{form}.{label}{zone}", vars={"pop": "ams1"})
            yield Block(family, first + 32, first + 47, None)


def generated_name(family, num):
    """The full form of an address of the third pool, index 2."""
    return f"{num:08x}.f42.{DYN}" if family == 4 else f"{num:032x}.f62.{DYN}"


def _ptrs():
    for family in (4, 6):
        for index in range(11):
            first = _pool(family, index)
            yield Ptr(family, first + 9, [f"mail{index}-{family}.{ISP}"])            # derived: the zone has forward_auto
            yield Ptr(family, first + 11, [f"out{index}.elsewhere.test"])
            yield Ptr(family, first + 33, [f"in-none{index}.{PLAIN}"], forward="none")   # inside the excluded range
    for host in (1, 2, 9, 200):
        yield Ptr(4, v4("198.19.7.0") + host, [f"www.{PLAIN}"])
    yield Ptr(4, v4("198.18.40.70"), [f"classless.{ISP}"])


def _dynamic_records():
    """Explicit records among generated names."""
    one = generated_name(4, v4("198.18.18.5"))
    return [Record(one, "TXT", '"beside"'), Record(f"below.{generated_name(4, v4('198.18.18.6'))}", "TXT", '"below"'),
            Record(generated_name(4, v4("198.18.18.7")), "CNAME", f"www.{PLAIN}"),
            Record(f"*.wild.{DYN}", "A", "192.0.2.7"), Record(f"*.f42.{DYN}", "TXT", '"any"')]


def _customers():
    """{apex: is it signed}."""
    signed = {f"sec.{apex}": True for apex in (PLAIN, OPT, ISP)}
    unsigned = {f"ins.{apex}": False for apex in (PLAIN, OPT, ISP)}
    unsigned.update({f"y.ins-deep.{apex}": False for apex in (PLAIN, OPT, ISP)})
    return {**signed, **unsigned, f"3.0.0.0.{V6}": True, f"4.0.0.0.{V6}": False, "41.18.198.in-addr.arpa": True,
            "42.18.198.in-addr.arpa": False, "128/26.40.18.198.in-addr.arpa": True}


class SignedWorld:
    def __init__(self, ds):
        self.customers = _customers()
        self.config = self._ours(ds)
        self.ours = World(self.config)
        assert not self.ours.refusals, self.ours.refusals
        self.theirs = World(Config([self._customer(apex) for apex in self.customers], [], []))
        self.wide = Wide()
        self.opt_out = set()        # apexes
        self.ds = {}                # {apex of ours: content of its DS}

    @staticmethod
    def signed_customers():
        return [apex for apex, signed in _customers().items() if signed]

    @property
    def signed(self):
        """Apexes of ours that are to be signed."""
        return [zone.apex for zone in self.config.zones if zone.apex not in UNSIGNED] + [WIDE, WIDE_V6]

    def _ours(self, ds):
        zones = [Zone(apex, ns=(NS,), minimum=60) for apex in (V4, V4_SIGNED, V4_UNSIGNED, V4_PLAIN, V6, V6_SIGNED, V6_UNSIGNED,
                                                              V6_UNSIGNED_NEAR, DYN, OLD, PLAIN, OPT)]
        for zone in zones:
            zone.ttl = 300
            if zone.apex in (PLAIN, OPT):
                zone.records = _explicit_records(zone.apex, ds(f"sec.{zone.apex}"))
            if zone.apex == DYN:
                zone.records = _dynamic_records()
            if zone.apex == V4:
                zone.records = [Record(f"*.wild.{V4}", "PTR", f"www.{PLAIN}"), Record(f"64/26.x.{V4}", "TXT", '"x"'),
                                Record(f"_a.{reverse_name(4, v4('198.18.18.77'))}", "TXT", '"below"')]
            if zone.apex == V4_PLAIN:
                zone.records = [Record(f"*.{V4_PLAIN}", "TXT", '"any"'), Record(f"c.{V4_PLAIN}", "CNAME", f"www.{PLAIN}")]
        isp = Zone(ISP, ns=(NS,), ttl=300, minimum=60, forward_auto=True,
                   records=[Record(NS, "A", OURS)] + _explicit_records(ISP, ds(f"sec.{ISP}")))
        classless = Zone(V4_CLASSLESS, ns=(NS,), ttl=300, minimum=60, classless=(v4("198.18.40.64"), v4("198.18.40.127")))
        delegations = [Delegation(6, v6("3fff:a:3::"), 48, (f"ns.sec.{ISP}",), ds=ds(f"3.0.0.0.{V6}")),
                       Delegation(6, v6("3fff:a:4::"), 48, (f"ns.ins.{ISP}",)),
                       Delegation(4, v4("198.18.41.0"), 24, (f"ns.sec.{ISP}",), ds=ds("41.18.198.in-addr.arpa")),
                       Delegation(4, v4("198.18.42.0"), 24, (f"ns.ins.{ISP}",)),
                       Delegation(4, v4("198.18.40.128"), 26, (f"ns.sec.{ISP}",), child="128/26.40.18.198.in-addr.arpa",
                                  style="128/26", ds=ds("128/26.40.18.198.in-addr.arpa"))]
        blocks = list(_blocks()) + [Block(4, v4("198.18.40.64"), v4("198.18.40.95"), f"rfc2317-{{ip}}.{DYN}")]
        return Config([isp, *zones, classless], blocks, list(_ptrs()), delegations)

    @staticmethod
    def _customer(apex):
        number = next((host for host in ("ns.sec", "ns.ins") if apex.endswith("arpa") and
                       (host == "ns.sec") == _customers()[apex]), None)
        host = f"{number}.{ISP}" if number else f"ns.{'ins.' + apex.split('.', 2)[2] if apex.startswith('y.') else apex}"
        records = [Record(f"130.{apex}", "PTR", f"cust.{PLAIN}")] if number else _customer_records(apex)
        return Zone(apex, ns=(host,), ttl=300, minimum=60, records=records)

    def zones_text(self, written):
        """The zones file; written: what support.model_random.zones_file made of the config."""
        return written.replace("zones:\n", "zones:\n" + Wide.ZONES, 1).replace("blocks:\n", "blocks:\n" + Wide.BLOCKS, 1) \
            .replace("ptrs:\n", "ptrs:\n" + Wide.PTRS, 1)

    # corners

    def below_foreign_alias(self, name):
        """Is it below the owner of a CNAME that leads into another zone?"""
        aliases = ((parent, self.ours.rows.get(parent, {}).get("CNAME")) for parent in parents(name))
        return any(rows and self.ours.zone_of(rows[0][0]) is not self.ours.zone_of(parent) for parent, rows in aliases)

    def below_dname(self, name):
        return any(parent in self.ours.dnames for parent in parents(name))

    def below_opted_out_ent(self, name):
        """Is it below an ENT that is in no opt-out chain, as only insecure delegations lie below it?"""
        return any(parent in self.ours.ents and self.ours.zone_of(parent).apex in self.opt_out and
                   all(self.ours.rule(n) and "DS" not in self.ours.rows[n] for n in self.ours.rows if within(n, parent))
                   for parent in parents(name))

    # what must be answered

    def expect(self, name, qtype):
        """What a validating resolver must answer."""
        name, first, secure = name.lower(), None, True
        for _ in range(10):
            step = self._step(name, qtype)
            if first is None:
                first = step
            secure = None if None in (secure, step.secure) and secure is not False and step.secure is not False \
                else bool(secure and step.secure)
            target = next((c for t, c in step.rows if t == "CNAME" and qtype not in ("CNAME", "ANY")), None)
            if target is None:
                return Expected(step.rcode, first.rows, secure, first.zone, first.cut)
            name = target.rstrip(".").lower()
        raise AssertionError(f"CNAMEs of {name}")

    def _step(self, name, qtype):
        if qtype == "DS" and name in self.ds:
            return Expected("NOERROR", {("DS", self.ds[name].lower())}, True, "above " + name)
        if self.wide.holds(name) and (qtype != "DS" or name not in (WIDE, WIDE_V6)):
            return self.wide.expect(name, qtype)
        own, child = self.ours.zone_of(name), self.theirs.zone_of(name)
        if child is not None and (own is None or within(child.apex, own.apex)) and (qtype != "DS" or name != child.apex):
            code, rows = self.theirs.answer(name, qtype)
            secure = self.customers[child.apex] and self.path_signed(own)
            return Expected(code, {row[:2] for row in rows}, secure, child.apex, True)
        if own is None:
            return Expected("NXDOMAIN", set(), True, ".")       # in a zone above ours
        if qtype == "DS" and name == own.apex and self.ours.above(own) is not None:
            own = self.ours.above(own)
        dname = next((n for n in parents(name) if n in self.ours.dnames and within(n, own.apex)), None)
        if dname:
            (target, _), = self.ours.rows[dname]["DNAME"]
            code, rows = "NOERROR", {("CNAME", name[:-len(dname)] + target.rstrip("."))}
        else:
            code, rows = self.ours._answer(name, qtype)
            rows = {row[:2] for row in rows}
        return Expected(code, rows, self._security(own, name, qtype, code, rows), own.apex)

    def path_signed(self, zone):
        return zone.apex not in UNSIGNED

    def _security(self, own, name, qtype, code, rows):
        if not self.path_signed(own):
            return False
        if own.apex in self.opt_out and (not rows and not self.ours.exists(name) or qtype == "DS" and not rows or
                                         self.ours.rows.get(name) is None):
            return None
        return True

    # what to ask

    def groups(self, rng, count):
        """{kind: count questions}, in their order of asking by zone kind, not yet mixed."""
        found = {}
        for family, forms in ((4, V4_FORMS), (6, V6_FORMS)):
            for index, form in enumerate(forms):
                first = _pool(family, index)
                numbers = range(first, first + 256)
                back = [reverse_name(family, num) for num in numbers]
                ahead = [self.ours.generated[family, num][0] for num in numbers if (family, num) in self.ours.generated]
                found[f"IPv{family} {form} reverse"] = self._pick(rng, back, count, BITS[family])
                found[f"IPv{family} {form} forward"] = self._pick(rng, ahead, count, BITS[family])
        for zone in self.config.zones:
            if zone.apex in (*EXPLICIT, ISP, V4_CLASSLESS):
                names = [n for n in self.ours.rows if self.ours.zone_of(n) is zone] + sorted(
                    n for n in self.ours.ents if self.ours.zone_of(n) is zone)
                found[f"zone {zone.apex}"] = self._pick(rng, names, count)
        cuts = [*self.ours.cuts, *self.customers, *(z.apex for z in self.config.zones)]
        cuts += [f"{label}.{apex}" for apex in self.customers for label in ("www", "130", "x.w", "ent", "a.ent", "no", "a.no")]
        found["cuts"] = self._pick(rng, cuts, count, types=("DS", "DS", "NS", "SOA", "A", "TXT"))
        found["labels at the limits"] = [self._hard(rng) for _ in range(count)]
        found["whole /32"] = [q for q in (self.wide.question(rng) for _ in range(count))]
        return found

    def _pick(self, rng, names, count, bits=None, types=("A", "TXT", "MX", "AAAA", "DS", "NS", "PTR", "CNAME", "SRV")):
        """Questions about these names, the ENTs above them, and absent names near and around them."""
        main = {32: "A", 128: "AAAA", None: "A"}[bits]
        names, asked = sorted(names), []
        while len(asked) < count:
            name = rng.choice(names)
            kind = rng.random()
            if kind < 0.35:
                asked.append((name, "PTR" if name.endswith(".arpa") else main))
                continue
            if kind < 0.55:
                pass
            elif kind < 0.65:
                name = rng.choice(list(parents(name))[:8 if name.endswith("ip6.arpa") else 3])
            elif kind < 0.75:
                name = rng.choice(("a", "*", "a.b", "_x", "0", "zz.0.0", "255", "x.y.z.1")) + "." + name
            else:
                name = rng.choice(list(mutated(rng, name)))
            if valid(name) and self.askable(name):
                asked.append((name, rng.choice((*types, "PTR" if name.endswith(".arpa") else main))))
        return asked

    def _hard(self, rng):
        """An absent name whose neighbours in the order are hard to write: at the limits of lengths, or an end that is next to
        letters. Now and then one below it."""
        above = rng.choice([*self.ours.zones, WIDE, WIDE_V6, generated_name(4, v4("198.18.18.5")), f"deep.{PLAIN}",
                            reverse_name(6, v6("3fff:b::7")), reverse_name(6, _pool(6, 3) + 1).split(".", 3)[-1]])
        last = rng.choice(("@", ":", "/", "-", "_", "0", "a", "z", "9"))
        label = rng.choice((last, "x" + last, "x" * 62 + last, "f" * 63, "0" * 63, "z" * 63, "x" * 61 + last))
        name = f"{label}.{above}"
        while rng.random() < 0.4 and len(name) < 252:
            name = rng.choice("az09@") * min(rng.choice((1, 62, 63, 63)), 252 - len(name)) + "." + name
        return (name, rng.choice(("A", "TXT", "DS", "PTR"))) if valid(name) else self._hard(rng)

    def askable(self, name):
        """Ours, or a customer's; names with digits of no meaning above our zones are not."""
        return (self.ours.zone_of(name) is not None or self.wide.holds(name)) and re.fullmatch(r"[a-z0-9_*./-]+", name)


class Wide:
    """A template over a whole /32, with a hole and two explicit PTRs."""

    HOLE = v6("3fff:b:dead::")      # a /48
    OVERRIDES = {v6("3fff:b::25"): f"over.{PLAIN}", v6("3fff:b:dead::25"): f"hole.{PLAIN}"}
    ZONES = "".join(f"  - name: {apex}\n    ttl: 300\n    ns: [{NS}]\n    soa: {{mname: {NS}, rname: h.{ISP}, minimum: 60}}\n"
                    for apex in (WIDE, WIDE_V6))
    BLOCKS = f"  - {{prefix: '3fff:b::/32', name: '{{ip}}.{WIDE}'}}\n  - {{prefix: '3fff:b:dead::/48', name: none}}\n"
    PTRS = "".join(f"  '{address(6, num)}': {{names: [{target}], forward: none}}\n" for num, target in OVERRIDES.items())
    BASE = v6("3fff:b::")

    def holds(self, name):
        return within(name, WIDE) or within(name, WIDE_V6)

    def generates(self, num):
        return num >> 96 == self.BASE >> 96 and num >> 80 != self.HOLE >> 80

    def name_of(self, num):
        return f"{address(6, num).exploded.replace(':', '-')}.{WIDE}"

    def rows(self, name):
        """{type: content} at an existing name, {} for an ENT, None for an absent one."""
        if name in (WIDE, WIDE_V6):
            return {"NS": NS}
        if within(name, WIDE):
            text = name[:-len(WIDE) - 1]
            if not re.fullmatch(r"[0-9a-f]{4}(-[0-9a-f]{4}){7}", text):
                return None
            num = int(text.replace("-", ""), 16)
            return {"AAAA": str(address(6, num))} if self.generates(num) else None
        labels = name[:-len(WIDE_V6) - 1].split(".")
        if len(labels) > 24 or not all(re.fullmatch("[0-9a-f]", label) for label in labels):
            return None
        digits = "3fff000b" + "".join(reversed(labels))
        if len(labels) == 24:
            num = int(digits, 16)
            if num in self.OVERRIDES:
                return {"PTR": self.OVERRIDES[num]}
            return {"PTR": self.name_of(num)} if self.generates(num) else None
        if digits.startswith("3fff000bdead"):
            return {} if any(f"{num:032x}".startswith(digits) for num in self.OVERRIDES) else None
        return {}

    def expect(self, name, qtype):
        rows = self.rows(name)
        zone = WIDE if within(name, WIDE) else WIDE_V6
        if rows is None:
            return Expected("NXDOMAIN", set(), True, zone)
        return Expected("NOERROR", {(qtype, rows[qtype])} if qtype in rows else set(), True, zone)

    def question(self, rng):
        num = self.BASE | rng.getrandbits(96)
        if rng.random() < 0.3:
            num = rng.choice([*self.OVERRIDES, self.HOLE | rng.getrandbits(80)]) ^ (rng.random() < 0.3)
        name = rng.choice((reverse_name(6, num), reverse_name(6, num), self.name_of(num)))
        kind = rng.random()
        if kind > 0.5:
            name = rng.choice((*list(parents(name))[:20 if within(name, WIDE_V6) else 1], f"a.{name}", f"*.{name}", f"0.1.{name}",
                               *mutated(rng, name)))
            if not valid(name) or not self.holds(name):
                return self.question(rng)
        if kind > 0.35:
            return name, rng.choice(("TXT", "MX", "DS", "NS", "A", "PTR", "AAAA"))
        return name, "PTR" if within(name, WIDE_V6) else "AAAA"
