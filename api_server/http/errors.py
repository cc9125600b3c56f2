"""Errors that a person or a program gets as an answer."""

from collections.abc import Mapping

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """Every error: a machine-readable code, a sentence, and the id under which the log knows the request."""

    code: str = Field(examples=["not_found"])
    message: str = Field(examples=["There is no such thing, or it is not yours."])
    request_id: str


class ApiError(Exception):
    """Raised anywhere below a route; answered as a `Problem`."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


RETRY_AFTER_S = 2


def not_found() -> ApiError:
    """The same for what does not exist and for what belongs to somebody else."""
    return ApiError(404, "not_found", "There is no such thing, or it is not yours.")


def unavailable(message: str) -> ApiError:
    return ApiError(503, "unavailable", message, {"Retry-After": str(RETRY_AFTER_S)})
