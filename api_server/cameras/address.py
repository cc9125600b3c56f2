"""Where a camera is reached: an address that may hold a password. It is stored sealed and never shown again."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from api_server.seal import Seal

KEY_FILE = "camera-key"
"""In LOOKOUT_VAR_DIR: seals the addresses."""
ADDRESSES = "addresses of cameras"
SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp")
ADDRESS_MAX_CHARS = 1_000


def _is_address(address: SecretStr) -> SecretStr:
    text = address.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be an address without spaces, like rtsp://name:password@192.0.2.7/stream")
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError(f"must begin with one of {', '.join(f'{name}://' for name in SCHEMES)} and name a host")
    return address


Address = Annotated[
    SecretStr,
    Field(min_length=8, max_length=ADDRESS_MAX_CHARS, description="Never shown again: answers say `rtsp://•••`."),
    AfterValidator(_is_address),
]


def address_fields(address: SecretStr | None, seal: Seal) -> Mapping[str, str]:
    """The fields of a stored camera; None clears them. Raises ConfigurationError."""
    if address is None:
        return {"address_sealed": "", "address_shown": ""}
    text = address.get_secret_value()
    return {"address_sealed": seal.close(text), "address_shown": f"{urlsplit(text).scheme}://•••"}
