"""A student's code as HTML: in colours, with the number of each line, and with remarks below the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from coursekit.grading.reports.html import Html, escape, tag

LONGEST = 50_000  # characters that get colours: they take a tenth of a second
LIGHT, DARK = "xcode", "github-dark"  # styles of Pygments whose colours have a contrast of at least 4.5:1
PAPER = {
    LIGHT: ("#ffffff", "#fff6d6"),
    DARK: ("#0d1117", "#2b2410"),
}  # behind a line, and behind a marked one

_LAYOUT = """
.code { counter-reset: line; padding: .4rem 0; border: 1px solid var(--line); border-radius: .3rem; }
.code .line { display: block; position: relative; counter-increment: line; min-height: 1.45em;
  padding: 0 .6rem 0 5.2em; text-indent: -1.6em; }
.code .line::before { content: counter(line); position: absolute; top: 0; left: 0; width: 2.8em;
  text-align: right; text-indent: 0; color: var(--soft); }
.code .at { border-left: .3rem solid var(--bad); margin-left: -1px; }
.code .remark { display: block; margin: .2rem .6rem .4rem 3rem; padding: .2rem .6rem; text-indent: 0;
  white-space: normal;
  font: .95rem/1.45 system-ui, sans-serif; color: var(--ink); background: var(--box);
  border-left: .3rem solid var(--bad); }
@media print { .code .line, .code .remark { break-inside: avoid; } }
"""


def listing(text: str, name: str, remarks: Mapping[int, Sequence[str]]) -> Html:
    """Show the code of a cell.

    Args:
        text: the code.
        name: the cell's grade_id; line 7 of `task-1` can be linked to as `#task-1-line-7`.
        remarks: what is to be said of lines, by their number from 1.
    """
    at = {number: texts for number, texts in remarks.items() if texts}
    rows: list[Html] = []
    for number, line in enumerate(_coloured(lines(text)), start=1):
        kind, anchor = ("line at", f"{name}-line-{number}") if number in at else ("line", None)
        rows.append(tag("span", line, "\n", class_=kind, id=anchor))
        for said in at.get(number, ()):
            rows.append(tag("span", tag("strong", f"Line {number}: "), said, class_="remark"))
    return tag("pre", tag("code", *rows), class_="code")


def style() -> str:
    """The CSS of code, in a light and a dark scheme."""
    light, dark = (
        "\n".join(
            [
                f".code {{ background: {PAPER[name][0]}; color: {_ink(name)}; }}",
                f".code .at {{ background: {PAPER[name][1]}; }}",
                *HtmlFormatter(style=name).get_token_style_defs(".code"),
            ]
        )
        for name in (LIGHT, DARK)
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n{_LAYOUT}"


def _ink(style: str) -> str:
    """The colour of plain text in a style."""
    return "#e6edf3" if style == DARK else "#000000"


def lines(text: str) -> list[str]:
    """The lines of a text, as Python counts them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _coloured(texts: Sequence[str]) -> list[Html]:
    """Lines with colours, where they are not too long together. Each is HTML that is complete in itself."""
    text = "\n".join(texts)
    if len(text) > LONGEST:
        return [escape(line) for line in texts]
    html = highlight(f"{text}\n", PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return [Html(line) for line in html.removesuffix("\n").split("\n")]
