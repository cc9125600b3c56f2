"""Whether pictures come from a camera, from what ingest says of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from common.contracts.consumer_status import CameraFlow, ConsumerStatus

LIVE_S = 6.0
"""Ingest says what it knows every 2 s: a newest frame may be so old and the camera still send."""
LIVE_INTERVALS = 3.0
"""A slower camera may miss two pictures before it counts as stalled."""
OFFLINE_S = 60.0
_US = 1_000_000


class Flow(StrEnum):
    """`live`: pictures come. `stalled`: they came until a moment ago. `offline`: none for a minute, or nobody knows of
    any."""

    LIVE = "live"
    STALLED = "stalled"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class CameraState:
    """Ages in seconds by this server's clock; `skew_s`: how far the camera's clock is ahead. None: nobody knows."""

    flow: Flow
    last_frame_us: int | None = None
    age_s: float | None = None
    frames_per_s: float | None = None
    skew_s: float | None = None


def newest_flows(statuses: Iterable[ConsumerStatus]) -> dict[str, CameraFlow]:
    """By camera; of several ingest processes, or one started anew, the word of who got its newest frame."""
    newest: dict[str, CameraFlow] = {}
    for status in statuses:
        for flow in status.flows:
            known = newest.get(flow.camera)
            if known is None or known.last_us < flow.last_us:
                newest[flow.camera] = flow
    return newest


def state_of(flow: CameraFlow | None, now_us: int) -> CameraState:
    """The state of a camera by its newest flow. A rate is said only while pictures come."""
    if flow is None:
        return CameraState(Flow.OFFLINE)
    age_s = max(0.0, (now_us - flow.last_us) / _US)
    usual_s = LIVE_INTERVALS / flow.frames_per_s if flow.frames_per_s else 0.0
    if age_s <= max(LIVE_S, usual_s):
        state = Flow.LIVE
    else:
        state = Flow.STALLED if age_s <= max(OFFLINE_S, usual_s) else Flow.OFFLINE
    return CameraState(
        flow=state,
        last_frame_us=flow.last_us,
        age_s=round(age_s, 1),
        frames_per_s=flow.frames_per_s if state is Flow.LIVE else None,
        skew_s=round(flow.skew_us / _US, 2) if flow.skew_us is not None else None,
    )
