"""A store that is edited through the real pdns_server, for the system suites of edits."""
from support.pdns import EDITING, ZONE_CACHE, Pdns, rows
from support.ptrd import Client, Ptrd, Store
from support.zones import HEAD

ZONES = HEAD + """
zones:
  - name: isp.example
    metadata: {ALLOW-DNSUPDATE-FROM: [127.0.0.0/8], ALLOW-AXFR-FROM: [127.0.0.1]}
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
      - {name: www, type: A, content: 192.0.2.80}
      - {name: www, type: TXT, content: '"text"'}
  - name: dyn.isp.example
    metadata: {ALLOW-DNSUPDATE-FROM: [127.0.0.0/8]}
  - prefix: 198.51.100.0/24
    metadata: {ALLOW-DNSUPDATE-FROM: [127.0.0.0/8], ALLOW-AXFR-FROM: [127.0.0.1]}
  - prefix: 2001:db8::/32
    metadata: {ALLOW-DNSUPDATE-FROM: [127.0.0.0/8]}
blocks:
  - {prefix: 198.51.100.0/24, name: "{ip}.dyn.isp.example", ttl: 600}
  - {prefix: 2001:db8::/32, name: "{ip}.dyn.isp.example", ttl: 600}
ptrs:
  198.51.100.25: mail.customer.example
"""
ISP, DYN, REVERSE = "isp.example", "dyn.isp.example", "100.51.198.in-addr.arpa"
V6 = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"


def generated(octet):
    """The name of 198.51.100.octet."""
    return f"198-51-100-{octet}.{DYN}"


class Edited:
    """A store, ptrd over it, and pdns_server before that; zone_cache is a key of ZONE_CACHE."""

    def __init__(self, directory, zone_cache, zones=ZONES, settings=None):
        self.store = Store(directory / "db").load(zones)
        self.ptrd = Ptrd(self.store.dir)
        try:
            self.pdns = Pdns(self.ptrd.socket, {**ZONE_CACHE[zone_cache], **EDITING, **(settings or {})}, api=True)
        except BaseException:
            self.ptrd.stop()
            raise

    def answers(self, name, qtype):
        """Contents of the answer, and of no other type."""
        found = rows(self.pdns.ask(name, qtype))
        assert {t for t, _ in found} <= {qtype}, found
        return [content for _, content in found]

    def ttl(self, name, qtype):
        return self.pdns.ask(name, qtype).answer[0].ttl

    def serial(self, zone):
        return int(self.answers(zone, "SOA")[0].split()[2])

    def client(self):
        return Client(self.ptrd.socket)

    def everything(self):
        """All zones, as `list` tells them."""
        with self.client() as client:
            return {zone["zone"]: client.call("list", zonename=zone["zone"], domain_id=zone["id"])
                    for zone in client.call("getAllDomains", include_disabled=False)}

    def close(self):
        self.pdns.stop()
        self.ptrd.stop()
