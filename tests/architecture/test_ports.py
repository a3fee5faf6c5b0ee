from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import ROOT, classes, python_files

MEMORY = "memory"
PORTS = [
    node.name
    for node in classes(ROOT / "reminders" / "ports.py")
    if any(ast.unparse(base) == "Protocol" for base in node.bases)
]


def makers(port: str) -> tuple[set[str], set[str]]:
    """The adapters of a port, by the rule that the maker's name goes before it: real ones, and those in memory."""
    found = [
        (node.name, MEMORY in path.relative_to(ROOT / "reminders" / "adapters").parts[0])
        for path in python_files("reminders/adapters")
        for node in classes(path)
        if node.name.endswith(port) and node.name != port
    ]
    return {name for name, is_memory in found if not is_memory}, {name for name, is_memory in found if is_memory}


@pytest.mark.parametrize("port", PORTS)
def test_every_port_has_a_real_adapter_and_a_twin_in_memory(port: str) -> None:
    real, twins = makers(port)
    assert real, f"no adapter is named after {port}: a port without a maker is a guess"
    assert f"Memory{port}" in twins, f"Memory{port} is missing: tests and dry runs share the twin that ships"


@pytest.mark.parametrize("port", PORTS)
def test_every_port_has_one_suite_that_all_its_adapters_pass(port: str) -> None:
    real, twins = makers(port)
    suites = [path.read_text() for path in python_files("tests/adapters") if path.stem.startswith("test_")]
    both = [text for text in suites if any(name in text for name in real) and any(name in text for name in twins)]
    assert both, (
        f"no file in tests/adapters runs one suite over {real} and {twins}: twins that are not compared drift apart"
    )
