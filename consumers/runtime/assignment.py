"""One partition as this member holds it, from assignment to revocation. A restart makes a new one (a new generation).

Owned by the loop's thread. Pure state: what to do about it is decided in `starting`, `admitting`, `settling` and
`rebalance`.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from common.contracts.frame import FrameHeaders
from common.contracts.sidecar import Origin
from common.contracts.window import Window
from common.kafka.ports import Position, Record, TopicPartition
from consumers.runtime.camera_window import CameraWindow, Stage
from consumers.runtime.commit_metadata import CommitMetadata
from consumers.runtime.identities import Identities
from consumers.runtime.log_clock import LogClock
from consumers.runtime.low_mark import Hold, LowMark, OffsetHold, low_mark
from consumers.runtime.ownership import Ownership
from consumers.runtime.start_plan import GapReason, StartPlan
from consumers.runtime.strands import Strand


class Phase(Enum):
    """What an assignment is doing. Records are admitted in READING only."""

    FINDING = "finding"
    """Asking for the committed position and the log as it is."""
    WAITING = "waiting"
    """Until a former owner can store nothing any more, or until a restart's delay is over."""
    ANNOUNCING = "announcing"
    """A gap's record is on its way: nothing is committed before it is acknowledged."""
    CLAIMING = "claiming"
    """A first commit says that we have begun (and that an end without a goodbye is one)."""
    READING = "reading"
    DRAINING = "draining"
    """The topic was made anew: what is open is stored before the new one is read."""


@dataclass(slots=True, eq=False)
class ParkedFrame:
    """A frame whose window is known, and whose identity is judged once the store was asked."""

    record: Record
    log_ms: int
    headers: FrameHeaders
    every_ms: int | None
    window: CameraWindow


@dataclass(slots=True, eq=False)
class CameraState:
    """One camera of an assignment. `chain`: its unsettled windows in the order they opened, which is the order they are
    stored in. `parked`: frames and window ends (as the window itself) that wait for `identities`.
    """

    camera: str
    strand: Strand
    identities: Identities | None = None
    parked: deque[ParkedFrame | CameraWindow] = field(default_factory=deque)
    parked_frames: int = 0
    heard_s: float = 0.0
    """When its last frame was admitted, on the monotonic clock."""
    open_windows: dict[Window, CameraWindow] = field(default_factory=dict)
    chain: deque[CameraWindow] = field(default_factory=deque)

    @property
    def in_flight(self) -> int:
        return self.strand.in_flight + self.strand.collected + self.parked_frames

    @property
    def is_at_rest(self) -> bool:
        """All that came from it is settled, and the store has answered for it."""
        return not self.chain and not self.in_flight and not self.parked and self.identities is not None


@dataclass(slots=True, eq=False)
class Assignment:
    """`next_offset` and `clock` are those of the next record to admit."""

    partition: TopicPartition
    generation: int
    ownership: Ownership
    phase: Phase = Phase.FINDING
    topic_id: str = ""
    plan: StartPlan | None = None
    wait_until_s: float = 0.0
    next_offset: int = 0
    clock: LogClock = field(default_factory=LogClock)
    since_ms: int | None = None
    draining_for: GapReason = "topic_recreated"
    """Why it is DRAINING, when it is."""
    end_offset: int = 0
    caught_up_us: int = 0
    """When the log was last asked for its end and all that lay in it then had been admitted, wall clock."""
    unclean_ends: int = 0
    """With this life counted in advance; `said_unclean_ends`: without it, as found at the start."""
    said_unclean_ends: int = 0
    named: dict[int, int] = field(default_factory=dict)
    naming: int | None = None
    """The offset that probe mode has in decoding: counted as if we had died in it until it is taken back."""
    committed_naming: int | None = None
    """The naming that the last acknowledged commit carried."""
    is_probing: bool = False
    has_progressed: bool = False
    start_offset: int = 0
    committed: Position | None = None
    cameras: dict[bytes, CameraState] = field(default_factory=dict)
    unsettled: dict[int, CameraWindow] = field(default_factory=dict)
    notices: dict[int, OffsetHold] = field(default_factory=dict)
    """Gaps, and dead letters that no window accounts for, until they are acknowledged; by first offset."""
    next_end_ms: int | None = None
    """The earliest end of an open window."""
    backlog: deque[Record] = field(default_factory=deque)
    backlog_bytes: int = 0
    is_backlogged: bool = False
    """It has read as much ahead as it may: nothing is polled, or the partition is paused, until half is admitted."""
    backlogged_s: float = 0.0
    """When its backlog became full the last time."""
    slow_until_s: float = 0.0
    """Until then it is paused as soon as its backlog is full."""
    paused_s: float = 0.0
    """When it was paused the last time."""
    lost_looks: int = 0
    """How often the log was looked at since its next offset was not found there; 0 while all is well."""
    is_paused: bool = False
    """While it is READING. A seek has resumed it, so every generation begins running."""
    heard_s: float = 0.0
    """When the last record came, or we last had no room for one, on the monotonic clock."""

    @property
    def is_reading(self) -> bool:
        return self.phase is Phase.READING

    def origin(self) -> Origin:
        return Origin(topic=self.partition.topic, topic_id=self.topic_id, partition=self.partition.partition)

    def open_windows(self) -> Iterator[CameraWindow]:
        for camera in self.cameras.values():
            yield from camera.open_windows.values()

    def strands(self) -> Iterator[Strand]:
        return (camera.strand for camera in self.cameras.values())

    def due_windows(self, clock_ms: int) -> list[CameraWindow]:
        """Open windows whose end the log clock has reached, earliest end first. Cheap when there is none."""
        if self.next_end_ms is None or clock_ms < self.next_end_ms:
            return []
        due = [window for window in self.open_windows() if window.window.end_ms <= clock_ms]
        return sorted(due, key=lambda window: (window.window.end_ms, window.number))

    def refresh_next_end(self) -> None:
        self.next_end_ms = min((window.window.end_ms for window in self.open_windows()), default=None)

    def holds(self) -> Iterable[Hold]:
        yield from self.unsettled.values()
        yield from self.notices.values()

    def mark(self) -> LowMark:
        """Rule 8. Meaningful from CLAIMING on."""
        return low_mark(self.holds(), LowMark(self.next_offset, self.clock.now_ms))

    def progressed(self, mark: LowMark) -> bool:
        """Whether an end without a goodbye would come after some progress: a mark that moved, a clip that is new."""
        return self.has_progressed or mark.next_offset > self.start_offset

    def named_from(self, mark: LowMark) -> dict[int, int]:
        """Named offsets that the mark has not passed."""
        return {offset: count for offset, count in self.named.items() if offset >= mark.next_offset}

    def position(self) -> Position:
        """The mark as it is committed. Progress wipes out unclean ends, the mark the named offsets it has passed."""
        mark = self.mark()
        progressed = self.progressed(mark)
        named = self.named_from(mark)
        if self.naming is not None:
            named[self.naming] = named.get(self.naming, 0) + 1
        metadata = CommitMetadata(
            topic_id=self.topic_id,
            clock_ms=mark.clock_ms,
            since_ms=self.since_ms,
            unclean_ends=0 if progressed else self.unclean_ends,
            named=named,
        )
        return Position(mark.next_offset, metadata.to_text())

    def forget_cameras(self, unheard_since_s: float) -> None:
        """Those at rest from which nothing came since, monotonic seconds. What is known of them by then is of no use: a
        camera that comes back is met anew, and the store is asked."""
        gone = [key for key, one in self.cameras.items() if one.heard_s < unheard_since_s and one.is_at_rest]
        for key in gone:
            del self.cameras[key]

    def forget(self) -> list[CameraWindow]:
        """Give up every window that is not sealed; those that are may still be stored (rule 9). The ones given up.

        A camera's windows behind one that was given up are given up too: they are stored in the order they opened.
        Take the mark before: afterwards nothing holds it back.
        """
        forgotten: list[CameraWindow] = []
        for camera in self.cameras.values():
            is_broken = False
            for window in camera.chain:
                is_sealed = window.stage in (Stage.SEALED, Stage.UPLOADING)
                is_broken = is_broken or not is_sealed
                if is_broken and window.stage is not Stage.UPLOADING:
                    window.stage = Stage.FORGOTTEN
                    forgotten.append(window)
            camera.chain = deque(window for window in camera.chain if window.stage is not Stage.FORGOTTEN)
            for window in camera.chain:
                window.letters_pending = 0  # whoever reads the records again sends them
            camera.open_windows.clear()
            camera.parked.clear()
            camera.parked_frames = 0
        self.backlog.clear()
        self.backlog_bytes = 0
        self.is_backlogged = False
        self.next_end_ms = None
        self.unsettled.clear()
        self.notices.clear()
        return forgotten
