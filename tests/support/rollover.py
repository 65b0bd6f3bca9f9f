"""Procedures of ptrd-dnssec(7), carried out on the real PowerDNS as they are written, and clients that watch meanwhile.

    procedure("ZSK")                          # the lines of the manual page
    Pdnsutil(pdns, chain).run(procedure("ZSK"), wait)
    with Watch(chain, pdns, resolvers) as watch: ...
"""
import os
import pathlib
import random
import re
import shlex
import threading
import time

import dns.exception
import dns.rcode
import dns.rdatatype

from support.cachestates import CacheStates
from support.pdns import rcode
from support.signed import validated

SOURCE = pathlib.Path(os.environ["PTRD_SOURCE"])
MANUAL = SOURCE / "backend/ptrd-dnssec.7"
WAIT = "# wait"


def blocks():
    """[(title of the section, lines)] of every block of commands of the manual page, in its order."""
    found, title, block = [], None, None
    for line in MANUAL.read_text().splitlines():
        if line.startswith((".Sh ", ".Ss ")):
            title = line[4:].strip('"')
        elif line.startswith(".Bd -literal"):
            block = []
        elif line == ".Ed":
            found.append((title, block))
            block = None
        elif block is not None:
            block.append(line.replace("\\e", "\\"))
    return found


def procedure(title, index=0):
    return [lines for t, lines in blocks() if t == title][index]


class Chain:
    """A zone of ours below a zone of ours, with names to ask for. names: {kind: function(random) -> (name, type)};
    kinds that begin with "absent" do not exist."""

    def __init__(self, parent, child, names):
        self.parent, self.child, self.names = parent, child, names
        self.label = child.removesuffix("." + parent)

    def question(self, rng):
        kind = rng.choice(list(self.names))
        return kind, *self.names[kind](rng)


# --- carrying out -----------------------------------------------------------------------------------------------------

class Operator:
    """Runs the lines of a procedure, dyn.isp.example and isp.example being the zones of the chain."""

    def __init__(self, pdns, chain):
        self.pdns, self.chain = pdns, chain
        self.old = self.new = None

    def run(self, lines, wait):
        self._find_old("zsk" if any(" zsk " in line for line in lines) else "ksk")
        for line in lines:
            if line == WAIT:
                wait()
            else:
                self.step(shlex.split(self._filled(line)))

    def step(self, words):
        assert words.pop(0) == "pdnsutil"
        self.do(words)

    def keys(self):
        return self.pdns.http("GET", f"/zones/{self.chain.child}./cryptokeys")[1]

    def _find_old(self, role):
        """A CSK is called both."""
        found = [key["id"] for key in self.keys() if (key["flags"] == 256) == (role == "zsk")]
        self.old, self.new = (found[0] if found else None), None

    def _filled(self, line):
        line = line.replace("dyn.isp.example", "CHILD").replace("isp.example dyn ", "PARENT LABEL ")
        for word, value in (("CHILD", self.chain.child), ("PARENT", self.chain.parent), ("LABEL", self.chain.label),
                            ("OLD_DS", self._ds(self.old)), ("NEW_DS", self._ds(self.new)), ("OLD", self.old),
                            ("NEW", self.new), ("TTL", self.chain.ttl_s)):
            line = re.sub(rf"\b{word}\b", str(value), line)
        return line

    def _ds(self, ident):
        """The content of digest type 2; a ZSK has none."""
        return next((ds for key in self.keys() if key["id"] == ident for ds in key.get("ds", ()) if " 2 " in ds), None)


class Pdnsutil(Operator):
    def do(self, words):
        said = self.pdns.pdnsutil(*words)
        if words[0] == "add-zone-key":
            self.new, = (int(line) for line in said.splitlines() if line.isdigit())


class Api(Operator):
    """The same through the HTTP API."""

    def do(self, words):
        command, zone, *rest = words
        getattr(self, command.replace("-", "_"))(f"/zones/{zone}.", rest)

    def _call(self, method, path, body=None):
        status, said = self.pdns.http(method, path, body)
        assert 200 <= status < 300, (method, path, body, status, said)
        return said

    def secure_zone(self, zone, _):
        self._call("PUT", zone, {"dnssec": True})

    def disable_dnssec(self, zone, _):
        """422 with the keys gone all the same: a question in between has filled PowerDNS's key cache again; or with
        the keys of before there, where PowerDNS went by that cache: then once more, as the manual says."""
        for _ in range(3):
            status, said = self.pdns.http("PUT", zone, {"dnssec": False})
            if status == 204 or self.keys() == []:
                return
        raise AssertionError((status, said, self.keys()))

    def set_nsec3(self, zone, words):
        self._call("PUT", zone, {"nsec3param": words[0], "nsec3narrow": words[1:] == ["narrow"]})

    def unset_nsec3(self, zone, _):
        self._call("PUT", zone, {"nsec3param": ""})

    def set_publish_cdnskey(self, zone, words):
        assert words == ["delete"]
        self._call("PUT", zone + "/metadata/PUBLISH-CDNSKEY", {"metadata": ["0"]})

    def unset_publish_cdnskey(self, zone, _):
        self._call("DELETE", zone + "/metadata/PUBLISH-CDNSKEY")

    def add_zone_key(self, zone, words):
        role, active, published, algorithm = words
        key = {"keytype": role, "active": active == "active", "published": published == "published", "algorithm": algorithm}
        self.new = self._call("POST", zone + "/cryptokeys", key)["id"]

    def remove_zone_key(self, zone, words):
        self._call("DELETE", f"{zone}/cryptokeys/{words[0]}")

    def _state(self, zone, words, **change):
        key = next(key for key in self.keys() if key["id"] == int(words[0]))
        self._call("PUT", f"{zone}/cryptokeys/{words[0]}",
                   {"active": key["active"], "published": key["published"], **change})

    def activate_zone_key(self, zone, words):
        self._state(zone, words, active=True)

    def deactivate_zone_key(self, zone, words):
        self._state(zone, words, active=False)

    def publish_zone_key(self, zone, words):
        self._state(zone, words, published=True)

    def unpublish_zone_key(self, zone, words):
        self._state(zone, words, published=False)

    def _rrset(self, zone, label, qtype, change):
        name = f"{label}.{zone.removeprefix('/zones/')}"
        self._call("PATCH", zone, {"rrsets": [{"name": name, "type": qtype, **change}]})

    def replace_rrset(self, zone, words):
        label, qtype, ttl, *contents = words
        self._rrset(zone, label, qtype, {"changetype": "REPLACE", "ttl": int(ttl),
                                         "records": [{"content": c, "disabled": False} for c in contents]})

    def delete_rrset(self, zone, words):
        self._rrset(zone, *words, {"changetype": "DELETE"})


# --- watching ---------------------------------------------------------------------------------------------------------

REPLY_TIMEOUT_S = 10
PAUSE_S = 0.02
ATTEMPTS = 8        # a reply that is late on a slow day is no bogus one


class Watch:
    """Asks an authoritative server and validating resolvers about a chain, each in a thread, until the end.

    .faults: what was bogus, or insecure while .secure. .settle(): waits until each has asked some more."""

    def __init__(self, chain, pdns, resolvers=()):
        self.chain, self.states = chain, CacheStates(chain.child)
        self.resolvers = resolvers
        self.secure = False
        self.slowest_s = 0
        self._faults, self._end = [], threading.Event()
        self._asked, self._threads = {}, []
        watchers = [("pdns", self._watch_authority, pdns)]
        watchers += [(name, self._watch_resolver, server) for name, server in resolvers]
        for name, target, server in watchers:
            self._asked[name] = 0
            self._threads.append(threading.Thread(target=self._run, args=(name, target, server), daemon=True))

    @property
    def faults(self):
        return self._faults + self.states.faults

    def expect_secure(self, secure):
        """Whether an answer that is not validated is a fault from now on."""
        self.secure = self.states.secure = secure

    def settle(self, rounds=3):
        """Each watcher has asked rounds more times."""
        goal = {name: count + rounds for name, count in self._asked.items()}
        while not self.faults and any(self._asked[name] < count for name, count in goal.items()):
            time.sleep(PAUSE_S)

    def asked(self):
        return dict(self._asked)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _run(self, name, target, server):
        rng = random.SystemRandom()
        try:
            while not self._end.wait(PAUSE_S):
                target(name, server, rng)
                self._asked[name] += 1
        except Exception as e:  # pylint: disable=broad-except
            self._faults.append(f"{name}: {e!r}")

    def _watch_authority(self, _, server, rng):
        child = self.chain.child + "."
        for take, name, qtype in ((self.states.ds, child, "DS"), (self.states.dnskey, child, "DNSKEY"),
                                  (self.states.data, child, "SOA"),
                                  *((self.states.data, *ask(rng)) for ask in self.chain.names.values())):
            sent_s = time.monotonic()
            try:
                reply = server.ask(name, qtype, dnssec=True, timeout=REPLY_TIMEOUT_S)
            except dns.exception.Timeout:
                continue
            now_s = time.monotonic()
            self.slowest_s = max(self.slowest_s, now_s - sent_s)
            take(reply, sent_s, now_s)

    def _watch_resolver(self, name, server, rng):
        kind, qname, qtype = self.chain.question(rng)
        for _ in range(ATTEMPTS):
            secure = self.secure
            try:
                reply = server.ask(qname, qtype, recurse=True, timeout=REPLY_TIMEOUT_S)
            except dns.exception.Timeout:
                continue
            if reply.rcode() != dns.rcode.SERVFAIL:
                break
            if self._end.wait(0.2):
                return
        else:
            self._faults.append(f"{name}: SERVFAIL or nothing, {kind} {qname} {qtype}")
            return
        wrong = (rcode(reply) == "NXDOMAIN") != kind.startswith("absent")
        if wrong or (secure and self.secure and not validated(reply)):
            self._faults.append(f"{name}: {rcode(reply)}, validated {validated(reply)}: {kind} {qname} {qtype}")
