"""Legal hold: a clip that nothing takes away, until a person releases it.

The store is right, as for clips: a hold is an object there first, `holds/{window}.json`, so that it survives the
database. The records carry it too, where every change of a clip's state looks at it in the same atomic operation.
"""

import json
import logging

from api_server.clips.records import ClipRecord, ClipState
from api_server.database.port import Database, Where
from api_server.database.schema import CLIPS
from common.clock import Clock
from common.contracts.clip import ClipId
from common.storage.port import NotFound, ObjectStore, is_stored

log = logging.getLogger(__name__)

HOLDS_PREFIX = "holds/"
JSON_TYPE = "application/json"


class Holds:
    """Of whole windows: a clip and its remainders (`~n`). Safe on any thread. Raises Transient; every call may be
    repeated."""

    def __init__(self, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._clips = database.collection(CLIPS)
        self._store = store
        self._clock = clock

    def hold(self, record: ClipRecord, by: str, reason: str) -> bool:
        """Whether it holds now; False: the clip was deleted at the same moment.

        1. The object: from here on retention leaves the window alone. 2. The records, those that are live.
        """
        first = _first_of(record)
        said = {"by": by, "reason": reason, "since_us": self._clock.wall_us()}
        self._store.replace(hold_key(first), json.dumps(said).encode(), JSON_TYPE)
        if self._clips.update_all(_live(first), {"$set": _fields(said)}):
            return True
        self._store.delete(hold_key(first))
        return False

    def release(self, record: ClipRecord) -> None:
        """The object first: a crash in between leaves a clip that is still shown as held, and is released again."""
        first = _first_of(record)
        self._store.delete(hold_key(first))
        change = {"held_us": None, "held_by": None, "hold_reason": None}
        self._clips.update_all({**_window(first), "held_us": {"$ne": None}}, {"$set": change})

    def is_held(self, record: ClipRecord) -> bool:
        """As the store says: also where the record does not know it yet."""
        return is_held_in(self._store, _first_of(record))

    def restore(self) -> frozenset[str]:
        """Mark what the store holds and the records do not know: after a lost database, or a remainder that came
        later. The first clip ids of all windows that are held."""
        held: set[str] = set()
        for info in self._store.list(HOLDS_PREFIX):
            try:
                first = ClipId.parse(info.key.removeprefix(HOLDS_PREFIX).removesuffix(".json"))
            except ValueError:
                log.warning("an object in the place of a hold is none", extra={"key": info.key})
                continue
            held.add(str(first))
            if not self._clips.count({**_live(first), "held_us": None}):
                continue
            said = self._read(first)
            if said is not None:
                self._clips.update_all({**_live(first), "held_us": None}, {"$set": _fields(said)})
                log.info("a hold was restored from the store", extra={"clip": str(first)})
        return frozenset(held)

    def _read(self, first: ClipId) -> dict[str, object] | None:
        """None: released meanwhile."""
        try:
            said = json.loads(self._store.read(hold_key(first)))
            return {"by": str(said["by"]), "reason": str(said["reason"]), "since_us": int(said["since_us"])}
        except NotFound:
            return None
        except (ValueError, KeyError, TypeError):
            # Whatever lies there holds.
            return {"by": "", "reason": "unknown", "since_us": self._clock.wall_us()}


def hold_key(first: ClipId) -> str:
    return f"{HOLDS_PREFIX}{first}.json"


def is_held_in(store: ObjectStore, clip_id: ClipId) -> bool:
    """Whether the window of a clip is held. Raises Transient."""
    return is_stored(store, hold_key(clip_id.with_remainder(0)))


def window_of(record: ClipRecord) -> str:
    """The first clip id of the window a clip belongs to."""
    return str(_first_of(record))


def _first_of(record: ClipRecord) -> ClipId:
    return record.clip_id.with_remainder(0)


def _window(first: ClipId) -> dict[str, object]:
    return {
        "analysis": first.analysis,
        "camera": first.camera,
        "start_ms": first.window.start_ms,
        "length_ms": first.window.length_ms,
    }


def _live(first: ClipId) -> Where:
    return {**_window(first), "state": ClipState.LIVE.value}


def _fields(said: dict[str, object]) -> dict[str, object]:
    return {"held_us": said["since_us"], "held_by": said["by"], "hold_reason": said["reason"]}
