from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.chaos.checker import Verdict, check
from tests.chaos.logs import (
    AttemptRow,
    Call,
    MessageRow,
    Promise,
    ReceiptRow,
    ReminderRow,
    Rules,
    Seen,
    Stored,
    Text,
)

START = datetime(2027, 3, 1, 15, tzinfo=UTC)
PHONE, KEY, TAG, SID = "+12125550101", "A1/remind", "tag-1", "SM1"
GRACE, LAG = timedelta(seconds=20), timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class Logs:
    """A run without fault: one promise, one attempt, one text, one receipt. Tests spoil it."""

    promises: list[Promise] = field(default_factory=lambda: [Promise(KEY, PHONE)])
    calls: list[Call] = field(default_factory=lambda: [Call(at(1), PHONE, TAG, None, SID, 201)])
    texts: list[Text] = field(default_factory=lambda: [Text(SID, PHONE, "Hello", TAG, at(1), "delivered")])
    reminder: ReminderRow | None = field(default_factory=lambda: ReminderRow(KEY, "dispatched", None, "M1"))
    message: MessageRow = field(default_factory=lambda: MessageRow("M1", PHONE, "delivered", None, has_task=False))
    attempts: list[AttemptRow] = field(default_factory=lambda: [AttemptRow(TAG, "M1", "accepted", at(0), SID)])
    receipts: list[ReceiptRow] = field(default_factory=lambda: [ReceiptRow(TAG, SID, "delivered", at(2))])
    contradictions: dict[str, int] = field(default_factory=lambda: {"reminders_ended_without_reason": 0})
    rules: Rules = field(default_factory=lambda: Rules(GRACE, LAG))

    def judge(self) -> Verdict:
        reminders = [self.reminder] if self.reminder else []
        stored = Stored(reminders, [self.message], self.attempts, self.receipts, self.contradictions)
        return check(self.promises, Seen(self.calls, self.texts), stored, self.rules)

    def end(self, state: str, reason: str | None = None, *, has_task: bool = False) -> Logs:
        """Let the message end without a text."""
        self.message = replace(self.message, state=state, reason=reason, has_task=has_task)
        self.calls, self.texts, self.receipts = [], [], []
        self.attempts = []
        return self

    def double(self, *, looked_at: float = 30, empty_looks: int = 2, listed_after: float = 60) -> Logs:
        """Let the first text be hidden from us, and a second follow when it was given up."""
        self.rules = replace(self.rules, list_lag=timedelta(seconds=listed_after))
        hidden = AttemptRow(TAG, "M1", "absent", at(0), None, "not found", empty_looks, at(looked_at))
        self.attempts = [hidden, AttemptRow("tag-2", "M1", "accepted", at(31), "SM2")]
        self.calls.append(Call(at(32), PHONE, "tag-2", None, "SM2", 201))
        self.texts.append(Text("SM2", PHONE, "Hello", "tag-2", at(32), "delivered"))
        self.receipts = [ReceiptRow("tag-2", "SM2", "delivered", at(33))]
        return self


def test_a_run_without_fault_is_good() -> None:
    verdict = Logs().judge()
    assert verdict.is_good
    assert verdict.line == "planned 1, terminal 1, lost 0, dup 0 (0 provably unavoidable: [])"
    assert verdict.faults == []
    assert verdict.ends == {"delivered": 1}


def test_a_promise_that_the_database_does_not_know_is_lost() -> None:
    logs = Logs()
    logs.reminder = None
    verdict = logs.judge()
    assert verdict.lost == ["A1/remind (not in the database)"]
    assert verdict.terminal == 0
    assert not verdict.is_good


def test_a_text_that_left_by_the_database_alone_is_lost() -> None:
    logs = Logs()
    logs.texts, logs.calls = [], []
    assert logs.judge().lost == ["A1/remind (delivered here, and the provider has no text)"]


def test_a_dispatched_reminder_without_a_message_is_lost() -> None:
    logs = Logs()
    logs.reminder = ReminderRow(KEY, "dispatched", None, None)
    assert logs.judge().lost == ["A1/remind (dispatched without a message)"]


def test_an_end_without_reason_is_a_loss() -> None:
    assert Logs().end("rejected").judge().lost == ["A1/remind (ended without a reason)"]
    logs = Logs().end("due")
    logs.reminder = ReminderRow(KEY, "suppressed", None, None)
    assert logs.judge().lost == ["A1/remind (ended without a reason)"]


def test_what_expired_without_a_task_for_staff_is_lost() -> None:
    assert Logs().end("expired", "too_late").judge().lost == ["A1/remind (ended without a task for staff)"]
    verdict = Logs().end("expired", "too_late", has_task=True).judge()
    assert verdict.is_good
    assert verdict.left_to_staff == 1


def test_what_is_still_under_way_has_not_ended() -> None:
    for state in ("due", "held", "claimed", "sending", "unknown"):
        verdict = Logs().end(state).judge()
        assert verdict.unfinished == [f"A1/remind (still {state})"]
        assert verdict.terminal == 0
        assert not verdict.is_good


def test_a_reminder_that_was_never_dispatched_has_not_ended() -> None:
    logs = Logs().end("due")
    logs.reminder = ReminderRow(KEY, "planned", None, None)
    assert logs.judge().unfinished == ["A1/remind (still planned)"]


def test_a_double_is_seen_with_its_history() -> None:
    verdict = Logs().double(listed_after=1).judge()
    assert (verdict.duplicates, verdict.unavoidable, verdict.is_good) == (1, [], False)
    history = verdict.histories[0]
    assert history.startswith("history of A1/remind:")
    assert history.index("took SM1") < history.index("attempt tag-2") < history.index("took SM2")


def test_a_double_is_unavoidable_only_if_nothing_showed_the_first_text_in_time() -> None:
    verdict = Logs().double().judge()
    assert (verdict.duplicates, verdict.unavoidable, verdict.is_good) == (1, [TAG], True)
    assert verdict.line == "planned 1, terminal 1, lost 0, dup 1 (1 provably unavoidable: [tag-1])"


def test_a_text_that_did_not_arrive_doubles_nothing() -> None:
    logs = Logs().double(listed_after=1)
    logs.texts[0] = replace(logs.texts[0], status="undelivered")
    assert logs.judge().is_good


def test_a_double_despite_a_receipt_is_avoidable() -> None:
    logs = Logs().double()
    logs.receipts.append(ReceiptRow(TAG, SID, "sent", at(2)))
    assert logs.judge().avoidable == 1
    logs.receipts[-1] = ReceiptRow(TAG, SID, "sent", at(40))
    assert logs.judge().avoidable == 0


def test_a_double_before_the_grace_has_passed_is_avoidable() -> None:
    logs = Logs().double()
    logs.rules = replace(logs.rules, grace=timedelta(seconds=60))
    assert logs.judge().avoidable == 1


def test_a_double_without_two_looks_is_avoidable() -> None:
    assert Logs().double(empty_looks=1).judge().avoidable == 1


def test_a_third_text_needs_an_excuse_of_its_own() -> None:
    logs = Logs().double()
    logs.attempts.append(AttemptRow("tag-3", "M1", "rejected", at(34), None))
    logs.calls.append(Call(at(35), PHONE, "tag-3", None, "SM3", 201))
    logs.texts.append(Text("SM3", PHONE, "Hello", "tag-3", at(35), "delivered"))
    verdict = logs.judge()
    assert (verdict.duplicates, verdict.unavoidable) == (2, [TAG])


def test_a_call_without_a_committed_intent_is_seen_even_if_it_failed() -> None:
    logs = Logs()
    logs.calls.append(Call(at(5), PHONE, "tag-9", "error_500", None, 500))
    verdict = logs.judge()
    assert verdict.posts_without_intent == ["tag-9"]
    assert "tag-9" in verdict.histories[0]


def test_two_calls_of_one_attempt_are_seen() -> None:
    logs = Logs()
    logs.calls.append(Call(at(5), PHONE, TAG, "reset", None, None))
    assert logs.judge().repeated_posts == [TAG]


def test_an_attempt_that_counts_as_not_sent_without_proof_is_seen() -> None:
    logs = Logs()
    logs.attempts = [AttemptRow(TAG, "M1", "absent", at(0), None, "refused")]
    assert logs.judge().misjudged == [TAG]


def test_texts_to_strangers_are_seen() -> None:
    logs = Logs()
    logs.texts.append(Text("SM9", "+12125559999", "Hello", TAG, at(3), "delivered"))
    assert logs.judge().strays == ["SM9"]


def test_reminders_that_nobody_asked_for_unbalance_the_ends() -> None:
    logs = Logs()
    stored = Stored(
        [ReminderRow(KEY, "dispatched", None, "M1"), ReminderRow("A2/remind", "planned", None, None)],
        [logs.message],
        logs.attempts,
        logs.receipts,
    )
    verdict = check(logs.promises, Seen(logs.calls, logs.texts), stored, logs.rules)
    assert not verdict.is_balanced
    assert not verdict.is_good


def test_a_contradiction_of_the_ledger_is_a_fault() -> None:
    logs = Logs()
    logs.contradictions["messages_ended_without_reason"] = 2
    verdict = logs.judge()
    assert not verdict.is_good
    assert "messages_ended_without_reason: 2" in verdict.faults


def test_doubles_are_seen_without_attempts_too() -> None:
    logs = Logs().double()
    logs.attempts, logs.receipts, logs.rules = [], [], replace(logs.rules, has_intents=False)
    verdict = logs.judge()
    assert (verdict.duplicates, verdict.avoidable, verdict.lost) == (1, 1, [])
