"""The short-lived token that opens a live picture: HMAC-SHA256 over subject, cameras and expiry (DESIGN 10)."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

LIVE_TOKEN_S = 300
TOKEN_MAX_CHARS = 8_192


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """Who may watch which cameras until when (seconds since the epoch)."""

    subject: str
    cameras: tuple[str, ...]
    expires_s: int

    @property
    def issued_us(self) -> int:
        """When it was made: µs since the epoch, rounded down to a second."""
        return (self.expires_s - LIVE_TOKEN_S) * 1_000_000


def sign_grant(grant: LiveGrant, key: bytes) -> str:
    """`payload.signature`, both base64url without padding. Raises ValueError for an empty key."""
    payload = json.dumps({"sub": grant.subject, "cam": grant.cameras, "exp": grant.expires_s}, separators=(",", ":"))
    body = base64.urlsafe_b64encode(payload.encode()).rstrip(b"=")
    return f"{body.decode()}.{_signature(body, key)}"


def verify_grant(token: str, key: bytes, now_s: float) -> LiveGrant | None:
    """The grant, or None when the token is malformed, signed by another key or expired. ValueError: an empty key."""
    body, _, signature = token.partition(".")
    if len(token) > TOKEN_MAX_CHARS or not token.isascii():
        return None
    if not hmac.compare_digest(signature, _signature(body.encode(), key)):
        return None
    try:
        fields = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        grant = LiveGrant(str(fields["sub"]), tuple(str(c) for c in fields["cam"]), int(fields["exp"]))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return grant if now_s < grant.expires_s else None


def _signature(body: bytes, key: bytes) -> str:
    if not key:
        raise ValueError("an empty key signs for everybody")
    digest = hmac.new(key, b"lookout-live-v1." + body, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
