"""What the judge's part of a test cell says before it runs: the rules of the task, and parts with points."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import Any

from coursekit.check import Rule


class FormatError(ValueError):
    """A rule or a part is not in its form. The message says what to change."""


def rules_of(code: str) -> tuple[Rule, ...]:
    """The rules that some code checks: its statements `check.own_work(...)`, with literal arguments.

    Raises:
        FormatError: such a call stands inside a block, or its arguments are not literal.
    """
    tree = ast.parse(code)
    calls = [
        node.value for node in tree.body if isinstance(node, ast.Expr) and _calls(node.value, "own_work")
    ]
    _only(tree, calls, "own_work", "a statement outside of any block")
    return tuple(_rule(call) for call in calls if isinstance(call, ast.Call))


def parts_of(code: str, points: float) -> tuple[tuple[str, float], ...]:
    """The parts of a judge's code: the name and the points of each block `with check.part(name, points):`.

    Args:
        code: the code.
        points: what the test cell is worth.

    Raises:
        FormatError: a part stands inside a block, has no literal name and points, or has a name twice; or the
            parts do not make up the points.
    """
    tree = ast.parse(code)
    blocks = [node for node in tree.body if isinstance(node, ast.With)]
    calls = [
        block.items[0].context_expr
        for block in blocks
        if len(block.items) == 1 and _calls(block.items[0].context_expr, "part")
    ]
    _only(tree, calls, "part", "`with check.part(name, points):` outside of any other block")
    parts = tuple(_part(call) for call in calls if isinstance(call, ast.Call))
    names = [name for name, _ in parts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FormatError(f"two parts have the name {twice[0]!r}")
    total = math.fsum(worth for _, worth in parts)
    if parts and not math.isclose(total, points):
        raise FormatError(f"its parts are worth {total:g} points together, the cell is worth {points:g}")
    return parts


def _only(tree: ast.Module, calls: list[ast.expr], name: str, form: str) -> None:
    """Refuse a use of `check.own_work` or `check.part` that is none of these calls."""
    functions = [call.func for call in calls if isinstance(call, ast.Call)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name and node not in functions:
            raise FormatError(f"line {node.lineno} of the part JUDGE: write {form}")


def _calls(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == f"check.{name}"


def _rule(call: ast.Call) -> Rule:
    names = ("function", "modules", "never", "numbers")
    values = dict(_arguments(call, names))
    function, numbers = values.get("function"), values.get("numbers")
    texts = [values.get(name, ()) for name in ("modules", "never")]
    plain = all(isinstance(each, (tuple, list)) and all(isinstance(t, str) for t in each) for each in texts)
    if not isinstance(function, str) or not plain or not (numbers is None or type(numbers) is int):
        raise FormatError(
            "check.own_work takes the name of a function, tuples of texts as modules and never, and a whole "
            f"number as numbers; it is {ast.unparse(call)}"
        )
    try:
        return Rule(function, tuple(texts[0]), tuple(texts[1]), numbers)
    except ValueError as error:
        raise FormatError(str(error)) from None


def _part(call: ast.Call) -> tuple[str, float]:
    values = dict(_arguments(call, ("name", "points")))
    name, points = values.get("name", ""), values.get("points", 0)
    if not isinstance(name, str) or not name or type(points) not in (int, float) or not 0 < points < math.inf:
        raise FormatError(
            f"check.part takes a name and a number of points above 0; it is {ast.unparse(call)}"
        )
    return name, float(points)


def _arguments(call: ast.Call, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The arguments of a call by name.

    Raises:
        FormatError: one is not literal, or is none of the names.
    """
    given = [*zip(names, call.args, strict=False), *((each.arg, each.value) for each in call.keywords)]
    if len(call.args) > len(names) or len({name for name, _ in given}) < len(given):
        raise FormatError(f"{ast.unparse(call)} has too many arguments")
    for name, value in given:
        if name not in names:
            raise FormatError(f"{ast.unparse(call)} has an argument that is none of {', '.join(names)}")
        try:
            yield str(name), ast.literal_eval(value)
        except ValueError:
            raise FormatError(f"the argument {name} of {ast.unparse(call)} is not literal") from None
