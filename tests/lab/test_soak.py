# SPDX-License-Identifier: ISC
"""make soak in short: its books are true, and they balance."""
import pathlib
import subprocess
import sys

import pytest

from soak_books import Balance, Books

LOST, MANY = "a9845fd7a7be41e597eb1342b31ca103", "32570370eed14f379a7a3ee27c19b45f"


def test_whatever_happens_is_told():
    """A few sessions, and the faults that take little time."""
    done = subprocess.run(
        [sys.executable, str(pathlib.Path(__file__).with_name("long_soak.py")), "--sessions", "300",
         "--peers", "5", "--timeout", "16", "--seed", "1", "--once", "server_restart", "reload_bad",
         "flush_and_kill", "stop_and_start", "restart_in_a_storm"],
        text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("nothing differs\n")


def loss(peer, reason=None):
    record = {"MESSAGE_ID": LOST, "MESSAGE": f"{peer}/0: lost after 1s: closed by the peer",
              "KAGUARD_PEER": peer}
    return record | ({"KAGUARD_REASON": reason} if reason else {})


def test_sums_are_counted_by_peer():
    books = Books()
    books.add(loss("p00", "closed"))
    books.add({"MESSAGE_ID": MANY, "KAGUARD_COUNT": "5", "KAGUARD_PEERS": "p00=2 p01=3 ",
               "MESSAGE": "5 more sessions were lost within 1s: 2 of p00, 3 of p01 (4 closed)",
               "KAGUARD_REASONS": "4 closed"})
    assert books.told["lost"] == {"p00": 3, "p01": 3}
    assert books.reasons == {("lost", "closed"): 5}


@pytest.mark.parametrize("seen, left", [(2, {"p00": 1}), (1, {}), (0, {"p00": -1})])
def test_what_was_not_told_is_found_once(seen, left):
    books, balance = Books(), Balance()
    books.add(loss("p00"))
    assert balance.open({"p00": seen}, books.told["lost"]) == left
    balance.write_off({"p00": seen}, books.told["lost"])
    assert balance.open({"p00": seen}, books.told["lost"]) == {}


def test_what_nothing_explains_is_strange():
    books = Books()
    books.add({"MESSAGE_ID": "7a4efb963275483b89d1aa850b7ee350", "MESSAGE": "12 records dropped"})
    books.add({"MESSAGE_ID": "035ada8f8f6042e1b1b6783726c9e629", "MESSAGE": "it has 1 error"})
    assert books.strange == ["12 records dropped", "it has 1 error"]
