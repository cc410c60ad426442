# SPDX-License-Identifier: ISC
"""README.md, followed by a new user in a fresh Debian 12: each command of it, as it is printed. Run by
make check-readme."""
import contextlib
import os
import pathlib
import re
import socketserver
import subprocess
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent
sys.path.append(str(HERE.parent / "systemd"))
import machine  # noqa: E402
from document import blocks  # noqa: E402

ROOT = os.environ["KAGUARD_ROOT"]
README = list(blocks((TREE / "README.md").read_text()))
INSTALL, CONFIGURE = "Install", "A first configuration"
FOLLOWED = [INSTALL, CONFIGURE, "Tunnels", "How to read it"]
ELSEWHERE = {
    "./demo": "is a test of its own here",
    "./check": "is all the tests, for half an hour",
    "dnf|make rpm": "is for another distribution",
    "kaguardctl measure": "takes as long as a firewall remembers; tests/lab/test_measure.py",
    "make [a-z-]*": "measures, and is for a machine that is quiet",
}
# Debian's way, and that of all others.
ROUTES = {"package": "make deb|kaguard_", "sources": "make install|install-needs|systemd-sysusers"}
FILE = "/etc/kaguard.yaml"
ADDRESS = "127.77.0.1"
PORTS = {"vpn": 443, "app": 7000, "db": 5432}
# What an invocation that never ends by itself is given to show something.
ENDLESS_S = 3


class Peer(socketserver.ThreadingTCPServer):
    """Takes sessions and keeps them; a PING is answered."""
    daemon_threads = allow_reuse_address = True

    def __init__(self, port):
        self.came = []
        super().__init__((ADDRESS, port), Keeper)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Keeper(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.came.append(time.monotonic())
        with contextlib.suppress(OSError):
            while data := self.request.recv(4096):
                if b"PING" in data:
                    self.request.sendall(b"PONG\r\n")


class User:
    """Somebody with sudo, a copy of the sources, and README.md."""

    def __init__(self, host):
        self.host = host
        host.write("/etc/resolv.conf", pathlib.Path("/etc/resolv.conf").read_text())
        host.write("/etc/hosts", f"127.0.0.1 localhost {os.uname().nodename}\n" + "".join(
            f"{ADDRESS} {name}.example.com\n" for name in PORTS))
        host.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "user")
        host.write("/etc/sudoers.d/user", "user ALL=(ALL) NOPASSWD: ALL\n", 0o440)
        self._copy_sources(host.root / "home/user/kaguard")
        host.run("chown", "-R", "user:", "/home/user/kaguard")

    @staticmethod
    def _copy_sources(place):
        place.mkdir()
        subprocess.run(f"tar -C '{TREE}' --exclude=./.git --exclude='./build*' --exclude=.deps "
                       "--exclude=./Makefile --exclude=./config.status --exclude=./autom4te.cache "
                       "--exclude=./configure --exclude=__pycache__ --exclude='*.[oa]' -cf - . | "
                       f"tar -C '{place}' -xf -", shell=True, check=True)
        (place / ".tarball-version").write_text(subprocess.check_output(
            [TREE / "tools/version"], text=True))

    def types(self, command):
        """A command, in a new login; what came of it."""
        begun = time.monotonic()
        command = command.split(" #")[0].rstrip()
        endless = re.search(r"--follow|--watch", command)
        if endless:
            command = f"timeout {ENDLESS_S} {command}"
        done = self.host.try_run("runuser", "--login", "user", "--command",
                                 f"cd kaguard && {command}")
        print(f"{time.monotonic() - begun:6.1f} s  {command}")
        if endless and done.returncode == 124:
            done.returncode = 0
        return done

    def succeeds(self, command):
        done = self.types(command)
        # These tell by it how many sessions are up.
        allowed = (0, 1, 2) if command.startswith("kaguardctl status") else (0,)
        assert done.returncode in allowed, (
            f"{command}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def follows(self, block):
        """Does all that is in it, and sees what it is said to show."""
        for command, printed in block.commands():
            shown = self.succeeds(command)
            if printed is not None:
                alike(command, shown, printed)

    def keeps(self, yaml, timeout=20):
        """Puts a configuration in force, and sees all of its sessions up."""
        self.host.write(FILE, yaml)
        self.succeeds("sudo kaguard --check && sudo kaguardctl reload")
        self.awaits_all_up(timeout)

    def awaits_all_up(self, timeout=20):
        deadline = time.monotonic() + timeout
        while (status := self.types("kaguardctl status")).returncode != 0:
            assert time.monotonic() < deadline, status.stdout + status.stderr
            time.sleep(0.2)


def alike(command, shown, printed):
    """A plan is what it is; a table of sessions has other sessions, and no other columns."""
    if "--plan" in command:
        assert shown == printed
    else:
        columns = [[line for line in text.splitlines() if line.startswith("PEER")][0].split()
                   for text in (shown, printed)]
        assert set(columns[0]) <= set(columns[1])


def of(section, route="."):
    return [block for block in README if block.section == section and
            (block.language == "yaml" or block.is_shell and re.search(route, block.text))]


@pytest.fixture(scope="module")
def world():
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(Peer(port)) for name, port in PORTS.items()}


@pytest.fixture
def user(tmp_path):
    """At a machine that has just been installed."""
    host = machine.Machine(ROOT, None, tmp_path)
    try:
        host.run("rm", "-f", "/usr/sbin/policy-rc.d")
        yield User(host)
    finally:
        host.close()


@pytest.mark.parametrize("route", ROUTES)
def test_first_hour(user, world, route):
    """From nothing to a kept session, then all else that the README tells to do."""
    begun = time.monotonic()
    vpn = world["vpn"]
    del vpn.came[:]
    for block in of(INSTALL, f"{ROUTES[route]}|usermod"):
        if not re.search("dnf", block.text):
            user.follows(block)

    first, *others = of(CONFIGURE)
    assert first.language == "yaml"
    user.host.write(FILE, first.text)
    for block in (block for block in others if block.is_shell):
        user.follows(block)
    user.awaits_all_up()
    assert len(vpn.came) == 2
    print(f"{vpn.came[0] - begun:6.1f} s  from nothing to the first kept session")

    for block in [*others, *of("Tunnels")]:
        if block.language == "yaml":
            user.keeps(block.text)
    user.keeps(first.text)
    for block in of("Tunnels") + of("How to read it"):
        if block.is_shell:
            user.follows(block)


def test_demo(user):
    """It installs what it needs. What it sets in its own networks systemd-nspawn lets nobody set."""
    user.host.run("mount", "-o", "remount,bind,rw", "/proc/sys")
    shown = user.succeeds("./demo")
    print(shown)


def test_nothing_is_left_out():
    """Each command of the README is tried here, or it is known why not."""
    for block in README:
        if block.is_shell and block.section not in FOLLOWED:
            for command, _ in block.commands():
                assert re.match("|".join(ELSEWHERE), command), f"line {block.line}: {command}"
