from __future__ import annotations

import ast
import sys
from pathlib import Path

from tests.architecture.sources import ROOT, body_lines, calls, functions, place, python_files, top_level_imports, tree

OURS = ("reminders", "workers", "migrations")
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}
PATCHES = {"monkeypatch.setattr", "mocker.patch", "mock.patch", "patch.object"}
SKIPS = {
    "pytest.skip",
    "pytest.xfail",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
    "pytest.importorskip",
}
WITHOUT_BROWSER = {"tests/browser/conftest.py"}
"""Where tests may be skipped, all together, on a machine that has no browser; CI names one, and fails without it."""


def test_only_the_unit_of_work_commits() -> None:
    allowed = ROOT / "reminders" / "store" / "unit_of_work.py"
    assert allowed.exists()
    stray = [
        place(path, call)
        for path in python_files(*OURS)
        if path != allowed
        for call, name in calls(path)
        if name.endswith(".commit")
    ]
    assert not stray, f"one commit per step, in one place, or a crash leaves half a step behind: {stray}"


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{place(path, function)} {function.name}: {body_lines(function)}"
        for path in python_files(*OURS)
        if "versions" not in path.parts  # a migration lists what it does, however much that is
        for function in functions(path)
        if body_lines(function) > 40
    ]
    assert not long, f"more than 40 lines hide a second idea; give it a name: {long}"


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {
        place(path): len(path.read_text().splitlines())
        for path in python_files(*OURS, "tests")
        if "versions" not in path.parts  # as above
    }
    long = {path: lines for path, lines in lengths.items() if lines > 400}
    assert not long, f"a module is one noun or one step; these hold more: {long}"


def test_there_are_no_drawers() -> None:
    drawers = [place(path) for path in python_files(*OURS, "tests") if DRAWERS & {path.stem, *path.parent.parts}]
    assert not drawers, f"a name that fits everything tells nobody where to look: {drawers}"


def test_no_test_patches_or_is_skipped() -> None:
    forbidden = PATCHES | SKIPS
    found = [
        f"{place(path, node)} {ast.unparse(node)}"
        for path in python_files("tests")
        if path.relative_to(ROOT).as_posix() not in WITHOUT_BROWSER
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in forbidden
    ]
    assert not found, f"give the thing a port and a twin in memory; a test that cannot run must fail: {found}"


def test_no_test_imports_a_mock() -> None:
    found = [place(path) for path in python_files("tests") if "mock" in _imported_words(path)]
    assert not found, (
        f"a mock agrees with whatever we believe; a twin in memory passes the same suite as the real one: {found}"
    )


def test_the_bootstrap_runs_on_a_bare_python() -> None:
    for name in ("__init__.py", "__main__.py", "chores.py"):
        strange = top_level_imports(ROOT / "reminders" / name) - sys.stdlib_module_names
        assert not strange, f"reminders/{name} runs before anything is installed, yet imports {strange}"


def test_the_bootstrap_can_be_read_by_older_pythons() -> None:
    for name in ("__init__.py", "__main__.py"):
        ast.parse((ROOT / "reminders" / name).read_text(), feature_version=(3, 7))


def _imported_words(path: Path) -> set[str]:
    imports = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {word for node in imports for word in ast.unparse(node).replace(".", " ").split()}
