"""Pages of a list that grows at its front: a cursor names the last item seen, not a number of items."""

import base64
import binascii
import json
from dataclasses import dataclass

from api_server.database.port import Where

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
CURSOR_MAX_CHARS = 400


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page: its sort value (ms or µs) and its id. The next page begins after it."""

    at: int
    id: str

    def encode(self) -> str:
        raw = json.dumps([self.at, self.id], separators=(",", ":")).encode()
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
            case [int(at), str(item)] if not isinstance(at, bool) and 0 <= at < 2**62:
                return cls(at, item)
        raise ValueError("not a cursor")


def after(cursor: Cursor, at_field: str, id_field: str) -> Where:
    """What lies behind `cursor` in a list sorted by both fields, descending."""
    return {
        "$or": [
            {at_field: {"$lt": cursor.at}},
            {at_field: cursor.at, id_field: {"$lt": cursor.id}},
        ]
    }
