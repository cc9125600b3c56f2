"""The demo cameras: made at start when the launcher has left their tokens."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from api_server.cameras.registry import CameraRegistry
from api_server.cameras.requests import NewCamera
from common.clock import Clock
from common.contracts.camera_settings import DEFAULT_EVERY_MS, FIRST_RELEASE, AnalysisSettings, Purpose
from common.contracts.identity import is_camera_id, is_token
from common.errors import ConfigurationError

log = logging.getLogger(__name__)

DEMO_CAMERAS_FILE = "demo-cameras.json"
DEMO_PREFIX = "demo-"
DEMO_CLIP_MS = 10_000
PURPOSE_TEXT = "demonstration"
PURPOSE_S = 30 * 24 * 3600
RENEW_S = 24 * 3600
"""Starting the demo is stating its purpose, so a purpose that ends within a day is stated anew at start."""
_NAMES = {"demo-face": "Demo: a face", "demo-cars": "Demo: cars"}
_US = 1_000_000


def read_demo_tokens(var_dir: Path) -> Mapping[str, str]:
    """Camera id to token; empty when there is no demo. Raises ConfigurationError for a file that is not understood."""
    path = var_dir / DEMO_CAMERAS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error}).") from error
    try:
        tokens = {str(camera_id): str(entry["token"]) for camera_id, entry in json.loads(text).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path} is not a list of demo cameras. Remove it and start again.") from error
    for camera_id, token in tokens.items():
        if not (camera_id.startswith(DEMO_PREFIX) and is_camera_id(camera_id) and is_token(token)):
            raise ConfigurationError(f"{path}: {camera_id[:40]!r} is not a demo camera with a token.")
    return tokens


def ensure_demo_cameras(registry: CameraRegistry, tokens: Mapping[str, str], owner: str, clock: Clock) -> None:
    """Make or keep each demo camera, owned by `owner`. Raises Transient."""
    now_us = clock.wall_us()
    purpose = Purpose(text=PURPOSE_TEXT, expires_us=now_us + PURPOSE_S * _US)
    for camera_id, token in sorted(tokens.items()):
        wanted = NewCamera(
            name=_NAMES.get(camera_id, "Demo: " + camera_id.removeprefix(DEMO_PREFIX)),
            analyses=tuple(AnalysisSettings(name=name, every_ms=DEFAULT_EVERY_MS[name]) for name in FIRST_RELEASE),
            clip_ms=DEMO_CLIP_MS,
            emotion_purpose=purpose,
        )
        registry.keep_demo(camera_id, owner, token, wanted, renew_before_us=now_us + RENEW_S * _US)
        log.info("demo camera ready", extra={"camera": camera_id})
