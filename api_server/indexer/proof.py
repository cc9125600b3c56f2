"""Proving that what was deleted is gone and stays gone: everything that could bring it back is done once more."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from api_server.clips.records import ClipRecord, ClipState
from api_server.database.port import Database
from api_server.database.schema import CLIPS, SIGHTINGS
from api_server.indexer.erasure import is_of_window
from api_server.indexer.writer import EventWriter, Outcome
from common.contracts.clip_event import ClipReady, parse_event
from common.deadline import Deadline
from common.errors import Transient
from common.kafka.ports import TopicReader
from common.storage.clips import read_sidecar
from common.storage.port import NotFound, ObjectStore

log = logging.getLogger(__name__)

POLL_S = 0.5
PROBLEMS_MAX = 50


@dataclass(slots=True)
class Proof:
    """`erasing`: deleted, and its objects still to go; that is not proved, and not wrong. `problems`: sentences."""

    clips: int = 0
    erasing: int = 0
    tombstones: int = 0
    events_read: int = 0
    events_repeated: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems and not self.erasing

    def to_dict(self) -> dict[str, object]:
        fields = asdict(self)
        fields["problems"] = self.problems[:PROBLEMS_MAX]
        return {"proved": self.holds, **fields}


class DeletionProof:
    """One thread. Raises Transient. Changes nothing: what it writes, the writer has to refuse."""

    def __init__(self, database: Database, store: ObjectStore, writer: EventWriter, events: TopicReader) -> None:
        self._clips = database.collection(CLIPS)
        self._sightings = database.collection(SIGHTINGS)
        self._store = store
        self._writer = writer
        self._events = events

    def run(self, asked: Iterable[str], deadline: Deadline) -> Proof:
        """Of the clips named, or of every deleted one:

        1. nothing is stored of it but a tombstone that accounts for its offsets;
        2. no sighting of it is left, and it is not listed;
        3. every event of it that the topic still has is written once more, from the topic's beginning: refused;
        4. then 2 once more.
        """
        proof = Proof()
        wanted = tuple(asked)
        records = self._records(wanted, proof)
        for record in records.values():
            self._look_at_store(record, proof)
            self._look_at_records(record.id, proof, "")
        self._repeat_events(records, deadline, proof)
        for clip_id in records:
            self._look_at_records(clip_id, proof, " after its events were written again")
        return proof

    def _records(self, wanted: tuple[str, ...], proof: Proof) -> dict[str, ClipRecord]:
        where: dict[str, object] = {"_id": {"$in": list(wanted)}} if wanted else {"state": ClipState.DELETED.value}
        found = {d["_id"]: ClipRecord.from_document(d) for d in self._clips.find(where)}
        proof.problems += [f"{clip_id} is not known." for clip_id in wanted if clip_id not in found]
        proof.clips = len(found)
        deleted = {}
        for clip_id, record in found.items():
            if record.state is ClipState.DELETED:
                deleted[clip_id] = record
            elif record.state is ClipState.DELETING:
                proof.erasing += 1
            else:
                proof.problems.append(f"{clip_id} is not deleted.")
        return deleted

    def _look_at_store(self, record: ClipRecord, proof: Proof) -> None:
        clip_id = record.clip_id
        first = clip_id.with_remainder(0)
        for info in self._store.list(first.stem):
            if is_of_window(info.key, first) and not info.key.endswith(".mp4"):
                proof.problems.append(f"{info.key} is still stored.")
        try:
            stored = read_sidecar(self._store, clip_id)
        except NotFound:
            if record.has_tombstone:
                proof.problems.append(f"The tombstone of {record.id} is not there; a replay would store it anew.")
            return
        except ValueError:
            proof.problems.append(f"What is stored in the place of {record.id} cannot be read.")
            return
        if not stored.is_tombstone:
            proof.problems.append(f"{record.id} is still stored.")
        elif (stored.sidecar.first_offset, stored.sidecar.last_offset) != (record.first_offset, record.last_offset):
            proof.problems.append(f"The tombstone of {record.id} accounts for other offsets than the clip did.")
        elif stored.sidecar.sightings or stored.sidecar.detections:
            proof.problems.append(f"The tombstone of {record.id} still says what was seen.")
        else:
            proof.tombstones += 1

    def _look_at_records(self, clip_id: str, proof: Proof, when: str) -> None:
        if self._sightings.count({"clip": clip_id}):
            proof.problems.append(f"{clip_id} has sightings{when}.")
        document = self._clips.get(clip_id)
        if document is not None and document["state"] == ClipState.LIVE.value:
            proof.problems.append(f"{clip_id} is listed{when}.")

    def _repeat_events(self, records: dict[str, ClipRecord], deadline: Deadline, proof: Proof) -> None:
        """Raises Transient when the end of the topic is not reached in time."""
        while True:
            for record in self._events.poll(deadline.at_most(POLL_S)):
                proof.events_read += 1
                try:
                    event = parse_event(record.value or b"")
                except ValueError:
                    continue
                if isinstance(event, ClipReady) and event.clip_id in records:
                    proof.events_repeated += 1
                    if self._writer.write_clip(event) is not Outcome.REFUSED:
                        proof.problems.append(f"An event of {event.clip_id} was taken.")
            if self._events.is_caught_up:
                return
            if deadline.is_over:
                raise Transient("clip-events was not read to its end in time")
