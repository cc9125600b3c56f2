"""What lists of clips and sightings can be narrowed by, as database filters. No text reaches a pattern unescaped."""

from collections.abc import Collection as Ids
from dataclasses import dataclass
from typing import Any

from api_server.clips.person_name import person_key
from api_server.clips.plate_text import plate_pattern
from api_server.clips.records import ClipState
from api_server.database.port import Where

_US_PER_MS = 1000


@dataclass(frozen=True, slots=True)
class SightingFilter:
    """`cameras`: the only ones that may be looked at, None for all. `text`: part of a plate, compared by its letters
    and digits, as `plate_pattern` forgives. `person`: part of a name, as `person_key` has it. [from_ms, to_ms): capture
    time."""

    cameras: Ids[str] | None = None
    analysis: str | None = None
    label: str | None = None
    text: str | None = None
    person: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def is_about_sightings(self) -> bool:
        return not (self.label is None and self.text is None and self.person is None)

    def where(self) -> Where:
        """On the collection `sightings`."""
        parts = _common(self)
        if self.label is not None:
            parts["label"] = self.label
            # Who searches for people says so, and it is written down: a name is no label.
            parts["person_key"] = None
        if self.text is not None:
            parts["text_key"] = {"$regex": plate_pattern(self.text)}
        if self.person is not None:
            parts["person_key"] = {"$regex": person_key(self.person)}
        parts |= _overlap("first_us", "last_us", self.from_ms, self.to_ms)
        return parts

    def clips_where(self, shows_empty: bool) -> Where:
        """On the collection `clips`; label, text and person are looked up in the sightings."""
        parts = _common(self) | {"state": ClipState.LIVE.value}
        if not shows_empty:
            parts["is_empty"] = False
        parts |= _overlap("first_captured_us", "last_captured_us", self.from_ms, self.to_ms)
        return parts


def _common(wanted: SightingFilter) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if wanted.cameras is not None:
        cameras = sorted(wanted.cameras)
        parts["camera"] = cameras[0] if len(cameras) == 1 else {"$in": cameras}
    if wanted.analysis is not None:
        parts["analysis"] = wanted.analysis
    return parts


def _overlap(first: str, last: str, from_ms: int | None, to_ms: int | None) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if from_ms is not None:
        parts[last] = {"$gte": from_ms * _US_PER_MS}
    if to_ms is not None:
        parts[first] = {"$lt": to_ms * _US_PER_MS}
    return parts
