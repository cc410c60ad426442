# SPDX-License-Identifier: ISC
"""Ends of the daemon, and what is to be seen of them: nothing. The peer is the witness."""
import re
import signal
import time

from conftest import PORT, QUICK

UP = r"^{0}/{0} sessions? "


def peer_of(name, sessions, port=PORT, more=""):
    return f"  - {{name: {name}, address: \"127.0.0.1:{port}\", sessions: {sessions}{more}}}\n"


def config(*entries, top=QUICK):
    return top + "peers:\n" + "".join(entries)


def start(kaguard, peer, sessions):
    kaguard.start(config(peer_of("hq", sessions)))
    kaguard.await_status(UP.format(sessions))
    return peer.await_sessions(sessions, 10)


def await_taken(kaguard, mark, taken, of=None):
    said = kaguard.journal.await_said(r"^took over", start=mark)
    assert re.match(rf"took over {taken} of {of or taken} session", said["MESSAGE"]), said["MESSAGE"]
    return said


def stored(kaguard):
    """How many entries the descriptor store has."""
    return int(kaguard.show("NFileDescriptorStore")["NFileDescriptorStore"])


def await_stored(kaguard, count):
    deadline = time.monotonic() + 5
    while (there := stored(kaguard)) != count:
        assert time.monotonic() < deadline, f"{there} descriptors are stored, not {count}"
        time.sleep(0.05)


def carries(sessions):
    """Bytes go through every one of them: what the peer sends is acknowledged."""
    for session in sessions:
        session.sock.send(b"still there?")
    deadline = time.monotonic() + 5
    while any(session.unacknowledged() for session in sessions):
        assert time.monotonic() < deadline, "bytes are not acknowledged"
        time.sleep(0.01)


def lives_on(peer, sessions):
    """The same connections, no FIN, no RST, no new ones."""
    assert peer.open_sessions() == sessions
    assert {session.end for session in sessions} == {None}
    assert len(peer.sessions) == len(sessions)
    carries(sessions)


def kill(kaguard):
    kaguard.signal(signal.SIGKILL)


def freeze(kaguard):
    kaguard.signal(signal.SIGSTOP)


def restart(kaguard):
    kaguard.systemctl("restart")
