"""The `Range` header (RFC 9110, 14)."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


class NotSatisfiable(ValueError):
    """The range lies behind the end of the object (416)."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes [start, end], both inclusive."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


def parse_range(header: str | None, total: int) -> ByteRange | None:
    """The one range asked for of an object of `total` bytes; None: send all of it, because nothing, several ranges or
    something else was asked for. Raises NotSatisfiable."""
    match = _ONE.fullmatch(header.strip().replace(" ", "")) if header else None
    if match is None or (not match[1] and not match[2]):
        return None
    if not match[1]:
        suffix = int(match[2])
        if suffix == 0 or total == 0:
            raise NotSatisfiable
        return ByteRange(max(0, total - suffix), total - 1)
    start = int(match[1])
    end = int(match[2]) if match[2] else total - 1
    if end < start and match[2]:
        return None
    if start >= total:
        raise NotSatisfiable
    return ByteRange(start, min(end, total - 1))
