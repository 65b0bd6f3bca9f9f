"""pdnsutil edits what ptrd serves: generated names become explicit and come back, nothing else changes, and what is
refused is refused aloud."""
import os
import pty
import select
import signal
import time

import pytest

from support.editing import DYN, ISP, REVERSE, V6, ZONES, Edited, generated
from support.pdns import ZONE_CACHE, Tool, assert_nxdomain


@pytest.fixture(params=sorted(ZONE_CACHE))
def world(request, tmp_path):
    made = Edited(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def cached(tmp_path):
    """Where the zone cache does not matter."""
    made = Edited(tmp_path, "zone-cache")
    yield made
    made.close()


def test_a_generated_ptr_is_replaced_and_comes_back(world):
    name, serial = f"7.{REVERSE}", world.serial(REVERSE)
    assert world.answers(name, "PTR") == [generated(7) + "."]
    world.pdns.pdnsutil("replace-rrset", REVERSE, "7", "PTR", "120", "host.customer.example")
    assert world.answers(name, "PTR") == ["host.customer.example."]
    assert world.ttl(name, "PTR") == 120
    assert world.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    assert world.answers(f"25.{REVERSE}", "PTR") == ["mail.customer.example."]
    assert world.answers(generated(7), "A") == ["198.51.100.7"]
    assert world.serial(REVERSE) > serial
    raised = world.serial(REVERSE)
    world.pdns.pdnsutil("delete-rrset", REVERSE, "7", "PTR")
    assert world.answers(name, "PTR") == [generated(7) + "."]
    assert world.serial(REVERSE) > raised


def test_a_record_added_to_a_generated_name_stands_in_front_of_it(world):
    """pdnsutil sends the generated value along; only what is new becomes explicit."""
    out = world.pdns.pdnsutil("add-record", REVERSE, "9", "PTR", "120", "added.customer.example")
    assert "added.customer.example" in out
    assert world.answers(f"9.{REVERSE}", "PTR") == ["added.customer.example."]
    world.pdns.pdnsutil("add-record", REVERSE, "9", "PTR", "120", "second.customer.example")
    assert world.answers(f"9.{REVERSE}", "PTR") == ["added.customer.example.", "second.customer.example."]
    world.pdns.pdnsutil("add-record", REVERSE, "9", "TXT", "120", '"beside"')
    assert world.answers(f"9.{REVERSE}", "TXT") == ['"beside"']


def test_generated_addresses_and_ipv6_are_edited_too(world):
    world.pdns.pdnsutil("replace-rrset", DYN, "198-51-100-7", "A", "60", "203.0.113.1")
    assert world.answers(generated(7), "A") == ["203.0.113.1"]
    assert world.answers(generated(8), "A") == ["198.51.100.8"]
    world.pdns.pdnsutil("delete-rrset", DYN, "198-51-100-7", "A")
    assert world.answers(generated(7), "A") == ["198.51.100.7"]
    zone = "8.b.d.0.1.0.0.2.ip6.arpa"
    relative = V6.removesuffix("." + zone)
    world.pdns.pdnsutil("replace-rrset", zone, relative, "PTR", "60", "six.customer.example")
    assert world.answers(V6, "PTR") == ["six.customer.example."]
    sibling = "6" + V6[1:]
    assert world.answers(sibling, "PTR") == ["2001-0db8-0000-0000-0000-0000-0000-0026.dyn.isp.example."]
    world.pdns.pdnsutil("delete-rrset", zone, relative, "PTR")
    assert world.answers(V6, "PTR") == ["2001-0db8-0000-0000-0000-0000-0000-0025.dyn.isp.example."]


def test_explicit_records_of_the_source_are_replaced_and_deleted(world):
    world.pdns.pdnsutil("replace-rrset", ISP, "www", "A", "60", "192.0.2.81", "192.0.2.82")
    assert world.answers("www.isp.example", "A") == ["192.0.2.81", "192.0.2.82"]
    world.pdns.pdnsutil("delete-rrset", ISP, "www", "A")
    assert world.answers("www.isp.example", "A") == []
    assert world.answers("www.isp.example", "TXT") == ['"text"']
    world.pdns.pdnsutil("delete-rrset", ISP, "www", "TXT")
    assert_nxdomain(world.pdns.ask("www.isp.example", "TXT"))
    world.pdns.pdnsutil("delete-rrset", REVERSE, "25", "PTR")
    assert world.answers(f"25.{REVERSE}", "PTR") == [generated(25) + "."]


def test_a_load_keeps_what_was_edited(world):
    world.pdns.pdnsutil("replace-rrset", REVERSE, "7", "PTR", "120", "host.customer.example")
    world.pdns.pdnsutil("delete-rrset", ISP, "www", "A")
    world.store.load(ZONES.replace("192.0.2.53", "192.0.2.55"))
    assert world.answers("ns1.isp.example", "A") == ["192.0.2.55"]
    assert world.answers(f"7.{REVERSE}", "PTR") == ["host.customer.example."]
    assert world.answers("www.isp.example", "A") == []


def test_increase_serial(world):
    serial = world.serial(ISP)
    out = world.pdns.pdnsutil("increase-serial", ISP)
    told = int(out.split("set to ")[1].split()[0])
    assert world.serial(ISP) == told > serial
    world.pdns.pdnsutil("increase-serial", REVERSE)
    with world.client() as client:
        assert client.call("getDomainInfo", name=ISP)["serial"] == told


def test_metadata(cached):
    cached.pdns.pdnsutil("set-meta", ISP, "ALLOW-AXFR-FROM", "AUTO-NS", "192.0.2.0/24")
    out = cached.pdns.pdnsutil("get-meta", ISP)
    assert "ALLOW-AXFR-FROM = AUTO-NS, 192.0.2.0/24" in out and "ALLOW-DNSUPDATE-FROM" in out
    cached.pdns.pdnsutil("add-meta", ISP, "X-ISSUE", "one")
    cached.pdns.pdnsutil("add-meta", ISP, "X-ISSUE", "two")
    assert "X-ISSUE = one, two" in cached.pdns.pdnsutil("get-meta", ISP, "X-ISSUE")
    cached.pdns.pdnsutil("set-meta", ISP, "ALLOW-AXFR-FROM")
    assert "ALLOW-AXFR-FROM" not in cached.pdns.pdnsutil("get-meta", ISP)


def test_tsig_keys(cached):
    cached.pdns.pdnsutil("import-tsig-key", "imported", "hmac-sha256", "AAAAAAAAAAAAAAAAAAAAAA==")
    cached.pdns.pdnsutil("generate-tsig-key", "made", "hmac-sha512")
    listed = cached.pdns.pdnsutil("list-tsig-keys")
    assert "imported. hmac-sha256. AAAAAAAAAAAAAAAAAAAAAA==" in listed and "made. hmac-sha512." in listed
    cached.pdns.pdnsutil("activate-tsig-key", ISP, "imported", "primary")
    assert "imported" in cached.pdns.pdnsutil("get-meta", ISP, "TSIG-ALLOW-AXFR")
    cached.pdns.pdnsutil("deactivate-tsig-key", ISP, "imported", "primary")
    assert "imported" not in cached.pdns.pdnsutil("get-meta", ISP, "TSIG-ALLOW-AXFR")
    cached.pdns.pdnsutil("delete-tsig-key", "imported")
    assert "imported" not in cached.pdns.pdnsutil("list-tsig-keys")


def test_check_list_and_rectify(cached):
    cached.pdns.pdnsutil("replace-rrset", REVERSE, "7", "PTR", "120", "host.customer.example")
    cached.pdns.pdnsutil("add-record", ISP, "deep.down.below", "TXT", "60", '"x"')
    for zone in (ISP, DYN, REVERSE):
        assert "0 errors" in cached.pdns.pdnsutil("check-zone", zone)
    listed = cached.pdns.pdnsutil("list-zone", REVERSE)
    assert "host.customer.example" in listed and "mail.customer.example" in listed and generated(8) in listed
    before = cached.everything()
    cached.pdns.pdnsutil("rectify-zone", ISP)
    assert cached.everything() == before
    assert REVERSE in cached.pdns.pdnsutil("list-all-zones")


def master_file(path, serial, *lines):
    path.write_text(f"$ORIGIN {ISP}.\n$TTL 300\n"
                    f"@ SOA ns1.isp.example. hostmaster.isp.example. {serial} 7200 3600 604800 300\n"
                    "@ NS ns1.isp.example.\nns1 A 192.0.2.53\n" + "\n".join(lines) + "\n")
    return path


def test_load_zone_replaces_an_existing_zone(world, tmp_path):
    serial = world.serial(ISP) + 10
    world.pdns.pdnsutil("load-zone", ISP, master_file(tmp_path / "zone", serial, "new A 192.0.2.90", "a.b MX 10 new"))
    assert world.serial(ISP) == serial
    assert world.answers("new.isp.example", "A") == ["192.0.2.90"]
    assert world.answers("a.b.isp.example", "MX") == ["10 new.isp.example."]
    assert_nxdomain(world.pdns.ask("www.isp.example", "A"))
    assert world.answers(ISP, "NS") == ["ns1.isp.example."]
    assert world.answers(generated(7), "A") == ["198.51.100.7"]


def test_load_zone_of_a_reverse_zone_keeps_generating(cached, tmp_path):
    path = tmp_path / "zone"
    path.write_text(f"$ORIGIN {REVERSE}.\n$TTL 300\n@ SOA ns1.isp.example. hostmaster.isp.example. 1 7200 3600 604800 300\n"
                    "@ NS ns1.isp.example.\n7 PTR seven.customer.example.\n")
    cached.pdns.pdnsutil("load-zone", REVERSE, path)
    assert cached.answers(f"7.{REVERSE}", "PTR") == ["seven.customer.example."]
    assert cached.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    assert cached.answers(f"25.{REVERSE}", "PTR") == [generated(25) + "."]


def edit_zone(pdns, zone, script):
    """pdnsutil edit-zone on a terminal, with a shell script as the editor; the changes are applied."""
    editor = pdns.dir / "editor"
    editor.write_text(f"#!/bin/sh\nfor file; do :; done\n{script}\n")
    editor.chmod(0o755)
    try:
        pid, fd = pty.fork()
    except OSError as e:
        pytest.skip(f"edit-zone wants a terminal, and /dev/pts is not here: {e}")
    if pid == 0:
        os.environ["EDITOR"] = str(editor)
        os.execvp("pdnsutil", ["pdnsutil", f"--config-dir={pdns.dir}", "edit-zone", zone])
    out, answers, end = b"", [(b"increase-serial?", b"y"), (b"(a)pply these changes", b"a")], time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    out += os.read(fd, 65536)
                except OSError:  # the terminal closes with pdnsutil
                    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()
            if answers and answers[0][0] in out:
                os.write(fd, answers.pop(0)[1] + b"\n")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise TimeoutError(out.decode())
    finally:
        os.close(fd)


def test_edit_zone(cached):
    status, out = edit_zone(cached.pdns, REVERSE, "sed -i 's/mail.customer/edited.customer/' $file\n"
                                                  f"sed -i '/^7.{REVERSE}/d' $file\n"
                                                  f"echo '7.{REVERSE}. 60 IN PTR seven.customer.example.' >> $file")
    assert status == 0, out
    assert cached.answers(f"25.{REVERSE}", "PTR") == ["edited.customer.example."]
    assert cached.answers(f"7.{REVERSE}", "PTR") == ["seven.customer.example."]
    assert cached.answers(f"8.{REVERSE}", "PTR") == [generated(8) + "."]
    status, out = edit_zone(cached.pdns, REVERSE, f"sed -i '/^7.{REVERSE}/d' $file")
    assert status == 0, out
    assert cached.answers(f"7.{REVERSE}", "PTR") == [generated(7) + "."]


def test_clear_zone_is_refused(cached):
    """It would leave a zone without SOA and NS."""
    before = cached.everything()
    with pytest.raises(Tool):
        cached.pdns.pdnsutil("clear-zone", ISP)
    assert cached.everything() == before
    assert "commitTransaction refused" in cached.ptrd.log()


def test_a_cname_beside_data_is_refused_by_pdnsutil_itself(cached):
    before = cached.everything()
    with pytest.raises(Tool, match="CNAME"):
        cached.pdns.pdnsutil("replace-rrset", ISP, "www", "CNAME", "60", "elsewhere.example")
    assert cached.everything() == before


REFUSED = {
    "deleting the SOA": ("delete-rrset", ISP, "@", "SOA"),
    "deleting the NS": ("delete-rrset", ISP, "@", "NS"),
    "data of the zone below": ("add-record", ISP, "x.dyn", "TXT", "60", '"x"'),
    "a DNAME above generated names": ("add-record", DYN, "@", "DNAME", "60", "elsewhere.example"),
}


@pytest.mark.parametrize("command", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_told_and_changes_nothing(cached, command):
    before = cached.everything()
    with pytest.raises(Tool):
        cached.pdns.pdnsutil(*command)
    assert cached.everything() == before
    assert "refused" in cached.ptrd.log()


def test_a_load_zone_with_one_bad_record_changes_nothing(cached, tmp_path):
    before = cached.everything()
    for bad in ("www CNAME a.example.\nwww A 192.0.2.1", "www CNAME a.example.\nwww CNAME b.example.",
                "d DNAME a.example.\nbelow.d A 192.0.2.1"):
        with pytest.raises(Tool):
            cached.pdns.pdnsutil("load-zone", ISP, master_file(tmp_path / "zone", 2000000000, "ok A 192.0.2.90", bad))
        assert cached.everything() == before


def test_zones_are_not_made_here(cached):
    with pytest.raises(Tool):
        cached.pdns.pdnsutil("create-zone", "new.example")
    with pytest.raises(Tool):
        cached.pdns.pdnsutil("delete-zone", ISP)
    assert cached.answers("www.isp.example", "A") == ["192.0.2.80"]


def test_backend_cmd(cached):
    out = cached.pdns.pdnsutil("backend-cmd", "remote", "stats", "explain 198.51.100.7", "nonsense")
    assert "zones 4\n" in out and "source generated\n" in out and "explain NAME|ADDRESS" in out


def test_while_a_load_holds_the_store_an_edit_is_refused_aloud(cached):
    with cached.client() as holder:
        assert holder.start(ISP + ".") == {"result": True}
        for command in (("replace-rrset", ISP, "www", "A", "60", "192.0.2.1"), ("delete-rrset", ISP, "www", "A"),
                        ("set-meta", ISP, "X-A", "1")):
            with pytest.raises(Tool):
                cached.pdns.pdnsutil(*command)
            assert holder.abort() and holder.start(ISP + ".") == {"result": True}
    assert cached.answers("www.isp.example", "A") == ["192.0.2.80"]
    assert cached.ptrd.log().count("is being written by") == 3
