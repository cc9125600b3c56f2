"""The HTTP side of ingest (Flask). Routes translate; what happens to a frame is decided in `ingest`."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from flask import Flask, Request, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from producer_service.body import read_body
from producer_service.ingest import Accepted, Ingest
from producer_service.refusal import (
    BAD_REQUEST,
    BAD_TOKEN,
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SETTINGS_NOT_READ,
    Refusal,
    RefusalKind,
)
from producer_service.service import IngestService

log = logging.getLogger(__name__)


def create_app(service: IngestService) -> Flask:
    """The WSGI application over a service, which may be started later: until then frames are answered 503."""
    app = Flask("producer_service", static_folder=None)

    @app.post("/v1/cameras/<camera>/frames")
    def post_frame(camera: str) -> Response:
        began_s = time.perf_counter()
        outcome = INTERNAL_ERROR.code
        try:
            accepted = _ingest_of(service).take(camera, headers_of(request), _body_reader(service, request))
            outcome = "queued" if accepted.delivery is None else "acknowledged"
            return _accepted(accepted)
        except Refusal as refusal:
            outcome = refusal.kind.code
            return _refused(refusal)
        finally:
            service.metrics.count("lookout_frames_received_total", outcome=outcome)
            service.metrics.observe("lookout_ingest_seconds", time.perf_counter() - began_s)

    @app.get("/v1/cameras/<camera>/ping")
    def ping(camera: str) -> Response:
        settings = _ingest_of(service).authorize(camera, headers_of(request))
        return _json(
            200,
            {
                "camera": settings.camera,
                "policy": settings.policy.value,
                "settings_version": settings.version,
                "max_frame_bytes": service.max_frame_bytes,
                "server_us": time.time_ns() // 1000,
            },
        )

    @app.get("/livez")
    def livez() -> Response:
        return _health(service.live_problem())

    @app.get("/readyz")
    def readyz() -> Response:
        return _health(service.ready_problem())

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), content_type=CONTENT_TYPE_LATEST)

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return _refused(refusal)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.code == 404:
            return _refused(Refusal(NOT_FOUND, "There is no such page."))
        if error.code == 405:
            return _refused(Refusal(METHOD_NOT_ALLOWED, "This address does not take that method."))
        return _refused(Refusal(RefusalKind(error.code or 400, BAD_REQUEST.code), "The request cannot be understood."))

    @app.errorhandler(Exception)
    def crashed(error: Exception) -> Response:
        log.error("a request failed", exc_info=error, extra={"path": request.path})
        return _refused(Refusal(INTERNAL_ERROR, "The server made a mistake; its log says which."))

    return app


def _ingest_of(service: IngestService) -> Ingest:
    if service.ingest is None:
        raise Refusal(SETTINGS_NOT_READ, "The server is starting.")
    return service.ingest


def headers_of(of: Request) -> Mapping[str, str]:
    """The request's headers: a mapping without regard to case in all but its declared type."""
    return cast("Mapping[str, str]", of.headers)


def _body_reader(service: IngestService, of: Request) -> Callable[[int], bytes]:
    # The raw stream: Flask's own limits would answer in their own words, and gunicorn ends it at Content-Length anyway.
    environ = of.environ
    return partial(
        read_body, environ["wsgi.input"], connection=environ.get("gunicorn.socket"), deadlines=service.body_deadlines
    )


def _accepted(accepted: Accepted) -> Response:
    body: dict[str, Any] = {"session": accepted.session, "seq": accepted.seq}
    if accepted.delivery is not None:
        body |= {"partition": accepted.delivery.partition, "offset": accepted.delivery.offset}
    body["retry_recognised"] = accepted.retry_recognised
    return _json(202 if accepted.delivery is None else 201, body)


def _refused(refusal: Refusal) -> Response:
    kind = refusal.kind
    response = _json(kind.status, {"code": kind.code, "message": refusal.sentence})
    if kind.retry_after_s is not None:
        response.headers["Retry-After"] = str(kind.retry_after_s)
    if kind.status == BAD_TOKEN.status:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _health(problem: str | None) -> Response:
    if problem is None:
        return _json(200, {"status": "ok"})
    return _json(503, {"status": "unavailable", "message": problem})


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
