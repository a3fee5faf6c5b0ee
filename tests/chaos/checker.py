"""Compares the three logs of a run: nothing lost, nothing doubled, nothing posted without a committed intent.

Pure: rows in, a verdict out. It shares no rule with the service it judges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from tests.chaos.logs import AttemptRow, MessageRow, Promise, ReminderRow, Rules, Seen, Stored, Text

LEFT = frozenset({"accepted", "sent", "delivered", "undelivered"})
UNDER_WAY = frozenset({"due", "held", "claimed", "sending", "unknown"})
FOR_STAFF = frozenset({"expired", "needs_staff"})
DEAD_ATTEMPTS = frozenset({"absent", "rejected"})
NOT_ARRIVED = frozenset({"undelivered", "failed", "canceled"})
"""A text that the provider itself says did not arrive doubles nothing."""
LOOKS_THAT_PROVE = 2
LOOK_TAKES = timedelta(seconds=0.5)
"""A look is recorded so long after the provider answered it."""
SHOWN_TAGS, SHOWN_HISTORIES = 20, 3


@dataclass(slots=True)
class Verdict:
    """What came of a run. Lists name the guilty: `lost` and `unfinished` by key, the others by tag."""

    planned: int = 0
    terminal: int = 0
    left_to_staff: int = 0
    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    duplicates: int = 0
    unavoidable: list[str] = field(default_factory=list)
    """The tags of attempts that the provider took and then hid from callbacks and list beyond the grace."""
    ends: dict[str, int] = field(default_factory=dict)
    is_balanced: bool = True
    contradictions: dict[str, int] = field(default_factory=dict)
    posts_without_intent: list[str] = field(default_factory=list)
    repeated_posts: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    """Attempts that count as not sent, without the two empty looks that prove it, which the provider has."""
    strays: list[str] = field(default_factory=list)
    """The provider's ids of texts to phones that were promised none."""
    histories: list[str] = field(default_factory=list)

    @property
    def avoidable(self) -> int:
        """How many doubles the service is to blame for."""
        return self.duplicates - len(self.unavoidable)

    @property
    def is_good(self) -> bool:
        """Say whether every promise was kept."""
        guilt = (
            self.lost,
            self.unfinished,
            self.posts_without_intent,
            self.repeated_posts,
            self.misjudged,
            self.strays,
        )
        return self.is_balanced and not (any(guilt) or self.avoidable or self.contradictions)

    @property
    def line(self) -> str:
        """The report in one line."""
        tags = _listed(self.unavoidable)
        return (
            f"planned {self.planned}, terminal {self.terminal}, lost {len(self.lost)}, "
            f"dup {self.duplicates} ({len(self.unavoidable)} provably unavoidable: [{tags}])"
        )

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong, one line for each kind, and the history of some of the guilty."""
        named = {
            "lost": self.lost,
            "not ended": self.unfinished,
            "posted without a committed intent": self.posts_without_intent,
            "posted twice under one tag": self.repeated_posts,
            "called absent without proof, and taken by the provider": self.misjudged,
            "texts that nobody was promised": self.strays,
        }
        lines = [f"{name}: {len(items)}: {_listed(items)}" for name, items in named.items() if items]
        if self.avoidable:
            lines.append(f"doubled, and avoidable: {self.avoidable}")
        if not self.is_balanced:
            lines.append(f"planned {self.planned} is not the sum of the ends: {self.ends}")
        lines += [f"{name}: {number}" for name, number in self.contradictions.items()]
        return [*lines, *self.histories] if lines else []


def _listed(items: Sequence[str]) -> str:
    more = [f"and {len(items) - SHOWN_TAGS} more"] if len(items) > SHOWN_TAGS else []
    return ", ".join([*items[:SHOWN_TAGS], *more])


def check(promises: Sequence[Promise], seen: Seen, stored: Stored, rules: Rules) -> Verdict:
    """Judge a run."""
    case = _Case(promises, seen, stored, rules)
    verdict = Verdict(planned=len(promises))
    _judge_promises(case, verdict)
    _judge_balance(case, verdict)
    _judge_doubles(case, verdict)
    if rules.has_intents:
        verdict.contradictions = {name: number for name, number in stored.contradictions.items() if number}
        _judge_calls(case, verdict)
    if rules.is_whole_plan:
        promised = {promise.to for promise in promises}
        verdict.strays = [text.sid for text in seen.texts if text.to not in promised]
    verdict.histories = [case.history(to) for to in list(dict.fromkeys(case.guilty))[:SHOWN_HISTORIES]]
    return verdict


class _Case:
    """The logs with their indexes, and whose history is worth telling."""

    def __init__(self, promises: Sequence[Promise], seen: Seen, stored: Stored, rules: Rules) -> None:
        self.promises, self.seen, self.stored, self.rules = promises, seen, stored, rules
        self.reminders: dict[str, ReminderRow] = {row.key: row for row in stored.reminders}
        self.messages: dict[str, MessageRow] = {row.id: row for row in stored.messages}
        self.attempts: dict[str, AttemptRow] = {row.tag: row for row in stored.attempts}
        self.tags: dict[str, list[str]] = defaultdict(list)
        for row in stored.attempts:
            self.tags[row.message_id].append(row.tag)
        self.texts_of_tag: dict[str, list[Text]] = defaultdict(list)
        self.texts_to: dict[str, list[Text]] = defaultdict(list)
        for text in sorted(seen.texts, key=lambda text: text.at):
            self.texts_of_tag[text.tag or ""].append(text)
            self.texts_to[text.to].append(text)
        self.heard_at: dict[str, datetime] = {}
        for receipt in stored.receipts:
            for name in filter(None, (receipt.tag, receipt.provider_id)):
                self.heard_at[name] = min(self.heard_at.get(name, receipt.received_at), receipt.received_at)
        self.guilty: list[str] = []

    def left(self, message: MessageRow) -> bool:
        """Say whether the provider has a text of this message."""
        if not self.rules.has_intents:
            return bool(self.texts_to.get(message.to))
        return any(self.texts_of_tag.get(tag) for tag in self.tags.get(message.id, ()))

    def message_of(self, text: Text) -> str | None:
        attempt = self.attempts.get(text.tag or "")
        return attempt.message_id if attempt else None

    def history(self, to: str) -> str:
        """Tell everything that is known about one phone, in order."""
        told = sorted(self._events(to))
        ends = [f"{row.id} ends {row.state} ({row.reason})" for row in self.stored.messages if row.to == to]
        keys = ", ".join(promise.key for promise in self.promises if promise.to == to) or "nobody's"
        return "\n    ".join([f"history of {keys}:", *(f"{at:%H:%M:%S.%f} {what}" for at, what in told), *ends])

    def _events(self, to: str) -> Iterator[tuple[datetime, str]]:
        ids = {row.id for row in self.stored.messages if row.to == to}
        for call in self.seen.calls:
            if call.to == to:
                yield call.at, f"provider: call {call.tag} fault {call.fault} answered {call.status} took {call.sid}"
        for text in self.texts_to.get(to, ()):
            yield text.at, f"provider: took {text.sid} with {text.tag}, now {text.status}"
        names = {text.sid for text in self.texts_to.get(to, ())}
        for row in self.stored.attempts:
            if row.message_id in ids:
                names.add(row.tag)
                looks = (
                    f"{row.empty_looks} empty looks, last {row.last_look_at:%H:%M:%S.%f}" if row.last_look_at else ""
                )
                late = "late accept" if row.is_late_accept else ""
                what = f"attempt {row.tag} of {row.message_id}, now {row.state} {row.detail or ''} {looks} {late}"
                yield row.begun_at, f"database: {what.strip()}"
        for receipt in self.stored.receipts:
            if receipt.tag in names or receipt.provider_id in names:
                yield receipt.received_at, f"database: receipt {receipt.status} of {receipt.provider_id}"


def _judge_promises(case: _Case, verdict: Verdict) -> None:
    ends: Counter[str] = Counter()
    for promise in case.promises:
        end, fault = _end(case, promise)
        ends[end] += 1
        if end == "under way":
            verdict.unfinished.append(f"{promise.key} ({fault})")
            case.guilty.append(promise.to)
        elif fault:
            verdict.lost.append(f"{promise.key} ({fault})")
            case.guilty.append(promise.to)
    verdict.terminal = verdict.planned - len(verdict.unfinished) - ends["nowhere"]
    verdict.left_to_staff = sum(ends[end] for end in FOR_STAFF)
    verdict.ends = dict(ends)


def _end(case: _Case, promise: Promise) -> tuple[str, str]:
    """Return how a promise ended, and what is wrong with that."""
    reminder = case.reminders.get(promise.key)
    if reminder is None:
        return "nowhere", "not in the database"
    if reminder.state == "planned":
        return "under way", "still planned"
    if reminder.state not in ("dispatched", "merged"):
        return f"reminder {reminder.state}", "" if reminder.reason else "ended without a reason"
    message = case.messages.get(reminder.message_id or "")
    if message is None:
        return "nowhere", "dispatched without a message"
    return _end_of_message(case, message)


def _end_of_message(case: _Case, message: MessageRow) -> tuple[str, str]:
    if message.state in UNDER_WAY:
        return "under way", f"still {message.state}"
    if message.state in LEFT:
        return message.state, "" if case.left(message) else f"{message.state} here, and the provider has no text"
    if not message.reason:
        return message.state, "ended without a reason"
    if message.state in FOR_STAFF and not message.has_task:
        return message.state, "ended without a task for staff"
    return message.state, ""


def _judge_balance(case: _Case, verdict: Verdict) -> None:
    is_whole = not case.rules.is_whole_plan or len(case.stored.reminders) == verdict.planned
    verdict.is_balanced = is_whole and sum(verdict.ends.values()) == verdict.planned


def _judge_doubles(case: _Case, verdict: Verdict) -> None:
    promised = Counter(promise.to for promise in case.promises)
    for to, taken in case.texts_to.items():
        texts = [text for text in taken if text.status not in NOT_ARRIVED]
        if to not in promised:
            continue
        extra = max(_beyond_messages(case, texts), len(texts) - promised[to] if case.rules.is_whole_plan else 0)
        if extra <= 0:
            continue
        hidden = _hidden(case, texts)[:extra]
        verdict.duplicates += extra
        verdict.unavoidable += hidden
        if len(hidden) < extra:
            case.guilty.append(to)


def _beyond_messages(case: _Case, texts: Sequence[Text]) -> int:
    """Count the texts of a phone beyond one for each message; beyond one for each wording where no call has a tag."""
    named = [case.message_of(text) if case.rules.has_intents else text.body for text in texts]
    return sum(number - 1 for name, number in Counter(named).items() if name is not None)


def _hidden(case: _Case, texts: Sequence[Text]) -> list[str]:
    """Return the tags of texts that nothing showed to us before the next text of their message began."""
    found: list[str] = []
    of_message: dict[str, list[Text]] = defaultdict(list)
    for text in texts:
        message = case.message_of(text)
        if message is not None:
            of_message[message].append(text)
    for same in of_message.values():
        for earlier, later in pairwise(same):
            if _is_hidden(case, earlier, case.attempts[later.tag or ""].begun_at):
                found.append(earlier.tag or "")
    return found


def _is_hidden(case: _Case, text: Text, until: datetime) -> bool:
    attempt = case.attempts[text.tag or ""]
    heard = [
        at for at in (case.heard_at.get(attempt.tag), case.heard_at.get(text.sid)) if at is not None and at < until
    ]
    if heard or attempt.last_look_at is None or attempt.empty_looks < LOOKS_THAT_PROVE:
        return False
    was_listed_at = text.at + case.rules.list_lag
    return until - attempt.begun_at >= case.rules.grace and attempt.last_look_at - LOOK_TAKES <= was_listed_at


def _judge_calls(case: _Case, verdict: Verdict) -> None:
    calls = Counter(call.tag for call in case.seen.calls)
    verdict.repeated_posts = sorted(tag or "no tag" for tag, number in calls.items() if number > 1)
    verdict.posts_without_intent = sorted(tag or "no tag" for tag in calls if tag not in case.attempts)
    verdict.misjudged = sorted(
        row.tag
        for row in case.stored.attempts
        if row.state in DEAD_ATTEMPTS and row.empty_looks < LOOKS_THAT_PROVE and case.texts_of_tag.get(row.tag)
    )
    wrong = {*verdict.repeated_posts, *verdict.posts_without_intent, *verdict.misjudged}
    case.guilty += [call.to for call in case.seen.calls if (call.tag or "no tag") in wrong]
