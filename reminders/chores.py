"""What a developer runs besides the tests: `python3 -m reminders check`, the list of checks in pyproject.toml."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of `[[tool.reminders.check]]`: commands that must all end with 0, and what they are for."""

    name: str
    help: str
    commands: list[list[str]]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """How a check went: what it printed counts only when it failed."""

    has_passed: bool
    output: str
    seconds: float


def check(arguments: list[str], *, root: Path) -> int:
    """Run the named checks, or all, and print a line for each. Gives 0 when all passed, else 1."""
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["reminders"]["check"]
    checks = {entry["name"]: Check(**entry) for entry in listed}
    parser = argparse.ArgumentParser(
        prog="reminders check",
        description="Check everything that is not a test; two checks run at a time.",
        epilog="\n".join(f"  {check.name:14}{check.help}" for check in checks.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="CHECK", help="only these of the checks below (default: all)")
    names = parser.parse_args(arguments).names or list(checks)
    unknown = [name for name in names if name not in checks]
    if unknown:
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(checks)}")
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda name: run(checks[name], root=root), names)
        failed = [name for name, result in zip(names, results, strict=True) if not show(name, result)]
    print(f"{len(failed)} of {len(names)} checks failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def run(check: Check, *, root: Path) -> Result:
    """Run the commands of a check one after another, up to the first that fails."""
    started = time.monotonic()
    output: list[str] = []
    code = 0
    with tempfile.TemporaryDirectory(prefix="reminders-check-") as scratch:
        places = {"python": sys.executable, "scripts": str(Path(sys.executable).parent), "scratch": scratch}
        environment = {name: value.format(**places) for name, value in check.environment.items()}
        for command in check.commands:
            done = subprocess.run(
                [word.format(**places) for word in command],
                cwd=root,
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            output.append(done.stdout)
            code = done.returncode
            if code:
                break
    return Result(has_passed=code == 0, output="".join(output), seconds=time.monotonic() - started)


def show(name: str, result: Result) -> bool:
    """Print the line of one check, and what it said where it failed. Gives whether it passed."""
    print(f"{'ok' if result.has_passed else 'FAILED':7} {name:14} {result.seconds:5.1f} s", flush=True)
    if not result.has_passed:
        print(result.output, flush=True)
    return result.has_passed
