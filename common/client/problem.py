"""What the API says when it refuses."""

import httpx

from common.errors import LookoutError


class ApiProblem(LookoutError):
    """`code` is for programs, the text a sentence for people; `request_id` is how the server's log knows it."""

    def __init__(self, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id

    @classmethod
    def of(cls, response: httpx.Response) -> "ApiProblem":
        """Of any answer that is no success, also of a proxy's."""
        request_id = response.headers.get("X-Request-Id", "none")
        try:
            said = response.json()
            return cls(response.status_code, str(said["code"]), str(said["message"]), request_id)
        except (ValueError, KeyError, TypeError):
            return cls(response.status_code, "unknown", f"The server answered {response.status_code}.", request_id)
