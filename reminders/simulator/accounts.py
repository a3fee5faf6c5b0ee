"""The part of Twilio's REST API that says what an account has, and what kind of line a number is."""

import re
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response

from reminders.simulator.api_errors import ApiError, not_found
from reminders.simulator.credentials import authenticate
from reminders.simulator.lines import Lines
from reminders.simulator.messages import API_VERSION
from reminders.simulator.rest import answer, refusal, type_endpoint
from reminders.simulator.settings import SimulatorSettings

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class AccountApi:
    """Twilio's resources Account, IncomingPhoneNumber, Service and (Lookup v2) PhoneNumber, all read only."""

    settings: SimulatorSettings
    lines: Lines

    def mount(self, app: FastAPI) -> None:
        """Add the routes. What Twilio serves on three hosts is on one here."""
        base = f"/{API_VERSION}/Accounts/{{account_sid}}"
        for path, endpoint in (
            (f"{base}.json", self.account),
            (f"{base}/IncomingPhoneNumbers.json", self.numbers),
            ("/v1/Services/{service_sid}", self.service),
            ("/v1/Services/{service_sid}/PhoneNumbers", self.pool),
            ("/v2/PhoneNumbers/{number}", self.line),
        ):
            app.add_route(path, self._guarded(endpoint), methods=["GET"])

    async def account(self, request: Request) -> Response:
        """Show the account."""
        document = {"sid": self.settings.account_sid, "friendly_name": "Simulated", "status": "active", "type": "Full"}
        return answer({**document, "uri": request.url.path})

    async def numbers(self, request: Request) -> Response:
        """List the account's numbers, or the one that is asked for; where any sender is believed, every number is."""
        wanted = request.query_params.get("PhoneNumber")
        ours = self.settings.numbers or (wanted or self.settings.default_number,)
        found = [self._number(number) for number in ours if wanted in (None, number)]
        return answer({"incoming_phone_numbers": found, "page": 0, "page_size": 50, "uri": request.url.path})

    def _number(self, number: str) -> dict[str, object]:
        return {
            "account_sid": self.settings.account_sid,
            "capabilities": {"fax": False, "mms": True, "sms": True, "voice": True},
            "phone_number": number,
            "sms_application_sid": "",
            "sms_method": "POST",
            "sms_url": self.settings.inbound_url or "",
            "status": "in-use",
        }

    async def service(self, request: Request) -> Response:
        """Show a messaging service; every well-formed one exists."""
        return answer(
            {
                "sid": self._service_sid(request),
                "inbound_method": "POST",
                "inbound_request_url": self.settings.inbound_url,
                "use_inbound_webhook_on_number": False,
            }
        )

    async def pool(self, request: Request) -> Response:
        """List the senders of a messaging service."""
        sid = self._service_sid(request)
        number = {"service_sid": sid, "phone_number": self.settings.default_number, "capabilities": ["MMS", "SMS"]}
        return answer({"phone_numbers": [number], "meta": {"key": "phone_numbers", "page": 0, "page_size": 50}})

    async def line(self, request: Request) -> Response:
        """Say of a number what kind of line it is, if that is asked for."""
        number = request.path_params["number"]
        if _E164.fullmatch(number) is None:
            raise not_found(request.url.path)
        document: dict[str, object] = {"phone_number": number, "valid": True, "line_type_intelligence": None}
        if "line_type_intelligence" in request.query_params.get("Fields", "").split(","):
            self.lines.asked.append(number)
            kind = self.lines.type_of(number)
            document["line_type_intelligence"] = {"type": None if kind == "unknown" else kind, "error_code": None}
        return answer(document)

    def _service_sid(self, request: Request) -> str:
        sid: str = request.path_params["service_sid"]
        if _SERVICE_SID.fullmatch(sid) is None:
            raise not_found(request.url.path)
        return sid

    def _guarded(self, endpoint: type_endpoint) -> type_endpoint:
        async def guarded(request: Request) -> Response:
            try:
                authenticate(request, self.settings)
                return await endpoint(request)
            except ApiError as error:
                return refusal(error)

        return guarded
