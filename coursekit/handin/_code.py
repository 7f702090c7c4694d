"""What the code of a cell defines and uses, read from its syntax tree. Nothing is run."""

from __future__ import annotations

import ast
import re
import symtable
import warnings

from coursekit._shared._source import compiled

SOURCE = 200_000  # characters of a marked cell, in all its copies
LONGEST = 20_000  # characters of a cell of code that may be an answer in words
ANSWER = 12  # words that a cell of code must have to be taken for an answer in words
_CODE = re.compile(  # a line that is code, in a cell that does not compile
    r"(?m)^\s*(?:@|%|!|(?:def|class|import|from|return|raise|print|for|while|if|with|try|else)\b|"
    r"[\w.\[\]]+ *[-+*/]?=[^=])"
)


def defined(text: str) -> list[str]:
    """The functions and classes that a text defines at its top level."""
    return re.findall(r"^(?:def|class) +(\w+)", text, re.MULTILINE)


def bound(text: str) -> set[str]:
    """The names that a cell defines at its top level: functions, classes, variables, imports."""
    names: set[str] = set()
    for node in _tree(text).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names |= {
                part.id
                for part in ast.walk(node)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names


def is_prose(text: str) -> bool:
    """Whether a cell of code holds no code but an answer in words: comments, strings, or no Python at all."""
    if len(text) > LONGEST or len(re.findall(r"[^\W\d_]{2,}", text)) < ANSWER:
        return False
    if parses(text):
        strings = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in _tree(text).body
        )
        return all(strings)
    return not _CODE.search(text)


def used(text: str) -> set[str]:
    """The names that a cell takes from the notebook: parameters and variables of its functions are none."""
    try:
        tables = [symtable.symtable(ast.unparse(_tree(text)), "<cell>", "exec")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {
            name.get_name() for name in table.get_symbols() if name.is_global() and name.is_referenced()
        }
    return names


def fault(text: str) -> str:
    """Why a cell does not compile, with the line of the cell; empty if it does."""
    try:
        _parse(text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def still_raises(text: str, stub: str) -> str:
    """The line of a stub, such as `raise NotImplementedError("task 1")`, that a function still comes to.

    Args:
        text: the cell as the student has it.
        stub: the cell as it was handed out.

    Returns:
        The line; empty if no function ends with it any more. What stands behind a `return` is not reached.
    """
    stubs = {ast.unparse(node) for node in ast.walk(_tree(stub)) if isinstance(node, ast.Raise)}
    last = {node.name: node for node in _tree(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in last.values():  # of several with one name, the last one counts
        for function in ast.walk(node):
            if isinstance(function, ast.FunctionDef) and (line := _first_exit(function)) in stubs:
                return line.replace("'", '"')
    return ""


def _first_exit(function: ast.FunctionDef) -> str:
    """The first `return` or `raise` among the statements of a function itself."""
    exits = (node for node in function.body if isinstance(node, (ast.Return, ast.Raise)))
    return ast.unparse(next(exits, ast.Pass()))


def parses(text: str) -> bool:
    """Whether a cell compiles."""
    return not fault(text)


def _tree(text: str) -> ast.Module:
    """A cell as a syntax tree; empty where it does not compile, or is too long to look at."""
    try:
        return _parse(text) if len(text) <= SOURCE else ast.Module([], [])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a student's code: they would stand in the middle of the report
        tree: ast.Module = compiled(text, "<cell>", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return tree
