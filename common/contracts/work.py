"""What the Kafka half and the video half of a consumer hand each other: plain values, no behaviour."""

from dataclasses import dataclass, field

from common.contracts.clip_event import ClipReady
from common.contracts.frame import FrameHeaders
from common.contracts.sidecar import FrameEntry, Origin
from common.contracts.window import Window


@dataclass(frozen=True, slots=True)
class AdmittedFrame:
    """A frame assigned to its window. `searched`: the model looks at it; else the last boxes are carried over.

    `sampled_out`: it would have been searched, but its camera is `live` and the consumer overloaded (rule 18); then
    `searched` is False. `jpeg` is untrusted: only its header claim in `headers` (width, height) was made by our own
    producer.
    """

    camera: str
    partition: int
    offset: int
    log_ms: int
    headers: FrameHeaders
    window: Window
    searched: bool
    jpeg: bytes = field(repr=False)
    sampled_out: bool = False


@dataclass(frozen=True, slots=True)
class WindowOpening:
    """What a window session needs to know when its first frame arrives."""

    analysis: str
    camera: str
    window: Window
    origin: Origin
    settings_version: int


@dataclass(frozen=True, slots=True)
class WindowClosing:
    """What only the runtime knows at a window's close.

    `others`: offsets of the window that are not in the clip (duplicates, dead letters, left out).
    `complete`: no gap fell into the window and it began after the last start or gap (DESIGN 5, rule 14).
    """

    complete: bool
    others: tuple[FrameEntry, ...]


@dataclass(frozen=True, slots=True)
class StoredClip:
    """What storing a sealed clip achieved.

    `outcome`: `created`, `covered` (somebody was first with all of it), `conflict` (the remainder went to `~n`).
    `announced`: built from the *stored* sidecars, to be delivered before the window is settled.
    """

    outcome: str
    announced: tuple[ClipReady, ...]
