#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""follow.py SOCKET UNIT: print each change of a unit's properties, as one JSON object a line, until standard input
is closed. The first has nothing but the time: from then on nothing is missed.

A service manager announces them as D-Bus signals to every client of its private socket. It talks
only to processes whose id it can see, so run this in its PID namespace.
"""
import ctypes
import json
import os
import re
import select
import sys
import time

_lib = ctypes.CDLL("libsystemd.so.0")
_lib.sd_bus_message_get_path.restype = ctypes.c_char_p
NUMBERS = {b"u": ctypes.c_uint32, b"i": ctypes.c_int32}


def check(result):
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def read_string(message):
    text = ctypes.c_char_p()
    check(_lib.sd_bus_message_read_basic(message, ctypes.c_char(b"s"), ctypes.byref(text)))
    return text.value.decode()


def read_variant(message):
    """The value where it is a string or a number, else None."""
    kind, contents = ctypes.c_char(), ctypes.c_char_p()
    check(_lib.sd_bus_message_peek_type(message, ctypes.byref(kind), ctypes.byref(contents)))
    signature = contents.value
    if signature != b"s" and signature not in NUMBERS:
        check(_lib.sd_bus_message_skip(message, b"v"))
        return None
    check(_lib.sd_bus_message_enter_container(message, ctypes.c_char(b"v"), signature))
    if signature == b"s":
        value = read_string(message)
    else:
        number = NUMBERS[signature]()
        check(_lib.sd_bus_message_read_basic(message, ctypes.c_char(signature),
                                             ctypes.byref(number)))
        value = number.value
    check(_lib.sd_bus_message_exit_container(message))
    return value


def read_properties(message):
    """What the signal PropertiesChanged holds: an interface, and a dictionary of variants."""
    found = {}
    read_string(message)
    check(_lib.sd_bus_message_enter_container(message, ctypes.c_char(b"a"), b"{sv}"))
    while check(_lib.sd_bus_message_enter_container(message, ctypes.c_char(b"e"), b"sv")):
        name = read_string(message)
        value = read_variant(message)
        if value is not None:
            found[name] = value
        check(_lib.sd_bus_message_exit_container(message))
    return found


def is_about(message, path):
    return (_lib.sd_bus_message_is_signal(message, b"org.freedesktop.DBus.Properties",
                                          b"PropertiesChanged") > 0 and
            _lib.sd_bus_message_get_path(message) == path)


def say(what):
    print(json.dumps(what), flush=True)


def connect(address):
    bus = ctypes.c_void_p()
    check(_lib.sd_bus_new(ctypes.byref(bus)))
    check(_lib.sd_bus_set_address(bus, f"unix:path={address}".encode()))
    check(_lib.sd_bus_start(bus))
    return bus


def messages(bus):
    """All that come, until standard input is closed. Without one: the connection has got on."""
    message = ctypes.c_void_p()
    poll = select.poll()
    poll.register(sys.stdin)
    while True:
        if check(_lib.sd_bus_process(bus, ctypes.byref(message))):
            yield message if message else None
            _lib.sd_bus_message_unref(message)
            continue
        poll.register(_lib.sd_bus_get_fd(bus), check(_lib.sd_bus_get_events(bus)))
        if any(fd == sys.stdin.fileno() for fd, _ in poll.poll()):
            return


def follow(address, unit):
    escaped = re.sub(r"[^A-Za-z0-9]", lambda c: f"_{ord(c[0]):02x}", unit)
    path = f"/org/freedesktop/systemd1/unit/{escaped}".encode()
    bus = connect(address)
    ready = False
    for message in messages(bus):
        if not ready and check(_lib.sd_bus_is_ready(bus)):
            ready = True
            say({"at": time.monotonic()})
        if message and is_about(message, path):
            say({"at": time.monotonic(), **read_properties(message)})


try:
    follow(*sys.argv[1:])
except ConnectionResetError:
    pass  # the service manager has ended
