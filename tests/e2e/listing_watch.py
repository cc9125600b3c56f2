"""Asks for the list of clips again and again, and remembers when each was first in it."""

import threading
import time
from typing import Any

import httpx

from tests.e2e.api_person import ApiPerson
from tests.e2e.checks.promptness import Listing

POLL_S = 0.25


class ListingWatch:
    """A thread of its own. `listings` may be read on any thread."""

    def __init__(self, person: ApiPerson) -> None:
        self._person = person
        self._lock = threading.Lock()  # guards _seen
        self._seen: dict[str, Listing] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listing-watch", daemon=True)
        self.first_at_s: float | None = None
        """Monotonic time at which the first clip was seen."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    @property
    def listings(self) -> list[Listing]:
        with self._lock:
            return list(self._seen.values())

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                clips = self._person.clips()
            except httpx.HTTPError:
                continue  # the server is being restarted, or slow: the delay counts against it
            now_s = time.time()
            with self._lock:
                for clip in clips:
                    self._seen.setdefault(clip["id"], _listing(clip, now_s))
            if clips and self.first_at_s is None:
                self.first_at_s = time.monotonic()


def _listing(clip: dict[str, Any], now_s: float) -> Listing:
    return Listing(
        clip=clip["id"],
        analysis=clip["analysis"],
        camera=clip["camera"],
        first_captured_s=clip["first_captured_us"] / 1e6,
        window_end_s=(clip["start_ms"] + clip["length_ms"]) / 1000,
        length_s=clip["length_ms"] / 1000,
        listed_s=now_s,
    )
