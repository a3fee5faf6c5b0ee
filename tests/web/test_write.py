from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from reminders.core.allow_list import AllowList
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind
from reminders.services.pause import Subject, pause
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.services.test_statements import counting
from tests.web.browser import Browser, some_app
from tests.web.snapshots import everything
from tests.world import CLINIC, World

DANA = a_record("P1", name="Dana Rivers")
ROBIN = a_record("P2", name="Robin O'Hara <b>", phone="+12025550102", email=None)
DANNY = a_record("P3", name="Dány Núñez", phone="+12025550103", email=None, language="es")
TOMORROW = local("2027-03-03 09:30")
AFTERNOON = local("2027-03-03 14:00")


@pytest.fixture
def clinic(world: World) -> World:
    """Two come tomorrow, one of whom reads Spanish; another comes in three days."""
    world.sync(
        an_entry("A1", patient=DANA, booking=a_booking(TOMORROW)),
        an_entry("A2", patient=ROBIN, booking=a_booking(NOON + timedelta(days=3))),
        an_entry("A3", patient=DANNY, booking=a_booking(AFTERNOON)),
        options=SyncOptions(is_approved=True),
    )
    return world


def form(desk: Browser, **fields: str) -> dict[str, str]:
    """The form as the page gives it, filled in."""
    desk.get("/send")
    return {"to": "patient", "patient": "P1", "text": "Hello.", "nonce": desk.nonce, **fields}


def group(desk: Browser, **fields: str) -> dict[str, str]:
    return form(desk, **{"to": "group", "days": "tomorrow", **fields})


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def kept(page: str) -> dict[str, str]:
    """What a preview puts into the form: the key of the request, and what was seen."""
    found = {name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("request_key", "seen")}
    return {name: match.group(1) for name, match in found.items() if match is not None}


def seen(desk: Browser, filled: dict[str, str]) -> dict[str, str]:
    return filled | kept(desk.post("/send/outlook", filled).text)


def test_a_preview_shows_who_gets_what_and_who_does_not_and_stores_nothing(clinic: World, desk: Browser) -> None:
    clinic.text("STOP", sender="+12025550101")
    before = everything(clinic)
    page = desk.post("/send/preview", group(desk, text="bring a coat, {{when}}")).text
    assert "tomorrow’s sessions at Riverside Clinic: 2 patients" in words(page)
    assert "Dana Rivers opted out" in words(page)
    assert "Riverside Clinic: bring a coat, Wed Mar 3, 2:00 PM" in words(page)
    assert "1 person reads Spanish and gets the English text" in words(page)
    assert "50 characters, 1 segment, GSM-7" in words(page)
    assert "<html" in page
    part = desk.post("/send/outlook", group(desk, text="bring a coat, {{when}}")).text
    assert "<html" not in part
    assert everything(clinic) == before


def test_each_reads_their_own_language_where_both_are_written(clinic: World, desk: Browser) -> None:
    page = words(desk.post("/send/preview", group(desk, text="Bring a coat.", other_text="Traiga un abrigo.")).text)
    assert "Riverside Clinic: Bring a coat." in page
    assert "Riverside Clinic: Traiga un abrigo." in page
    assert "reads Spanish and gets" not in page


@pytest.mark.parametrize(
    ("fields", "people"),
    [
        ({}, "2 patients"),
        ({"before": "12:00"}, "before noon: 1 patient"),
        ({"since": "12:00"}, "from noon on: 1 patient"),
        ({"days": "today"}, "today’s sessions at Riverside Clinic: 0 patients"),
        ({"days": "between", "first": "2027-03-03", "last": "2027-03-06"}, "Wed Mar 3 to Sat Mar 6"),
        ({"kind": "ketamine_infusion", "lacks_ride": "true"}, "type ketamine infusion, without a ride: 2 patients"),
        ({"kind": "consultation"}, ": 0 patients"),
    ],
)
def test_a_group_is_told_back_in_words(clinic: World, desk: Browser, fields: dict[str, str], people: str) -> None:
    assert people in words(desk.post("/send/preview", group(desk, **fields)).text)


def test_who_confirmed_is_left_alone_where_only_the_others_are_meant(clinic: World, desk: Browser) -> None:
    filled = group(desk, days="between", first="2027-03-05", is_unconfirmed="true", exceeds_caps="true")
    clinic.pump()
    assert "not confirmed: 1 patient" in words(desk.post("/send/preview", filled).text)
    clinic.text("C", sender="+12025550102")
    assert "not confirmed: 0 patients" in words(desk.post("/send/preview", filled).text)


def test_what_was_seen_is_sent_and_a_second_click_leads_to_the_same_batch(clinic: World, desk: Browser) -> None:
    filled = seen(desk, group(desk, before="12:00", text="Bring a coat on {{when}}."))
    answers = [desk.post("/send", filled) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    clinic.pump(Channel.SMS)
    assert clinic.bodies.count("Riverside Clinic: Bring a coat on Wed Mar 3, 9:30 AM.") == 1
    page = words(desk.get(answers[0].headers["location"]).text)
    assert "1 of 1 left" in page
    assert "Dana Rivers text sent" in page
    assert "tomorrow’s sessions" in words(desk.get("/batches").text)


def test_nothing_leaves_that_is_not_what_was_seen(clinic: World, desk: Browser) -> None:
    filled = seen(desk, group(desk))
    for changed in ({"text": "Another."}, {"before": "12:00"}, {"channel": "email"}, {"seen": "x"}, {"seen": ""}):
        answer = desk.post("/send", filled | changed)
        assert answer.status_code == 200
        assert "look" in words(answer.text)
    clinic.text("STOP", sender="+12025550101")
    assert "Somebody would get something else" in words(desk.post("/send", filled).text)
    assert clinic.count("batch") == 0
    assert desk.post("/send", seen(desk, filled)).status_code == 303


def test_the_text_is_shown_as_the_one_reads_it_who_was_chosen(clinic: World, desk: Browser) -> None:
    filled = group(desk, text="See you {{when}}.", other_text="Hasta {{when}}.", shown="P1")
    body = urlencode([*filled.items(), ("shown", "P3")]).encode()
    headers = {"hx-request": "true", "content-type": "application/x-www-form-urlencoded"}
    page = words(desk.ask("POST", "/send/outlook", body=body, headers=headers).text)
    assert page.index("Hasta") < page.index("See you Wed Mar 3")


def test_the_next_open_day_skips_what_staff_closed(clinic: World, desk: Browser) -> None:
    assert ": 2 patients" in words(desk.post("/send/preview", group(desk, days="next")).text)
    pause(clinic.deps, Subject(PauseKind.DAY, "2027-03-03", "riverside"), reason="ice on the road", by="desk")
    assert ": 0 patients" in words(desk.post("/send/preview", group(desk, days="next")).text)


def test_two_previews_are_two_requests(clinic: World, desk: Browser) -> None:
    filled = form(desk)
    assert len({seen(desk, filled)["request_key"] for _ in range(2)}) == 2


def test_a_patient_is_found_by_name_without_a_script_too(clinic: World, desk: Browser) -> None:
    offered = desk.post("/send/people", form(desk, patient="da")).text
    assert [unescape(item) for item in re.findall(r'value="([^"]+)"', offered)] == [
        "Dana Rivers (P1)",
        "Dány Núñez (P3)",
    ]
    page = desk.post("/send/preview", form(desk, patient="da"))
    assert page.status_code == 400
    assert 'type="radio" id="patient-1" name="patient" value="Dana Rivers (P1)"' in page.text
    for meant in ("dana", "rivers d", "P1", "Dana Rivers (P1)"):
        assert "Dana Rivers English" in words(desk.post("/send/preview", form(desk, patient=meant)).text)
    assert 'value="Dána' not in desk.get("/send?patient=P3").text
    assert 'value="Dány Núñez (P3)"' in desk.get("/send?patient=P3").text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"text": "   "}, "text: found nothing"),
        ({"patient": "P9"}, "found no patient 'P9'"),
        ({"patient": ""}, "patient: found nothing"),
        ({"text": "{{drug}}"}, "{{drug}}"),
        ({"text": "your ketamine"}, "a text names no drug"),
        ({"text": "your depression"}, "a text names no diagnosis"),
        ({"text": "Reply YES to confirm"}, "carriers act on this word"),
        ({"other_text": "la ketamina"}, "text (es): found 'ketamina'"),
        ({"text": "x" * 1601}, "at most 1600"),
        ({"override_reason": "urgent"}, "reason: found 'urgent'"),
        ({"when": "later"}, "at: found nothing"),
        ({"when": "later", "at": "2027-03-02T11:00"}, "that is past"),
        ({"when": "later", "at": "2027-03-14T02:30"}, "there is no such time"),
        ({"when": "later", "at": "2027-09-14T02:30"}, "at most 60 days ahead"),
        ({"to": "group", "days": "between", "first": "soon"}, "first day: found 'soon'"),
        ({"to": "group", "days": "between", "first": "2027-03-05", "last": "2027-03-04"}, "the first day comes first"),
        ({"to": "group", "since": "12:00", "before": "09:00"}, "the earlier comes first"),
    ],
)
def test_a_faulty_request_says_why_and_keeps_the_form(
    clinic: World, desk: Browser, fields: dict[str, str], fault: str
) -> None:
    filled = form(desk, **fields)
    for path, more in (("/send/preview", {}), ("/send", {"request_key": "k" * 32, "seen": "x"})):
        answer = desk.post(path, filled | more)
        assert answer.status_code == 400
        assert fault in words(answer.text)
        assert 'role="alert"' in answer.text
    assert clinic.count("batch") == 0


def test_quiet_hours_are_said_beforehand_and_overridden_with_a_reason_only(clinic: World, desk: Browser) -> None:
    late = {"when": "later", "at": "2027-03-02T22:00"}
    page = words(desk.post("/send/preview", form(desk, **late)).text)
    assert "leaves Tue Mar 2, 10:00 PM EST" in page
    assert "One waits until Wed Mar 3, 9:00 AM EST" in page
    page = words(desk.post("/send/preview", form(desk, **late, override_reason="The clinic has no power")).text)
    assert "Quiet hours are overridden: “The clinic has no power”" in page
    assert "waits until" not in page


def test_an_opt_out_is_beyond_every_control(clinic: World, desk: Browser) -> None:
    clinic.text("STOP", sender="+12025550102")
    filled = form(desk, patient="P2", override_reason="She asked for it by phone", exceeds_caps="true")
    page = desk.post("/send/preview", filled).text
    assert "Robin O'Hara <b> opted out" in unescape(words(page))
    assert kept(page) == {}
    assert desk.post("/send", filled | {"request_key": "k" * 32, "seen": "x"}).status_code == 200
    assert clinic.count("batch") == 0


def test_an_approved_text_is_put_in_in_both_languages(clinic: World, desk: Browser) -> None:
    page = unescape(desk.post("/send/edit", form(desk, snippet="noted", text="")).text)
    assert "{{sender}}: Thank you, we have noted that.</textarea>" in page
    assert "{{sender}}: Gracias, lo hemos anotado.</textarea>" in page


def test_a_test_goes_to_staff_and_counts_as_no_patients_message(clinic: World, desk: Browser) -> None:
    filled = group(desk, text="Bring a coat, {{when}}.", test_to="+1 (202) 555-0199")
    for _ in range(2):
        assert "A test is on its way" in words(desk.post("/send/test", filled).text)
    clinic.pump()
    sent = [row for row in clinic.messages() if row.kind == "test"]
    assert [(row.patient_id, row.recipient, row.state) for row in sent] == [(None, "staff", "accepted")]
    assert "Riverside Clinic: Bring a coat, Wed Mar 3, 9:30 AM." in clinic.bodies
    assert clinic.count("batch") == 0
    clinic.check()


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("+12025550101", "that is a patient’s"),
        ("nonsense", "no phone such as"),
        ("a@b.example", "not on the allow-list"),
    ],
)
def test_a_test_goes_to_no_patient_and_to_nobody_unlisted(
    clinic: World, tmp_path: Path, address: str, fault: str
) -> None:
    clinic.change(allow_list=AllowList.parse("+12025550101 +12025550102 +12025550103"))
    desk = Browser(some_app(clinic, tmp_path, is_demo=True), "http://localhost:8000", address="127.0.0.1")
    answer = desk.post("/send/test", form(desk, test_to=address))
    assert answer.status_code == 400
    assert fault in words(answer.text)


def test_stopping_ends_what_has_not_left_and_says_what_had(clinic: World, desk: Browser) -> None:
    place = desk.post("/send", seen(desk, group(desk, when="later", at="2027-03-02T15:00"))).headers["location"]
    assert "Stop: 2 have not left" in words(desk.get(place).text)
    for _ in range(2):
        answer = desk.post(f"{place}/stop", {"nonce": desk.nonce})
        assert answer.headers["location"] == place
    page = desk.get(place).text
    assert "2 withdrawn" in words(page)
    assert "This was stopped by Front desk, Tue Mar 2, noon EST . Nothing had left before." in words(page)
    assert 'id="stop"' not in page
    assert "hx-get" not in page
    assert desk.get(f"/parts{place}").text.strip() in page


def test_a_request_that_did_not_come_from_our_page_sends_nothing(clinic: World, desk: Browser) -> None:
    filled = seen(desk, form(desk, test_to="+12025550199"))
    before = everything(clinic)
    answers = [
        *(desk.post(path, filled | {"nonce": "x" * 32}) for path in ("/send", "/send/test", "/send/outlook")),
        desk.post("/send", filled, **{"sec-fetch-site": "cross-site"}),
        desk.post("/send", filled, origin="http://evil.example"),
        desk.post("/send/preview", filled, origin="http://evil.example"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert desk.post("/send/preview", form(desk, to="everybody")).status_code == 400
    assert everything(clinic) == before
    for headers in ({"origin": "http://localhost:8000"}, {"origin": "null", "sec-fetch-site": "same-origin"}):
        assert desk.post("/send/preview", form(desk), **headers).status_code == 200


def test_with_several_clinics_one_is_chosen_and_only_its_patients_are_found(
    sqlite_store: Store, tmp_path: Path
) -> None:
    world = World(sqlite_store, CLINIC, {**CLINIC, "slug": "lakeside", "sender": "Lakeside"})
    lakeside = an_entry("B1", patient=a_record("L1", name="Lake Dweller", phone="+12025550177", email=None))
    world.sync(("riverside", an_entry("A1", patient=DANA)), ("lakeside", lakeside))
    desk = Browser(some_app(world, tmp_path, is_demo=True), "http://localhost:8000", address="127.0.0.1")
    assert "clinic: choose one" in words(desk.post("/send/preview", form(desk)).text)
    assert "found no patient" in words(desk.post("/send/preview", form(desk, clinic="lakeside")).text)
    assert "Lakeside: Hello." in words(desk.post("/send/preview", form(desk, clinic="lakeside", patient="lake")).text)
    assert "Lake Dweller (L1)" in desk.get("/send?patient=L1").text


def test_a_page_costs_as_many_statements_for_many_people_as_for_few(world: World, desk: Browser) -> None:
    costs = []
    for count in (2, 40):
        entries = [
            an_entry(
                f"A{n}", patient=a_record(f"P{n}", phone=f"+1202555{n:04d}", email=None), booking=a_booking(TOMORROW)
            )
            for n in range(1, count + 1)
        ]
        world.sync(*entries, options=SyncOptions(is_approved=True))
        filled = group(desk)
        with counting(world.store) as statements:
            place = desk.post("/send", seen(desk, filled)).headers["location"]
            desk.get(place)
        costs.append(len(statements))
    assert costs[0] == costs[1]
