"""Which cameras, and which query, a list may be about."""

from collections.abc import Collection

from api_server.access.permission import Action, CameraFacts, may, may_on_any
from api_server.access.subject import Subject
from api_server.cameras.camera import Camera
from api_server.cameras.store import CameraStore
from api_server.clips.filters import SightingFilter
from api_server.http.errors import not_found
from api_server.queries.record import QueryRecord
from api_server.queries.store import QueryStore
from api_server.routes.parameters import ListQuery
from common.contracts.camera_settings import EMOTION


def by_creation(camera: Camera) -> tuple[int, str]:
    """Where a camera stands in lists."""
    return camera.created_us, camera.id


def permitted_filter(cameras: CameraStore, subject: Subject, action: Action, query: ListQuery) -> SightingFilter | None:
    """The query as a filter that reaches only what `subject` may see; None when that is nothing."""
    if may_on_any(subject, action):
        allowed = {query.camera} if query.camera is not None else None
    else:
        allowed = {camera.id for camera in cameras.active() if may(subject, action, camera.facts)}
        if query.camera is not None:
            allowed &= {query.camera}
        if not allowed:
            return None
    return sighting_filter(query, query.analysis, allowed)


def sighting_filter(
    query: ListQuery, analysis: str | None = None, cameras: Collection[str] | None = None
) -> SightingFilter | None:
    """What is asked of each sighting; None when nothing can be like that. An emotion is a label of one analysis."""
    label = query.label
    if query.emotion is not None:
        if analysis not in (None, EMOTION) or label not in (None, query.emotion):
            return None
        analysis, label = EMOTION, query.emotion
    return SightingFilter(
        cameras=cameras,
        analysis=analysis,
        label=label,
        text=query.text,
        person=query.person,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
    )


def visible_query(cameras: CameraStore, queries: QueryStore, subject: Subject, query_id: str) -> QueryRecord:
    """Raises ApiError 404 for what `subject` may not see, as the gate does for a query in a path."""
    query = queries.get(query_id)
    if query is None:
        raise not_found()
    camera = cameras.get(query.camera) if query.camera is not None else None
    facts = camera.facts if camera is not None else CameraFacts("", query.owner)
    if (query.camera is not None and camera is None) or not may(subject, Action.QUERY_VIEW, facts):
        raise not_found()
    return query
