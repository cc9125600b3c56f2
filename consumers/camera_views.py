"""What cameras' settings say to one analysis, followed while it runs (topic `camera-settings`, DESIGN 4)."""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from common.camera_directory import CameraDirectory
from common.contracts.camera_settings import CameraSettings
from consumers.pipeline.analysis import CameraView, GateSettings

MOTION_GATE = "motion_gate"
"""The option that every analysis has: `true`, or an object with the fields of `GateSettings`."""
VERSIONS_KEPT = 8
"""Of each camera: a window that is replayed gets what it had, as long as the process remembers it."""
POLL_S = 0.05
_log = logging.getLogger(__name__)


class CameraViews:
    """Calling it is `consumers.pipeline.analysis.FindView`. `options`: what the service was started with; a camera's
    own go over them.

    The view of the version a frame names, if it is known; else the newest: the topic is compacted. Settings that came
    while the process runs hold from the next window on.
    """

    def __init__(self, analysis: str, options: Mapping[str, Any]) -> None:
        self._analysis = analysis
        self._options = dict(options)
        self._unset = _view(analysis, self._options, None)
        self._lock = threading.Lock()  # guards _known: written on the directory's thread, read on pool threads
        self._known: dict[str, dict[int, CameraView]] = {}

    def follow(self, directory: CameraDirectory, camera: str) -> None:
        """`camera` has new settings, or none any more. On the directory's thread."""
        settings = directory.find(camera)
        with self._lock:
            if settings is None:
                self._known.pop(camera, None)
                return
            versions = self._known.setdefault(camera, {})
            versions[settings.version] = _view(self._analysis, self._options, settings)
            for version in sorted(versions)[:-VERSIONS_KEPT]:
                del versions[version]

    def __call__(self, camera: str, version: int) -> CameraView:
        with self._lock:
            versions = self._known.get(camera)
            if not versions:
                return self._unset
            return versions.get(version) or versions[max(versions)]


def wait_until_read(directory: CameraDirectory, limit_s: float) -> bool:
    """Whether the settings were read to their end within the limit."""
    end_s = time.monotonic() + limit_s
    while directory.problem() is not None:
        if time.monotonic() >= end_s:
            return False
        time.sleep(POLL_S)
    return True


def read_gate(options: Mapping[str, Any]) -> GateSettings | None:
    """Raises ValueError with a sentence."""
    asked = options.get(MOTION_GATE, False)
    if asked is True:
        return GateSettings()
    if asked is False or asked is None:
        return None
    if not isinstance(asked, Mapping) or not set(asked) <= set(GateSettings.__dataclass_fields__):
        raise ValueError(f"{MOTION_GATE} is true, false, or some of {', '.join(GateSettings.__dataclass_fields__)}")
    is_sound = all(isinstance(value, int | float) and not isinstance(value, bool) for value in asked.values())
    gate = GateSettings(**asked)
    if not (is_sound and 0 < gate.share <= 0.5 and 1 <= gate.difference <= 255 and 200 <= gate.most_ms <= 60_000):
        raise ValueError(f"{MOTION_GATE} is out of range")
    return gate


def _view(analysis: str, base: Mapping[str, Any], settings: CameraSettings | None) -> CameraView:
    own = next((one for one in settings.analyses if one.name == analysis), None) if settings is not None else None
    options = {**base, **(own.options if own is not None else {})}
    try:
        gate = read_gate(options)
    except ValueError as error:
        _log.warning("a camera's motion gate is not used: %s", error)
        gate = None
    options.pop(MOTION_GATE, None)
    zones = settings.zones if settings is not None else ()
    lines = settings.lines if settings is not None else ()
    return CameraView(options, zones, lines, gate)
