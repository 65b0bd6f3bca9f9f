"""Small random configurations for the naive model, as zones files, and questions that may tell them apart.

    config = random_config(random.Random(seed))
    text, csv = zones_file(config)
    names = questions(world, rng, limit)
"""
import copy
import ipaddress
import json
import re

from support.model import (ADDRESS_TYPE, BITS, Block, Config, Delegation, Ptr, Record, World, Zone, address, parents,
                           pointer_of, reverse_name, within)

V4_BASE = int(address(4, 0xC6336000))       # 198.51.96.0, a /20
V6_BASES = ("2001:db8::", "::", "2001:db8:0:1::", "1:0:0:2::", "2001:db8:0:0:1::", "20:0:0:1:1:1:1:0",
            "2001:db8:1:2:3:4:5:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:0")
V4_FORMS = ("{ip}", "{ip:short}", "{ip:hex}", "{ip:b32}", "{ip:rev}", "{3}-{4}", "{4}.{3}", "{3:03}{4:03}",
            "{3:x}-{4:x}", "{3:02x}{4:02x}", "{4:02x}.{3}.x", "{host}", "{host:dec}", "{host:b32}",
            "{net/26}-{host:b32}", "{host:dec}.{net/28}", "{4}.{3}.{2}.{1}", "{1}-{2}.{3}.{4:03}", "{pop}-{ip}",
            "h{host}.{pop}", "{net/30}.{4}", "{ip}.{4}")
V4_DOUBTFUL = ("{3}{4}", "{4}", "{1}{2}{3}{4}", "{4:x}{3:x}", "{host:dec}{4}", "xn--{3}-{4}", "ab-{3:x}-{4}", "-{ip}",
               "{ip}-", "{net/24}", "{3}-{4:x}.{4}", "{ip}{3}")
V6_FORMS = ("{ip}", "{ip:short}", "{ip:hex}", "{ip:b32}", "{g8}", "{g7:x}-{g8:x}", "{n32}{n31}{n30}{n29}",
            "{n29}.{n30}.{n31}.{n32}", "{host}", "{host:dec}", "{host:b32}", "{net/124}-{n32}", "{net/121}.{host}",
            "{host}.{net/120}", "{g8:x}.{pop}", "{pop}.{g8}", "{ip:short}.s", "{g8:x}.{g7}.{g6}")
V6_DOUBTFUL = ("{n32}", "{n31}{n32}", "{g8:x}{n32}", "x{ip:short}", "{net/126}", "ab-{g8:x}", "{ip}{ip}",
               "{g7:x}{g8:x}")
V4_CLOSE = ("{4}", "{host:dec}", "{3}-{4}", "{4:x}", "1{4}", "{4}1", "{ip}", "198-51-{3}-{4}", "{4:03}")
V6_CLOSE = ("{g8:x}", "{host}", "{ip:short}", "{n31}{n32}", "1{g8:x}", "{g7:x}-{g8:x}", "{g8}")
SUFFIXES = ("dyn.isp.test", "isp.test", "a.b.dyn.isp.test", "cust.test")
OUTSIDE = "else.example"


# --- blocks ----------------------------------------------------------------------------------------------------

def _template(rng, family, close):
    """close: one of few forms under one suffix, so that blocks collide or nearly do."""
    if close and rng.random() < 0.9:
        return f"{rng.choice(V4_CLOSE if family == 4 else V6_CLOSE)}.isp.test"
    forms, doubtful = (V4_FORMS, V4_DOUBTFUL) if family == 4 else (V6_FORMS, V6_DOUBTFUL)
    form = rng.choice(doubtful if rng.random() < 0.07 else forms)
    if rng.random() < 0.6:
        form = rng.choice(("p", "q", "r", "6", "w-", "P")) + form
    if rng.random() < 0.5:
        form += rng.choice(("-a", "b", "x1", "-2"))
    return f"{form}.{rng.choice(SUFFIXES)}"


def _too_small(block, text):
    """{net/N} of a block that is smaller than such a subnet is refused."""
    nets = [int(n) for n in re.findall(r"\{net/(\d+)\}", text)]
    return block.prefix_len is not None and any(n < block.prefix_len for n in nets)


def _block(rng, family, first, last, close):
    block = Block(family, first, last, ttl=rng.choice((60, 600, 3600)))
    text = None if rng.random() < 0.2 else _template(rng, family, close)
    while text and _too_small(block, text) and rng.random() < 0.99:
        text = _template(rng, family, close)
    block.text = text
    if text and "{pop}" in text:
        block.vars["pop"] = rng.choice(("ams1", "FRA", "x-1"))
    if text and rng.random() < 0.06:
        block.forward_external = True
    block.shared_names = rng.random() < 0.3
    return block


def _inside(rng, first, last):
    """Disjoint intervals strictly inside: half of them prefixes."""
    found, at = [], first
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        size = last - at + 1
        if size < 2:
            break
        if rng.random() < 0.5:
            width = 1 << rng.randrange(max(1, size.bit_length() - 1))
            start = -(-rng.randint(at, at + size // 2) // width) * width
        else:
            start = rng.randint(at, last)
            width = rng.randint(1, max(1, (last - start + 1)))
        end = start + width - 1
        if end > last or (start, end) == (first, last):
            continue
        found.append((start, end))
        at = end + 1
    return found


def _nest(rng, family, first, last, depth, blocks, close):
    blocks.append(_block(rng, family, first, last, close))
    if depth:
        for inner in _inside(rng, first, last):
            _nest(rng, family, *inner, depth - 1, blocks, close)


def _blocks(rng, family, base, bits, close):
    blocks, at = [], base
    for _ in range(rng.choice((1, 1, 2, 3))):
        width = 1 << rng.choice((rng.randrange(1, bits), bits - 1))
        start = -(-(at + rng.choice((0, rng.randrange(64)))) // width) * width
        end = start + width - 1
        if rng.random() < 0.3:
            start, end = start + rng.randrange(width // 2 + 1), end - rng.randrange(width // 2)
        if start > end or end >= base + (1 << (bits + 1)):
            break
        _nest(rng, family, start, end, 3, blocks, close)
        at = end + 1
    return blocks


# --- zones -----------------------------------------------------------------------------------------------------

def _zone(rng, apex):
    return Zone(apex, ttl=rng.choice((300, 3600, 7200)), forward_auto=rng.random() < 0.5,
                serial=rng.randrange(1, 1000), minimum=rng.choice((60, 300)),
                ns=("ns1.out.test",) if rng.random() < 0.3 else ("ns1.out.test", "ns2.out.test"))


def _reverse_apexes(rng, family, blocks):
    """Zones that hold the blocks: one wide zone, or one for each octet or nibble pair, or both."""
    step = 8
    wide = set()
    narrow = {(b.family, num >> step) for b in blocks for num in range(b.first, b.last + 1)}
    low = 1 if family == 4 else 2
    for _, index in narrow:
        up = 1 if family == 4 else rng.choice((1, 1, 5))
        wide.add(reverse_name(family, index << step).split(".", low + up)[-1])
    narrow = {reverse_name(family, index << step).split(".", low)[-1] for _, index in narrow}
    choice = rng.random()
    if choice < 0.35:
        return narrow
    if choice < 0.7:
        return wide
    return wide | set(rng.sample(sorted(narrow), rng.randint(1, len(narrow))))


def _child_apexes(rng, names, count):
    """Apexes of zones of ours at and above generated or reverse names, and one label below."""
    found = set()
    for _ in range(count):
        name = rng.choice(names)
        above = [name, *parents(name)][:4]
        found.add(rng.choice(above) if rng.random() < 0.8 else "sub." + name)
    return found


# --- records and PTRs ------------------------------------------------------------------------------------------

def _content(rng, rtype, world):
    if rtype == "A":
        return f"192.0.2.{rng.randrange(4)}"
    if rtype == "AAAA":
        return f"2001:db8:ffff::{rng.randrange(1, 4)}"
    if rtype == "TXT":
        return f'"text {rng.randrange(3)}"'
    if rtype == "MX":
        return f"{rng.randrange(3)} mx.{OUTSIDE}"
    return rng.choice(("alias", "other")) + "." + OUTSIDE


def _owners(rng, world):
    """Names at which something explicit may stand."""
    apex = rng.choice(sorted(world.zones))
    known = rng.choice(sorted(world.rows))
    above = rng.choice([known, *parents(known)])
    label = rng.choice(("www", "*", "_x", "64/26", "a", "mail", "0", "7", "f", "x.y.z", "*.w", "005", "256", "deep.*"))
    return rng.choice((f"{label}.{apex}", f"{label}.{known}", known, known, above, f"{label}.{above}", apex))


def _add_records(rng, config, count):
    world = World(config)
    for _ in range(count):
        owner = _owners(rng, world)
        zone = world.zone_of(owner)
        rtype = rng.choice(("A", "A", "AAAA", "AAAA", "TXT", "MX", "CNAME", "PTR"))
        if zone is None or len(owner) > 250 or (owner == zone.apex and rtype == "CNAME"):
            continue
        if rtype == "PTR" and owner.endswith(".arpa") and rng.random() < 0.8:
            rtype = "TXT"
        content = _content(rng, rtype, world)
        at = world.generated_names.get(owner, {})
        if rtype in ("A", "AAAA") and at and rng.random() < 0.5:
            family = rng.choice(sorted(at))
            rtype, content = ADDRESS_TYPE[family], str(address(family, at[family]))
        there = [r for r in zone.records if r.owner == owner]
        if (any(r.type == "CNAME" or (r.type, r.content) == (rtype, content) for r in there) or
                (there and rtype == "CNAME") or (rtype == "PTR" and _full_reverse(owner))):
            continue
        zone.records.append(Record(owner, rtype, content, rng.choice((None, 30, 900))))


def _full_reverse(name):
    labels = name.split(".")
    return name.endswith(".in-addr.arpa") and len(labels) >= 6 or name.endswith(".ip6.arpa") and len(labels) >= 34


def _target(rng, world, family, num):
    own = world.generated.get((family, num))
    choices = [f"host{rng.randrange(8)}.{rng.choice(sorted(world.zones))}", f"h{rng.randrange(4)}.isp.test",
               f"mail{rng.randrange(5)}.{OUTSIDE}", rng.choice(sorted(world.zones)), f"_sip.isp.test",
               f"x{rng.randrange(3)}.y.z.isp.test"]
    if world.generated_names:
        some = rng.choice(sorted(world.generated_names))
        choices += [some, f"below.{some}", some.split(".", 1)[-1]]
    if own:
        choices.append(own[0])
    explicit = [name for name, kinds in world.kinds.items() if "explicit" in kinds and not set("*/") & set(name)]
    if explicit:
        choices += [rng.choice(sorted(explicit))] * 2
    return rng.choice([c for c in choices if len(c) <= 253])


def _add_ptrs(rng, config, count):
    world = World(config)
    taken = set()
    for _ in range(count):
        block = rng.choice(config.blocks)
        num = rng.randint(block.first, block.last) + rng.choice((0, 0, 0, -1, 1, 300))
        family = block.family
        if num < 0 or num >= 1 << BITS[family] or (family, num) in taken:
            continue
        name = world.pointer(family, num)
        zone = world.home(family, num)
        if zone is None or not zone.reverse or "CNAME" in world.rows.get(name, {}):
            continue
        if world.delegated(family, num) and rng.random() < 0.97:
            continue
        taken.add((family, num))
        targets = sorted({_target(rng, world, family, num) for _ in range(rng.choice((1, 1, 1, 2, 3)))})
        forward = rng.choice((None, None, "auto", "none", "external"))
        ptr = Ptr(family, num, targets, rng.choice((None, 30, 120)), forward)
        if ptr.forward is None:
            ptr.written = rng.choice(("ptrs", "ptrs", "csv", "csv", "records"))
        config.ptrs.append(ptr)


# --- cuts ------------------------------------------------------------------------------------------------------

def _kept(config, undo):
    """Leaves a change out when it makes the configuration one that is refused."""
    if World(config).refusals:
        undo()
        return False
    return True


def _spellings(first, length):
    last = first + (1 << (32 - length)) - 1
    return (f"{first & 255}/{length}", f"{first & 255}-{length}", f"{first & 255}-{last & 255}")


def _parent_name(first):
    """The /24's arpa name."""
    return reverse_name(4, first).split(".", 1)[1]


def _short_prefix(rng, blocks, lengths):
    """A prefix of one of the lengths (of the address's end), near a block."""
    block = rng.choice(blocks)
    width = 1 << rng.choice(lengths)
    first = rng.randint(block.first, block.last) // width * width
    return first, BITS[block.family] - width.bit_length() + 1, block.family


def _add_classless(rng, config):
    mine = [b for b in config.blocks if b.family == 4]
    for _ in range(rng.choice((0, 0, 1, 2)) if mine else 0):
        first, length, _ = _short_prefix(rng, mine, (1, 3, 5, 6, 7))
        apex = f"{rng.choice(_spellings(first, length))}.{_parent_name(first)}"
        if rng.random() < 0.15:
            apex = f"rev{first & 255}.{rng.choice(('cust.test', 'other.test'))}"
        zone = _zone(rng, apex)
        zone.classless = (first, first + (1 << (32 - length)) - 1)
        zone.cnames = rng.random() < 0.8
        config.zones.append(zone)
        _kept(config, lambda z=zone: config.zones.remove(z))


def _add_delegations(rng, config, count):
    for _ in range(count):
        first, length, family = _short_prefix(rng, config.blocks, (0, 1, 2, 4, 5, 6, 8, 9))
        ns = rng.choice((("ns1.cust.example",), ("ns1.cust.example", "ns2.cust.test")))
        d = Delegation(family, first, length, ns, ttl=rng.choice((None, 111)))
        if family == 4 and length > 24 and rng.random() < 0.8:
            d.style = rng.choice(_spellings(first, length))
            d.child = f"{d.style}.{_parent_name(first)}"
        if len(d.names()) == 1 and rng.random() < 0.3:
            d.ds = "12345 13 2 " + "ab" * 32
        config.delegations.append(d)
        _kept(config, lambda d=d: config.delegations.remove(d))


def _add_cuts(rng, config, count):
    """Explicit NS (with glue, DS) and DNAMEs below apexes."""
    for _ in range(count):
        world = World(config)
        owner = _owners(rng, world)
        zone = world.zone_of(owner)
        if zone is None or owner == zone.apex and rng.random() < 0.8 or len(owner) > 200:
            continue
        new = []
        if rng.random() < 0.25:
            new.append(Record(owner, "DNAME", f"target.{OUTSIDE}", rng.choice((None, 77))))
        elif owner != zone.apex:
            host = rng.choice((f"ns.{owner}", owner, "ns9.out.test", f"a.b.{owner}"))
            new.append(Record(owner, "NS", host, rng.choice((None, 77))))
            if rng.random() < 0.4:
                new.append(Record(owner, "DS", "4711 13 2 " + "cd" * 32))
            if host.endswith(owner) and rng.random() < 0.8:
                new.append(Record(host, rng.choice(("A", "AAAA")), ""))
                new[-1].content = "192.0.2.9" if new[-1].type == "A" else "2001:db8:ffff::9"
        before = list(zone.records)
        zone.records += [r for r in new if world.zone_of(r.owner) is zone]
        _kept(config, lambda z=zone, b=before: z.records.__setitem__(slice(None), b))


def _add_above(rng, config, count):
    """What a zone holds at the apex of a zone of ours inside it."""
    world = World(config)
    inner = [z for z in config.zones if world.above(z) is not None]
    for zone in rng.sample(inner, min(count, len(inner))):
        above = world.above(zone)
        before = list(above.records)
        host = rng.choice((f"ns.{zone.apex}", "ns1.out.test", "ns8.out.test", zone.apex))
        if rng.random() < 0.7:
            above.records.append(Record(zone.apex, "NS", host, rng.choice((None, 55))))
            if within(host, zone.apex) and World(config).zone_of(host) is zone:
                above.records.append(Record(host, "A", "192.0.2.8"))
        elif rng.random() < 0.5:
            zone.ns = (f"ns.{zone.apex}", "ns1.out.test")
        if rng.random() < 0.5:
            above.records.append(Record(zone.apex, "DS", "815 13 2 " + "ef" * 32))
        _kept(config, lambda a=above, b=before: a.records.__setitem__(slice(None), b))


def random_config(rng, cuts=None):
    """May be refused: World(config).refusals says so. cuts: with delegations, DNAMEs, RFC 2317 zones and explicit
    NS; None: half of the configurations."""
    cuts = rng.random() < 0.5 if cuts is None else cuts
    close = rng.random() < 0.3
    blocks = _blocks(rng, 4, V4_BASE, rng.choice((5, 8, 9, 10)), close)
    if rng.random() < 0.8:
        base = int(ipaddress.IPv6Address(rng.choice(V6_BASES)))
        blocks += [b for b in _blocks(rng, 6, base, rng.choice((4, 8, 9, 10)), close) if b.last < 1 << 128]
    if not blocks:
        return random_config(rng, cuts)
    zones = [_zone(rng, apex) for apex in ("isp.test", "cust.test")]
    if rng.random() < 0.7:
        zones.append(_zone(rng, "dyn.isp.test"))
    for family in (4, 6):
        mine = [b for b in blocks if b.family == family]
        if not mine:
            continue
        apexes = sorted(_reverse_apexes(rng, family, mine))
        if rng.random() < 0.1:      # parts of the blocks in reverse zones of others
            apexes = rng.sample(apexes, rng.randrange(len(apexes)))
            for block in mine:
                block.reverse_external = rng.random() < 0.95
        zones += [_zone(rng, apex) for apex in apexes]
    config = Config(zones, blocks, [])
    world = World(config)
    if world.refusals:
        return config
    extra = set()
    if world.generated_names:
        extra |= _child_apexes(rng, sorted(world.generated_names), rng.choice((0, 0, 1, 2)))
    reverse = [reverse_name(*key) for key in sorted(world.generated)]
    if any(world.zone_of(name) for name in reverse):
        extra |= _child_apexes(rng, reverse, rng.choice((0, 0, 1, 2)))
    for apex in sorted(extra - set(world.zones)):
        if within(apex, "isp.test") or within(apex, "cust.test") or (apex.endswith(".arpa") and world.zone_of(apex)):
            zones.append(_zone(rng, apex))
    rng.shuffle(zones)
    if cuts:
        _add_classless(rng, config)
        _add_delegations(rng, config, rng.choice((0, 0, 1, 3)))
        _add_cuts(rng, config, rng.choice((0, 1, 4)))
        _add_above(rng, config, rng.choice((0, 1, 3)))
    _add_records(rng, config, rng.choice((0, 5, 20)))
    _add_ptrs(rng, config, rng.choice((0, 5, 20)))
    return config


# --- the file --------------------------------------------------------------------------------------------------

def _flow(**values):
    return "{" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in values.items() if value is not None) + "}"


def _prefix_of(apex):
    """How a reverse zone is written by its prefix, or None."""
    labels = apex.split(".")[:-2][::-1]
    try:
        if apex.endswith(".in-addr.arpa") and len(labels) <= 3:
            num = int.from_bytes([int(label) for label in labels] + [0] * (4 - len(labels)), "big")
            prefix, back = f"{address(4, num)}/{8 * len(labels)}", reverse_name(4, num).split(".", 4 - len(labels))[-1]
        elif apex.endswith(".ip6.arpa") and len(labels) <= 32:
            num = int("".join(labels).ljust(32, "0"), 16)
            prefix, back = f"{address(6, num)}/{4 * len(labels)}", reverse_name(6, num).split(".", 32 - len(labels))[-1]
        else:
            return None
    except ValueError:
        return None     # labels that are no numbers
    return prefix if back == apex else None


def _zone_head(zone):
    if zone.classless:
        first, last = zone.classless
        length = 33 - (last - first + 1).bit_length()
        label, _, parent = zone.apex.partition(".")
        name = label if parent == _parent_name(first) and zone.serial % 2 else zone.apex + "."
        head = f"prefix: {address(4, first)}/{length}\n    zone: {json.dumps(name)}"
        return head if zone.cnames else head + "\n    cnames: no"
    prefix = _prefix_of(zone.apex) if zone.serial % 2 else None
    return f"prefix: {json.dumps(prefix)}" if prefix else f"name: {json.dumps(zone.apex)}"


def _zone_text(zone, records):
    head = _zone_head(zone)
    lines = [f"  - {head}", f"    ttl: {zone.ttl}", f"    serial: {zone.serial}",
             "    soa: " + _flow(mname="mname.out.test", rname="hostmaster.out.test", refresh=10800, retry=3600,
                                 expire=604800, minimum=zone.minimum),
             f"    ns: {json.dumps(list(zone.ns))}", f"    forward_auto: {'yes' if zone.forward_auto else 'no'}"]
    if records:
        lines.append("    records:")
        for r in records:
            name = "@" if r.owner == zone.apex else r.owner[:-len(zone.apex) - 1]
            lines.append("      - " + _flow(name=name, type=r.type, ttl=r.ttl, content=r.content))
    return lines


def _block_text(block):
    first, last = address(block.family, block.first), address(block.family, block.last)
    where = ({"range": f"{first}-{last}"} if block.prefix_len is None else
             {"prefix": f"{first}/{block.prefix_len}"})
    return "  - " + _flow(**where, name=block.text or "none", ttl=block.ttl, vars=block.vars or None,
                          reverse="external" if block.reverse_external else None,
                          forward="external" if block.forward_external else None,
                          shared_names=block.shared_names or None)


def _delegation_text(d):
    return "  - " + _flow(prefix=f"{address(d.family, d.first)}/{d.length}", ns=list(d.ns), style=d.style,
                          ds=[d.ds] if d.ds else None, ttl=d.ttl)


def zones_file(config, csv_name="ptrs.csv"):
    """(text of the zones file, text of its CSV or None)."""
    records = {zone.apex: list(zone.records) for zone in config.zones}
    for p in config.ptrs:
        if p.written == "records":
            owner = pointer_of(config, p.family, p.num)
            apex = next(name for name in (owner, *parents(owner)) if name in records)
            records[apex] += [Record(owner, "PTR", name, p.ttl) for name in p.names]
    lines = ["zones:"] + [line for zone in config.zones for line in _zone_text(zone, records[zone.apex])]
    if config.blocks:
        lines += ["blocks:"] + [_block_text(block) for block in config.blocks]
    if config.delegations:
        lines += ["delegations:"] + [_delegation_text(d) for d in config.delegations]
    plain = [p for p in config.ptrs if p.written == "ptrs"]
    if plain:
        lines.append("ptrs:")
        lines += [f'  "{address(p.family, p.num)}": ' + _flow(names=p.names, ttl=p.ttl, forward=p.forward)
                  for p in plain]
    rows = [p for p in config.ptrs if p.written == "csv"]
    if not rows:
        return "\n".join(lines) + "\n", None
    lines.append(f"ptrs_file: {csv_name}")
    return "\n".join(lines) + "\n", "".join(
        f"{address(p.family, p.num)},{name}" + (f",{p.ttl}" if p.ttl is not None else "") + "\n"
        for p in rows for name in p.names)


# --- changes ---------------------------------------------------------------------------------------------------

def random_change(rng, config):
    """A configuration that differs in one place (or in nothing that is answered)."""
    config = copy.deepcopy(config)
    kinds = ["ttl", "zone ttl", "record", "record gone", "ptr", "ptr gone", "auto", "none", "text", "child", "ns", "cut",
             "kind", "forward"]
    if not config.blocks:  # nothing to change in them
        kinds = [kind for kind in kinds if kind not in ("ttl", "none", "text", "kind", "cut")]
    kind = rng.choice(kinds)
    if kind == "ttl":
        rng.choice(config.blocks).ttl += 1
    elif kind == "zone ttl":
        rng.choice(config.zones).ttl += 1
    elif kind == "record":
        _add_records(rng, config, 2)
    elif kind == "record gone":
        for zone in rng.sample(config.zones, min(2, len(config.zones))):
            zone.records = zone.records[:-1]
    elif kind == "ptr":
        config.ptrs = [p for p in config.ptrs if rng.random() < 0.9]
        known = {(p.family, p.num) for p in config.ptrs}
        more = Config(config.zones, config.blocks, [])
        _add_ptrs(rng, more, 2)
        config.ptrs += [p for p in more.ptrs if (p.family, p.num) not in known]
    elif kind == "ptr gone":
        config.ptrs = config.ptrs[:-1]
    elif kind == "auto":
        zone = rng.choice(config.zones)
        zone.forward_auto = not zone.forward_auto
    elif kind == "none":
        rng.choice(config.blocks).text = None
    elif kind == "text":
        block = rng.choice(config.blocks)
        if block.text:
            block.text = "n" + block.text
    elif kind == "child":
        rng.shuffle(config.zones)
    elif kind == "ns":
        zone = rng.choice(config.zones)
        zone.ns = ("ns3.out.test", "ns1.out.test") if zone.ns[0] != "ns3.out.test" else ("ns2.out.test",)
    elif kind == "cut":
        config.blocks = config.blocks[:-1]
    elif kind == "forward" and config.ptrs:
        rng.choice(config.ptrs).forward = rng.choice(("auto", "none"))
        for p in config.ptrs:
            p.written = p.written if p.forward is None else "ptrs"
    return kind, config


# --- questions -------------------------------------------------------------------------------------------------

def mutated(rng, name):
    """Names that look like it: another spelling, one label more or less, digits exchanged."""
    labels = name.split(".")
    first = labels[0]
    digits = [i for i, c in enumerate(first) if c.isalnum()]
    yield ".".join(["0" + first, *labels[1:]])
    yield ".".join([first[1:] or "x", *labels[1:]])
    yield ".".join([first + "0", *labels[1:]])
    yield ".".join([first.replace("0-", "-"), *labels[1:]]) if not first.startswith("0-") else "x." + name
    yield name[:1] + name
    for parent in list(parents(name))[:3]:
        yield parent
        yield f"{rng.choice(('0', '1', 'a', 'zz', '00'))}.{parent}"
    if digits:
        i, j = rng.choice(digits), rng.choice(digits)
        swapped = list(first)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        yield ".".join(["".join(swapped), *labels[1:]])
        swapped = list(first)
        swapped[i] = rng.choice("0123456789abcdefghv-")
        yield ".".join(["".join(swapped), *labels[1:]])
        k = rng.randrange(len(labels))
        other = list(labels)
        other[k] = rng.choice(("0", "1", "7", "00", "255", "256", "f", "005", "x", "*"))
        yield ".".join(other)
    yield ".".join(labels[::-1])
    yield "*." + name
    yield "0." + name
    if len(labels) > 1:
        yield ".".join([labels[0] + "-" + labels[1], *labels[2:]])
        yield ".".join([labels[1], labels[0], *labels[2:]])


def valid(name):
    return len(name) <= 253 and all(0 < len(label) <= 63 for label in name.split("."))


def questions(world, rng, limit):
    """Names to ask for: all that exist (at most limit of them, all kinds), their mutations, ENTs, absent ones."""
    existing = sorted(world.rows)
    special = [name for name in existing if world.kinds[name] - {"forward", "reverse"}]
    names = set(special)
    rest = sorted(set(existing) - names)
    names |= set(rng.sample(rest, min(limit, len(rest))))
    names |= set(rng.sample(sorted(world.ents), min(limit, len(world.ents))))
    for block in world.config.blocks:       # borders, inside and outside
        for num in (block.first - 1, block.first, block.last, block.last + 1):
            if 0 <= num < 1 << BITS[block.family]:
                names.add(reverse_name(block.family, num))
    seeds = rng.sample(sorted(names), min(limit, len(names)))
    for name in seeds:
        names.update(mutated(rng, name))
    for target, _ in (t for _, targets in world.ptrs.values() for t in targets):
        names.add(target)
    for d in world.config.delegations:
        names.update(n for name in d.names()[:8] for n in (name, "5." + name, *parents(name)))
        names.update(reverse_name(d.family, num) for num in (d.first, d.last, d.first - 1, d.last + 1) if num >= 0)
    for table in (world.rows, world.above_rows):
        for name, types in table.items():
            if {"NS", "DNAME", "DS"} & set(types):
                names.update((name, "x." + name, "ns." + name, "7.y." + name))
    for zone in world.config.zones:
        if zone.classless:
            names.update(f"{label}.{zone.apex}" for label in (zone.classless[0] & 255, zone.classless[1] & 255,
                                                              (zone.classless[1] & 255) + 1, "005", "*", "x", "64/26"))
            names.update((f"a.{zone.classless[0] & 255}.{zone.apex}", reverse_name(4, zone.classless[0]),
                          reverse_name(4, zone.classless[1])))
    for apex in world.zones:
        names.update((apex, "absent." + apex, "a.b.c." + apex, "*." + apex, *parents(apex)))
    return sorted(name for name in names if valid(name))
