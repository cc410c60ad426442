#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A sink as many a server is: asyncio, which takes a session far slower than a kernel opens one.

    slow_sink.py COUNT PORT BACKLOG

Says what tests/bench/sink says.
"""

import asyncio
import sys
import time


class Taken(asyncio.Protocol):
    """A session that is held until the other end is done with it."""

    def __init__(self, sink):
        self.sink = sink

    def connection_made(self, transport):
        self.sink.count()


class Sink:
    """Counts those that came."""

    def __init__(self, wanted):
        self.wanted, self.taken, self.first_ns = wanted, 0, 0

    def count(self):
        self.taken += 1
        if self.taken == 1:
            self.first_ns = time.monotonic_ns()
        if self.taken == self.wanted:
            print("up", self.first_ns, time.monotonic_ns(), flush=True)


async def serve(wanted, port, backlog):
    loop = asyncio.get_running_loop()
    sink = Sink(wanted)
    server = await loop.create_server(lambda: Taken(sink), "0.0.0.0", port, backlog=backlog)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:4])))
