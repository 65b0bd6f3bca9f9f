"""Zones files for the system suites, as text."""

HEAD = """
defaults:
  ttl: 3600
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example, refresh: 10800, retry: 3600, expire: 604800, minimum: 300}
  ns: [ns1.isp.example, ns2.isp.example]
"""

ISP_ZONES = """
zones:
  - name: isp.example
    forward_auto: yes
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
  - name: dyn.isp.example
  - prefix: 198.51.100.0/24
  - prefix: 2001:db8::/32
"""


def full_v4(address):
    """198-51-100-7: what {ip} makes of an ipaddress.IPv4Address."""
    return str(address).replace(".", "-")


def full_v6(address):
    """The same of an IPv6Address: eight groups of four digits."""
    return address.exploded.replace(":", "-")


def reverse_name(address):
    """The full reverse name with its final dot."""
    return address.reverse_pointer + "."
