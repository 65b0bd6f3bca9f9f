"""What any cache may hold of a signed zone, and whether a validator that holds it sees bogus.

    states = CacheStates("dyn.isp.example.")
    states.ds(reply, when_s)        # replies of the authoritative servers, as they come
    states.dnskey(reply, when_s)
    states.data(reply, when_s)
    states.faults                   # what would have been bogus, each kind once

Every version of the DS set, of the DNSKEY set and of the zone's other RRsets is kept for as long as its TTL lets a
cache keep it. Each that comes is judged with all that a cache may hold at that moment (three spans of time that meet two
by two have a moment in common): so every cache is covered, also one that asked for the DS just before a change, for
the DNSKEY just after it, and got the rest from another cache. Each pair is judged as RFC 6840 5.11 has it, one good
path suffices, and as strictly as RFC 4035 2.2: a path for each algorithm of the DS set and of the DNSKEY set.
"""
import threading

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rrset

KEPT_SAMPLES = 20  # RRsets kept until the key that signed them is published


class Version:
    """One version of a set, and the spans of time (s) in which a cache may hold it."""

    def __init__(self, text):
        self.text = text
        self.spans = []

    def seen(self, begin_s, end_s):
        if self.spans and begin_s <= self.spans[-1][1]:
            self.spans[-1][1] = max(self.spans[-1][1], end_s)
        else:
            self.spans.append([begin_s, end_s])

    def held(self, now_s):
        """Whether a cache may hold it at now_s or later."""
        return bool(self.spans) and self.spans[-1][1] >= now_s


class CacheStates:
    def __init__(self, zone):
        self.zone = dns.name.from_text(zone) if isinstance(zone, str) else zone
        self.faults = []
        self.replies = 0
        self.secure = False  # set it: an absent DS is a fault
        self._lock = threading.Lock()
        self._ds, self._dnskey, self._data = {}, {}, {}
        self._public = {}     # (algorithm, tag) -> DNSKEY rdata, of all ever seen
        self._unchecked = {}  # (algorithm, tag) -> [(rrset, rrsig)], signed by a key not seen yet
        self._judged = set()

    # --- replies ------------------------------------------------------------------------------------------------------

    def ds(self, reply, sent_s, now_s):
        """A reply to the question for the zone's DS, from the zone above."""
        rrset = find(reply.answer, self.zone, dns.rdatatype.DS)
        content = frozenset((rd.algorithm, rd.key_tag, rd.digest_type, rd.digest) for rd in rrset or ())
        with self._lock:
            if self.secure and not content:
                self._fault("the DS is gone")
            self._come(self._ds, content, sent_s + (rrset.ttl if rrset else negative_ttl_s(reply)), now_s)

    def dnskey(self, reply, sent_s, now_s):
        rrset = find(reply.answer, self.zone, dns.rdatatype.DNSKEY)
        with self._lock:
            for rdata in rrset or ():
                self._learn(rdata)
            signers = self._signers(rrset, rrsigs_of(reply.answer, rrset)) if rrset else frozenset()
            content = (frozenset((rd.algorithm, dns.dnssec.key_id(rd), rd) for rd in rrset or ()), signers)
            self._come(self._dnskey, content, sent_s + (rrset.ttl if rrset else negative_ttl_s(reply)), now_s)

    def data(self, reply, sent_s, now_s):
        """A reply about names of the zone: every RRset in it that is signed or should be."""
        for section in (reply.answer, reply.authority):
            for rrset in section:
                if rrset.rdtype == dns.rdatatype.RRSIG or not rrset.name.is_subdomain(self.zone):
                    continue
                with self._lock:
                    signers = self._signers(rrset, rrsigs_of(section, rrset))
                    self._come(self._data, signers, sent_s + rrset.ttl, now_s)

    def versions(self):
        """How many versions of the DS set, of the DNSKEY set and of who signs were seen so far."""
        with self._lock:
            return len(self._ds), len(self._dnskey), len(self._data)

    # --- signatures ---------------------------------------------------------------------------------------------------

    def _learn(self, key):
        ident = (key.algorithm, dns.dnssec.key_id(key))
        if ident not in self._public:
            self._public[ident] = key
            for rrset, rrsig in self._unchecked.pop(ident, ()):
                self._verify(rrset, rrsig, ident)

    def _signers(self, rrset, rrsigs):
        """(algorithm, tag) of the keys that signed it well."""
        signers = set()
        for rrsig in rrsigs:
            ident = (rrsig.algorithm, rrsig.key_tag)
            if ident not in self._public:  # it may be published later
                waiting = self._unchecked.setdefault(ident, [])
                if len(waiting) < KEPT_SAMPLES:
                    waiting.append((rrset, rrsig))
                signers.add(ident)
            elif self._verify(rrset, rrsig, ident):
                signers.add(ident)
        return frozenset(signers)

    def _verify(self, rrset, rrsig, ident):
        key = dns.rrset.from_rdata(self.zone, 0, self._public[ident])
        try:
            dns.dnssec.validate_rrsig(rrset, rrsig, {self.zone: key})
            return True
        except dns.dnssec.ValidationFailure as e:
            self._fault(f"a signature of {rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} by {ident}: {e}")
            return False

    # --- judging ------------------------------------------------------------------------------------------------------

    def _come(self, versions, content, end_s, now_s):
        """content came at now_s; a cache may hold it until end_s."""
        self.replies += 1
        if end_s < now_s:  # it came too late for a cache: nothing can be said of it
            return
        version = versions.setdefault(content, Version(content))
        version.seen(now_s, end_s)

        def held(table):
            return [content] if table is versions else [c for c, v in table.items() if v.held(now_s)]

        for ds in held(self._ds):
            for dnskey in held(self._dnskey):
                for signers in held(self._data):
                    self._judge(ds, dnskey, signers)

    def _judge(self, ds, dnskey, signers):
        if not ds or (ds, dnskey, signers) in self._judged:  # proved absent: insecure, whatever is below
            return
        self._judged.add((ds, dnskey, signers))
        keys, key_signers = dnskey
        known = {(algorithm, tag) for algorithm, tag, _ in keys}
        entries = {key[:2] for key in keys if any(matches(self.zone, key, d) for d in ds)} & key_signers
        what = f"DS {show(d[:2] for d in ds)}, DNSKEY {show(known)} signed by {show(key_signers)}"
        if not entries:
            self._fault(f"bogus: {what}")
        elif not signers & known:
            self._fault(f"bogus: {what}, data signed by {show(signers)}")
        for algorithm in {d[0] for d in ds} | {k[0] for k in known}:
            if algorithm in {d[0] for d in ds} and algorithm not in {e[0] for e in entries}:
                self._fault(f"bogus where all algorithms are wanted: {what}")
            elif algorithm not in {s[0] for s in signers & known}:
                self._fault(f"bogus where all algorithms are wanted: {what}, data signed by {show(signers)}")

    def _fault(self, text):
        if text not in self.faults:
            self.faults.append(text)


def matches(zone, key, ds):
    algorithm, tag, rdata = key
    return (algorithm, tag) == ds[:2] and dns.dnssec.make_ds(zone, rdata, ds[2]).digest == ds[3]


def show(idents):
    return "{" + ", ".join(sorted(f"{algorithm}/{tag}" for algorithm, tag in idents)) + "}"


def find(section, name, rdtype):
    return next((r for r in section if r.name == name and r.rdtype == rdtype), None)


def rrsigs_of(section, rrset):
    return [rd for r in section if r.name == rrset.name and r.rdtype == dns.rdatatype.RRSIG for rd in r
            if rd.type_covered == rrset.rdtype]


def negative_ttl_s(reply):
    """How long the absence may be held (RFC 2308)."""
    soa = next((r for r in reply.authority if r.rdtype == dns.rdatatype.SOA), None)
    return min(soa.ttl, soa[0].minimum) if soa else 0
