"""The rule "write it yourself", read from the source of the code as a syntax tree, without running it."""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from coursekit._shared._source import as_run
from coursekit.check import _allowed, _parts
from coursekit.check._check import Wrong
from coursekit.check._scopes import Binder, Bound
from coursekit.check._walk import Problem, Reader, count

SAID = 300  # characters of a problem: a name can be as long as a cell


class Unreadable(Wrong):
    """There is no code to which a rule could be applied: no rule is broken."""


@dataclass(frozen=True)
class Rule:
    """What the code of a function may use.

    Attributes:
        function: the name of the function.
        modules: the modules that it may use; without any, Python alone.
        never: no attribute, and no name from elsewhere, may contain one of these texts.
        numbers: the largest number of numeric literals; None is any.
    """

    function: str
    modules: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    numbers: int | None = None

    def __post_init__(self) -> None:
        unsafe = [name for name in self.modules if name.split(".")[0] in _allowed.UNSAFE]
        if unsafe:
            raise ValueError(f"a rule cannot allow {unsafe[0]}: everything can be reached through it")


@dataclass(frozen=True)
class Text:
    """The text of a cell.

    Attributes:
        name: the name of the cell, for messages.
        source: its text.
        given: whether the cell is the course's: it is not judged, and its values may be used.
    """

    name: str
    source: str
    given: bool = False


def own_work(
    function: str | Callable[..., Any],
    modules: Sequence[str] = (),
    never: Sequence[str] = (),
    numbers: int | None = None,
) -> None:
    """Check that the code of a function uses plain Python and some modules only: the task is to write it.

    The source of the cell that defines the function is read, and of the cells whose names it uses. In a test
    cell, the call stands in the visible part, and again in the part JUDGE, outside of any block and with
    literal arguments: there the judge reads what was handed in, before anything runs.

    Args:
        function: the name of the function, or the function, of which then no more than itself and its helper
            functions are read.
        modules: the modules that the cells may use, such as "torch", "torch.nn.functional".
        never: no attribute, and no name from elsewhere, may contain one of these texts, such as "conv".
            Names that the cells define themselves may.
        numbers: at most so many numeric literals may stand in the cells, and no long strings, so that no
            learned weights are hidden there.

    Raises:
        Wrong: the code breaks the rule; the message names the cell, the line and what is allowed.
    """
    if _parts.is_judging():
        return
    name = function if isinstance(function, str) else getattr(function, "__name__", "")
    rule = Rule(name, tuple(modules), tuple(never), numbers)
    _here(function, name).check(rule)


class Source:
    """The cells of a notebook, in which functions are read.

    Args:
        texts: the cells in the order in which they run.
        last: whether of several cells that bind a name the last one counts, because each was run by hand.
    """

    def __init__(self, texts: Iterable[Text], *, last: bool = False) -> None:
        self._cells = [_given_cell(text) if text.given else _Cell(text) for text in texts]
        self._last = last

    def check(self, rule: Rule) -> tuple[str, ...]:
        """Check a rule.

        Returns:
            The names of the cells that were read: the one that defines the function, and those whose names
            it uses. They stand in the order in which they run.

        Raises:
            Wrong: the code breaks the rule.
            Unreadable: no cell defines the function, or that cell is not Python.
        """
        readers = {
            cell: Reader(cell.binder, rule.modules, rule.never, lambda name: self._kinds(name, readers))
            for cell in self._cells
        }
        read: dict[_Cell, list[Problem]] = {}
        waiting = self._home(rule.function)
        while waiting:
            cell = waiting.pop()
            if cell not in read:
                read[cell] = _problems(cell, readers[cell])
                waiting += [each for name in readers[cell].names for each in self._binding(name)]
        cells = [cell for cell in self._cells if cell in read]
        declared = {name for cell in cells for name in cell.binder.attributes} - _allowed.closed()
        for cell in cells:
            strange = [(name, line) for name, line in readers[cell].unknown if name not in declared]
            read[cell] += [Problem(line, f"the attribute {name} is not allowed") for name, line in strange]
            if read[cell]:
                first = min(read[cell], key=lambda problem: problem.line)
                raise Wrong(f"{cell.name}, line {first.line}: {first.text[:SAID]}. {_allows(rule)}")
        if rule.numbers is not None and (problem := count([cell.tree for cell in cells], rule.numbers)):
            names = " and ".join(cell.name for cell in cells)
            raise Wrong(f"{names}: {problem.text}, because what was learnt may not stand in the code")
        return tuple(cell.name for cell in cells)

    def _home(self, function: str) -> list[_Cell]:
        """The cells that define a function."""
        cells = [cell for cell in self._binding(function, given=True) if not cell.given]
        if cells:
            return cells
        for cell in self._cells:
            if cell.error and re.search(rf"\b{re.escape(function)}\b", cell.source):
                raise Unreadable(f"{cell.name}: {cell.error}")
        raise Unreadable(f"no cell that is read defines {function}")

    def _binding(self, name: str, *, given: bool = False) -> list[_Cell]:
        """The cells that bind a name at their top level; without those of the course if not asked for."""
        cells = [cell for cell in self._cells if name in cell.names]
        return [cell for cell in (cells[-1:] if self._last else cells) if given or not cell.given]

    def _kinds(self, name: str, readers: Mapping[_Cell, Reader]) -> set[Bound]:
        """What a name is bound to at the top level."""
        cells = self._binding(name, given=True)
        return {bound for cell in cells for bound in readers[cell].bound(cell.binder.module, name)}


class _Cell:
    """A cell as a syntax tree: empty, with `error` as the reason, where it cannot be read."""

    def __init__(self, text: Text) -> None:
        self.name, self.source, self.given, self.error = text.name, text.source, text.given, ""
        self.tree = ast.Module([], [])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the student's code, such as a backslash in a text
                self.tree = ast.parse(as_run(text.source))
            self.binder = Binder(self.tree, given=text.given)
        except SyntaxError as error:
            self.error = f"SyntaxError: {error.msg}" + (f" (line {error.lineno})" if error.lineno else "")
        except (ValueError, UnicodeError) as error:
            self.error = f"it cannot be read: {error}"
        except (RecursionError, MemoryError):
            self.error = "it is nested too deeply to be read"
        if self.error:
            self.tree = ast.Module([], [])
            self.binder = Binder(self.tree)
        module = self.binder.module
        self.names = module.names.keys() | module.aliases.keys()


@lru_cache(maxsize=64)
def _given_cell(text: Text) -> _Cell:
    """The same cells of the course stand in each submission."""
    return _Cell(text)


def _problems(cell: _Cell, reader: Reader) -> list[Problem]:
    try:
        reader.visit(cell.tree)
    except RecursionError:
        return [Problem(1, "it is nested too deeply to be read")]
    return reader.problems


def _allows(rule: Rule) -> str:
    modules = f" and of {', '.join(rule.modules)}" if rule.modules else ", without any module"
    return f"Write {rule.function} with the means of Python itself{modules}"


def _here(function: str | Callable[..., Any], name: str) -> Source:
    """The cells of the notebook that runs here, or the file of the function.

    Raises:
        Wrong: there is no source to read.
    """
    texts = _inputs()
    if isinstance(function, str) and texts:
        return Source([_of_its_author(text, name) for text in texts], last=True)
    target = function if callable(function) else getattr(sys.modules.get("__main__"), name, None)
    texts = texts if any(name in text.source for text in texts) else _compiled_with(target)
    if not texts:
        with contextlib.suppress(OSError, TypeError):
            texts = [Text("file", inspect.getsource(module))] if (module := inspect.getmodule(target)) else []
    pieces = [piece for text in texts for piece in _statements(text.source)]
    if not any(piece.name == name for piece in pieces):
        raise Unreadable(
            f"the source of {name or 'the function'} cannot be read here. Define it with `def` in a cell of "
            "this notebook, and run both cells again"
        )
    return Source(pieces, last=True)


def _compiled_with(function: Any) -> list[Text]:
    """The cells of a kernel without a history, as IPython compiled them; none for a function of a file."""
    code = getattr(inspect.unwrap(function) if callable(function) else None, "__code__", None)
    cells = {name: entry[2] for name, entry in linecache.cache.items() if len(entry) > 2 and entry[1] is None}
    if code is None or code.co_filename not in cells:
        return []
    folder = Path(code.co_filename).parent
    return [Text("cell", "".join(lines)) for name, lines in cells.items() if Path(name).parent == folder]


def _inputs() -> list[Text]:
    """The cells that were run so far: of a notebook, or of the process that runs cells without one."""
    shell = None
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
    if shell is not None:
        history = getattr(shell, "history_manager", None)
        cells = enumerate(history.input_hist_raw if history else shell.user_ns.get("In", ()))
        return [Text(f"In[{i}]", text, _is_given(text)) for i, text in cells if text]
    return [
        Text(name[6:-1], "".join(entry[2]), name.startswith("<cell setup"))
        for name, entry in linecache.cache.items()
        if name.startswith("<cell ") and len(entry) == 4
    ]


def _is_given(text: str) -> bool:
    """Whether a cell is one of the course's, which imports coursekit or checks something."""
    return bool(re.search(r"^(from|import) coursekit\b|^check\.|^with check\.", text, re.MULTILINE))


def _of_its_author(text: Text, function: str) -> Text:
    """The cell; one that defines the function is the student's, even if it imports coursekit."""
    defines = re.search(rf"^def {re.escape(function)}\b", text.source, re.MULTILINE)
    return Text(text.name, text.source, text.given and not defines)


def _statements(text: str) -> list[Text]:
    """The statements of a cell or a file. Functions and classes are read; the others give values."""
    try:
        tree = ast.parse(as_run(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    pieces = []
    for node in tree.body:
        source = "\n" * (node.lineno - 1) + (ast.get_source_segment(text, node) or "")
        name = node.name if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ""
        pieces.append(Text(name, source, given=not name))
    return pieces
