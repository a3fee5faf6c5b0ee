"""Requests made from the API's own description: well-formed ones, broken ones, and what nobody would think of.

`python -m tests.web.api.fuzz [EXAMPLES] [SEED]` makes more of them than the suite has time for.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.servers.sqlite import SqliteTemplate
from tests.web.api.program import APPOINTMENT, Program, a_key
from tests.web.browser import some_app
from tests.world import World

DESCRIPTION = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CREATED = 201
SECOND = timedelta(seconds=1)


def fuzz(world: World, folder: Path, *, examples: int, chosen: int) -> Counter[int]:
    """Send so many requests of each kind to each operation; return how often each status was the answer.

    Raises AssertionError at the first answer that is a server error, or that the description does not know.
    """
    app = some_app(world, folder)
    key = a_key(world)
    known = _some_rows(world, Program(app, key))
    seen: Counter[int] = Counter()
    for found in schemathesis.openapi.from_asgi(DESCRIPTION, app).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            ask = _asking(world, operation.as_strategy(generation_mode=mode), key, seen, examples=examples)
            seed(chosen)(ask)()
        names = {item.name for item in operation.path_parameters}
        if names:  # a name made up by chance would only ever be answered with 404
            rows = {name: known[f"{operation.path.split('/')[1]} {name}"] for name in names}
            seed(chosen)(_asking(world, operation.as_strategy(path_parameters=rows), key, seen, examples=examples))()
    return seen


def _some_rows(world: World, program: Program) -> dict[str, str]:
    """Make one row of each kind and return what they are called."""
    assert program.put("/appointments/A1", APPOINTMENT).status_code == CREATED
    sent = program.post("/messages", {"patient": "P1", "text": "We open at 10."}, idempotency_key="first")
    assert sent.status_code == CREATED
    world.text("I cannot come")
    return {
        "appointments external_id": "A1",
        "patients external_id": "P1",
        "messages message_id": sent.json()["id"],
        "worklist task_id": program.get("/worklist").json()["items"][0]["id"],
    }


def _asking(world: World, strategy: Any, key: str, seen: Counter[int], *, examples: int) -> Any:  # noqa: ANN401 - as schemathesis types them
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: schemathesis.Case[Any]) -> None:
        world.later(SECOND)  # so that the pace of a key is no obstacle
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)
        seen[answer.status_code] += 1

    return ask


def main(arguments: list[str]) -> None:
    """Fuzz an empty clinic over SQLite and say what came back."""
    examples = int(arguments[0]) if arguments else 300
    chosen = int(arguments[1]) if len(arguments) > 1 else 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store(SqliteTemplate(folder).copy(folder / "fuzz.sqlite3"), Vault(["a secret of this run"]))
        seen = fuzz(World(store), folder, examples=examples, chosen=chosen)
        store.close()
    told = ", ".join(f"{status}: {count}" for status, count in sorted(seen.items()))
    print(f"{seen.total()} requests in {time.monotonic() - begun:.0f} s, seed {chosen}; answers {told}")  # noqa: T201 - for a person


if __name__ == "__main__":
    main(sys.argv[1:])
