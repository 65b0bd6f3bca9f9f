"""A load is live at the next request; ptrd may be restarted under a running PowerDNS."""
import time

import pytest

from support.pdns import NO_ANSWER_CACHE, ZONE_CACHE, Pdns, assert_answer, assert_nxdomain, rcode, rows
from support.ptrd import Ptrd, Refused, Store
from support.zones import HEAD, ISP_ZONES

HEAL_TIMEOUT_S = 20


def zones(template, ptrs="", zones_text=ISP_ZONES):
    return HEAD + zones_text + f"""
blocks:
  - {{prefix: 198.51.100.0/24, name: "{template}"}}
  - {{prefix: 2001:db8::/32, name: "{{ip}}.dyn.isp.example"}}
""" + ptrs


FIRST = zones("{ip}.dyn.isp.example")
SECOND = zones("host-{4}.dyn.isp.example", "ptrs:\n  198.51.100.9: mail.isp.example\n")


@pytest.fixture(params=sorted(ZONE_CACHE))
def settings(request):
    return {**ZONE_CACHE[request.param], **NO_ANSWER_CACHE}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "db").load(FIRST)


def test_a_load_is_live_at_the_next_request(store, settings):
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        for _ in range(3):
            assert_answer(pdns.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["198-51-100-7.dyn.isp.example."])
            assert_answer(pdns.ask("9.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["198-51-100-9.dyn.isp.example."])
            assert_nxdomain(pdns.ask("mail.isp.example.", "A"))
            store.load(SECOND)
            assert_answer(pdns.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["host-7.dyn.isp.example."])
            assert_answer(pdns.ask("host-7.dyn.isp.example.", "A"), "A", ["198.51.100.7"])
            assert_nxdomain(pdns.ask("198-51-100-7.dyn.isp.example.", "A"))
            assert_answer(pdns.ask("9.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["mail.isp.example."])
            assert_answer(pdns.ask("mail.isp.example.", "A"), "A", ["198.51.100.9"])
            store.load(FIRST)


def serial(pdns, apex):
    return int(rows(pdns.ask(apex, "SOA"))[0][1].split()[2])


def test_the_serial_rises_with_a_change_and_only_then(store, settings):
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        before = serial(pdns, "100.51.198.in-addr.arpa.")
        untouched = serial(pdns, "8.b.d.0.1.0.0.2.ip6.arpa.")
        store.load(FIRST)
        assert serial(pdns, "100.51.198.in-addr.arpa.") == before
        store.load(SECOND)
        assert serial(pdns, "100.51.198.in-addr.arpa.") > before
        assert serial(pdns, "8.b.d.0.1.0.0.2.ip6.arpa.") == untouched


def test_a_refused_load_leaves_the_answers(store, settings):
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, settings) as pdns:
        with pytest.raises(Refused) as refusal:
            store.load(zones("{3}{9}.dyn.isp.example"))
        assert refusal.value.status == 1
        assert_answer(pdns.ask("7.100.51.198.in-addr.arpa.", "PTR"), "PTR", ["198-51-100-7.dyn.isp.example."])


def test_a_new_zone_answers_once_powerdns_knows_it(store, tmp_path):
    """Without the zone cache that is at once."""
    added = ISP_ZONES + "  - {name: new.example, records: [{name: www, type: A, content: 192.0.2.80}]}\n"
    with Ptrd(store.dir) as ptrd, Pdns(ptrd.socket, {**ZONE_CACHE["no-zone-cache"], **NO_ANSWER_CACHE}) as pdns:
        assert rcode(pdns.ask("www.new.example.", "A")) == "REFUSED"
        store.load(zones("{ip}.dyn.isp.example", zones_text=added))
        assert_answer(pdns.ask("www.new.example.", "A"), "A", ["192.0.2.80"])


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_of_ptrd_heals(store, settings, tmp_path, how):
    """While it is down every answer is SERVFAIL, never a denial; each connection of PowerDNS fails at most once more."""
    ptrd = Ptrd(store.dir)
    path = ptrd.socket
    question = ("7.100.51.198.in-addr.arpa.", "PTR")
    expected = [("PTR", "198-51-100-7.dyn.isp.example.")]
    with Pdns(path, settings) as pdns:
        assert rows(pdns.ask(*question)) == expected
        ptrd.process.terminate() if how == "stop" else ptrd.process.kill()
        ptrd.process.wait(20)
        for _ in range(5):
            assert rcode(pdns.ask(*question)) == "SERVFAIL"
        with Ptrd(store.dir, socket_path=path):
            end, good = time.monotonic() + HEAL_TIMEOUT_S, 0
            while good < 20 and time.monotonic() < end:
                reply = pdns.ask(*question)
                assert rcode(reply) in ("NOERROR", "SERVFAIL")
                good = good + 1 if rows(reply) == expected else 0
            assert good == 20, "PowerDNS has not found ptrd again"
        ptrd._tidy()
