#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What it costs the daemon to be asked for everything: time, and how long others wait meanwhile."""

import argparse
import json
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time

import rig


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(rig.control_socket())
    return sock


def ask(sock, method):
    """Seconds until the whole answer is there, and how many bytes it has."""
    begun = time.monotonic()
    sock.sendall(json.dumps({"method": method}).encode() + b"\0")
    size = 0
    while piece := sock.recv(1 << 20):
        size += len(piece)
        if piece.endswith(b"\0"):
            return time.monotonic() - begun, size
    raise rig.Failed("the daemon has hung up")


class Bystander(threading.Thread):
    """Another client, which asks for next to nothing again and again: its longest wait bounds the
    longest pause of the loop, with what the machine itself adds to it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.waits = []
        self.done = False
        self._sock = connect()

    def run(self):
        while not self.done:
            self.waits.append(ask(self._sock, "org.varlink.service.GetInfo")[0])

    def stop(self):
        self.done = True
        self.join()
        return self.waits


def bystanding(work):
    bystander = Bystander()
    bystander.start()
    result = work()
    return result, bystander.stop()


def asked(guard, method, runs):
    """As JSON in one answer."""
    sock = connect()
    cpu = guard.activity()[0]
    times, waits = [], []
    for _ in range(runs):
        took, size = ask(sock, method)
        times.append(took)
    cpu = guard.activity()[0] - cpu
    for _ in range(runs):
        waits += bystanding(lambda: ask(sock, method))[1]
    idle = bystanding(lambda: time.sleep(0.3))[1]
    return {"bytes": size, "median_ms": statistics.median(times) * 1e3, "worst_ms": max(times) * 1e3,
            "cpu_ms": cpu / runs * 1e3, "others_wait_longest_ms": max(waits) * 1e3,
            "others_wait_longest_without_ms": max(idle) * 1e3}


def measure(options):
    n_sinks = -(-options.sessions // rig.SINK_HOLDS)
    sinks = [rig.Sink(options.sink, options.sessions // n_sinks) for _ in range(n_sinks)]
    peers = [peer for i, sink in enumerate(sinks, 1) for peer in rig.peers_of(sink, sink.count, i)]
    guard = rig.Guard("kaguard", options.kaguard, peers)
    try:
        for sink in sinks:
            sink.up()
        time.sleep(1)
        result = asked(guard, f"io.kaguard.{options.command.capitalize()}", options.runs)
        begun = time.monotonic()
        subprocess.run([options.kaguardctl, "--socket", rig.control_socket(), options.command,
                        *options.arguments.split()],
                       stdout=subprocess.DEVNULL, check=True)
        result["kaguardctl_ms"] = (time.monotonic() - begun) * 1e3
        return result
    finally:
        guard.stop()
        for sink in sinks:
            sink.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=15000)
    parser.add_argument("--peers", type=int, default=100, help="of each 7,500 sessions")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--command", choices=["status", "metrics"], default="status")
    parser.add_argument("--arguments", default="--json", help="of kaguardctl")
    for tool in ("kaguard", "kaguardctl", "sink"):
        parser.add_argument(tool)
    options = parser.parse_args()
    rig.PEERS = options.peers
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        result = measure(options)
    except rig.Failed as failure:
        sys.exit(f"bench: {failure}")
    for name, value in result.items():
        print(f"{name:<32}{value:>12,.1f}")


if __name__ == "__main__":
    main()
