"""Resolvers behind pdns_server, for the system suites."""
from support.pdns import Server


class Unbound(Server):
    """unbound with strict query name minimisation (RFC 9156), asking an authoritative server on a port of
    127.0.0.1 for the given zones. No cache of failures between tests: every instance is new."""

    def __init__(self, zones, authority_port):
        super().__init__("unbound")
        stubs = "".join(
            f"stub-zone:\n  name: \"{zone}\"\n  stub-addr: 127.0.0.1@{authority_port}\n  stub-prime: no\n"
            for zone in zones)
        local = "".join(f"  local-zone: \"{zone}\" transparent\n" for zone in zones)
        (self.dir / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1
  port: {self.port}
  directory: "{self.dir}"
  chroot: ""
  username: ""
  pidfile: "{self.dir}/pid"
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  unblock-lan-zones: yes
  insecure-lan-zones: yes
  module-config: "iterator"
  qname-minimisation: yes
  qname-minimisation-strict: yes
  harden-below-nxdomain: yes
  minimal-responses: no
  access-control: 127.0.0.0/8 allow
{local}{stubs}remote-control:
  control-enable: no
""")
        self.start(["/usr/sbin/unbound", "-d", "-c", self.dir / "unbound.conf"], (zones[0], "SOA"))
