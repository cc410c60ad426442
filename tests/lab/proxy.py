# SPDX-License-Identifier: ISC
"""Peers of which the kernel answers in any case: a proxy, and applications well and badly behaved."""
import selectors
import socket
import threading
import time

from peers import Peer


class Answering(Peer):
    """Says `answer` to whatever it receives, in pieces of so many bytes, so much later."""

    def __init__(self, netns, port, answer=b"PONG\r\n", piece=None, **kwargs):
        self.answer, self.piece, self.asked = answer, piece, []
        super().__init__(netns, port, **kwargs)

    def accepted(self, session):
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session.text = b""
        super().accepted(session)

    def ready(self, session):
        data = session.sock.recv(65536)
        if not data:
            self._drop(session, end="fin")
            return
        session.text += data
        session.received += len(data)
        with self.changed:
            self.asked.append((time.monotonic(), session))
            self.changed.notify_all()
        if self.answer:
            self.say(session, self.answer)

    def say(self, session, answer):
        size = self.piece or len(answer)
        for at in range(0, len(answer), size):
            session.sock.send(answer[at:at + size])

    def await_asked(self, count, timeout):
        """Wait until it was sent something so many times in all."""
        return self.await_that(lambda: len(self.asked) >= count and self.asked, timeout,
                               f"{count} heartbeats")


class IdleProxy(threading.Thread):
    """Carries bytes between each client and the server behind it, and closes both where there were
    none for `idle_s`. Its kernel answers the keepalive probes of either side."""

    def __init__(self, netns, port, behind, idle_s):
        super().__init__(daemon=True, name=f"proxy-{port}")
        self.netns, self.behind, self.idle_s = netns, behind, idle_s
        self.closed = 0  # for idleness
        self._other, self._data_at = {}, {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._bell = socket.socketpair()
        self._listener = netns.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("0.0.0.0", port))
        self._listener.listen()
        for sock in (self._wake, self._listener):
            self._selector.register(sock, selectors.EVENT_READ)
        self.start()

    def run(self):
        while True:
            for key, _ in self._selector.select(0.05):
                if key.fileobj is self._wake:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._other:
                    self._carry(key.fileobj)
            for sock, at in list(self._data_at.items()):
                if sock in self._other and time.monotonic() - at > self.idle_s:
                    self.closed += 1
                    self._close(sock)

    def _accept(self):
        client, _ = self._listener.accept()
        server = self.netns.connect(self.behind)
        for one, other in ((client, server), (server, client)):
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)
        self._data_at[client] = self._data_at[server] = time.monotonic()

    def _carry(self, sock):
        try:
            data = sock.recv(65536)
            if data:
                self._other[sock].send(data)
        except OSError:
            data = b""
        if not data:
            self._close(sock)
            return
        self._data_at[sock] = self._data_at[self._other[sock]] = time.monotonic()

    def _close(self, sock):
        for end in (sock, self._other[sock]):
            self._selector.unregister(end)
            del self._other[end], self._data_at[end]
            end.close()

    def stop(self):
        self._bell.send(b"!")
        self.join()
        for sock in list(self._other):
            sock.close()
        self._listener.close()
