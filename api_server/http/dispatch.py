"""Putting the route table into a Flask application: every request passes the gate, every error becomes a sentence."""

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, render_template, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from api_server.accounts.attempts import Attempts
from api_server.accounts.passwords import TooBusy
from api_server.audit.auditor import Auditor
from api_server.http.body import BODY_MAX_BYTES
from api_server.http.errors import PROBLEM_TYPE, ApiError, Problem, unavailable
from api_server.http.gate import TOTP_NEEDED, Gate
from api_server.http.headers import SecurityHeaders, is_plausible_host
from api_server.http.repeats import HEADER, REPLAYED_HEADER, Claim, KeptAnswer, Repeats, fingerprint_of
from api_server.http.route import Call, Reply, Route
from common.errors import Transient
from common.metrics import Metrics

log = logging.getLogger(__name__)

SIGN_IN_PATH = "/sign-in"
ACCOUNT_PATH = "/account"
_UNUSUAL: dict[int, tuple[str, str]] = {
    400: ("invalid_request", "The request is not understood."),
    404: ("not_found", "There is no such thing, or it is not yours."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", f"The body is longer than {BODY_MAX_BYTES} bytes."),
    414: ("too_long", "The address is too long."),
}
_TITLES = {404: "Not found", 503: "Not ready yet", 500: "Something went wrong"}


def install(
    app: Flask,
    routes: Sequence[Route],
    gate: Gate,
    auditor: Auditor,
    headers: SecurityHeaders,
    metrics: Metrics,
    repeats: Repeats,
    attempts: Attempts,
) -> None:
    """Register `routes`. Whatever else finds its way into the URL map is refused before it runs."""
    declared = {route.endpoint: route for route in routes}
    if len(declared) != len(routes):
        raise ValueError("two routes share a method and a path")
    for route in routes:
        app.add_url_rule(
            route.path,
            endpoint=route.endpoint,
            view_func=_view(route, gate, auditor, repeats),
            methods=[route.method],
            provide_automatic_options=False,
        )

    @app.before_request
    def _begin() -> None:
        g.request_id = secrets.token_hex(8)
        if not is_plausible_host(request.host):
            raise ApiError(400, "invalid_request", "The Host header is not a host.")
        if request.endpoint is not None and request.endpoint not in declared:
            raise ApiError(403, "not_allowed", "Nobody has said who may use this address.")

    # After `_begin`: what is refused there is no attempt.
    attempts.watch(app)

    @app.after_request
    def _finish(response: Response) -> Response:
        headers.apply(request, response, _request_id())
        rule = request.url_rule.rule if request.url_rule is not None else "none"
        metrics.count("lookout_http_requests_total", route=rule, status=str(response.status_code))
        return response

    def problem(error: ApiError) -> Response:
        route = declared.get(request.endpoint or "")
        is_page = route.is_page if route is not None else _looks_for_a_page()
        return _problem_page(error) if is_page else _problem(error)

    @app.errorhandler(ApiError)
    def _said(error: ApiError) -> Response:
        return problem(error)

    @app.errorhandler(RateLimitExceeded)
    def _enough(_: RateLimitExceeded) -> Response:
        wait = {"Retry-After": str(attempts.retry_after_s())}
        sentence = "Too many failed attempts. Wait a few minutes."
        return problem(ApiError(429, "too_many_attempts", sentence, wait))

    @app.errorhandler(TooBusy)
    def _busy(error: TooBusy) -> Response:
        log.info("a password was not looked at", extra={"request_id": _request_id(), "error": str(error)})
        return problem(unavailable("Too many people sign in at once. Try again in a moment."))

    @app.errorhandler(Transient)
    def _waiting(error: Transient) -> Response:
        log.warning("a server does not answer", extra={"request_id": _request_id(), "error": str(error)})
        return problem(unavailable("A server behind this one does not answer. Try again in a moment."))

    @app.errorhandler(HTTPException)
    def _refused(error: HTTPException) -> Response:
        status = error.code or 500
        code, message = _UNUSUAL.get(status, ("refused", error.name + "."))
        allowed = getattr(error, "valid_methods", None)
        return problem(ApiError(status, code, message, {"Allow": ", ".join(sorted(allowed))} if allowed else {}))

    @app.errorhandler(Exception)
    def _broken(error: Exception) -> Response:
        log.error("a request failed", exc_info=error, extra={"request_id": _request_id(), "path": request.path})
        return problem(ApiError(500, "internal", "Something went wrong here. The log knows it by the request id."))


def _view(route: Route, gate: Gate, auditor: Auditor, repeats: Repeats) -> Callable[..., Any]:
    def view(**path: Any) -> Response:
        try:
            call = gate.admit(route, request, path)
        except ApiError as error:
            if error.status == 401 and route.is_page:
                return _sign_in()
            if error.code == TOTP_NEEDED and route.is_page:
                return Response(status=303, headers={"Location": ACCOUNT_PATH})
            raise
        auditor.before(route, call, request)
        key = request.headers.get(HEADER) if route.is_create and call.person is not None else None
        if key is not None:
            return _done_once(route, call, repeats, key)
        reply = route.view(call)
        return _answered(route, reply) if isinstance(reply, Reply) else reply

    return view


def _done_once(route: Route, call: Call, repeats: Repeats, key: str) -> Response:
    """The answer to a create with an Idempotency-Key: done now, or as it was given before."""
    claim = repeats.begin(call.subject.user_id, request.path, key, fingerprint_of(request, call.body))
    if isinstance(claim, KeptAnswer):
        again = Response(claim.body, claim.status, {**claim.headers, REPLAYED_HEADER: "true"}, "application/json")
        # What was sent with it is not read again; what is left of it must not be taken for the next request.
        if route.raw:
            again.headers["Connection"] = "close"
        return again
    try:
        reply = route.view(call)
    except ApiError:
        _settled(claim, None)  # refused: nothing was made
        raise
    if not isinstance(reply, Reply):
        raise TypeError(f"{route.endpoint} creates, and answers no model")
    response = _answered(route, reply)
    _settled(claim, KeptAnswer(status=response.status_code, body=response.get_data(True), headers=dict(reply.headers)))
    return response


def _settled(claim: Claim, answer: KeptAnswer | None) -> None:
    """What was done is done, also when this cannot be written down: a repeat is then told that nobody knows."""
    try:
        if answer is None:
            claim.release()
        else:
            claim.keep(answer)
    except Transient as error:
        log.warning("an answer was not kept", extra={"request_id": _request_id(), "error": str(error)})


def _answered(route: Route, reply: Reply) -> Response:
    if reply.body is None:
        response = Response(status=204 if reply.status == 200 else reply.status)
    else:
        if route.answer is None or not isinstance(reply.body, route.answer):
            raise TypeError(f"{route.endpoint} answers {type(reply.body).__name__}, which it does not declare")
        response = Response(reply.body.model_dump_json(), reply.status, mimetype="application/json")
    response.headers.update(reply.headers)
    return response


def _problem(error: ApiError) -> Response:
    body = Problem.of(error.status, error.code, error.message, _request_id(), error.fields)
    response = Response(body.to_json(), error.status, mimetype=PROBLEM_TYPE)
    response.headers.update(error.headers)
    return response


def _looks_for_a_page() -> bool:
    """Whether a person typed an address that is none."""
    return not request.path.startswith("/v1/") and "text/html" in request.headers.get("Accept", "")


def _problem_page(error: ApiError) -> Response:
    title = _TITLES.get(error.status, "This did not work")
    page = render_template("problem.html", title=title, message=error.message, request_id=_request_id())
    response = Response(page, error.status, mimetype="text/html")
    response.headers.update(error.headers)
    return response


def _sign_in() -> Response:
    target = request.full_path.rstrip("?")
    return Response(status=303, headers={"Location": f"{SIGN_IN_PATH}?next={quote(target, safe='')}"})


def _request_id() -> str:
    return str(g.get("request_id", "none"))
