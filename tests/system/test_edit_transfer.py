"""Zone transfers both ways, NOTIFY, and zones of the kinds primary and secondary."""
import socket
import threading
import time

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.renderer
import dns.rrset
import dns.tsigkeyring
import dns.xfr
import dns.zone
import pytest

from support.editing import HEAD, ISP, REVERSE, ZONES, Edited, generated
from support.pdns import ZONE_CACHE, free_port

WAIT_S = 20


def wait_for(what, timeout=WAIT_S):
    end = time.monotonic() + timeout
    while not (value := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def transfer(world, zone, **kwargs):
    messages = dns.query.xfr("127.0.0.1", zone, port=world.pdns.port, lifetime=10, relativize=False, **kwargs)
    return dns.zone.from_xfr(messages, relativize=False)


@pytest.mark.parametrize("zone_cache", sorted(ZONE_CACHE))
def test_axfr_gives_what_is_explicit_and_generated(tmp_path, zone_cache):
    world = Edited(tmp_path, zone_cache)
    try:
        world.pdns.pdnsutil("replace-rrset", REVERSE, "7", "PTR", "120", "host.customer.example")
        zone = transfer(world, REVERSE)
        found = {name.to_text(): rdata.to_text() for name, _, rdata in zone.iterate_rdatas("PTR")}
        explicit = {f"7.{REVERSE}.": "host.customer.example.", f"25.{REVERSE}.": "mail.customer.example."}
        assert found == {**{f"{i}.{REVERSE}.": generated(i) + "." for i in range(256)}, **explicit}
        names = {name.to_text() for name in transfer(world, ISP).nodes}
        assert names == {ISP + ".", *(f"{label}.{ISP}." for label in ("dyn", "ns1", "ns2", "www"))}
    finally:
        world.close()


def test_axfr_with_a_key_of_the_store(tmp_path):
    secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    world = Edited(tmp_path, "zone-cache", ZONES.replace(", ALLOW-AXFR-FROM: [127.0.0.1]", ""),
                   {"allow-axfr-ips": "192.0.2.1"})
    try:
        world.pdns.pdnsutil("import-tsig-key", "transfer", "hmac-sha256", secret)
        world.pdns.pdnsutil("activate-tsig-key", ISP, "transfer", "primary")
        with pytest.raises(dns.xfr.TransferError):
            transfer(world, ISP)
        keyring = dns.tsigkeyring.from_text({"transfer.": secret})
        assert len(transfer(world, ISP, keyring=keyring, keyname="transfer.", keyalgorithm="hmac-sha256").nodes) == 5
    finally:
        world.close()


class Peer:
    """A name server of one zone on 127.0.0.1: SOA and AXFR of self.records, NOTIFY received."""

    def __init__(self, zone, records=(), port=None):
        self.zone, self.records, self.port = zone, list(records), port or free_port()
        self.serial, self.notified, self.transfers = 100, 0, 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.over = False
        for target in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=target, daemon=True).start()

    def _soa(self):
        return dns.rrset.from_text(self.zone + ".", 300, "IN", "SOA",
                                   f"ns.peer.example. h.peer.example. {self.serial} 7200 3600 604800 300")

    def _reply(self, wire, whole):
        query = dns.message.from_wire(wire)
        if query.opcode() == dns.opcode.NOTIFY:
            self.notified += 1
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        if query.question[0].rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR) and whole:
            self.transfers += 1
            rest = [dns.rrset.from_text(f"{name}.", 300, "IN", qtype, content) for name, qtype, content in self.records]
            reply.answer = [self._soa(), *rest, self._soa()]
            return _ordered(reply)
        if query.opcode() != dns.opcode.NOTIFY:
            reply.answer = [self._soa()]
        return reply.to_wire()

    def _serve_udp(self):
        while not self.over:
            try:
                wire, peer = self.udp.recvfrom(4096)
                self.udp.sendto(self._reply(wire, False), peer)
            except OSError:
                return

    def _serve_tcp(self):
        while not self.over:
            try:
                one, _ = self.tcp.accept()
            except OSError:
                return
            with one:
                one.settimeout(5)
                try:
                    while size := one.recv(2):
                        data = self._reply(one.recv(int.from_bytes(size, "big")), True)
                        one.sendall(len(data).to_bytes(2, "big") + data)
                except OSError:
                    pass

    def close(self):
        self.over = True
        self.udp.close()
        self.tcp.close()


def _ordered(reply):
    """The wire with the SOA at both ends (Message.to_wire keeps the order of its rrsets)."""
    out = dns.renderer.Renderer(reply.id, reply.flags, 65535)
    out.add_question(reply.question[0].name, reply.question[0].rdtype)
    for rrset in reply.answer:
        out.add_rrset(dns.renderer.ANSWER, rrset)
    out.write_header()
    return out.get_wire()


PRIMARY = ZONES.replace("  - name: isp.example\n    metadata: {", """  - name: isp.example
    kind: primary
    metadata: {ALSO-NOTIFY: ["127.0.0.1:PORT"], """)


def test_a_primary_zone_notifies_once_a_serial(tmp_path):
    peer = Peer(ISP)
    world = None
    try:
        world = Edited(tmp_path, "zone-cache", PRIMARY.replace("PORT", str(peer.port)),
                       {"primary": "yes", "xfr-cycle-interval": 1, "only-notify": "127.0.0.1/32"})
        wait_for(lambda: peer.notified)
        time.sleep(2.5)  # a repetition would come with the next cycles
        assert peer.notified == 1
        world.pdns.pdnsutil("add-record", ISP, "new", "A", "60", "192.0.2.1")
        wait_for(lambda: peer.notified == 2)
        with world.client() as client:
            wait_for(lambda: client.call("getUpdatedMasters") == [])
            assert client.call("getDomainInfo", name=ISP)["notified_serial"] == world.serial(ISP)
        time.sleep(2.5)
        assert peer.notified == 2
        world.pdns.control("notify", ISP)
        wait_for(lambda: peer.notified == 3)
    finally:
        peer.close()
        if world:
            world.close()


SECONDARY = HEAD + """
zones:
  - {name: sec.example, kind: secondary, primaries: ["127.0.0.1:PORT"]}
  - name: isp.example
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
"""
RECORDS = [("sec.example", "NS", "ns.peer.example."), ("www.sec.example", "A", "192.0.2.80"),
           ("a.b.sec.example", "TXT", '"deep"'), ("*.w.sec.example", "A", "192.0.2.99")]


@pytest.mark.parametrize("zone_cache", sorted(ZONE_CACHE))
def test_a_secondary_zone_is_transferred_and_followed(tmp_path, zone_cache):
    peer = Peer("sec.example", RECORDS)
    world = None
    try:
        world = Edited(tmp_path, zone_cache, SECONDARY.replace("PORT", str(peer.port)),
                       {"secondary": "yes", "xfr-cycle-interval": 1})
        wait_for(lambda: world.answers("www.sec.example", "A") == ["192.0.2.80"])
        assert world.serial("sec.example") == 100
        assert world.answers("x.w.sec.example", "A") == ["192.0.2.99"]
        assert world.answers("sec.example", "NS") == ["ns.peer.example."]
        with world.client() as client:
            wait_for(lambda: client.call("getUnfreshSlaveInfos") == [])
        done = peer.transfers
        peer.serial = 101
        peer.records[1] = ("www.sec.example", "A", "192.0.2.81")
        world.pdns.control("retrieve", "sec.example")
        wait_for(lambda: world.answers("www.sec.example", "A") == ["192.0.2.81"])
        assert world.serial("sec.example") == 101 and peer.transfers == done + 1
        peer.serial = 102
        peer.records[1] = ("www.sec.example", "A", "192.0.2.82")
        notify = dns.message.make_query("sec.example", "SOA")
        notify.set_opcode(dns.opcode.NOTIFY)
        assert dns.query.udp(notify, "127.0.0.1", port=world.pdns.port, timeout=5).rcode() == dns.rcode.NOERROR
        wait_for(lambda: world.answers("www.sec.example", "A") == ["192.0.2.82"])
        # a load leaves it as it is
        world.store.load(SECONDARY.replace("PORT", str(peer.port)).replace("192.0.2.53", "192.0.2.55"))
        assert world.answers("ns1.isp.example", "A") == ["192.0.2.55"]
        assert world.answers("www.sec.example", "A") == ["192.0.2.82"] and world.serial("sec.example") == 102
    finally:
        peer.close()
        if world:
            world.close()


def test_a_transfer_with_a_bad_record_is_refused_whole(tmp_path):
    peer = Peer("sec.example", RECORDS)
    world = None
    try:
        world = Edited(tmp_path, "zone-cache", SECONDARY.replace("PORT", str(peer.port)),
                       {"secondary": "yes", "xfr-cycle-interval": 1})
        wait_for(lambda: world.answers("www.sec.example", "A") == ["192.0.2.80"])
        before = world.everything()
        peer.serial = 102
        peer.records.append(("www.sec.example", "CNAME", "a.example."))
        world.pdns.control("retrieve", "sec.example")
        wait_for(lambda: "refused" in world.ptrd.log())
        assert world.everything() == before
    finally:
        peer.close()
        if world:
            world.close()
