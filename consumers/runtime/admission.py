"""What a record is, from its key and headers alone: nothing is decoded before the loop knows its window (rule 8)."""

from dataclasses import dataclass

from common.contracts.frame import AnalysisRequest, FrameHeaders, decode_headers, is_tick
from common.contracts.identity import is_camera_id
from common.errors import PoisonRecord
from common.kafka.ports import Record

UNKNOWN_CAMERA = "?"


@dataclass(frozen=True, slots=True)
class Tick:
    """Carries the broker's time and nothing else."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A frame this analysis must not see."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that no window can take: a dead letter. `camera` is `?` when the key is no camera's."""

    camera: str
    error: PoisonRecord


@dataclass(frozen=True, slots=True)
class Applicable:
    """A frame for this analysis."""

    camera: str
    headers: FrameHeaders
    request: AnalysisRequest


TICK = Tick()
NOT_APPLICABLE = NotApplicable()


def classify(record: Record, analysis: str) -> Tick | NotApplicable | Poison | Applicable:
    """Sort one record. Never raises for what a record holds."""
    key = record.key
    if key is None and is_tick(key, record.value, record.headers):
        return TICK
    camera = _camera_of(key)
    if camera is None:
        return Poison(UNKNOWN_CAMERA, PoisonRecord("bad_key"))
    try:
        headers = decode_headers(record.headers)
    except PoisonRecord as error:
        return Poison(camera, error)
    request = headers.request_for(analysis)
    if request is None:
        return NOT_APPLICABLE
    if not record.value:
        return Poison(camera, PoisonRecord("no_value"))
    return Applicable(camera, headers, request)


def _camera_of(key: bytes | None) -> str | None:
    if key is None or not key.isascii():
        return None
    camera = key.decode("ascii")
    return camera if is_camera_id(camera) else None
