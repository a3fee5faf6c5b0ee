from __future__ import annotations

import subprocess

from tests.architecture.sources import ROOT

ROOMS = {"reminders", "workers", "migrations", "tests"}
FILES = {"README.md", "docker-compose.yml", "pyproject.toml"}
INSISTED_ON_BY_TOOLS = {
    ".ci",
    ".dockerignore",
    ".gitignore",
    "CHANGELOG.md",
    "Dockerfile",
    "LICENSE",
    "requirements-bench.txt",
    "requirements-dev.txt",
    "requirements.txt",
}


def test_the_top_level_stays_small() -> None:
    listing = ["git", "ls-files"]
    tracked = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    names = {path.partition("/")[0] for path in tracked}
    allowed = ROOMS | FILES | INSISTED_ON_BY_TOOLS
    assert names <= allowed, (
        f"a newcomer takes in the top level at one glance; find a room for {sorted(names - allowed)}"
    )
    assert names >= ROOMS | FILES, f"the top level lacks {sorted((ROOMS | FILES) - names)}"
