"""The cameras there are, followed from the compacted topic `camera-settings` (DESIGN 4).

Who follows it refuses everything until the topic has been read to its end, and again when it can no longer be read:
a camera that was deleted or a token that was revoked must not live on because nobody heard of it.
"""

import logging
import threading
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from common.clock import Clock, SystemClock
from common.contracts.camera_settings import CameraSettings
from common.contracts.identity import is_camera_id
from common.errors import LookoutError
from common.kafka.ports import Record, TopicReader
from common.retry import Backoff

log = logging.getLogger(__name__)

POLL_S = 0.5
"""A stop is noticed within this."""
STALE_AFTER_S = 5.0
"""A reader that has failed for longer is no longer trusted: revocations act within 5 s or nothing is served."""
JOIN_S = 2.0


class CameraDirectory:
    """Follows the settings of all cameras on a thread of its own. Safe on any thread; only `stop` blocks.

    `make_reader` returns a reader at the beginning of the topic. After an error a new one is made with backoff and the
    topic is read anew beside what is known, so that what is no longer in it (it was made again) is lost here too.
    `changed` is called on the directory's thread with the id of each camera whose settings came, changed or went.
    """

    def __init__(
        self,
        make_reader: Callable[[], TopicReader],
        clock: Clock | None = None,
        changed: Callable[[str], None] | None = None,
    ) -> None:
        self._make_reader = make_reader
        self._clock = clock or SystemClock()
        self._changed = changed
        self._backoff = Backoff(first_s=0.2, most_s=2.0)
        # Replaced or changed only by the thread; single dictionary operations are atomic, so readers need no lock.
        self._cameras: dict[str, CameraSettings] = {}
        self._has_been_caught_up = False
        self._failing_since_s: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow_for_ever, name="camera-directory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop following; waits at most 2 s, and leaves a thread that hangs in Kafka's client behind. Idempotent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def find(self, camera: str) -> CameraSettings | None:
        """The newest settings of `camera`; None when there is no such camera. Ask `problem` first."""
        return self._cameras.get(camera)

    def all(self) -> Mapping[str, CameraSettings]:
        """A copy of everything known."""
        return dict(self._cameras)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def problem(self) -> str | None:
        """None when the directory may be trusted, else a sentence."""
        if not self._has_been_caught_up:
            return "The cameras' settings have not been read to their end yet."
        failing_since_s = self._failing_since_s
        if failing_since_s is not None and self._clock.monotonic_s() - failing_since_s > STALE_AFTER_S:
            return "The cameras' settings cannot be read at the moment."
        return None

    def _follow_for_ever(self) -> None:
        delays = self._backoff.delays()
        while not self._stopping.is_set():
            try:
                self._follow()
            except LookoutError as error:
                log.warning("camera settings cannot be read", extra={"error": str(error)})
            except Exception:
                # Whatever it was, the answer is the same: nothing is trusted until a fresh reader has read everything.
                log.exception("reading camera settings failed")
            if self._stopping.is_set():
                return
            if self._failing_since_s is None:
                self._failing_since_s = self._clock.monotonic_s()
                delays = self._backoff.delays()
            self._stopping.wait(next(delays))

    def _follow(self) -> None:
        """Read until stopped. Raises whatever the reader raises."""
        reader = self._make_reader()
        try:
            fresh: dict[str, CameraSettings] = {}
            while not self._stopping.is_set() and not reader.is_caught_up:
                for record in reader.poll(POLL_S):
                    apply_record(fresh, record)
            if self._stopping.is_set():
                return
            self._replace(fresh)
            while not self._stopping.is_set():
                for record in reader.poll(POLL_S):
                    camera = apply_record(self._cameras, record)
                    if camera is not None:
                        self._tell(camera)
        finally:
            reader.close()

    def _replace(self, fresh: dict[str, CameraSettings]) -> None:
        before, self._cameras = self._cameras, fresh
        self._has_been_caught_up = True
        self._failing_since_s = None
        log.info("camera settings read to their end", extra={"cameras": len(fresh)})
        for camera in before.keys() | fresh.keys():
            if before.get(camera) != fresh.get(camera):
                self._tell(camera)

    def _tell(self, camera: str) -> None:
        if self._changed is not None:
            self._changed(camera)


def apply_record(cameras: dict[str, CameraSettings], record: Record) -> str | None:
    """Enter one record of `camera-settings` into `cameras`; the camera it was about, or None.

    Settings that cannot be read take the camera away: what it may do is unknown, so it may do nothing.
    """
    camera = (record.key or b"").decode("ascii", "replace")
    if not is_camera_id(camera):
        log.error("camera settings under a key that is no camera", extra={"offset": record.offset})
        return None
    if record.value is None:
        cameras.pop(camera, None)
        return camera
    try:
        settings = CameraSettings.model_validate_json(record.value)
        problem = None if settings.camera == camera else "key and value name different cameras"
    except ValidationError as error:
        # Without the input: it may hold token hashes and names.
        fields = error.errors(include_input=False, include_url=False)
        problem = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in fields)
    if problem is None:
        cameras[camera] = settings
    else:
        log.error("camera settings cannot be read: camera refused", extra={"camera": camera, "error": problem})
        cameras.pop(camera, None)
    return camera
