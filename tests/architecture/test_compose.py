from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml

from reminders.cli import parser
from tests.architecture.sources import ROOT

SECRETS = {"POSTGRES_PASSWORD", "REMINDERS_SECRET_KEY", "REMINDERS_PUBLIC_URL"}


@cache
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


SERVICES: dict[str, Any] = compose()["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)


def test_docker_compose_is_valid() -> None:
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(compose())


def test_there_is_a_container_for_each_kind_of_work() -> None:
    expected = {"beat", "migrate", "watch", "web", "worker-email", "worker-inbound", "worker-sms", "worker-upkeep"}
    assert set(OURS) == expected
    assert set(SERVICES) - set(OURS) == {"postgres", "redis"}


def test_our_containers_share_one_image_and_differ_in_their_command() -> None:
    assert len({SERVICES[name]["image"] for name in OURS}) == 1, "what was tested as one must run as one"
    commands = [tuple(SERVICES[name]["command"]) for name in OURS]
    assert len(set(commands)) == len(commands), f"two containers do the same: {commands}"


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_a_container_is_one_of_the_command_line(name: str) -> None:
    parser().parse_args(SERVICES[name]["command"])
    check = SERVICES[name].get("healthcheck", {}).get("test", [])
    if check[1:4] == ["python", "-m", "reminders"]:
        parser().parse_args(check[4:])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_lasting_container_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD", "a shell in a health check hides what it runs"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_migration_runs_once_and_before_everything_else() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    for name in set(OURS) - {"migrate"}:
        waits_for = SERVICES[name]["depends_on"]["migrate"]["condition"]
        assert waits_for == "service_completed_successfully", f"{name} would start on tables it does not know"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_can_do_little_harm(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["stop_grace_period"] == "60s", "a sending worker needs time to record what the provider answered"


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in SECRETS:
        assert f"${{{name}:?" in text, f"without {name} the start must stop with a message"
        assert f"${{{name}:-" not in text
        assert f"${{{name}}}" not in text


def test_the_broker_refuses_rather_than_forgets() -> None:
    options = " ".join(SERVICES["redis"]["command"])
    for option in ("--appendonly yes", "--appendfsync everysec", "--maxmemory-policy noeviction"):
        assert option in options


def test_only_web_is_reachable_and_only_from_this_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in published["web"]), "TLS belongs in front of it"


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001:10001"]
    assert 'ENTRYPOINT ["python", "-m", "reminders"]' in lines
