"""Does a stored notebook show the answer to a question before the reader has committed to one?

`leaks` looks at everything that is visible from the first cell to the reveal, the reveal's own output
included: text, code, printed output, tables, alternative texts. What is folded, and what a form holds, is not
visible. The answer is searched for in each common way of writing it.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from coursekit.predict import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion, bank
from tools.notebooks.notebook import Node

_FOLDED = re.compile(r"<details\b[^>]*>\s*<summary>(.*?)</summary>(?:(?!<details).)*?</details>", re.DOTALL)
_UNSEEN = re.compile(r"<(iframe|script|style)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_DESCRIBED = re.compile(r"""\b(?:alt|title|aria-label)="([^"]*)\"""")
_CALL = re.compile(r"""\bpredict\.(ask|reveal)\(\s*["']([^"']+)["']""")

# Other units in which an answer may be written, by the question's unit: {unit: how many of it is one}.
_SAME: dict[str, dict[str, float]] = {
    "MB": {"bytes": 1e6, "kB": 1e3, "GB": 1e-3, "megabytes": 1},
    "GB": {"MB": 1e3, "gigabytes": 1, "bytes": 1e9},
    "ms": {"s": 1e-3, "seconds": 1e-3, "milliseconds": 1},
    "s": {"ms": 1e3, "milliseconds": 1e3, "seconds": 1},
    "times": {"x": 1, "×": 1, "fold": 1},
    "%": {"per cent": 1, "percent": 1},
}


class Part(NamedTuple):
    """One visible piece of a notebook: where it stands (the cell, from 0, and what it is), and its text."""

    cell: int
    kind: str  # "text", "source" or "output"
    content: str


class Asked(NamedTuple):
    """Where a question stands: the cells, from 0, of `ask` and `reveal`; None without one."""

    ask: int
    reveal: int | None


def places(notebook: Node) -> dict[str, Asked]:
    """Where each question of a notebook is asked and revealed, in the order in which they are asked."""
    asked: dict[str, Asked] = {}
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            for call, name in _CALL.findall(cell.source):
                if call == "ask":
                    asked[name] = Asked(number, None)
                elif name in asked:
                    asked[name] = Asked(asked[name].ask, number)
    return asked


def visible(markup: str) -> str:
    """What a reader sees of HTML or Markdown: no tags, nothing folded, no form; alternative texts stay."""
    markup = _UNSEEN.sub(" ", markup)
    while (unfolded := _FOLDED.sub(r" \1 ", markup)) != markup:
        markup = unfolded
    described = " ".join(_DESCRIBED.findall(markup))
    return " ".join(html.unescape(f"{re.sub(r'<[^<>]*>', ' ', markup)} {described}").split())


def parts(notebook: Node) -> Iterator[Part]:
    """Every visible piece of a notebook, in order."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield Part(number, "text", visible(cell.source))
            continue
        yield Part(number, "source", cell.source)
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                yield Part(number, "output", output.text)
            for kind, content in output.get("data", {}).items():
                if kind.startswith("text/"):
                    yield Part(number, "output", visible(content) if kind == "text/html" else content)


def leaks(notebook: Node) -> list[str]:
    """The places where an answer is visible too early.

    Args:
        notebook: a stored notebook.

    Returns:
        One text for each: "NAME: cell 7 (output) shows '(3, 272, 640)'".
    """
    pieces = list(parts(notebook))
    faults = []
    for name, (ask, reveal) in places(notebook).items():
        last = ask if reveal is None else reveal
        asked = bank.question(name)
        for part in pieces:
            if part.cell > last or part.cell == ask:
                continue
            near = ask < part.cell <= last
            if hit := _shows(asked, part, near):
                faults.append(f"{name}: cell {part.cell} ({part.kind}) shows {hit!r}")
    return faults


def _shows(asked: Question, part: Part, near: bool) -> str:
    """The answer as it stands in a piece, or ""; `near` is from the question to its reveal."""
    for pattern in _ways(asked, part.kind, near):
        if hit := re.search(pattern, part.content, re.IGNORECASE):
            return hit[0]
    return ""


def _ways(asked: Question, kind: str, near: bool) -> Iterator[str]:
    """Patterns for each way in which an answer may be written."""
    if isinstance(asked, ShapeQuestion):
        if len(asked.answer) > 1:
            yield r"(?<![\d.])" + r"\s*[,x×*·]\s*".join(map(str, asked.answer)) + r"(?![\d.]*\d)"
    elif isinstance(asked, NumberQuestion):
        yield from _number_ways(asked, near)
    else:
        yield from _choice_ways(asked, kind, near)


def _number_ways(asked: NumberQuestion, near: bool) -> Iterator[str]:
    """A long number is searched for everywhere; a short one (9, 20) with its unit, or near its question."""
    units = {asked.unit: 1.0, **_SAME.get(asked.unit, {})} if asked.unit else {}
    for unit, worth in units.items():
        for written in _digits(asked.answer * worth):
            yield rf"(?<![\d.,]){written}\s*{re.escape(unit)}(?!\w)"
    for written in _digits(asked.answer):
        if near or len(re.sub(r"\D", "", written).strip("0")) > 2:
            yield rf"(?<![\d.,\w-]){written}(?![\d\w]|[.,]\d)"


def _digits(value: float) -> Iterator[str]:
    """A number as it may be written, as patterns: all digits or rounded, with and without grouping."""
    for digits in (12, 4, 3):
        rounded = float(f"{value:.{digits}g}")
        if not math.isclose(rounded, value, rel_tol=0.01):
            continue
        plain = f"{rounded:.12g}" if abs(rounded) < 1e12 else f"{rounded:.0f}"
        if "e" in plain:
            plain = f"{rounded:.10f}".rstrip("0").rstrip(".")
        whole, _, fraction = plain.partition(".")
        grouped = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", "[,. '\u202f_]?", whole)
        yield grouped + (rf"[.,]{fraction}0*" if fraction else r"(?:[.,]0+)?")


def _choice_ways(asked: ChoiceQuestion, kind: str, near: bool) -> Iterator[str]:
    """An option of few words is searched for in what is printed near its question, a long one everywhere."""
    words = r"\s+".join(map(re.escape, asked.answer.split()))
    if len(asked.answer.split()) >= 4 or (near and kind == "output"):
        yield rf"(?<!\w){words}(?!\w)"
    yield re.escape(asked.why)
