"""Headers on every answer."""

import re
from urllib.parse import urlsplit

from flask import Request, Response

_HOST = re.compile(r"^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$")
_YEAR_S = 365 * 24 * 3600


def is_plausible_host(host: str) -> bool:
    """Whether a Host header can stand in an address and in a policy."""
    return _HOST.fullmatch(host) is not None


def signalling_origin(request: Request, port: int) -> str:
    """`ws://HOST:PORT` under which this client reaches the signalling server; wss when the page came over TLS."""
    host = request.host if request.host.endswith("]") else request.host.rsplit(":", 1)[0]
    return f"{'wss' if request.is_secure else 'ws'}://{host}:{port}"


class SecurityHeaders:
    """Content-Security-Policy and its kin. `public_store_url`: where clips are redirected to, if they are."""

    def __init__(self, signalling_port: int, public_store_url: str | None) -> None:
        self._signalling_port = signalling_port
        parts = urlsplit(public_store_url) if public_store_url else None
        self._media = f" {parts.scheme}://{parts.netloc}" if parts else ""

    def apply(self, request: Request, response: Response, request_id: str) -> None:
        headers = response.headers
        headers["X-Request-Id"] = request_id
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if is_plausible_host(request.host):
            live = signalling_origin(request, self._signalling_port)
            headers["Content-Security-Policy"] = (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                f"media-src 'self'{self._media}; connect-src 'self' {live}; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            )
        else:
            headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        if request.is_secure:
            headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
        headers.setdefault("Cache-Control", "no-store")
