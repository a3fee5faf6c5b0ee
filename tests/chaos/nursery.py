"""A process that has imported everything and forks our processes on request: a restart costs no two seconds of imports.

`python -m tests.chaos.nursery` reads a JSON request a line (`words`, `environment`, `log`, `hurry`) and answers with
the pid. What runs in a child is what our commands run: Celery's own program over `workers.app`, or uvicorn.

`hurry` scales the patience of a worker down: seconds for `lease`, `deadline`, `look_again` and `read_timeout`. The
service decides these itself and has no setting for them.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

from aiohttp import connector

from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.bootstrap import Services
from reminders.services.deps import SendingPolicy

AHEAD = (
    "celery.__main__",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.worker",
    "kombu.transport.redis",
    "psycopg",
    "reminders.adapters.twilio.wire",
    "reminders.cli.parts",
    "reminders.services.send_messages",
    "reminders.web.app",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "twilio.rest.api.v2010.account.message",
    "uvicorn.protocols.http.auto",
)


def serve() -> None:
    """Fork a child for each request until nobody asks any more; then end those that are left."""
    for name in AHEAD:
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel clears dead children away
    children: list[int] = []
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(request)
        children.append(child)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    for child in children:
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _live(request: Mapping[str, Any]) -> None:
    """Be the process that was asked for; ends with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, descriptor in ((0, nothing), (1, log), (2, log)):
        os.dup2(descriptor, place)
    os.environ.clear()
    os.environ.update(request["environment"])
    if "SSL_CERT_FILE" in os.environ:
        _trust_anew()
    status = 1
    try:
        status = _run(request["words"], request["hurry"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(status)


def _trust_anew() -> None:
    """Read the certificates that are trusted now: aiohttp reads them once, while it is imported."""
    connector._SSL_CONTEXT_VERIFIED = connector._make_ssl_context(verified=True)  # noqa: SLF001 - it has no other door


def _run(words: Sequence[str], hurry: Mapping[str, float] | None) -> int:
    from reminders.cli import main, parser  # noqa: PLC0415 - loaded ahead, used in the child
    from reminders.cli.parts import beat_argv, worker_argv  # noqa: PLC0415 - as above

    if words[0] != "reminders":
        sys.argv = list(words)
        runpy.run_module(words[0], run_name="__main__")
        return 0
    arguments = parser().parse_args(words[1:])
    if arguments.command == "worker":
        _hurry(hurry)
        return _celery(worker_argv(arguments.queues, concurrency=arguments.concurrency))
    if arguments.command == "beat":
        return _celery(beat_argv(os.environ))
    return main(words[1:])


def _celery(argv: Sequence[str]) -> int:
    """Run what `python -m celery …` would."""
    from celery.__main__ import main  # noqa: PLC0415 - as above

    sys.argv = ["celery", *argv[3:]]
    main()
    return 0


def _hurry(numbers: Mapping[str, float] | None) -> None:
    """Give this process services that are less patient."""
    from workers import services as opened  # noqa: PLC0415 - it belongs to the child's environment

    if not numbers:
        return
    usual: Services = opened.services()
    policy = replace(
        SendingPolicy(),
        lease=timedelta(seconds=numbers["lease"]),
        deadline=timedelta(seconds=numbers["deadline"]),
        look_again_after=timedelta(seconds=numbers["look_again"]),
    )
    deps = replace(usual.deps, policy=policy, sms=_hasty(usual, numbers["read_timeout"]))
    opened._opened[os.getpid()] = replace(usual, deps=deps)  # noqa: SLF001 - the one place where a process keeps them


def _hasty(usual: Services, read_timeout: float) -> TwilioSmsGateway:
    gateway = usual.deps.sms
    assert isinstance(gateway, TwilioSmsGateway)
    config: TwilioConfig = gateway._config  # noqa: SLF001 - as it is, with one number changed
    return TwilioSmsGateway(replace(config, read_timeout=read_timeout), usual.deps.clock)


if __name__ == "__main__":
    serve()
