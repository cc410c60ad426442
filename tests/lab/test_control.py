# SPDX-License-Identifier: ISC
"""Clients of the control socket that mean harm, or are broken: nobody else has to suffer."""
import contextlib
import json
import socket
import threading
import time

import pytest

import ctl
import netlab
from conftest import PORT
from witness import await_look

CLIENTS = 32
BAD = "org.varlink.service.InvalidParameter"
MANY = 2000


def config(sessions):
    return f'peers:\n  - {{name: hq, address: "{netlab.SERVER4}:{PORT}", sessions: {sessions}}}'


@pytest.fixture
def daemon(bench):
    bench.peer()
    daemon = bench.guard(config(3))
    daemon.await_up(3)
    return daemon


@pytest.fixture
def large(bench):
    """One with so many sessions that what it says of them does not fit into a socket."""
    bench.peer()
    daemon = bench.guard(config(MANY))
    daemon.await_up(MANY, timeout=30)
    return daemon


@pytest.fixture
def wires(daemon):
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(ctl.Wire(daemon))


def test_service_interface(wires):
    wire = wires()
    info = wire.call("org.varlink.service.GetInfo")["parameters"]
    assert set(info) == {"vendor", "product", "version", "url", "interfaces"}
    for name in info["interfaces"]:
        reply = wire.call("org.varlink.service.GetInterfaceDescription",
                          parameters={"interface": name})
        assert f"interface {name}\n" in reply["parameters"]["description"]
    text = (ctl.SOURCE / "src/daemon/io.kaguard.varlink").read_text()
    assert wire.call("org.varlink.service.GetInterfaceDescription",
                     parameters={"interface": "io.kaguard"})["parameters"]["description"] == text


@pytest.mark.parametrize("method, parameters, error", [
    ("io.kaguard.Nothing", {}, "org.varlink.service.MethodNotFound"),
    ("io.nothing.Status", {}, "org.varlink.service.InterfaceNotFound"),
    ("Status", {}, "org.varlink.service.MethodNotFound"),
    ("", {}, "org.varlink.service.MethodNotFound"),
    ("io.kaguard.Status", {"peer": "hq"}, BAD),
    ("io.kaguard.Status", {"peers": "hq"}, BAD),
    ("io.kaguard.Status", {"peers": [1]}, BAD),
    ("io.kaguard.Status", {"peers": ["hq"] * 65}, BAD),
    ("io.kaguard.Status", {"peers": ["hq", "no"]}, "io.kaguard.NoSuchPeer"),
    ("io.kaguard.Probe", {}, BAD),
    ("io.kaguard.Probe", {"peers": ["hq"], "timeout_ms": -1}, BAD),
    ("io.kaguard.Probe", {"peers": ["hq"], "timeout_ms": "1"}, BAD),
    ("io.kaguard.Probe", {"peers": ["hq"], "timeout_ms": 10**9}, BAD),
    ("io.kaguard.Probe", {"peers": ["hq"], "patience": 1}, BAD),
    ("io.kaguard.Probe", {"peers": ["no"]}, "io.kaguard.NoSuchPeer"),
    ("io.kaguard.Plan", {"peer": "hq"}, BAD),
    ("io.kaguard.Plan", {"peers": ["no"]}, "io.kaguard.NoSuchPeer"),
    ("io.kaguard.Forwards", {"peer": "hq"}, BAD),
    ("io.kaguard.Forwards", {"peers": 1}, BAD),
    ("io.kaguard.Events", {"peer": "hq"}, BAD),
    ("io.kaguard.Events", {"peers": ["no"]}, "io.kaguard.NoSuchPeer"),
    ("io.kaguard.Metrics", {"peer": "hq"}, BAD),
    ("io.kaguard.Metrics", {"peers": {}}, BAD),
    ("io.kaguard.Metrics", {"sum": 1}, BAD),
    ("io.kaguard.Metrics", {"peers": ["hq"], "sum": True}, BAD),
    ("io.kaguard.Reconnect", {"peers": ["hq"], "now": True}, BAD),
    ("io.kaguard.Reconnect", {"peers": ["no"]}, "io.kaguard.NoSuchPeer"),
    ("io.kaguard.Reconnect", {"peers": []}, BAD),
    ("io.kaguard.Reload", {"now": True}, BAD),
    ("org.varlink.service.GetInfo", {"all": True}, BAD),
    ("org.varlink.service.GetInterfaceDescription", {"interface": "io.kaguard", "all": True}, BAD),
    ("org.varlink.service.GetInterfaceDescription", {}, BAD),
    ("org.varlink.service.GetInterfaceDescription", {"interface": "io.x"},
     "org.varlink.service.InterfaceNotFound"),
])
def test_wrong_calls(wires, method, parameters, error):
    """An error says what is wrong, and the conversation goes on."""
    wire = wires()
    assert wire.call(method, parameters=parameters)["error"] == error
    assert wire.is_served()


@pytest.mark.parametrize("method, parameters", [
    ("io.kaguard.Status", {"peers": None}),
    ("io.kaguard.Plan", {"peers": None}),
    ("io.kaguard.Metrics", {"peers": None, "sum": None}),
    ("io.kaguard.Metrics", {"sum": False}),
    ("io.kaguard.Probe", {"peers": ["hq"], "timeout_ms": None}),
])
def test_what_is_null_is_left_out(wires, method, parameters):
    wire = wires()
    wire.send(method, parameters=parameters, more=True)
    assert "error" not in wire.reply()


@pytest.mark.parametrize("garbage", [
    b"GET /metrics HTTP/1.1\r\n\r\n\0", b"\0", b"[1]\0", b"{}\0", b"\xff\xfe\0", b'{"method":1}\0',
    b'{"method":"io.kaguard.Status","upgrade":true}\0', b"[" * 60000 + b"\0",
    b"x" * 70000, b'{"method":"' + b"a" * 70000 + b'"}\0'])
def test_garbage(daemon, wires, garbage):
    """Is told so, and dropped."""
    wire = wires()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        wire.sock.sendall(garbage)
    reply = wire.reply()
    assert reply is None or reply["error"] == BAD
    assert reply is not None or len(garbage) > 65536
    assert wire.reply() is None
    assert wires().is_served()


def test_many_calls_at_once(wires):
    wire = wires()
    wire.sock.sendall(b'{"method":"org.varlink.service.GetInfo"}\0' * 1500)
    assert all("parameters" in wire.reply() for _ in range(1500))


def test_oneway(daemon, wires):
    wire = wires()
    wire.send("io.kaguard.Reconnect", parameters={"peers": ["hq"]}, oneway=True)
    assert wire.is_served()
    daemon.await_said("hq: 3 sessions closed by us")


def test_answers_to_who_has_no_more_to_ask(wires):
    """As a shell's pipe does: the writing side is closed, the answer is awaited."""
    wire = wires()
    wire.send("io.kaguard.Probe", parameters={"peers": ["hq"]})
    wire.sock.shutdown(socket.SHUT_WR)
    assert len(wire.reply()["parameters"]["sessions"]) == 3
    assert wire.reply() is None


def test_going_with_no_more_to_ask(daemon):
    """Who follows events of which none come is gone all the same, and makes room, when it goes."""
    for _ in range(2 * CLIENTS):
        with ctl.Wire(daemon) as wire:
            wire.send("io.kaguard.Events", more=True)
            wire.sock.shutdown(socket.SHUT_WR)
            assert wire.reply().get("continues"), "there is no room"
    with ctl.Wire(daemon) as wire:
        assert wire.is_served()


def test_more_clients_than_there_may_be(daemon, wires):
    """Who is connected for nothing makes room; where all are busy, the next one is told."""
    idle = [wires() for _ in range(CLIENTS)]
    assert all(wire.is_served() for wire in idle)
    assert wires().is_served()
    assert idle[0].reply() is None
    idle[1].sock.sendall(b'{"method":')  # and half a call is nothing
    followers = []
    for _ in range(CLIENTS):
        wire = wires()
        wire.send("io.kaguard.Events", more=True)
        assert wire.reply()["continues"]
        followers.append(wire)
    assert wires().reply() == {"error": "io.kaguard.TooManyClients", "parameters": {}}
    assert "too many clients" in ctl.run(daemon, "status", code=3)
    followers.pop().close()
    await_look(lambda: wires().is_served(), 5, "room again")


def memory_kb(daemon):
    with open(f"/proc/{daemon.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_slow_reader_of_much(large):
    """It is dropped after a while; meanwhile nobody waits for it, and of the 600 MB that it has asked
    for next to nothing is made."""
    before_kb = memory_kb(large)
    with ctl.Wire(large) as slow, ctl.Wire(large) as other:
        for _ in range(1000):
            slow.send("io.kaguard.Status")
        begun = time.monotonic()
        while time.monotonic() - begun < 2:
            assert other.is_served()
        assert memory_kb(large) < before_kb + 250000  # a sanitizer keeps what was freed
        await_look(lambda: dropped(slow), 20, "end of the slow one")
        assert other.is_served()


def dropped(wire):
    """Whether the other end is closed, without reading what there is before that."""
    try:
        wire.sock.send(b" ")
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def test_leaving_in_the_middle(large):
    """Of an answer, again and again: nothing is left of it."""
    descriptors = len(large.descriptors())
    for size in (0, 1, 1000, 100000):
        for members in ({}, {"more": True}):
            with ctl.Wire(large) as wire:
                wire.send("io.kaguard.Status", **members)
                while size > 0:
                    size -= len(wire.sock.recv(min(size, 65536)))
    with ctl.Wire(large) as wire:
        assert wire.is_served()
    await_look(lambda: len(large.descriptors()) <= descriptors, 5, "descriptors as before")


def test_whole_answers_in_pieces(large):
    """One answer, or many: each session is in it once."""
    everybody = list(range(MANY))
    with ctl.Wire(large) as wire:
        whole = wire.call("io.kaguard.Status")["parameters"]
        ctl.conforms("status", whole)
        assert [s["session"] for s in whole["sessions"]] == everybody
        wire.send("io.kaguard.Status", more=True)
        found, continues = [], True
        while continues:
            reply = wire.reply()
            found += [s["session"] for s in reply["parameters"]["sessions"]]
            continues = reply.get("continues", False)
        assert found == everybody


def test_reload_in_the_middle(large):
    """Of an answer: who is there all the time is in it once."""
    with ctl.Wire(large) as wire:
        wire.send("io.kaguard.Status", more=True)
        first = wire.reply()
        large.write(config(MANY // 2))
        ctl.run(large, "reload")
        found = [s["session"] for s in first["parameters"]["sessions"]]
        continues = first["continues"]
        while continues:
            reply = wire.reply()
            found += [s["session"] for s in reply["parameters"]["sessions"]]
            continues = reply.get("continues", False)
    assert len(found) == len(set(found))
    assert set(range(MANY // 2)) <= set(found)


def test_all_of_them_at_once(large):
    """As many as there may be, each asking for everything."""
    results = []

    def ask():
        with ctl.Wire(large) as wire:
            for _ in range(3):
                results.append(len(wire.call("io.kaguard.Status")["parameters"]["sessions"]))
    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [MANY] * 3 * CLIENTS
    assert large.process.poll() is None


def test_a_second_daemon(bench, daemon):
    """Says who has the socket, and does its work all the same."""
    second = bench.guard(config(1) + f"\ncontrol: {{socket: '{daemon.control}'}}")
    said = second.await_said("no control socket, so kaguardctl cannot ask: ")
    assert said["MESSAGE"].endswith(f"{daemon.control} is held by process {daemon.pid}")
    second.await_up(1)
    with ctl.Wire(daemon) as wire:
        assert wire.call("io.kaguard.Status")["parameters"]["sessions_total"] == 3
    daemon.stop()
    ctl.run(daemon, "status", code=3)
    second.reload(config(1) + f"\ncontrol: {{socket: '{daemon.control}'}}")
    assert len(json.loads(ctl.run(daemon, "status", "--json"))["sessions"]) == 1
