"""Identities for frames of cameras that send none of their own."""

import threading

from common.contracts.identity import make_session


class AssignedIdentities:
    """Gives each camera a session of this process and counts its frames. Safe on any thread.

    A session is unguessable and never reused, so a restart begins a new one. Holds one entry for each camera that ever
    sent such a frame; cameras are made by the API server, so their number is bounded by it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the table: two requests of one camera must not get the same number
        self._next: dict[str, tuple[str, int]] = {}

    def assign(self, camera: str) -> tuple[str, int]:
        """The next (session, seq) of `camera`."""
        with self._lock:
            session, seq = self._next.get(camera) or (make_session(), 0)
            self._next[camera] = (session, seq + 1)
            return session, seq
