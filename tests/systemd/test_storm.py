# SPDX-License-Identifier: ISC
"""Thousands of sessions lost at one moment: a handful of lines."""
import re

from conftest import PORT, QUICK

SESSIONS = 4000
CONFIG = (QUICK + "peers:\n"
          f"  - {{name: hq, address: \"127.0.0.1:{PORT}\", sessions: {SESSIONS}}}\n"
          "  - {name: depot, address: \"127.0.0.1:7002\"}\n")


def test_reset_of_all(site, kaguard, peer):
    depot = site.peer(7002)
    kaguard.start(CONFIG)
    total = SESSIONS + 1
    kaguard.await_status(rf"^{total}/{total} sessions to 2 peers up$", timeout=60)
    untouched = depot.open_sessions()
    start = kaguard.journal.mark()
    lost = set(peer.open_sessions())
    peer.abort()
    peer.await_that(lambda: len(peer.open_sessions()) == SESSIONS and
                    lost.isdisjoint(peer.open_sessions()), 60, "new sessions")
    kaguard.await_status(rf"^{total}/{total} sessions to 2 peers up$", timeout=60)
    came_back = kaguard.journal.await_said(r"more sessions came up", start=start)
    assert int(came_back["KAGUARD_COUNT"]) > 0

    # The journal keeps the order, so all that there was to say is there by now.
    said = [record for record in kaguard.journal.said(start=start) if int(record["PRIORITY"]) <= 5]
    assert 0 < len(said) <= 20, [record["MESSAGE"] for record in said]
    lost = [record for record in said if record.get("KAGUARD_REASON") == "reset"
            and record["KAGUARD_STATE"] == "backoff"]
    [summed_up] = [record for record in said if "more sessions were lost" in record["MESSAGE"]]
    count = int(summed_up["KAGUARD_COUNT"])
    assert len(lost) + count == SESSIONS
    assert summed_up["KAGUARD_PEERS"].split() == [f"hq={count}"]
    assert re.search(rf"\b{count} reset|reset\D*{count}", summed_up["KAGUARD_REASONS"])
    assert depot.open_sessions() == untouched
