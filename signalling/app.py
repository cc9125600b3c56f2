"""The HTTP side of signalling (aiohttp): the WebSocket, the newest picture, health."""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.camera_directory import CameraDirectory
from common.clock import Clock
from common.contracts.live_token import verify_grant
from common.metrics import Metrics
from signalling.audience import Audience
from signalling.feed import LiveFeed
from signalling.live_session import LiveSession
from signalling.newest import Newest
from signalling.origins import is_allowed_origin
from signalling.protocol import MESSAGE_MAX_BYTES
from signalling.settings import SignallingSettings

log = logging.getLogger(__name__)

HEARTBEAT_S = 20.0
"""How often a viewer is pinged; one that does not answer within half of it is gone."""
CLOSE_S = 2.0
SEND_BUFFER_BYTES = 128 * 1024
"""The kernel doubles it."""
_BEARER = "bearer "
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class LiveParts:
    """What the routes need; made by `service`."""

    settings: SignallingSettings
    newest: Newest
    directory: CameraDirectory
    feed: LiveFeed
    audience: Audience
    metrics: Metrics
    clock: Clock


def create_app(parts: LiveParts) -> web.Application:
    """The application. Its handlers run on the event loop and block on nothing."""
    app = web.Application(middlewares=[_guard(parts)], client_max_size=1024)
    routes = _Routes(parts)
    app.router.add_get("/v1/live", routes.live)
    app.router.add_get("/v1/cameras/{camera}/picture", routes.picture)
    app.router.add_route("OPTIONS", "/v1/cameras/{camera}/picture", routes.preflight)
    app.router.add_get("/livez", routes.livez)
    app.router.add_get("/readyz", routes.readyz)
    app.router.add_get("/metrics", routes.metrics)
    return app


class _Routes:
    def __init__(self, parts: LiveParts) -> None:
        self._parts = parts

    async def live(self, request: web.Request) -> web.StreamResponse:
        parts = self._parts
        if parts.directory.problem() is not None or parts.audience.is_closing:
            return refused(503, "not_ready", "The server cannot show anything yet; try again.", {"Retry-After": "1"})
        if parts.audience.is_full:
            return refused(503, "too_many_viewers", "Too many live pictures are open.", {"Retry-After": "5"})
        stream = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_MAX_BYTES, compress=False, timeout=CLOSE_S
        )
        if not stream.can_prepare(request):
            return refused(426, "websocket_only", "This address speaks WebSocket only.", {"Upgrade": "websocket"})
        await stream.prepare(request)
        transport = request.transport
        _bound_send_buffer(transport)
        session = LiveSession(
            socket=stream,
            abort=lambda: transport.abort() if isinstance(transport, asyncio.WriteTransport) else None,
            signing_key=parts.settings.signing_key_bytes,
            newest=parts.newest,
            directory=parts.directory,
            audience=parts.audience,
            metrics=parts.metrics,
            clock=parts.clock,
        )
        await session.run()
        return stream

    async def picture(self, request: web.Request) -> web.StreamResponse:
        parts = self._parts
        camera = request.match_info["camera"]
        header = request.headers.get("Authorization", "")
        token = header[len(_BEARER) :].strip() if header[: len(_BEARER)].lower() == _BEARER else ""
        grant = verify_grant(token, parts.settings.signing_key_bytes, parts.clock.wall_us() / 1_000_000)
        if grant is None:
            return refused(
                401, "bad_token", "The live token is missing, wrong or expired.", {"WWW-Authenticate": "Bearer"}
            )
        problem = parts.directory.problem()
        if problem is not None:
            return refused(503, "not_ready", problem, {"Retry-After": "1"})
        picture = parts.newest.picture(camera) if camera in grant.cameras else None
        if picture is None or parts.directory.find(camera) is None:
            return refused(404, "no_picture", "No picture of such a camera came within the last minute.")
        headers = {"X-Lookout-Captured-At": str(picture.captured_us)}
        return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=headers)

    async def preflight(self, _: web.Request) -> web.StreamResponse:
        headers = {
            "Access-Control-Allow-Methods": "GET",
            "Access-Control-Allow-Headers": "Authorization",
            "Access-Control-Max-Age": "600",
        }
        return web.Response(status=204, headers=headers)

    async def livez(self, _: web.Request) -> web.StreamResponse:
        parts = self._parts
        is_alive = parts.feed.is_alive and parts.directory.is_alive
        return _health(None if is_alive else "A thread that reads Kafka has ended.")

    async def readyz(self, _: web.Request) -> web.StreamResponse:
        parts = self._parts
        closing = "The server is stopping." if parts.audience.is_closing else None
        return _health(closing or parts.directory.problem() or parts.feed.problem())

    async def metrics(self, _: web.Request) -> web.StreamResponse:
        body = generate_latest(self._parts.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _bound_send_buffer(transport: asyncio.Transport | None) -> None:
    """What lies in the kernel is old by the time a slow viewer sees it; left alone it grows to several MB."""
    connection = transport.get_extra_info("socket") if transport is not None else None
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _guard(parts: LiveParts) -> Any:
    """Refuses foreign pages, and turns whatever goes wrong into JSON."""
    settings = parts.settings

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if not is_allowed_origin(origin, request.host, settings.page_port, settings.further_origins):
            log.warning("foreign origin refused", extra={"origin": origin, "host": request.host})
            return refused(403, "foreign_origin", "This page may not ask here (see LOOKOUT_PAGE_ORIGINS).")
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = refused(error.status, *_HTTP_ERRORS.get(error.status, _OTHER_ERROR))
        except Exception:
            log.exception("a request failed", extra={"path": request.path})
            response = refused(500, "internal_error", "The server made a mistake; its log says which.")
        if not response.prepared:
            response.headers.update(_HEADERS)
            if origin is not None:
                response.headers.update({"Access-Control-Allow-Origin": origin, "Vary": "Origin"})
        return response

    return guard


_HTTP_ERRORS = {
    404: ("not_found", "There is no such page."),
    405: ("method_not_allowed", "This address does not take that method."),
}
_OTHER_ERROR = ("bad_request", "The request cannot be understood.")


def refused(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """JSON {"code", "message"}."""
    return web.json_response({"code": code, "message": message}, status=status, headers=headers)


def _health(problem: str | None) -> web.Response:
    if problem is None:
        return web.json_response({"status": "ok"})
    return web.Response(
        status=503, text=json.dumps({"status": "unavailable", "message": problem}), content_type="application/json"
    )
