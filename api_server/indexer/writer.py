"""Writing one event into the database: inserts only, in an order that a crash cannot make lie."""

from enum import StrEnum

from api_server.cameras.store import CameraStore
from api_server.clips.records import (
    ClipRecord,
    ClipState,
    clip_record,
    gap_record,
    sighting_records,
    tombstone_record,
)
from api_server.database.port import Database
from api_server.database.schema import CLIPS, GAPS, SIGHTINGS
from api_server.queries.events import QueryEvents, Written
from api_server.recordings.preparation import PreparedUploads
from common.clock import Clock
from common.contracts.base import Contract
from common.contracts.clip import ClipId
from common.contracts.clip_event import ClipReady, GapFound, PartReady, QueryFailed, QueryPlanned
from common.contracts.playable import UploadPrepared
from common.contracts.sidecar import Sidecar


class Outcome(StrEnum):
    """What became of an event. `refused`: its clip was, or is to be, deleted. `query`: it brought a query on. `upload`:
    it says of an upload whether it plays."""

    INSERTED = "inserted"
    KNOWN = "known"
    REFUSED = "refused"
    GAP = "gap"
    QUERY = "query"
    UPLOAD = "upload"
    IGNORED = "ignored"


_OF_QUERIES = {Written.CHANGED: Outcome.QUERY, Written.KNOWN: Outcome.KNOWN, Written.UNKNOWN: Outcome.IGNORED}


class EventWriter:
    """Safe on any thread, and in several processes at once: every call may be repeated. Raises Transient."""

    def __init__(
        self, database: Database, cameras: CameraStore, queries: QueryEvents, prepared: PreparedUploads, clock: Clock
    ) -> None:
        self._queries = queries
        self._prepared = prepared
        self._clips = database.collection(CLIPS)
        self._sightings = database.collection(SIGHTINGS)
        self._gaps = database.collection(GAPS)
        self._cameras = cameras
        self._clock = clock

    def write(self, event: Contract) -> Outcome:
        """Write one event of `clip-events`."""
        match event:
            case ClipReady():
                return self.write_clip(event)
            case GapFound():
                self._gaps.insert(gap_record(event).to_document())
                return Outcome.GAP
            case QueryPlanned() | PartReady() | QueryFailed():
                return _OF_QUERIES[self._queries.write(event)]
            case UploadPrepared():
                return Outcome.UPLOAD if self._prepared.write(event) else Outcome.KNOWN
        return Outcome.IGNORED

    def write_clip(self, event: ClipReady) -> Outcome:
        """Insert a clip (DESIGN 5, rule 10):

        1. a known clip stays as it is, whatever the event says, and `deleted` always wins;
        2. sightings first, the clip last: a listed clip has all its sightings; what a crash leaves is written again;
        3. who finds at the end that somebody else has inserted and somebody deleted the clip takes the sightings back.
        """
        known = self._clips.get(event.clip_id)
        if known is not None:
            return Outcome.KNOWN if known["state"] == ClipState.LIVE.value else Outcome.REFUSED
        record = clip_record(event, self._clock.wall_us())
        if self._is_erased(record):
            doomed = record.model_copy(update={"state": ClipState.DELETING, "delete_reason": "came after its deletion"})
            self._clips.insert(doomed.to_document())
            return Outcome.REFUSED
        self._sightings.insert_missing([sighting.to_document() for sighting in sighting_records(event)])
        if self._clips.insert(record.to_document()):
            return Outcome.INSERTED
        known = self._clips.get(event.clip_id)
        if known is not None and known["state"] != ClipState.LIVE.value:
            self._sightings.delete({"clip": event.clip_id})
            return Outcome.REFUSED
        return Outcome.KNOWN

    def write_tombstone(self, sidecar: Sidecar) -> bool:
        """Remember a clip of which only a tombstone is left; whether that was news."""
        return self._clips.insert(tombstone_record(sidecar, self._clock.wall_us()).to_document())

    def _is_erased(self, record: ClipRecord) -> bool:
        """Whether the clip's camera, or the first clip of its window, was deleted before this one was heard of."""
        camera = self._cameras.known(record.camera)
        if camera is not None and camera.is_erased(record.start_ms):
            return True
        if record.remainder == 0:
            return False
        first = self._clips.get(str(ClipId.parse(record.id).with_remainder(0)))
        return first is not None and first["state"] != ClipState.LIVE.value
