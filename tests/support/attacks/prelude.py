"""What each attack begins with. `attempt` calls functions: an error or a false value is a failed attempt."""


import ctypes, glob, json, mmap, os, platform, signal, socket, struct, subprocess, sys, threading, time
import torch

libc = ctypes.CDLL(None, use_errno=True)


def gained(what=""):
    print("GAI" + "NED", what)


def tried(*what):
    print("tri" + "ed:", *what)


def attempt(*calls):
    for number, call in enumerate(calls):
        try:
            got = call()
        except BaseException as error:
            tried(number, type(error).__name__, error)
        else:
            gained((number, got)) if got else tried(number, got)


def read(*paths):
    attempt(*(lambda path=path: open(path, "rb").read(1000) for path in paths))


def write(*paths):
    def put(path):
        with open(path, "ab") as file:  # what is there is not harmed
            return path

    attempt(*(lambda path=path: put(path) for path in paths))


def raw(data):
    data = memoryview(data)
    while data:
        data = data[os.write(3, data) :]


def frame(message):
    data = json.dumps(message).encode()
    raw(struct.pack("!I", len(data)) + data)


def forge(answers, **more):
    """Send answers, before the tests have come."""
    frame({"done": "cells"})
    for test in ("test-1", "test-2"):
        frame({"id": test, "printed": "", "error": "", "answers": answers, **more})
    frame({"done": "tests"})
    tried("forged")
    time.sleep(0.5)


def call(name, *arguments):
    """Whether the C library's function does not fail."""
    return getattr(libc, name)(*arguments) >= 0


def number(name):
    numbers = {
        "bpf": (321, 280), "keyctl": (250, 219), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
        "clock_settime": (227, 112), "clone": (56, 220),
    }
    return numbers[name][platform.machine() == "aarch64"]


class Equal:
    """Equal to whatever it is compared with."""

    __hash__ = object.__hash__
    __eq__ = __bool__ = lambda *a: True
    __ne__ = lambda *a: False
    __len__ = lambda *a: 2
    __call__ = __getattr__ = __getitem__ = lambda *a: Equal()
    __iter__ = lambda *a: iter((Equal(), Equal()))


JUDGED = [a + b for a, b in (("looks", "_like=["), ("check.close", "(answers"), ("another", " axis"))]


def found(text):
    """Whether it is a text of the judge's."""
    return type(text) is str and any(words in text for words in JUDGED) and "JUDGED" not in text


def mean_frame(clip):
    return clip * 0 - 1
