"""What a consumer, or ingest, says of itself every 2 s on topic `consumer-status`."""

from pydantic import Field

from common.contracts.base import Contract
from common.contracts.detection import ModelInfo

INGEST = "ingest"
"""No analysis has this name."""


class CameraLag(Contract):
    """How far one camera is behind: records not settled, and seconds since the oldest of them came. Records of its
    partition that are not read may be any camera's and count for each."""

    camera: str
    partition: int
    lag_messages: int
    lag_s: float


class CameraFlow(Contract):
    """What came from one camera. `last_us`: when its newest frame was taken; `frames_per_s`: of its last seconds, None
    before there were two; `skew_us`: how far its clock is ahead of ingest's (the way here counts as behind), None when
    it does not say when it takes its pictures."""

    camera: str
    last_us: int
    frames_per_s: float | None = None
    skew_us: int | None = None


class PartitionStatus(Contract):
    """`next_offset` is the next to admit, `committed` the low mark, `end` the log's end as last seen."""

    partition: int
    next_offset: int
    committed: int
    end: int
    lag_s: float


class OfferedModel(Contract):
    """A model that a query may name. `sha256`: None where no file holds it. `is_here`: its file lies on this machine;
    nothing is said of its contents until it is loaded."""

    name: str
    version: str
    sha256: str | None = None
    is_here: bool = True


class ConsumerStatus(Contract):
    """Keyed by instance. `state`: starting, running, stopping, stopped or failed; `reason` explains the last, or says
    what a running one waits for. `flows`: of ingest alone, whose `analysis` is INGEST: what came from the cameras.
    `model`: what live frames are searched with, and queries that name none; `models`: those they may name."""

    v: int = 1
    instance: str
    analysis: str
    state: str
    reason: str | None = None
    threads: int
    at_us: int
    partitions: tuple[PartitionStatus, ...] = ()
    cameras: tuple[CameraLag, ...] = ()
    flows: tuple[CameraFlow, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    stage_ms: dict[str, float] = Field(default_factory=dict)
    in_flight: int = 0
    unsettled_windows: int = 0
    model: ModelInfo | None = None
    models: tuple[OfferedModel, ...] = ()

    @property
    def waits_for(self) -> str | None:
        """What keeps one that is running from its work, as a sentence."""
        return self.reason if self.state == "running" else None
