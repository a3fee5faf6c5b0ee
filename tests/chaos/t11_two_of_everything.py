"""T11: two of everything at once, and the release before this one beside it.

Two installations of processes share a database, a broker and a provider: two beats, two sets of workers, two webs, two
upkeeps and so two resolvers. Then the second half is an older release, taken from the history, on the newest schema.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from typing_extensions import override

from tests.chaos.experiments import Options, Report, kept, tell
from tests.chaos.processes import ROOT, Commands, Launcher, Order, Part
from tests.chaos.stack import Setup, Stack
from tests.chaos.t01_random_kills import FAULTS, run_seed
from tests.journeys.programs import free_port

OLD_RELEASE = "95c95bae99a2a9f9709e2658c9936a10886da4ce"
"""The last commit before the sixth migration: what ran beside the new code while it was rolled out."""
USUAL, QUICK = 10_000, 600
"""Reminders of each half of the experiment."""
SECRET = "a secret that both halves of an experiment know"


class Elsewhere(Commands):
    """Starts the commands of another tree."""

    def __init__(self, tree: Path) -> None:
        super().__init__()
        self._tree = tree

    @override
    def start(self, order: Order) -> int:
        """Start `python -m …` there."""
        with order.log.open("ab") as output:
            process = subprocess.Popen(
                (sys.executable, "-m", *order.words),
                env=order.environment,
                cwd=self._tree,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._processes[process.pid] = process
        return process.pid


class Doubled(Stack):
    """A stack with a second half: its own web, beat, workers and data folder; `tree` is where its code is."""

    def __init__(self, setup: Setup, folder: Path, *, tree: Path = ROOT) -> None:
        """Describe it."""
        super().__init__(setup, folder)
        self.second_port = free_port()
        self._tree = tree

    @override
    def __enter__(self) -> Self:
        """Start the servers, and describe both halves."""
        super().__enter__()
        folder = self.folder / "second"
        (folder / "run").mkdir(parents=True)
        (folder / "run" / "clock.json").symlink_to(self.folder / "data" / "run" / "clock.json")
        environment = {
            **self.environment,
            "REMINDERS_DATA_DIR": str(folder),
            "REMINDERS_PUBLIC_URL": f"http://127.0.0.1:{self.second_port}",
            "PYTHONPATH": str(self._tree),
        }
        launcher: Launcher = Elsewhere(self._tree)
        for part in list(self.parts.values()):
            words = [str(self.second_port) if word == str(self.web_port) else word for word in part.order.words]
            name = f"{part.name}#second"
            log = self.folder / "logs" / name.replace("#", "-")
            self.parts[name] = Part(name, Order(words, environment, log), launcher)
        return self

    @override
    def _all_work(self, *, since: float) -> bool:
        return super()._all_work(since=since) and self._second_web_answers()

    def _second_web_answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.second_port}/healthz", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def shares(self) -> Counter[str]:
        """Count which half sent how many texts: each gave its own address for reports."""
        found = httpx.get(f"{self.simulator_url}/control/messages", timeout=60).raise_for_status().json()["messages"]
        ports = Counter(urlsplit(item["status_callback"]).port for item in found)
        return Counter({"first": ports[self.web_port], "second": ports[self.second_port]})


def t11(options: Options) -> Sequence[Report]:
    """Run both parts of every seed that has no result yet."""
    size = options.reminders or (QUICK if options.is_quick else USUAL)
    seeds = options.all_seeds(1)
    return [_kept(options, size, seed, release) for seed in seeds for release in (None, OLD_RELEASE)]


def _kept(options: Options, size: int, seed: int, release: str | None) -> Report:
    name = f"T11-{(release or 'two')[:7]}-{size}-seed{seed}"

    def run() -> Report:
        home = options.folder / name
        shutil.rmtree(home, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="release") as tree:
            if release is not None:
                unpack(release, Path(tree))
            code = Path(tree) if release is not None else ROOT
            setup = Setup(faults=FAULTS, seed=seed, sms_workers=2, settings={"REMINDERS_SECRET_KEY": SECRET})
            tell(f"T11 seed {seed}: {release or 'the same code'} beside ours")
            with Doubled(setup, home, tree=code) as stack:
                report = run_seed(stack, reminders=size, kills=options.kills or 0)
                shares = stack.shares()
        idle = [half for half, number in shares.items() if number < size // 20]
        faults = [f"the {half} half sent nearly nothing, so nothing was tried: {dict(shares)}" for half in idle]
        figures = {"beside ours": release or "the same code", **report.figures, "texts sent by": dict(shares)}
        return replace(report, experiment="T11", figures=figures, faults=faults)

    return kept(options.folder / f"{name}.json", run)


def unpack(release: str, folder: Path) -> None:
    """Take an older tree from the history. Raises CalledProcessError where the history does not have it."""
    argv = ["git", "archive", "--format=zip", release]
    packed = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True).stdout
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        archive.extractall(folder)
