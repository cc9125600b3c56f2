"""Who holds tokens for which live pictures, so that what is withdrawn ends at once and not with the token."""

import threading
from collections.abc import Iterable

from api_server.access.permission import Action, may
from api_server.access.subject import Subject
from api_server.cameras.registry import CameraRegistry
from api_server.cameras.store import CameraStore
from common.clock import Clock

LEASES_MAX = 100_000
"""Of one person on one camera each; beyond, the oldest is forgotten, and ends with its token (LIVE_TOKEN_S)."""
_US = 1_000_000


class LiveLeases:
    """In memory: one process hands the tokens out, and after a restart of it those before end with their time. Safe on
    any thread."""

    def __init__(self, cameras: CameraStore, registry: CameraRegistry, clock: Clock) -> None:
        self._cameras = cameras
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()  # guards the leases
        self._leases: dict[tuple[str, str], int] = {}

    def hand_out(self, user_id: str, cameras: Iterable[str], expires_s: int) -> None:
        """A token was made."""
        now_s = self._clock.wall_us() // _US
        with self._lock:
            for camera_id in cameras:
                self._leases.pop((user_id, camera_id), None)
                self._leases[(user_id, camera_id)] = expires_s
            for key in [key for key, until_s in self._leases.items() if until_s <= now_s]:
                del self._leases[key]
            while len(self._leases) > LEASES_MAX:
                del self._leases[next(iter(self._leases))]

    def recheck(self, user_id: str, subject: Subject | None) -> int:
        """End the live pictures of cameras that the person may no longer watch (None: of all); how many cameras. Others
        who watch one of these get another token and go on. Raises Transient; then it is to be done again."""
        now_s = self._clock.wall_us() // _US
        with self._lock:
            held = [camera for (user, camera), until_s in self._leases.items() if user == user_id and until_s > now_s]
        ended = 0
        for camera_id in held:
            camera = self._cameras.get(camera_id)
            if camera is not None and subject is not None and may(subject, Action.LIVE_WATCH, camera.facts):
                continue
            self._registry.end_live(camera_id)
            with self._lock:
                self._leases.pop((user_id, camera_id), None)
            ended += 1
        return ended
