"""The short seeded versions of T6, T7 and T9; the command of this folder runs them at their full sizes."""

from __future__ import annotations

from tests.chaos.t06_hidden import run_hidden
from tests.chaos.t07_receipts import run_receipts
from tests.chaos.t09_opt_out import run_races


def test_no_intent_commits_after_what_forbids_it_on_postgres(postgres_url: str) -> None:
    report = run_races(postgres_url, {"stop": 16, "cancel": 8, "move": 8, "pause": 4, "fault": 4}, seed=7)
    assert report.is_good, report.text


def test_no_intent_commits_after_what_forbids_it_on_sqlite(sqlite_url: str) -> None:
    report = run_races(sqlite_url, {"stop": 8, "pause": 4}, seed=7)
    assert report.is_good, report.text


def test_reports_in_any_number_and_order_end_where_the_specification_says(postgres_url: str) -> None:
    report = run_receipts(postgres_url, deliveries=200, seed=7)
    assert report.is_good, report.text


def test_doubles_behind_a_hiding_provider_are_counted_and_then_resends_are_held(sqlite_url: str) -> None:
    report = run_hidden(sqlite_url, reminders=60, seed=7, waves=1, never_heard=0.0)
    assert report.is_good, report.text
    assert report.verdict.duplicates, "the provider hid nothing, so nothing was tried"
