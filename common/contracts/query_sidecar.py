"""What a stored part or result of a query says of itself: the JSON in its trailing `uuid` box, as with clips."""

from common.contracts.base import Contract
from common.contracts.clip_event import PartReady
from common.contracts.detection import ModelInfo, Sighting
from common.contracts.sidecar import FrameDetections


class QuerySidecar(Contract):
    """Times in `detections` and sightings' `best_pts_ms` count from the start of this file, in ms.

    `t0_us`: wall time of its start, None when nobody knows it; then sightings' times count from 0. `model`: of a result
    whose parts were searched with several, all of them.
    """

    v: int = 1
    query_id: str
    analysis: str
    part: int
    parts: int
    is_result: bool = False
    frame_count: int
    searched: int
    duration_ms: int
    width: int
    height: int
    t0_us: int | None = None
    model: ModelInfo | None = None
    detections: tuple[FrameDetections, ...] = ()
    sightings: tuple[Sighting, ...] = ()


def part_ready(sidecar: QuerySidecar, object_key: str) -> PartReady:
    """The event of a stored part or result; `sidecar` is the one that is stored."""
    return PartReady(
        query_id=sidecar.query_id,
        part=sidecar.part,
        parts=sidecar.parts,
        joined=sidecar.is_result,
        object_key=object_key,
        frame_count=sidecar.frame_count,
        duration_ms=sidecar.duration_ms,
        model=sidecar.model,
        sightings=sidecar.sightings,
    )
