"""How a tensor's elements lie in memory: its axes with their strides, and the first memory cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from coursekit._shared._text import sentence
from coursekit.layout import shares_memory
from coursekit.show._figure import CHANNEL_COLOURS, FAINT, INK, WIDTH, Picture, figure, render
from coursekit.show._table import Table, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_INDEX = {"B": "b", "T": "t", "C": "c", "H": "y", "W": "x"}  # the index that runs along an axis
_IN_A_ROW = 12


def memory(
    tensor: torch.Tensor,
    *,
    layout: str = "TCHW",
    cells: int = 36,
    mark: Sequence[int] | None = None,
    title: str | None = None,
) -> Picture:
    """The first cells of a tensor's memory, each with the index of its element.

    A view (permute, a slice) shares the memory of its base: the cells are the same, but their indices differ.
    A cell that does not belong to the view is drawn empty. The colour of a cell is its channel.

    Args:
        tensor: any strided tensor; small ones such as (2, 3, 2, 2) are the clearest.
        layout: one letter per axis, of B, T, C, H, W.
        cells: number of memory cells to draw.
        mark: index of one element, in the order of `layout`; its cell gets a thick frame.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError: not a torch tensor.
        ValueError: a layout that does not fit the tensor, an empty tensor, `cells` below 1, or a mark that is
            not in the cells drawn.
    """
    _check_memory(tensor, layout, cells)
    index = ", ".join(_INDEX[letter] for letter in layout)
    held = [_index_at(tensor, offset) for offset in range(cells)]
    last = max((offset for offset, at in enumerate(held) if at is not None), default=0)
    held = held[: last + 1]
    marked = None if mark is None else tuple(mark)
    if marked is not None and marked not in held:
        raise ValueError(f"mark={marked} ({index}) is not among the {len(held)} cells that are drawn")

    rows = -(-len(held) // _IN_A_ROW)
    high = 0.36 * (len(layout) + 1), 0.58 * rows + 0.42
    with figure(WIDTH, sum(high) + (0.75 if title else 0.4)) as fig:
        above, below = fig.subplots(2, 1, height_ratios=high)
        _table(above, tensor, layout)
        caption = f"memory cells from the first element on, each with its ({index})"
        _cells(below, held, layout, rows, caption, marked)
        if title:
            fig.suptitle(title)
        place = None if marked is None else f"Marked: element {marked} in cell +{held.index(marked)}"
        return render(fig, _alt(tensor, layout, index, held, title, place))


def strides(tensors: Mapping[str, torch.Tensor], *, base: torch.Tensor) -> Table:
    """A table of how tensors lie in memory, and which of them were copied from `base`.

    Args:
        tensors: {"line of code": its result}; any strided tensors.
        base: the tensor they were made from.

    Returns:
        A row per tensor: its strides and its first address, both in elements; whether it is contiguous; and
        whether it has other memory than `base`.

    Raises:
        ValueError: no tensors.
    """
    columns = ("strides", "first address", "contiguous", "copied")
    rows = {
        line: (str(tensor.stride()), tensor.storage_offset(), _yes(tensor.is_contiguous()),
               _yes(not shares_memory(tensor, base)))
        for line, tensor in tensors.items()
    }  # fmt: skip
    return table(rows, columns=columns, first="line")


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _check_memory(tensor: torch.Tensor, layout: str, cells: int) -> None:
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"tensor must be a torch tensor, got {type(tensor).__name__}")
    unknown = sorted(set(layout) - set(_INDEX))
    if unknown or len(set(layout)) != len(layout):
        letters = "".join(_INDEX)
        raise ValueError(f'layout must name each axis once with a letter of {letters}, got "{layout}"')
    if tensor.dim() != len(layout):
        raise ValueError(
            f'layout "{layout}" names {len(layout)} axes, but tensor has {tensor.dim()}: '
            f"shape {tuple(tensor.shape)}"
        )
    if tensor.numel() == 0:
        raise ValueError(f"tensor has no elements to show, shape {tuple(tensor.shape)}")
    if cells < 1:
        raise ValueError(f"cells must be at least 1, got {cells}")


def _index_at(tensor: torch.Tensor, offset: int) -> tuple[int, ...] | None:
    """The index of the element `offset` cells after the first one; None if no element is there.

    The axis with the largest stride comes first: as many of its steps as fit, then the next axis.
    """
    index = [0] * tensor.dim()
    for axis in sorted(range(tensor.dim()), key=tensor.stride, reverse=True):
        stride, length = tensor.stride(axis), tensor.shape[axis]
        if stride > 0:
            index[axis] = min(offset // stride, length - 1)
            offset -= index[axis] * stride
    return tuple(index) if offset == 0 else None


def _table(axes: Axes, tensor: torch.Tensor, layout: str) -> None:
    """One line per axis: its length, its stride, and the effect of one step along it."""
    axes.set(xlim=(0, 1), ylim=(len(layout) + 1, 0))
    axes.set_axis_off()
    lines = [("axis", "length", "stride", "one step along it")]
    for axis, letter in enumerate(layout):
        length, stride = tensor.shape[axis], tensor.stride(axis)
        jump = {0: "is the same cell", 1: "is the next cell"}.get(stride, f"jumps {stride} cells on")
        lines.append((f"{axis}: {letter}", f"{length}", f"{stride}", f"{_INDEX[letter]} + 1 {jump}"))
    for row, line in enumerate(lines):
        if row > 0:
            axes.axhline(row, color="#d9d9d9", linewidth=0.8)
        for x, text in zip((0.02, 0.16, 0.28, 0.42), line, strict=True):
            axes.text(x, row + 0.5, text, va="center", fontweight="normal" if row else "bold")


def _cells(
    axes: Axes,
    held: list[tuple[int, ...] | None],
    layout: str,
    rows: int,
    caption: str,
    marked: tuple[int, ...] | None,
) -> None:
    from matplotlib.patches import Rectangle

    axes.set(xlim=(-0.05, _IN_A_ROW + 0.05), ylim=(rows + 0.02, -0.55))
    axes.set_axis_off()
    axes.text(0, -0.3, caption, va="center", fontweight="bold")
    colours = tuple(CHANNEL_COLOURS.values())
    if "C" in layout:
        _legend(axes, max(index[layout.index("C")] for index in held if index is not None) + 1)
    for offset, index in enumerate(held):
        row, column = divmod(offset, _IN_A_ROW)
        channel = index[layout.index("C")] if index and "C" in layout else None
        colour = FAINT if channel is None else colours[channel % 3]
        axes.add_patch(Rectangle((column + 0.03, row + 0.05), 0.94, 0.9, facecolor=colour, alpha=0.22))
        axes.add_patch(Rectangle((column + 0.03, row + 0.05), 0.94, 0.07, facecolor=colour))
        axes.text(column + 0.5, row + 0.4, "–" if index is None else ",".join(map(str, index)),
                  ha="center", va="center", fontsize=10.5, fontweight="bold")  # fmt: skip
        axes.text(column + 0.5, row + 0.76, f"+{offset}", ha="center", va="center", fontsize=8.5)
        if marked is not None and index == marked:
            frame = Rectangle((column + 0.03, row + 0.05), 0.94, 0.9, fill=False, edgecolor=INK, linewidth=3)
            axes.add_patch(frame)


def _legend(axes: Axes, channels: int) -> None:
    """At the right above the cells: which colour is which channel (the colours repeat after three)."""
    from matplotlib.patches import Rectangle

    names = [f"c = {number}" for number in range(min(channels, len(CHANNEL_COLOURS)))]
    left = _IN_A_ROW - 1.05 * len(names)
    for place, (name, colour) in enumerate(zip(names, CHANNEL_COLOURS.values(), strict=False)):
        axes.add_patch(Rectangle((left + 1.05 * place, -0.42), 0.24, 0.24, facecolor=colour))
        axes.text(left + 1.05 * place + 0.32, -0.3, name, va="center", fontsize=10)


def _alt(
    tensor: torch.Tensor,
    layout: str,
    index: str,
    held: list[tuple[int, ...] | None],
    title: str | None,
    place: str | None,
) -> str:
    axes = "; ".join(
        f"{letter} has length {length} and stride {stride}"
        for letter, length, stride in zip(layout, tensor.shape, tensor.stride(), strict=True)
    )
    kind = "contiguous" if tensor.is_contiguous() else "not contiguous"
    first = " ".join("none" if at is None else str(at).replace(" ", "") for at in held[:_IN_A_ROW])
    return sentence(
        title,
        f"The memory of a {layout} tensor of shape {tuple(tensor.shape)}, {kind}: {axes}",
        f"The first of {len(held)} cells drawn hold the elements ({index}) = {first}",
        place,
    )
