"""The pages: all phones, one phone, one mailbox; and the fragments that keep them fresh."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reminders.simulator.people import Device
from reminders.simulator.rest import read_form
from reminders.simulator.views import bubbles, cards, letters, today_and_clock
from reminders.simulator.wall_clock import now
from reminders.simulator.world import World

_HERE = Path(__file__).parent
_LONGEST_TEXT = 1600
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail is shown in a frame that may run nothing and load nothing; its links open in a new tab.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
_GUARDS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Pages:
    """Phones and mailboxes for the eye."""

    world: World
    templates: Environment

    @classmethod
    def of(cls, world: World) -> "Pages":
        """The pages of a world."""
        return cls(world, _environment())

    def mount(self, app: FastAPI) -> None:
        """Add the routes."""
        app.add_route("/", self.overview, methods=["GET"])
        app.add_route("/phones/{key}", self.phone, methods=["GET"])
        app.add_route("/phones/{key}/mail", self.mailbox, methods=["GET"])
        app.add_route("/phones/{key}/texts", self.type_text, methods=["POST"])
        app.add_route("/mailboxes/{key}", self.mailbox, methods=["GET"])
        app.add_route("/fragments/cards", self.cards_fragment, methods=["GET"])
        app.add_route("/fragments/thread/{key}", self.thread_fragment, methods=["GET"])
        app.add_route("/fragments/mail/{key}", self.mail_fragment, methods=["GET"])
        app.add_route("/mails/{number:int}/body", self.mail_body, methods=["GET"])
        app.add_route("/mails/{number:int}/calendar", self.mail_calendar, methods=["GET"])
        app.add_route("/mails/{number:int}/source", self.mail_source, methods=["GET"])
        app.mount("/static", StaticFiles(directory=_HERE / "static"))

    async def overview(self, _request: Request) -> Response:
        """All phones."""
        return self._page("phones.html", cards=cards(self.world))

    async def phone(self, request: Request) -> Response:
        """One phone with its texts."""
        device = self.world.device(request.path_params["key"])
        if device is None or device.number is None:
            return self._missing()
        self._look_at(device)
        return self._device_page("phone.html", device, bubbles=bubbles(self.world, device.number), tab="texts")

    async def mailbox(self, request: Request) -> Response:
        """The mails of one phone's owners, or of an address without a phone."""
        device = self.world.device(request.path_params["key"])
        if device is None:
            return self._missing()
        self._look_at(device)
        return self._device_page("mailbox.html", device, letters=letters(self.world, device), tab="mail")

    async def type_text(self, request: Request) -> Response:
        """Send a text from a phone; it is on the screen at once and at the service soon after."""
        device = self.world.device(request.path_params["key"])
        if device is None or device.number is None:
            return self._missing()
        form = await read_form(request)
        body = (form.get("quick") or form.get("body") or "").replace("\r\n", "\n").strip()[:_LONGEST_TEXT]
        if body:
            message = self.world.inbound.type_text(device.number, body)
            self.world.errands.start(self.world.inbound.submit(message))
        return RedirectResponse(f"/phones/{device.number}", status_code=303)

    async def cards_fragment(self, request: Request) -> Response:
        """The overview's cards, or the list beside a phone."""
        open_key = request.query_params.get("open")
        return self._fragment(request, "_cards.html", cards=cards(self.world, open_key=open_key))

    async def thread_fragment(self, request: Request) -> Response:
        """The bubbles of one phone."""
        device = self.world.device(request.path_params["key"])
        if device is None or device.number is None:
            return self._missing()
        self._look_at(device)
        return self._fragment(request, "_thread.html", bubbles=bubbles(self.world, device.number))

    async def mail_fragment(self, request: Request) -> Response:
        """The mails of one device."""
        device = self.world.device(request.path_params["key"])
        if device is None:
            return self._missing()
        self._look_at(device)
        return self._fragment(request, "_mail.html", letters=letters(self.world, device), device=device)

    async def mail_body(self, request: Request) -> Response:
        """The HTML of a mail, shut into a sandbox."""
        mail = self.world.mails.get(request.path_params["number"])
        if mail is None or not mail.html:
            return self._missing()
        content = f'<base target="_blank">{mail.html}'
        return HTMLResponse(content, headers={**_GUARDS, "Content-Security-Policy": _MAIL_POLICY})

    async def mail_calendar(self, request: Request) -> Response:
        """The calendar file of a mail."""
        mail = self.world.mails.get(request.path_params["number"])
        if mail is None or mail.ics is None:
            return self._missing()
        headers = {**_GUARDS, "Content-Disposition": 'attachment; filename="appointment.ics"'}
        return Response(mail.ics.encode(), media_type="text/calendar; charset=utf-8", headers=headers)

    async def mail_source(self, request: Request) -> Response:
        """A mail as it came over the wire."""
        mail = self.world.mails.get(request.path_params["number"])
        if mail is None:
            return self._missing()
        return Response(mail.raw, media_type="text/plain; charset=utf-8", headers=_GUARDS)

    def _look_at(self, device: Device) -> None:
        self.world.seen_at[device.key] = now()

    def _device_page(self, template: str, device: Device, **content: object) -> Response:
        listed = cards(self.world, open_key=device.key)
        mail_count = len(self.world.mails.box(device.addresses))
        return self._page(template, device=device, cards=listed, mail_count=mail_count, **content)

    def _page(self, template: str, **content: object) -> Response:
        day, clock = today_and_clock(self.world.clock)
        page = self.templates.get_template(template).render(
            day=day,
            clock=clock,
            is_simulated=self.world.clock.is_simulated(),
            clinic_url=self.world.settings.clinic_url,
            version=self._version(),
            **content,
        )
        return HTMLResponse(page, headers={**_GUARDS, "Content-Security-Policy": _PAGE_POLICY})

    def _version(self) -> str:
        return f"{self.world.changes}-{self.world.clock.shown(now()):%Y%m%d}"

    def _missing(self) -> Response:
        response = self._page("missing.html")
        response.status_code = 404
        return response

    def _fragment(self, request: Request, template: str, **content: object) -> Response:
        day, clock = today_and_clock(self.world.clock)
        version = self._version()
        headers = {**_GUARDS, "X-Version": version, "X-Day": day, "X-Clock": clock}
        if request.query_params.get("since") == version:
            return Response(status_code=204, headers=headers)
        return HTMLResponse(self.templates.get_template(template).render(**content), headers=headers)
