"""Pictures as SVG inside a page. They scale, follow the page's colours, and say in words what they show.

The text of a picture is readable on a telephone: its unit is a pixel where the window is 390 pixels wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from coursekit.grading.reports import html

STYLE = """
figure { margin: 1rem 0; max-width: 32rem; } svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .line { stroke: var(--ink); stroke-width: 1; } svg .grid { stroke: var(--line); stroke-width: 1; }
svg .passed { fill: var(--good); } svg .wrong { fill: var(--bad); } svg .none { fill: var(--none); }
svg .mean { stroke: var(--bad); stroke-width: 2; } svg .median { stroke: var(--ink); stroke-width: 2;
  stroke-dasharray: 4 3; }
svg.bar { height: .9rem; max-width: 24rem; } svg.key { display: inline; width: .8rem; height: .8rem; }
.part { padding-left: 1rem; display: inline-block; } td:first-child { min-width: 8rem; }
td:last-child:has(> code) { min-width: 11rem; }
"""
WIDTH, HEIGHT = 358, 210
LEFT, RIGHT, TOP, BASE = 34, 10, 20, 170  # the plot's edges; the first two are margins
PLOT, RISE = WIDTH - LEFT - RIGHT, BASE - TOP  # width and height of the plot
MOST_BARS = 21
KINDS = ("passed", "wrong", "none")


def _key(kind: str, label: str) -> html.Html:
    square = html.tag("rect", class_=kind, width=10, height=10)
    return html.join(
        (html.tag("svg", square, class_="key", viewBox="0 0 10 10", aria_hidden="true"), f" {label}")
    )


_KEYS = {"passed": "passed", "wrong": "wrong", "none": "not tried: the task is as it was handed out."}
LEGEND = html.join((_key(kind, label) for kind, label in _KEYS.items()), ", ")


def bar(numbers: Sequence[int]) -> html.Html:
    """A bar of the numbers passed, wrong and not tried. The text beside it must say the same in words."""
    total, at, pieces = max(1, sum(numbers)), 0.0, []
    for kind, number in zip(KINDS, numbers, strict=True):
        width = 300 * number / total
        pieces.append(html.tag("rect", class_=kind, x=f"{at:.1f}", width=f"{width:.1f}", height=10))
        at += width
    return html.tag(
        "svg", *pieces, class_="bar", viewBox="0 0 300 10", preserveAspectRatio="none", aria_hidden="true"
    )


def bins(scores: Sequence[float], maximum: float) -> tuple[float, list[int]]:
    """Count scores in bins of equal width.

    Args:
        scores: from 0 to about `maximum`; a score above it is counted in the last bin.
        maximum: points of the assignment.

    Returns:
        The width of a bin in points, and the number of scores in each: bin i has the scores s with
        i <= s / width < i + 1. The last bin has `maximum`.
    """
    top = maximum or 1.0
    whole = all(float(score).is_integer() for score in (*scores, top))
    widths = (1, 2, 5, 10, 20, 50, top) if whole else (0.5, 1, 2, 5, 10, 20, 50, top)
    width = next(w for w in widths if top / w < MOST_BARS or w == top)
    counts = [0] * (math.floor(top / width) + 1)
    for score in scores:
        counts[min(len(counts) - 1, max(0, math.floor(score / width)))] += 1
    return float(width), counts


def histogram(scores: Sequence[float], maximum: float, mean: float, median: float) -> html.Html:
    """A histogram of scores with their mean and median.

    Args:
        scores: of all students.
        maximum: points of the assignment.
        mean: of the scores.
        median: of the scores.
    """
    width, counts = bins(scores, maximum)
    # Whole scores stand below the middle of their bar. Otherwise a bar begins at the number to its left.
    shift = width / 2 if all(score % width == 0 for score in scores) else 0.0
    scale = PLOT / (width * len(counts))  # pixels for a point
    lines = (
        html.tag("line", class_=name, x1=_px(x), x2=_px(x), y1=TOP - 4, y2=BASE)
        for name, value in (("mean", mean), ("median", median))
        for x in [LEFT + scale * min(width * len(counts), max(0.0, value + shift))]
    )
    unit = "points" if width == 1 and shift else f"points, in steps of {width:g}"
    parts = (
        _title(scores, width, counts, mean, median),
        *_grid(max(counts)),
        *_bars(counts),
        *_labels(counts, width, shift * scale),
        html.tag("line", class_="line", x1=LEFT, x2=WIDTH - RIGHT, y1=BASE, y2=BASE),
        *lines,
        _text(unit, LEFT + PLOT / 2, HEIGHT - 6, "middle"),
        _text("students", 2, 11, "start"),
        _text(f"mean {mean:.1f} (line), median {median:g} (dashed)", WIDTH - RIGHT, 11, "end"),
    )
    size = f"0 0 {WIDTH} {HEIGHT}"
    return html.tag("figure", html.tag("svg", *parts, viewBox=size, role="img", aria_labelledby="histogram"))


def _grid(most: int) -> Iterator[html.Html]:
    """Lines at whole numbers of students, at most five above 0."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, most) if most / s <= 5)
    for tick in range(0, most + 1, step):
        y = BASE - RISE * tick / most
        yield html.tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=_px(y), y2=_px(y))
        yield _text(str(tick), LEFT - 5, y + 4, "end")


def _bars(counts: Sequence[int]) -> Iterator[html.Html]:
    step, most = PLOT / len(counts), max(counts)
    for place, number in enumerate(counts):
        high = RISE * number / most
        size = {"width": _px(step - 2), "height": _px(high)}
        yield html.tag("rect", class_="passed", x=_px(LEFT + place * step + 1), y=_px(BASE - high), **size)


def _labels(counts: Sequence[int], width: float, shift: float) -> Iterator[html.Html]:
    """The points below the bars, as many as there is room for."""
    for place in range(0, len(counts), math.ceil(len(counts) / 7)):
        yield _text(f"{place * width:g}", LEFT + place * PLOT / len(counts) + shift, BASE + 15, "middle")


def _text(text: str, x: float, y: float, anchor: str) -> html.Html:
    return html.tag("text", text, x=_px(x), y=_px(y), text_anchor=anchor)


def _px(number: float) -> str:
    return f"{number:.1f}"


def _title(
    scores: Sequence[float], width: float, counts: Sequence[int], mean: float, median: float
) -> html.Html:
    """What the histogram shows, in words and numbers."""
    bars = ", ".join(f"{number} with {_range(place, width)}" for place, number in enumerate(counts) if number)
    text = (
        f"Histogram of the scores of {html.count(len(scores), 'student')}: mean {mean:.1f}, "
        f"median {median:g}. Students by points: {bars}."
    )
    return html.tag("title", text, id="histogram")


def _range(place: int, width: float) -> str:
    return f"{place:g}" if width == 1 else f"{place * width:g} to under {(place + 1) * width:g}"
