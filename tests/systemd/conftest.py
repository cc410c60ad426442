# SPDX-License-Identifier: ISC
"""Fixtures: a machine with kaguard installed; put away whatever becomes of the test."""
import contextlib
import functools
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

import machine
import service

sys.path.append(str(pathlib.Path(__file__).parent.parent / "lab"))
import netlab  # noqa: E402
import peers  # noqa: E402

ROOT = os.environ.get("KAGUARD_ROOT", "/")
TREE = os.environ.get("KAGUARD_TREE", "")
PORT = 7001
SOURCE = pathlib.Path(__file__).parent.parent.parent
QUICK = "defaults: {firewall: 240s, connect_timeout: 2s, backoff: {first: 100ms, max: 500ms}}\n"


@functools.cache
def obstacle():
    if os.geteuid() != 0:
        return "a container with a service manager needs root"
    if not TREE:
        return "KAGUARD_TREE names no installed tree; run make check-systemd"
    missing = [tool for tool in ("systemd-nspawn", "nsenter", "unshare", "ip")
               if not shutil.which(tool)]
    if missing:
        return "not installed: " + ", ".join(missing)
    try:
        netns = netlab.NetNs()
    except (netlab.LabError, OSError) as error:
        return f"no network namespaces here: {error}"
    with contextlib.closing(netns):
        return machine.why_not(ROOT, netns)


def pytest_configure():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up


def pytest_runtest_setup(item):
    if obstacle():
        pytest.skip(obstacle())


class Site:
    """A machine, its network, and peers there."""

    def __init__(self, stack, **files):
        self._stack = stack
        self.netns = netlab.NetNs()
        stack.callback(self.netns.close)
        self.host = self.service = None

    def boot(self, tree=TREE):
        self.host = machine.Machine(ROOT, self.netns, tree)
        self._stack.callback(self.host.close)
        self.service = service.Service(self.host)
        return self.host

    def link(self, address, name="eth0"):
        """A link that leads nowhere else, but runs, with that address."""
        self.netns.run("ip", "link", "add", name, "type", "veth", "peer", "end")
        self.netns.run("ip", "address", "add", f"{address}/24", "dev", name)
        for end in (name, "end"):
            self.netns.run("ip", "link", "set", end, "up")

    def peer(self, port=PORT, behaviour=peers.Peer):
        peer = behaviour(self.netns, port)
        self._stack.callback(peer.stop)
        return peer


@pytest.fixture
def site(request):
    """Nothing is booted yet."""
    with contextlib.ExitStack() as stack:
        request.node.site = Site(stack)
        yield request.node.site


@pytest.fixture
def kaguard(site):
    """The service on a machine that is up, installed but not started."""
    site.boot()
    return site.service


@pytest.fixture
def empty_tree():
    with tempfile.TemporaryDirectory(prefix="kgsystemd-") as directory:
        yield pathlib.Path(directory)


@pytest.fixture
def peer(site):
    return site.peer()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the unit said."""
    outcome = yield
    report = outcome.get_result()
    site = getattr(item, "site", None)
    if report.when == "call" and report.failed and site and site.host:
        said = [f"<{r.get('PRIORITY')}> {r.get('SYSLOG_IDENTIFIER')}: {r.get('MESSAGE')}"
                for r in site.host.journal.said(loud=False)
                if r.get("PRIORITY") != "7" or r.get("SYSLOG_IDENTIFIER") == "kaguard"]
        report.sections.append(("the unit's journal", "\n".join(said[-100:])))
        report.sections.append(("STATUS", str(site.service and site.service.status())))
        report.sections.append(("the container", site.host.console()[-2000:]))


def pytest_report_header():
    with contextlib.suppress(OSError), open(pathlib.Path(ROOT) / "etc/os-release") as release:
        name = next(line for line in release if line.startswith("PRETTY_NAME="))
        return f"system in the container: {name[12:].strip()} ({ROOT})"
