"""The bytes beside a committed offset (DESIGN 5, rules 8, 14, 19; DESIGN 10: at most 1 KB)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METADATA_MAX_BYTES = 1_024
NAMED_MAX = 24
"""Offsets named at unclean ends that fit in 1 KB beside the rest."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class CommitMetadata:
    """What the next owner has to know besides the mark.

    `clock_ms`: the log clock just before the record at the mark, None when nothing was read before it.
    `since_ms`: log time of the first record after the last start or gap, None while that record has not come.
    `unclean_ends`: ends without a goodbye since the last progress.
    `named`: offset -> how often it was in decoding at such an end.
    """

    topic_id: str
    clock_ms: int | None = None
    since_ms: int | None = None
    unclean_ends: int = 0
    named: Mapping[int, int] = field(default_factory=dict)

    def to_text(self) -> str:
        """Compact JSON. Of too many named offsets those with the highest counts are kept."""
        kept = sorted(self.named.items(), key=lambda item: (-item[1], item[0]))[:NAMED_MAX]
        fields: dict[str, Any] = {"v": VERSION, "t": self.topic_id, "c": self.clock_ms, "s": self.since_ms}
        if self.unclean_ends:
            fields["u"] = self.unclean_ends
        if kept:
            fields["n"] = {str(offset): count for offset, count in sorted(kept)}
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "CommitMetadata | None":
        """None when it was not written by an engine: an offset set by hand carries none."""
        try:
            fields = json.loads(text)
            if not isinstance(fields, dict) or fields.get("v") != VERSION:
                return None
            return cls(
                topic_id=str(fields["t"]),
                clock_ms=_integer_or_none(fields["c"]),
                since_ms=_integer_or_none(fields["s"]),
                unclean_ends=int(fields.get("u", 0)),
                named={int(offset): int(count) for offset, count in fields.get("n", {}).items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def _integer_or_none(value: Any) -> int | None:
    return None if value is None else int(value)
