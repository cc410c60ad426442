# SPDX-License-Identifier: ISC
"""ctl.py KAGUARDCTL: what it makes of each answer that a daemon may give, and each that it may not.

The daemon is one of ours, that says what a test tells it to. Prints TAP.
"""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback

UP = {"peer": "hq", "session": 0, "state": "up", "remote": "192.0.2.1:22", "address": "hq:22",
      "age_ms": 61500, "idle_ms": 2500, "probes_unanswered": 0, "probes_allowed": 3,
      "rtt_us": 1250, "rtt_age_ms": 61000, "next_probe_ms": 5000, "retry_ms": None,
      "reconnects": 0, "last_reason": None}
SUSPECT = UP | {"session": 1, "state": "suspect", "probes_unanswered": 2, "next_probe_ms": 0,
                "rtt_us": 25000}
DOWN = {"peer": "depot", "session": 0, "state": "backoff", "address": "depot:22", "retry_ms": 0,
        "reconnects": 4, "last_reason": "refused"}
TRYING = DOWN | {"session": 1, "state": "connecting", "retry_ms": None}
GOING = [{"forwards": []}]


def status(*sessions, summary="2/4 sessions to 2 peers up"):
    return {"summary": summary, "sessions": list(sessions)}


class Daemon:
    """Answers each call of a method with the next of its replies: a dictionary is parameters, one
    with "error" is that; bytes are sent as they are; None hangs up, and Ellipsis says nothing."""

    def __init__(self, directory, answers):
        self.path = os.path.join(directory, "control")
        self.asked = []
        self._answers = {method: list(replies) for method, replies in answers.items()}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        data = b""
        with contextlib.suppress(OSError):
            while more := sock.recv(65536):
                *calls, data = (data + more).split(b"\0")
                for call in calls:
                    if not self._answer(sock, json.loads(call)):
                        return

    def _answer(self, sock, call):
        method = call["method"].rpartition(".")[2]
        self.asked.append((method, call["parameters"], call["more"]))
        replies = self._answers.get(method, [{"error": "org.varlink.service.MethodNotFound"}])
        # Several parts are one answer; the last of what is known goes on to be so.
        parts = replies.pop(0) if len(replies) > 1 else replies[0]
        parts = parts if isinstance(parts, list) else [parts]
        for i, part in enumerate(parts):
            if part is None:
                sock.shutdown(socket.SHUT_RDWR)
                return False
            if isinstance(part, bytes):
                sock.sendall(part)
            elif part is not Ellipsis:
                reply = ({"error": part["error"], "parameters": part.get("of", {})}
                         if "error" in part else {"parameters": part})
                if i + 1 < len(parts):
                    reply["continues"] = True
                sock.sendall(json.dumps(reply).encode() + b"\0")
        return True

    def close(self):
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class Run:
    """kaguardctl, with what it printed and its code."""

    def __init__(self, arguments, answers, stdin=None, stdout=subprocess.PIPE):
        with tempfile.TemporaryDirectory() as directory:
            daemon = Daemon(directory, answers)
            done = subprocess.run([PROGRAM, "-S", daemon.path, *arguments], input=stdin,
                                  stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60,
                                  env=os.environ | {"TZ": "UTC", "TERM": "xterm"}, check=False)
            daemon.close()
        self.asked = daemon.asked
        self.code, self.out, self.err = done.returncode, done.stdout or "", done.stderr

    def expect(self, code, out="", err=""):
        assert self.code == code, (self.code, self.out, self.err)
        for pattern, text in ((out, self.out), (err, self.err)):
            assert re.search(pattern, text, re.M) if pattern else text == "", (pattern, text)
        return self


class Terminal:
    """kaguardctl on a terminal of ours."""

    def __init__(self, arguments, columns=100, lines=8, environment=None, stdin=None):
        ours, its = pty.openpty()
        self.fd, self.seen = ours, ""
        self.resize(columns, lines)
        self.process = subprocess.Popen(
            [PROGRAM, *arguments], stdin=its if stdin is None else stdin, stdout=its, stderr=its, start_new_session=True,
            env=os.environ | {"TERM": "xterm", "NO_COLOR": "", "TZ": "UTC"} | (environment or {}),
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0))
        os.close(its)

    def resize(self, columns, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self, seconds):
        """Whether there was more."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return False
        with contextlib.suppress(OSError):
            more = os.read(self.fd, 65536).decode()
            self.seen += more
            return more != ""
        return False

    def await_seen(self, pattern, timeout=20):
        """Wait for it to be written, from here on."""
        end = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            assert self._read(end - time.monotonic()), (pattern, self.seen)
        self.seen = self.seen[found.end():]

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """Its code, and the rest of what it has written."""
        deadline = time.monotonic() + 20
        while self._read(deadline - time.monotonic()):
            pass
        code = self.process.wait(20)
        os.close(self.fd)
        return code, self.seen


@contextlib.contextmanager
def on_terminal(arguments, answers, **kwargs):
    with tempfile.TemporaryDirectory() as directory:
        daemon = Daemon(directory, answers)
        terminal = Terminal(["-S", daemon.path, *arguments], **kwargs)
        try:
            yield terminal, daemon
        finally:
            if terminal.process.poll() is None:
                terminal.process.kill()
            daemon.close()


# --- the command line ---------------------------------------------------------------------------

def usage_is_told():
    for arguments, why in ((["-s", "asleep", "status"], "no state such as 'asleep'"),
                           (["-s", "up,", "status"], "no state such as 'up,'"),
                           (["-t", "soon", "probe", "hq"], "not 'soon'"),
                           (["-t", "", "probe", "hq"], "a timeout is 0 to 600 seconds, not ''"),
                           (["-t", "-1", "probe", "hq"], "not '-1'"),
                           (["-t", "601", "probe", "hq"], "not '601'"),
                           (["-t", "nan", "probe", "hq"], "not 'nan'"),
                           (["-q", "status"], "--quiet does not go with status"),
                           (["--http", "plan"], "--http does not go with plan"),
                           (["-wj", "status"], "--watch does not go with --json"),
                           (["probe"], r"probe needs a PEER$"),
                           (["version", "hq"], "hq is one too many for version"),
                           (["measure", "a:1", "b:2"], "b:2 is one too many for measure"),
                           (["plan", *65 * ["hq"]], "plan takes no more than 64 PEERs"),
                           (["dance"], "there is no command 'dance'"),
                           ([], r"which command\?"),
                           (["--socket"], "an argument is missing after --socket"),
                           (["--later", "status"], "unknown option --later$"),
                           (["--json=yes", "status"], "unknown option --json=yes$"),
                           (["-jzw", "status"], "unknown option -z$"),
                           (["-w", "status"], "--watch needs a terminal")):
        Run(arguments, {}).expect(64, err=f"^kaguardctl: .*{why}")
    Run(["--http", "-j", "metrics"], {}).expect(64, err="--http does not go with --json")
    Run(["--no-per-peer", "metrics", "hq"], {}).expect(64, err="does not go with a PEER")


def measure_wants_what_it_can_do():
    for arguments, why in ((["--max=1s"], "--max is a time from 8s to 9h, not '1s'"),
                           (["--max=10h"], "not '10h'"), (["--max=long"], "not 'long'"),
                           (["--precision=50%"], "--precision is 0.5% to 25%, not '50%'"),
                           (["--precision=0.1"], "not '0.1'"), (["--precision=%"], "not '%'"),
                           (["--precision=5x"], "not '5x'"),
                           (["--connections=1"], "--connections is .*, not '1'"),
                           (["--connections=9999999"], "not '9999999'"),
                           (["--connections="], "not ''"), (["--connections=5x"], "not '5x'")):
        Run(["measure", *arguments, "127.0.0.1:9"], {}).expect(64, err=f"^kaguardctl: .*{why}")
    Run(["measure", "127.0.0.1"], {}).expect(64, err="^kaguardctl: 127.0.0.1: ")


def help_and_version_need_no_daemon():
    for letter in ("-h", "--help"):
        Run([letter], {}).expect(0, out=r"^  status  +\[PEER\]\.\.\. ")
    Run(["-V"], {}).expect(0, out=r"^kaguardctl \d")
    with open("/dev/full", "w", encoding="utf-8") as full:
        for letter in ("-h", "-V"):
            assert Run([letter], {}, stdout=full).code == 1, letter


# --- who does not answer as it should -----------------------------------------------------------

def no_daemon():
    done = subprocess.run([PROGRAM, "-S", "/nonexistent/control", "status"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 3 and "is kaguard running?" in done.stderr, done
    for command in (["status"], ["probe", "hq"], ["reconnect", "hq"], ["reload"], ["plan"],
                    ["events"], ["metrics"], ["version"]):
        done = subprocess.run([PROGRAM, "-S", "/" + 200 * "x", *command], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 3 and "File name too long" in done.stderr, (command, done)


def a_daemon_that_hangs():
    """It takes in nobody any more, and as many wait for that already as there may."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener, \
            socket.socket(socket.AF_UNIX) as waiting:
        path = os.path.join(directory, "control")
        listener.bind(path)
        listener.listen(0)
        waiting.connect(path)
        done = subprocess.run([PROGRAM, "-S", path, "status"], capture_output=True, text=True,
                              timeout=60, check=False)
    assert done.returncode == 3 and f"the daemon at {path} does not answer" in done.stderr, done


def socket_from_the_environment():
    for value, where in (("/nonexistent/x", "/nonexistent/x"), ("", "/run/kaguard/control")):
        done = subprocess.run([PROGRAM, "plan"], capture_output=True, text=True, check=False,
                              env=os.environ | {"KAGUARD_SOCKET": value})
        if value:
            assert f"nobody answers at {where};" in done.stderr, done
        else:  # where kaguard runs, it answers
            assert done.returncode == 0 or where in done.stderr, done


def answers_that_are_none():
    """Each command, with a daemon that hangs up, talks of something else, or refuses."""
    commands = (("Status", ["status"]), ("Probe", ["probe", "hq"]), ("Events", ["events"]),
                ("Events", ["events", "--follow"]), ("Reconnect", ["reconnect", "hq"]),
                ("Reload", ["reload"]), ("Plan", ["plan"]), ("Metrics", ["metrics"]),
                ("GetInfo", ["version"]))
    for method, command in commands:
        for answer, code, why in (
                (None, 3, "has hung up"),
                (b"what?\0", 1, "does not speak Varlink"),
                (b'{"parameters": 7}\0', 1, "does not speak Varlink"),
                ({"error": "io.kaguard.TooManyClients"}, 3, "has too many clients"),
                ({"error": "org.varlink.service.PermissionDenied"}, 1, "members of group root;"),
                ({"error": "org.varlink.service.InvalidParameter", "of": {"parameter": "p"}}, 1,
                 "does not take this 'p'"),
                ({"error": "org.varlink.service.InvalidParameter"}, 1, "the daemon says org"),
                ({"error": "io.kaguard.Mood", "of": {"parameter": "p"}}, 1,
                 "the daemon says io.kaguard.Mood")):
            ran = Run(command, {method: [answer]})
            if method == "Status":  # whose 1 says that some are down
                code = 3
            assert (ran.code, ran.out) == (code, ""), (command, answer, ran.code, ran.out)
            assert re.search(f"^kaguardctl: .*{why}", ran.err), (command, answer, ran.err)


def lists_that_are_none():
    for method, command in (("Status", "status"), ("Plan", "plan"), ("Metrics", "metrics")):
        for answer in ({}, {"sessions": 1, "peers": "all"}):
            Run([command], {method: [answer]}).expect(3 if command == "status" else 1,
                                                      err="does not speak Varlink")
    for row in ({}, UP | {"state": "asleep"}, UP | {"peer": ""}, 7):
        Run(["status"], {"Status": [status(row)]}).expect(
            3, err=r"cannot be read: is it of another version\?")


def a_peer_that_is_none():
    """The name that was meant comes from the plan, in however many parts."""
    gone = {"error": "io.kaguard.NoSuchPeer", "of": {"peer": "dept"}}
    plan = [[{"peers": [{"peer": "hq"}, {}]}, {"peers": [{"peer": "depot"}]}]]
    Run(["status", "dept"], {"Status": [gone], "Plan": plan}).expect(
        3, err="^kaguardctl: there is no peer 'dept'; did you mean 'depot'")
    for answer in ({"peers": [{"peer": "hq"}]}, None):
        Run(["status", "dept"], {"Status": [gone], "Plan": [answer]}).expect(
            3, err="there is no peer 'dept'; kaguardctl plan lists them")
    Run(["probe", "x"], {"Probe": [{"error": "io.kaguard.NoSuchPeer"}]}).expect(
        1, err="there is no peer ''")


def output_that_cannot_be_written():
    answers = {"Status": [status(UP)], "Forwards": GOING, "Plan": [{"peers": [{"peer": "hq"}]}],
               "Events": [{"events": [{"text": "x"}]}], "Metrics": [{"peers": []}],
               "Probe": [{"sessions": [UP | {"answered": True}]}], "Reconnect": [{"closed": 1}],
               "Reload": [{"changes": "none", "remarks": []}], "GetInfo": [{"version": "9"}]}
    with open("/dev/full", "w", encoding="utf-8") as full:
        for command in (["metrics"], ["plan"], ["events"], ["probe", "hq"], ["reconnect", "hq"],
                        ["reload"], ["version"], ["status"]):
            for option in ([], ["-j"]):
                ran = Run(option + command, answers, stdout=full)
                assert ran.code == (3 if command == ["status"] else 1), (command, ran.code)
                assert ran.err == "kaguardctl: the output could not be written\n", ran.err
        assert Run(["events", "-f"], answers, stdout=full).code == 1


# --- what the commands make of it ---------------------------------------------------------------

def status_is_a_table():
    ran = Run(["status"], {"Status": [status(UP, SUSPECT, TRYING, DOWN)], "Forwards": GOING})
    ran.expect(1, out="^2/4 sessions")
    rows = ran.out.splitlines()[3:]
    assert [row.split()[:3] for row in rows] == [
        ["depot", "0", "backoff"], ["depot", "1", "connecting"], ["hq", "1", "suspect"],
        ["hq", "0", "up"]], rows
    assert "retry due" in rows[0] and "refused" in rows[0] and "depot:22" in rows[0], rows
    assert "probe due" in rows[2] and "2/3" in rows[2] and "25ms, 1min 1s ago" in rows[2], rows
    assert "probe in 5s" in rows[3] and "1.25ms, " in rows[3] and "2s ago" in rows[3], rows
    assert ran.asked[0] == ("Status", {}, True), ran.asked


def status_counts_who_was_asked_for():
    """What is said of all others would be told to whoever watches one peer only."""
    for peers, line in ((["hq"], "2/3 sessions to 1 peer up"),
                        (["hq", "depot"], "2/3 sessions to 2 peers up")):
        Run(["status", *peers], {"Status": [status(UP, SUSPECT, DOWN)], "Forwards": GOING}).expect(
            1, out=f"^{line}$")


def status_has_a_code_for_each_case():
    for sessions, code in (([UP, SUSPECT], 0), ([UP, DOWN], 1), ([DOWN], 2), ([], 0)):
        Run(["status"], {"Status": [status(*sessions)], "Forwards": GOING}).expect(
            code, out="^2/4")


def large_answers_come_in_pieces():
    """Larger than a read of the socket, in parts that do not end where it does."""
    parts = [status(*(UP | {"session": i, "remote": "x" * 100} for i in range(n, n + 1000)))
             for n in (1000, 2000, 3000)]
    answer = b"".join(json.dumps({"parameters": part, "continues": part != parts[2]}).encode() +
                      b"\0" for part in parts)
    ran = Run(["-j", "status"], {"Status": [answer], "Forwards": GOING})
    assert [s["session"] for s in json.loads(ran.out)["sessions"]] == list(range(1000, 4000)), ran.err


def states_are_chosen():
    for states, names in (("up", ["up"]), ("up,suspect", ["suspect", "up"]),
                          ("down", ["backoff", "connecting"]), ("idle", [])):
        ran = Run(["-j", "-s", states, "status", "hq"], {
            "Status": [[status(UP, SUSPECT), status(TRYING, DOWN)]], "Forwards": GOING})
        assert ran.code == 1, ran.err
        assert sorted(s["state"] for s in json.loads(ran.out)["sessions"]) == names, ran.out
        assert ran.asked[0][1] == {"peers": ["hq"]}, ran.asked


def tunnels_stand_below():
    row = {"peer": "hq", "listen": "unix:/run/x", "listening": True, "clients": 2,
           "clients_waiting": 0, "clients_total": 12345, "clients_refused": 1,
           "clients_cut_off": 0, "bytes_to_peer": 999, "bytes_to_client": 1234567}
    old = row | {"peer": "old", "listen": None, "listening": False, "bytes_to_peer": 25000000000,
                 "bytes_to_client": 5e19}
    deaf = row | {"peer": "deaf", "listen": "127.0.0.1:80", "listening": False}
    ran = Run(["status"], {"Status": [status(UP)], "Forwards": [[{"forwards": [row, deaf]},
                                                                 {"forwards": [old]}]]})
    ran.expect(0, out=r"^hq +unix:/run/x +2 +0 +12345 +1 +0 +999 B +1.2 MB$")
    assert re.search(r"^old +no more .* 25 GB +50000 PB$", ran.out, re.M), ran.out
    assert re.search(r"^deaf +not at 127.0.0.1:80 +2 ", ran.out, re.M), ran.out
    # One from before there were tunnels; and one that says something else of them.
    Run(["status"], {"Status": [status(UP)]}).expect(0, out="^2/4")
    Run(["status"], {"Status": [status(UP)], "Forwards": [None]}).expect(3, err="hung up")


def probes_are_told_as_they_come():
    answered = {"peer": "hq", "session": 0, "state": "up", "answered": True, "answer_ms": 3,
                "remote": "192.0.2.1:22", "probes_unanswered": 0}
    silent = answered | {"session": 1, "answered": False, "probes_unanswered": 1}
    doubtful = silent | {"session": 2, "state": "suspect", "probes_unanswered": 2}
    none = {"peer": "hq", "session": 3, "state": "backoff", "answered": False}
    Run(["probe", "hq"], {"Probe": [{"sessions": [answered]}]}).expect(
        0, out="^hq/0: answered within 4 ms by 192.0.2.1:22$")
    ran = Run(["probe", "-t", "1.5", "hq"], {
        "Probe": [[{"sessions": [answered, silent]}, {"sessions": [doubtful, none]}]]})
    ran.expect(1, out="^hq/1: no answer from 192.0.2.1:22 within 1s 500ms: 1 probe unanswered$")
    assert "1s 500ms: 2 probes unanswered\nhq/3: backoff: there is no session" in ran.out, ran.out
    assert ran.asked == [("Probe", {"peers": ["hq"], "timeout_ms": 1500}, True)], ran.asked
    ran = Run(["-j", "probe", "hq"], {"Probe": [[{"sessions": [answered]}, {"sessions": [none]}]]})
    assert ran.code == 1 and len(json.loads(ran.out)["sessions"]) == 2, ran.out


def sessions_are_reconnected():
    for closed, words in ((1, "1 session closed; opening 2 anew"), (0, "0 sessions closed; opening 2")):
        Run(["reconnect", "hq"], {"Reconnect": [{"closed": closed, "sessions": 2}]}).expect(
            0, out=f"^{words}")
    ran = Run(["-j", "reconnect", "hq"], {"Reconnect": [{"closed": 1, "sessions": 2}]})
    assert json.loads(ran.out) == {"closed": 1, "sessions": 2}, ran.out


def versions_are_told():
    Run(["version"], {"GetInfo": [{"version": "9.9"}]}).expect(
        0, out=r"^kaguardctl \d.*\nkaguard 9.9$")
    Run(["version"], {"GetInfo": [{}]}).expect(0, out=r"^kaguard $")
    assert json.loads(Run(["-j", "version"], {"GetInfo": [{"version": "9"}]}).out)["kaguard"] == "9"


def reloads_tell_what_is_wrong():
    remark = {"file": "k.yaml", "line": 4, "column": 3, "severity": "error", "text": "no such key",
              "source": "  surprise: 1", "caret": 3}
    whole = {"file": "k.yaml", "line": 0, "severity": "warning", "text": "empty", "caret": 0}
    failed = {"error": "io.kaguard.ReloadFailed",
              "of": {"text": "it stays as it was", "remarks": [remark, whole]}}
    Run(["reload"], {"Reload": [failed]}).expect(
        1, err="^k.yaml:4:3: error: no such key\n    4 .   surprise: 1\n      .   \\^\n"
               "k.yaml: warning: empty\nkaguardctl: it stays as it was$")
    Run(["reload", "-q"], {"Reload": [failed]}).expect(1)
    ran = Run(["reload", "-j"], {"Reload": [failed]})
    assert ran.code == 1 and not json.loads(ran.out)["reloaded"], ran.out
    good = {"changes": "1 peer added", "remarks": [whole]}
    Run(["reload"], {"Reload": [good]}).expect(0, "^1 peer added$", "^k.yaml: warning: empty$")
    Run(["reload", "-q"], {"Reload": [good]}).expect(0)
    assert json.loads(Run(["reload", "-j"], {"Reload": [good]}).out)["text"] == "1 peer added"


def plans_are_a_table():
    plan = {"peer": "hq", "firewall": "4min", "firewall_s": 240, "idle_s": 100, "interval_s": 20,
            "gives_up_after_s": 60, "probes_per_hour": 36, "survives_lost": 2,
            "detect_within_worst_ms": 160000, "margin_ms": 1000, "learnt_s": 0}
    measured = plan | {"peer": "auto", "auto": True, "measured": "found", "measured_s": 90,
                       "measured_age_ms": 60000, "contradicted": True}
    beat = plan | {"peer": "beat", "heartbeat": {"every_s": 30, "timeout_s": 5, "send": "PING",
                                                 "expect": None}}
    Run(["plan"], {"Plan": [{"peers": []}]}).expect(0, out="^no peers configured$")
    ran = Run(["plan"], {"Plan": [[{"peers": [plan, measured]}, {"peers": [beat]}]]})
    ran.expect(0, out="^hq ")
    assert re.search("^auto ", ran.out, re.M) and "PING" in ran.out, ran.out
    assert len(json.loads(Run(["-j", "plan"], {"Plan": [{"peers": [plan]}]}).out)["peers"]) == 1


def events_are_told():
    events = [{"time": "2026-11-02T10:22:33.5Z", "priority": 6, "text": "hq: up"},
              {"time": "lately", "priority": 3}, {"text": "no time"}]
    ran = Run(["events"], {"Events": [{"events": events, "missed": 3}]})
    ran.expect(0, out="^2026-11-02 10:22:33  hq: up\n-  \n-  no time$", err="3 events were missed")
    ran = Run(["-j", "events"], {"Events": [{"events": events}]})
    assert json.loads(ran.out)["events"] == events, ran.out
    ran = Run(["-j", "events", "-f", "hq"], {
        "Events": [[{"events": events[:1]}, {"events": events[2:]}, None]]})
    assert [json.loads(line) for line in ran.out.splitlines()] == events[::2], ran.out
    assert ran.code == 3 and ran.asked == [("Events", {"peers": ["hq"]}, True)], ran.asked


def events_have_colours_on_a_terminal():
    events = [{"text": "bad", "priority": 3}, {"text": "odd", "priority": 4},
              {"text": "fine", "priority": 6}]
    for environment, expected in (({}, "-  \033[31mbad\033[0m\r\n-  \033[33modd\033[0m\r\n-  fine\r\n"),
                                  ({"NO_COLOR": "1"}, "-  bad\r\n-  odd\r\n-  fine\r\n"),
                                  ({"TERM": "dumb"}, "-  bad\r\n-  odd\r\n-  fine\r\n")):
        with on_terminal(["events"], {"Events": [{"events": events}]},
                         environment=environment) as (terminal, _):
            assert terminal.end() == (0, expected), (environment, terminal.seen)


def tables_fit_the_terminal():
    """What matters least goes first, and nothing is beyond the edge; JSON is for the eye there."""
    answers = {"Status": [status(UP, SUSPECT, DOWN, summary="s")], "Forwards": GOING}
    for columns in (200, 60, 20, 8):
        with on_terminal(["status"], answers, columns=columns) as (terminal, _):
            code, text = terminal.end()
        lines = re.sub(r"\033\[\d*m", "", text).splitlines()
        assert code == 1 and max(map(len, lines)) <= columns, (columns, text)
        assert ("REMOTE" in text) == (columns == 200) and "PEER" in text, (columns, text)
    with on_terminal(["-j", "status"], answers) as (terminal, _):
        assert '\r\n  "summary": "s"' in terminal.end()[1]


def metrics_answer_one_request():
    answers = {"Metrics": [[{"version": "9", "peers": [{"peer": "hq"}]}, {"peers": []}]]}
    request = "GET /metrics HTTP/1.1\r\n\r\n"
    Run(["metrics", "--http"], answers, stdin=request).expect(
        0, out=r'^HTTP/1.1 200 OK\n(.*\n)*kaguard_build_info{version="9"} 1$')
    Run(["metrics", "--http"], answers, stdin="GET / HTTP/1.1\r\n\r\n").expect(
        0, out="^HTTP/1.1 404 (.*\n)*there is nothing but /metrics here$")
    Run(["metrics", "--http"], answers, stdin="POST /metrics HTTP/1.1\r\n\r\n").expect(
        0, out="^HTTP/1.1 405 (.*\n)*Allow: GET, HEAD\n(.*\n)*this is no request for /metrics$")
    Run(["metrics", "--http"], answers, stdin="").expect(0)
    Run(["metrics", "--http"], {"Metrics": [None]}, stdin=request).expect(
        0, out="^HTTP/1.1 503 (.*\n)*kaguard does not answer", err="hung up")
    ran = Run(["metrics", "--no-per-peer"], answers)
    assert ran.code == 0 and ran.asked[0][1] == {"sum": True}, ran.asked
    assert json.loads(Run(["-j", "metrics"], answers).out)["version"] == "9"


# --- status --watch -----------------------------------------------------------------------------

def keys_turn_the_pages():
    many = status(*(UP | {"session": i} for i in range(10)), summary="10/10")
    with on_terminal(["status", "-w"], {"Status": [many]}) as (terminal, _):
        terminal.await_seen(r"\033\[\?1049h.*1-4 of 10")
        for keys, place in (("j", "2-5"), ("k", "1-4"), ("\033[B", "2-5"), ("\033[A", "1-4"),
                            (" ", "5-8"), ("b", "1-4"), ("G", "7-10"), ("\033[5~", "3-6"),
                            ("g", "1-4"), ("\033[F", "7-10"), ("\033[H", "1-4"),
                            ("\033[6~", "5-8")):
            terminal.type(keys)
            terminal.await_seen(f"{place} of 10")
        terminal.type("jZ\033j")  # several at once, and an escape that begins nothing
        terminal.await_seen("7-10 of 10")
        terminal.type("\033")
        terminal.type("[H")  # in parts
        terminal.await_seen("1-4 of 10")
        terminal.type("x")  # is no key
        terminal.resize(60, 20)
        terminal.await_seen(r"\033\[2J")
        terminal.await_seen("q: quit")
        terminal.type("xq")
        code, rest = terminal.end()
        assert code == 0 and rest.endswith("\033[?25h\033[?1049l"), (code, rest)


def what_is_watched_is_chosen():
    with on_terminal(["status", "-w", "-s", "down"], {
            "Status": [status(UP, DOWN), status(UP)]}) as (terminal, _):
        terminal.await_seen("1 of 2 sessions  q: quit")
        terminal.await_seen(r"depot +0 +\033\[31mbackoff")
        terminal.await_seen("0 of 1 sessions  q: quit")
        terminal.type("\x03")
        assert terminal.end()[0] == 0


def watching_goes_on_when_answers_fail():
    """What was known stays there, with what is the matter, until there is an answer again."""
    refused = {"error": "io.kaguard.NoSuchPeer"}
    for trouble, words in ((refused, "kaguard refuses to answer: the peer is gone"),
                           (None, "kaguard has hung up"), (b"x\0", "kaguard has hung up"),
                           (status({}), "the answer cannot be read")):
        with on_terminal(["status", "-w"], {
                "Status": [status(UP), trouble, [status(UP, summary="a"), status(DOWN)]]}
                         ) as (terminal, _):
            terminal.await_seen(f"{words}; this is how it was")
            terminal.await_seen(r"depot +0 +\033\[31mbackoff")
            terminal.type("q")
            assert terminal.end()[0] == 1


def watching_goes_on_without_a_daemon():
    with on_terminal(["status", "-w"], {"Status": [status(UP), None]}) as (terminal, daemon):
        terminal.await_seen("2/4 sessions")
        daemon.close()
        terminal.await_seen("kaguard does not answer; this is how it was")
        terminal.process.terminate()
        assert terminal.end()[0] == 0


def large_pages_are_drawn_at_once():
    many = status(*(UP | {"session": i, "remote": f"192.0.2.{i}:22"} for i in range(90)))
    with on_terminal(["status", "-w"], {"Status": [many]}, columns=180, lines=100) as (terminal, _):
        for i in range(90):
            terminal.await_seen(rf"192\.0\.2\.{i}:22")
        terminal.type("q")
        assert terminal.end()[0] == 0


def watching_needs_no_keys():
    """With its input from elsewhere it goes on, until it is ended."""
    with on_terminal(["status", "-w"], {"Status": [status(UP), status(DOWN)]},
                     stdin=subprocess.DEVNULL) as (terminal, _):
        terminal.await_seen("hq +0 ")
        terminal.await_seen("depot +0 ")
        terminal.process.terminate()
        assert terminal.end()[0] == 2


def watching_ends_with_its_terminal():
    with on_terminal(["status", "-w"], {"Status": [status(UP)]}) as (terminal, _):
        terminal.await_seen("hq +0 ")
        os.close(terminal.fd)
        assert terminal.process.wait(20) in (0, -signal.SIGHUP)


def watching_fails_where_it_cannot_begin():
    with on_terminal(["status", "-w"], {"Status": [None]}) as (terminal, _):
        code, text = terminal.end()
    assert code == 3 and "has hung up" in text and "\033[?1049h" not in text, text


# --- measure ------------------------------------------------------------------------------------

@contextlib.contextmanager
def far_end():
    """A peer that holds what connects to it, and its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(20)
        yield listener, f"127.0.0.1:{listener.getsockname()[1]}"


def measuring_draws_a_picture():
    with far_end() as (_, address):
        for columns, pattern in ((100, r"4s \[\.{80,}\] 2h\r\n"), (20, r"nothing known yet;")):
            terminal = Terminal(["measure", address], columns=columns)
            terminal.await_seen(pattern)
            terminal.await_seen(r"\033\[\dA\r\033\[J")  # and draws it again
            terminal.type("\x03")
            code, text = terminal.end()
            assert code == 2 and "interrupted" in text, (code, text)


def measuring_ends_when_it_is_told_to():
    with far_end() as (listener, address):
        process = subprocess.Popen([PROGRAM, "-j", "measure", "--max=1h", "--precision=10%", address],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        listener.accept()[0].close()  # by then it has made ready to be told
        process.terminate()
        out, err = process.communicate(timeout=20)
        found = json.loads(out)
        assert process.returncode == 2 and not found["complete"], out
        assert found["max_ms"] == 3600000 and found["precision_ratio"] == 0.1, out
        assert "interrupted" in err, err


def measuring_needs_a_peer():
    with far_end() as (_, address):
        pass
    Run(["measure", address], {}).expect(1, err=f"^kaguardctl: {address}: Connection refused")
    Run(["measure", "no.such.name.invalid:9"], {}).expect(
        1, err="^kaguardctl: no.such.name.invalid: ")


TESTS = [usage_is_told, measure_wants_what_it_can_do, help_and_version_need_no_daemon, no_daemon,
         a_daemon_that_hangs, socket_from_the_environment, answers_that_are_none, lists_that_are_none,
         a_peer_that_is_none, output_that_cannot_be_written, status_is_a_table,
         status_counts_who_was_asked_for, status_has_a_code_for_each_case, large_answers_come_in_pieces, states_are_chosen, tunnels_stand_below,
         probes_are_told_as_they_come, sessions_are_reconnected, versions_are_told,
         reloads_tell_what_is_wrong, plans_are_a_table, events_are_told,
         events_have_colours_on_a_terminal, tables_fit_the_terminal, metrics_answer_one_request,
         keys_turn_the_pages, what_is_watched_is_chosen, watching_goes_on_when_answers_fail,
         watching_goes_on_without_a_daemon, large_pages_are_drawn_at_once,
         watching_needs_no_keys, watching_ends_with_its_terminal, watching_fails_where_it_cannot_begin,
         measuring_draws_a_picture, measuring_ends_when_it_is_told_to, measuring_needs_a_peer]


def main():
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__}", flush=True)
        except Exception:  # whatever it is, the others are tried
            print(f"not ok {number} - {test.__name__}")
            print("# " + traceback.format_exc().rstrip().replace("\n", "\n# "), flush=True)


PROGRAM = sys.argv[1]
main()
