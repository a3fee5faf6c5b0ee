"""The command line. `main` runs one command and turns what it may raise into lines for people and an exit status."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from reminders.cli.arguments import parser
from reminders.cli.surroundings import own_environment
from reminders.core.errors import ContentError, InputError, NeedsConsentError, NotFoundError, RemindersError
from reminders.supervisor import AlreadyRunningError, NoBrokerError

__all__ = ["main", "parser"]

DONE, NOT_POSSIBLE, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
PLACES = {
    "demo": "demo",
    "up": "up",
    "import": "import_schedule",
    "preview": "preview",
    "send": "send",
    "status": "status",
    "worklist": "worklist",
    "report": "report",
    "doctor": "doctor",
    "why": "why",
    "interpret": "interpret",
    "checkins": "checkins",
    "corrections": "corrections",
    "pause": "pause",
    "resume": "pause",
    "override": "override",
    "escort": "escort",
    "opt-out": "opt_out",
    "ended": "ended",
    "api-key": "api_key",
    "clinic": "clinic",
    "staff": "staff",
    "purge": "purge",
    "sending": "sending",
    "migrate": "parts",
    "web": "parts",
    "worker": "parts",
    "beat": "parts",
    "health": "parts",
    "watch": "watch",
}
"""The module of each command: imported only when it is asked for, because most of them bring the whole service."""


def main(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a command and return its exit status; what can be expected to go wrong never shows a traceback."""
    _speak_to_any_terminal()
    try:
        arguments = parser().parse_args(argv)
        place = import_module(f"reminders.cli.{PLACES[arguments.command]}")
        status: int = place.run(arguments, own_environment() if environment is None else environment)
        sys.stdout.flush()
    except SystemExit as stop:  # argparse has said what is wrong
        return stop.code if isinstance(stop.code, int) else DONE
    except InputError as error:
        return _say(error.faults, BAD_INPUT)
    except (ContentError, NeedsConsentError, NotFoundError) as error:
        return _say([str(error)], BAD_INPUT)
    except (RemindersError, AlreadyRunningError, NoBrokerError) as error:
        return _say([str(error)], NOT_POSSIBLE)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # a folder that may not be written, a full disk
        return _say([f"{error.filename}: {error.strerror}" if error.filename else str(error)], NOT_POSSIBLE)
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _say(lines: Sequence[str], status: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return status


def _speak_to_any_terminal() -> None:
    """Show a question mark for a letter that the terminal has not, rather than fail in the middle of a name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
