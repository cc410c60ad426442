# SPDX-License-Identifier: ISC
"""What journalctl shows of kaguard: fields, selections, explanations."""
import errno
import json
import re

import pytest

from conftest import PORT, QUICK

CONFIG = (QUICK + f"peers:\n  - {{name: hq, address: \"127.0.0.1:{PORT}\"}}\n"
          "  - {name: depot, address: \"127.0.0.1:7002\"}\n")


@pytest.fixture
def told(kaguard, peer):
    """One session to hq that was lost and is back, and none to depot."""
    kaguard.start(CONFIG)
    kaguard.await_status(r"^1/2 sessions")
    first = peer.await_sessions(1, 5)
    peer.hang_up()
    peer.await_that(lambda: peer.open_sessions() not in ([], first), 5, "new session")
    kaguard.journal.await_said(r"up after 1 attempt", peer="hq")
    return kaguard


def test_fields(told, peer):
    """Each has what applies to it, and is the unit's."""
    journal = told.journal
    first, lost, back = (journal.said(peer="hq", state=state)[n]
                         for state, n in (("up", 0), ("backoff", 0), ("up", 1)))
    refused = journal.await_said(peer="depot", reason="refused")
    source = peer.sessions[0].port
    assert first["KAGUARD_REMOTE"] == f"127.0.0.1:{PORT}"
    assert first["KAGUARD_LOCAL"] == f"127.0.0.1:{source}"
    assert (first["KAGUARD_SESSION"], first["KAGUARD_OLD_STATE"]) == ("0", "connecting")
    assert int(first["KAGUARD_RTT_US"]) > 0 and first["KAGUARD_ATTEMPT"] == "1"
    assert lost["KAGUARD_OLD_STATE"] == "up" and lost["KAGUARD_REASON"] == "closed"
    assert int(lost["KAGUARD_IDLE_MS"]) >= 0
    assert lost["KAGUARD_LOCAL"] == first["KAGUARD_LOCAL"]
    assert back["KAGUARD_LOCAL"] == f"127.0.0.1:{peer.sessions[1].port}"
    assert refused["ERRNO"] == str(errno.ECONNREFUSED)
    assert refused["KAGUARD_STATE"] == "backoff"
    assert int(refused["KAGUARD_RETRY_MS"]) <= 100 and int(refused["KAGUARD_ATTEMPT"]) == 1
    assert [r["PRIORITY"] for r in (first, lost, back, refused)] == ["6", "4", "5", "4"]
    for record in (first, lost, back, refused):
        assert re.fullmatch(r"[0-9a-f]{32}", record["MESSAGE_ID"])
        assert record["SYSLOG_IDENTIFIER"] == "kaguard"
        assert record["_SYSTEMD_UNIT"] == "kaguard.service"
        assert record["_TRANSPORT"] == "journal"


def test_selection(told):
    """journalctl -u kaguard KAGUARD_PEER=hq, and the like."""
    def peers(*arguments):
        return {json.loads(line).get("KAGUARD_PEER")
                for line in told.journalctl("-o", "json", *arguments).splitlines()}
    assert {"hq", "depot", None} <= peers()
    assert peers("KAGUARD_PEER=hq") == {"hq"}
    assert peers("KAGUARD_REASON=refused") == {"depot"}
    assert told.host.run("journalctl", "-F", "KAGUARD_PEER").split() == ["depot", "hq"] or \
        told.host.run("journalctl", "-F", "KAGUARD_PEER").split() == ["hq", "depot"]


def test_explanations(told, peer):
    """journalctl -x: each kind of message with its own text, the fields filled in."""
    told.host.run("journalctl", "--update-catalog")
    text = told.journalctl("-x", "--output=short")
    assert "Subject: A session to hq was lost" in text
    assert "Subject: A session to depot could not be opened (refused)" in text
    assert f"The connection to 127.0.0.1:{PORT} is established" in text
    assert "Documentation: man:kaguard(8)" in text
    assert "@KAGUARD" not in text
    ids = {r["MESSAGE_ID"] for r in told.journal.said() if r["SYSLOG_IDENTIFIER"] == "kaguard"}
    listed = told.host.run("journalctl", "--list-catalog", *ids)
    assert len(ids) >= 4 and all(one in listed for one in ids)


def test_forgotten_by_the_firewall(kaguard, peer):
    """Only the session that comes up afterwards shows why the one before it died."""
    kaguard.start(f"peers:\n  - {{name: hq, address: \"127.0.0.1:{PORT}\", firewall: 12s, "
                  "keepalive: {idle: 1s, interval: 1s, count: 3}, backoff: {first: 100ms}}\n")
    kaguard.await_status(r"^1/1 session")
    peer.crash()
    back = kaguard.journal.await_said(r"the firewall had forgotten it", peer="hq", state="up")
    assert back["KAGUARD_REASON"] == "expired"
    lost = kaguard.journal.await_said(r"the next attempt will tell", peer="hq", state="backoff")
    assert "KAGUARD_REASON" not in lost
    kaguard.host.run("journalctl", "--update-catalog")
    text = kaguard.journalctl("-x", "KAGUARD_PEER=hq")
    assert "()" not in text
    assert "the peer\n░░ itself was well all the time" in text


def test_without_its_socket(kaguard, peer):
    """Then the same texts are lines on stderr, which the service manager takes to the journal."""
    kaguard.override("InaccessiblePaths=/run/systemd/journal/socket")
    kaguard.start(CONFIG)
    up = kaguard.journal.await_said(r"^hq/0: up: ")
    refused = kaguard.journal.await_said(r"^depot/0: cannot connect to 127.0.0.1")
    for record, priority in ((up, "6"), (refused, "4")):
        assert (record["_TRANSPORT"], record["PRIORITY"]) == ("stdout", priority)
        assert record["SYSLOG_IDENTIFIER"] == "kaguard"
        assert "KAGUARD_PEER" not in record


def test_last_words(kaguard, peer):
    """What is said just before the end is found under the unit's name, too."""
    for _ in range(5):
        start = kaguard.journal.mark()
        kaguard.start(CONFIG)
        kaguard.systemctl("stop")
        kaguard.journal.await_said(r"stopping on SIGTERM", start=start)


def test_last_words_of_a_failure(kaguard):
    """So is why it could not start, though it lives for a moment only."""
    kaguard.configure("peers: nobody\n")
    program = kaguard.show("ExecStart")["ExecStart"]
    for _ in range(10):
        start = kaguard.journal.mark()
        assert kaguard.try_systemctl("start").returncode != 0
        said = kaguard.journal.await_said(r"/etc/kaguard.yaml:1:8: error: ", start=start)
        assert f"path={said['_EXE']} " in program


def test_status_table(told):
    told.host.run("systemctl", "kill", "--signal=USR1", "kaguard")
    told.journal.await_said(r"^hq/0 +up ")
    told.journal.await_said(r"^depot/0 +backoff ")


def test_summary(kaguard, peer):
    kaguard.start(CONFIG + "log: {summary_every: 1s}\n")
    said = kaguard.journal.await_said(r"in the last 1s: ")
    assert said["PRIORITY"] == "6" and "1/2 sessions to 2 peers up" in said["MESSAGE"]


def test_priorities(kaguard, peer):
    """journalctl -p debug has it all, where the configuration says so."""
    kaguard.start(CONFIG + "log: {level: debug}\n")
    kaguard.await_status(r"^1/2 sessions")
    state = kaguard.journal.await_said(r"hq/0: idle -> ", loud=False)
    assert state["PRIORITY"] == "7"
    assert "hq/0: idle -> " not in kaguard.journalctl("-p", "info")
