"""What the workers and the API server both read of a query's objects: sidecars, and whether it was cancelled."""

from collections.abc import Mapping

from common.contracts.query_sidecar import QuerySidecar
from common.contracts.segment_job import cancelled_key, result_poster_key
from common.contracts.sidecar_box import find_box, unpack_json
from common.storage.port import NotFound, ObjectStore

SIDECAR_AT = "sidecar-at"


def sidecar_metadata(video_bytes: int) -> dict[str, str]:
    """Object metadata: where the sidecar box begins."""
    return {SIDECAR_AT: str(video_bytes)}


def read_query_sidecar(store: ObjectStore, key: str) -> QuerySidecar:
    """The sidecar of a stored part or result. Raises NotFound, Transient, ValueError."""
    at = _sidecar_at(store.head(key).metadata)
    if at is None:
        data = store.read(key)
        box = data[find_box(data) :]
    else:
        box = b"".join(store.read_range(key, at).chunks)
    return QuerySidecar.model_validate_json(unpack_json(box))


def is_cancelled(store: ObjectStore, query_id: str) -> bool:
    """Raises Transient."""
    try:
        store.head(cancelled_key(query_id))
    except NotFound:
        return False
    return True


def has_result(store: ObjectStore, query_id: str) -> bool:
    """Whether the query is done: the poster is the last thing that its join stores. Raises Transient."""
    try:
        store.head(result_poster_key(query_id))
    except NotFound:
        return False
    return True


def _sidecar_at(metadata: Mapping[str, str]) -> int | None:
    text = metadata.get(SIDECAR_AT, "")
    return int(text) if text.isdigit() else None
