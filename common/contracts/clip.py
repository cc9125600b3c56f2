"""Clip ids and object keys. No version, worker or random part: the same window always has the same key."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from common.contracts.identity import is_analysis_name, is_camera_id
from common.contracts.window import Window

CLIPS_PREFIX = "clips/"
START_MAX_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_TAIL = r"([0-9]{1,15})[._]([0-9]{1,9})(?:~([1-9][0-9]{0,3}))?"
_ID = re.compile(rf"([a-z0-9_]+)\.([a-z0-9-]+)\.{_TAIL}")
_KEY = re.compile(rf"clips/([a-z0-9_]+)/([a-z0-9-]+)/[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}/{_TAIL}\.mp4")


@dataclass(frozen=True, slots=True, order=True)
class ClipId:
    """`{analysis}.{camera}.{start_ms}.{length_ms}`; a conflict remainder adds `~1`, `~2`, ... (DESIGN 5, rule 7)."""

    analysis: str
    camera: str
    window: Window
    remainder: int = 0

    def __str__(self) -> str:
        return f"{self.analysis}.{self.camera}.{self.window.start_ms}.{self.window.length_ms}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return f"~{self.remainder}" if self.remainder else ""

    @property
    def stem(self) -> str:
        """The object key without its ending; the date is the UTC day of the window's start."""
        day = datetime.fromtimestamp(self.window.start_ms / 1000, UTC)
        name = f"{self.window.start_ms}_{self.window.length_ms}{self._suffix}"
        return f"{CLIPS_PREFIX}{self.analysis}/{self.camera}/{day:%Y/%m/%d}/{name}"

    @property
    def video_key(self) -> str:
        return self.stem + ".mp4"

    @property
    def sidecar_key(self) -> str:
        return self.stem + ".json"

    @property
    def poster_key(self) -> str:
        return self.stem + ".jpg"

    def crop_key(self, sighting: int) -> str:
        """The best crop of sighting number `sighting`."""
        return f"{self.stem}.{sighting}.jpg"

    def with_remainder(self, remainder: int) -> "ClipId":
        return ClipId(self.analysis, self.camera, self.window, remainder)

    @classmethod
    def parse(cls, text: str) -> "ClipId":
        """The inverse of `str`. Raises ValueError."""
        clip = cls._from_match(_ID.fullmatch(text), text)
        # One clip has one id: leading zeros would be a second one.
        if str(clip) != text:
            raise _not_a_clip(text)
        return clip

    @classmethod
    def parse_key(cls, key: str) -> "ClipId":
        """The id of the clip stored at an `.mp4` key. Raises ValueError for any other key."""
        clip = cls._from_match(_KEY.fullmatch(key), key)
        if clip.video_key != key:  # leading zeros, or another day's folder
            raise _not_a_clip(key)
        return clip

    @classmethod
    def _from_match(cls, match: re.Match[str] | None, text: str) -> "ClipId":
        if match is None or not (is_analysis_name(match[1]) and is_camera_id(match[2])):
            raise _not_a_clip(text)
        window = Window(int(match[3]), int(match[4]))
        if window.start_ms > START_MAX_MS or window.length_ms == 0:
            raise _not_a_clip(text)
        return cls(match[1], match[2], window, int(match[5] or 0))


def _not_a_clip(text: str) -> ValueError:
    return ValueError(f"not a clip: {text[:120]!r}")


def camera_prefix(analysis: str, camera: str) -> str:
    """Every clip of one camera and analysis lies below this prefix."""
    return f"{CLIPS_PREFIX}{analysis}/{camera}/"


def day_prefix(analysis: str, camera: str, log_ms: int) -> str:
    """The clips whose window starts on the UTC day of `log_ms`."""
    return f"{camera_prefix(analysis, camera)}{datetime.fromtimestamp(log_ms / 1000, UTC):%Y/%m/%d}/"


def gap_id(analysis: str, topic_id: str, partition: int, first_offset: int) -> str:
    """`{analysis}.{topic_id}.{partition}.{first_offset}`"""
    return f"{analysis}.{topic_id}.{partition}.{first_offset}"
