"""What the names of a cell stand for: the scopes of Python, and what is bound in each."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Bound:
    """What a statement binds a name to.

    Attributes:
        module: the module, or the module of which it is a member; empty for any other value.
        member: the name of the member, of `from module import member`.
        given: whether a cell of the course binds it.
    """

    module: str = ""
    member: str = ""
    given: bool = False


@dataclass
class Scope:
    """A scope: the top level of a cell, a function, a comprehension or a class.

    Attributes:
        kind: "module", "function", "comprehension" or "class".
        outer: the scope around it.
        names: what each name is bound to.
        aliases: names that are assigned a name or a path, such as `torch.nn`: the path, and where it stands.
        elsewhere: the names of its `global` statements.
        around: the names of its `nonlocal` statements.
    """

    kind: str
    outer: Scope | None = None
    names: dict[str, set[Bound]] = field(default_factory=dict)
    aliases: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    around: set[str] = field(default_factory=set)

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.outer:
            scope = scope.outer
        return scope

    def find(self, name: str) -> Scope | None:
        """The scope in which Python looks a name up; None where it is another cell's, or built in."""
        scope: Scope | None = self
        while scope:
            visible = scope is self or scope.kind != "class"
            if visible and name in scope.elsewhere:
                return self.module
            if visible and name not in scope.around and (name in scope.names or name in scope.aliases):
                return scope
            scope = scope.outer
        return None


class Walker(ast.NodeVisitor):
    """Visits the nodes of a cell, each with `scope` as the scope it belongs to."""

    scope: Scope

    def _enter(self, node: ast.AST, kind: str) -> Scope:
        """The scope that a function, a comprehension or a class opens."""
        raise NotImplementedError

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Visit what stands around a function, then its body."""
        for part in outside(node):
            self.visit(part)
        self._inside(node, "function", node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Visit it like another function."""
        self.visit_FunctionDef(node)  # type: ignore[arg-type]  # it has the same fields

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Visit the defaults of a lambda, then its body."""
        for part in outside(node):
            self.visit(part)
        self._inside(node, "function", [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Visit what stands around a class, then its body."""
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._inside(node, "class", node.body)

    def generic_visit(self, node: ast.AST) -> None:
        """Visit the parts of a node; a comprehension opens a scope."""
        if not isinstance(node, COMPREHENSIONS):
            super().generic_visit(node)
            return
        self.visit(node.generators[0].iter)
        self._inside(node, "comprehension", list(inside(node)))

    def _inside(self, node: ast.AST, kind: str, parts: Sequence[ast.AST]) -> None:
        around = self.scope
        self.scope = self._enter(node, kind)
        for part in parts:
            self.visit(part)
        self.scope = around


class Binder(Walker):
    """Notes what a cell binds, in which scope, and which attributes it assigns.

    Args:
        tree: the cell.
        given: whether the cell is the course's.
    """

    def __init__(self, tree: ast.Module, *, given: bool = False) -> None:
        self.given = given
        self.scope = self.module = Scope("module")
        self.scopes: dict[ast.AST, Scope] = {}  # of each function, comprehension and class
        self.attributes: set[str] = set()  # those that are assigned, and those that classes define
        self.visit(tree)
        for scope in self.scopes.values():
            _settle(scope)

    def _enter(self, node: ast.AST, kind: str) -> Scope:
        scope = self.scopes[node] = Scope(kind, self.scope)
        if isinstance(node, FUNCTIONS):
            for each in arguments(node.args):
                scope.names.setdefault(each.arg, set()).add(self._value)
        return scope

    def visit_Import(self, node: ast.Import) -> None:
        """Bind modules."""
        for alias in node.names:
            path = alias.name if alias.asname else alias.name.split(".")[0]
            self._bind(alias.asname or path, Bound(path, given=self.given))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Bind members of a module, some of which are modules."""
        for alias in node.names:
            bound = Bound(node.module or ".", alias.name, self.given)
            self._bind(alias.asname or alias.name, bound)

    def visit_Name(self, node: ast.Name) -> None:
        """Bind what is assigned or deleted."""
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Bind names; `f = torch.nn` gives a module another name."""
        self.visit(node.value)
        if (name := alias_of(node)) and self.scope.kind != "class":
            self._target(name).aliases.setdefault(name, []).append((node.value, self.scope))
            return
        for each in node.targets:
            self.visit(each)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Bind a name in the function around a comprehension."""
        self.visit(node.value)
        inner = self.scope
        while self.scope.kind == "comprehension" and self.scope.outer:
            self.scope = self.scope.outer
        self.visit(node.target)
        self.scope = inner

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Note an attribute that is assigned."""
        if isinstance(node.ctx, ast.Store):
            self.attributes.add(node.attr)
        self.visit(node.value)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Bind the error."""
        self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Bind what a pattern takes."""
        self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Bind the rest of a sequence."""
        self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Bind the rest of a dict."""
        self._bind(node.rest)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        """Bind at the top level from now on."""
        self.scope.elsewhere.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        """Bind in a function around this one."""
        self.scope.around.update(node.names)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Bind the function."""
        self._bind(node.name)
        super().visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Bind the class."""
        self._bind(node.name)
        super().visit_ClassDef(node)

    @property
    def _value(self) -> Bound:
        return Bound(given=self.given)

    def _target(self, name: str) -> Scope:
        return self.module if name in self.scope.elsewhere else self.scope

    def _bind(self, name: str | None, bound: Bound | None = None) -> None:
        if name is None:
            return
        if self.scope.kind == "class":
            self.attributes.add(name)
        self._target(name).names.setdefault(name, set()).add(bound or self._value)


def _settle(scope: Scope) -> None:
    """Move what a scope binds by `nonlocal` to the function around it that has the name."""
    for name in scope.around:
        target = scope.outer.find(name) if scope.outer else None
        if target and target.kind != "module":
            target.names.setdefault(name, set()).update(scope.names.get(name, ()))
            target.aliases.setdefault(name, []).extend(scope.aliases.get(name, ()))


def alias_of(node: ast.Assign) -> str:
    """The name that a statement such as `f = torch.nn` gives to a name or a path; empty if it does not."""
    target, value = node.targets[0], node.value
    while isinstance(value, ast.Attribute):
        value = value.value
    single = len(node.targets) == 1 and isinstance(target, ast.Name) and isinstance(value, ast.Name)
    return target.id if single and isinstance(target, ast.Name) else ""


def arguments(node: ast.arguments) -> Iterator[ast.arg]:
    """The parameters of a function."""
    yield from (*node.posonlyargs, *node.args, *node.kwonlyargs)
    yield from (each for each in (node.vararg, node.kwarg) if each)


def outside(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[ast.expr]:
    """What of a function belongs to the scope around it: decorators, defaults, annotations."""
    yield from node.args.defaults
    yield from (each for each in node.args.kw_defaults if each)
    if isinstance(node, ast.Lambda):
        return
    yield from node.decorator_list
    yield from (each.annotation for each in arguments(node.args) if each.annotation)
    if node.returns:
        yield node.returns


def inside(node: Any) -> Iterator[ast.AST]:
    """What of a comprehension belongs to its own scope: all but the first iterable."""
    for number, generator in enumerate(node.generators):
        yield generator.target
        if number:
            yield generator.iter
        yield from generator.ifs
    yield from (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
