"""Texts as sequences of tokens in which names, comments, docstrings and layout make no difference."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import warnings
from dataclasses import dataclass

LENGTH = 20_000  # characters of a cell that are compared

_PATTERN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<string>(?i:[rbfu]{0,2})(?:'''(?:[^\\]|\\.)*?(?:'''|$)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|$)"
    r"|'(?:[^'\\\n]|\\.)*'?|\"(?:[^\"\\\n]|\\.)*\"?))"
    r"|(?P<number>(?:\d[\w.]*|\.\d\w*))"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<line>\n)"
    r"|(?P<sign>\*\*=|//=|>>=|<<=|\.\.\.|[-+*/%@&|^=<>!:]=|->|\*\*|//|<<|>>|[^\s\w])",
    re.DOTALL,
)
_LAYOUT = ("(", ")", ",", ";")  # signs that can often be left out or added without another meaning
_FREE = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"self"}


@dataclass(frozen=True)
class Token:
    """A token: what it is compared by, and where it stands in the text."""

    text: str
    start: int
    end: int


def of_code(text: str) -> list[Token]:
    """The tokens of Python code, complete or not.

    Names that the text itself binds are one token, whatever they are called. Names of libraries, their
    functions and methods stay. Comments, docstrings, imports, round brackets and commas
    are left out.
    """
    text = text[:LENGTH]
    bound, modules = _names(text)
    tokens: list[Token] = []
    depth, line_begins, in_import = 0, True, False
    for match in _PATTERN.finditer(text):
        kind, value = match.lastgroup, match[0]
        if kind == "line":
            line_begins, in_import = (True, False) if depth == 0 else (line_begins, in_import)
            continue
        if kind == "comment" or in_import or (kind == "string" and line_begins):
            continue
        depth = max(0, depth + (value in ("(", "[", "{")) - (value in (")", "]", "}")))
        if line_begins and value in ("import", "from"):
            in_import, line_begins = True, False
            continue
        line_begins = False
        if value in _LAYOUT:
            continue
        if kind == "string":
            value = '""'
        elif kind == "name" and not (tokens and tokens[-1].text == "."):
            if value in modules:
                value = modules[value]
            elif value in bound or (bound is _ALL and value not in _FREE):
                value = "name"
        tokens.append(Token(value, match.start(), match.end()))
    return tokens


def of_words(text: str) -> list[Token]:
    """The words of a written answer, without differences in case, signs and layout."""
    return [
        Token(word[0].casefold(), word.start(), word.end()) for word in re.finditer(r"\w+", text[:LENGTH])
    ]


_ALL = frozenset({""})  # the text cannot be parsed: each name that is not Python's own counts as bound


def _names(text: str) -> tuple[frozenset[str], dict[str, str]]:
    """The names that a text binds, and its names of modules with what they are called at home."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text)
            nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _ALL, {}
    bound: set[str] = set()
    modules: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules.update({alias.asname or alias.name: alias.name.split(".")[-1] for alias in node.names})
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return frozenset(bound - modules.keys()), modules


def covered(tokens: list[Token], starts: list[int], length: int) -> list[tuple[int, int]]:
    """The passages of a text that runs of tokens cover, joined where they touch.

    Args:
        tokens: of the text.
        starts: the number of the first token of each run.
        length: of a run, in tokens.
    """
    runs: list[tuple[int, int]] = []  # the first token, and the one behind the last
    for start in sorted(starts):
        if runs and start <= runs[-1][1]:
            runs[-1] = runs[-1][0], start + length
        else:
            runs.append((start, start + length))
    return [(tokens[first].start, tokens[end - 1].end) for first, end in runs]
