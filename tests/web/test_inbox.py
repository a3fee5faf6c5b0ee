from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reminders.cli.corrections import OPERATOR
from reminders.core.patients import Channel
from reminders.core.staff import Role
from reminders.services.export_corrections import export_corrections
from reminders.services.respond_by_link import LinkAnswer, Wish, respond_by_link
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.conversation_rows import inbound
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Store
from reminders.web.console.reading_words import rule_words
from tests.builders import a_booking, a_record, an_entry
from tests.services.conversation_cases import START, asked_whether_they_come, is_confirmed
from tests.services.test_statements import counting
from tests.web.browser import Browser
from tests.web.front_desk import a_desk, words
from tests.web.test_links import book, mailed, path_in
from tests.world import CLINIC, PHONE, World

RIDDLE = "the heron stands where the river forgets"
NAMED = "blorf the gromp, Dana 202 555 0101"


@pytest.fixture
def clinic(store: Store) -> World:
    """A patient who was asked whether they come."""
    return asked_whether_they_come(store)


@pytest.fixture
def front(clinic: World, tmp_path: Path) -> Browser:
    """The front desk."""
    return a_desk(clinic, tmp_path)


def text_id(world: World) -> str:
    return str(world.all(select(inbound).order_by(inbound.c.received_at, inbound.c.id))[-1].id)


def thread(desk: Browser, world: World) -> str:
    """Where the conversation of the newest text is."""
    answer = desk.get(f"/inbox/texts/{text_id(world)}")
    assert answer.status_code == 303
    return re.sub(r"[?#].*", "", answer.headers["location"])


def press(desk: Browser, address: str, **fields: str) -> tuple[int, str]:
    desk.get("/inbox")
    answer = desk.post(address, {"nonce": desk.nonce, **fields})
    return answer.status_code, answer.text


def key_in(page: str) -> str:
    found = re.search(r'name="request_key" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_an_unclear_reply_is_corrected_to_a_yes_and_the_session_shows_confirmed(clinic: World, front: Browser) -> None:
    clinic.text(RIDDLE)
    listed = words(front.get("/inbox").text)
    assert RIDDLE in listed
    assert "needs a reader" in listed
    address = f"/inbox/texts/{text_id(clinic)}/reading"
    assert press(front, address, only="confirm")[0] == 303
    assert press(front, address, only="confirm")[0] == 303
    assert is_confirmed(clinic)
    page = words(front.get(thread(front, clinic)).text)
    assert "Alex corrected it on" in page
    assert "before it read: needs a reader" in page
    assert "appointment confirmed" in page
    assert "No text waits for a person." in words(front.get("/inbox").text)
    assert "confirms" in words(front.get("/inbox?show=all").text)
    assert "Every text was understood." in words(front.get("/inbox?show=unclear").text)


def test_the_words_that_led_to_a_reading_are_marked_and_the_rule_is_told(clinic: World, front: Browser) -> None:
    clinic.text("yes but who drives me home?")
    page = front.get(thread(front, clinic)).text
    assert re.search(r"<mark title=\"read as: [^\"]+\">yes</mark>", page)
    assert "“yes”: a plain yes" in words(page)
    assert "_" not in "".join(re.findall(r"<small>([^<]*)</small>", page))


def test_what_no_rule_found_says_that_it_was_learned() -> None:
    assert rule_words("weights.opt_out") == "much like other replies that say so"
    assert rule_words("es.yes") == "a plain yes in Spanish"


def test_what_patients_write_is_escaped(clinic: World, front: Browser) -> None:
    clinic.text("yes <script>alert(1)</script>")
    for address in ("/inbox?show=all", thread(front, clinic)):
        assert "<script>alert" not in front.get(address).text


def test_several_meanings_and_a_score_are_ticked_and_faults_are_said(clinic: World, front: Browser) -> None:
    clinic.text(RIDDLE)
    address = f"/inbox/texts/{text_id(clinic)}/reading"
    status, page = press(front, address, means="score")
    assert status == 400
    assert "a number goes with" in page
    assert press(front, address)[0] == 400
    assert press(front, address, means="score", score="x")[0] == 400
    assert clinic.count("correction") == 0
    assert press(front, address, means="question")[0] == 303


def test_what_a_correction_leaves_standing_is_said(clinic: World, front: Browser) -> None:
    clinic.text("STOP")
    press(front, f"/inbox/texts/{text_id(clinic)}/reading", only="question")
    page = words(front.get(thread(front, clinic)).text)
    assert "still to do The opt-out stays" in page


def test_an_answer_is_seen_as_the_patient_will_read_it_and_sent_once(clinic: World, front: Browser) -> None:
    clinic.text("where do I park?")
    here = thread(front, clinic)
    status, page = press(front, f"{here}/preview", text="Behind the house.", request_key="k" * 20)
    assert status == 200
    assert "Riverside Clinic: Behind the house." in page
    assert clinic.bodies[-1] != "Riverside Clinic: Behind the house."
    key = key_in(page)
    for _ in range(2):
        assert press(front, f"{here}/answer", text="Behind the house.", request_key=key)[0] == 303
    clinic.pump()
    assert clinic.bodies.count("Riverside Clinic: Behind the house.") == 1
    assert "Alex wrote" in words(front.get(here).text)


def test_an_approved_answer_fills_the_form(clinic: World, front: Browser) -> None:
    clinic.text("where do I park?")
    here = thread(front, clinic)
    assert "we will sort it out together" in front.get(here).text
    _, page = press(front, f"{here}/preview", snippet="call-us", request_key="k" * 20)
    assert "Riverside Clinic: Please call us at +12025550100 and we will sort it out together.</textarea>" in page


@pytest.mark.parametrize("text", ["", "Your ketamine is here"])
def test_an_answer_that_may_not_be_said_is_not_sent(clinic: World, front: Browser, text: str) -> None:
    clinic.text("where do I park?")
    status, page = press(front, f"{thread(front, clinic)}/answer", text=text, request_key="k" * 20)
    assert status == 400
    assert 'role="alert"' in page


def test_who_opted_out_is_not_written_to(clinic: World, front: Browser) -> None:
    clinic.text("STOP")
    clinic.pump()
    before = clinic.count("message")
    status, page = press(front, f"{thread(front, clinic)}/answer", text="But why?", request_key="k" * 20)
    assert status == 409
    assert "It would not be sent: opted out" in words(page)
    assert clinic.count("message") == before


def test_a_stranger_is_told_nothing(clinic: World, front: Browser) -> None:
    clinic.text("who is this?", sender="+12025550177")
    page = words(front.get(thread(front, clinic)).text)
    assert "This number belongs to no patient" in page
    assert "Send" not in page


def test_who_reads_a_conversation_is_written_down_and_nothing_else_changes(clinic: World, front: Browser) -> None:
    clinic.text(RIDDLE)
    here = thread(front, clinic)
    tasks = clinic.all(select(rows.task))
    front.get(here)
    deeds = clinic.all(select(audit_event).where(audit_event.c.deed == "patient_read"))
    assert [deed.by for deed in deeds] == ["Alex"]
    assert clinic.all(select(rows.task)) == tasks


def test_a_conversation_of_another_clinic_does_not_exist(store: Store, tmp_path: Path) -> None:
    world = World(store, CLINIC, {**CLINIC, "slug": "north", "sender": "North Clinic"})
    world.sync(("riverside", an_entry(booking=a_booking(START))), options=SyncOptions(is_approved=True))
    world.text(RIDDLE)
    mine, stranger = a_desk(world, tmp_path, "riverside"), a_desk(world, tmp_path, "north")
    here = thread(mine, world)
    assert mine.get(here).status_code == 200
    text = text_id(world)
    assert stranger.get(here).status_code == 404
    assert stranger.get(f"/inbox/texts/{text}").status_code == 404
    assert press(stranger, f"/inbox/texts/{text}/reading", only="confirm")[0] == 404
    for way in ("preview", "answer"):
        assert press(stranger, f"{here}/{way}", text="hello", request_key="k" * 20)[0] == 404
    assert RIDDLE not in stranger.get("/inbox?show=all").text
    assert world.count("correction") == 0


def test_an_auditor_reads_and_changes_nothing(clinic: World, tmp_path: Path) -> None:
    clinic.text(RIDDLE)
    auditor = a_desk(clinic, tmp_path, role=Role.AUDITOR)
    here = thread(auditor, clinic)
    page = auditor.get(here).text
    assert "reading" not in re.findall(r'action="[^"]*"', page)
    assert press(auditor, f"/inbox/texts/{text_id(clinic)}/reading", only="confirm")[0] == 404
    assert press(auditor, f"{here}/answer", text="hello", request_key="k" * 20)[0] == 404


def test_more_threads_cost_no_more_statements(store: Store, tmp_path: Path) -> None:
    world = World(store)
    people = [a_record(f"P{n}", phone=f"+1202555{1000 + n}", email=None) for n in range(24)]
    booked = [an_entry(f"A{n}", patient=one, booking=a_booking(START)) for n, one in enumerate(people)]
    world.sync(*booked, options=SyncOptions(is_approved=True))
    desk, costs = a_desk(world, tmp_path), []
    for wrote in (range(3), range(3, 24)):
        for n in wrote:
            world.text(RIDDLE, sender=f"+1202555{1000 + n}")
        desk.get("/inbox")
        with counting(store) as seen:
            desk.get("/inbox")
        costs.append(len(seen))
    assert costs[0] == costs[1]


@pytest.mark.both_databases
def test_corrections_are_exported_as_examples_that_name_nobody(clinic: World, front: Browser) -> None:
    clinic.text(NAMED)
    press(front, f"/inbox/texts/{text_id(clinic)}/reading", only="decline")
    clinic.later(timedelta(minutes=5))
    press(front, f"/inbox/texts/{text_id(clinic)}/reading", only="confirm")
    (example,) = export_corrections(clinic.deps, OPERATOR)
    row = json.loads(example.to_line())
    assert row.keys() == {"id", "text", "open_question", "language", "intents", "score", "voice"}
    assert (row["intents"], row["open_question"], row["language"]) == (["confirm"], "confirm", "en")
    assert row["text"].startswith("blorf the gromp, ")
    assert "Dana" not in row["text"]
    assert "000 000 0000" in row["text"]
    assert PHONE not in row["text"]
    assert export_corrections(clinic.deps, OPERATOR, since=clinic.deps.clock.now() + timedelta(days=1)) == []
    deeds = clinic.all(select(audit_event).where(audit_event.c.deed == "corrections_exported"))
    assert [deed.by for deed in deeds] == ["command line"] * 2


def test_words_from_a_page_stand_in_the_conversation_and_are_answered_by_mail(store: Store, tmp_path: Path) -> None:
    world = World(store)
    book(world)
    token = path_in(mailed(world), "r").rpartition("/")[2]
    wish = Wish("which nurse will be there?", "which nurse will be there?", "")
    assert respond_by_link(world.deps, token, LinkAnswer.RESCHEDULE, wish=wish)
    desk = a_desk(world, tmp_path)
    address = thread(desk, world)
    shown = desk.get(address).text
    assert "on their page" in shown
    assert "The page answered: “Our team will read your message." in shown
    before = len(world.email.sent)
    status, _ = press(desk, f"{address}/answer", text="Kim and Lee.", request_key=key_in(shown))
    assert status == 303
    world.pump(Channel.EMAIL)
    assert [mail.text.count("Kim and Lee.") for mail in world.email.sent[before:]] == [1]
