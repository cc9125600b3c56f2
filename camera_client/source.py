"""What a source of pictures is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from camera_client.picture import Picture
from common.errors import LookoutError


class SourceEnded(LookoutError):
    """The source has no more pictures: one pass was asked for and is over."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture not decoded yet. `jpeg`: the file as it is, if the source has it so."""

    picture: Callable[[], Picture]
    jpeg: bytes | None = field(default=None, repr=False)


class Source(Protocol):
    """Used by the capture thread only. `shot_at` may block for as long as decoding takes."""

    def shot_at(self, t_s: float, /) -> Shot | None:
        """The newest picture at `t_s` seconds after the start, None when it was given before. Raises SourceEnded."""
        ...

    def close(self) -> None:
        """Free the device or file. Idempotent."""
        ...
