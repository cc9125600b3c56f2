"""Places a person draws into a camera's picture: zones and lines, in relative coordinates."""

from typing import Annotated

from pydantic import AfterValidator, Field

from common.contracts.base import Contract

Fraction = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Fraction, Fraction]
"""x to the right and y downwards, in parts of the picture's width and height."""
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$"
WHOLE_PICTURE = "picture"
"""The place whose entries and exits are reported without being drawn by anybody."""


def _drawn_by_a_person(name: str) -> str:
    if name == WHOLE_PICTURE:
        raise ValueError(f"{WHOLE_PICTURE} is the whole picture's own name")
    return name


PlaceName = Annotated[str, Field(pattern=NAME_PATTERN), AfterValidator(_drawn_by_a_person)]


class Zone(Contract):
    """A polygon. `dwell_s`: who stays in it for longer is reported; None: nobody is."""

    name: PlaceName
    points: tuple[Point, ...] = Field(min_length=3, max_length=32)
    dwell_s: float | None = Field(default=None, gt=0, le=300)


class Line(Contract):
    """From `a` to `b`. A crossing has a direction, as seen by who looks from `a` to `b`."""

    name: PlaceName
    a: Point
    b: Point
