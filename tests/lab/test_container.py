# SPDX-License-Identifier: ISC
"""The daemon as the one process of a container, as doc/containers.md has it: number 1, an ordinary
user without capabilities, nothing to write to but /run; no service manager and no journal."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import netlab
from conftest import PORT, QUICK

USER = 65532
INSIDE = f"""
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 750 /run/kaguard
chown {USER}:{USER} /run/kaguard
mount -o remount,bind,ro /
cd /
exec setpriv --reuid={USER} --regid={USER} --clear-groups --bounding-set=-all --inh-caps=-all \
    --no-new-privs env -i "$0/kaguard" -c "$0/kaguard.yaml"
"""
CONFIG = f"""
defaults: {{firewall: 12s, backoff: {{first: 100ms, max: 500ms}}, {QUICK}}}
peers:
  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", sessions: 2}}
"""
TIMEOUT_S = 10


class Container:
    def __init__(self, netns, directory):
        self.directory = directory
        self.lines = []
        self._changed = threading.Condition()
        self.process = netns.popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
             "sh", "-ec", INSIDE, str(directory)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()

    def await_line(self, pattern, start=0):
        def find():
            return next((line for line in self.lines[start:] if re.search(pattern, line)), None)
        with self._changed:
            assert self._changed.wait_for(find, TIMEOUT_S), f"no line {pattern!r}: {self.lines}"

    @property
    def pid(self):
        """The daemon's, out here."""
        pid = self.process.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text())

    def signal(self, number):
        os.kill(self.pid, number)

    def run(self, *command):
        """As docker exec and probes of Kubernetes do; the completed process."""
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", f"--setuid={USER}",
             f"--setgid={USER}", *command], text=True, capture_output=True, stdin=subprocess.DEVNULL)

    def ctl(self, *arguments):
        return self.run(self.directory / "kaguardctl", *arguments)

    def await_status(self, code):
        """Wait for that exit status of kaguardctl status; it is asked after each line."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.ctl("status").returncode == code,
                                          TIMEOUT_S), self.ctl("status")

    def close(self):
        """With its first process all the others end; unshare ends with that."""
        with contextlib.suppress(OSError, ValueError):
            self.signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()


@pytest.fixture
def image():
    """What the container's image has."""
    program = pathlib.Path(os.environ["KAGUARD"])
    with tempfile.TemporaryDirectory(prefix="kgcontainer-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        for file in (program, program.with_name("kaguardctl")):
            shutil.copy(file, directory)
        (directory / "kaguard.yaml").write_text(CONFIG)
        yield directory


@pytest.fixture
def start(bench, image):
    with contextlib.ExitStack() as stack:
        def start():
            container = Container(bench.lab.client, image)
            stack.callback(container.close)
            return container
        yield start


def test_life(bench, image, start):
    """Lines on standard error; probes by kaguardctl; reload by a signal; a stop with 0."""
    container = start()
    container.await_line(r"kaguard \S+ started: .*, 1 peer, 2 sessions$")
    assert not [line for line in container.lines if line.startswith("<")]
    assert re.search(rf"^NSpid:\s+{container.pid}\s+1$",
                     pathlib.Path(f"/proc/{container.pid}/status").read_text(), re.M)
    container.await_line("hq/0: .*refused")
    assert len(container.lines) == 2, "it is started, and somebody refuses; nothing else"
    assert container.ctl("status").returncode == 2
    assert container.ctl("version").returncode == 0

    peer = bench.peer()
    sessions = peer.await_sessions(2, TIMEOUT_S)
    container.await_status(0)
    (image / "kaguard.yaml").write_text(CONFIG.replace("sessions: 2", "sessions: 3"))
    container.signal(signal.SIGHUP)
    container.await_line("reloaded ")
    sessions = peer.await_sessions(3, TIMEOUT_S)

    container.signal(signal.SIGTERM)
    assert container.process.wait(TIMEOUT_S) == 0
    peer.await_that(lambda: not peer.open_sessions(), TIMEOUT_S, "end of all sessions")
    assert {session.end for session in sessions} == {"fin"}


def test_bad_configuration(image, start):
    """Told where the lines go, with the status that says that trying again does not help."""
    (image / "kaguard.yaml").write_text("peer: []\n")
    container = start()
    container.await_line("did you mean 'peers'")
    assert container.process.wait(TIMEOUT_S) == 78


def test_children_of_others(start):
    """Whom nobody waits for ends as a child of process 1, and does not stay as a zombie."""
    container = start()
    container.await_line("started")
    children = pathlib.Path(f"/proc/{container.pid}/task/{container.pid}/children")
    end, ours = os.pipe()
    subprocess.run(["nsenter", "--target", str(container.pid), "--mount", "--pid", "sh", "-c",
                    "exec 3<&0; cat <&3 &"], stdin=end, check=True)
    os.close(end)
    orphan = pathlib.Path("/proc") / children.read_text().strip()
    os.close(ours)
    deadline = time.monotonic() + TIMEOUT_S
    while orphan.exists():
        assert time.monotonic() < deadline, (orphan / "status").read_text()
        time.sleep(0.01)


def test_stop_while_it_reads(image, start):
    """A stop that comes before the daemon can take it is not lost."""
    (image / "kaguard.yaml").unlink()
    os.mkfifo(image / "kaguard.yaml")
    container = start()
    with open(image / "kaguard.yaml", "w") as file:  # returns when the daemon has opened it
        container.signal(signal.SIGTERM)
        file.write(CONFIG)
    assert container.process.wait(TIMEOUT_S) == 0
    container.await_line("stopping on SIGTERM")
