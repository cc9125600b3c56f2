"""Query parameters that several lists share."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from api_server.clips.paging import CURSOR_MAX_CHARS, LIMIT_DEFAULT, LIMIT_MAX, NEWEST, Cursor, Order, TimeOrder
from api_server.clips.person_name import person_key
from api_server.clips.plate_text import plate_key
from common.contracts.identity import ANALYSIS_PATTERN, CAMERA_ID_PATTERN

T = TypeVar("T")
TIME_MAX_MS = 253_402_300_799_000
"""The end of the year 9999."""


def _to_ms(value: Any) -> Any:
    """Milliseconds since the epoch, or RFC 3339 with a zone."""
    if not isinstance(value, str) or value.isdigit():
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("must be milliseconds since 1970 or a time like 2026-01-31T08:00:00Z") from error
    if moment.tzinfo is None:
        raise ValueError("must name its zone, like 2026-01-31T08:00:00Z")
    return int(moment.timestamp() * 1000)


def _has_letters(text: str) -> str:
    if not plate_key(text):
        raise ValueError("must have a letter or a digit")
    return text


def _has_name(text: str) -> str:
    if not person_key(text):
        raise ValueError("must have a letter or a digit")
    return text


def _is_cursor_of_any_order(text: str) -> str:
    Cursor.decode(text)
    return text


def is_cursor(text: str) -> str:
    """Of a list that has one order."""
    if Cursor.decode(text).order != NEWEST:
        raise ValueError("not a cursor of this list")
    return text


CursorText = Annotated[str, Field(max_length=CURSOR_MAX_CHARS), AfterValidator(is_cursor)]
AnyCursorText = Annotated[str, Field(max_length=CURSOR_MAX_CHARS), AfterValidator(_is_cursor_of_any_order)]
TimeMs = Annotated[
    int,
    BeforeValidator(_to_ms, json_schema_input_type=int | str),
    Field(ge=0, le=TIME_MAX_MS, description="Milliseconds since 1970, or RFC 3339 with a zone."),
]
PlateText = Annotated[
    str,
    Field(max_length=32, description="Part of a plate; O is 0, I is 1, and of 4 or more one may differ."),
    AfterValidator(_has_letters),
]
PersonName = Annotated[
    str,
    Field(max_length=80, description="Part of a recognised person's name; case, accents and spaces do not matter."),
    AfterValidator(_has_name),
]


class OrderedQuery(BaseModel):
    """Order and paging of a list that has several orders."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sort: Order = NEWEST
    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
    cursor: AnyCursorText | None = Field(None, description="`next` of the page before, in the same order.")

    @model_validator(mode="after")
    def _cursor_is_of_this_order(self) -> Self:
        if self.position is not None and self.position.order != self.sort:
            raise ValueError(f"the cursor is of a list with sort={self.position.order}; begin anew without it")
        return self

    @property
    def position(self) -> Cursor | None:
        return Cursor.decode(self.cursor) if self.cursor is not None else None


class ListQuery(OrderedQuery):
    """Filters, order and paging of clips and sightings. `from` and `to` bound the capture time, [from, to)."""

    camera: str | None = Field(None, pattern=CAMERA_ID_PATTERN)
    analysis: str | None = Field(None, pattern=ANALYSIS_PATTERN)
    label: str | None = Field(None, min_length=1, max_length=64, description="Exact, as `car`.")
    emotion: str | None = Field(None, min_length=1, max_length=64, description="A label of `emotion`, as `happy`.")
    text: PlateText | None = None
    person: PersonName | None = None
    reason: str | None = Field(
        None, max_length=200, description="Why a plate or a person is searched for; for the audit log."
    )
    from_ms: TimeMs | None = Field(None, alias="from")
    to_ms: TimeMs | None = Field(None, alias="to")
    sort: TimeOrder = Field(NEWEST, description="Which come first.")


class PageQuery(BaseModel):
    """Paging alone, of a list that has one order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
    cursor: CursorText | None = None

    @property
    def position(self) -> Cursor | None:
        return Cursor.decode(self.cursor) if self.cursor is not None else None

    def cut(
        self, items: Iterable[T], place: Callable[[T], tuple[int, str]], *, rises: bool = False
    ) -> tuple[list[T], str | None]:
        """This page of a list that is at hand as a whole, and the cursor of the next. `place`: what it is sorted by,
        which no two share and which stays; `rises`: the least first."""
        found, at = sorted(items, key=place, reverse=not rises), self.position
        if at is not None:
            seen = (at.at, at.id)
            found = [one for one in found if (place(one) > seen if rises else place(one) < seen)]
        shown = found[: self.limit]
        return shown, Cursor(*place(shown[-1])).encode() if len(found) > self.limit else None


class LongPageQuery(PageQuery):
    """Paging alone, of a list that has one page in most installations."""

    limit: int = Field(LIMIT_MAX, ge=1, le=LIMIT_MAX)
