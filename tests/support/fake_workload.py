"""A video half without video: frames are bytes, clips are sidecars in a dictionary. For tests of the runtime.

`FakeClipStore` follows DESIGN 5, rules 6 and 7, as `consumers.pipeline` does; its switches break one rule each, so that
a test can show that it notices.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.contracts.clip import ClipId
from common.contracts.clip_event import ClipReady, clip_ready
from common.contracts.sidecar import Fate, FrameEntry, Sidecar
from common.contracts.work import AdmittedFrame, StoredClip, WindowClosing, WindowOpening
from common.errors import EncoderFailure, PoisonRecord
from common.storage.clips import tombstone_of
from consumers.runtime.ports import SealedClip

POISON = b"poison"
DEADLY = b"deadly"
"""A frame that kills the process in `analyse`: see `FakeWorkload.kill`."""


class ProcessKilled(BaseException):
    """What a test raises where the process is to end: nothing after it runs."""


@dataclass
class FakeClip:
    """A sealed clip that is nothing but its sidecar."""

    made: Sidecar
    is_discarded: bool = False

    @property
    def sidecar(self) -> Sidecar:
        return self.made

    @property
    def size_bytes(self) -> int:
        return 1_000

    def discard(self) -> None:
        self.is_discarded = True


class FakeSession:
    """Checks what the runtime promises: one thread at a time, in offset order, nothing after the end."""

    def __init__(self, opening: WindowOpening, workload: "FakeWorkload") -> None:
        self._opening = opening
        self._workload = workload
        self._entries: list[FrameEntry] = []
        self._lock = threading.Lock()
        self.is_closed = False
        self.is_abandoned = False

    def add(self, frame: AdmittedFrame, analysed: Any) -> FrameEntry:
        assert self._lock.acquire(blocking=False), "two threads in one session"
        try:
            assert not self.is_closed
            assert not self.is_abandoned
            assert analysed == ("analysed", frame.offset), "another frame's result"
            assert not self._entries or frame.offset > self._entries[-1].offset, "out of offset order"
            self._workload.before_add(frame)
            entry = FrameEntry(
                offset=frame.offset,
                log_ms=frame.log_ms,
                fate=_fate(frame),
                session=frame.headers.session,
                seq=frame.headers.seq,
                captured_us=frame.headers.captured_at_us,
                pts_ms=len(self._entries),
            )
            self._entries.append(entry)
            return entry
        finally:
            self._lock.release()

    def close(self, closing: WindowClosing) -> FakeClip:
        assert not self.is_closed
        assert not self.is_abandoned
        assert self._entries, "a window without a frame stores nothing"
        self._workload.before_close(self._opening)
        self.is_closed = True
        opening, entries = self._opening, (*self._entries, *closing.others)
        return FakeClip(
            Sidecar(
                analysis=opening.analysis,
                camera=opening.camera,
                start_ms=opening.window.start_ms,
                length_ms=opening.window.length_ms,
                origin=opening.origin,
                t0_us=0,
                frame_count=len(self._entries),
                width=640,
                height=480,
                settings_version=opening.settings_version,
                complete=closing.complete,
                entries=tuple(sorted(entries, key=lambda entry: entry.offset)),
            )
        )

    def abandon(self) -> None:
        self.is_abandoned = True


def _fate(frame: AdmittedFrame) -> Fate:
    if frame.sampled_out:
        return Fate.SAMPLED_OUT
    return Fate.ANALYSED if frame.searched else Fate.CARRIED


class FakeWorkload:
    """`analyse_s`, `order_s`: seconds a step takes, waited for real. `fail_add`, `fail_close`: so many of the next
    calls raise EncoderFailure."""

    def __init__(self, wait: Callable[[float], Any] | None = None) -> None:
        self._wait = wait
        self.analyse_s = 0.0
        self.order_s = 0.0
        self.fail_add = 0
        self.fail_close = 0
        self.sessions: list[FakeSession] = []
        self.analysed: list[int] = []

    def analyse(self, frame: AdmittedFrame) -> Any:
        if self._wait is not None and self.analyse_s:
            self._wait(self.analyse_s)
        self.analysed.append(frame.offset)
        if frame.jpeg.startswith(DEADLY):
            self.kill(frame)
        if frame.jpeg.startswith(POISON):
            raise PoisonRecord("not_decodable", "poison")
        return ("analysed", frame.offset)

    def analyse_batch(self, frames: Sequence[AdmittedFrame]) -> Sequence[Any]:
        results: list[Any] = []
        for frame in frames:
            try:
                results.append(self.analyse(frame))
            except PoisonRecord as error:
                results.append(error)
        return results

    def kill(self, frame: AdmittedFrame) -> None:
        raise ProcessKilled(f"offset {frame.offset}")

    def open(self, opening: WindowOpening) -> FakeSession:
        session = FakeSession(opening, self)
        self.sessions.append(session)
        return session

    def before_add(self, frame: AdmittedFrame) -> None:
        if self._wait is not None and self.order_s:
            self._wait(self.order_s)
        if self.fail_add:
            self.fail_add -= 1
            raise EncoderFailure(f"offset {frame.offset}")

    def before_close(self, opening: WindowOpening) -> None:
        if self.fail_close:
            self.fail_close -= 1
            raise EncoderFailure(str(opening.window))


@dataclass
class FakeBucket:
    """What is in the object store: it outlives every process. `history` has every sidecar ever put, in order."""

    objects: dict[ClipId, Sidecar] = field(default_factory=dict)
    history: list[Sidecar] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self, clip_id: ClipId, sidecar: Sidecar) -> bool:
        """Create-only; False when something lies there."""
        with self.lock:
            if clip_id in self.objects:
                return False
            self.put(clip_id, sidecar)
            return True

    def put(self, clip_id: ClipId, sidecar: Sidecar) -> None:
        self.objects[clip_id] = sidecar
        self.history.append(sidecar)

    def delete(self, clip_id: ClipId) -> None:
        """What a deletion leaves (rule 12)."""
        with self.lock:
            self.objects[clip_id] = tombstone_of(self.objects[clip_id], "deleted")

    def frames(self) -> list[tuple[str, tuple[str, int]]]:
        """Camera and identity of every frame in a clip, as often as it is in one; tombstones too."""
        with self.lock:
            return [
                (s.camera, (e.session, e.seq))
                for s in self.objects.values()
                for e in s.entries
                if e.session is not None and e.seq is not None and e.fate not in (Fate.DUPLICATE, Fate.DEAD_LETTER)
            ]

    def topic_ids(self, camera: str, identity: tuple[str, int]) -> list[str]:
        """The topic of each clip that `frames` counts this frame in."""
        with self.lock:
            return [
                s.origin.topic_id
                for s in self.objects.values()
                for e in s.entries
                if (s.camera, (e.session, e.seq)) == (camera, identity)
                and e.fate not in (Fate.DUPLICATE, Fate.DEAD_LETTER)
            ]


class FakeClipStore:
    """Implements the runtime's `ClipStore` over a bucket. `at` is called with the name of each crash point."""

    def __init__(self, bucket: FakeBucket, at: Callable[[str], None] = lambda _: None) -> None:
        self.bucket = bucket
        self.at = at
        self.is_create_only = True
        self.checks_coverage = True
        self.announces_from_store = True
        self.loads = True

    def store(self, clip: SealedClip) -> StoredClip:
        self.at("before_put")
        ours = clip.sidecar
        outcome, stored = self._put(ours)
        self.at("after_put")
        self.at("after_derived")
        if not self.announces_from_store:
            return StoredClip(outcome, (clip_ready(ours, clip.size_bytes),))
        return StoredClip(outcome, tuple(self._event(clip_id) for clip_id in stored if not self._is_tombstone(clip_id)))

    def load_sidecars(self, analysis: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Sidecar]:
        self.at("load")
        if not self.loads:
            return []
        with self.bucket.lock:
            return [
                sidecar
                for clip_id, sidecar in self.bucket.objects.items()
                if (clip_id.analysis, clip_id.camera) == (analysis, camera)
                and clip_id.window.start_ms < to_ms
                and clip_id.window.end_ms > from_ms
            ]

    def list_cameras(self, analysis: str) -> Sequence[str]:
        with self.bucket.lock:
            return sorted({c.camera for c in self.bucket.objects if c.analysis == analysis})

    def _put(self, ours: Sidecar) -> tuple[str, list[ClipId]]:
        first = ours.clip_id
        if not self.is_create_only:
            with self.bucket.lock:
                self.bucket.put(first, ours)
            return "created", [first]
        if self.bucket.create(first, ours):
            return "created", [first]
        stored = [first]
        if not self.checks_coverage:
            return "covered", stored
        rest = _uncovered(ours, self.bucket.objects[first])
        if not rest:
            return "covered", stored
        number = 0
        while any(entry.is_in_clip for entry in rest):
            number += 1
            clip_id = first.with_remainder(number)
            frames = sum(entry.is_in_clip for entry in rest)
            remainder = ours.model_copy(update={"entries": tuple(rest), "remainder": number, "frame_count": frames})
            stored.append(clip_id)
            if self.bucket.create(clip_id, remainder):
                break
            rest = _uncovered(remainder, self.bucket.objects[clip_id])
        return "conflict", stored

    def _event(self, clip_id: ClipId) -> ClipReady:
        return clip_ready(self.bucket.objects[clip_id], 1_000)

    def _is_tombstone(self, clip_id: ClipId) -> bool:
        return self.bucket.objects[clip_id].tombstone is not None


def _uncovered(ours: Sidecar, stored: Sidecar) -> list[FrameEntry]:
    covered, identities = stored.covered_offsets(ours.origin), stored.identities()
    rest = []
    for entry in ours.entries:
        if entry.offset in covered:
            continue
        if entry.is_in_clip and (entry.session, entry.seq) in identities:
            rest.append(entry.model_copy(update={"fate": Fate.DUPLICATE, "pts_ms": None}))
        else:
            rest.append(entry)
    return rest
