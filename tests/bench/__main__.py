"""How fast the service is, measured side by side in one run: ratios with their range, not wishes.

Each part starts what it needs (PostgreSQL, Valkey, a provider over HTTPS on this machine), makes its own data and
removes both. A part that loses or doubles a message fails, however fast it was; a run on a loud machine says `noisy`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Sequence
from typing import Protocol, cast

import structlog

from tests.bench.figures import Figure, Verdict, table
from tests.bench.options import MODULES, PARTS, Options

GOOD, BAD = 0, 1


class Part(Protocol):
    """A module of this folder."""

    def measure(self, options: Options) -> Sequence[Figure]:
        """Measure, side by side with a limit where there is one."""
        ...


def _parser() -> argparse.ArgumentParser:
    said = "\n".join(f"  {name:10}{what}" for name, what in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python3 -m reminders bench",
        description=f"{__doc__}\nparts (default: all but `peers`):\n{said}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="what to measure")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer rounds: all parts in ten minutes")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each is measured (default: 5; quick: 3)")
    parser.add_argument("--rows", type=int, metavar="N", help="the size of the parts that take one (see their modules)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main() -> int:
    """Measure and print; return 1 where a figure misses its bar."""
    parser = _parser()
    arguments = parser.parse_args()
    unknown = [name for name in arguments.parts if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    options = Options(is_quick=arguments.quick, rounds=arguments.rounds, rows=arguments.rows)
    found: list[Figure] = []
    for name in arguments.parts or [name for name in PARTS if name != "peers"]:
        begun = time.monotonic()
        part = cast("Part", importlib.import_module(f"tests.bench.{MODULES.get(name, name)}"))
        found += part.measure(options)
        sys.stderr.write(f"{name}: {time.monotonic() - begun:.0f} s\n")
    if arguments.json:
        sys.stdout.write(json.dumps({"machine": machine(), "figures": [item.document for item in found]}, indent=2))
        sys.stdout.write("\n")
    else:
        sys.stdout.write(f"{table(found)}\n\n{machine()}\n")
    return BAD if any(item.verdict is Verdict.MISSED for item in found) else GOOD


def machine() -> str:
    """Return what these figures were measured on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


if __name__ == "__main__":
    sys.exit(main())
