"""What the pages show of a device: its card in the overview, the bubbles of its thread, the mails of its box."""

from dataclasses import dataclass
from datetime import datetime

from reminders.simulator.mail import Mail
from reminders.simulator.messages import Message
from reminders.simulator.people import Device
from reminders.simulator.wall_clock import ShownClock, now
from reminders.simulator.world import World

_ARRIVED = frozenset({"delivered", "read"})
_MISSED = frozenset({"undelivered", "failed"})
_SHOWN_BUBBLES = 200
_SHOWN_MAILS = 50


@dataclass(frozen=True, slots=True)
class Card:
    """A device in the overview; `changed_at` is the real instant of its newest text or mail."""

    device: Device
    is_open: bool
    preview: str
    kind: str
    when: str
    unread: int
    changed_at: datetime | None

    @property
    def href(self) -> str:
        """The page of this device."""
        return f"/phones/{self.device.number}" if self.device.number else f"/mailboxes/{self.device.key}"

    @property
    def rev(self) -> str:
        """Changes when the card looks different."""
        return f"{self.changed_at} {self.when} {self.unread} {self.preview[:20]}"

    @property
    def initials(self) -> str:
        """Two letters at most: of one name, or of the first two who share the device."""
        people = self.device.people
        words = people[0].name.split() if len(people) == 1 else [person.name for person in people]
        first_and_last = words[:1] + words[1:][-1:] if len(people) == 1 else words[:2]
        return "".join(word[0] for word in first_and_last) or ("#" if self.device.number else "@")

    @property
    def tint(self) -> int:
        """Which of five quiet colours stands for the device."""
        return sum(map(ord, self.device.key)) % 5


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text on a phone's screen; `side` is in, out or missed as the phone's owner sees it."""

    sid: str
    side: str
    body: str
    day: str
    clock: str
    note: str

    @property
    def rev(self) -> str:
        """Changes when the bubble looks different."""
        return f"{self.side} {self.note} {self.clock}"


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail in a box, with its time as shown."""

    mail: Mail
    when: str
    is_newest: bool


def _day_and_clock(at: datetime, clock: ShownClock) -> tuple[str, str]:
    """The shown day and time of a real instant."""
    shown = clock.shown(at)
    return f"{shown:%A} {shown.day} {shown:%B %Y}", f"{shown:%H:%M}"


def today_and_clock(clock: ShownClock) -> tuple[str, str]:
    """The shown day, in short, and time of this moment."""
    shown = clock.shown(now())
    return f"{shown:%a} {shown.day} {shown:%b %Y}", f"{shown:%H:%M}"


def _moment(at: datetime, clock: ShownClock) -> str:
    shown = clock.shown(at)
    return f"{shown:%a} {shown.day} {shown:%b}, {shown:%H:%M}"


def _short_moment(at: datetime, clock: ShownClock) -> str:
    shown = clock.shown(at)
    is_today = shown.date() == clock.shown(now()).date()
    return f"{shown:%H:%M}" if is_today else f"{shown:%a} {shown.day} {shown:%b}"


def cards(world: World, *, open_key: str | None = None) -> list[Card]:
    """All devices, newest activity first; those without any keep the order of the people file."""
    found = [_card(world, device, is_open=device.key == open_key) for device in world.devices()]
    active = [card for card in found if card.changed_at is not None]
    active.sort(key=lambda card: (card.changed_at, card.device.key), reverse=True)
    return active + [card for card in found if card.changed_at is None]


def _card(world: World, device: Device, *, is_open: bool) -> Card:
    texts = [text for text in (world.log.thread(device.number) if device.number else ()) if _is_shown(text)]
    mails = world.mails.box(device.addresses)
    seen_at = world.seen_at.get(device.key)
    arrived = [text.updated_at for text in texts if not text.is_inbound] + [mail.at for mail in mails]
    unread = 0 if is_open else sum(seen_at is None or at > seen_at for at in arrived)
    last_text = texts[-1] if texts else None
    last_mail = mails[-1] if mails else None
    if last_mail and (last_text is None or last_mail.at > last_text.updated_at):
        return Card(
            device, is_open, last_mail.subject, "mail", _short_moment(last_mail.at, world.clock), unread, last_mail.at
        )
    if last_text:
        kind = "out" if last_text.is_inbound else "in"
        kind = "missed" if last_text.status in _MISSED else kind
        at = last_text.updated_at
        return Card(device, is_open, last_text.body, kind, _short_moment(at, world.clock), unread, at)
    return Card(device, is_open, "", "", "", 0, None)


def _is_shown(text: Message) -> bool:
    return text.is_inbound or text.status in _ARRIVED or text.status in _MISSED


def bubbles(world: World, number: str) -> list[Bubble]:
    """The newest texts of a phone in the order of their arrival; those that never arrived are marked as missed."""
    texts = sorted((text for text in world.log.thread(number) if _is_shown(text)), key=lambda text: text.updated_at)
    return [_bubble(world, text) for text in texts[-_SHOWN_BUBBLES:]]


def _bubble(world: World, text: Message) -> Bubble:
    day, clock = _day_and_clock(text.created_at if text.is_inbound else text.updated_at, world.clock)
    note, side = "", "in"
    if text.is_inbound:
        side = "out"
        note = "did not reach the clinic" if text.error_code else ""
    elif text.status in _MISSED:
        side = "missed"
        note = f"not delivered, code {text.error_code}"
    return Bubble(sid=text.sid, side=side, body=text.body, day=day, clock=clock, note=note)


def letters(world: World, device: Device) -> list[Letter]:
    """The newest mails of a device, newest first."""
    mails = world.mails.box(device.addresses)[-_SHOWN_MAILS:]
    return [Letter(mail, _moment(mail.at, world.clock), is_newest=mail is mails[-1]) for mail in reversed(mails)]
