"""Retries (DESIGN 5, rule 11): which frames of a camera are already held, and at which offset."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from common.contracts.sidecar import Fate, Origin, Sidecar
from common.contracts.window import Window

RETRY_HORIZON_MS = 120_000
"""Log time within which a repeated (session, seq) is one frame. Our client gives up after 60 s."""
FORWARD_MS = 900_000
"""How far past the first frame stored windows are looked at. A former owner's clock and ours differ by less than the
600 s of a jump and one window of at most 300 s."""

Identity = tuple[str, int]
ELSEWHERE = -1
"""Offset of a holder in another topic or partition: equal to no offset of ours."""


class Verdict(Enum):
    """What an identity says about a frame."""

    NEW = "new"
    """Not held, or held at its own offset in its own window: an ordinary replay."""
    DUPLICATE = "duplicate"
    """Held at another offset within the horizon: the camera's retry."""
    STORED_ELSEWHERE = "stored_elsewhere"
    """Stored at its own offset, under another window."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Where a frame is held."""

    offset: int
    log_ms: int
    window: Window


class Identities:
    """The frames held of one camera: those this assignment has read, and those stored when it began."""

    __slots__ = ("_newest_stored_ms", "_order", "_read", "_stored")

    def __init__(self, origin: Origin, stored: Iterable[Sidecar] = ()) -> None:
        self._read: dict[Identity, Holder] = {}
        self._order: deque[tuple[int, Identity]] = deque()
        self._stored: dict[Identity, list[Holder]] = {}
        self._newest_stored_ms = 0
        for sidecar in stored:
            self._load(origin, sidecar)

    def _load(self, origin: Origin, sidecar: Sidecar) -> None:
        is_ours = (sidecar.origin.topic_id, sidecar.origin.partition) == (origin.topic_id, origin.partition)
        window = Window(sidecar.start_ms, sidecar.length_ms)
        for entry in sidecar.entries:
            if entry.session is None or entry.seq is None or entry.fate in (Fate.DUPLICATE, Fate.DEAD_LETTER):
                continue
            holder = Holder(entry.offset if is_ours else ELSEWHERE, entry.log_ms, window)
            self._stored.setdefault((entry.session, entry.seq), []).append(holder)
            self._newest_stored_ms = max(self._newest_stored_ms, entry.log_ms)

    def judge(self, identity: Identity, offset: int, log_ms: int, window: Window) -> Verdict:
        """Decide on the frame at `offset`, and hold it from now on if it is new. Call in offset order."""
        self._forget(log_ms)
        stored = self._stored.get(identity)
        if stored is not None:
            own = [holder for holder in stored if holder.offset == offset]
            if any(holder.window == window for holder in own):
                return self._hold(identity, offset, log_ms, window)
            if own:
                return Verdict.STORED_ELSEWHERE
            if any(abs(log_ms - holder.log_ms) <= RETRY_HORIZON_MS for holder in stored):
                return Verdict.DUPLICATE
        read = self._read.get(identity)
        if read is not None and log_ms - read.log_ms <= RETRY_HORIZON_MS:
            return Verdict.DUPLICATE
        return self._hold(identity, offset, log_ms, window)

    def _hold(self, identity: Identity, offset: int, log_ms: int, window: Window) -> Verdict:
        self._read[identity] = Holder(offset, log_ms, window)
        self._order.append((log_ms, identity))
        return Verdict.NEW

    def _forget(self, log_ms: int) -> None:
        """Drop what is past the horizon: memory is bounded by two minutes of one camera."""
        oldest_ms = log_ms - RETRY_HORIZON_MS
        order = self._order
        while order and order[0][0] < oldest_ms:
            held_ms, identity = order.popleft()
            holder = self._read.get(identity)
            if holder is not None and holder.log_ms == held_ms:
                del self._read[identity]
        if self._stored and self._newest_stored_ms < oldest_ms:
            self._stored = {}
