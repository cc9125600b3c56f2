"""The one-time link under which an invited person, or one who forgot it, sets a password."""

import hashlib
import secrets
from dataclasses import dataclass

from api_server.accounts.users import User

LINK_S = 3 * 24 * 3600
"""Time to hand it over and to use it; an admin makes another in seconds."""
LINK_CHARS = 43
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Link:
    """`token` is shown once and kept nowhere; whoever has it sets the password."""

    token: str
    expires_us: int

    @property
    def fields(self) -> dict[str, object]:
        """As the user's document keeps it. Only the newest link of a user works."""
        return {"link_hash": hash_link(self.token), "link_expires_us": self.expires_us}


def make_link(now_us: int) -> Link:
    return Link(secrets.token_urlsafe(32), now_us + LINK_S * _US)


def hash_link(token: str) -> str:
    """Hex SHA-256; the token has 256 random bits. Empty for what is no token."""
    if len(token) != LINK_CHARS or not token.isascii():
        return ""
    return hashlib.sha256(b"link " + token.encode()).hexdigest()


def is_open(user: User, now_us: int) -> bool:
    """Whether the link that the user's document names can still be used."""
    return user.link_hash != "" and now_us < user.link_expires_us
