from __future__ import annotations

import ast

import pytest
import yaml

from reminders.ports import Job
from tests.architecture.sources import ROOT, body_lines, functions, place, python_files
from workers.app import app

app.loader.import_default_modules()
OURS = sorted(name for name in app.tasks if not name.startswith("celery."))


def queue_of(task: str) -> str:
    """The queue that Celery's own router gives a task."""
    return str(app.amqp.router.route({}, task)["queue"].name)


def consumed_queues() -> set[str]:
    """The queues that a container of docker-compose.yml listens to."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    commands = [service.get("command", []) for service in services]
    return {queue for command in commands if "--queues" in command for queue in command[-1].split(",")}


def test_every_job_is_a_registered_task_and_the_reverse() -> None:
    assert set(OURS) == {job.value for job in Job}, "a hint that no worker knows is lost in silence"


@pytest.mark.parametrize("task", OURS)
def test_every_task_is_routed_to_a_queue_that_somebody_consumes(task: str) -> None:
    assert queue_of(task) in consumed_queues(), f"{task} waits in {queue_of(task)}, to which no container listens"


def test_no_container_listens_to_a_queue_without_tasks() -> None:
    idle = consumed_queues() - {queue_of(task) for task in OURS}
    assert not idle, f"a container for {idle} would wait for ever"


def test_every_entry_of_the_beat_table_names_a_task() -> None:
    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named, "nothing ticks"
    assert named <= set(OURS), "beat would hint at work that nobody does"


def test_a_task_calls_one_service_and_no_more() -> None:
    long = [
        f"{place(path, function)} {function.name}: {body_lines(function)}"
        for path in python_files("workers/tasks")
        for function in functions(path)
        if any("task" in ast.unparse(decorator) for decorator in function.decorator_list) and body_lines(function) > 12
    ]
    assert not long, (
        f"a task takes ids and calls one service; more than 12 lines is a rule or a step in the wrong room: {long}"
    )
