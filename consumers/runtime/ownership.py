"""When a clip may still be put (DESIGN 5, rule 16): not later than 60 s after the last sign of owning its partition."""

GAP_S = 2.0
"""A loop turns at least every 250 ms. After a longer silence (SIGSTOP, a suspended machine) nothing is known."""


class LoopSigns:
    """Signs of membership as the loop sees them. Written by the loop, read by upload threads (single floats: atomic).

    The client's heartbeats run on a thread of its own and are not visible. A turn of the loop counts as a sign, but
    after a gap only once the loop has turned for a whole session timeout: by then the group has told us if we are out.
    """

    __slots__ = ("_doubt_until_s", "_session_timeout_s", "_turned_s", "last_s")

    def __init__(self, now_s: float, session_timeout_s: float) -> None:
        self.last_s = now_s
        self._turned_s = now_s
        self._doubt_until_s = now_s
        self._session_timeout_s = session_timeout_s

    def turned(self, now_s: float) -> None:
        """The loop has turned and was told of no loss."""
        if now_s - self._turned_s > GAP_S:
            self._doubt_until_s = now_s + self._session_timeout_s
        self._turned_s = now_s
        if now_s >= self._doubt_until_s:
            self.last_s = now_s


class Ownership:
    """One assignment's right to put. Frozen when the partition is taken away."""

    __slots__ = ("_frozen_s", "_limit_s", "_signs")

    def __init__(self, signs: LoopSigns, limit_s: float) -> None:
        self._signs = signs
        self._limit_s = limit_s
        self._frozen_s: float | None = None

    def freeze(self) -> None:
        """The partition is no longer ours: no further sign counts."""
        self._frozen_s = self._signs.last_s

    @property
    def is_frozen(self) -> bool:
        return self._frozen_s is not None

    def may_put(self, now_s: float) -> bool:
        """Whether a PUT may be started now. Any thread."""
        frozen_s = self._frozen_s
        return now_s - (self._signs.last_s if frozen_s is None else frozen_s) <= self._limit_s
