"""How a query goes on: pure steps from one record to the next, each of which may be repeated."""

from api_server.queries.record import QueryRecord, QueryState
from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned

_US = 1_000_000
REASON_MAX = 500


def applied(query: QueryRecord, event: QueryPlanned | PartReady | QueryFailed, now_us: int) -> QueryRecord:
    """The query after an event; the same object when the event says nothing new. Events come at least once and in any
    order: the finished parts are a set, and what has ended stays as it ended."""
    if not query.is_active:
        return query
    match event:
        case QueryPlanned():
            return _planned(query, event, now_us)
        case PartReady() if event.joined:
            return _finished(query, event, now_us)
        case PartReady():
            return _with_part(query, event, now_us)
        case QueryFailed():
            return query if _is_late(query, event) else failed(query, event.reason, now_us)


def failed(query: QueryRecord, reason: str, now_us: int) -> QueryRecord:
    """It cannot be finished; the same question may be asked again."""
    return _ended(query, QueryState.FAILED, now_us).model_copy(update={"reason": reason[:REASON_MAX]})


def cancelled(query: QueryRecord, now_us: int) -> QueryRecord:
    return _ended(query, QueryState.CANCELLED, now_us) if query.is_active else query


def deleting(query: QueryRecord) -> QueryRecord:
    return query.model_copy(update={"state": QueryState.DELETING, "slot": query.id})


def percent(query: QueryRecord) -> int:
    """100 only when the result is there: the join comes after the last part."""
    if query.state is QueryState.FINISHED:
        return 100
    return min(99, 100 * len(query.done) // query.parts) if query.parts else 0


def frames_per_s(query: QueryRecord) -> float | None:
    """Of the parts that are done; None before there is one."""
    if query.planned_us is None or not query.done or query.progress_us <= query.planned_us:
        return None
    return query.frames_done * _US / (query.progress_us - query.planned_us)


def remaining_s(query: QueryRecord) -> float | None:
    """As long as the other parts take if they go like those that are done; None when nobody can say."""
    if not query.is_active or query.planned_us is None or not query.parts or not query.done:
        return None
    per_part_s = (query.progress_us - query.planned_us) / _US / len(query.done)
    return max(0.0, per_part_s * (query.parts - len(query.done)))


def _planned(query: QueryRecord, event: QueryPlanned, now_us: int) -> QueryRecord:
    if query.planned_us is not None and query.duration_ms is not None:
        return query
    return query.model_copy(
        update={
            "state": QueryState.PROCESSING,
            "parts": event.parts,
            "duration_ms": event.duration_ms,
            "planned_us": query.planned_us or now_us,
            "progress_us": now_us,
        }
    )


def _with_part(query: QueryRecord, event: PartReady, now_us: int) -> QueryRecord:
    if event.part in query.done:
        return query
    return query.model_copy(
        update={
            "state": QueryState.PROCESSING,
            "parts": event.parts,
            "done": tuple(sorted({*query.done, event.part})),
            "frames_done": query.frames_done + event.frame_count,
            "model": event.model or query.model,
            "planned_us": query.planned_us or now_us,
            "progress_us": now_us,
        }
    )


def _finished(query: QueryRecord, event: PartReady, now_us: int) -> QueryRecord:
    return query.model_copy(
        update={
            "state": QueryState.FINISHED,
            "parts": event.parts,
            "done": tuple(range(event.parts)),
            "frames_done": event.frame_count,
            "frame_count": event.frame_count,
            "duration_ms": event.duration_ms,
            "model": event.model or query.model,
            "sighting_count": len(event.sightings),
            "planned_us": query.planned_us or now_us,
            "progress_us": now_us,
            "finished_us": now_us,
        }
    )


def _is_late(query: QueryRecord, event: QueryFailed) -> bool:
    """A job that was repeated after it had been done, and then found its video gone, spoils nothing: a part that is
    there, or a plan whose parts are under way."""
    if event.part is not None:
        return event.part in query.done
    return query.parts is not None and not query.has_all_parts


def _ended(query: QueryRecord, state: QueryState, now_us: int) -> QueryRecord:
    return query.model_copy(update={"state": state, "slot": query.id, "progress_us": now_us, "finished_us": now_us})
