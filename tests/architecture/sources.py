"""Our own source files as syntax trees, for tests that read code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*rooms: str) -> list[Path]:
    """Every Python file in these folders of the repository."""
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def place(path: Path, node: ast.stmt | ast.expr | None = None) -> str:
    """How a message names a place: `reminders/core/gate.py:12`."""
    return str(path.relative_to(ROOT)) + (f":{node.lineno}" if node else "")


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), filename=str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function of a file, methods and inner ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """Every class of a file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef))


def body_lines(function: Function) -> int:
    """How many lines a function takes from its `def` on, its docstring left out: explaining should cost nothing."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and ast.get_docstring(function)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call in a file, with what is called as text: `session.commit`."""
    return ((node, ast.unparse(node.func)) for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def top_level_imports(path: Path) -> set[str]:
    """The first names of the modules that a file imports as soon as it is imported itself."""
    names: set[str] = set()
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names
