"""Resolvers behind pdns_server, and a small tree of authoritative servers, for the system suites.

A resolver from the root down validates where it is given a trust anchor: a DS record of the root as text, ". IN DS ...". All
of them then also answer from cached NSEC and NSEC3 records (RFC 8198)."""
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


class Authority(Server):
    """knotd, authoritative for zones given as text, on port 53 of an address of the loopback network."""

    def __init__(self, address, zones):
        super().__init__("authority")
        self.address, self.port = address, 53
        blocks = ""
        for number, (apex, text) in enumerate(zones.items()):
            (self.dir / f"zone{number}").write_text(text)
            blocks += f'  - domain: "{apex}"\n    file: "{self.dir}/zone{number}"\n'
        (self.dir / "knot.conf").write_text(f"""server:
  rundir: "{self.dir}"
  listen: {address}@53
database:
  storage: "{self.dir}/db"
log:
  - target: stderr
    any: info
zone:
{blocks}""")
        self.start(["/usr/sbin/knotd", "-c", self.dir / "knot.conf"], (next(iter(zones)), "SOA"))


class RootedUnbound(Server):
    """unbound from the root down, with strict query name minimisation (RFC 9156). more: settings of its server clause."""

    def __init__(self, root_address, anchor=None, *more):
        super().__init__("unbound")
        write_hints(self.dir, root_address)
        validation = f'  trust-anchor: "{anchor}"\n  aggressive-nsec: yes\n  val-log-level: 2\n' if anchor else ""
        validation += "".join(f"  {line}\n" for line in more)
        (self.dir / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1
  port: {self.port}
  directory: "{self.dir}"
  chroot: ""
  username: ""
  pidfile: "{self.dir}/pid"
  use-syslog: no
  logfile: ""
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  root-hints: "{self.dir}/hints"
  module-config: "{'validator ' if anchor else ''}iterator"
{validation}  qname-minimisation: yes
  qname-minimisation-strict: yes
  harden-below-nxdomain: yes
  harden-referral-path: yes
  target-fetch-policy: "0 0 0 0 0"
  minimal-responses: no
  access-control: 127.0.0.0/8 allow
remote-control:
  control-enable: no
""")
        self.start(["/usr/sbin/unbound", "-d", "-c", self.dir / "unbound.conf"], (".", "NS"))


class RootedNamed(Server):
    """named as a resolver from the root down, query name minimisation strict."""

    def __init__(self, root_address, anchor=None):
        super().__init__("named")
        write_hints(self.dir, root_address)
        validation, anchors = "no", ""
        if anchor:
            validation, anchors = "yes", f"trust-anchors {{ {named_anchor(anchor)} }};\n"
        (self.dir / "named.conf").write_text(f"""options {{
  directory "{self.dir}"; pid-file "{self.dir}/pid"; session-keyfile "{self.dir}/key";
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  query-source address 127.0.0.1;
  recursion yes; dnssec-validation {validation}; synth-from-dnssec yes; empty-zones-enable no;
  qname-minimization strict; minimal-responses no;
}};
{anchors}controls {{ }};
zone "." {{ type hint; file "{self.dir}/hints"; }};
""")
        self.start(["/usr/sbin/named", "-4", "-g", "-c", self.dir / "named.conf"], (".", "NS"))


class RootedRecursor(Server):
    """pdns_recursor from the root down, with query name minimisation."""

    def __init__(self, root_address, anchor=None):
        super().__init__("recursor")
        write_hints(self.dir, root_address)
        (self.dir / "anchor.lua").write_text('clearTA(".")\n' + (f'addTA(".", "{digest(anchor)}")\n' if anchor else ""))
        (self.dir / "recursor.conf").write_text(f"""local-address=127.0.0.1
local-port={self.port}
socket-dir={self.dir}
hint-file={self.dir}/hints
qname-minimization=yes
dnssec={"validate" if anchor else "off"}
lua-config-file={self.dir}/anchor.lua
dont-query=
daemon=no
disable-syslog=yes
security-poll-suffix=
serve-rfc1918=no
etc-hosts-file={self.dir}/none
""")
        (self.dir / "none").write_text("")
        self.start(["/usr/sbin/pdns_recursor", f"--config-dir={self.dir}"], (".", "NS"))


class RootedKresd(Server):
    """knot-resolver from the root down; it always minimises query names, in strict mode."""

    def __init__(self, root_address, anchor=None):
        super().__init__("kresd")
        trust = f"trust_anchors.add('{anchor}')\n" if anchor else ""
        (self.dir / "kresd.conf").write_text(f"""net.listen('127.0.0.1', {self.port}, {{ kind = 'dns' }})
net.ipv6 = false
modules.load('hints > iterate')
hints.root({{ ['a.root.zz.'] = '{root_address}' }})
trust_anchors.remove('.')
{trust}mode('strict')
option('ALLOW_LOCAL', true)
cache.size = 10 * MB
""")
        self.start(["/usr/sbin/kresd", "-n", "-c", self.dir / "kresd.conf", self.dir], (".", "NS"))


ROOTED = {"unbound": RootedUnbound, "named": RootedNamed, "pdns-recursor": RootedRecursor,
          "knot-resolver": RootedKresd}


def digest(anchor):
    """The content of a DS record."""
    return anchor.split(" DS ")[1]


def named_anchor(anchor):
    """The same as named and delv take it."""
    tag, algorithm, kind, hexadecimal = digest(anchor).split()
    return f'"." static-ds {tag} {algorithm} {kind} "{hexadecimal}";'


def write_hints(directory, root_address):
    (directory / "hints").write_text(f". 3600 IN NS a.root.zz.\na.root.zz. 3600 IN A {root_address}\n")
