"""Errors that a person or a program gets as an answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one field. `path`: its names and numbers, joined by dots (`analyses.1.options.score_min`)."""

    path: str
    message: str


PROBLEM_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Every error, as RFC 9457 has problem details: `title`, `status` and `detail` are its members. Ours are a
    machine-readable code, the sentence (`detail` again, under the name that every service of ours has for it), and the
    id under which the log knows the request."""

    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such thing, or it is not yours."])
    code: str = Field(examples=["not_found"])
    message: str = Field(examples=["There is no such thing, or it is not yours."])
    request_id: str
    fields: list[FieldProblem] | None = Field(None, description="Where fields of the body or query are not right.")

    @classmethod
    def of(
        cls, status: int, code: str, message: str, request_id: str, fields: Sequence[FieldProblem] = ()
    ) -> "Problem":
        return cls(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=message,
            code=code,
            message=message,
            request_id=request_id,
            fields=list(fields) or None,
        )

    def to_json(self) -> str:
        return self.model_dump_json(exclude_none=True)


class ApiError(Exception):
    """Raised anywhere below a route; answered as a `Problem`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        fields: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(message)
        self.fields = list(fields)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class RefusedWithin(ValueError):
    """Raised by a validator of a field for something deeper in it; `within`: the names that lead there."""

    def __init__(self, within: Sequence[str], message: str) -> None:
        super().__init__(f"{'.'.join(within)}: {message}")
        self.within = tuple(within)
        self.sentence = message


RETRY_AFTER_S = 2


def not_found() -> ApiError:
    """The same for what does not exist and for what belongs to somebody else."""
    return ApiError(404, "not_found", "There is no such thing, or it is not yours.")


def unavailable(message: str) -> ApiError:
    return ApiError(503, "unavailable", message, {"Retry-After": str(RETRY_AFTER_S)})
