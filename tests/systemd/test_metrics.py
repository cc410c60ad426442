# SPDX-License-Identifier: ISC
"""kaguard-metrics.socket as it is installed: off, and one process a scrape when it is on."""
import http.client
import re

import pytest

from conftest import PORT, QUICK
from witness import await_look

SOCKET = "kaguard-metrics.socket"
SCRAPE = 10476
CONFIG = QUICK + f"peers:\n  - {{name: hq, address: \"127.0.0.1:{PORT}\", sessions: 2}}\n"


class Scraper:
    def __init__(self, site):
        self._netns, self.host = site.netns, site.host

    def connect(self):
        return self._netns.connect(("127.0.0.1", SCRAPE), 20)

    def get(self, target="/metrics"):
        """The status, and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", SCRAPE)
        connection.sock = self.connect()
        connection.request("GET", target)
        response = connection.getresponse()
        status, body = response.status, response.read().decode()
        connection.close()
        return status, body

    def process(self):
        """/proc/PID/status of one that is being served; None where it is not under way yet."""
        main = self.host.main_pid(self.units()[0])
        with open(f"/proc/{main}/status") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status)
        return fields if fields["Name"] == "kaguardctl" else None

    def await_connections(self, count):
        """Wait until so many are served at this moment; systemd does not announce it."""
        await_look(lambda: self.host.run("systemctl", "show", "--property=NConnections", "--value",
                                         SOCKET).strip() == str(count), 20, f"{count} connections")

    def units(self):
        """Those of scrapes, as long as systemd knows them."""
        return re.findall(r"kaguard-metrics@\S+", self.host.run(
            "systemctl", "list-units", "--all", "--no-legend", "kaguard-metrics@*"))


@pytest.fixture
def scraper(site, peer):
    site.boot()
    site.service.start(CONFIG)
    site.service.await_status(r"^2/2 sessions to 1 peer up$")
    return Scraper(site)


@pytest.fixture
def on(scraper):
    scraper.host.run("systemctl", "start", SOCKET)
    return scraper


def test_it_is_off(scraper):
    state = scraper.host.try_run("systemctl", "is-enabled", SOCKET).stdout.strip()
    assert state == "disabled"
    with pytest.raises(ConnectionRefusedError):
        scraper.connect()


@pytest.mark.parametrize("group", [False, True])
def test_a_scrape(on, group):
    """The group of the control socket is one of sysusers.d, or lives as long as the daemon."""
    if group:
        on.host.run("systemctl", "stop", "kaguard")
        on.host.run("systemd-sysusers")
        on.host.run("systemctl", "start", "kaguard")
        on.host.run("kaguardctl", "probe", "hq")
    for _ in range(3):
        status, body = on.get()
        assert status == 200, body
        assert 'kaguard_sessions{peer="hq",state="up"} 2\n' in body
    assert on.get("/")[0] == 404
    # What went well leaves nothing: no unit, and not a line in the journal. (A container may not
    # configure the network that a private one begins with, and says so.)
    on.await_connections(0)
    said = on.host.run("journalctl", "--no-pager", "--output=cat", "--unit=kaguard-metrics@*")
    assert [line for line in said.splitlines()
            if not re.match("-- |Failed to configure loopback", line)] == []
    assert on.units() == []


def test_without_the_daemon(on):
    on.host.run("systemctl", "stop", "kaguard")
    status, body = on.get()
    assert status == 503 and "kaguard.service" in body
    on.host.run("systemctl", "start", "kaguard")
    on.host.watch("kaguard.service").await_that(StatusText=r"^2/2 sessions")
    assert on.get()[0] == 200


def test_who_it_is(on):
    """One scrape that takes its time: what the process may do, and how many there are at most."""
    idle = [on.connect() for _ in range(16)]
    on.await_connections(16)
    fields = await_look(lambda: on.process(), 10, "scrape that waits for its request")
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    assert "0" not in fields["Uid"].split()
    # One more is not served, and harms nobody.
    extra = on.connect()
    assert extra.recv(1) == b""
    for connection in (extra, *idle):
        connection.close()
    on.await_connections(0)
    assert on.get()[0] == 200


def test_security(on):
    found = on.host.run("systemd-analyze", "security", "--no-pager", "kaguard-metrics@1.service")
    score = float(re.search(r"exposure level for \S+: ([\d.]+)", found)[1])
    assert score <= 1.1, found
