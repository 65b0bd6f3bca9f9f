"""kill -9 at any moment of an edit: what was committed stays, what was not is gone as a whole, and the store opens."""
import os
import random
import threading
import time

from support.ptrd import Client, Closed, Ptrd, Store, run
from support.zones import HEAD

KILLS = 500 if os.environ.get("PTRD_TEST_LONG") else 40
ZONES = HEAD + """
zones:
  - name: isp.example
    records:
      - {name: ns1, type: A, content: 192.0.2.53}
      - {name: ns2, type: A, content: 192.0.2.54}
"""


def standing(client):
    """The number that the last edit left, None at first; its cut stands with odd ones, the filling with all."""
    rows = client.lookup("number.isp.example.", "TXT")
    number = int(rows[0]["content"].strip('"')) if rows else None
    cut = client.lookup("cut.isp.example.", "NS")
    assert len(cut) == (1 if number is not None and number % 2 else 0)
    filling = [client.lookup(f"filling-{i}.isp.example.", "TXT") for i in (0, 9)]
    assert [row["content"] for rows in filling for row in rows] == ([f'"{number}"'] * 2 if rows else [])
    return number


def edit(client, number):
    """Whether the commit was heard of."""
    client.start("isp.example.")
    client.replace("number.isp.example.", "TXT", [f'"{number}"'])
    client.replace("cut.isp.example.", "NS", ["ns.customer.example."] if number % 2 else [])
    for i in range(10):
        client.replace(f"filling-{i}.isp.example.", "TXT", [f'"{number}"'])
    assert client.commit() == {"result": True}


def edit_until_killed(ptrd, client, last, next_number, delay_s):
    """The numbers of which one must stand now."""
    killer = threading.Thread(target=lambda: (time.sleep(delay_s), ptrd.process.kill()))
    killer.start()
    allowed = {last}
    try:
        while True:
            allowed = {last, next_number}
            edit(client, next_number)
            last, next_number = next_number, next_number + 1
            allowed = {last}
    except (Closed, OSError):
        pass
    killer.join()
    ptrd.process.wait()
    return allowed


def test_edits_survive_kills_as_a_whole(tmp_path):
    chance = random.Random(3)
    store = Store(tmp_path / "db").load(ZONES)
    allowed, stood = {None}, set()
    for round_ in range(KILLS):
        with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
            last = standing(client)
            assert last in allowed
            stood.add(last)
            allowed = edit_until_killed(ptrd, client, last, 1000 * round_, chance.uniform(0, 0.03))
    assert len(stood) > KILLS / 4
    # no lock is left, and the store is whole
    assert run("ptrctl", "dump", "--db", store.dir).stdout
    store.load(ZONES)
    with Ptrd(store.dir) as ptrd, Client(ptrd.socket) as client:
        edit(client, 7)
        assert standing(client) == 7
