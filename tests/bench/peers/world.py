"""The zones that every candidate of peers.py serves, and the names in them.

A /32 of IPv6 and eight /16 of IPv4 with a generated name each, the forward zone of these names, and a /32 that is dark but
for one /48. Static candidates hold a pool of the same names instead (Pool)."""
import ipaddress

V6_PREFIX, V6_APEX = "2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa"
V4_PREFIXES = [f"10.{n}.0.0/16" for n in range(8)]
V4_APEXES = [f"{n}.10.in-addr.arpa" for n in range(8)]
FORWARD = "dyn.isp.example"
DARK_PREFIX, DARK_APEX = "3fff:100::/32", "0.0.1.0.f.f.f.3.ip6.arpa"
LIT_PREFIX, LIT_LABELS = "3fff:100::/48", "0.0.0.0"  # the /48 in the dark /32 that has names
APEXES = [V6_APEX, *V4_APEXES, FORWARD, DARK_APEX]
V4_COUNT = 8 << 16

SOA = "ns1.isp.example. hostmaster.isp.example. 1 10800 3600 604800 300"
NS = "ns1.isp.example."


def labels6(digits):
    """The reverse labels of hexadecimal digits."""
    return ".".join(digits[::-1])


def ptr6(number):
    return f"{labels6(f'{number:024x}')}.{V6_APEX}"


def ptr4(number):
    return f"{number & 255}.{number >> 8 & 255}.{number >> 16}.10.in-addr.arpa"


def groups(number, join):
    digits = f"20010db8{number:024x}"
    return join.join(digits[i:i + 4] for i in range(0, 32, 4))


def name6(number):
    """The forward name of an address, as all candidates accept it."""
    return f"{groups(number, '-')}.{FORWARD}"


def name4(number):
    return f"10-{number >> 16}-{number >> 8 & 255}-{number & 255}.{FORWARD}"


def dark6(number):
    """A full-length name without anything near it: 92 bits below the first digit after the prefix, which is 8 to f."""
    return f"{labels6(f'{8 + (number & 7):x}{number >> 3:023x}')}.{DARK_APEX}"


def address_of(name):
    """The address whose reverse name it is."""
    labels = name.split(".")
    if labels[-2:] == ["ip6", "arpa"]:
        return ipaddress.IPv6Address(int("".join(labels[31::-1]), 16))
    return ipaddress.IPv4Address(".".join(labels[3::-1]))


def address_in(name):
    """The address that a generated forward name spells, however it does; ValueError."""
    label = name.split(".")[0]
    return ipaddress.ip_address(label.replace("-", "." if label.count("-") == 3 and label.split("-")[0] == "10" else ":"))


def zones_yaml(more_zones="", blocks=None, ptrs_file=None):
    """The zones file of ptrd. more_zones: lines; blocks: lines instead of the three of the world."""
    blocks = blocks if blocks is not None else "".join(
        f'  - {{prefix: "{prefix}", name: "{{ip}}.{FORWARD}"}}\n' for prefix in (V6_PREFIX, LIT_PREFIX, *V4_PREFIXES))
    zones = "".join(f'  - prefix: "{prefix}"\n' for prefix in (V6_PREFIX, DARK_PREFIX, *V4_PREFIXES))
    return (
        "defaults:\n  ttl: 3600\n"
        "  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 10800, retry: 3600, expire: 604800,"
        " minimum: 300}\n  ns: [ns1.isp.example]\n"
        f"zones:\n  - name: {FORWARD}\n{zones}{more_zones}blocks:\n{blocks}"
        + (f"ptrs_file: {ptrs_file}\n" if ptrs_file else ""))


def master_head():
    return f"@ 3600 IN SOA {SOA}\n@ 3600 IN NS {NS}\n"


class Pool:
    """Addresses that static candidates hold; all others ask about any address."""

    def __init__(self, rng, count6, count4):
        self.six = [rng.getrandbits(96) for _ in range(count6)]
        self.four = rng.sample(range(V4_COUNT), count4)

    def master_files(self):
        """(apex, text) of each zone."""
        head = master_head()
        suffix = len(V6_APEX) + 1
        yield V6_APEX, head + "".join(f"{ptr6(n)[:-suffix]} 3600 IN PTR {name6(n)}.\n" for n in self.six)
        for at, apex in enumerate(V4_APEXES):
            yield apex, head + "".join(f"{n & 255}.{n >> 8 & 255} 3600 IN PTR {name4(n)}.\n"
                                       for n in self.four if n >> 16 == at)
        yield FORWARD, head + "".join(f"{groups(n, '-')} 3600 IN AAAA {groups(n, ':')}\n" for n in self.six) + "".join(
            f"{name4(n).split('.')[0]} 3600 IN A 10.{n >> 16}.{n >> 8 & 255}.{n & 255}\n" for n in self.four)
        yield DARK_APEX, head + "".join(f"{labels6(f'{n:020x}')}.{LIT_LABELS} 3600 IN PTR lit-{n}.{FORWARD}.\n"
                                        for n in range(100))
