"""Turning requests into entries of the audit log."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from flask import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import BaseModel

from api_server.access.subject import Subject
from api_server.audit.entry import Note
from api_server.audit.log import AuditLog
from api_server.audit.table import AUDITED, Audited
from api_server.http.errors import ApiError
from api_server.http.route import Call, Route
from common.clock import Clock

VIEW_S = 600.0
"""Looking at the same thing again within this is the same look."""
VIEWS_MAX = 8_192
"""Looks that are remembered; beyond, the oldest is forgotten, and written down again if it goes on."""
REFUSALS = RateLimitItemPerMinute(60)
"""Refused log-ins that are written down; a flood of them must not fill the database."""
REASON_MIN_CHARS = 3


class Auditor:
    """Safe on any thread. Everything raises Transient when the log cannot be written: then it is not done either."""

    def __init__(self, log: AuditLog, clock: Clock, needs_reason: bool) -> None:
        self._log = log
        self._clock = clock
        self._needs_reason = needs_reason
        self._lock = threading.Lock()  # guards the looks
        self._looks: OrderedDict[tuple[object, ...], float] = OrderedDict()
        self._refusals = FixedWindowRateLimiter(MemoryStorage())

    def before(self, route: Route, call: Call, request: Request) -> None:
        """Write down what a permitted request is about to do. Raises ApiError 422 for a search without its reason."""
        audited = AUDITED.get(route.endpoint)
        if audited is None or audited.in_view or (audited.is_view and request.method == "HEAD"):
            return
        if audited.searches:
            self._before_search(audited, call, request)
            return
        note = _note(audited, call, request)
        if audited.is_view:
            self.look(note)
        else:
            self._log.append(note)

    def write(self, action: str, subject: Subject, request: Request, details: Mapping[str, str] | None = None) -> None:
        """What a view knows of its outcome. Of nobody it is written only so often (REFUSALS)."""
        if not subject.user_id and not self._refusals.hit(REFUSALS, action):
            return
        self._log.append(
            Note(
                action=action,
                actor=subject.user_id,
                actor_name=subject.name,
                by="session" if subject.user_id else "",
                address=request.remote_addr or "",
                details=details or {},
            )
        )

    def _before_search(self, audited: Audited, call: Call, request: Request) -> None:
        actions = [action for name, action in audited.searches.items() if getattr(call.query, name, None) is not None]
        reason = getattr(call.query, "reason", None) or ""
        if actions and self._needs_reason and len(reason.strip()) < REASON_MIN_CHARS:
            sentence = "Searching for a plate or a person needs a reason here: say why (reason=...)."
            raise ApiError(422, "reason_needed", sentence)
        for action in actions:
            self.look(replace(_note(audited, call, request), action=action))

    def look(self, note: Note) -> None:
        """Write down a look that the route table knows nothing of: the same look is written once in a while."""
        key = (note.actor, note.by, note.action, note.target, note.camera, tuple(sorted(note.details.items())))
        now_s = self._clock.monotonic_s()
        with self._lock:
            since = self._looks.get(key)
            if since is not None and now_s - since < VIEW_S:
                return
            self._looks[key] = now_s
            self._looks.move_to_end(key)
            while len(self._looks) > VIEWS_MAX:
                self._looks.popitem(last=False)
        try:
            self._log.append(note)
        except BaseException:
            with self._lock:
                self._looks.pop(key, None)
            raise


def _note(audited: Audited, call: Call, request: Request) -> Note:
    ids = {name: str(value) for name, value in call.path.items() if name.endswith("_id")}
    camera = ids.pop("camera_id", "")
    if call.clip_found is not None:
        camera = call.clip_found.camera
    if call.query_found is not None:
        camera = call.query_found.camera or ""
    return Note(
        action=audited.action,
        actor=call.person.user_id if call.person is not None else "",
        actor_name=call.person.name if call.person is not None else "",
        by=(call.person.token_id or "session") if call.person is not None else "",
        address=request.remote_addr or "",
        target=next(iter(ids.values()), camera),
        camera=camera,
        details=_said(audited.said, call) | _changed(call, request),
    )


def _said(names: tuple[str, ...], call: Call) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        for source in (call.body, call.query):
            value = getattr(source, name, None)
            if value not in (None, False, "", (), []):
                found[name] = _words(value)
        if name in call.path:
            found[name] = str(call.path[name])
    return found


def _changed(call: Call, request: Request) -> dict[str, str]:
    """The names of what a PATCH sets; their values may be long."""
    if request.method != "PATCH" or call.body is None:
        return {}
    return {"changed": ", ".join(sorted(call.body.model_fields_set))}


def _words(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, BaseModel):
        return value.model_dump_json(exclude_none=True, exclude_defaults=True)
    if isinstance(value, list | tuple):
        return ", ".join(_words(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
