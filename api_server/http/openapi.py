"""`/openapi.json` (OpenAPI 3.1), generated from the route table and the models it names."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api_server.access.permission import is_in_some_scope
from api_server.access.rules import (
    OnCamera,
    OnClip,
    OnExport,
    OnOwnSession,
    OnOwnToken,
    OnOwnUpload,
    OnQuery,
    OnRecording,
    OnUser,
)
from api_server.http.cookies import PLAIN_NAME
from api_server.http.errors import PROBLEM_TYPE, Problem
from api_server.http.gate import CSRF_HEADER
from api_server.http.repeats import HEADER
from api_server.http.route import Route

VERSION = "1.0.0"
_PARAMETER = re.compile(r"<(?:(int|path):)?([a-z_]+)>")
_REF = "#/components/schemas/{model}"
_ERRORS = {
    400: "The request is not right; the message says what.",
    401: "Not signed in.",
    403: "Not allowed, or the CSRF token is missing.",
    404: "There is no such thing, or it is not yours.",
    406: "None of the types in Accept can be given.",
    409: "Not in the state that this needs; the message says why.",
    411: "The body has no Content-Length.",
    412: "Changed since it was read.",
    413: "The body is too long.",
    415: "The body is not of a type that is taken.",
    410: "Ended or expired.",
    416: "The range lies behind the end.",
    422: "Understood, and refused; the message says why.",
    423: "Another request is at it; Retry-After says when to try again.",
    429: "Too many attempts; Retry-After says how long to wait.",
    507: "There is no room for it; the message says what is full.",
    503: "A server behind this one does not answer; Retry-After says when to try again.",
}
_DESCRIPTION = (
    "Sign in with POST /v1/session; the cookie it sets is the session. POST, PUT, PATCH and DELETE also need the "
    f"session's CSRF token in {CSRF_HEADER}. Programs use an API token (Authorization: Bearer). What belongs to "
    "somebody else does not exist (404). Names of times end in their unit, since 1970. Lists are paged by cursor."
)

_ON_ONE = OnCamera | OnClip | OnExport | OnQuery | OnRecording | OnUser | OnOwnSession | OnOwnToken | OnOwnUpload
Mode = Literal["validation", "serialization"]


def build_openapi(routes: Sequence[Route]) -> dict[str, Any]:
    """The description of every route below `/v1/` and the health routes; pages are not part of the API."""
    shown = [r for r in routes if r.path.startswith("/v1/") or r.answer is not None]
    wanted: list[tuple[type[BaseModel], Mode]] = [(Problem, "serialization")]
    wanted += [(r.body, "validation") for r in shown if r.body is not None]
    wanted += [(r.answer, "serialization") for r in shown if r.answer is not None]
    named, definitions = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_REF)
    paths: dict[str, Any] = {}
    for route in shown:
        paths.setdefault(_path(route), {})[route.method.lower()] = _operation(route, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "lookout", "version": VERSION, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": PLAIN_NAME},
                "csrf": {"type": "apiKey", "in": "header", "name": CSRF_HEADER},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _path(route: Route) -> str:
    return _PARAMETER.sub(r"{\2}", route.path)


def _operation(route: Route, named: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"[^a-z0-9]+", "_", f"{route.method} {_path(route)}".lower()).strip("_"),
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route, named),
        "security": _security(route),
    }
    if route.body is not None:
        schema = named[(route.body, "validation")]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.raw:
        binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        operation["requestBody"] = {"required": True, "content": dict.fromkeys(route.raw, binary)}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Any one of these. Who keeps accounts, or their own, does it in person."""
    if route.is_public:
        return []
    in_person: dict[str, list[str]] = {"session": []} if route.is_safe else {"session": [], "csrf": []}
    action = getattr(route.rule, "action", None)
    return [in_person, {"token": []}] if action is not None and is_in_some_scope(action) else [in_person]


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0} if kind == "int" else {"type": "string"},
        }
        for kind, name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(by_alias=True)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": field.get("description", ""),
            "schema": {key: value for key, value in field.items() if key not in ("title", "description")},
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    read = [
        {
            "name": name,
            "in": "header",
            "required": header.is_required,
            "description": header.says,
            "schema": {"type": "string", "pattern": header.pattern},
        }
        for name, header in route.headers.items()
    ]
    if not route.is_create:
        return read
    says = "16 to 128 characters, new for each thing: sent again with the same request, it is not made twice."
    schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,128}$"}
    return [*read, {"name": HEADER, "in": "header", "required": False, "description": says, "schema": schema}]


def _responses(route: Route, named: Mapping[Any, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": route.summary}
    if route.answer is not None:
        good["content"] = {"application/json": {"schema": named[(route.answer, "serialization")]}}
    if route.media is not None:
        good.setdefault("content", {})[route.media] = {}
    responses: dict[str, Any] = {str(route.status): good}
    if route.media is not None and route.media.startswith("video/"):
        responses["206"] = {**good, "description": "The range asked for."}
        responses["302"] = {"description": "The video is at the store, for a few minutes (S3_PUBLIC_ENDPOINT_URL)."}
    problem = {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}
    for status in _possible_errors(route):
        responses[str(status)] = {"description": _ERRORS[status], "content": problem}
    return responses


def _possible_errors(route: Route) -> list[int]:
    statuses = set(route.errors) | {503}
    if not route.is_public:
        statuses |= {401, 403}
    if not route.is_safe:
        statuses |= {403}
    if isinstance(route.rule, _ON_ONE):
        statuses |= {404}
    if route.query is not None:
        statuses |= {400}
    if route.is_create:
        statuses |= {400, 409, 422}
    if route.body is not None or route.raw:
        statuses |= {400, 411, 413, 415}
    return sorted(statuses)
