"""Creating, changing and deleting cameras: the database first, then the topic."""

import logging
import threading
from collections import Counter
from collections.abc import Callable

from api_server.cameras.address import address_fields
from api_server.cameras.camera import Camera, CameraState, Retiring
from api_server.cameras.publisher import SettingsPublisher
from api_server.cameras.purpose import PurposeMissing, check_purpose
from api_server.cameras.requests import CameraChange, NewCamera
from api_server.cameras.store import CameraStore
from api_server.clips.store import ClipStore
from api_server.seal import Seal
from common.clock import Clock
from common.contracts.camera_settings import PURPOSE_FIELDS, RECORDER, AnalysisSettings, purpose_of
from common.contracts.identity import hash_token, make_camera_id, make_token
from common.errors import Transient
from common.kafka.ports import LogReader

log = logging.getLogger(__name__)

RETIRING_MAX = 4
"""Replaced tokens that work beside the newest; the producer compares each with every frame."""
TRIES = 5
"""How often a change is made anew on top of somebody else's."""


class VersionChanged(Exception):
    """The camera is not at the version the request was made for."""


class PartitionCount:
    """How many partitions the topic of frames has. It never changes, so it is asked for once. Safe on any thread."""

    def __init__(self, reader: LogReader, topic: str) -> None:
        self._reader = reader
        self._topic = topic
        self._lock = threading.Lock()  # guards the count and the reader, which takes one thread at a time
        self._count: int | None = None

    def get(self) -> int:
        """Raises Transient while Kafka does not answer and it is not known yet."""
        with self._lock:
            if self._count is None:
                self._count = self._reader.partitions(self._topic)
            return self._count


class CameraRegistry:
    """Safe on any thread. Everything raises Transient when the database does not answer."""

    def __init__(
        self,
        cameras: CameraStore,
        clips: ClipStore,
        publisher: SettingsPublisher,
        partitions: PartitionCount,
        clock: Clock,
        seal: Seal,
    ) -> None:
        self._seal = seal
        self._cameras = cameras
        self._clips = clips
        self._publisher = publisher
        self._partitions = partitions
        self._clock = clock
        self._choosing = threading.Lock()  # guards the choice of a partition until the camera that took it is stored

    def create(self, owner: str, wanted: NewCamera) -> tuple[Camera, str]:
        """The new camera and its token, which nothing keeps. Raises PurposeMissing, PurposeRefused."""
        for analysis in PURPOSE_FIELDS:
            self._check_purpose(analysis, wanted, is_new=True)
        token = make_token()
        for _ in range(TRIES):
            camera = self._insert(make_camera_id(), owner, token, wanted)
            if camera is not None:
                return self._published(camera), token
        raise Transient("no free camera id was found")

    def change(self, camera_id: str, wanted: CameraChange, from_version: int | None = None) -> Camera | None:
        """Apply what `wanted` names; None when the camera is gone. Raises PurposeMissing, PurposeRefused, and
        VersionChanged when the camera is not at `from_version`."""

        sets_address = "address" in wanted.model_fields_set
        address = address_fields(wanted.address, self._seal) if sets_address else {}

        def applied(camera: Camera) -> Camera:
            changed = camera.model_copy(update={**wanted.named_fields(), **address})
            for analysis, field in PURPOSE_FIELDS.items():
                if wanted.withdraws(field):
                    kept = tuple(a for a in changed.analyses if a.name != analysis)
                    changed = changed.model_copy(update={"analyses": kept})
                is_new = field in wanted.model_fields_set or not _has(camera.analyses, analysis)
                self._check_purpose(analysis, changed, is_new)
            return changed

        return self._rewritten(camera_id, applied, from_version)

    def set_recording(self, camera_id: str, is_on: bool, from_version: int | None = None) -> Camera | None:
        """Start or stop the recorder of a camera; nothing is written when it is as wanted. None: the camera is gone.
        Raises VersionChanged."""
        known = self._cameras.get(camera_id)
        if known is None or (from_version in (None, known.version) and known.is_recording is is_on):
            return known

        def applied(camera: Camera) -> Camera:
            others = tuple(analysis for analysis in camera.analyses if analysis.name != RECORDER)
            wanted = (AnalysisSettings(name=RECORDER), *others) if is_on else others
            return camera.model_copy(update={"analyses": wanted})

        return self._rewritten(camera_id, applied, from_version)

    def rotate_token(self, camera_id: str, overlap_s: int = 0) -> tuple[Camera, str] | None:
        """A new token. Those before it work for `overlap_s` more, so that the camera can be given the new one without
        losing a frame; without overlap they stop once the producer has read the topic. None: the camera is gone."""
        token, now_us = make_token(), self._clock.wall_us()
        ends_us = now_us + overlap_s * 1_000_000

        def applied(camera: Camera) -> Camera:
            kept = [
                Retiring(token_hash=one, ends_us=ends_us if known is None else min(known, ends_us))
                for one, known in ((one, camera.ends_us(one)) for one in camera.token_hashes[-RETIRING_MAX:])
            ]
            return _with_tokens(camera, hash_token(token), kept, now_us)

        camera = self._rewritten(camera_id, applied)
        return (camera, token) if camera is not None else None

    def end_token(self, camera_id: str, token_hash: str) -> Camera | None:
        """A replaced token stops working now. None: the camera is gone."""
        now_us = self._clock.wall_us()

        def applied(camera: Camera) -> Camera:
            kept = [one for one in camera.retiring if one.token_hash != token_hash]
            return _with_tokens(camera, camera.token_hashes[-1], kept, now_us)

        return self._rewritten(camera_id, applied)

    def end_live(self, camera_id: str) -> None:
        """Live tokens made until now open this camera no longer."""
        now_us = self._clock.wall_us()
        self._rewritten(camera_id, lambda camera: camera.model_copy(update={"live_from_us": now_us}))

    def end_retired_tokens(self) -> int:
        """End the tokens whose overlap is over; of how many cameras."""
        now_us = self._clock.wall_us()
        over = [camera for camera in self._cameras.with_several_tokens() if _has_ended(camera, now_us)]
        for camera in over:
            self._rewritten(
                camera.id, lambda known: _with_tokens(known, known.token_hashes[-1], list(known.retiring), now_us)
            )
        return len(over)

    def delete(self, camera_id: str) -> bool:
        """Whether it existed. Its clips are out of sight at once; the job that erases them is in the camera's document,
        so it survives every crash (DESIGN 5, rule 12)."""
        before_ms = self._clock.wall_us() // 1000 + 1

        def applied(camera: Camera) -> Camera:
            return camera.model_copy(
                update={"state": CameraState.DELETED, "erased_before_ms": before_ms, "is_erasing": True}
            )

        camera = self._rewritten(camera_id, applied)
        if camera is None:
            return False
        self._clips.hide_camera(camera_id, before_ms)
        return True

    def keep_demo(self, camera_id: str, owner: str, token: str, wanted: NewCamera, renew_before_us: int) -> Camera:
        """Make sure that a demo camera exists with this token; its purpose is stated anew when it expires before
        `renew_before_us`. What a person has changed of it stays."""
        hashes = (hash_token(token),)
        known = self._cameras.known(camera_id)
        if known is None:
            made = self._insert(camera_id, owner, token, wanted)
            if made is None:
                raise Transient("the demo camera was made at the same moment")
            return self._published(made)
        purpose = known.emotion_purpose
        if purpose is not None and purpose.expires_us < renew_before_us:
            purpose = wanted.emotion_purpose
        kept = known.model_copy(
            update={
                "token_hashes": hashes,
                "retiring": (),
                "emotion_purpose": purpose,
                "state": CameraState.ACTIVE,
                "owner": owner,
            }
        )
        if kept == known:
            return known
        kept = kept.model_copy(update={"version": known.version + 1})
        if not self._cameras.replace(kept, known.version):
            raise Transient("the demo camera was changed at the same moment")
        return self._published(kept)

    def _insert(self, camera_id: str, owner: str, token: str, wanted: NewCamera) -> Camera | None:
        """None: the id is or was in use."""
        with self._choosing:
            camera = Camera(
                id=camera_id,
                version=1,
                name=wanted.name,
                place=wanted.place,
                kind=wanted.kind,
                owner=owner,
                token_hashes=(hash_token(token),),
                partition=self._emptiest_partition(),
                analyses=wanted.analyses,
                clip_ms=wanted.clip_ms,
                policy=wanted.policy,
                emotion_purpose=wanted.emotion_purpose,
                recognition_purpose=wanted.recognition_purpose,
                zones=wanted.zones,
                lines=wanted.lines,
                retention_hours=wanted.retention_hours,
                created_us=self._clock.wall_us(),
            )
            camera = camera.model_copy(update=address_fields(wanted.address, self._seal))
            return camera if self._cameras.add(camera) else None

    def _rewritten(
        self, camera_id: str, apply: Callable[[Camera], Camera], from_version: int | None = None
    ) -> Camera | None:
        for _ in range(TRIES):
            camera = self._cameras.get(camera_id)
            if camera is None:
                return None
            if from_version is not None and camera.version != from_version:
                raise VersionChanged
            changed = apply(camera).model_copy(update={"version": camera.version + 1})
            if self._cameras.replace(changed, camera.version):
                return self._published(changed)
        raise Transient("the camera keeps being changed by others")

    def _published(self, camera: Camera) -> Camera:
        is_published = self._publisher.publish(camera.id)
        return camera.model_copy(update={"published_version": camera.version}) if is_published else camera

    def _emptiest_partition(self) -> int:
        used = Counter(camera.partition for camera in self._cameras.active())
        return min(range(self._partitions.get()), key=lambda partition: (used[partition], partition))

    def _check_purpose(self, analysis: str, wanted: Camera | NewCamera, is_new: bool) -> None:
        """Raises PurposeMissing, PurposeRefused."""
        purpose = purpose_of(wanted, analysis)
        if purpose is not None and is_new:
            check_purpose(analysis, purpose, self._clock.wall_us())
        if _has(wanted.analyses, analysis) and purpose is None:
            raise PurposeMissing(analysis)


def _has_ended(camera: Camera, now_us: int) -> bool:
    ends = (camera.ends_us(token_hash) for token_hash in camera.token_hashes)
    return any(ends_us is not None and ends_us <= now_us for ends_us in ends)


def _with_tokens(camera: Camera, newest: str, retiring: list[Retiring], now_us: int) -> Camera:
    """`camera` with the token `newest`, and those before it whose end has not come."""
    kept = tuple(one for one in retiring if one.ends_us > now_us)
    return camera.model_copy(update={"token_hashes": (*(one.token_hash for one in kept), newest), "retiring": kept})


def _has(analyses: tuple[AnalysisSettings, ...], name: str) -> bool:
    return any(analysis.name == name for analysis in analyses)
