"""Reading the audit log."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action
from api_server.access.rules import Allowed
from api_server.audit.entry import AuditEntry
from api_server.audit.log import AuditLog
from api_server.clips.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursor
from api_server.database.port import Where
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import CursorText, TimeMs
from common.contracts.identity import CAMERA_ID_PATTERN


class AuditEntryAnswer(BaseModel):
    """An entry. `actor`: a user id, empty for nobody; `actor_name`: as it was then. `by`: session, the id of an API
    token, or command. `target`: the id of what it is about. `hash`: binds it to all entries before."""

    seq: int
    at_us: int
    action: str
    actor: str
    actor_name: str
    by: str
    address: str
    target: str
    camera: str
    details: dict[str, str]
    hash: str


class AuditList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    entries: list[AuditEntryAnswer]
    next: str | None


class AuditQuery(BaseModel):
    """Filters of `GET /v1/audit`. `action`: exact, or all that begin with `clip.` and so on."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    actor: str | None = Field(None, max_length=64, description="A user id, or a name.")
    action: str | None = Field(None, pattern=r"^[a-z_]{1,32}(\.[a-z_]{0,32})?$")
    camera: str | None = Field(None, pattern=CAMERA_ID_PATTERN)
    target: str | None = Field(None, max_length=120)
    from_ms: TimeMs | None = Field(None, alias="from")
    to_ms: TimeMs | None = Field(None, alias="to")
    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
    cursor: CursorText | None = Field(None, description="`next` of the page before.")


def audit_routes(log: AuditLog) -> list[Route]:
    """`GET /v1/audit`."""

    def list_all(call: Call) -> Reply:
        query = call.take_query(AuditQuery)
        after = Cursor.decode(query.cursor) if query.cursor is not None else None
        found = log.page(_where(query), query.limit + 1, after)
        shown = found[: query.limit]
        cursor = Cursor(shown[-1].seq, shown[-1].id).encode() if len(found) > query.limit else None
        return Reply(AuditList(entries=[_answer(entry) for entry in shown], next=cursor))

    return [
        Route(
            "GET",
            "/v1/audit",
            Allowed(Action.AUDIT_VIEW),
            list_all,
            "The audit log, the newest entry first.",
            query=AuditQuery,
            answer=AuditList,
        )
    ]


def _where(query: AuditQuery) -> Where:
    parts: list[Where] = []
    if query.actor is not None:
        parts.append({"$or": [{"actor": query.actor}, {"actor_name": query.actor.lower()}]})
    if query.action is not None:
        is_family = query.action.endswith(".")
        # The pattern lets through nothing that means anything in a regular expression, but for the dot.
        wanted = {"$regex": "^" + query.action.replace(".", r"\.")} if is_family else query.action
        parts.append({"action": wanted})
    parts += [
        {name: value} for name, value in (("camera", query.camera), ("target", query.target)) if value is not None
    ]
    bounds: dict[str, Any] = {"$gte": query.from_ms, "$lt": query.to_ms}
    limits = {operator: ms * 1000 for operator, ms in bounds.items() if ms is not None}
    if limits:
        parts.append({"at_us": limits})
    return {"$and": parts} if parts else {}


def _answer(entry: AuditEntry) -> AuditEntryAnswer:
    return AuditEntryAnswer.model_validate(entry.model_dump())
