"""What the runtime asks of the video half. `consumers.wiring` hands in the implementation from `consumers.pipeline`."""

from collections.abc import Sequence
from typing import Any, Protocol

from common.contracts.sidecar import FrameEntry, Sidecar
from common.contracts.work import AdmittedFrame, StoredClip, WindowClosing, WindowOpening

__all__ = [
    "AdmittedFrame",
    "ClipStore",
    "SealedClip",
    "StoredClip",
    "WindowClosing",
    "WindowOpening",
    "WindowSession",
    "Workload",
]


class SealedClip(Protocol):
    """A finished file in the spool with its sidecar; not yet stored."""

    @property
    def sidecar(self) -> Sidecar: ...

    @property
    def size_bytes(self) -> int: ...

    def discard(self) -> None:
        """Delete the file. Idempotent, any thread."""
        ...


class WindowSession(Protocol):
    """One open window: temporary file, encoder, tracker. Called by one pool thread at a time, in offset order."""

    def add(self, frame: AdmittedFrame, analysed: Any) -> FrameEntry:
        """Track, draw, encode. `analysed` is what `Workload.analyse` returned for this frame. The entry says what
        became of it. Raises EncoderFailure (restart the partition), and Transient while a model that was left to this
        stage does not answer: then it is called again with the same."""
        ...

    def close(self, closing: WindowClosing) -> SealedClip:
        """Finish the file and append the sidecar. Raises EncoderFailure."""
        ...

    def abandon(self) -> None:
        """Forget everything, delete the file. Idempotent; any thread, once no other call is under way."""
        ...


class Workload(Protocol):
    """The video half of one consumer."""

    def analyse(self, frame: AdmittedFrame) -> Any:
        """Stage 1, on any pool thread, any order: check, decode, and for a searched frame run the model.

        Raises PoisonRecord for a picture that cannot be decoded, and Transient while a model on another machine does
        not answer: then it is called again. An analyzer that raises anything else is not poison: the result says so,
        and the frame is in the clip as `failed`. The result is opaque to the runtime.
        """
        ...

    def analyse_batch(self, frames: Sequence[AdmittedFrame]) -> Sequence[Any]:
        """The same for several frames of any cameras, with one call of the model where it can. The result of each, in
        order; a PoisonRecord, not raised, in the place of a picture that cannot be decoded.

        What is raised for the batch (Transient) says nothing of any one frame: `analyse` is called for each.
        """
        ...

    def open(self, opening: WindowOpening) -> WindowSession:
        """Ordered stage. Raises EncoderFailure."""
        ...


class ClipStore(Protocol):
    """Puts sealed clips into the object store. Blocking; called on upload threads only."""

    def store(self, clip: SealedClip) -> StoredClip:
        """One create-only PUT, coverage check on 412, then derived files (DESIGN 5, rules 6, 7, 17). Raises Transient:
        the runtime calls again with backoff, and every repetition is harmless."""
        ...

    def load_sidecars(self, analysis: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Sidecar]:
        """Sidecars of stored windows (tombstones and `~n` included) that overlap [from_ms, to_ms) of log time, for
        rule 11. Raises Transient."""
        ...

    def list_cameras(self, analysis: str) -> Sequence[str]:
        """Cameras with stored clips of this analysis. Raises Transient."""
        ...
