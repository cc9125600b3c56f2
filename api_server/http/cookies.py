"""The session cookie."""

from flask import Request, Response

from api_server.accounts.sessions import ABSOLUTE_S

PLAIN_NAME = "lookout"
SECURE_NAME = "__Host-lookout"
"""Browsers refuse the prefix unless the cookie is Secure, of this host alone, of path / (RFC 6265bis, 4.1.3.2)."""


def _name(request: Request) -> str:
    return SECURE_NAME if request.is_secure else PLAIN_NAME


def session_token_of(request: Request) -> str | None:
    return request.cookies.get(_name(request))


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        _name(request),
        token,
        max_age=ABSOLUTE_S,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(_name(request), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
