"""The part of Twilio's REST API that sends and finds messages, at Twilio's own paths."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response

from reminders.simulator.api_errors import PASSING_FAULTS, ApiError, not_found
from reminders.simulator.credentials import authenticate
from reminders.simulator.faults import Faults
from reminders.simulator.messages import API_VERSION, Filter, Message, MessageLog, new_sid, resource
from reminders.simulator.provider import Call, Provider
from reminders.simulator.settings import SimulatorSettings
from reminders.simulator.wall_clock import as_instant
from reminders.simulator.wire import Wire

_PAGE_SIZE = 50
_LARGEST_PAGE = 1000
_DAY = timedelta(days=1) - timedelta(seconds=1)
_HUGE = 10_000_000  # bytes that an answer is padded to by the fault `huge`

type_endpoint = Callable[[Request], Coroutine[object, object, Response]]


async def read_form(request: Request) -> dict[str, str]:
    """The form of a request; blank values kept, the first of several values counts."""
    pairs = parse_qsl((await request.body()).decode("utf-8", errors="replace"), keep_blank_values=True)
    return dict(reversed(pairs))


def answer(document: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer with the headers Twilio adds."""
    return Response(
        content=json.dumps(document, ensure_ascii=False),
        status_code=status,
        media_type="application/json",
        headers={"Twilio-Request-Id": new_sid("RQ"), "X-API-Version": API_VERSION, **(headers or {})},
    )


def refusal(error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a refused request."""
    return answer(error.document(), status=error.status, headers=headers)


@dataclass(frozen=True, slots=True)
class RestApi:
    """Twilio's Messages resource."""

    settings: SimulatorSettings
    log: MessageLog
    provider: Provider
    faults: Faults
    wire: Wire

    def mount(self, app: FastAPI) -> None:
        """Add the routes."""
        base = f"/{API_VERSION}/Accounts/{{account_sid}}/Messages"
        app.add_route(f"{base}.json", self.create, methods=["POST"])
        app.add_route(f"{base}.json", self._guarded(self.search), methods=["GET"])
        app.add_route(f"{base}/{{sid}}.json", self._guarded(self.fetch), methods=["GET"])
        app.add_route(f"{base}/{{sid}}.json", self._guarded(self.update), methods=["POST"])
        app.add_route(f"{base}/{{sid}}.json", self._guarded(self.remove), methods=["DELETE"])

    async def create(self, request: Request) -> Response:
        """Send a message, or fail as the faults of the day demand."""
        params = await read_form(request)
        call = self.provider.next_call(params)
        try:
            authenticate(request, self.settings)
            call.fault = self.faults.of_call(call.number)
            if call.fault in PASSING_FAULTS:
                raise PASSING_FAULTS[call.fault]
            if call.fault in ("timeout", "reset"):
                return await self._break(request, call)
            message = self.provider.accept(params)
            call.sid = message.sid
            return await self._answer_created(request, call, message)
        except ApiError as error:
            call.status, call.code = error.status, error.code
            retry_after = str(max(1, round(self.faults.seconds("retry_after_seconds"))))
            return refusal(error, _refusal_headers(error, retry_after))
        finally:
            self.provider.close_call(call)

    async def _answer_created(self, request: Request, call: Call, message: Message) -> Response:
        if call.fault in ("accept_then_timeout", "accept_then_reset"):
            return await self._break(request, call)
        if call.fault == "accept_then_500":
            raise PASSING_FAULTS["error_500"]
        document = resource(message, self.settings.account_sid)
        if call.fault == "slow":
            await asyncio.sleep(self.faults.seconds("slow_seconds"))
        call.status = 201
        created = answer(document, status=201)
        return _disfigured(created, call.fault) if call.fault in ("malformed", "huge") else created

    async def _break(self, request: Request, call: Call) -> Response:
        if call.fault in ("timeout", "accept_then_timeout"):
            return await self.wire.hang(request, self.faults.seconds("hang_seconds"))
        return await self.wire.reset(request)

    async def search(self, request: Request) -> Response:
        """List messages, newest first, in Twilio's paging envelope."""
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        size = min(max(_whole_number(query, "PageSize", _PAGE_SIZE), 1), _LARGEST_PAGE)
        page = max(_whole_number(query, "Page", 0), 0)
        after = self.log.get(query.get("PageToken", "").removeprefix("PA"))
        found = self.log.search(_read_filter(query), below=after.position if after else None)
        start = page * size
        # A page token says where to go on, so that new messages shift nothing; without one the page number counts.
        skipped = 0 if after else start
        messages = list(islice(found, skipped, skipped + size + 1))
        shown = messages[:size]
        token = f"PA{shown[-1].sid}" if len(messages) > size else None
        return answer(self._envelope(request, query, page=page, size=size, shown=shown, token=token))

    def _envelope(
        self,
        request: Request,
        query: Mapping[str, str],
        *,
        page: int,
        size: int,
        shown: list[Message],
        token: str | None,
    ) -> dict[str, object]:
        wanted = {name: value for name, value in query.items() if name not in ("Page", "PageToken", "PageSize")}

        def uri(number: int, token: str | None = None) -> str:
            more = {"PageToken": token} if token else {}
            return f"{request.url.path}?{urlencode({**wanted, 'PageSize': size, 'Page': number, **more})}"

        start = page * size
        return {
            "end": start + len(shown) - 1 if shown else start,
            "first_page_uri": uri(0),
            "messages": [resource(message, self.settings.account_sid) for message in shown],
            "next_page_uri": uri(page + 1, token) if token else None,
            "page": page,
            "page_size": size,
            "previous_page_uri": uri(page - 1) if page else None,
            "start": start,
            "uri": uri(page, query.get("PageToken")),
        }

    async def fetch(self, request: Request) -> Response:
        """Show one message."""
        return answer(resource(self._find(request), self.settings.account_sid))

    async def update(self, request: Request) -> Response:
        """Cancel a message or redact it."""
        message = self._find(request)
        self.provider.update(message, await read_form(request))
        return answer(resource(message, self.settings.account_sid))

    async def remove(self, request: Request) -> Response:
        """Delete a message."""
        self.provider.remove(self._find(request))
        return Response(status_code=204)

    def _find(self, request: Request) -> Message:
        message = self.log.get(request.path_params["sid"])
        if message is None:
            raise not_found(request.url.path)
        return message

    def _guarded(self, endpoint: type_endpoint) -> type_endpoint:
        async def guarded(request: Request) -> Response:
            try:
                authenticate(request, self.settings)
                return await endpoint(request)
            except ApiError as error:
                return refusal(error, _refusal_headers(error, "1"))

        return guarded


def _disfigured(created: Response, fault: str) -> Response:
    """The same answer, well framed, with half of its JSON or with ten megabytes of it."""
    content = bytes(created.body)
    content = content[: len(content) // 2] if fault == "malformed" else content[:-1] + b" " * _HUGE + b"}"
    return Response(content=content, status_code=created.status_code, media_type=created.media_type)


def _refusal_headers(error: ApiError, retry_after: str) -> dict[str, str]:
    if error.status == 401:  # noqa: PLR2004 - HTTP's own number
        return {"WWW-Authenticate": 'Basic realm="Twilio API"'}
    return {"Retry-After": retry_after} if error.status == 429 else {}  # noqa: PLR2004 - as above


def _whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, "")
    return int(value) if value.isdigit() else default


def _read_filter(query: Mapping[str, str]) -> Filter:
    on_first, on_last = _span(query.get("DateSent", ""))
    from_first, _ = _span(query.get("DateSent>", ""))
    _, until_last = _span(query.get("DateSent<", ""))
    return Filter(
        to=query.get("To") or None,
        sender=query.get("From") or None,
        sent_from=on_first or from_first,
        sent_until=on_last or until_last,
    )


def _span(text: str) -> tuple[datetime | None, datetime | None]:
    """First and last second that a date or an instant covers; an unreadable one filters nothing."""
    try:
        first = as_instant(text)
    except ValueError:
        return None, None
    is_date = len(text) == len("YYYY-MM-DD") and first.time() == time()
    return first, first + _DAY if is_date else first
