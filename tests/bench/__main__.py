"""How fast the service is, measured side by side: ratios with their range, not wishes.

python3 -m reminders bench plan       planning, beside a bare loop over the same sessions
python3 -m reminders bench pages      every page of the console, the patient's page and the API at 50,000 sessions
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.bench.clinic_life import lived
from tests.bench.pages import LIMIT_MS, PageFigure, measure_pages
from tests.servers.postgres import running_postgres

SESSIONS_IN_A_COPY = 210
GOOD, BAD = 0, 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["pages"])
    parser.add_argument("--sessions", type=int, default=50_000, help="how many the clinics had")
    parser.add_argument("--rounds", type=int, default=10, help="how often each page is asked")
    parser.add_argument("--json", action="store_true")
    return parser


def main() -> int:
    """Measure and print; return 1 where a page takes too long."""
    arguments = _parser().parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with running_postgres() as server, server.database() as url, tempfile.TemporaryDirectory() as folder:
        store = Store(url, Vault(["only for this"]))
        begun = time.monotonic()
        world = lived(store, copies=max(0, round(arguments.sessions / SESSIONS_IN_A_COPY) - 1))
        counts = {name: world.count(name) for name in ("appointment", "message", "inbound", "task", "event")}
        said = ", ".join(f"{count:,} {name}s" for name, count in counts.items())
        sys.stderr.write(f"{said}, after {time.monotonic() - begun:.0f} s\n")
        found = measure_pages(world, Path(folder), rounds=arguments.rounds)
        store.close()
    if arguments.json:
        sys.stdout.write(json.dumps({"counts": counts, "pages": [asdict(item) for item in found]}, indent=2) + "\n")
    else:
        _show(found)
    return GOOD if all(item.is_good for item in found) else BAD


def _show(found: Sequence[PageFigure]) -> None:
    for item in sorted(found, key=lambda item: item.median, reverse=True):
        mark = "" if item.is_good else f"  above {LIMIT_MS:g} ms"
        line = f"{item.median:7.1f} ms ({item.fastest:.1f} to {item.slowest:.1f})  {item.ratio:5.1f} x bare"
        sys.stdout.write(f"{line}  {item.weight:6.1f} kB  {item.page}{mark}\n")


if __name__ == "__main__":
    sys.exit(main())
