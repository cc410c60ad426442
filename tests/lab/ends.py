# SPDX-License-Identifier: ISC
"""The TCP sockets of a namespace that have ended, each of them, as the kernel tells it."""
import collections
import errno
import socket
import struct
import threading

NETLINK_SOCK_DIAG = 4  # linux/netlink.h
DESTROYED = 1 << 0 | 1 << 2  # SKNLGRP_INET_TCP_DESTROY and its INET6 (linux/sock_diag.h)
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
ATTRIBUTES_AT = 16 + 72  # behind struct nlmsghdr and struct inet_diag_msg
INET_DIAG_INFO = 2
BYTES_ACKED_AT = 120  # in struct tcp_info (linux/tcp.h)
ESTABLISHED = "01"  # enum of net/tcp_states.h, as in /proc/net/tcp


def _was_up(message):
    """Whether anything was ever acknowledged to it: its SYN was, where it was established."""
    at = ATTRIBUTES_AT
    while at + 4 <= len(message):
        size, kind = struct.unpack_from("=HH", message, at)
        if kind == INET_DIAG_INFO:
            return struct.unpack_from("=Q", message, at + 4 + BYTES_ACKED_AT)[0] > 0
        at += max(4, (size + 3) & ~3)
    return False


class Ends(threading.Thread):
    """Counts connections that were up and are no more, by the port at their other end.

    The kernel tells of a socket when its last descriptor is closed, whoever has it
    (sock_diag_broadcast_destroy() in net/core/sock_diag.c): so one that is parked counts only when
    it is on no shelf any more.
    """

    def __init__(self, netns, changed):
        super().__init__(daemon=True, name="ends")
        self.netns, self._changed = netns, changed
        self.ended = collections.Counter()
        self.missed = False  # some were not told: there is no truth any more
        self._sock = netns.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        self._sock.bind((0, DESTROYED))
        self._sock.settimeout(0.5)  # only so that stop() is seen
        self._stopping = False
        self.start()

    def run(self):
        while not self._stopping:
            try:
                message = self._sock.recv(4096)
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.missed = True
                continue
            if _was_up(message):
                with self._changed:
                    self.ended[struct.unpack_from("!H", message, 22)[0]] += 1
                    self._changed.notify_all()

    def established(self):
        """The connections that are up now, by the port at their other end: each by its own port."""
        found = collections.defaultdict(set)
        for family in ("tcp", "tcp6"):
            with self.netns.entered(), open(f"/proc/thread-self/net/{family}") as table:
                lines = table.read().splitlines()[1:]
            for line in lines:
                _, local, remote, state = line.split(maxsplit=4)[:4]
                if state == ESTABLISHED:
                    found[int(remote[-4:], 16)].add(int(local[-4:], 16))
        return found

    def stop(self):
        self._stopping = True
        self.join()
        self._sock.close()
