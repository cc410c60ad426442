# SPDX-License-Identifier: ISC
"""Ten thousand sessions lost at one moment: a handful of lines."""
import re

from conftest import PORT, QUICK

SESSIONS = 10000
CONFIG = (QUICK + "peers:\n"
          f"  - {{name: hq, address: \"127.0.0.1:{PORT}\", sessions: {SESSIONS}}}\n"
          "  - {name: depot, address: \"127.0.0.1:7002\"}\n")


def lost(journal, start):
    return [record for record in journal.said(start=start, peer="hq", state="backoff")
            if record["KAGUARD_OLD_STATE"] == "up"]


def up(journal, start):
    return journal.said(start=start, peer="hq", state="up")


def sums(journal, what, start):
    return journal.said(rf"^\d+ more sessions {what} ", start=start)


def await_all(journal, singles, what, start):
    """Wait until every session is accounted for: one by one, or in a sum."""
    def told():
        return len(singles(journal, start)) + sum(
            int(record["KAGUARD_COUNT"]) for record in sums(journal, what, start))
    assert journal.wait_for(lambda: told() >= SESSIONS, 60), f"{told()} of {SESSIONS} {what}"
    return told()


def test_reset_of_all(site, kaguard, peer):
    depot = site.peer(7002)
    kaguard.override("LimitNOFILE=20000")
    total = SESSIONS + 1
    started = kaguard.journal.mark()
    kaguard.start(CONFIG)
    kaguard.await_status(rf"^{total}/{total} sessions to 2 peers up$", timeout=60)
    await_all(kaguard.journal, up, "came up", started)
    untouched = depot.open_sessions()

    start = kaguard.journal.mark()
    peer.abort()
    assert await_all(kaguard.journal, lost, "were lost", start) == SESSIONS
    assert await_all(kaguard.journal, up, "came up", start) == SESSIONS
    kaguard.await_status(rf"^{total}/{total} sessions to 2 peers up$", timeout=60)

    # Of all that there was to say.
    said = [record for record in kaguard.journal.said(start=start) if int(record["PRIORITY"]) <= 5]
    assert len(said) <= 20, [record["MESSAGE"] for record in said]
    for record in sums(kaguard.journal, "were lost", start):
        count = int(record["KAGUARD_COUNT"])
        assert record["KAGUARD_PEERS"].split() == [f"hq={count}"]
        assert re.fullmatch(rf"{count} reset", record["KAGUARD_REASONS"])
    assert depot.open_sessions() == untouched
