"""Reading what a request says: bounded, typed, and refused with a sentence before anything is done with it."""

from typing import TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import RequestEntityTooLarge

from api_server.http.errors import ApiError, FieldProblem, RefusedWithin

BODY_MAX_BYTES = 64 * 1024
"""No request of this API is larger; uploads will have a route and a bound of their own."""
SHOWN_PROBLEMS = 5

T = TypeVar("T", bound=BaseModel)


def read_body(request: Request, kind: type[T]) -> T:
    """The JSON body as `kind`. Raises ApiError 400, 411, 413, 415."""
    if request.content_length is None:
        if "Transfer-Encoding" in request.headers:
            # gunicorn would hand on a chunked body cut at the limit, without a word.
            raise ApiError(411, "length_required", "Send the body with a Content-Length.")
        raise ApiError(400, "invalid_request", "This request needs a JSON body.")
    if request.mimetype != "application/json":
        raise ApiError(415, "not_json", "Send the body as application/json.")
    if request.content_length > BODY_MAX_BYTES:
        raise ApiError(413, "too_large", f"The body is longer than {BODY_MAX_BYTES} bytes.")
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise ApiError(413, "too_large", f"The body is longer than {BODY_MAX_BYTES} bytes.") from error
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise _refused("The body", error) from error


def read_query(request: Request, kind: type[T]) -> T:
    """The query string as `kind`; a name given twice is refused. Raises ApiError 400."""
    repeated = sorted(name for name, values in request.args.lists() if len(values) > 1)
    if repeated:
        raise ApiError(400, "invalid_request", f"Given more than once: {', '.join(repeated)[:200]}.")
    try:
        # A filter form leaves what is not chosen empty.
        return kind.model_validate({name: value for name, value in request.args.items() if value != ""})
    except ValidationError as error:
        raise _refused("The query", error) from error


def _refused(what: str, error: ValidationError) -> ApiError:
    problems = [_field_problem(one) for one in error.errors(include_url=False, include_input=False)[:SHOWN_PROBLEMS]]
    said = "; ".join(f"{one.path or 'it'}: {one.message}" for one in problems)
    return ApiError(400, "invalid_request", f"{what} is not right: {said}.", fields=problems)


def _field_problem(found: ErrorDetails) -> FieldProblem:
    """Of the sender's own words only the names of fields are repeated."""
    cause = found.get("ctx", {}).get("error")
    path: list[object] = [*found["loc"]]
    message = found["msg"]
    if isinstance(cause, RefusedWithin):
        path += cause.within
        message = cause.sentence
    return FieldProblem(path=".".join(str(part) for part in path)[:80], message=message.removeprefix("Value error, "))
