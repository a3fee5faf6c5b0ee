"""Routes of our own, not Twilio's: what the world saw, what shall go wrong, and texts from phones without a page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from reminders.simulator.faults import Faults, FaultSpecError
from reminders.simulator.lines import LineTypeError
from reminders.simulator.mail import Mail, MailHandler
from reminders.simulator.messages import Message
from reminders.simulator.world import World


class FaultsForm(BaseModel):
    """Faults to put in force: rates and durations, faults of the next calls in order, and mail answers by address."""

    model_config = ConfigDict(extra="forbid")
    faults: dict[str, float] | None = None
    next: list[str] = Field(default_factory=list)
    refused_mail: dict[str, str] | None = None


class LinesForm(BaseModel):
    """Kinds of lines by number, in Twilio's words: landline, mobile, nonFixedVoip and others."""

    model_config = ConfigDict(extra="forbid")
    lines: dict[str, str]


class TextForm(BaseModel):
    """A text typed on a phone; `to` defaults to whoever wrote to that phone last."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    phone: str = Field(alias="from")
    body: str
    to: str | None = None


def message_document(message: Message) -> dict[str, object]:
    """All that is known of a message, with instants as ISO text."""
    document = asdict(message)
    for name in ("created_at", "updated_at", "sent_at"):
        document[name] = document[name].isoformat() if document[name] else None
    return {**document, "from": message.sender}


def mail_document(mail: Mail) -> dict[str, object]:
    """A mail without its raw form, with the instant as ISO text."""
    document = asdict(mail)
    del document["raw"]
    return {**document, "at": mail.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Control:
    """The levers of the simulated world."""

    world: World

    def mount(self, app: FastAPI) -> None:
        """Add the routes."""
        app.add_api_route("/control/messages", self.messages, methods=["GET"], response_class=JSONResponse)
        app.add_api_route("/control/mails", self.mails, methods=["GET"], response_class=JSONResponse)
        app.add_api_route("/control/calls", self.calls, methods=["GET"], response_class=JSONResponse)
        app.add_api_route("/control/opt-outs", self.opt_outs, methods=["GET"])
        app.add_api_route("/control/faults", self.show_faults, methods=["GET"])
        app.add_api_route("/control/faults", self.set_faults, methods=["POST"])
        app.add_api_route("/control/lines", self.show_lines, methods=["GET"])
        app.add_api_route("/control/lines", self.set_lines, methods=["POST"])
        app.add_api_route("/control/reset", self.reset, methods=["POST"])
        app.add_api_route("/control/text", self.text, methods=["POST"])

    async def messages(self, direction: str = "outbound-api") -> JSONResponse:
        """Messages of one direction (`outbound-api`, `outbound-reply`, `inbound`) or `all`, oldest first."""
        found = [text for text in self.world.log if direction in ("all", text.direction)]
        return JSONResponse({"messages": [message_document(text) for text in found]})

    async def mails(self) -> JSONResponse:
        """All mails, oldest first."""
        return JSONResponse({"mails": [mail_document(mail) for mail in self.world.mails]})

    async def calls(self) -> JSONResponse:
        """Every create call seen, taken or refused, oldest first: the log that duplicates are counted in."""
        calls = [{**asdict(call), "at": call.at.isoformat()} for call in self.world.provider.calls]
        return JSONResponse({"calls": calls})

    async def opt_outs(self) -> dict[str, object]:
        """Phones that refuse a sender."""
        pairs = self.world.provider.opt_outs
        return {"opt_outs": [{"phone": phone, "sender": sender} for phone, sender in pairs]}

    async def show_faults(self) -> dict[str, object]:
        """The faults in force."""
        return _in_force(self.world.faults, self.world.mail_handler)

    async def set_faults(self, form: FaultsForm) -> dict[str, object]:
        """Replace the faults in force; 400 names what is wrong."""
        faults, handler = self.world.faults, self.world.mail_handler
        try:
            if form.faults is not None:
                faults.replace(form.faults)
            faults.fail_next(form.next)
        except FaultSpecError as error:
            raise HTTPException(status_code=400, detail=str(error)) from error
        if form.refused_mail is not None:
            handler.refused = {address.lower(): reply for address, reply in form.refused_mail.items()}
        return _in_force(faults, handler)

    async def show_lines(self) -> dict[str, object]:
        """The numbers that are no mobiles, and those that were looked up, oldest first."""
        return {"lines": self.world.lines.types, "asked": list(self.world.lines.asked)}

    async def set_lines(self, form: LinesForm) -> dict[str, object]:
        """Say of some numbers what they are; 400 names what is wrong."""
        try:
            self.world.lines.say(form.lines)
        except LineTypeError as error:
            raise HTTPException(status_code=400, detail=str(error)) from error
        return await self.show_lines()

    async def reset(self) -> dict[str, object]:
        """Forget messages, mails, calls, opt-outs, faults and lines."""
        await self.world.clear()
        return {"reset": True}

    async def text(self, form: TextForm) -> dict[str, object]:
        """Send a text from a phone and wait for what the service answers."""
        message = self.world.inbound.type_text(form.phone, form.body, to=form.to)
        received = await self.world.inbound.submit(message)
        return asdict(received)


def _in_force(faults: Faults, handler: MailHandler) -> dict[str, object]:
    refused: Mapping[str, str] = handler.refused
    return {"faults": faults.values, "refused_mail": dict(refused)}
