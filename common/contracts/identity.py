"""Ids and tokens: how they look and how they are made."""

import hashlib
import re
import secrets

CAMERA_ID_PATTERN = r"^[a-z][a-z0-9-]{2,31}$"
SESSION_PATTERN = r"^[A-Za-z0-9_-]{16,64}$"
TOKEN_PATTERN = r"^lk_[A-Za-z0-9_-]{43}$"  # noqa: S105  how a token looks, not one
ANALYSIS_PATTERN = r"^[a-z][a-z0-9_]{1,31}$"
SEQ_MAX = 2**63 - 1

_CAMERA_ID = re.compile(CAMERA_ID_PATTERN)
_SESSION = re.compile(SESSION_PATTERN)
_TOKEN = re.compile(TOKEN_PATTERN)
_ANALYSIS = re.compile(ANALYSIS_PATTERN)
_CAMERA_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def is_camera_id(text: str) -> bool:
    return _CAMERA_ID.fullmatch(text) is not None


def is_session(text: str) -> bool:
    return _SESSION.fullmatch(text) is not None


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def is_analysis_name(text: str) -> bool:
    return _ANALYSIS.fullmatch(text) is not None


def parse_seq(text: str) -> int | None:
    """The sequence number in `text`, or None if it is not an integer of 0 to 2^63 - 1 in plain ASCII digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    seq = int(text)
    return seq if seq <= SEQ_MAX else None


def make_camera_id() -> str:
    """`cam-` and 10 random characters of base32: 50 bits, never reused."""
    return "cam-" + "".join(secrets.choice(_CAMERA_ALPHABET) for _ in range(10))


def make_session() -> str:
    """22 base64url characters: 132 random bits. A session is unguessable and never reused."""
    return secrets.token_urlsafe(16)


def make_token() -> str:
    """A camera token: `lk_` and 43 base64url characters, 256 random bits."""
    return "lk_" + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hex SHA-256. A token has 256 random bits, so a fast hash is enough and can be checked on every frame."""
    return hashlib.sha256(token.encode()).hexdigest()
