# SPDX-License-Identifier: ISC
"""A machine with a service manager of its own: systemd, booted in a container."""
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
CGROUPS = pathlib.Path("/sys/fs/cgroup")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}


class MachineError(Exception):
    """There is no machine, or a command in it failed."""


def remove_cgroups(name):
    for hierarchy in (".", "unified", "systemd"):
        top = CGROUPS / hierarchy / name
        for directory, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)


class Container:
    """systemd-nspawn over a copy of a root that is gone afterwards."""

    _count = 0

    def __init__(self, root, tree, arguments):
        Container._count += 1
        self._name = f"kaguard-check-{os.getpid()}-{Container._count}"
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="kgsystemd-"))
        self.log = self._directory / "log"
        (self._directory / "mnt").mkdir()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self._directory / "notify"))
        environment = ENVIRONMENT | {"NOTIFY_SOCKET": str(self._directory / "notify")}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", HERE / "boot.sh", self._name,
                 self._directory / "mnt", root, tree, *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def await_boot(self, timeout=60):
        """Returns the id of its first process, once all is started."""
        leader = None
        self._notify.settimeout(timeout)
        threading.Thread(target=self._end_waiting, daemon=True).start()
        try:
            while note := self._notify.recv(4096).decode():
                if found := re.search(r"^X_NSPAWN_LEADER_PID=(\d+)", note, re.M):
                    leader = int(found[1])
                if re.search(r"^READY=1", note, re.M):
                    return leader
        except TimeoutError:
            pass
        finally:
            # It goes on telling us what it does, and would wait for ever for us to read that.
            self._notify.close()
        raise MachineError(f"the container did not boot: {self.log.read_text()[-2000:]}")

    def _end_waiting(self):
        """An end before it has booted ends the waiting, too."""
        self.process.wait()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.connect(str(self._directory / "notify"))
            end.send(b"")

    def close(self, leader=None):
        """With its first process all the others end, whatever state they are in."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader or self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._notify.close()
        shutil.rmtree(self._directory, ignore_errors=True)
        remove_cgroups(self._name)


def why_not(root, netns):
    """Why no container runs here, or None."""
    with tempfile.TemporaryDirectory(prefix="kgsystemd-") as nothing:
        trial = Container(root, nothing, [f"--network-namespace-path={netns.path}", "true"])
        try:
            code = trial.process.wait(60)
            return trial.log.read_text()[-300:] if code else None
        finally:
            trial.close()


class Machine:
    """A booted container: run commands in it, read its files and its journal. Without a network of its
    own it has that of this machine, to use and not to change."""

    def __init__(self, root, netns, tree):
        network = [f"--network-namespace-path={netns.path}"] if netns else []
        self._container = Container(root, tree, ["--boot", "--notify-ready=yes", *network])
        self.leader = None
        self._followers = []
        try:
            self.leader = self._container.await_boot()
            self.root = pathlib.Path(f"/proc/{self.leader}/root")
            self.journal = self._follow(Journal(self))
        except BaseException:
            self.close()
            raise

    def _follow(self, follower):
        self._followers.append(follower)
        return follower

    def watch(self, unit):
        watch = self._follow(Watch(self, unit))
        watch.await_connected()
        return watch

    def console(self):
        return self._container.log.read_text(errors="replace")

    def _command(self, namespaces, command):
        return ["nsenter", "--target", str(self.leader), *(f"--{name}" for name in namespaces),
                *map(str, command)]

    def popen(self, namespaces, *command):
        """A program with pipes to it and from it, in some namespaces of the machine."""
        return subprocess.Popen(self._command(namespaces, command), env=ENVIRONMENT, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def try_run(self, *command):
        return subprocess.run(self._command(["all"], command), env=ENVIRONMENT, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, errors="replace")

    def run(self, *command):
        """Run a command inside and return what it printed."""
        done = self.try_run(*command)
        if done.returncode != 0:
            raise MachineError(f"{' '.join(map(str, command))}: rc {done.returncode}: "
                               f"{done.stdout}{done.stderr}")
        return done.stdout

    def holds(self, process):
        """Whether a process, of which /proc/PID is given, is one of the machine's."""
        with contextlib.suppress(OSError):
            return os.readlink(process / "ns/pid") == os.readlink(f"/proc/{self.leader}/ns/pid")
        return False

    def processes(self):
        """What runs there: ids out here, by the ids in there."""
        found = {}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, TypeError):
                if self.holds(process):
                    inside = re.search(r"^NSpid:.*\s(\d+)$", (process / "status").read_text(), re.M)
                    found[int(inside[1])] = int(process.name)
        return found

    def main_pid(self, unit):
        """The id, out here, of a service's first process."""
        return self.processes()[int(self.run("systemctl", "show", "--property=MainPID", "--value",
                                             unit))]

    def version(self):
        """Of its systemd."""
        return int(self.run("systemctl", "--version").split()[1])

    def write(self, path, text, mode=0o644):
        """Put a file in place, whole, as an editor does."""
        path = self.root / path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        new.chmod(mode)
        new.rename(path)

    def install(self, tree):
        """What make install does, with the tree that it made."""
        subprocess.run(f"tar -C {shlex.quote(str(tree))} -cf - . | tar --keep-directory-symlink "
                       f"--no-overwrite-dir -C {self.root} -xf -", shell=True, check=True)

    def power_off(self):
        """As by the operator; returns when all is down. Before it kills what is left there, the
        service manager stops it, and nsenter stops with its child: none may be left."""
        self._end_following()
        self.run("systemctl", "--no-block", "poweroff")
        self._container.process.wait(30)

    def _end_following(self):
        while self._followers:
            self._followers.pop().close()

    def close(self):
        self._container.close(self.leader)
        self._end_following()


class Follower:
    """A program that prints a JSON object a line until its standard input is closed."""

    def __init__(self, process):
        self.seen = []
        self._process = process
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            with contextlib.suppress(json.JSONDecodeError):  # the last one, cut short
                self._take(json.loads(line))

    def _take(self, what):
        with self._changed:
            self.seen.append(what)
            self._changed.notify_all()

    def wait_for(self, condition, timeout):
        """Whether the condition holds within the time; asked again whenever something is said."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()


class Journal(Follower):
    """The journal of a machine."""

    def __init__(self, machine):
        super().__init__(machine.popen(
            ["all"], "sh", "-c", "journalctl --follow --lines=all --output=json --all & "
            "read -r end; kill $!"))

    @staticmethod
    def mark():
        """Where the records begin that are still to come: a time."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    def said(self, message="", start=0, loud=True, unit="kaguard.service", **fields):
        """The unit's records since the mark `start` whose text matches and that have these fields:
        peer="hq" for KAGUARD_PEER=hq. Without those for debugging, unless not loud."""
        def fits(record):
            return (unit in (record.get("_SYSTEMD_UNIT"), record.get("UNIT")) and
                    int(record["__MONOTONIC_TIMESTAMP"]) >= start and
                    re.search(message, str(record.get("MESSAGE", ""))) and
                    not (loud and record.get("PRIORITY") == "7") and
                    all(record.get("KAGUARD_" + name.upper()) == value
                        for name, value in fields.items()))
        return [record for record in self.seen if fits(record)]

    def await_said(self, message="", timeout=10, **fields):
        """Wait for such a record; returns the first."""
        found = []

        def find():
            found[:] = self.said(message, **fields)
            return found
        if not self.wait_for(find, timeout):
            raise AssertionError(f"no record with {message!r} and {fields} within {timeout} s")
        return found[0]


class Watch(Follower):
    """The properties of a unit, as the service manager announces them."""

    def __init__(self, machine, unit):
        self._now = {}
        super().__init__(machine.popen(
            ["pid"], sys.executable, HERE / "follow.py", machine.root / "run/systemd/private",
            unit))

    def await_connected(self, timeout=10):
        if not self.wait_for(lambda: self.seen, timeout):
            raise MachineError("the service manager does not talk to us")

    def _take(self, what):
        self._now.update(what)
        super()._take(what)

    def get(self, name):
        """The property as it was last announced."""
        return self._now.get(name)

    def becomes(self, timeout, **patterns):
        """Whether each of these properties matches its pattern, all at once, within the time."""
        return self.wait_for(lambda: all(re.search(pattern, str(self._now.get(name, "")))
                                         for name, pattern in patterns.items()), timeout)

    def await_that(self, timeout=10, **patterns):
        if not self.becomes(timeout, **patterns):
            now = {name: self.get(name) for name in patterns}
            raise AssertionError(f"not {patterns} within {timeout} s, but {now}")

    def values(self, name, since=0.0):
        """The values that the property took, each with the time of its first announcement."""
        values = []
        for what in list(self.seen):
            if name in what and what["at"] >= since:
                if not values or values[-1][1] != what[name]:
                    values.append((what["at"], what[name]))
        return values
