"""What a tracked thing did: it came, went, stayed, or crossed a line."""

from enum import StrEnum

from common.contracts.base import Contract


class TrackEventKind(StrEnum):
    """`present`: it was there when the window began, so nobody saw it enter. `crossed` is about a line, all else
    about a zone or the whole picture."""

    PRESENT = "present"
    ENTERED = "entered"
    LEFT = "left"
    DWELT = "dwelt"
    CROSSED = "crossed"


class Direction(StrEnum):
    """Of a crossing, as seen by who looks from the line's `a` to its `b`."""

    TO_LEFT = "to_left"
    TO_RIGHT = "to_right"


class TrackEvent(Contract):
    """`place`: the name of a zone or line, or `picture`. `track` as in the detections of the same window.

    `at_us` is the camera's claim and `pts_ms` the place in the clip of the moment it happened (a thing that left: when
    it was last seen there). `stayed_ms` is set when it left or dwelt.
    """

    kind: TrackEventKind
    place: str
    track: int
    label: str | None = None
    at_us: int
    pts_ms: int
    direction: Direction | None = None
    stayed_ms: int | None = None
