# SPDX-License-Identifier: ISC
"""Seen from outside: packets on the wire, and clocks in the firewall."""
import contextlib
import dataclasses
import os
import socket
import struct
import threading
import time

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
ETH_P_ALL = 0x0003
ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86dd
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


@dataclasses.dataclass(frozen=True)
class Segment:
    """A TCP segment's header, and when the kernel saw it."""
    at: float
    source: str
    source_port: int
    remote: str
    remote_port: int
    sequence: int
    acknowledged: int
    flags: int
    length: int  # of the payload

    @property
    def is_syn(self):
        return self.flags & (SYN | ACK) == SYN

    @classmethod
    def parse(cls, at, protocol, packet):
        """None where it is no TCP. Nobody in the lab sends extension headers with TCP."""
        if protocol == ETH_P_IP and packet[9] == socket.IPPROTO_TCP:
            start, size = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
            family, source, remote = socket.AF_INET, packet[12:16], packet[16:20]
        elif protocol == ETH_P_IPV6 and packet[6] == socket.IPPROTO_TCP:
            start, size = 40, 40 + struct.unpack_from("!H", packet, 4)[0]
            family, source, remote = socket.AF_INET6, packet[8:24], packet[24:40]
        else:
            return None
        ports_and_numbers = struct.unpack_from("!HHII", packet, start)
        source_port, remote_port, sequence, acknowledged = ports_and_numbers
        header = (packet[start + 12] >> 4) * 4
        return cls(at, socket.inet_ntop(family, source), source_port,
                   socket.inet_ntop(family, remote), remote_port, sequence,
                   acknowledged, packet[start + 13], size - start - header)


class Capture(threading.Thread):
    """Every TCP segment on one interface of a namespace, both ways."""

    def __init__(self, netns, interface):
        super().__init__(daemon=True, name="capture")
        self.segments = []
        self._stopping = False
        self._more = threading.Condition()
        self._sock = netns.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        with netns.entered():
            self._sock.bind((interface, ETH_P_ALL))
        self._sock.settimeout(0.2)  # only so that stop() is seen
        self.start()

    def run(self):
        while not self._stopping:
            try:
                packet, control, _, address = self._sock.recvmsg(128, 64)
            except TimeoutError:
                continue
            at = next((seconds + nanoseconds / 1e9 for _, _, data in control
                       for seconds, nanoseconds in [struct.unpack("qq", data)]), time.time())
            segment = Segment.parse(at, address[1], packet)
            if segment:
                with self._more:
                    self.segments.append(segment)
                    self._more.notify_all()

    def stop(self):
        self._stopping = True
        self.join()
        self._sock.close()

    def await_that(self, condition, timeout, what):
        """Wait for a packet that makes condition(self) true; returns what it returned."""
        with self._more:
            if not self._more.wait_for(lambda: condition(self), timeout):
                raise AssertionError(f"not on the wire within {timeout} s: {what}")
            return condition(self)

    def sent_to(self, port):
        return [s for s in list(self.segments) if s.remote_port == port]

    def syns(self, port, again=False):
        """The first SYN of every attempt; with `again`, the retransmitted ones too."""
        seen, found = set(), []
        for segment in self.sent_to(port):
            attempt = (segment.source, segment.source_port, segment.sequence)
            if segment.is_syn and (again or attempt not in seen):
                seen.add(attempt)
                found.append(segment)
        return found

    def probes(self, source_port):
        """Keepalive probes of a session that sends no data: no length, and one before the next byte
        that the other end expects (net/ipv4/tcp_output.c tcp_xmit_probe_skb())."""
        segments = list(self.segments)
        expected = {s.acknowledged for s in segments if s.remote_port == source_port}
        return [s for s in segments if s.source_port == source_port and s.flags == ACK and
                s.length == 0 and (s.sequence + 1) % 2**32 in expected]


class Clocks(threading.Thread):
    """The clocks of a firewall's entries over time. The kernel reports no refresh: we look."""

    def __init__(self, firewall, every_s=0.2):
        super().__init__(daemon=True, name="clocks")
        self.firewall, self.every_s = firewall, every_s
        self.seen = {}  # source port -> [(when, seconds left)]
        self.looks, self.looked = 0, 0.0  # how often, and when last
        self._end = threading.Event()
        self._looked = threading.Condition()
        self.start()

    def run(self):
        while not self._end.is_set():
            now = time.monotonic()
            for entry in self.firewall.entries():
                if entry.state == "ESTABLISHED":
                    self.seen.setdefault(entry.source_port, []).append((now, entry.left_s))
            with self._looked:
                self.looks, self.looked = self.looks + 1, now
                self._looked.notify_all()
            self._end.wait(self.every_s)

    def await_look(self, count=1):
        """Wait until it has looked again, so many times."""
        with self._looked:
            target = self.looks + count
            self._looked.wait_for(lambda: self.looks >= target, 10 * count)

    def lowest(self, port):
        return min(left for _, left in self.seen[port])

    def refreshes(self, port):
        lefts = [left for _, left in self.seen[port]]
        return sum(later > earlier for earlier, later in zip(lefts, lefts[1:]))

    def stop(self):
        self._end.set()
        self.join()


def await_look(look, timeout, what, every_s=0.1):
    """Look again until it is true, for what the kernel offers no event for."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        pause.wait(every_s)
    return found
