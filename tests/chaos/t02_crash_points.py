"""T2: deterministic deaths. Every failpoint many times, and SIGKILL at the n-th system call of a worker's whole life.

A failpoint is reached for the n-th time by a process that is forked for it; which n, the seed decides. System calls
are counted by strace, attached to such a process before it begins: the n-th `sendto`, `pwrite64`, `write`, … kills it,
until n is more than it makes. What others then make of the database and the provider's list is compared.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from reminders.adapters.celery_queue import CeleryJobQueue
from reminders.failpoints import Failpoint, Harm
from reminders.ports import QUEUES, Job
from reminders.services.apply_receipts import apply_receipts
from reminders.store import ledger
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.chaos.checker import UNDER_WAY, Verdict
from tests.chaos.databases import a_database
from tests.chaos.experiments import Options, Report, kept, tell
from tests.chaos.points import Site, a_site, tag_of, was_killed
from tests.servers.wiping import wipe

PATIENTS, ROUNDS, QUICK_ROUNDS = 8, 20, 2
CALLS, QUICK_CALLS = 200, 6
SYSTEM_CALLS = {"postgres": ("sendto", "recvfrom", "write"), "sqlite": ("pwrite64", "fdatasync", "write")}
"""Those by which a life leaves traces: in the database, on its disk, and at the provider."""
STRACE = shutil.which("strace")
ATTACHED_SECONDS = 10.0
NOWHERE = "redis://127.0.0.1:1/0"
Act = Callable[[Site], Callable[[], object]]


def _importing(site: Site) -> Callable[[], object]:
    return site.import_all


def _hinting(site: Site) -> Callable[[], object]:
    site.world.change(queue=CeleryJobQueue(NOWHERE, QUEUES))
    return site.import_all


def _pumping(site: Site) -> Callable[[], object]:
    site.owe()
    return site.world.pump


def _woken(site: Site) -> Callable[[], object]:
    site.owe()

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= {
                "REMINDERS_DATA_DIR": folder,
                "REMINDERS_TWILIO_BASE_URL": site.provider.twilio.url,
                "REMINDERS_FAILPOINTS": f"{Failpoint.TASK_BEGUN}={Harm.KILL}",
            }
            from workers.app import app  # noqa: PLC0415 - reads the environment of the process that it is in

            app.loader.import_default_modules()
            app.tasks[Job.SEND_SMS]()

    return run


def _resolving(site: Site) -> Callable[[], object]:
    site.owe()
    site.come_to_doubt()
    return site.world.resolve


def _reporting(site: Site) -> Callable[[], object]:
    site.owe()
    site.world.pump()
    return site.report


def _applying(site: Site) -> Callable[[], object]:
    _reporting(site)()
    return lambda: apply_receipts(site.world.deps)


ACTS: dict[Failpoint, tuple[Act, int]] = {
    Failpoint.PLAN_BEFORE_COMMIT: (_importing, 1),
    Failpoint.PLAN_COMMITTED: (_importing, 1),
    Failpoint.HINT: (_hinting, 1),
    Failpoint.TASK_BEGUN: (_woken, 1),
    Failpoint.CLAIMED: (_pumping, 1),
    Failpoint.INTENT_BEFORE_COMMIT: (_pumping, 2),
    Failpoint.INTENT_COMMITTED: (_pumping, 2),
    Failpoint.CALL_LEAVES: (_pumping, PATIENTS),
    Failpoint.CALL_ANSWERED: (_pumping, PATIENTS),
    Failpoint.OUTCOME_BEFORE_COMMIT: (_pumping, 2),
    Failpoint.OUTCOME_COMMITTED: (_pumping, 2),
    Failpoint.RESOLVE_BEFORE_COMMIT: (_resolving, PATIENTS),
    Failpoint.RECEIPT_ARRIVED: (_reporting, PATIENTS),
    Failpoint.RECEIPT_STORED: (_reporting, PATIENTS),
    Failpoint.RECEIPT_BEFORE_COMMIT: (_applying, 1),
}
"""What a process does to reach each place, and how often it surely does."""


class Trial:
    """One seed: many short lives, each on an empty database, judged together."""

    def __init__(self, options: Options, seed: int, store: Store) -> None:
        self.verdict = Verdict()
        self.faults: list[str] = []
        self.kills = 0
        self.figures: dict[str, object] = {}
        self._is_quick = options.is_quick
        self._patients = options.reminders or PATIENTS
        self._rounds = options.kills or (QUICK_ROUNDS if options.is_quick else ROUNDS)
        self._database = options.database
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._store = store

    def kill_at_failpoints(self) -> None:
        """Die at every place, many times."""
        for failpoint, (act, most) in ACTS.items():
            for number in range(self._rounds):
                at = self._chance.randint(1, most)
                self._live(f"{failpoint}@{at}, round {number}", lambda site: self._die(site, failpoint, act, at))  # noqa: B023 - called at once
            tell(f"T2 {failpoint}: {self._rounds} deaths")

    def kill_at_system_calls(self) -> None:
        """Die at the n-th call of each kind, until there are no more."""
        if STRACE is None:
            tell("T2: there is no strace here, so nothing dies at system calls")
            return
        for name in SYSTEM_CALLS[self._database]:
            most = QUICK_CALLS if self._is_quick else CALLS
            reached = next((n - 1 for n in range(1, most + 1) if not self._dies_at(name, n)), most)
            self.figures[name] = reached
            tell(f"T2 {name}: {reached} deaths")

    def _dies_at(self, name: str, number: int) -> bool:
        died: list[bool] = []
        self._live(f"{name}@{number}", lambda site: died.append(_die_at_call(site, name, number)))
        return bool(died) and died[0]

    def _die(self, site: Site, failpoint: Failpoint, act: Act, at: int) -> None:
        policy = replace(site.world.deps.policy, in_flight=PATIENTS // 2, least_group=PATIENTS // 2)
        site.world.change(policy=policy)
        doing = act(site)
        status = site.begin(doing, f"{failpoint}={Harm.KILL}@{at}").end()
        if not was_killed(status):
            self.faults.append(f"{failpoint} was not reached {at} times")

    def _live(self, name: str, die: Callable[[Site], None]) -> None:
        """Let somebody die, let others go on, and look at what there is."""
        with a_site(self._store, patients=self._patients) as site:
            try:
                die(site)
                self.kills += 1
                site.owe()
                site.recover()
                apply_receipts(site.world.deps)
                self._judge(name, site)
            except Exception as error:  # noqa: BLE001 - one bad life must not hide the others
                self.faults.append(f"{name}: {type(error).__name__}: {error}")
        wipe(self._store)

    def _judge(self, name: str, site: Site) -> None:
        found = self.verdict
        with self._store.reading() as tx:
            book = ledger.read(tx)
        arrived, phones = site.provider.arrived, [entry.patient.phone or "" for entry in site.entries]
        ends = Counter(state for state, _ in site.world.states())
        found.planned += len(phones)
        found.terminal += sum(number for state, number in ends.items() if state not in UNDER_WAY)
        found.ends = dict(Counter(found.ends) + ends)
        found.lost += [f"{name}: {phone}" for phone in phones if not arrived.get(phone)]
        found.duplicates += sum(max(0, arrived.get(phone, 0) - 1) for phone in phones)
        found.is_balanced = found.terminal == found.planned and sum(found.ends.values()) == found.planned
        for contradiction, number in book.contradictions.items():
            if number:
                found.contradictions[contradiction] = found.contradictions.get(contradiction, 0) + number
        tags = {row.tag for row in site.world.attempts()}
        found.posts_without_intent += [str(tag_of(post)) for post in site.provider.posts if tag_of(post) not in tags]
        if any(arrived.get(phone, 0) != 1 for phone in phones):
            found.histories.append(f"{name}: {dict(arrived)}, attempts {[row.state for row in site.world.attempts()]}")


def _die_at_call(site: Site, name: str, number: int) -> bool:
    """Let a process live from import to texts, until its n-th call; False where it does not make so many."""
    reading, writing = os.pipe()

    def live() -> None:
        os.close(writing)
        os.read(reading, 1)
        site.owe()
        site.world.pump()
        site.world.resolve()

    child = site.begin(live)
    os.close(reading)
    what = ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}"]
    tracer = subprocess.Popen(
        [STRACE or "", "-f", "-qqq", "-o", os.devnull, *what, "-p", str(child.pid)], stderr=subprocess.PIPE
    )
    try:
        _await_attached(tracer, child.pid)
        with suppress(BrokenPipeError):
            os.write(writing, b"x")
        return was_killed(child.end())
    finally:
        os.close(writing)
        if tracer.poll() is None:
            tracer.terminate()
        tracer.wait()
        if tracer.stderr is not None:
            tracer.stderr.close()


def _await_attached(tracer: subprocess.Popen[bytes], pid: int) -> None:
    """Wait until strace holds a process, as the kernel tells it. Raises RuntimeError where it may not."""
    until = time.monotonic() + ATTACHED_SECONDS
    while time.monotonic() < until and tracer.poll() is None:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123 - one line of a file of the kernel's
            traced = next(line for line in status if line.startswith("TracerPid:"))
        if int(traced.split()[1]):
            return
        select.select([], [], [], 0.005)
    raise RuntimeError("strace could not attach")


def t2(options: Options) -> Sequence[Report]:
    """Run every seed that has no result yet; `--kills` is how often each failpoint kills."""
    return [_kept(options, seed) for seed in options.all_seeds(1)]


def _kept(options: Options, seed: int) -> Report:
    def run() -> Report:
        began = time.monotonic()
        with a_database(options.database) as url:
            trial = Trial(options, seed, Store(url, Vault(["a secret of an experiment"])))
            trial.kill_at_failpoints()
            trial.kill_at_system_calls()
        seconds = time.monotonic() - began
        return Report("T2", seed, trial.verdict, trial.kills, seconds, trial.figures, trial.faults)

    size = f"{options.reminders or PATIENTS}-{options.kills or 'quick' if options.is_quick else ROUNDS}"
    return kept(options.folder / f"T2-{options.database}-{size}-seed{seed}.json", run)
