"""What staff do in a day, in a real browser: come in, work the morning list off, answer an alarm, write to a group."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import Page, expect
from sqlalchemy import select

from reminders.core.delivery import ReceiptStatus
from reminders.core.tasks import TaskKind, Urgency
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.tasks import Task, open_many
from tests.browser.conftest import accept_invitation
from tests.browser.live import PASSWORD, Live
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import World

TOMORROW = local("2027-03-03 09:30")
NAMES = ("Dana Rivers", "Robin Ruiz", "Sam Okafor", "Ana Lopez", "Lee Chen", "Jo March")


def a_day(world: World) -> None:
    """Six patients come tomorrow morning; they were asked, and some of them answered."""
    world.sync(
        *(
            an_entry(
                f"A{n}",
                patient=a_record(f"P{n}", name=name, phone=f"+1202555{100 + n:04d}", email=None),
                booking=a_booking(TOMORROW + timedelta(minutes=20 * n)),
            )
            for n, name in enumerate(NAMES, 1)
        ),
        options=SyncOptions(is_approved=True),
    )
    world.pump()
    for sent in list(world.sms.sent):
        world.receipt(sent.text.tag, ReceiptStatus.DELIVERED)


def test_a_new_person_comes_in_leaves_and_comes_back(page: Page, live: Live) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    key = accept_invitation(page, live, live.invite("Kim Doe"))
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Login").fill("kim.doe")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code").fill(live.code(key))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()


def test_the_pages_of_a_long_worklist_are_turned_by_keys_and_by_links(desk: Page, live: Live) -> None:
    a_day(live.world)
    (visit, *_) = live.world.all(select(rows.appointment))
    waiting = [
        (uuid4(), Task(TaskKind.CALL_WANTED, Urgency.HIGH, f"waits {n}", visit.clinic_id, visit.patient_id))
        for n in range(45)
    ]
    with live.world.store.transaction() as tx:
        open_many(tx, waiting, now=live.world.clock.now())
    desk.goto("/")
    tasks = desk.locator("[data-task]")
    expect(tasks).to_have_count(40)
    desk.keyboard.press("n")
    expect(tasks).to_have_count(5)
    expect(desk.get_by_text("Tasks 41 to 45 of 45")).to_be_visible()
    desk.get_by_role("link", name="More pressing").press("Enter")
    expect(tasks).to_have_count(40)
    expect(desk.get_by_role("link", name="Less pressing")).to_be_visible()


def test_the_morning_list_is_worked_off_by_keyboard(desk: Page, live: Live) -> None:
    a_day(live.world)
    live.world.text("who takes me home?", sender="+12025550101")
    live.world.text("can I come on friday instead", sender="+12025550102")
    desk.goto("/")
    tasks = desk.locator("[data-task]")
    expect(tasks).to_have_count(2)
    for left in (1, 0):
        desk.keyboard.press("j")
        desk.keyboard.press("d")
        expect(tasks).to_have_count(left)
    expect(desk.get_by_text("Nothing needs a person just now.")).to_be_visible()


def test_a_reply_that_was_not_understood_is_corrected_by_one_press(desk: Page, live: Live) -> None:
    a_day(live.world)
    live.world.text("purple monkey", sender="+12025550102")
    desk.get_by_role("link", name="Inbox").click()
    desk.get_by_role("link", name="Robin Ruiz").click()
    desk.locator("button[name=only][value=confirm]").click()
    expect(desk.get_by_text("by Kim Doe").first).to_be_visible()
    desk.get_by_role("link", name="Today").click()
    expect(desk.locator(".visit").filter(has_text="Robin Ruiz")).to_contain_text("✓ confirmed")


def test_a_red_flag_stands_on_top_and_is_taken_over(desk: Page, live: Live) -> None:
    a_day(live.world)
    desk.goto("/")
    live.world.text("my chest feels tight and I cant breathe", sender="+12025550103")
    alarm = desk.locator(".alarm")
    # The page looks for news by itself.
    expect(alarm).to_contain_text("my chest feels tight")
    expect(alarm).to_contain_text("Sam Okafor")
    alarm.get_by_role("button", name="I take it over").click()
    expect(alarm).to_contain_text("Kim Doe took it over")


def test_a_group_is_written_to_and_two_are_left_out(desk: Page, live: Live) -> None:
    a_day(live.world)
    live.world.text("STOP", sender="+12025550104")
    live.world.text("please stop texting me", sender="+12025550105")
    live.world.pump()
    before = len(live.world.sms.sent)
    desk.goto("/send")
    desk.get_by_label("Everybody with a session…").check()
    desk.get_by_label("Text in English").fill("The building's lift is out of order. Please use the side entrance.")
    preview = desk.locator("#outlook")
    expect(preview).to_contain_text("Left out 2")
    expect(preview).to_contain_text("Ana Lopez")
    expect(preview).to_contain_text("Lee Chen")
    desk.locator("#send").click()
    expect(desk.locator("#batch")).to_contain_text("To 4")
    live.world.pump()
    expect(desk.locator("#batch")).to_contain_text("4 of 4")
    assert len(live.world.sms.sent) - before == 4


def test_a_cadence_edit_is_previewed_then_saved(desk: Page, live: Live) -> None:
    start = local("2027-03-09 11:00")
    live.world.sync(an_entry("A1", booking=a_booking(start)), options=SyncOptions(is_approved=True))
    desk.get_by_role("link", name="Plan", exact=True).click()
    desk.get_by_role("link", name="Change Asks to confirm").click()
    when = desk.get_by_role("group", name="When it comes")
    when.get_by_label("How many").fill("4")
    when.get_by_label("At", exact=True).fill("11:00")
    desk.get_by_role("button", name="See what it changes").click()
    moved = desk.get_by_role("row").filter(has_text="Dana Rivers").filter(has_text="moved")
    expect(moved).to_contain_text("Sat Mar 6, 10:00 AM")
    expect(moved).to_contain_text("Fri Mar 5, 11:00 AM")
    desk.get_by_label("Why, in a few words").fill("A day more to find a ride")
    desk.get_by_role("button", name="Save as version 2").click()
    expect(desk.get_by_role("status")).to_contain_text("Version 2 is saved")
    expect(desk.get_by_role("paragraph").filter(has_text="4 days before the session, at 11:00 AM")).to_be_visible()
    desk.get_by_role("link", name="Version 2").click()
    expect(desk.get_by_role("row").filter(has_text="Kim Doe")).to_contain_text("A day more to find a ride")


def test_a_text_is_seen_as_it_arrives_while_it_is_written(desk: Page, live: Live) -> None:
    desk.goto("/plan/texts/remind_confirm")
    desk.get_by_label("Text in English").fill("{{sender}}: do come {{when}}. {{question}} {{phone}}")
    expect(desk.locator("#reading")).to_contain_text("Riverside Clinic: do come Fri Mar 5, 10:30 AM.")


def test_a_message_is_added_to_the_plan_as_it_is_seen_to_arrive(desk: Page) -> None:
    desk.goto("/plan")
    desk.get_by_role("link", name="Add a message").click()
    desk.get_by_label("Its name").fill("Bring a coat")
    desk.get_by_label("Text in English").fill("{{sender}}: bring a coat {{when}}.")
    expect(desk.locator("#reading")).to_contain_text("Riverside Clinic: bring a coat Fri Mar 5, 10:30 AM.")
    desk.get_by_role("button", name="See what it changes").click()
    expect(desk.get_by_role("heading", name="Bring a coat, a new message: what it changes")).to_be_visible()
    desk.get_by_role("button", name="Save as version 2").click()
    expect(desk.get_by_role("heading", name="Bring a coat")).to_be_visible()
