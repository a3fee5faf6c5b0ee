from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import an_entry
from tests.web.browser import ACCOUNT, Browser, Provider, some_app
from tests.world import World


def figures(browser: Browser) -> dict[tuple[str, ...], float]:
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def monitor(world: World, tmp_path: Path) -> Browser:
    """Whoever watches the service, on its own machine."""
    return Browser(some_app(world, tmp_path), "https://127.0.0.1:8000", address="127.0.0.1")


def test_up_and_ready_are_one_word_each(browser: Browser) -> None:
    assert [browser.get(path).text for path in ("/healthz", "/readyz")] == ["ok\n", "ready\n"]
    assert [browser.ask("HEAD", path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_without_tables_the_process_is_up_but_not_ready(world: World, tmp_path: Path) -> None:
    world.change(store=Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}", Vault(["x" * 40])))
    browser = Browser(some_app(world, tmp_path))
    assert [browser.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]


def test_ready_is_asked_again_after_two_seconds_only(world: World, tmp_path: Path) -> None:
    path = tmp_path / "later.sqlite3"
    good = Path(world.store.url.removeprefix("sqlite:///"))
    world.change(store=Store(f"sqlite:///{path}", Vault(["x" * 40])))
    browser = Browser(some_app(world, tmp_path))
    assert browser.get("/readyz").status_code == 503
    world.deps.store.close()
    world.store.close()
    path.write_bytes(good.read_bytes())
    assert browser.get("/readyz").status_code == 503
    world.later(timedelta(seconds=2))
    assert browser.get("/readyz").status_code == 200


def test_the_figures_are_the_ledgers(world: World, monitor: Browser) -> None:
    world.sync(an_entry())
    planned = world.check().reminders["planned"]
    found = figures(monitor)
    assert planned > 0
    assert found["reminders_reminders", "planned"] == planned
    assert found["reminders_messages", "delivered"] == 0
    assert found[("reminders_possible_doubles",)] == 0
    assert {value for key, value in found.items() if key[0] == "reminders_contradictions"} == {0}


def test_callbacks_are_counted_by_result(monitor: Browser) -> None:
    provider = Provider(monitor)
    fields = {"MessageSid": "SM" + "1" * 32, "AccountSid": ACCOUNT, "MessageStatus": "sent"}
    path = "/hooks/twilio/status/8d7f0f5e-5c1b-4a4e-9f51-0a8f8f5d9c11"
    for _ in range(2):
        provider.call(path, fields)
    provider.call_with(path, fields, "forged")
    provider.call("/hooks/twilio/status/not-a-tag", fields)
    found = figures(monitor)
    counted = {key[2]: value for key, value in found.items() if key[:2] == ("reminders_hooks_total", "status")}
    assert counted == {"stored": 1, "repeated": 1, "forged": 1, "untagged": 1}


@pytest.mark.parametrize(
    ("base_url", "address", "headers"),
    [
        ("https://127.0.0.1", "203.0.113.7", {}),
        ("https://reminders.example", "127.0.0.1", {}),
        ("https://127.0.0.1.evil.example", "127.0.0.1", {}),
        ("https://127.0.0.1", "127.0.0.1", {"x-forwarded-for": "203.0.113.7"}),
        ("https://127.0.0.1", "127.0.0.1", {"via": "1.1 proxy"}),
        ("https://127.0.0.1", "testclient", {}),
    ],
)
def test_figures_are_for_this_machine_only(
    world: World, tmp_path: Path, base_url: str, address: str, headers: dict[str, str]
) -> None:
    browser = Browser(some_app(world, tmp_path), base_url, address=address)
    assert browser.get("/metrics", **headers).status_code == 404


def test_figures_carry_no_ids(world: World, monitor: Browser) -> None:
    world.sync(an_entry())
    text = monitor.get("/metrics").text
    for secret in ("Dana", "1202555", "riverside", urlencode({"": "dana@example.org"})[1:]):
        assert secret not in text
