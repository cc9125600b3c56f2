"""What a camera's recorder stored, by time."""

from collections.abc import Collection as Ids

from api_server.clips.records import ClipRecord, ClipState
from api_server.database.port import Database
from api_server.database.schema import CLIPS
from common.contracts.camera_settings import RECORDER


class Footage:
    """The recorder's live clips. Safe on any thread. Raises Transient."""

    def __init__(self, database: Database) -> None:
        self._clips = database.collection(CLIPS)

    def between(self, cameras: Ids[str] | None, from_us: int, to_us: int, limit: int) -> list[ClipRecord]:
        """Clips that hold pictures of [from_us, to_us), of these cameras (None: of all), by window, at most `limit`."""
        where: dict[str, object] = {
            "analysis": RECORDER,
            "state": ClipState.LIVE.value,
            "last_captured_us": {"$gte": from_us},
            "first_captured_us": {"$lt": to_us},
        }
        if cameras is not None:
            where["camera"] = {"$in": sorted(cameras)}
        found = self._clips.find(where, sort=[("start_ms", 1), ("_id", 1)], limit=limit)
        return [ClipRecord.from_document(document) for document in found]
