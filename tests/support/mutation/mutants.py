"""The mutants of a module: its code with one comparison, or one ``and`` or ``or``, broken."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Final, NamedTuple

_BROKEN: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""Each comparison negated; one of order with its boundary shifted as well."""


class Mutant(NamedTuple):
    """One way in which a module is broken."""

    path: Path
    function: str
    """The qualified name of the function that holds it; empty for the module's own code."""
    change: str
    """``original → mutated``, with a number behind it where the function holds the same more than once."""
    lines: range
    """The lines whose execution can show it."""
    code: CodeType
    """The whole module, compiled with the mutation."""


def mutants_of(path: Path) -> list[Mutant]:
    """Every mutant of the module."""
    tree = ast.parse(path.read_text("utf-8"))
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for function, line, node in list(_places(tree, (), 1)):
        original = ast.unparse(node)
        for _ in _mutations(node):
            change = f"{original} → {ast.unparse(node)}"
            seen[function, change] += 1
            numbered = f"{change} ({seen[function, change]})" if seen[function, change] > 1 else change
            lines = range(line, (node.end_lineno or line) + 1)
            found.append(Mutant(path, function, numbered, lines, compile(tree, str(path), "exec")))
    return found


def _mutations(node: ast.Compare | ast.BoolOp) -> Iterator[None]:
    """Break the node in each way in turn; it is whole again after the last."""
    if isinstance(node, ast.BoolOp):
        whole = node.op
        node.op = ast.Or() if isinstance(whole, ast.And) else ast.And()
        yield
        node.op = whole
        return
    for index, operator in enumerate(node.ops):
        for broken in _BROKEN[type(operator)]:
            node.ops[index] = broken()
            yield
        node.ops[index] = operator


def _places(node: ast.AST, scope: tuple[str, ...], line: int) -> Iterator[tuple[str, int, ast.Compare | ast.BoolOp]]:
    """The function, the first line of the statement, and the node of everything that can be broken."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        scope = (*scope, node.name)
    if isinstance(node, ast.stmt):
        line = node.lineno
    if isinstance(node, ast.Compare | ast.BoolOp):
        yield ".".join(scope), line, node
    for child in ast.iter_child_nodes(node):
        yield from _places(child, scope, line)
