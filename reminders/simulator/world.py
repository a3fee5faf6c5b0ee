"""Everything the simulator is made of, put together once and shared by its doors."""

from datetime import datetime

from reminders.simulator.carrier import Carrier
from reminders.simulator.errands import Errands
from reminders.simulator.faults import Faults
from reminders.simulator.inbound import Inbound
from reminders.simulator.journal import Journal
from reminders.simulator.lines import Lines
from reminders.simulator.mail import MailHandler, MailStore
from reminders.simulator.messages import MessageLog
from reminders.simulator.people import Device, devices_of
from reminders.simulator.provider import Provider
from reminders.simulator.settings import SimulatorSettings
from reminders.simulator.wall_clock import ShownClock
from reminders.simulator.webhooks import Webhooks
from reminders.simulator.wire import Wire


class World:
    """The state of the outside world; touched only from the loop that serves it."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.clock = ShownClock(settings.clock_file, settings.zone)
        self.journal = Journal(settings.journal)
        self.faults = Faults(settings.faults, settings.seed)
        self.errands = Errands()
        self.webhooks = Webhooks(settings.auth_token)
        self.wire = Wire()
        self.log = MessageLog(
            keep=settings.keep,
            journal=self.journal,
            list_lag=settings.list_lag,
            is_queued_hidden=settings.is_queued_hidden_by_date,
        )
        landlines = [person.phone for person in settings.people if person.phone and person.is_landline]
        self.lines = Lines(landlines, keep=settings.keep)
        carrier = Carrier(
            account_sid=settings.account_sid,
            log=self.log,
            faults=self.faults,
            webhooks=self.webhooks,
            errands=self.errands,
            delivery_time=settings.delivery_time,
            pool_number=settings.default_number,
            lines=self.lines,
        )
        self.provider = Provider(settings, self.log, carrier, self.journal)
        self.inbound = Inbound(settings, self.log, self.provider, self.webhooks)
        self.mails = MailStore(keep=settings.keep, journal=self.journal)
        self.mail_handler = MailHandler(self.mails, self.faults, settings.refused_mail)
        self.seen_at: dict[str, datetime] = {}  # device key to the real instant somebody last looked at it
        self._listed = devices_of(settings.people)

    async def open(self) -> None:
        """Recall earlier runs and get ready to post."""
        for event in self.journal.past_events():
            kind = str(event.get("event"))
            if kind == "mail":
                self.mails.restore(event)
            elif kind in ("call", "opt_out", "opt_in"):
                self.provider.restore(kind, event)
            else:
                self.log.restore(kind, event)
        self.journal.open()
        await self.webhooks.open()

    async def close(self) -> None:
        """Drop what is under way."""
        await self.errands.cancel()
        await self.webhooks.close()
        self.journal.close()

    @property
    def changes(self) -> int:
        """A number that grows whenever there is something new to see."""
        return self.log.changes + self.mails.changes

    def devices(self) -> list[Device]:
        """Every listed phone and mailbox, and every unlisted one that got a text or a mail."""
        known_addresses = {address for device in self._listed.values() for address in device.addresses}
        strangers = [number for number in self.log.handsets() if number not in self._listed]
        boxes = [address for address in self.mails.addresses() if address not in known_addresses]
        return [
            *self._listed.values(),
            *(Device(number=number, people=(), addresses=()) for number in strangers),
            *(Device(number=None, people=(), addresses=(address,)) for address in boxes),
        ]

    def device(self, key: str) -> Device | None:
        """The phone with this number or the mailbox with this address; any number in E.164 form has a phone."""
        found = self._listed.get(key)
        if found is not None:
            return found
        if key.startswith("+") and key[1:].isdigit():
            return Device(number=key, people=(), addresses=())
        return Device(number=None, people=(), addresses=(key,)) if key in self.mails.addresses() else None

    async def clear(self) -> None:
        """Start afresh; what is under way is dropped."""
        await self.errands.cancel()
        self.log.clear()
        self.mails.clear()
        self.provider.clear()
        self.faults.clear()
        self.lines.clear()
        self.seen_at.clear()
        self.journal.clear()
