"""At start: what the database and the topic `camera-settings` disagree on is settled, so that both hold the same."""

import logging
from collections.abc import Mapping

from api_server.cameras.camera import Camera, CameraState, name_plate_fields
from api_server.cameras.publisher import SettingsPublisher
from api_server.cameras.store import CameraStore
from common.clock import Clock
from common.contracts.camera_settings import CameraSettings
from common.deadline import Deadline
from common.errors import Transient
from common.kafka.ports import TopicReader

log = logging.getLogger(__name__)

POLL_S = 0.5


def read_published(reader: TopicReader, deadline: Deadline) -> dict[str, CameraSettings | None]:
    """The topic's newest word on each camera; None: deleted. Raises Transient when its end is not reached in time."""
    published: dict[str, CameraSettings | None] = {}
    while True:
        for record in reader.poll(deadline.at_most(POLL_S)):
            if record.key is None:
                continue
            camera_id = record.key.decode("utf-8", "replace")
            try:
                settings = CameraSettings.model_validate_json(record.value) if record.value is not None else None
            except ValueError:
                # Everybody else acts as if it were not there, so it is published again.
                log.warning("unreadable camera settings", extra={"camera": camera_id, "offset": record.offset})
                published.pop(camera_id, None)
            else:
                published[camera_id] = settings
        if reader.is_caught_up:
            return published
        if deadline.is_over:
            raise Transient("camera-settings was not read to its end in time")


def reconcile(
    cameras: CameraStore, publisher: SettingsPublisher, published: Mapping[str, CameraSettings | None], clock: Clock
) -> int:
    """Publish what the topic lacks; how many cameras differed. Raises Transient.

    The database is written first, so it normally is ahead. Where the topic is ahead, the database has lost
    acknowledged writes (a crash, a restored backup), and the topic's word, which everybody else acts on, is taken back.
    """
    known = {camera.id: camera for camera in cameras.all_known()}
    differing = [camera for camera in known.values() if _differs(camera, published.get(camera.id))]
    for camera in differing:
        settings = published.get(camera.id)
        if settings is not None and settings.version > camera.version and camera.state is CameraState.ACTIVE:
            log.warning("the database lost a change, taken back from the topic", extra={"camera": camera.id})
            if cameras.replace(camera.with_settings(settings), camera.version):
                cameras.mark_published(camera.id, settings.version)
        elif settings is not None and settings.version >= camera.version:
            cameras.replace(camera.model_copy(update={"version": settings.version + 1}), camera.version)
            publisher.publish(camera.id)
        else:
            publisher.publish(camera.id)
    lost = [s for camera_id, s in published.items() if s is not None and camera_id not in known]
    for settings in lost:
        log.warning("the database lost a camera, taken back from the topic", extra={"camera": settings.camera})
        cameras.add(_adopted(settings, clock.wall_us()))
    return len(differing) + len(lost)


def _differs(camera: Camera, published: CameraSettings | None) -> bool:
    if camera.state is CameraState.DELETED:
        return published is not None
    return published != camera.settings


def _adopted(settings: CameraSettings, now_us: int) -> Camera:
    return Camera(
        id=settings.camera,
        version=settings.version,
        published_version=settings.version,
        name=settings.name,
        owner=settings.owner,
        token_hashes=settings.token_hashes,
        partition=settings.partition,
        analyses=settings.analyses,
        clip_ms=settings.clip_ms,
        policy=settings.policy,
        emotion_purpose=settings.emotion_purpose,
        recognition_purpose=settings.recognition_purpose,
        zones=settings.zones,
        lines=settings.lines,
        retention_hours=settings.retention_hours,
        live_from_us=settings.live_from_us,
        created_us=now_us,
        **name_plate_fields(settings.name_plate),
    )
