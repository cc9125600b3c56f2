"""The state of each offset of a partition: what the stored sidecar says; failing that, dead letter; then gap."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from common.contracts.frame import decode_headers, is_tick
from common.contracts.sidecar import Fate
from common.errors import PoisonRecord
from common.kafka.ports import Record
from consumers.ledger.evidence import Evidence

NO_CAMERA = "-"
UNEXPLAINED = "unexplained"
EXAMPLES_KEPT = 20


@dataclass
class Tiles:
    """Camera -> state -> offsets counted. The states are those of `Fate`, and `unexplained`, which must stay 0."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def add(self, camera: str, state: str, place: str) -> None:
        self.counts.setdefault(camera, Counter())[state] += 1
        if state == UNEXPLAINED and len(self.examples) < EXAMPLES_KEPT:
            self.examples.append(f"{camera} {place}")

    @property
    def unexplained(self) -> int:
        return sum(counter[UNEXPLAINED] for counter in self.counts.values())

    def total(self, state: str) -> int:
        return sum(counter[state] for counter in self.counts.values())


def tile_partition(
    tiles: Tiles, evidence: Evidence, topic_id: str, records: Iterable[Record], committed: int | None
) -> None:
    """Put every record of one partition into exactly one state. `committed`: the group's next offset, None for none."""
    for record in records:
        camera, state = state_of(record, evidence, topic_id, committed)
        tiles.add(camera, state, f"partition {record.partition} offset {record.offset}")


def state_of(record: Record, evidence: Evidence, topic_id: str, committed: int | None) -> tuple[str, str]:
    """(camera, state) of one offset."""
    if is_tick(record.key, record.value, record.headers):
        return NO_CAMERA, Fate.TICK
    camera = (record.key or b"").decode("utf-8", "replace") or NO_CAMERA
    place = (topic_id, record.partition, record.offset)
    stored = evidence.stored.get(place)
    if stored is not None:
        return camera, stored
    try:
        headers = decode_headers(record.headers)
    except PoisonRecord:
        headers = None
    if headers is not None and headers.request_for(evidence.analysis) is None:
        return camera, Fate.NOT_APPLICABLE
    if place in evidence.dead:
        return camera, Fate.DEAD_LETTER
    if evidence.is_in_gap(place):
        return camera, Fate.GAP
    if committed is None or record.offset >= committed:
        return camera, Fate.LAG
    # A retry that fell into a window without any frame of its own: nothing was stored there, the frame is elsewhere.
    if headers is not None and evidence.holds(camera, headers.identity):
        return camera, Fate.DUPLICATE
    return camera, UNEXPLAINED
