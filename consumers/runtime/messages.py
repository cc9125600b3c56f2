"""What other threads tell the loop. Every message belongs to something in flight, so their number is bounded by it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.contracts.sidecar import Sidecar
from common.errors import PoisonRecord
from common.kafka.ports import Position, TopicPartition, Watermarks
from consumers.runtime.ports import AdmittedFrame, SealedClip


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A frame could not be decoded. It has left the strand; its dead letter is the loop's to send."""

    number: int
    frame: AdmittedFrame
    error: PoisonRecord
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """A window's ordered work is done. `clip` None: it has no frame, and nothing is stored."""

    number: int
    clip: SealedClip | None


@dataclass(frozen=True, slots=True)
class Decoded:
    """The frame that was alone in decoding in probe mode has survived (rule 19)."""

    generation: int
    offset: int


@dataclass(frozen=True, slots=True)
class Broken:
    """An encoder or its file failed: restart the partition."""

    partition: TopicPartition
    generation: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Crashed:
    """Something no rule foresees: the process ends without committing."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Settled:
    """A window is stored, derived from and announced. `outcome` as `StoredClip.outcome`."""

    number: int
    outcome: str


@dataclass(frozen=True, slots=True)
class UploadDropped:
    """A clip was not put: its partition has been somebody else's for too long (rule 16)."""

    number: int


@dataclass(frozen=True, slots=True)
class StoredLoaded:
    """What the store holds of a camera (rule 11)."""

    partition: TopicPartition
    generation: int
    camera: str
    sidecars: Sequence[Sidecar] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PositionFound:
    """Where the group stands in a partition, and the log as it is."""

    partition: TopicPartition
    generation: int
    position: Position | None
    watermarks: Watermarks
    topic_id: str


@dataclass(frozen=True, slots=True)
class LogSeen:
    """The topic's id and the ends of partitions, asked for while running. `asked_us`: before that, wall clock."""

    asked_us: int
    topic_id: str
    watermarks: dict[TopicPartition, Watermarks]


@dataclass(frozen=True, slots=True)
class NoticeAnswered:
    """A dead letter's or gap's record was acknowledged, or failed: `error`."""

    notice: int
    error: Exception | None


Message = (
    Poisoned
    | Sealed
    | Decoded
    | Broken
    | Crashed
    | Settled
    | UploadDropped
    | StoredLoaded
    | PositionFound
    | LogSeen
    | NoticeAnswered
)
