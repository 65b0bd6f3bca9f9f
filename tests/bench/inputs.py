"""Zones files and questions for figures.py. Everything random comes from the generator handed in."""
import ipaddress

HEAD = """defaults:
  ttl: 3600
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 10800, retry: 3600, expire: 604800, minimum: 300}
  ns: [ns1.isp.example, ns2.isp.example]
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
  - name: dyn.isp.example
"""
V6 = ipaddress.IPv6Network("2001:db8::/32")
V6_BARE = ipaddress.IPv6Network("2001:db9::/32")  # without explicit PTRs
V6_FAR = ipaddress.IPv6Network("3fff:100::/48")  # another allocation
V6_APEX = "8.b.d.0.1.0.0.2.ip6.arpa"
DYN = "dyn.isp.example"


def zones_file(prefixes, blocks, ptrs_file=None):
    """Text of a zones file: reverse zones of the prefixes, and blocks as (where, template) pairs."""
    lines = [HEAD]
    lines += [f"  - prefix: {p}\n" for p in prefixes]
    lines.append("blocks:\n")
    lines += [f'  - {{{"range" if "-" in where else "prefix"}: "{where}", name: "{name}"}}\n'
              for where, name in blocks]
    if ptrs_file:
        lines.append(f"ptrs_file: {ptrs_file}\n")
    return "".join(lines)


def v4(number):
    return ipaddress.IPv4Address((10 << 24) + number)


def v6(number):
    return V6.network_address + number


def reverse(address):
    return address.reverse_pointer + "."


def dashed(address):
    return str(address).replace(".", "-") if address.version == 4 else address.exploded.replace(":", "-")


# --- the store that most figures of single lookups use -------------------------------------------

def typical(rng, ptr_count):
    """(zones text, CSV text, groups): 260 zones, three templates, explicit PTRs of both families."""
    blocks = [("10.0.0.0/16", f"{{ip}}.{DYN}"), ("10.1.0.0/16", "{4}.c{3}.pool.isp.example"),
              ("2001:db8::/32", f"{{ip}}.{DYN}"), ("2001:db8:ffff::/48", "none")]
    blocks.append((str(V6_BARE), f"{{ip}}.{DYN}"))
    zones = zones_file(["10.0.0.0/17", "10.0.128.0/17", "10.1.0.0/16", str(V6), str(V6_BARE)], blocks, "ptrs.csv")
    set4 = [v4(n) for n in rng.sample(range(1 << 16), min(ptr_count // 2, 30000))]
    set6 = [v6(rng.getrandbits(96)) for _ in range(ptr_count - len(set4))]
    csv = "".join(f"{a},host-{i:06}.customer.example\n" for i, a in enumerate(set4 + set6))
    return zones, csv, typical_groups(rng, set4, set6)


def typical_groups(rng, explicit4, explicit6, count=250):
    v6_random = [v6(rng.getrandbits(95)) for _ in range(count)]
    labels = [rng.randrange(1, 24) for _ in range(count)]
    ancestors = [".".join(reverse(a).split(".")[32 - 8 - n:]) for a, n in zip(v6_random, labels)]
    apexes = [f"{n}.0.10.in-addr.arpa" for n in rng.sample(range(256), count)]
    taken = set(explicit4)
    v4_free = [a for a in (v4(n) for n in rng.sample(range(1 << 16), 4 * count)) if a not in taken][:count]
    v4_set = rng.sample(explicit4, count)

    def apex4(a):
        return reverse(a).split(".", 1)[1].rstrip(".")

    excluded = [V6.network_address + (0xffff << 80) + rng.getrandbits(80) for _ in range(count)]
    return {
        "ptr6": ("reply", [(reverse(a), "ANY", V6_APEX, "row") for a in v6_random]),
        "leaf6": ("reply", [(reverse(a), "SOA", "-", "row") for a in v6_random]),
        "meta6": ("reply", [(reverse(a), "getAllDomainMetadata", "-", "empty") for a in v6_random]),
        "keys6": ("reply", [(reverse(a), "getDomainKeys", "-", "empty") for a in v6_random]),
        "ns6": ("reply", [(n, "NS", V6_APEX, "empty") for n in ancestors]),
        "ent6": ("reply", [(n, "ANY", V6_APEX, "ent") for n in ancestors]),
        "soa": ("reply", [(n + ".", "SOA", n, "row") for n in apexes]),
        "ptr4x": ("reply", [(reverse(a), "ANY", apex4(a), "row") for a in v4_set]),
        "ptr4": ("reply", [(reverse(a), "ANY", apex4(a), "row") for a in v4_free]),
        "aaaa": ("reply", [(f"{dashed(a)}.{DYN}.", "ANY", DYN, "row") for a in v6_random]),
        "a": ("reply", [(f"{dashed(a)}.{DYN}.", "ANY", DYN, "row") for a in v4_free]),
        "absent6": ("reply", [(reverse(a), "ANY", V6_APEX, "empty") for a in excluded]),
        "absent": ("reply", [(f"no-{n:05}.{DYN}.", "ANY", DYN, "empty") for n in range(count)]),
        "entf": ("reply", [(f"c{n}.pool.isp.example.", "ANY", "isp.example", "ent")
                           for n in rng.sample(range(256), count)]),
        "wire-ptr6": ("wire", [(reverse(a), "PTR", "-", "row") for a in v6_random]),
        "wire-ptr6b": ("wire", [(reverse(V6_BARE.network_address + int(a) % (1 << 96)), "PTR", "-", "row") for a in v6_random]),
        "wire-ptr6x": ("wire", [(reverse(a), "PTR", "-", "row") for a in explicit6[:count]]),
        "wire-ptr4": ("wire", [(reverse(a), "PTR", "-", "row") for a in v4_free]),
        "wire-ptr4x": ("wire", [(reverse(a), "PTR", "-", "row") for a in v4_set]),
        "wire-aaaa": ("wire", [(f"{dashed(a)}.{DYN}.", "AAAA", "-", "row") for a in v6_random]),
        "wire-a": ("wire", [(f"{dashed(a)}.{DYN}.", "A", "-", "row") for a in v4_free]),
        "wire-nodata": ("wire", [(reverse(a), "TXT", "-", "ent") for a in v6_random]),
        "wire-ent6": ("wire", [(n, "PTR", "-", "ent") for n in ancestors]),
        "wire-absent6": ("wire", [(reverse(a), "PTR", "-", "empty") for a in excluded]),
        "wire-absent": ("wire", [(f"no-{n:05}.{DYN}.", "AAAA", "-", "empty") for n in range(count)]),
        # beside explicit records, where a wildcard may stand
        "wire-beside": ("wire", [(f"no-{n:05}.isp.example.", "AAAA", "-", "empty") for n in range(count)]),
    }


# --- many templates of one zone ------------------------------------------------------------------

def net(i):
    """The i-th /24, octet 3 below 128."""
    return (i // 128 << 16) + (i % 128 << 8)


# family -> (template of block i, name of its address, whole block or a range)
TEMPLATES = {
    "left": (lambda i: f"c{i}-{{4}}.{DYN}", lambda i, o: f"c{i}-{o}.{DYN}.", True),
    "right": (lambda i: f"{{4}}-c{i}.{DYN}", lambda i, o: f"{o}-c{i}.{DYN}.", True),
    "label": (lambda i: f"{{host}}.c{i}.{DYN}", lambda i, o: f"{o:02x}.c{i}.{DYN}.", True),
    "middle": (lambda i: f"a{{3}}-c{i}-{{4}}.{DYN}", lambda i, o: f"a{i % 128}-c{i}-{o}.{DYN}.", True),
    "deep": (lambda i: f"c{i}-{{4}}.{{3}}.{DYN}", lambda i, o: f"c{i}-{o}.{i % 128}.{DYN}.", True),
    "offset": (lambda i: f"{{ip}}-{{host}}.{DYN}",
               lambda i, o: f"{dashed(v4(net(i) + o))}-{o - 1:02x}.{DYN}.", False),
}
SLOW = ("deep", "offset")  # many equal templates but for bits that the name's right end does not tell
ONE = 5000  # the block of a table that has one only


def templates(family, indices):
    """Zones text of one block for each index."""
    template, _, whole = TEMPLATES[family]

    def where(i):
        base = net(i)
        return f"{v4(base)}/24" if whole else f"{v4(base + 1)}-{v4(base + 254)}"

    return zones_file(["10.0.0.0/8"], [(where(i), template(i)) for i in indices])


def template_groups(rng, family, indices, count=250):
    """Questions about random blocks among the indices: whole replies, and the index alone."""
    name = TEMPLATES[family][1]
    count = 60 if family in SLOW else count
    asked = [name(rng.choice(indices), rng.randrange(1, 255)) for _ in range(count)]
    groups = {"reply": ("reply", [(n, "ANY", DYN, "row") for n in asked]),
              "forward": ("forward", [(n, "ANY", "-", "row") for n in asked])}
    if family == "label":
        there = [f"c{rng.choice(indices)}.{DYN}." for _ in range(count)]
        absent = [f"c{rng.randrange(20000, 99999)}.{DYN}." for _ in range(count)]
        groups["below"] = ("below", [(n, "ANY", "-", "ent") for n in there])
        groups["nothing"] = ("below", [(n, "ANY", "-", "empty") for n in absent])
    if family == "deep":
        there = [f"{rng.choice(indices) % 128}.{DYN}." for _ in range(count)]
        absent = [f"{rng.randrange(128, 256)}.{DYN}." for _ in range(count)]
        groups["below"] = ("below", [(n, "ANY", "-", "ent") for n in there])
        groups["nothing"] = ("below", [(n, "ANY", "-", "empty") for n in absent])
    return groups


# --- many blocks ---------------------------------------------------------------------------------

def blocks_distinct(count):
    """IPv4 /26 blocks, each with a template of its own."""
    return [(f"{v4(i * 64)}/26", f"{{4}}-c{i}.{DYN}") for i in range(count)]


def blocks_shared(count):
    """IPv6 /52 blocks, every second one of the /32, one template."""
    return [(f"{v6(i << 77)}/52", f"{{ip}}.{DYN}") for i in range(count)]


def blocks_nested(count):
    """A quarter /24 with a template of its own; in each a /26, a /28 inside that, and an excluded range."""
    out = []
    for i in range(count // 4):
        base = i * 256
        out += [(f"{v4(base)}/24", f"{{4}}-c{i}.{DYN}"), (f"{v4(base + 64)}/26", f"{{ip}}.{DYN}"),
                (f"{v4(base + 96)}/28", f"{{ip:hex}}.{DYN}"), (f"{v4(base + 16)}-{v4(base + 30)}", "none")]
    return out


def blocks_covered(count):
    """A /8 of several labels a name, wholly covered where it is asked for by /28 blocks of one template."""
    return [("10.0.0.0/8", f"{{4}}.{{3}}.{{2}}.{DYN}"), *((f"{v4(i * 16)}/28", f"{{ip}}.{DYN}") for i in range(count - 1))]


def blocks_apart(count):
    """As shared, but for one block in another allocation, far away."""
    return [*blocks_shared(max(count - 1, 1)), *([(str(V6_FAR), f"{{ip}}.{DYN}")] if count > 1 else [])]


BLOCKS = {"distinct": blocks_distinct, "shared": blocks_shared, "apart": blocks_apart, "nested": blocks_nested,
          "covered": blocks_covered}
BLOCK_ZONES = {"shared": [str(V6)], "apart": [str(V6), str(V6_FAR)]}


def blocks_file(kind, count, extra=()):
    return zones_file(BLOCK_ZONES.get(kind, ["10.0.0.0/8"]), [*BLOCKS[kind](count), *extra])


BLOCK_SIZE = {"distinct": 64, "nested": 64, "covered": 16}


def match_groups(rng, kind, blocks, count=20000, replies=250):
    """Addresses of random blocks: the longest match alone (many, so that not all are in the caches), and whole replies."""
    blocks = max(blocks - 4, 1)
    if kind in BLOCK_ZONES:
        asked = [v6((rng.randrange(blocks) << 77) + rng.getrandbits(76)) for _ in range(count)]
    else:  # of a nested /24, that is four blocks, the excluded part aside
        size = BLOCK_SIZE[kind]
        asked = [v4(rng.randrange(blocks) * size + rng.randrange(size // 2, size)) for _ in range(count)]
    apex = V6_APEX if kind in BLOCK_ZONES else "10.in-addr.arpa"
    groups = {"block": ("block", [(str(a), "ANY", "-", "row") for a in asked]),
              "reply": ("reply", [(reverse(a), "ANY", apex, "row") for a in asked[:replies]])}
    if kind == "covered":
        groups["below"] = ("below", [(f"{rng.randrange(24)}.{DYN}.", "ANY", "-", "empty" if blocks > 1 else "ent")
                                     for _ in range(60)])
    return groups


# --- many PTRs -----------------------------------------------------------------------------------

def ptrs_zones(csv="ptrs.csv"):
    return zones_file(["10.0.0.0/8", str(V6)],
                      [("10.0.0.0/8", f"{{ip}}.{DYN}"), (str(V6), f"{{ip}}.{DYN}")], csv)


def scattered(number, key):
    """Another number of 24 bits, without two that give one: an order as good as random, and no list of it."""
    for factor in (0x9e3779 | 1, 0x85ebca6b | 1, 0xc2b2ae35 | 1):
        number = (number ^ key) * factor & 0xffffff
        number ^= number >> 13
    return number


def text4(number):
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def text6(number):
    groups = ":".join(f"{number >> shift & 0xffff:x}" for shift in (80, 64, 48, 32, 16, 0))
    return f"2001:db8:{groups}"


def write_ptrs(path, rng, count, families, target):
    """CSV in random order; target(i) names the i-th. Names have 30 characters."""
    key, turns = rng.getrandbits(24), sorted(families)
    with open(path, "w") as out:
        for i in range(count):
            four = turns[i % len(turns)] == 4
            address = text4(scattered(i, key)) if four else text6(rng.getrandbits(96))
            out.write(f"{address},{target(i)}\n")


def outside(i):
    return f"host-{i:07}.customers.example"  # 30 characters


def inside(i):
    """In a zone with forward_auto, no generated name."""
    return f"host-{i:08}.cust.isp.example"  # 30 characters, too


# --- a signed zone of explicit records -----------------------------------------------------------

SIGNED = "signed.example"


def hosts_file(count):
    """SIGNED with NSEC3PARAM and so many names."""
    lines = [HEAD + f"  - name: {SIGNED}", "    metadata: {NSEC3PARAM: ['1 0 0 -']}", "    records:"]
    lines += [f"      - {{name: host-{i:07d}, type: A, content: 192.0.2.1}}" for i in range(count)]
    return "\n".join(lines) + "\n"
