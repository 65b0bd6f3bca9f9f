"""A structural load under fire: every answer is one whole state's, old or new, and a load is live at the next
request. With many blocks the new table takes longer than a request waits, and the old pair goes on answering."""
import threading
import time

import pytest

from support.ptrd import Client, Ptrd, Store

HEAD = """
defaults:
  ttl: 3600
  soa: {mname: ns1.isp.example, rname: hostmaster.isp.example}
  ns: [ns1.isp.example]
zones:
  - name: isp.example
  - prefix: 10.0.0.0/8
blocks:
"""
REVERSE = "7.0.0.10.in-addr.arpa."


def state(letter, blocks):
    """Every block is named by the state's letter, the same letter in both directions."""
    lines = [f"  - {{prefix: 10.{i >> 8}.{i & 255}.0/24, name: \"{letter}{i}-{{4}}.isp.example\"}}" for i in range(blocks)]
    return HEAD + "\n".join(lines) + "\n"


def forward(letter):
    return f"{letter}0-7.isp.example"


def ask(client, stop, seen, broken):
    try:
        while not stop.is_set():
            rows = client.lookup(REVERSE)
            seen.append((time.monotonic(), rows[0]["content"]))
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
        broken.append(error)


@pytest.mark.parametrize("blocks", [1, 60000])
def test_answers_are_always_one_state_and_a_load_is_live_at_the_next_request(tmp_path, blocks):
    store = Store(tmp_path / "db").load(state("a", blocks))
    with Ptrd(store.dir) as ptrd:
        stop, seen, broken = threading.Event(), [], []
        clients = [Client(ptrd.socket) for _ in range(3)]
        threads = [threading.Thread(target=ask, args=(c, stop, seen, broken)) for c in clients]
        for t in threads:
            t.start()
        with Client(ptrd.socket) as client:
            for letter in "bab":
                store.load(state(letter, blocks))
                if blocks == 1:
                    assert client.lookup(REVERSE)[0]["content"] == forward(letter)
                else:  # within the time that a table of that size takes
                    end = time.monotonic() + 20
                    while client.lookup(REVERSE)[0]["content"] != forward(letter):
                        assert time.monotonic() < end
                other = "a" if letter == "b" else "b"
                assert client.lookup(forward(letter), "A")[0]["content"] == "10.0.0.7"
                assert client.lookup(forward(other), "A") == []
        stop.set()
        for t in threads:
            t.join()
        assert not broken
        assert {content for _, content in seen} == {forward("a"), forward("b")}
        times = sorted(at for at, _ in seen)
        print(f"{len(seen)} answers, longest pause {max(b - a for a, b in zip(times, times[1:])):.3f} s")
        for c in clients:
            c.sock.close()
        assert ptrd.stop() == 0
