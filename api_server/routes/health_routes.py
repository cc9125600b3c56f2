"""`/livez`, `/readyz` and `/metrics`, as on every service."""

from collections.abc import Callable

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api_server.access.rules import Public
from api_server.http.errors import unavailable
from api_server.http.route import Call, Reply, Route
from common.metrics import Metrics


class Health(BaseModel):
    status: str


def health_routes(ready: Callable[[], str | None], metrics: Metrics) -> list[Route]:
    """`ready` returns None when all is well, else a sentence; it must not block for long."""

    def livez(_: Call) -> Reply:
        return Reply(Health(status="ok"))

    def readyz(_: Call) -> Reply:
        problem = ready()
        if problem is not None:
            raise unavailable(problem)
        return Reply(Health(status="ok"))

    def show_metrics(_: Call) -> Response:
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)

    says_nothing = Public("supervisors have no session, and it tells whether the server works, not what it holds")
    return [
        Route("GET", "/livez", says_nothing, livez, "Whether the process is alive.", answer=Health),
        Route("GET", "/readyz", says_nothing, readyz, "Whether it can answer.", answer=Health),
        Route(
            "GET",
            "/metrics",
            Public("counts of requests by route and status, without ids"),
            show_metrics,
            "Metrics in Prometheus' text format.",
            media="text/plain",
        ),
    ]
