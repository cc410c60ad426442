# SPDX-License-Identifier: ISC
"""resetter.py INTERFACE: what a firewall does that ends at both ends what it forgets.

Linux has none such. This one runs in the network namespace of the router, beside its conntrack, and
says a line when it is ready. It is a process of its own since it has to be in time.
"""
import contextlib
import os
import select
import socket
import struct
import sys
import time

from witness import ETH_P_ALL, FIN, RST, SYN, Segment

LOOK_S = 0.05  # a reset is that late at most
ROUNDED_S = 2  # what an entry is said to have left is rounded

NETLINK_NETFILTER = 12
CT_GET = 1 << 8 | 1  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
NLMSG_DONE = 3
# Of linux/netfilter/nfnetlink_conntrack.h
CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, CTA_TIMEOUT = 1, 2, 7
CTA_PROTO_NUM, CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT = 1, 2, 3


def attributes(data):
    found, at = {}, 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        found[kind & 0x3fff] = data[at + 4:at + size]
        at += size + 3 & ~3
    return found


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Resetter:
    """Watches the sessions of one client, by IPv4, on the interface that leads to it. One that the
    firewall remembers no more is reset: towards each end with the number that this end has
    acknowledged last, for any other is not believed (RFC 5961 3.2)."""

    def __init__(self, interface):
        self._expected = {}  # (address, port, address, port): the next byte that the first expects
        self._known = set()
        self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._wire.bind((interface, ETH_P_ALL))
        self._conntrack = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def run(self):
        look_at = 0
        while True:
            if select.select([self._wire], [], [], max(0, look_at - time.monotonic()))[0]:
                self._note(*self._wire.recvfrom(128))
                look_at = min(look_at, time.monotonic() + 1)
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + max(LOOK_S, self._look() - ROUNDED_S)

    def _note(self, packet, address):
        s = Segment.parse(0, address[1], packet)
        if s is None or s.source.count(".") != 3:
            return
        ends = (s.source, s.source_port, s.remote, s.remote_port)
        if s.flags & (FIN | RST):
            self._expected.pop(ends, None)
            self._expected.pop(ends[2:] + ends[:2], None)
        elif s.flags & SYN == 0 or s.acknowledged:
            self._expected[ends] = s.acknowledged

    def _look(self):
        """Entries that have expired are not listed, be they collected yet or not (net/netfilter/
        nf_conntrack_netlink.c ctnetlink_dump_table()). Returns when the next does, in seconds."""
        left_s, known = self._remembered()
        for ports in self._known - known:
            for ends in [e for e in self._expected if {e[1], e[3]} == set(ports)]:
                self._reset(ends, self._expected.pop(ends))
        self._known = known
        return left_s

    def _remembered(self):
        """How long all entries last at least, and the ports of the sessions among them."""
        self._conntrack.send(struct.pack("=IHHIIBBH", 20, CT_GET, REQUEST_DUMP, 0, 0,
                                         socket.AF_INET, 0, 0))
        left_s, found = 60, set()
        while True:
            answer, at = self._conntrack.recv(1 << 16), 0
            while at < len(answer):
                size, kind = struct.unpack_from("=IH", answer, at)
                if kind == NLMSG_DONE:
                    return left_s, found
                entry = attributes(answer[at + 20:at + size])
                protocol = attributes(attributes(entry[CTA_TUPLE_ORIG])[CTA_TUPLE_PROTO])
                if protocol[CTA_PROTO_NUM][0] == socket.IPPROTO_TCP:
                    found.add(tuple(struct.unpack("!H", protocol[port])[0] for port in
                                    (CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT)))
                    left_s = min(left_s, struct.unpack("!I", entry[CTA_TIMEOUT])[0])
                at += size + 3 & ~3

    def _reset(self, ends, sequence):
        """Towards the first of both ends, as if from the other."""
        to, source = (socket.inet_aton(ends[i]) for i in (0, 2))
        pseudo = source + to + struct.pack("!HH", socket.IPPROTO_TCP, 20)
        head = struct.pack("!HHIIBBH", ends[3], ends[1], sequence, 0, 5 << 4, RST, 0)
        segment = head + struct.pack("!HH", checksum(pseudo + head + b"\0" * 4), 0)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0) + source + to
        self._raw.sendto(ip + segment, (ends[0], 0))


if __name__ == "__main__":
    resetter = Resetter(sys.argv[1])
    with contextlib.suppress(PermissionError):
        os.nice(-10)
    print("ready", flush=True)
    resetter.run()
