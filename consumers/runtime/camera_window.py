"""One window of one camera, from its first record until it is settled. Owned by the loop's thread."""

from dataclasses import dataclass, field
from enum import Enum

from common.contracts.sidecar import FrameEntry
from common.contracts.window import Window
from consumers.runtime.ports import SealedClip
from consumers.runtime.strands import WindowWork


class Stage(Enum):
    """How far a window has come. Until it is SETTLED it holds back the low mark (rule 8)."""

    OPEN = "open"
    CLOSING = "closing"
    """The log clock has passed its end; the ordered stage still has work on it."""
    SEALED = "sealed"
    """A file, or nothing at all, that waits for its turn to be stored."""
    UPLOADING = "uploading"
    SETTLED = "settled"
    FORGOTTEN = "forgotten"
    """Its partition was taken away or restarted; somebody reads its records again."""


@dataclass(slots=True, eq=False)
class CameraWindow:
    """`first_offset`: of any record assigned to it, a duplicate too. `clock_before_ms`: the log clock before it.

    `others`: what is not in the clip, as far as the loop decides it. `previous_ms`: log time of the last frame that is.
    """

    number: int
    camera: str
    window: Window
    first_offset: int
    clock_before_ms: int | None
    first_log_ms: int
    work: WindowWork
    stage: Stage = Stage.OPEN
    has_gap: bool = False
    is_stored: bool = False
    letters_pending: int = 0
    """Dead letters of its frames that are not acknowledged: it is not settled before they are."""
    records: int = 0
    previous_ms: int | None = None
    others: list[FrameEntry] = field(default_factory=list)
    clip: SealedClip | None = None
