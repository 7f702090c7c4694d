"""Reads a cell against a rule: what its names, attributes, imports and literals are."""

# ruff: noqa: N802, N815 - the names of the methods are those of ast.NodeVisitor

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coursekit.check import _allowed
from coursekit.check._scopes import Binder, Bound, Scope, Walker, alias_of, arguments

STRING = 200  # characters of a string, where the numbers of a cell are limited
STRINGS = 2_000  # characters of all strings and names together
NODES = 4_000  # nodes of the syntax trees
DIGITS = 20  # of a number

_NODES: tuple[type[ast.AST], ...] = (
    ast.Module, ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.Return, ast.Delete, ast.Assign, ast.AugAssign,
    ast.AnnAssign, ast.For, ast.While, ast.If, ast.With, ast.withitem, ast.Match, ast.match_case, ast.pattern,
    ast.Raise, ast.Try, ast.ExceptHandler, ast.Assert, ast.Import, ast.ImportFrom, ast.alias, ast.Global,
    ast.Nonlocal, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.BoolOp, ast.NamedExpr, ast.BinOp,
    ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.comprehension, ast.Yield, ast.YieldFrom, ast.Compare, ast.Call, ast.keyword, ast.FormattedValue,
    ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple,
    ast.Slice, ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.arguments, ast.arg,
)  # fmt: skip


_SAYING = ("print", "str", "repr", "isinstance", "issubclass")  # functions that do not give a type on


@dataclass(frozen=True)
class Problem:
    """What breaks a rule, in which line of the cell."""

    line: int
    text: str


class Reader(Walker):
    """Reads one cell.

    Args:
        binder: what the cell binds.
        modules: the modules that it may use.
        never: texts that no attribute, and no name from elsewhere, may contain.
        elsewhere: what a name at the top level of all cells is bound to.
    """

    def __init__(
        self,
        binder: Binder,
        modules: tuple[str, ...],
        never: tuple[str, ...],
        elsewhere: Callable[[str], set[Bound]],
    ) -> None:
        self._binder, self._elsewhere = binder, elsewhere
        self._modules = (*modules, *_allowed.EVERYBODY)
        self._never = tuple(text.lower() for text in never)
        self.scope = binder.module
        self.problems: list[Problem] = []
        self.names: set[str] = set()  # used, and bound at the top level of some cell
        self.unknown: list[tuple[str, int]] = []  # attributes that only a class of the student's can have
        self._fine: set[ast.AST] = set()  # calls of `type` and `super` where they do no harm
        self._bound: dict[tuple[int, str], set[Bound]] = {}
        self._paths: dict[ast.expr, str | None] = {}

    # Statements

    def visit(self, node: ast.AST) -> None:
        """Visit a node of a known kind."""
        if isinstance(node, _NODES) and not getattr(node, "type_params", None):
            super().visit(node)
        else:
            self._refuse(node, f"this form of Python ({type(node).__name__}) is not allowed")

    def _enter(self, node: ast.AST, kind: str) -> Scope:
        return self._binder.scopes[node]

    def visit_Import(self, node: ast.Import) -> None:
        """Check the modules."""
        self._not_in_class(node)
        for alias in node.names:
            self._bindable(alias.asname, node)
            if not _allowed.within(alias.name, self._modules):
                self._refuse(node, f"the module {alias.name} is not allowed")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Check the module and each member."""
        self._not_in_class(node)
        if node.level or not node.module:
            self._refuse(node, "a relative import is not allowed")
            return
        for alias in node.names:
            self._bindable(alias.asname, node)
            if alias.name == "*":
                self._refuse(node, "name what you import: `import *` is not allowed")
            elif not _allowed.within(f"{node.module}.{alias.name}", self._modules):
                self._member(node.module, alias.name, node)

    def _not_in_class(self, node: ast.AST) -> None:
        if self.scope.kind == "class":
            self._refuse(node, "an import inside a class is not allowed: put it before the class")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Check the name and the parameters."""
        if not (self.scope.kind == "class" and node.name in _allowed.METHODS):
            self._bindable(node.name, node)
        self._parameters(node.args)
        super().visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Check the parameters."""
        self._parameters(node.args)
        super().visit_Lambda(node)

    def _parameters(self, node: ast.arguments) -> None:
        for each in arguments(node):
            self._bindable(each.arg, each)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Check the name; a class has no keywords such as `metaclass`."""
        self._bindable(node.name, node)
        if node.keywords:
            self._refuse(node, f"the class {node.name} must not have a metaclass or other keywords")
        super().visit_ClassDef(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Check both sides; a module may get another name."""
        if not (alias_of(node) and self.scope.kind != "class" and self.path(node.value, self.scope)):
            self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Check the name of the error."""
        self._bindable(node.name, node)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Check the name that a pattern gives."""
        self._bindable(node.name, node)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Check the name that a pattern gives."""
        self._bindable(node.name, node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Check the name that a pattern gives."""
        self._bindable(node.rest, node)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        """Check the attributes that a pattern reads; those that it does not name may be any."""
        for attribute in node.kwd_attrs:
            self._attribute(attribute, node)
        if node.patterns and not (isinstance(node.cls, ast.Name) and node.cls.id in _allowed.BUILTINS):
            self._refuse(node, "a pattern of a class must name its attributes")
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        """Check the names."""
        for name in node.names:
            self._bindable(name, node)

    visit_Nonlocal = visit_Global  # type: ignore[assignment]  # it has the same field

    # Expressions

    def generic_visit(self, node: ast.AST) -> None:
        """Visit the parts of a node."""
        if any(getattr(part, "is_async", 0) for part in getattr(node, "generators", ())):
            self._refuse(node, "`async` is not allowed")
        super().generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Types may be compared."""
        self._fine.update((node.left, *node.comparators))
        self.generic_visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        """A type may stand in a text."""
        self._fine.add(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """`type` and `super` are allowed in plain forms only: with more, they make and open classes."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("type", "super") and self._built_in(name):
            plain = len(node.args) == (name == "type") and not node.keywords
            if node not in self._fine or not plain or any(isinstance(a, ast.Starred) for a in node.args):
                allowed = "type(x).__name__ and type(x) is ..." if name == "type" else "super().method(...)"
                self._refuse(node, f"of {name}, only {allowed} are allowed")
        else:
            self.visit(node.func)
        if name in _SAYING and self.scope.find(name) is None and not self._elsewhere(name):
            self._fine.update(node.args)
        for part in (*node.args, *node.keywords):
            self.visit(part)

    def visit_Name(self, node: ast.Name) -> None:
        """Check a name that is read, or bound."""
        if not isinstance(node.ctx, ast.Load):
            self._bindable(node.id, node)
            return
        kinds = self._kinds(node.id, self.scope)
        paths = {self._path_of(bound) for bound in kinds}
        if not kinds or self._built_in(node.id):
            self._builtin(node)
        elif "" not in paths and len(paths) == 1:
            self._refuse(node, f"the module {paths.pop()} is not a value: use its functions by their names")
        elif paths != {""}:
            self._refuse(node, f"{node.id} names a module and something else: take two names")
        for bound in kinds:
            if bound.member and not self._path_of(bound):
                self._member(bound.module, bound.member, node)
            elif bound.given and not bound.module:
                self._forbidden(node.id, node)

    def _builtin(self, node: ast.Name) -> None:
        """Check a name that Python itself may give."""
        if node.id == "__name__":
            return
        if node.id in ("type", "super"):
            self._refuse(node, f"{node.id} is allowed in a call only")
        elif node.id not in vars(builtins):
            self._refuse(node, f"{node.id} is not defined in the marked cells or the setup")
        elif node.id not in _allowed.BUILTINS:
            self._refuse(node, f"{node.id} is not allowed")
        self._forbidden(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Check an attribute: that of a module is its member; any other object may have those of a list."""
        path = self.path(node.value, self.scope)
        if path is None:
            self._fine.update({node.value} if self._opens(node) else ())
            self.visit(node.value)
            self._attribute(node.attr, node)
        if not isinstance(node.ctx, ast.Load) and self._is_of_module(node.value):
            self._refuse(node, f"{ast.unparse(node)} is not yours to change")
        elif path is not None and _allowed.within(f"{path}.{node.attr}", self._modules):
            self._refuse(
                node, f"the module {path}.{node.attr} is not a value: use its functions by their names"
            )
        elif path is not None:
            self._member(path, node.attr, node)

    def _opens(self, node: ast.Attribute) -> bool:
        """Whether it is `type(x).__name__` or `super().method`."""
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return False
        return call.func.id == "super" or (call.func.id == "type" and node.attr == "__name__")

    def _is_of_module(self, node: ast.expr) -> bool:
        """Whether an object is a module, or comes straight from one."""
        if self.path(node, self.scope):
            return True
        if isinstance(node, ast.Name):
            return any(bound.module for bound in self._kinds(node.id, self.scope))
        return isinstance(node, ast.Attribute) and self._is_of_module(node.value)

    # What names and attributes are

    def path(self, node: ast.expr, scope: Scope) -> str | None:
        """The module that an expression such as `torch.nn` is; None if it is no module, or one of two."""
        if node not in self._paths:
            self._paths[node] = self._path(node, scope)
        return self._paths[node]

    def _path(self, node: ast.expr, scope: Scope) -> str | None:
        if isinstance(node, ast.Name):
            paths = {self._path_of(bound) for bound in self._kinds(node.id, scope)}
            return paths.pop() or None if len(paths) == 1 else None
        if not isinstance(node, ast.Attribute):
            return None
        path = self.path(node.value, scope)
        inner = f"{path}.{node.attr}"
        return inner if path and _allowed.within(inner, self._modules) else None

    def _path_of(self, bound: Bound) -> str:
        """The module that a name is bound to; empty if it is no module that could be used."""
        if not bound.member:
            return bound.module
        path = f"{bound.module}.{bound.member}"
        return path if _allowed.within(path, self._modules) else ""

    def _kinds(self, name: str, scope: Scope) -> set[Bound]:
        """What a name may be bound to."""
        home = scope.find(name)
        if home is None or home.kind == "module":
            self.names.add(name)
            return self._elsewhere(name)
        kinds = self.bound(home, name)
        if home.kind == "class" and home.outer:  # before the class has it, the name is that of outside
            kinds = kinds | self._kinds(name, home.outer)
        return kinds

    def bound(self, scope: Scope, name: str) -> set[Bound]:
        """What a scope binds a name to, aliases followed."""
        key = id(scope), name
        if key not in self._bound:
            kinds = set(scope.names.get(name, ()))
            aliases = scope.aliases.get(name, ())
            self._bound[key] = kinds | {Bound(given=self._binder.given)} if aliases else kinds  # in a circle
            paths = {self.path(value, there) or "" for value, there in aliases}
            self._bound[key] = kinds | {Bound(path, given=self._binder.given) for path in paths}
        return self._bound[key]

    def _built_in(self, name: str) -> bool:
        """Whether a name may be Python's own: what a cell binds at its top level can be gone at any time."""
        home = self.scope.find(name)
        special = name in vars(builtins) and (name not in _allowed.BUILTINS or name in ("type", "super"))
        return special and (home is None or home.kind in ("module", "class"))

    def _member(self, module: str, name: str, node: ast.AST) -> None:
        """Check a member of a module."""
        if self._forbidden(name, node):
            return
        if module not in self._modules or not _allowed.is_member(module, name):
            self._refuse(node, f"{module}.{name} is not allowed")

    def _attribute(self, name: str, node: ast.AST) -> None:
        """Check an attribute of an object of which nothing is known."""
        if self._forbidden(name, node) or name == "__name__" or name in _allowed.METHODS:
            return
        if name == "format" and isinstance(node, ast.Attribute):
            if not _is_plain_format(node.value):
                self._refuse(
                    node, "format is allowed for literal texts only, with fields such as {} and {0:.2f}"
                )
        elif name.startswith("__"):
            self._refuse(node, f"the attribute {name} is not allowed")
        elif name not in _allowed.attributes(self._modules):
            self.unknown.append((name, getattr(node, "lineno", 1)))

    def _forbidden(self, name: str, node: ast.AST) -> bool:
        """Refuse a name that contains a forbidden text."""
        text = next((text for text in self._never if text in name.lower()), "")
        if text:
            self._refuse(node, f"{name} is not allowed: write it yourself, without names with {text!r}")
        return bool(text)

    def _bindable(self, name: str | None, node: ast.AST) -> None:
        if name is not None and name.startswith("__"):
            self._refuse(node, f"the name {name} is not allowed: two underscores begin Python's own names")

    def _refuse(self, node: ast.AST, text: str) -> None:
        self.problems.append(Problem(getattr(node, "lineno", 1), text))


def _is_plain_format(node: ast.expr) -> bool:
    """Whether it is a literal text whose fields name no attributes or items."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return not re.search(r"\{[^{}:!]*[.\[]", node.value.replace("{{", ""))


def count(trees: Iterable[ast.Module], numbers: int) -> Problem | None:
    """What of some cells is more than their rule on numbers allows; the line is 0."""
    amounts = {"numbers": 0, "characters in texts and names": 0, "parts of syntax": 0}
    names: set[str] = set()
    for tree in trees:
        skipped = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            names.update(
                value for value in vars(node).values() if isinstance(value, str) and value.isidentifier()
            )
            amounts["parts of syntax"] += 1
            if not isinstance(node, ast.Constant):
                continue
            value = node.value
            if isinstance(value, (str, bytes)) and node not in skipped:
                amounts["characters in texts and names"] += _letters(value)
                if _letters(value) > STRING:
                    return Problem(
                        node.lineno, f"a text of {_letters(value)} characters; at most {STRING} are allowed"
                    )
            elif isinstance(value, (int, float, complex)) and not isinstance(value, bool):
                amounts["numbers"] += 1
                if isinstance(value, int) and value.bit_length() > 3.4 * DIGITS:
                    return Problem(node.lineno, f"a number of more than {DIGITS} digits")
    amounts["characters in texts and names"] += sum(map(_letters, names))
    limits = {"numbers": numbers, "characters in texts and names": STRINGS, "parts of syntax": NODES}
    for what, limit in limits.items():
        if amounts[what] > limit:
            return Problem(0, f"{amounts[what]:,} {what}; at most {limit:,} are allowed")
    return None


def _letters(text: str | bytes) -> int:
    """The length of a text; a letter from beyond ASCII can hold several numbers, and counts for more."""
    return len(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
