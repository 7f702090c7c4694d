"""A thread that works ahead: same items, same errors, never too far, and gone when nobody listens."""

import threading
import time

import pytest

from coursekit.features._prefetch import ahead


def _threads():
    return [thread for thread in threading.enumerate() if thread.name == "coursekit-ahead"]


def test_same_items_in_order():
    assert list(ahead(range(50))) == list(range(50))
    assert list(ahead([])) == []


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise KeyError("three")

    got = []
    with pytest.raises(KeyError, match="three"):
        for item in ahead(items()):
            got.append(item)
    assert got == [1, 2]


def test_at_most_so_many_in_advance():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    source = ahead(items(), most=2)
    next(source)
    time.sleep(0.3)
    assert len(made) <= 4, "one used, two waiting, one in the hand"
    source.close()


def test_it_works_while_the_other_side_does():
    """Ten steps of 20 ms on both sides take little more than ten steps, not twenty."""
    in_use, together = threading.Event(), []

    def items():
        for number in range(10):
            time.sleep(0.02)
            together.append(in_use.is_set())
            yield number

    for _ in ahead(items()):
        in_use.set()
        time.sleep(0.03)
        in_use.clear()
    assert sum(together) >= 5


def test_closing_ends_the_thread_and_closes_the_source():
    closed = []

    def items():
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    source = ahead(items())
    next(source)
    source.close()
    assert closed == [True]
    assert not _threads()
