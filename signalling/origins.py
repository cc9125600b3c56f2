"""Which pages may open a live picture: browsers say where a script came from, and scripts cannot lie about it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """A web origin (RFC 6454): lower-case, the port always there."""

    scheme: str
    host: str
    port: int


def parse_origin(text: str) -> Origin | None:
    """`scheme://host[:port]` of http or https, nothing behind it; None for anything else (`null` too)."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    return Origin(parts.scheme, parts.hostname, port if port is not None else _DEFAULT_PORTS[parts.scheme])


def is_allowed_origin(origin: str | None, host: str, page_port: int, further: tuple[str, ...] = ()) -> bool:
    """Whether a request with the headers `Origin: origin` and `Host: host` comes from our page.

    Ours: the same host name under the page's port, or one of `further`. No `Origin` at all: not a browser, so no
    person's page can be behind it without knowing a live token; the token decides.
    """
    if origin is None:
        return True
    ours = parse_origin(origin)
    here = parse_origin(f"http://{host}")
    if ours is None:
        return False
    if here is not None and ours.host == here.host and ours.port == page_port:
        return True
    return any(ours == parse_origin(other) for other in further)
