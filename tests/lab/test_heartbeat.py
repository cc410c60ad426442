# SPDX-License-Identifier: ISC
"""Heartbeats: against proxies that count only data, and applications that hang behind a kernel that
answers."""
import re
import selectors
import signal
import subprocess
import sys
import time

import netlab
from conftest import PORT
from proxy import Answering, IdleProxy

PROXY = 7005
IDLE_S = 3
EVERY_S, TIMEOUT_S = 1, 1
BEAT = f"heartbeat: {{send: 'PING\\r\\n', expect: 'PONG\\r\\n', every: {EVERY_S}s, timeout: {TIMEOUT_S}s}}"
ANY = f"heartbeat: {{send: x, every: {EVERY_S}s, timeout: {TIMEOUT_S}s}}"
ECHO = """
import socketserver, sys
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(64):
            self.request.send(data)
server = socketserver.ThreadingTCPServer(("0.0.0.0", int(sys.argv[1])), Echo)
server.daemon_threads = True
print("ready", flush=True)
server.serve_forever()
"""
SLACK_S = 0.7  # of a machine that has other things to do


def config(*peers, defaults=""):
    lines = "".join(f"  - {{{peer}}}\n" for peer in peers)
    return f"defaults: {{firewall: 60s{defaults}}}\npeers:\n{lines}"


def peer(name, port, more=BEAT):
    return f'name: {name}, address: "{netlab.SERVER4}:{port}", {more}'


def test_through_a_proxy_that_closes_idle_clients(bench):
    """With probes every second both are idle to the proxy; only the one that beats is held."""
    server = bench.peer(behaviour=Answering)
    proxies = {port: IdleProxy(bench.lab.server, port, ("127.0.0.1", PORT), IDLE_S)
               for port in (PROXY, PROXY + 1)}
    probing = "keepalive: {idle: 1s, interval: 1s, count: 5}"
    try:
        daemon = bench.guard(config(peer("beats", PROXY), peer("probes", PROXY + 1, probing)))
        daemon.await_up(2)
        held = daemon.ports(PROXY)
        daemon.await_said(r"closed by the peer", timeout=IDLE_S + 5, peer="probes", reason="closed")
        server.await_asked(6, 6 * EVERY_S + 5)
        assert daemon.ports(PROXY) == held
        assert proxies[PROXY].closed == 0 and proxies[PROXY + 1].closed > 0
        assert not daemon.said(peer="beats", state="backoff")
    finally:
        for proxy in proxies.values():
            proxy.stop()


def test_an_application_that_hangs(bench):
    """Its kernel acknowledges, and holds the bytes for it."""
    server = bench.peer(behaviour=Answering)
    daemon = bench.guard(config(peer("hq", PORT)))
    daemon.await_up(1)
    server.await_asked(2, 2 * EVERY_S + 5)
    server.answer, begun = None, time.monotonic()
    told = daemon.await_said(timeout=EVERY_S + TIMEOUT_S + 5, peer="hq", reason="heartbeat")
    assert time.monotonic() - begun <= EVERY_S + TIMEOUT_S + SLACK_S
    assert re.search(r"no answer to the heartbeat within 1s$", told["MESSAGE"])
    assert told["PRIORITY"] == "4" and told["KAGUARD_OLD_STATE"] == "up"
    server.answer = b"PONG\r\n"
    daemon.await_up(1)
    server.await_asked(len(server.asked) + 2, 2 * EVERY_S + 5)


def test_a_process_that_is_stopped(bench):
    """One that does not even read, though its kernel goes on accepting for it."""
    process = bench.lab.server.popen([sys.executable, "-c", ECHO, str(PORT)],
                                     stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        daemon = bench.guard(config(peer("hq", PORT, ANY)))
        daemon.await_up(1)
        process.send_signal(signal.SIGSTOP)
        start = len(daemon.records)
        daemon.await_said(timeout=EVERY_S + TIMEOUT_S + 5, start=start, reason="heartbeat")
        process.send_signal(signal.SIGCONT)
        daemon.await_said(r"up after \d+ attempt", timeout=15, start=start)
    finally:
        process.kill()
        process.communicate()


def test_a_wrong_answer(bench):
    bench.peer(behaviour=Answering, answer=b"PANG 12345\r\n")
    daemon = bench.guard(config(peer("hq", PORT)))
    told = daemon.await_said(timeout=10, peer="hq", reason="heartbeat")
    assert told["MESSAGE"].endswith(
        r'the heartbeat was answered by 12 bytes without "PONG\r\n" within 1s')


def test_answers_in_any_form(bench):
    """In single bytes, binary, among other things; and any bytes where none are expected."""
    binary = rb"{send: '\x00\xff\r\n', expect: '\x00\x00\xff', every: 1s, timeout: 1s}".decode()
    servers = {
        "single": bench.peer(7011, Answering, piece=1),
        "binary": bench.peer(7012, Answering, answer=b"\0\0\0\xff\0"),
        "among": bench.peer(7013, Answering, answer=b"PONG\rPONG\r\nPANG"),
        "any": bench.peer(7014, Answering, answer=b"\0"),
    }
    daemon = bench.guard(config(
        peer("single", 7011), peer("binary", 7012, f"heartbeat: {binary}"), peer("among", 7013),
        peer("any", 7014, ANY)))
    daemon.await_up(4)
    for server in servers.values():
        server.await_asked(4, 4 * EVERY_S + 5)
    assert not daemon.said(state="backoff")
    assert set(servers["binary"].sessions[0].text) == set(b"\0\xff\r\n")
    assert servers["single"].sessions[0].text == b"PING\r\n" * len(servers["single"].asked)


def test_silence_between_beats(bench):
    """Beats come no more often than every 7/8 of the time, and none where the peer speaks."""
    server = bench.peer(behaviour=Answering)
    daemon = bench.guard(config(peer("hq", PORT)))
    daemon.await_up(1)
    times = [at for at, _ in server.await_asked(5, 5 * EVERY_S + 5)]
    for earlier, later in zip(times, times[1:]):
        assert EVERY_S * 7 / 8 - 0.15 <= later - earlier <= EVERY_S + SLACK_S
    asked, session = len(server.asked), server.open_sessions()[0]
    for _ in range(8):
        server._order(lambda: session.sock.send(b"."))
        assert server.stays([session], EVERY_S / 2)
    assert len(server.asked) == asked
    server.await_asked(asked + 1, EVERY_S + 5)


def test_a_flood_for_an_answer(bench):
    """What was expected never comes; looking for it costs a bounded part of a processor."""
    class Flooding(Answering):
        def ready(self, session):
            if session.received == 0:
                super().ready(session)
                self._selector.modify(session.sock, selectors.EVENT_WRITE, session)
            session.sock.send(b"PONPONPON" * 8192)

    flooding = bench.peer(behaviour=Flooding, answer=None)
    healthy = bench.peer(7011, Answering)
    daemon = bench.guard(config(
        peer("flood", PORT, "heartbeat: {send: x, expect: PONG, every: 4s, timeout: 4s}"),
        peer("healthy", 7011), defaults=", backoff: {stable_after: 1s}"))
    daemon.await_up(2)
    flooding.await_asked(1, 10)
    used, begun = daemon.cpu_s(), time.monotonic()
    told = daemon.await_said(timeout=10, peer="flood", reason="heartbeat")
    assert daemon.cpu_s() - used < 0.25 * (time.monotonic() - begun)
    assert int(re.search(r"by (\d+) bytes without", told["MESSAGE"])[1]) > 1 << 20
    assert not daemon.said(peer="healthy", state="backoff")
    assert healthy.asked


def test_a_pause_of_the_daemon_is_not_the_peers_fault(bench):
    """Stopped while a beat is under way, for longer than its time: the answer lies there."""
    server = bench.peer(behaviour=Answering, answer=None)
    daemon = bench.guard(config(peer("hq", PORT)))
    daemon.await_up(1)
    _, session = server.await_asked(1, EVERY_S + 5)[0]
    daemon.signal(signal.SIGSTOP)
    server._order(lambda: session.sock.send(b"PONG\r\n"))
    server.answer = b"PONG\r\n"
    assert server.stays([session], 3 * TIMEOUT_S)
    daemon.signal(signal.SIGCONT)
    server.await_asked(3, 3 * EVERY_S + 5)
    assert server.stays([session], 0) and not daemon.said(state="backoff")


def test_an_outage_is_not_the_applications_fault(bench):
    """A beat that has not even arrived is the kernel's to judge."""
    server = bench.peer(behaviour=Answering)
    daemon = bench.guard(config(peer("hq", PORT)))
    daemon.await_up(1)
    session = server.await_asked(1, EVERY_S + 5)[0][1]
    bench.firewall.fault(f"tcp sport {PORT}")
    assert server.stays([session], EVERY_S + 4 * TIMEOUT_S)
    bench.firewall.heal()
    asked = len(server.asked)
    server.await_asked(asked + 2, 20)
    assert server.stays([session], 0) and not daemon.said(state="backoff")


def test_a_reload(bench):
    """Added, changed and removed on the live session."""
    server = bench.peer(behaviour=Answering)
    daemon = bench.guard(config(peer("hq", PORT, "sessions: 1")))
    daemon.await_up(1)
    session, = server.await_sessions(1, 5)
    start = daemon.reload(config(peer("hq", PORT)))
    daemon.await_said(r"1 peer given another heartbeat", start=start)
    server.await_asked(2, 2 * EVERY_S + 5)
    daemon.reload(config(peer("hq", PORT, BEAT.replace("PING", "ping"))))
    asked = len(server.asked)
    server.await_asked(asked + 2, 3 * EVERY_S + 5)
    assert session.text.endswith(b"ping\r\nping\r\n")
    daemon.reload(config(peer("hq", PORT, "sessions: 1")))
    asked = len(server.asked)
    assert server.stays([session], 2 * EVERY_S)
    assert len(server.asked) == asked and server.sessions == [session]
