# SPDX-License-Identifier: ISC
"""The server of one peer of the soak: soak_server.py PORT fin|reset.

It accepts, echoes, and has keepalive of its own, so that what its clients have given up ends here
as well. When it is killed, its sessions end with FIN or with RST. It ends with its standard input.
"""
import select
import socket
import struct
import sys

# Far apart beside the plans of the other end, and many, so that a lossy path ends none.
KEEPALIVE = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}


def listener(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    if sys.argv[2] == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.bind(("", port))
    sock.setblocking(False)
    sock.listen(4096)
    return sock


def echo(sock):
    """False: it has ended."""
    try:
        data = sock.recv(4096)
        return bool(data) and sock.send(data) > 0
    except BlockingIOError:
        return True
    except OSError:
        return False


def accept_all(listening, poll, sessions):
    while True:
        try:
            sock, _ = listening.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        sessions[sock.fileno()] = sock
        poll.register(sock.fileno(), select.EPOLLIN | select.EPOLLRDHUP)


def main():
    listening, poll, sessions = listener(int(sys.argv[1])), select.epoll(), {}
    poll.register(listening.fileno(), select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
    print("listening", flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd == listening.fileno():
                accept_all(listening, poll, sessions)
            elif fd == sys.stdin.fileno():
                return
            elif not echo(sessions[fd]):
                sessions.pop(fd).close()


main()
