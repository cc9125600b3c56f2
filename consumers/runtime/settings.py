"""What an engine is told at start. `consumers.wiring` builds it from the process' own settings and arguments."""

import os
import socket

from pydantic import ConfigDict, Field

from common.contracts.consumer_status import OfferedModel
from common.contracts.detection import ModelInfo
from common.contracts.identity import ANALYSIS_PATTERN
from common.settings import Settings
from common.topics import CLIP_EVENTS, CONSUMER_STATUS, DEAD_LETTERS, FRAMES

MIB = 1024 * 1024


def default_instance() -> str:
    """`host-pid`: tells members of a group apart in the status topic."""
    return f"{socket.gethostname()}-{os.getpid()}"


def default_threads() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


class EngineSettings(Settings):
    """Everything the engine can be told. Topic names are full ones, prefix included.

    Marks of 0 are derived: see `in_flight_high` and `camera_high`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    analysis: str = Field(pattern=ANALYSIS_PATTERN)
    group: str = Field(default="", description="consumer group; the analysis' name when empty")
    instance: str = Field(default_factory=default_instance, min_length=1, max_length=200)
    threads: int = Field(default_factory=default_threads, ge=1, le=256)
    batch: int = Field(default=1, ge=1, le=64, description="frames of any cameras that a thread analyses in one call")
    ordered_threads: int = Field(
        default=0, ge=0, le=64, description="threads that only draw and encode; for a model that waits (pool)"
    )
    upload_threads: int = Field(default=4, ge=1, le=64)

    model: ModelInfo | None = Field(default=None, description="what frames are searched with, for the status")
    models: tuple[OfferedModel, ...] = Field(default=(), description="what queries may name, for the status")

    frames_topic: str = FRAMES
    clip_events_topic: str = CLIP_EVENTS
    dead_letters_topic: str = DEAD_LETTERS
    status_topic: str = CONSUMER_STATUS

    in_flight_frames: int = Field(
        default=0, ge=0, le=100_000, description="frames admitted and not through the ordered stage"
    )
    camera_frames: int = Field(default=0, ge=0, le=100_000, description="the same for one camera")
    decoded_bytes: int = Field(default=512 * MIB, ge=16 * MIB, description="width x height x 3 of all frames in flight")
    backlog_bytes: int = Field(
        default=8 * MIB, ge=MIB, description="a partition's records read and not admitted: camera full"
    )
    notice_bytes: int = Field(default=32 * MIB, ge=MIB, description="dead letters that the broker has not acknowledged")
    spool_bytes: int = Field(default=2048 * MIB, ge=16 * MIB, description="sealed clips that wait for the store")

    commit_every_s: float = Field(default=1.0, ge=0.05, le=60)
    status_every_s: float = Field(default=2.0, ge=0.1, le=60)
    lag_every_s: float = Field(
        default=2.0, ge=0.1, le=60, description="how often the log's end and the topic id are asked for"
    )
    camera_kept_s: float = Field(
        default=3_600.0, ge=0.1, le=86_400, description="a camera without frames for so long is forgotten"
    )
    stop_within_s: float = Field(
        default=12.0, ge=1, le=60, description="SIGTERM to exit, the group's own close included"
    )
    stalled_after_s: float = Field(default=30.0, ge=5, le=3_600, description="watchdog: work to do and no progress")
    step_within_s: float = Field(default=60.0, ge=5, le=3_600, description="watchdog: one step of one thread")
    session_timeout_s: float = Field(default=10.0, ge=1, le=600, description="as the consumer's handle is configured")
    new_owner_wait_s: float = Field(
        default=90.0, ge=0, le=3_600, description="before reading after a gap (DESIGN 5, rule 16)"
    )
    zombie_limit_s: float = Field(
        default=60.0, ge=1, le=3_600, description="no PUT later than this after a sign of ownership"
    )

    @property
    def group_id(self) -> str:
        return self.group or self.analysis

    @property
    def in_flight_high(self) -> int:
        """Frames in flight at which the loop stops taking records. Eight a thread keep all busy between two turns;
        with batches each thread has one in work, and as many frames wait and are being drawn."""
        return self.in_flight_frames or max(8, 3 * self.batch) * self.threads + 32

    @property
    def camera_high(self) -> int:
        """One camera can keep all threads busy, and still leaves room for others."""
        return self.camera_frames or max(4, 2 * self.batch) * self.threads + 8
