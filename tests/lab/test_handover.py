# SPDX-License-Identifier: ISC
"""What a daemon is handed at its start, be it of the one before it or of anybody."""
import array
import contextlib
import fcntl
import os
import re
import selectors
import signal
import socket
import struct
import sys

import pytest

import guard
import netlab
import peers
import witness
from manager import Manager

PORT = 7001
SESSIONS = 5


class Handover:
    def __init__(self, directory):
        self.netns = netlab.NetNs()
        self.peer = peers.Peer(self.netns, PORT)
        self.manager = Manager(directory)
        self.daemon = None
        self._directory = directory
        self.configure(SESSIONS)

    def configure(self, sessions):
        (self._directory / "kaguard.yaml").write_text(
            "defaults: {backoff: {first: 50ms, max: 100ms}}\n"
            f"control: {{socket: '{self._directory / 'control'}'}}\n"
            f"peers: [{{name: hq, address: \"127.0.0.1:{PORT}\", sessions: {sessions}}}]\n")

    def start(self, *arguments, **keywords):
        with self.netns.entered():
            self.daemon = self.manager.start(*arguments, **keywords)
        lines = []
        for line in self.daemon.stderr:
            lines.append(line)
            if " started: " in line:
                return "".join(lines)
        raise AssertionError("the daemon ended: " + "".join(lines))

    def end(self, number):
        """Returns the exit code."""
        self.daemon.send_signal(number)
        code = self.daemon.wait(10)
        self.daemon.stderr.close()
        self.daemon = None
        return code

    def up(self):
        self.start()
        self.manager.await_up(SESSIONS)
        self.manager.await_stored(2)
        return self.peer.await_sessions(SESSIONS, 1)

    def close(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon.stderr.close()
        self.manager.close()
        self.peer.stop()
        self.netns.close()


@pytest.fixture
def handover(tmp_path):
    with contextlib.closing(Handover(tmp_path)) as whole:
        yield whole


def shelf_of(*sockets, life=1, slot=0, magic=b"kgS1"):
    """A shelf as it is stored, with these sockets on it."""
    mine, stored = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    labels = b"".join(struct.pack("=QII", life + i, slot + i, 0) for i in range(len(sockets)))
    mine.sendmsg([magic + struct.pack("=I", len(sockets)) + labels],
                 [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", [s.fileno() for s in sockets]))])
    mine.close()
    return stored


def goes_on(handover, said, sessions):
    """Nothing is wrong with the sessions that were handed over."""
    assert f"took over {SESSIONS} of {SESSIONS} sessions\n" in said
    assert handover.peer.open_sessions() == sessions


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
def test_goes_on(handover, number):
    sessions = handover.up()
    assert handover.end(number) == (0 if number == signal.SIGUSR2 else -number)
    said = handover.start()
    assert "warning" not in said
    goes_on(handover, said, sessions)
    assert handover.end(signal.SIGTERM) == 0
    handover.manager.await_stored(0)
    handover.peer.await_that(lambda: not handover.peer.open_sessions(), 5, "end of all")
    assert {session.end for session in sessions} == {"fin"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
def test_return_is_told_by_the_next(handover, number):
    """What one daemon has said to be lost, the next one says to be back."""
    handover.up()
    handover.peer.refuse()
    handover.peer.abort()
    handover.manager.await_status(f"0/{SESSIONS} sessions")
    handover.end(number)
    handover.start()
    handover.peer.listen()
    handover.manager.await_up(SESSIONS)
    handover.daemon.send_signal(signal.SIGTERM)
    said = handover.daemon.stderr.read()
    assert {f"hq/{i}: up after" for i in range(SESSIONS)} == set(re.findall(r"hq/\d: up after", said))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
def test_ends_while_it_probes(handover, number):
    """A probe on demand needs other keepalive values for a moment; the next daemon does not leave
    them so, or there would be a probe a second for ever."""
    def idle_times():
        return {held.idle_s for held in guard.held_by(handover.daemon.pid, PORT)}
    sessions = handover.up()
    planned = idle_times()
    assert min(planned) > 100
    handover.netns.run("ip", "link", "add", "eth0", "type", "veth", "peer", "end")
    handover.netns.run("ip", "link", "set", "end", "up")
    handover.netns.run("ip", "link", "set", "eth0", "up")
    handover.netns.run("ip", "route", "add", "192.0.2.0/24", "dev", "eth0")
    witness.await_look(lambda: idle_times() == {1}, 5, "probes", every_s=0.01)
    handover.end(number)
    goes_on(handover, handover.start(), sessions)
    assert idle_times() == planned


def test_of_another_process(handover):
    """LISTEN_PID= of somebody else: not for us, and nothing is touched."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    handover.start(pid=1)
    assert handover.peer.open_sessions()[:SESSIONS] == sessions


def test_foreign_descriptors(handover):
    """Closed and told; what is ours is taken up all the same."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    with socket.socket() as stranger:
        said = handover.start({**handover.manager.stored, "web": stranger.fileno(),
                               "kg-shelf-00": stranger.fileno()})
    assert re.search(r'warning: closed 2 descriptors that are not kaguard\'s, among them "web"',
                     said)
    goes_on(handover, said, sessions)


@pytest.mark.parametrize("names", ["", "kg-shelf-1", ":::", "kg-table-1:kg-table-1:kg-table-1"])
def test_names_that_do_not_fit(handover, names):
    handover.up()
    handover.end(signal.SIGKILL)
    handover.start(names=names)
    handover.peer.await_that(lambda: len(handover.peer.sessions) == 2 * SESSIONS, 10, "new ones")
    assert handover.end(signal.SIGTERM) == 0


def test_fewer_descriptors_than_said(handover):
    """Those that the daemon opens itself are not taken for others."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    said = handover.start(untrue=20)
    goes_on(handover, said, sessions)
    assert handover.end(signal.SIGTERM) == 0


def table_with(content, seals=True):
    fd = os.memfd_create("table", os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    if seals:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    return fd


def read_table(handover):
    name = next(name for name in handover.manager.stored if "table" in name)
    fd = handover.manager.stored[name]
    return name, os.pread(fd, os.fstat(fd).st_size, 0)


def slot_at(table, number):
    """Where a slot begins: behind the header, the record of what is written, and other slots."""
    slot_size, = struct.unpack_from("=I", table, 12)
    return 64 + 8 + slot_size * (1 + number)


@pytest.mark.parametrize("damage, why", [
    (lambda table: b"", "it is no such table"),
    (lambda table: os.urandom(len(table)), "it is no such table"),
    (lambda table: table[:60], "it is no such table"),
    (lambda table: table[:200], "it is damaged"),
    (lambda table: table[:8] + b"\x63" + table[9:], "it is damaged"),
])
def test_damaged_table(handover, damage, why):
    """Without it nobody knows whose the sockets are: they are closed, and opened again."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    name, content = read_table(handover)
    fd = table_with(damage(content))
    said = handover.start({**handover.manager.stored, name: fd})
    os.close(fd)
    assert f"warning: what was known of the sessions cannot be used: {why}" in said
    handover.peer.await_that(lambda: len(handover.peer.sessions) == 2 * SESSIONS, 10, "new ones")
    handover.peer.await_that(lambda: len(handover.peer.open_sessions()) == SESSIONS, 5, "end")
    assert {session.end for session in sessions} == {"fin"}


def test_damaged_slot(handover):
    """Costs one session."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    name, content = read_table(handover)
    at = content.index(b"hq\0", slot_at(content, 1))
    fd = table_with(content[:at] + b"X" + content[at + 1:])
    said = handover.start({**handover.manager.stored, name: fd})
    os.close(fd)
    assert "what was known of 1 sessions is damaged" in said
    assert f"took over {SESSIONS - 1} of {SESSIONS - 1} sessions" in said
    handover.peer.await_that(lambda: any(session.end for session in sessions), 5, "end of one")
    assert sorted(str(session.end) for session in sessions) == ["None"] * (SESSIONS - 1) + ["fin"]


def test_not_what_the_table_says(handover):
    """A socket in the name of a session whose addresses are others, and things that are no TCP."""
    handover.up()
    handover.end(signal.SIGKILL)
    _, content = read_table(handover)
    life, = struct.unpack_from("=Q", content, slot_at(content, 0) + 8)
    with socket.socket() as other, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        fake = shelf_of(other, life=life)
        faker = shelf_of(udp, life=life + 1, slot=1)
        stored = {name: fd for name, fd in handover.manager.stored.items() if "table" in name}
        said = handover.start({**stored, "kg-shelf-90": fake.fileno(),
                               "kg-shelf-91": faker.fileno()})
        fake.close()
        faker.close()
    assert "closed 2 sockets that are not what the table of sessions says" in said
    assert f"took over 0 of {SESSIONS} sessions; {SESSIONS} were lost" in said


def test_no_shelves(handover):
    """Things in the store that are none of our shelves, by their names, beside one that is."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    with socket.socket() as tcp, open(os.devnull) as null:
        garbled = shelf_of(tcp, magic=b"what")
        said = handover.start({**handover.manager.stored, "kg-shelf-90": tcp.fileno(),
                               "kg-shelf-91": null.fileno(), "kg-shelf-92": garbled.fileno()})
        garbled.close()
    assert "3 things in the descriptor store are not what kaguard puts there" in said
    goes_on(handover, said, sessions)


def test_the_same_shelf_twice(handover):
    """As it is when the end comes while one takes the place of the other."""
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    shelf = next(fd for name, fd in handover.manager.stored.items() if "shelf" in name)
    said = handover.start({**handover.manager.stored, "kg-shelf-90": shelf})
    assert "warning" not in said
    goes_on(handover, said, sessions)


def test_given_up_meanwhile(handover):
    """By the kernel, since there was no answer."""
    handover.up()
    handover.end(signal.SIGKILL)
    shelf = next(fd for name, fd in handover.manager.stored.items() if "shelf" in name)
    with socket.socket(fileno=os.dup(shelf)) as queue:
        _, [(_, _, fd)], _, _ = queue.recvmsg(65536, socket.CMSG_LEN(4), socket.MSG_PEEK)
    with socket.socket(fileno=int.from_bytes(fd, sys.byteorder)) as session:
        session.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1)
        handover.netns.run("ip", "link", "set", "lo", "down")
        session.send(b"lost")
        with selectors.DefaultSelector() as selector:
            selector.register(session, selectors.EVENT_READ)
            assert selector.select(10)
        handover.netns.run("ip", "link", "set", "lo", "up")
    said = handover.start()
    assert f"took over {SESSIONS - 1} of {SESSIONS} sessions; 1 had been given up by the kernel" in said


def test_fewer_are_wanted(handover):
    sessions = handover.up()
    handover.end(signal.SIGKILL)
    handover.configure(2)
    said = handover.start()
    assert f"took over 2 of {SESSIONS} sessions; 3 belong to nothing in the configuration" in said
    handover.peer.await_that(lambda: len(handover.peer.open_sessions()) == 2, 5, "end of three")
    assert handover.peer.open_sessions() == sessions[:2]
    assert {session.end for session in sessions[2:]} == {"fin"}


def test_far_fewer_are_wanted(handover):
    """Some lines and the sum, not one for each."""
    handover.configure(40)
    handover.start()
    handover.peer.await_sessions(40, 5)
    handover.manager.await_status("40/40 sessions")
    handover.end(signal.SIGUSR2)
    handover.configure(1)
    said = handover.start()
    assert "took over 1 of 40 sessions; 39 belong to nothing in the configuration" in said
    assert said.count("closed by us: no longer wanted") == 6
