"""The API's description of itself."""

import functools
import json
from collections.abc import Sequence

from flask import Response

from api_server.access.rules import Public
from api_server.http.openapi import build_openapi
from api_server.http.route import Call, Route


def openapi_routes(others: Sequence[Route]) -> list[Route]:
    """`GET /openapi.json`, generated from the route table when it is first asked for."""

    @functools.cache
    def body() -> bytes:
        return json.dumps(build_openapi(others), ensure_ascii=False).encode()

    def show(_: Call) -> Response:
        return Response(body(), mimetype="application/json", headers={"Cache-Control": "public, max-age=300"})

    rule = Public("it says what can be asked, which the source code says too")
    return [Route("GET", "/openapi.json", rule, show, "This description.", media="application/json")]
