from __future__ import annotations

import re
import tomllib
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT

FILES = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt")
RECOMPILE = (
    "recompile with: uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate "
    "--no-header -o requirements.txt; then the same with --group dev -c requirements.txt -o requirements-dev.txt, "
    "and with --group bench -c requirements.txt -o requirements-bench.txt"
)


@cache
def entries(name: str) -> tuple[str, ...]:
    """The entries of a requirements file, each as one line."""
    return tuple(re.sub(r"\\\n\s*", "", (ROOT / name).read_text()).splitlines())


@cache
def pins(name: str) -> dict[str, set[str]]:
    """The pinned versions by package; a package may be pinned differently on different machines."""
    pinned: dict[str, set[str]] = {}
    for entry in entries(name):
        requirement = Requirement(entry.partition("--hash")[0])
        versions = {specifier.version for specifier in requirement.specifier if specifier.operator == "=="}
        pinned.setdefault(canonicalize_name(requirement.name), set()).update(versions)
    return pinned


@cache
def declared(group: str | None) -> tuple[Requirement, ...]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = project["dependency-groups"][group] if group else project["project"]["dependencies"]
    return tuple(Requirement(line) for line in lines)


@pytest.mark.parametrize("name", FILES)
def test_requirements_hold_pins_and_hashes_and_nothing_else(name: str) -> None:
    strange = [
        e
        for e in entries(name)
        if not re.fullmatch(r"[a-z0-9.-]+==[^ ]+( ; [^#@]+?)?( --hash=sha256:[0-9a-f]{64})+", e)
    ]
    assert not strange, f"every entry of {name} is one exact version and its hashes; these are not: {strange}"


@pytest.mark.parametrize("name", FILES)
def test_requirements_name_no_address(name: str) -> None:
    found = [entry for entry in entries(name) if re.search(r"://|--(extra-)?index-url|--find-links| @ ", entry)]
    assert not found, f"any index or mirror must serve; the reader's own configuration says which: {found}"


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (None, "requirements.txt"),
        *((None, "requirements-dev.txt"), ("dev", "requirements-dev.txt")),
        *((None, "requirements-bench.txt"), ("bench", "requirements-bench.txt")),
    ],
)
def test_requirements_satisfy_what_is_declared(group: str | None, name: str) -> None:
    unmet = [
        str(wanted)
        for wanted in declared(group)
        if not any(wanted.specifier.contains(version) for version in pins(name).get(canonicalize_name(wanted.name), ()))
    ]
    assert not unmet, f"{name} does not satisfy pyproject.toml; {RECOMPILE}: {unmet}"


@pytest.mark.parametrize("longer", FILES[1:])
def test_developers_use_the_versions_that_run(longer: str) -> None:
    other = {
        name: versions for name, versions in pins("requirements.txt").items() if pins(longer).get(name) != versions
    }
    assert not other, f"tests and measurements must speak of the versions that run; {RECOMPILE}: {other}"
