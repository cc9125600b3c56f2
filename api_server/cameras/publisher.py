"""Publishing cameras to the compacted topic `camera-settings`."""

import logging
import threading

from api_server.cameras.camera import CameraState
from api_server.cameras.store import CameraStore
from common.errors import Transient
from common.kafka.ports import RecordProducer

log = logging.getLogger(__name__)

SEND_S = 5.0
"""How long one record may take to be acknowledged: a person may be waiting. What fails is repeated."""
TURN_S = 10.0


class SettingsPublisher:
    """Sends what the database holds. Safe on any thread: one record at a time, read inside the turn, so that an older
    version can never be written after a newer one."""

    def __init__(self, cameras: CameraStore, producer: RecordProducer, topic: str) -> None:
        self._cameras = cameras
        self._producer = producer
        self._topic = topic
        self._turn = threading.Lock()  # guards the order of records: read, send, mark is one step

    def publish(self, camera_id: str) -> bool:
        """Whether the newest version is in the topic; False: it will be tried again. Raises Transient only when the
        database does not answer."""
        if not self._turn.acquire(timeout=TURN_S):
            return False
        try:
            camera = self._cameras.known(camera_id)
            if camera is None:
                return False
            value = camera.settings.to_json() if camera.state is CameraState.ACTIVE else None
            try:
                self._producer.send_and_wait(self._topic, camera_id.encode(), value, timeout_s=SEND_S)
            except Transient as error:
                log.warning("settings not published", extra={"camera": camera_id, "error": str(error)})
                return False
            self._cameras.mark_published(camera_id, camera.version)
            return True
        finally:
            self._turn.release()

    def publish_pending(self) -> int:
        """Publish every camera whose newest version is not in the topic; how many were."""
        return sum(self.publish(camera_id) for camera_id in self._cameras.unpublished())
