"""Pages of a list that grows at its end: a cursor names the last item seen, not a number of items."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final, Literal, get_args

from api_server.database.port import Sort, Where

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
CURSOR_MAX_CHARS = 400
TimeOrder = Literal["newest", "oldest"]
"""Which end of a list comes first."""
Order = Literal[TimeOrder, "ended_last", "longest", "largest"]
"""Every order that a list has; by the length and so on of what it is about."""
NEWEST: Final = "newest"
OLDEST: Final = "oldest"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page: its sort value (ms or µs) and its id, in a list of that `order`. The next page begins
    after it."""

    at: int
    id: str
    order: Order = NEWEST

    def encode(self) -> str:
        fields = [self.at, self.id] + ([self.order] if self.order != NEWEST else [])
        raw = json.dumps(fields, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises ValueError for anything `encode` did not make."""
        if len(text) > CURSOR_MAX_CHARS or not text.isascii():
            raise ValueError("not a cursor")
        try:
            fields = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise ValueError("not a cursor") from error
        match fields:
            # An id is ASCII: half a surrogate, which JSON can hold, no database takes.
            case [int(at), str(item), *rest] if not isinstance(at, bool) and 0 <= at < 2**62 and item.isascii():
                order = next((one for one in get_args(Order) if rest == ([one] if one != NEWEST else [])), None)
                if order is not None:
                    return cls(at, item, order)
        raise ValueError("not a cursor")


def after(cursor: Cursor, at_field: str, id_field: str) -> Where:
    """What lies behind `cursor` in a list sorted by both fields, in the cursor's order."""
    beyond = "$gt" if cursor.order == OLDEST else "$lt"
    return {
        "$or": [
            {at_field: {beyond: cursor.at}},
            {at_field: cursor.at, id_field: {beyond: cursor.id}},
        ]
    }


def sorted_by(order: Order, *fields: str) -> Sort:
    """The sort of a list in `order`; an index over `fields` is walked either way."""
    return [(field, 1 if order == OLDEST else -1) for field in fields]
