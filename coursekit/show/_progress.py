"""How far a loop is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

from coursekit._shared._progress import bar

Item = TypeVar("Item")


def progress(items: Collection[Item], *, title: str = "", unit: str = "step") -> Iterator[Item]:
    """The same items one by one, with a bar that shows the time left and goes away at the end.

        rows = [encoder(part) for part in show.progress(clip.split(16))]

    Args:
        items: what the loop goes through; their number is known.
        title: what the bar says in front.
        unit: what one of them is called.
    """
    with bar(len(items), name=title, unit=unit, show=None) as shown:
        for item in items:
            yield item
            shown.update()
