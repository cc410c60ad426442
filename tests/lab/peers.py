# SPDX-License-Identifier: ISC
"""The other end: TCP servers, well and badly behaved, and a name server."""
import contextlib
import errno
import fcntl
import selectors
import socket
import struct
import termios
import threading
import time

TCP_REPAIR = 19  # linux/tcp.h; Python has no name for it


class Session:
    """One accepted connection, as the server sees it."""

    def __init__(self, sock, address):
        self.sock = sock
        self.port = address[1]
        self.address = address[0].removeprefix("::ffff:")
        self.since = time.monotonic()
        self.received = 0
        self.end = None  # how the other end closed it: "fin" or "reset"

    def unacknowledged(self):
        """Bytes sent that the other end has not confirmed."""
        return struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ, b"\0" * 4))[0]


class Peer(threading.Thread):
    """A server that accepts, echoes and remembers. Subclasses behave otherwise."""

    def __init__(self, netns, port, backlog=4096):
        super().__init__(daemon=True, name=f"peer-{port}")
        self.netns, self.port, self.backlog = netns, port, backlog
        self.changed = threading.Condition()
        self.sessions = []  # every one ever accepted
        self._live = {}  # those that are open, in the order in which they came
        self._wake, self._bell = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._orders = []
        self._listener = None
        self.start()
        self.listen()

    # --- for the test -----------------------------------------------------

    def listen(self):
        """Accept connections, from now on or again."""
        self._order(self._open)

    def refuse(self):
        """Accept none any more: a SYN meets a RST. What is connected stays."""
        self._order(self._shut)

    def hang_up(self):
        """Close every connection properly."""
        self._order(lambda: [self._drop(s) for s in self.open_sessions()])

    def abort(self):
        """Reset every connection."""
        self._order(lambda: [self._drop(s, linger=0) for s in self.open_sessions()])

    def hang_up_one(self, session):
        """Close one connection properly, if it is still open."""
        self._order(lambda: session in self._live and self._drop(session))

    def abort_one(self, session):
        """Reset one connection, if it is still open."""
        self._order(lambda: session in self._live and self._drop(session, linger=0))

    def crash(self):
        """Forget every connection without a word, as a reboot does (tcp(7), TCP_REPAIR)."""
        self._order(lambda: [self._drop(s, repair=True) for s in self.open_sessions()])

    def open_sessions(self):
        return list(self._live)

    def await_sessions(self, count, timeout):
        """Wait until that many are connected at one time; returns them."""
        return self.await_that(lambda: len(self._live) >= count and self.open_sessions(),
                               timeout, f"{count} sessions")

    def await_that(self, condition, timeout, what):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise AssertionError(f"port {self.port}: no {what} within {timeout} s, only "
                                     f"{len(self._live)} of {len(self.sessions)} open")
            return condition()

    def stays(self, sessions, seconds):
        """Whether all these sessions are still open after so many seconds; returns at a loss."""
        with self.changed:
            return not self.changed.wait_for(
                lambda: any(s not in self._live for s in sessions), seconds)

    def stop(self):
        self._order(None)
        self.join()

    # --- behaviour --------------------------------------------------------

    def accepted(self, session):
        self._selector.register(session.sock, selectors.EVENT_READ, session)

    def ready(self, session):
        """Something to read, or to write where that was asked for."""
        data = session.sock.recv(65536)
        session.received += len(data)
        if data:
            session.sock.send(data)
        else:
            self._drop(session, end="fin")

    # --- the thread -------------------------------------------------------

    def _order(self, order):
        done = threading.Event()
        self._orders.append((order, done))
        self._bell.send(b"!")
        done.wait(10)

    def run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    if not self._obey():
                        return
                elif key.fileobj is self._listener:
                    self._accept()
                elif key.data in self._live:
                    self._serve(key.data)

    def _obey(self):
        self._wake.recv(1)
        order, done = self._orders.pop(0)
        if order:
            order()
        else:
            self._shut()
            for session in self.open_sessions():
                self._drop(session)
            self._selector.close()
        with self.changed:
            self.changed.notify_all()
        done.set()
        return order is not None

    def _open(self):
        if self._listener:
            return
        self._listener = self.netns.socket(socket.AF_INET6, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._listener.bind(("::", self.port))
        self._listener.setblocking(False)
        self._listener.listen(self.backlog)
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    def _shut(self):
        if self._listener:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self):
        came = []
        with contextlib.suppress(BlockingIOError):
            while self._listener:
                came.append(self._listener.accept())
        for sock, address in came:
            sock.setblocking(False)
            session = Session(sock, address)
            self.sessions.append(session)
            self._live[session] = True
            self.accepted(session)
        with self.changed:
            self.changed.notify_all()

    def _serve(self, session):
        try:
            self.ready(session)
        except BlockingIOError:
            return
        except OSError as error:
            reset = error.errno in (errno.ECONNRESET, errno.EPIPE)
            self._drop(session, end="reset" if reset else "lost")

    def _drop(self, session, end=None, linger=None, repair=False):
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(session.sock)
        if linger is not None:
            session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    struct.pack("ii", 1, linger))
        if repair:
            session.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        session.sock.close()
        session.end = end
        self._live.pop(session, None)
        with self.changed:
            self.changed.notify_all()


class Closer(Peer):
    """Accepts, and closes at once, for ever."""

    def accepted(self, session):
        self._drop(session)


class Impatient(Peer):
    """Ends every session after so long without data, as servers do and the proxies before them. To
    keepalive probes its kernel answers all the while."""

    def __init__(self, netns, port, after_s, end=Peer.hang_up_one):
        self._after_s, self._end = after_s, end
        super().__init__(netns, port)

    def accepted(self, session):
        super().accepted(session)
        timer = threading.Timer(self._after_s, self._end, (self, session))
        timer.daemon = True
        timer.start()


class Talker(Peer):
    """Sends without end."""

    BLOCK = b"kaguard reads this and throws it away\n" * 1024

    def accepted(self, session):
        self._selector.register(session.sock, selectors.EVENT_WRITE, session)

    def ready(self, session):
        session.sock.send(self.BLOCK)


class NameServer(threading.Thread):
    """Answers A and AAAA from `zone`; `rcode` makes it fail (RFC 1035 4.1.1)."""

    NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
    TYPES = {1: socket.AF_INET, 28: socket.AF_INET6}

    def __init__(self, netns, address):
        super().__init__(daemon=True, name="name-server")
        self.zone = {}  # name -> addresses
        self.rcode = self.NOERROR
        self.mute = False  # hears, and says nothing
        self.queries = 0
        self._sock = netns.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, 53))
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self._sock.recvfrom(512)
                if not query:
                    return
                self.queries += 1
                if not self.mute:
                    self._sock.sendto(self._answer(query), client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        records, rcode = b"", self.rcode
        addresses = self.zone.get(".".join(labels).lower())
        if rcode == self.NOERROR and addresses is None:
            rcode = self.NXDOMAIN
        count = 0
        for text in addresses or [] if rcode == self.NOERROR else []:
            family = socket.AF_INET6 if ":" in text else socket.AF_INET
            if self.TYPES.get(kind) != family:
                continue
            data = socket.inet_pton(family, text)
            records += struct.pack("!HHHIH", 0xc00c, kind, 1, 0, len(data)) + data
            count += 1
        header = query[:2] + struct.pack("!HHHHH", 0x8580 | rcode, 1, count, 0, 0)
        return header + question + records

    def stop(self):
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
