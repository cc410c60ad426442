# SPDX-License-Identifier: ISC
"""The lab's fixtures: a lab, peers, the daemon; each is put away whatever becomes of the test."""
import contextlib
import functools
import os
import pathlib
import shutil
import tempfile

import pytest

import guard
import netlab
import peers
import witness

# Exact values that find a silent death in about 5 s, for tests of what happens afterwards.
QUICK = "keepalive: {idle: 2s, interval: 1s, count: 3}"
PORT = 7001

# What a daemon meets in a mount namespace of its own: $1/journal for the journal's socket, and $0's
# files for those of the same name in /etc, which may be links into the /run that is covered here.
SURROUNDINGS = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal
ln -s "$1/journal" /run/systemd/journal/socket
for name in resolv.conf nsswitch.conf; do
    [ -e "$0/$name" ] || continue
    target=$(readlink -m "/etc/$name")
    case $target in /run/*) mkdir -p "${target%/*}"; : >"$target" ;; esac
    mount --bind "$0/$name" "$target"
done
shift
exec "$@"
"""


@functools.cache
def obstacle():
    if os.geteuid() != 0:
        return "the lab needs root: namespaces, nftables and raw sockets"
    if not os.access(os.environ.get("KAGUARD", ""), os.X_OK):
        return "KAGUARD names no program; run make check-lab"
    return netlab.why_not()


def pytest_runtest_setup(item):
    if obstacle():
        pytest.skip(obstacle())


class Bench:
    """One lab and what runs in it."""

    def __init__(self, stack, timeout_s=12, kind="silent"):
        self._stack = stack
        self.lab = stack.enter_context(netlab.Lab(timeout_s, kind))
        self.firewall = self.lab.firewall
        self.daemons = []
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="kglab-"))
        stack.callback(shutil.rmtree, self._directory, ignore_errors=True)

    def peer(self, port=PORT, behaviour=peers.Peer, **kwargs):
        peer = behaviour(self.lab.server, port, **kwargs)
        self._stack.callback(peer.stop)
        return peer

    def names(self):
        """A name server, which the daemons guarded from now on ask."""
        server = peers.NameServer(self.lab.server, netlab.SERVER4)
        self._stack.callback(server.stop)
        (self._directory / "resolv.conf").write_text(
            f"nameserver {netlab.SERVER4}\noptions timeout:1 attempts:1\n")
        (self._directory / "nsswitch.conf").write_text("hosts: files dns\n")
        return server

    def capture(self, side="client"):
        capture = witness.Capture(self.lab.router, side)
        self._stack.callback(capture.stop)
        return capture

    def clocks(self, every_s=0.2):
        clocks = witness.Clocks(self.firewall, every_s)
        self._stack.callback(clocks.stop)
        return clocks

    def guard(self, config, journal=True):
        directory = self._directory / str(len(self.daemons))
        directory.mkdir()
        wrapper = ["unshare", "--mount", "sh", "-ec", SURROUNDINGS, str(self._directory),
                   str(directory)] if journal else []
        daemon = guard.Daemon(os.environ["KAGUARD"], self.lab.client, directory, config, wrapper,
                              journal)
        self._stack.callback(daemon.close)
        self.daemons.append(daemon)
        return daemon


@contextlib.contextmanager
def benches_for(node):
    """Makes benches, and notes them on a node of the test tree for the report of a failure."""
    node.benches = []
    with contextlib.ExitStack() as stack:
        def make(**kwargs):
            node.benches.append(Bench(stack, **kwargs))
            return node.benches[-1]
        yield make


@pytest.fixture
def bench_of(request):
    """Makes benches: bench_of(kind="nat")."""
    with benches_for(request.node) as make:
        yield make


@pytest.fixture
def bench(bench_of):
    return bench_of()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the daemon said."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for node in item.listchain():
            for bench in getattr(node, "benches", []):
                for daemon in bench.daemons:
                    said = [*daemon.lines[-60:], "", "STATUS=" + daemon.status()]
                    report.sections.append(("what kaguard said", "\n".join(said)))
