# SPDX-License-Identifier: ISC
"""What kaguardctl says is so, and what it asks for is done."""
import json
import os
import pty
import re
import select
import struct
import subprocess
import fcntl
import termios
import time

import pytest

import ctl
import netlab
from conftest import PORT, QUICK
from witness import await_look

OTHER, NOBODY = 7002, 7009
SLOW = "defaults: {backoff: {first: 20s, max: 20s}}"


def config(*peers, head=SLOW):
    lines = [f'  - {{name: {name}, address: "{netlab.SERVER4}:{port}", {rest}}}'
             for name, port, rest in peers]
    return "\n".join([head, "peers:", *lines])


HQ = ("hq", PORT, f"firewall: 30s, sessions: 2, {QUICK}")
GONE = ("gone", NOBODY, "sessions: 1")


@pytest.fixture
def up(bench):
    peer = bench.peer()
    daemon = bench.guard(config(HQ))
    daemon.await_up(2)
    peer.await_sessions(2, 5)
    return peer, daemon


def states(daemon, *arguments, code=0):
    return [(s["peer"], s["session"], s["state"])
            for s in ctl.ask(daemon, "status", *arguments, code=code)["sessions"]]


def test_status_is_what_the_kernel_says(up):
    peer, daemon = up
    status = ctl.ask(daemon, "status")
    held = {h.local[1]: h for h in daemon.held(PORT)}
    assert status["sessions_up"] == status["sessions_total"] == len(status["sessions"]) == 2
    for session in status["sessions"]:
        assert session["state"] == "up"
        local = held.pop(int(session["local"].rpartition(":")[2]))
        assert session["remote"] == f"{netlab.SERVER4}:{PORT}"
        assert session["probes_allowed"] == local.count
        assert session["probes_unanswered"] == 0
        assert session["idle_ms"] + session["next_probe_ms"] == local.idle_s * 1000
        assert session["rtt_us"] > 0 and session["rtt_age_ms"] <= session["age_ms"] + 50
        assert session["retry_ms"] is None and session["last_reason"] is None
    assert not held


def test_exit_codes(bench):
    """So that it serves as a monitoring check."""
    bench.peer()
    daemon = bench.guard(config(HQ, GONE))
    daemon.await_up(2)
    daemon.await_said("gone/0: cannot connect")
    assert states(daemon, code=1)[0] == ("gone", 0, "backoff")
    assert states(daemon, "hq") == [("hq", 0, "up"), ("hq", 1, "up")]
    assert states(daemon, "gone", code=2) == [("gone", 0, "backoff")]
    assert states(daemon, "--state", "down", code=1) == [("gone", 0, "backoff")]
    gone = ctl.ask(daemon, "status", "gone", code=2)["sessions"][0]
    assert gone["last_reason"] == "refused" and 0 < gone["retry_ms"] <= 20000
    assert "did you mean 'hq'?" in ctl.run(daemon, "status", "hqq", code=3)
    daemon.stop()
    assert "is kaguard running?" in ctl.run(daemon, "status", code=3)


def test_table(bench):
    """Those in trouble first; as wide as it must be where there is no terminal."""
    bench.peer()
    daemon = bench.guard(config(HQ, GONE))
    daemon.await_up(2)
    daemon.await_said("gone/0: cannot connect")
    lines = ctl.run(daemon, "status", code=1).splitlines()
    assert re.match(r"2/3 sessions to 2 peers up; gone: refused, retry at ", lines[0])
    assert lines[2].split()[:3] == ["PEER", "#", "STATE"]
    assert re.match(r"gone +0  backoff .* retry (?:in \d+m?s|due) .* refused +10\.77\.2\.2:7009$", lines[3])
    assert re.match(r"hq +0  up .* \d+m?s ago +0/3 +probe (?:in|due) .*ms, .* ago +0 .*:7001$", lines[4])
    assert "\033" not in "".join(lines)


def test_suspect(bench, up):
    """A peer that does not answer its probes is shown to be so before it is given up."""
    peer, daemon = up
    bench.firewall.fault(f"tcp sport {PORT}")
    await_look(lambda: {s for _, _, s in states(daemon)} == {"suspect"}, 10, "suspects")
    session = ctl.ask(daemon, "status")["sessions"][0]
    assert 0 < session["probes_unanswered"] <= session["probes_allowed"] == 3


def test_probe(bench, up):
    peer, daemon = up
    before = bench.firewall.entries(PORT)
    probed = ctl.ask(daemon, "probe", "hq")["sessions"]
    assert [(p["session"], p["answered"]) for p in probed] == [(0, True), (1, True)]
    assert all(p["answer_ms"] < 1000 for p in probed)
    assert all(after.left_s >= then.left_s for then, after in
               zip(before, bench.firewall.entries(PORT)))
    assert re.fullmatch(r"hq/0: answered within \d+ ms by 10\.77\.2\.2:7001\n"
                        r"hq/1: answered within \d+ ms by 10\.77\.2\.2:7001\n",
                        ctl.run(daemon, "probe", "hq"))


def test_probe_without_an_answer(bench, up):
    peer, daemon = up
    bench.firewall.fault(f"tcp sport {PORT}")
    begun = time.monotonic()
    probed = ctl.ask(daemon, "probe", "hq", "-t", "0.5", code=1)["sessions"]
    assert 0.5 <= time.monotonic() - begun < 3
    assert [(p["answered"], p["answer_ms"]) for p in probed] == [(False, None)] * 2
    # And as it is given up, that is known sooner than the time that was asked for.
    probed = ctl.ask(daemon, "probe", "hq", "-t", "60", code=1)["sessions"]
    assert not any(p["answered"] for p in probed)
    assert time.monotonic() - begun < 20


def test_reconnect(up):
    peer, daemon = up
    before, ports = peer.open_sessions(), daemon.ports(PORT)
    assert ctl.ask(daemon, "reconnect", "hq") == {"schema_version": 1, "sessions": 2, "closed": 2}
    peer.await_that(lambda: len(peer.open_sessions()) == 2 and
                    not set(before) & set(peer.open_sessions()), 5, "other sessions")
    assert {s.end for s in before} == {"fin"}
    assert not set(ports) & set(daemon.ports(PORT))
    daemon.await_said("hq: 2 sessions closed by us, to be opened anew: user 0", peer="hq")
    assert len(daemon.said("closed by us")) == 1


def test_reconnect_does_not_wait_for_the_backoff(bench):
    peer = bench.peer()
    peer.refuse()
    daemon = bench.guard(config(HQ))
    daemon.await_said("cannot connect")
    peer.listen()
    ctl.ask(daemon, "reconnect", "hq")
    peer.await_sessions(2, 5)


def test_reload(bench, up):
    peer, daemon = up
    other, held = bench.peer(OTHER), daemon.ports(PORT)
    daemon.write(config(HQ, ("depot", OTHER, "sessions: 1")))
    done = ctl.ask(daemon, "reload")
    assert done["reloaded"] and done["text"].endswith("1 peer added, 1 peer unchanged")
    other.await_sessions(1, 5)

    daemon.write(config(HQ) + "\nsurprise: 1")
    done = ctl.ask(daemon, "reload", code=1)
    assert not done["reloaded"]
    assert [(r["severity"], r["line"], r["column"], r["source"], r["caret"])
            for r in done["remarks"]] == [("error", 4, 1, "surprise: 1", 1)]
    said = ctl.run(daemon, "reload", code=1)
    assert re.search(r"kaguard\.yaml:4:1: error: .*\n +4 \| surprise: 1\n +\| \^\nkaguardctl: ",
                     said)
    assert daemon.ports(PORT) == held


def test_events(bench, up):
    peer, daemon = up
    follower = subprocess.Popen([ctl.program(), "-S", str(daemon.control), "events", "--follow",
                                 "--json"], stdout=subprocess.PIPE, text=True)
    try:
        first = ctl.conforms("event", json.loads(follower.stdout.readline()))
        assert (first["number"], first["message"]) == (1, "started")
        peer.hang_up_one(peer.open_sessions()[0])
        lost = next(event for event in map(json.loads, follower.stdout)
                    if event["message"] == "session-lost")
        ctl.conforms("event", lost)
        assert lost["peer"] == "hq" and lost["reason"] == "closed"
    finally:
        follower.terminate()
        follower.wait()
    events = ctl.ask(daemon, "events")["events"]
    assert [e["number"] for e in events] == list(range(1, len(events) + 1))
    assert lost in events
    assert ctl.ask(daemon, "events", "hq")["events"] == [e for e in events if e["peer"] == "hq"]
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  hq/\d: lost after .*closed by the peer",
                     ctl.run(daemon, "events"), re.M)


def test_followers_end_with_the_daemon(up):
    _, daemon = up
    follower = subprocess.Popen([ctl.program(), "-S", str(daemon.control), "events", "-f"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    follower.stdout.readline()
    daemon.stop()
    assert follower.wait(5) == 3
    assert "has hung up" in follower.stderr.read()
    follower.stdout.close()
    follower.stderr.close()


def test_plan(up):
    _, daemon = up
    beating = ("proxied", NOBODY, "heartbeat: {send: 'PING', every: 20s}")
    for peers in ([HQ], [HQ, beating]):
        daemon.reload(config(*peers))
        plan = ctl.ask(daemon, "plan")
        assert plan["peers"] == [daemon.plan(name) for name, *_ in peers]
        table = subprocess.run([daemon.program, "--plan", "-c", str(daemon.file)], check=True,
                               capture_output=True, text=True).stdout
        assert ctl.run(daemon, "plan") == table


def test_version(up):
    _, daemon = up
    version = ctl.ask(daemon, "version")
    assert version["kaguard"] == version["kaguardctl"]


class Terminal:
    """kaguardctl on a terminal of ours."""

    def __init__(self, daemon, *arguments, columns=100, lines=12):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm", "NO_COLOR": ""}
            os.execv(ctl.program(), [ctl.program(), "-S", str(daemon.control), *arguments])
        self.seen = ""
        self.resize(columns, lines)

    def resize(self, columns, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def await_seen(self, pattern, timeout=10):
        """Wait for it to be written, from here on."""
        end = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.fd], [], [], end - time.monotonic())
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            try:
                self.seen += os.read(self.fd, 65536).decode()
            except OSError as error:
                raise AssertionError(f"no {pattern!r} before the end, only {self.seen!r}") from error
        self.seen = self.seen[found.end():]

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_watch(bench, up):
    """Drawn on the other screen, again when something changes, and all is as before at the end."""
    peer, daemon = up
    terminal = Terminal(daemon, "status", "--watch")
    terminal.await_seen(r"\033\[\?1049h")
    terminal.await_seen(r"2/2 sessions to 1 peer up")
    terminal.await_seen(r"hq +0 +\033\[32mup\033\[0m")
    peer.refuse()
    peer.hang_up_one(peer.open_sessions()[0])
    terminal.await_seen(r"hq +\d +\033\[31mbackoff\033\[0m")
    terminal.resize(60, 12)
    terminal.await_seen(r"\033\[2J")
    daemon.stop()
    terminal.await_seen(r"kaguard (has hung up|does not answer); this is how it was")
    terminal.type("q")
    terminal.await_seen(r"\033\[\?1049l")
    assert terminal.end() == 1


def test_watch_pages(bench):
    """Many sessions: a page of them at a time, and those that are asked for."""
    bench.peer()
    daemon = bench.guard(config(("hq", PORT, "sessions: 50")))
    daemon.await_up(50)
    terminal = Terminal(daemon, "status", "-w")
    terminal.await_seen(r"1-8 of 50")
    terminal.type(" ")
    terminal.await_seen(r"9-16 of 50")
    terminal.type("G")
    terminal.await_seen(r"43-50 of 50")
    terminal.type("\x03")
    terminal.await_seen(r"\033\[\?1049l")
    assert terminal.end() == 0


def test_watch_wants_a_terminal(up):
    _, daemon = up
    assert "needs a terminal" in ctl.run(daemon, "status", "--watch", code=64)
