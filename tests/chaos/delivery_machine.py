"""The acts of T10: each is done to the service and told to the reference, and then all that is stored is compared."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from reminders.adapters.memory import MemoryIdentity
from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.core.ids import AttemptTag
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.ports import Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.claim_due import claim_due
from reminders.services.deps import SendingPolicy
from reminders.services.dispatch_due import dispatch_due
from reminders.services.expire_overdue import expire_overdue
from reminders.services.record_outcomes import record_outcomes
from reminders.services.resolve_unknowns import look_back
from reminders.services.steer_sending import resend_doubtful
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry
from tests.chaos.delivery_draws import BAD, GOOD, HIDDEN, OFTEN, PAUSES, REFUSALS, SELDOM, UNKNOWN, WORDS
from tests.chaos.delivery_model import Delivery
from tests.chaos.delivery_stored import StoredDeliveries
from tests.chaos.delivery_words import BEHIND, ENDS, Key, Person, Word
from tests.chaos.hiding_provider import ACCEPTED, HidingProvider, outcome_of
from tests.services.deaths import Killed
from tests.world import World, only

PHOENIX = "America/Phoenix"
"""As far behind UTC all year as the reference is: it knows no zones."""
PHONES = ("+12025550101", "+12025550102")
APPROVED = SyncOptions(is_approved=True)
MOST_VERSIONS = 8


class SteadyIdentity(MemoryIdentity):
    """Has no chance in its pauses, so that a reference can know them."""

    def __init__(self, jitter: float) -> None:
        super().__init__()
        self._jitter = jitter

    @override
    def jitter(self) -> float:
        return self._jitter


@dataclass(slots=True)
class Figures:
    """What the examples of a run came to."""

    examples: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    unavoidable: list[str] = field(default_factory=list)
    """Texts that the provider took and hid before it took another."""


class DeliveryMachine(RuleBasedStateMachine):
    """The service and the reference side by side, over a database that is emptied for each example."""

    def __init__(self, store: Store, stored: StoredDeliveries, figures: Figures) -> None:
        super().__init__()
        self._stored, self._figures = stored, figures
        stored.wipe()
        clinic = only("remind_confirm", timezone=PHOENIX, caps={"per_day": 50, "per_week": 50})
        self.world = World(store, clinic)
        self.provider = HidingProvider(self.world.clock)
        self.model = Delivery(NOON, 0.5, [])
        self._others = MemoryIdentity(seed=1)

    @initialize(
        patients=st.integers(1, 2),
        is_shared=st.booleans(),
        hours=st.tuples(st.sampled_from([10, 16]), st.sampled_from([10, 16])),
        jitter=st.sampled_from([0.25, 0.5, 0.75]),
        is_due=OFTEN,
    )
    def begin(self, *, patients: int, is_shared: bool, hours: tuple[int, int], jitter: float, is_due: bool) -> None:
        """Book a session for each patient, two of whom may share a phone; mostly begin where a text falls due."""
        self.world.change(
            sms=self.provider,
            identity=SteadyIdentity(jitter),
            pace=Pace.of(1_000_000.0),
            policy=SendingPolicy(ahead=timedelta(0), flush_after=timedelta(milliseconds=2)),
            provider_answers_keywords=True,
        )
        phones = PHONES[:1] * 2 if is_shared else PHONES
        people = [Person(phones[n], self._start(n, 1, 5, hours[n])) for n in range(patients)]
        self.model = Delivery(NOON, jitter, people)
        self._read()
        for number in range(patients):
            self.model.plan(number)
        self._figures.examples += 1
        if is_due:
            self._pass(min(slot.due for slot in self.model.slots.values()) - NOON)

    def _start(self, number: int, version: int, days: int, hour: int) -> datetime:
        """Return a start that no other version has, so that no two texts are alike."""
        local = (self.world.clock.now() - BEHIND).replace(minute=20 * number + version, second=0, microsecond=0)
        return local.replace(hour=hour) + timedelta(days=days) + BEHIND

    def _read(self) -> None:
        self.world.sync(*[self._entry(number) for number in range(len(self.model.people))], options=APPROVED)

    def _entry(self, number: int) -> ScheduleEntry:
        person = self.model.people[number]
        status = AppointmentStatus.CANCELLED if person.is_off else AppointmentStatus.BOOKED
        record = a_record(f"P{number}", name=f"Dana {'AB'[number]}", phone=person.phone, email=None)
        booking = a_booking(person.start, timezone=PHOENIX, status=status)
        return an_entry(f"A{number}", patient=record, booking=booking)

    def _pass(self, by: timedelta) -> None:
        self.world.later(by)
        self.model.now += by

    def _note(self, act: str) -> None:
        self._figures.acts[act] += 1

    @rule(by=st.sampled_from(PAUSES))
    def time_passes(self, by: timedelta) -> None:
        """Do nothing for a while."""
        self._note("time")
        self._pass(by)

    @rule(words=st.lists(WORDS, max_size=2))
    def the_pump_runs(self, words: list[Word]) -> None:
        """Send what is due."""
        self._note("pump")
        self._pump(words, "")

    @rule(words=st.lists(WORDS, min_size=1, max_size=2))
    def the_pump_waits_and_runs(self, words: list[Word]) -> None:
        """Send at the very instant at which something may leave."""
        slots = [slot.due for slot in self.model.slots.values() if slot.state == "planned"]
        texts = [text.due for text in self.model.texts.values() if text.state in ("due", "held")]
        probes = [self.model.circuit.probe] if self.model.circuit.probe is not None else []
        coming = [at for at in [*slots, *texts, *probes] if at > self.model.now]
        self._note("pump when due")
        if coming:
            self._pass(min(coming) - self.model.now)
        self._pump(words, "")

    @rule(words=st.lists(WORDS, max_size=2), when=st.sampled_from(["claim", "before", "after"]))
    def a_worker_dies(self, words: list[Word], when: str) -> None:
        """Die after the claim, after the intent, or after the call."""
        self._note(f"death: {when}")
        if when == "claim":
            dispatch_due(self.world.deps)
            claim_due(self.world.deps, Channel.SMS)
            self.model.claim()
        else:
            self._pump(words, when)

    def _pump(self, words: list[Word], dies: str) -> None:
        self.provider.words, self.provider.dies = list(words), dies
        with suppress(Killed):
            self.world.pump()
        left = list(words)
        while claimed := self.model.claim():
            leaving, said = self.model.begin(claimed), []
            for text in leaving if dies != "before" else ():
                word = left.pop(0) if left else ACCEPTED
                self.model.call(text, word)
                said.append((text, word, f"SM{self.model.calls:032x}"))
            if dies and leaving:
                return
            for text, word, sid in said:
                self.model.record(text.key, len(text.tries) - 1, word, sid)

    @precondition(lambda self: self.provider.taken)
    @rule(
        data=st.data(),
        status=st.sampled_from([*GOOD, *BAD, "strange"]),
        refusal=REFUSALS,
        is_tagged=OFTEN,
        is_twin=SELDOM,
        is_doubled=SELDOM,
    )
    def a_receipt_comes(
        self, *, data: st.DataObject, status: str, refusal: str | None, is_tagged: bool, is_twin: bool, is_doubled: bool
    ) -> None:
        """Hear of a text that was taken, or of a second one under the same tag."""
        place = data.draw(st.integers(0, len(self.provider.taken) - 1))
        why = refusal if status in BAD else None
        for _ in range(1 + is_doubled):
            self._hear_of(place, status, why, is_tagged=is_tagged or is_twin, is_twin=is_twin)

    def _hear_of(self, place: int, status: str, refusal: str | None, *, is_tagged: bool, is_twin: bool = False) -> None:
        item, about = self.provider.taken[place], self.model.taken[place]
        assert item.sid == about.sid
        self._note(f"receipt: {status}")
        sid = f"{item.sid}twin" if is_twin else item.sid
        named = (about.key, about.number) if is_tagged else None
        if not is_twin:
            item.is_hidden = False
            item.excuse = item.excuse or ("not delivered" if status in BAD else "")
        self._receipt(item.tag if named else None, sid, status, refusal)
        self.model.receipt(sid, named, status, refusal)

    def _receipt(self, tag: UUID | None, sid: str, status: str, refusal: str | None) -> None:
        known = ReceiptStatus(status) if status in set(ReceiptStatus) else None
        kind = Refusal(refusal) if refusal else None
        store_receipt(self.world.deps, tag, Receipt(sid, known, status, refusal, kind))
        apply_receipts(self.world.deps)

    def _hear_of_another(self) -> None:
        """Hear of a text that we do not know: it proves that receipts reach us."""
        tag = self._others.new_tag()
        self._receipt(tag, f"SMother{tag}", "sent", None)
        self.model.receipt(f"SMother{tag}", None, "sent")

    @precondition(lambda self: any(item.is_hidden for item in self.provider.taken))
    @rule()
    def the_provider_shows_what_it_hid(self) -> None:
        """Let everything appear in the provider's list."""
        self._note("shown")
        for item in self.provider.taken:
            item.is_hidden = False
        self.model.hidden.clear()

    @precondition(lambda self: any(text.tries for text in self.model.texts.values()))
    @rule(data=st.data(), word=WORDS)
    def a_worker_that_slept_tells_its_outcome(self, *, data: st.DataObject, word: Word) -> None:
        """Tell late only what is true: a success of what was taken, else that it did not leave."""
        key = data.draw(st.sampled_from([key for key, text in self.model.texts.items() if text.tries]))
        number = data.draw(st.integers(0, len(self.model.texts[key].tries) - 1))
        sid = next((one.sid for one in self.model.taken if (one.key, one.number) == (key, number)), None)
        if sid is None and word.kind in ("accepted", "unknown"):
            return
        true = word if sid is None else ACCEPTED
        self._note(f"late word: {true.kind}")
        tag = AttemptTag(self._stored.tag(key, number))
        record_outcomes(self.world.deps, [(tag, outcome_of(true, sid or ""))])
        self.model.record(key, number, true, sid)

    @rule(place=st.integers(0, 1), is_stop=st.sampled_from([True, False, False]))
    def a_patient_texts(self, *, place: int, is_stop: bool) -> None:
        """STOP or START."""
        self._note("STOP" if is_stop else "START")
        phone = self.model.people[place % len(self.model.people)].phone
        self.world.text("STOP" if is_stop else "START", sender=phone)
        (self.model.stop if is_stop else self.model.start)(phone)

    @precondition(lambda self: self.model.opted_out)
    @rule()
    def whoever_stopped_starts_again(self) -> None:
        """START, from all who said STOP."""
        for phone in sorted(self.model.opted_out):
            self._note("START")
            self.world.text("START", sender=phone)
            self.model.start(phone)

    @rule(
        place=st.integers(0, 1), days=st.sampled_from([2, 3, 3, 4, 4, 7]), hour=st.sampled_from([10, 16]), is_off=SELDOM
    )
    def the_schedule_changes(self, *, place: int, days: int, hour: int, is_off: bool) -> None:
        """Move a session, cancel it, or book it again."""
        number = place % len(self.model.people)
        person = self.model.people[number]
        if person.version == MOST_VERSIONS or (person.is_off and is_off):
            return
        self._note("cancelled" if is_off else "moved")
        start = person.start if is_off else self._start(number, person.version + 1, days, hour)
        self.model.change(number, start, is_off=is_off)
        self._read()

    @rule(words=st.lists(st.sampled_from(UNKNOWN), min_size=1, max_size=2), every=st.sampled_from([61, 185]))
    def a_text_is_doubted_for_a_while(self, words: list[Word], every: int) -> None:
        """Send with no answer, and go on until the doubt has ended or nearly so."""
        self.the_pump_waits_and_runs(words)
        self.upkeep_goes_on_for_a_while(every, 5)

    @rule(is_sent_again=OFTEN, is_told=st.booleans())
    def a_hidden_text_comes_to_light(self, *, is_sent_again: bool, is_told: bool) -> None:
        """Take a text and hide it until its doubt ends, then show it by a receipt or in the list."""
        self.a_text_is_doubted_for_a_while([HIDDEN, HIDDEN], 185)
        if is_sent_again:
            self.the_pump_runs([])
        hidden = [place for place, item in enumerate(self.provider.taken) if item.is_hidden]
        if hidden and is_told:
            self._hear_of(hidden[0], "sent", None, is_tagged=True)
        elif hidden:
            self.the_provider_shows_what_it_hid()
            self._pass(timedelta(minutes=31))
            self.upkeep_runs(what="look back", is_blind=False)

    @rule(every=st.sampled_from([31, 61, 185]), times=st.integers(2, 5))
    def upkeep_goes_on_for_a_while(self, every: int, times: int) -> None:
        """Do what it takes for a doubt to end: news of other texts, time, looks."""
        self._note("upkeep")
        self.provider.is_blind = False
        self._hear_of_another()
        for _ in range(times):
            self._pass(timedelta(seconds=every))
            self.world.resolve()
            self.model.resolve(is_blind=False)

    @rule(what=st.sampled_from(["resolve", "look back", "expire", "read again", "unknown text"]), is_blind=SELDOM)
    def upkeep_runs(self, *, what: str, is_blind: bool) -> None:
        """Do what changes nothing where nothing is to be done, perhaps while the provider answers no looks."""
        self._note(what)
        self.provider.is_blind = is_blind
        match what:
            case "resolve":
                self.world.resolve()
                self.model.resolve(is_blind=is_blind)
            case "look back":
                look_back(self.world.deps)
                self.model.look_back(is_blind=is_blind)
            case "expire":
                expire_overdue(self.world.deps)
                self.model.expire()
            case "read again":
                self._read()
            case _:
                self._hear_of_another()

    @precondition(lambda self: self.model.holds)
    @rule()
    def staff_let_doubtful_texts_be_sent_again(self) -> None:
        """Hold no longer."""
        self._note("resends allowed")
        resend_doubtful(self.world.deps, by="staff")
        self.model.allow_resends()

    @invariant()
    def what_is_stored_equals_the_reference(self) -> None:
        """Compare everything; a text may have arrived twice only with an excuse, and the ledger must balance."""
        with self._stored.moment():
            self._compare("reminders", self._stored.slots(), self._expected_slots())
            self._compare("messages", self._stored.texts(), self._expected_texts())
            self._compare("tasks", self._stored.tasks(), self._expected_tasks())
            self._compare("addresses", self._stored.phones(), (self.model.opted_out, self.model.faulty))
            late = sum(item.is_late for text in self.model.texts.values() for item in text.tries)
            doubles = {"possible": late, "proven": len(list(self.model.doubles))}
            book = self._stored.ledger()
            self._compare("ledger", book, dict.fromkeys(book, 0) | doubles)
        assert not self.provider.doubles, f"arrived twice without an excuse: {self.provider.doubles}"

    def _compare(self, what: str, stored: object, expected: object) -> None:
        assert stored == expected, f"{what}:\n stored   {stored}\n expected {expected}"

    def _expected_slots(self) -> dict[Key, Any]:
        return {
            key: (slot.state, slot.reason, slot.due if slot.state == "planned" else None, slot.expires)
            for key, slot in self.model.slots.items()
        }

    def _expected_texts(self) -> dict[Key, Any]:
        return {
            key: (
                text.state,
                text.reason if text.state in ENDS else None,
                text.due if text.state in ("due", "held") else None,
                len(text.tries),
                text.resends,
                text.redeliveries,
                [(item.state, item.sid, len(item.looks), item.is_late) for item in text.tries],
            )
            for key, text in self.model.texts.items()
        }

    def _expected_tasks(self) -> Counter[tuple[str, int | None, bool]]:
        return Counter(
            (kind, about[0] if isinstance(about, tuple) else None, how == "open")
            for (kind, about), how in self.model.tasks.items()
        )

    @override
    def teardown(self) -> None:
        """Add to the figures."""
        every = self.model.texts.values()
        self._figures.ends.update(text.state for text in every)
        sums = {
            "texts": len(every),
            "calls": self.model.calls,
            "arrived": len(self.model.taken),
            "arrived again": len(self.model.taken) - len({item.key for item in self.model.taken}),
            "doubles proven": len(list(self.model.doubles)),
            "found absent": sum(text.resends for text in every),
            "delivered anew": sum(text.redeliveries for text in every),
        }
        self._figures.sums.update(sums)
        self._figures.unavoidable += [f"{self._figures.examples}/{sid[-4:]}" for sid in self.provider.unavoidable]
