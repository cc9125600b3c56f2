"""Between the camera and the network: a few frames, the newest of them kept when the server is slow."""

import threading
from collections import deque
from dataclasses import dataclass, field

BUFFER_FRAMES = 4
"""Bridges a hiccup of 0.4 s at 10 frames/s; a server slower than that sees the newest frames only."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture with its identity. `captured_us`: µs since the epoch."""

    seq: int
    captured_us: int
    jpeg: bytes = field(repr=False)


class FrameBuffer:
    """One thread puts, one takes. When it is full the oldest frame makes room and is counted as dropped."""

    def __init__(self, capacity: int = BUFFER_FRAMES) -> None:
        self._changed = threading.Condition()  # guards everything below
        self._frames: deque[Frame] = deque()
        self._capacity = capacity
        self._is_closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Frames that were never sent."""
        with self._changed:
            return self._dropped

    @property
    def is_closed(self) -> bool:
        with self._changed:
            return self._is_closed

    def put(self, frame: Frame) -> None:
        """Never blocks."""
        with self._changed:
            if self._is_closed:
                self._dropped += 1
                return
            if len(self._frames) == self._capacity:
                self._frames.popleft()
                self._dropped += 1
            self._frames.append(frame)
            self._changed.notify_all()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Whether the next frame fits without dropping another, after waiting for at most `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._frames) < self._capacity, timeout_s)

    def take(self, timeout_s: float) -> Frame | None:
        """The oldest frame held, or None when none came within `timeout_s` or the buffer is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._is_closed, timeout_s)
            frame = self._frames.popleft() if self._frames else None
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """No more frames come; those held can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def discard(self) -> None:
        """Drop what is held and close: the sender has given up."""
        with self._changed:
            self._is_closed = True
            self._dropped += len(self._frames)
            self._frames.clear()
            self._changed.notify_all()
