"""Refusals in the form of Twilio's API."""


class ApiError(Exception):
    """A request is refused with this HTTP status and Twilio code."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def document(self) -> dict[str, object]:
        """The JSON body Twilio would send."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def not_found(path: str) -> ApiError:
    """There is no such resource."""
    return ApiError(20404, f"The requested resource {path} was not found", status=404)


AUTHENTICATE = (20003, "Authenticate")
PASSING_FAULTS = {
    "error_500": ApiError(20500, "An internal server error has occurred", status=500),
    "error_503": ApiError(20503, "Service unavailable", status=503),
    "rate_429": ApiError(20429, "Too Many Requests", status=429),
}
