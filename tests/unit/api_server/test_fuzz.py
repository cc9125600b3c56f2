"""The API against its own description, with every check of schemathesis, once for each role.

What is generated fits the description or breaks it on purpose; half of it is about things that exist. `make api-fuzz`
does the same with other and many more examples.
"""

import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from api_server.access.subject import Role
from api_server.accounts.sessions import csrf_token
from api_server.accounts.users import User
from tests.unit.api_server.test_route_table import Ids, ids_of
from tests.unit.api_server.world import World

EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "0"))
"""0: few, and the same each time."""
FEW = 6
BEYOND_A_SCHEMA = [400, 406, 411, 413, 415, 422]
"""A description cannot say that `from` lies before `to`, or what a cursor is: such refusals are right."""
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
CONFIG: dict[str, Any] = {
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", 401, 403, 404, 409, 410, 412, 416, 423, 429, 503, 507, *BEYOND_A_SCHEMA]
        },
    }
}
# A refused log-in is counted against the one address there is; a stream of events does not end.
LEFT_OUT = {"POST /v1/session", "GET /v1/queries/events", "GET /v1/clips/events"}
NAMES = {
    "camera_id": "camera",
    "clip_id": "clip",
    "recording_id": "recording",
    "query_id": "query",
    "export_id": "export",
    "share_id": "share",
    "user_id": "user",
    "session_id": "session",
    "token_id": "token",
    "upload_id": "upload",
}
"""Path parameters, and where `Ids` has something that exists."""


def signing_in(world: World, user: User) -> type[Any]:
    """A session of its own for each request: some of them end it."""

    class SignedIn:
        def get(self, case: Any, context: Any) -> str:
            begun = world.sessions.begin(user)
            return begun if isinstance(begun, str) else begun.token

        def set(self, case: Any, data: str, context: Any) -> None:
            case.cookies = {**(case.cookies or {}), "lookout": data}
            case.headers = {**(case.headers or {}), "X-CSRF-Token": csrf_token(data)}

    return SignedIn


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", list(Role))
def test_api_keeps_to_its_description(tmp_path: Path, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("api_server"), "disabled", True)
    # What is generated does not close what it was sent, so every place would be taken in the end.
    monkeypatch.setattr("api_server.routes.streaming.STREAMS_MAX", 10**6)
    monkeypatch.setattr("api_server.routes.export_routes.ARCHIVES_MAX", 10**6)
    monkeypatch.setattr("api_server.uploads.receiver.OPEN_MAX", 10**6)
    world = World(tmp_path)
    world.housekeeping.prepare()
    world.housekeeping.settle()
    for name in ("opal", "vera", "carl"):
        world.add_user(name)
    user = world.add_user("ann", role)
    owner = "ann" if role in (Role.ADMIN, Role.OPERATOR) else "opal"
    schema = schemathesis.openapi.from_wsgi("/openapi.json", world.app, config=schemathesis.Config.from_dict(CONFIG))
    schema.auth(refresh_interval=None)(signing_in(world, user))
    failures: list[str] = []
    seen: set[int] = set()
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if operation.label not in LEFT_OUT:
            ids = ids_of(world, owner, re.sub(r"{([a-z_]+)}", r"<\1>", operation.path))
            failures += _failures(operation, ids, seen)
    assert not failures, "\n\n".join(failures[:10])
    assert 200 in seen or role is Role.AUDITOR, "nothing was ever answered"
    assert 401 not in seen


def _failures(operation: Any, ids: Ids, seen: set[int]) -> list[str]:
    """What is wrong with one operation, each kind of failure once."""
    found: dict[str, str] = {}
    turn = 0

    def run(case: Any) -> None:
        nonlocal turn
        turn += 1
        if turn % 2 and case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
            for name in case.path_parameters or {}:
                known = getattr(ids, NAMES[name], None) if name in NAMES else None
                if known is not None:
                    case.path_parameters[name] = known
        try:
            seen.add(case.call_and_validate().status_code)
        except FailureGroup as group:
            for failure in group.exceptions:
                found.setdefault(type(failure).__name__, f"{operation.label}: {failure}\n{case.as_curl_command()}")

    options = settings(
        max_examples=EXAMPLES or FEW,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    given(case=operation.as_strategy())(options(run))()
    return list(found.values())
