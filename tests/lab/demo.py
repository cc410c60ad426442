# SPDX-License-Identifier: ISC
"""kaguard beside an unguarded session, through a firewall that forgets; what ./demo runs."""
import contextlib
import os
import pathlib
import signal
import sys
import tempfile
import time

import guard
import netlab
import peers
import witness

TIMEOUT_S = 12
WATCH_S = 60
COME_BACK_S = 60
PORT = 7001
SESSIONS = 3
CONFIG = f"""peers:
  - name: hq
    address: {netlab.SERVER4}:{PORT}
    firewall: {TIMEOUT_S}s
    sessions: {SESSIONS}
    keepalive: {{outage: 6s}}
"""


class Screen:
    """A table that is redrawn in place on a terminal; elsewhere a plain line now and then."""

    PLAIN_EVERY_S = 3

    def __init__(self):
        self.live = sys.stdout.isatty()
        self._drawn = 0  # lines to go up before drawing again
        self._next = 0.0

    def say(self, text=""):
        self._drawn = 0
        print(text, flush=True)

    def draw(self, title, rows, last=False):
        """Rows of (name, seconds left or None, remark)."""
        if self.live:
            lines = [title, "", *(self._bar(*row) for row in rows), ""]
            up = f"\033[{self._drawn}A" if self._drawn else ""
            print(up + "".join(f"{line}\033[K\n" for line in lines), end="", flush=True)
            self._drawn = len(lines)
        elif last or time.monotonic() >= self._next:
            self._next = time.monotonic() + self.PLAIN_EVERY_S
            clocks = ", ".join(f"{name}: {'forgotten' if left is None else f'{left} s'}"
                               for name, left, _ in rows)
            print(f"{title}; {clocks}", flush=True)

    @staticmethod
    def _bar(name, left, remark):
        if left is None:
            return f"  {name:<18} {'-' * TIMEOUT_S}  forgotten  {remark}"
        bar = "#" * left + "." * (TIMEOUT_S - left)
        return f"  {name:<18} {bar}  {left:>2} s left  {remark}"


class Demo:
    """The lab with all that runs in it, and what was found out so far."""

    def __init__(self, stack, screen):
        self.screen = screen
        self.verdicts = []  # (held, what)
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.lab = stack.enter_context(netlab.Lab(TIMEOUT_S))
        self.peer = peers.Peer(self.lab.server, PORT)
        stack.callback(self.peer.stop)
        self.daemon = guard.Daemon(os.environ["KAGUARD"], self.lab.client, directory, CONFIG,
                                   manager=False)
        stack.callback(self.daemon.close)
        self.clocks = witness.Clocks(self.lab.firewall)
        stack.callback(self.clocks.stop)
        try:
            self.guarded = self.peer.await_sessions(SESSIONS, 10)
        except AssertionError:
            self.daemon.close()
            raise netlab.LabError("\n".join(["kaguard holds no sessions. It said:",
                                             *self.daemon.lines])) from None
        self.unguarded = stack.enter_context(self.lab.client.connect((netlab.SERVER4, PORT)))

    def verdict(self, held, what):
        self.verdicts.append((bool(held), what))

    def row(self, name, port):
        """A row of the table: what the firewall remembers of the session at this moment."""
        seen = self.clocks.seen.get(port)
        if not seen or seen[-1][0] < self.clocks.looked:
            return f"{name} {port}", None, ""
        left = seen[-1][1]
        return f"{name} {port}", left, f"refreshed {self.clocks.refreshes(port)} times"

    def rows(self, guarded):
        return [*(self.row("guarded", session.port) for session in guarded),
                self.row("unguarded", self.unguarded.getsockname()[1])]

    def introduce(self):
        plan = self.daemon.plan("hq")
        self.screen.say(f"""
A firewall stands between client and server, and forgets sessions that are idle for {TIMEOUT_S} s.
kaguard holds {SESSIONS} sessions through it, from this configuration:

{CONFIG}
and has the kernel probe them after {plan['idle_s']} s of silence, then every {plan['interval_s']} s.
Beside them is a session that nobody guards. The clocks are the firewall's own (conntrack -L).
""")

    def watch(self):
        """Five idle timeouts: the guarded sessions are refreshed, the other is forgotten."""
        start = time.monotonic()
        self.clocks.await_look(2)
        while (passed := int(time.monotonic() - start)) < WATCH_S:
            self.screen.draw(f"idle for {passed} of {WATCH_S} s", self.rows(self.guarded))
            self.clocks.await_look()
        self.screen.say()
        kept = self.peer.stays(self.guarded, 0)
        ports = {session.port for session in self.guarded}
        remembered = {entry.source_port for entry in self.lab.firewall.entries(PORT)}
        self.verdict(kept and ports <= remembered,
                     f"{SESSIONS} guarded sessions were held for {WATCH_S // TIMEOUT_S} idle "
                     f"timeouts, with the same source ports")
        lowest = min(map(self.clocks.lowest, ports))
        margin = self.daemon.plan("hq")["margin_ms"] / 1000
        self.verdict(lowest >= int(margin), f"their clocks at the firewall never fell below "
                     f"{lowest} s (the plan promises {margin:.1f} s)")
        self.verdict(self.carries_data(), "data passes through them in both directions")
        self.verdict(self.unguarded_is_dead(), "the unguarded session is dead: forgotten by the "
                     "firewall, and what is written to it gets no answer")

    def carries_data(self):
        for session in self.guarded:
            session.sock.send(b"are you there?")
        with contextlib.suppress(AssertionError):
            return witness.await_look(
                lambda: not any(s.unacknowledged() for s in self.guarded), 3, "acknowledgement")
        return False

    def unguarded_is_dead(self):
        self.unguarded.settimeout(2)
        self.unguarded.send(b"is this still on?")
        try:
            self.unguarded.recv(64)
        except TimeoutError:
            port = self.unguarded.getsockname()[1]
            return port not in {e.source_port for e in self.lab.firewall.entries(PORT)}
        return False

    def flush(self):
        """The firewall forgets everything, as when it reboots."""
        self.screen.say("Now the firewall is told to forget everything (conntrack -F).\n")
        before, records = len(self.peer.sessions), len(self.daemon.records)
        self.lab.firewall.flush()
        start = time.monotonic()
        self.clocks.await_look()

        def newer():
            return self.peer.sessions[before:]

        while len(newer()) < SESSIONS and time.monotonic() < start + COME_BACK_S:
            self.screen.draw(f"flushed {int(time.monotonic() - start)} s ago",
                             self.rows([*self.guarded, *newer()]))
            self.clocks.await_look()

        took = time.monotonic() - start
        self.clocks.await_look(2)
        self.screen.draw(f"flushed {int(took)} s ago", self.rows([*self.guarded, *newer()]), True)
        self.screen.say()
        remembered = {e.source_port for e in self.lab.firewall.entries(PORT)}
        back = len(newer()) >= SESSIONS and {s.port for s in newer()} <= remembered
        self.verdict(back, f"all {SESSIONS} sessions came back {took:.0f} s after the firewall "
                     "had forgotten them")
        with contextlib.suppress(AssertionError):
            self.daemon.await_said("forgotten", 5, start=records)
        self.verdict(self.daemon.said("forgotten", records),
                     "kaguard said why: the firewall had forgotten them")

    def conclude(self):
        """What was shown; returns the exit code."""
        code, took = self.daemon.stop()
        self.verdict(code == 0, f"kaguard stopped when told to, within {took:.1f} s")
        self.screen.say("What kaguard said:\n")
        for line in self.daemon.lines:
            self.screen.say(f"    {line}")
        self.screen.say("\nWhat was shown:\n")
        for held, what in self.verdicts:
            self.screen.say(f"    {'yes' if held else 'NO '}  {what}")
        failed = sum(not held for held, _ in self.verdicts)
        self.screen.say(f"\n{failed} of {len(self.verdicts)} did not hold." if failed
                        else "\nAll of it held.")
        return 1 if failed else 0


def stop(number, frame):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, stop)
    if why := netlab.why_not():
        print(f"The demo needs network namespaces and nftables. Here: {why}.\n"
              "Where users may not make them, run ./demo as root.", file=sys.stderr)
        return 1
    try:
        with contextlib.ExitStack() as stack:
            demo = Demo(stack, Screen())
            demo.introduce()
            demo.watch()
            demo.flush()
            return demo.conclude()
    except KeyboardInterrupt:
        print("\nstopped; nothing is left behind")
        return 130
    except netlab.LabError as failure:
        print(f"\ndid not hold: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
