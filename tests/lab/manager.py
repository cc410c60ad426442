# SPDX-License-Identifier: ISC
"""The service manager, played: a descriptor store, and who starts the daemon with what is in it."""
import contextlib
import fcntl
import os
import re
import socket
import subprocess
import threading


class Manager:
    """A service manager with a descriptor store; `heard` is given each notification."""

    def __init__(self, directory, heard=lambda text: None):
        self.stored = {}
        self._heard = heard
        self.status = ""
        self._caught_up = False
        self.keeps = False  # and forgets nothing
        self._changed = threading.Condition()
        self._directory = directory
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(directory / "notify"))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            text, descriptors, _, _ = socket.recv_fds(self._socket, 4096, 4)
            if not text:
                return
            for fd in descriptors:
                os.set_inheritable(fd, False)
            name = re.search(rb"FDNAME=(\S+)", text)
            with self._changed:
                if status := re.search(rb"STATUS=(.*)", text):
                    self.status = status[1].decode()
                if b"FDSTORE=1" in text:
                    self.stored[name[1].decode()] = descriptors[0]
                elif b"FDSTOREREMOVE=1" in text and not self.keeps:
                    fd = self.stored.pop(name[1].decode(), None)
                    if fd is not None:
                        os.close(fd)
                self._caught_up |= b"X_CAUGHT_UP=1" in text
                self._changed.notify_all()
            self._heard(text.decode(errors="replace"))

    def await_stored(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.stored) == count, 5), self.stored

    def await_up(self, count):
        """All sessions, as the daemon itself says."""
        self.await_status(f"{count}/{count} sessions")

    def await_status(self, begin):
        with self._changed:
            assert self._changed.wait_for(lambda: self.status.startswith(begin), 5), self.status

    def _tell_itself(self, text):
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as end:
            end.sendto(text, str(self._directory / "notify"))

    def _catch_up(self):
        """All that the daemon before has sent is done, as by the time PID 1 learns of its end."""
        with self._changed:
            self._caught_up = False
            self._tell_itself(b"X_CAUGHT_UP=1")
            assert self._changed.wait_for(lambda: self._caught_up, 5)

    def drop(self):
        """Keep nothing any more."""
        with self._changed:
            while self.stored:
                os.close(self.stored.popitem()[1])

    def start(self, handed=None, names=None, pid=None, untrue=0, wrapper=(), env=(),
              stderr=subprocess.PIPE):
        """The daemon, with these descriptors, by name; those that are stored if none are given.
        And so many more are said to be there."""
        self._catch_up()
        handed = list((self.stored if handed is None else handed).items())
        names = ":".join(name for name, _ in handed) if names is None else names

        def hand_over():
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for _, fd in handed]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
                os.close(fd)
        environment = {"NOTIFY_SOCKET": str(self._directory / "notify"),
                       "LISTEN_FDS": str(len(handed) + untrue), "LISTEN_FDNAMES": names,
                       **dict(env)}
        # By way of a shell, which is the process that the daemon becomes: it knows its number.
        listen = pid or "$$"
        return subprocess.Popen(
            [*wrapper, "/bin/sh", "-c", f'LISTEN_PID={listen} exec "$0" -c "$1"',
             os.environ["KAGUARD"], str(self._directory / "kaguard.yaml")],
            env=environment, stderr=stderr, text=True, close_fds=False, preexec_fn=hand_over)

    def close(self):
        self._tell_itself(b"")
        self._thread.join(5)
        self._socket.close()
        self.drop()
