"""Making the next items in a thread while the last ones are being used."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterable[Item], most: int = 2) -> Iterator[Item]:
    """Yield `items`, which a thread makes, at most `most` of them in advance.

    An error of `items` is raised here, after what came before it. When this iterator is closed or
    forgotten, the thread ends and closes `items`.
    """
    queue: Queue[object] = Queue(most)
    over = threading.Event()
    failed: list[BaseException] = []

    def offer(item: object) -> bool:
        while not over.is_set():
            try:
                queue.put(item, timeout=0.1)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        source = iter(items)
        try:
            for item in source:
                if not offer(item):
                    break
        except BaseException as error:
            failed.append(error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            offer(_END)

    thread = threading.Thread(target=work, name="coursekit-ahead", daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not _END:
            yield item  # type: ignore[misc]
        if failed:
            raise failed[0]
    finally:
        over.set()
        while True:  # make room, so that a waiting thread sees that it is over
            try:
                queue.get_nowait()
            except Empty:
                break
        thread.join(timeout=10)
