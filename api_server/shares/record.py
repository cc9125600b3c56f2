"""A share link as a document. The link itself is nowhere: only its hash."""

import hashlib
import re
import secrets

from api_server.database.record import Record

_TOKEN = re.compile(r"sh_[A-Za-z0-9_-]{43}")


class ShareRecord(Record):
    """`made_by`: a user id; the link works only while that person may share the clip. `plays`: how often it began."""

    token_hash: str
    clip: str
    camera: str
    made_by: str
    note: str = ""
    created_us: int
    expires_us: int
    withdrawn_us: int | None = None
    plays: int = 0
    last_played_us: int | None = None

    def is_open(self, now_us: int) -> bool:
        return self.withdrawn_us is None and now_us < self.expires_us


def make_share_token() -> str:
    """256 bits: not guessed."""
    return "sh_" + secrets.token_urlsafe(32)


def is_share_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def hash_share_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_share_id() -> str:
    return "share-" + secrets.token_hex(8)
