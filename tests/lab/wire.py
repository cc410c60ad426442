#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is on the wire of an idle session without kaguard and with it, for the picture in README.

A client asks, is silent for longer than the firewall's idle timeout, and asks again; once directly
and once through a tunnel of kaguard. Prints JSON, which tools/draw_wire.py draws: make wire.svg.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import select
import sys
import tempfile
import time

import guard
import netlab
import peers
import witness

TIMEOUT_S = 60
ASKS_AGAIN_S = 120
WATCH_S = 160
DIRECT, THROUGH, LOCAL = 5432, 5433, 15432
CONFIG = f"""peers:
  - name: db
    address: {netlab.SERVER4}:{THROUGH}
    firewall: {TIMEOUT_S}s
    listen: 127.0.0.1:{LOCAL}
"""


def kind(segment, probes):
    if segment.is_syn:
        return "syn"
    if segment in probes:
        return "probe"
    if segment.length:
        return "data"
    flags = ((witness.RST, "reset"), (witness.FIN, "fin"))
    return next((name for flag, name in flags if segment.flags & flag), "answer")


def what(segment):
    """All of it but the time."""
    return dataclasses.replace(segment, at=0)


def packets(near, far, port, remote_port, begun):
    """Those of a session as the firewall got them, and whether it let them pass."""
    probes = near.probes(port)
    found = []
    for side, here, there, ends in (("client", near, far, (port, remote_port)),
                                    ("server", far, near, (remote_port, port))):
        passed = {what(segment) for segment in list(there.segments)}
        found += [{"at_s": round(s.at - begun, 3), "from": side, "kind": kind(s, probes),
                   "passed": what(s) in passed}
                  for s in list(here.segments) if (s.source_port, s.remote_port) == ends]
    return sorted(found, key=lambda packet: packet["at_s"])


def clock(seen, begun):
    """The entry's seconds left, as conntrack(8) tells them: one sample a second and the jumps."""
    kept = []
    for at, left in seen:
        if not kept or left > kept[-1][1] or left <= kept[-1][1] - 1:
            kept.append([max(0, round(at - begun, 1)), left])
    return kept


def ask(socks):
    """All at once; whether each was answered."""
    for sock in socks:
        sock.send(b"anybody there?")
    deadline, silent = time.monotonic() + 2, list(socks)
    while silent and (left := deadline - time.monotonic()) > 0:
        for sock in select.select(silent, [], [], left)[0]:
            if sock.recv(64):
                silent.remove(sock)
    return [sock not in silent for sock in socks]


def wait(begun, second):
    while (passed := time.time() - begun) < second:
        print(f"\r{passed:4.0f} of {WATCH_S} s ", end="", file=sys.stderr, flush=True)
        time.sleep(min(1, second - passed))
    print("\r", end="", file=sys.stderr, flush=True)


def record(stack):
    lab = stack.enter_context(netlab.Lab(TIMEOUT_S))
    for port in (DIRECT, THROUGH):
        stack.callback(peers.Peer(lab.server, port).stop)
    directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
    daemon = guard.Daemon(os.environ["KAGUARD"], lab.client, directory, CONFIG)
    stack.callback(daemon.close)
    daemon.await_note("^READY=1")
    near, far = (witness.Capture(lab.router, side) for side in ("client", "server"))
    clocks = witness.Clocks(lab.firewall)
    for thread in (near, far, clocks):
        stack.callback(thread.stop)
    begun, began = time.time(), time.monotonic()
    socks = [stack.enter_context(lab.client.connect(address))
             for address in ((netlab.SERVER4, DIRECT), ("127.0.0.1", LOCAL))]
    answered = [ask(socks)]
    wait(begun, ASKS_AGAIN_S)
    answered.append(ask(socks))
    wait(begun, WATCH_S)
    if answered != [[True, True], [False, True]]:
        raise netlab.LabError(f"who was answered, directly and through kaguard: {answered}")
    plan = daemon.plan("db")
    sessions = []
    for name, remote_port in (("without", DIRECT), ("with", THROUGH)):
        port = next(s.source_port for s in near.sent_to(remote_port) if s.is_syn)
        seen = clocks.seen[port]
        sessions.append({"name": name, "packets": packets(near, far, port, remote_port, begun),
                         "clock": clock(seen, began),
                         "forgotten_s": None if seen[-1][0] == clocks.looked else
                         round(seen[-1][0] + clocks.every_s - began, 1)})
    return {"timeout_s": TIMEOUT_S, "probe_after_s": plan["idle_s"], "watched_s": WATCH_S,
            "sessions": sessions}


def show(capture):
    """JSON with a packet a line."""
    def lines(items):
        return "[\n" + ",\n".join("   " + json.dumps(item) for item in items) + "]"

    sessions = [
        f'  {{"name": {json.dumps(s["name"])}, "forgotten_s": {json.dumps(s["forgotten_s"])},\n'
        f'   "clock": {json.dumps(s["clock"])},\n   "packets": {lines(s["packets"])}}}'
        for s in capture["sessions"]]
    head = "".join(f' "{key}": {json.dumps(value)},\n'
                   for key, value in capture.items() if key != "sessions")
    print("{\n" + head + ' "sessions": [\n' + ",\n".join(sessions) + "\n ]\n}")


def main():
    if why := netlab.why_not():
        sys.exit(f"the lab needs root, network namespaces and nftables. Here: {why}")
    try:
        with contextlib.ExitStack() as stack:
            capture = record(stack)
    except (netlab.LabError, AssertionError) as failure:
        sys.exit(f"no capture: {failure}")
    show(capture)


if __name__ == "__main__":
    main()
