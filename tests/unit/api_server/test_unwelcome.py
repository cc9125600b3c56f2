"""What is refused in any case is told by its first bytes; nothing else is."""

from pathlib import Path

import pytest
from flask import Flask
from limits import parse

from api_server.accounts.attempts import PER_ADDRESS, SIGN_UPS, Attempts
from api_server.app import build_routes
from api_server.http.body import BODY_MAX_BYTES
from api_server.unwelcome import LONG_BODIES, Unwelcome
from tests.unit.api_server.world import World

HERE, THERE = "192.0.2.7", "192.0.2.8"


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join((f"{line} HTTP/1.1", "Host: x", *headers, "", "")).encode()


LOGIN = request("POST /v1/session", "Content-Length: 40")
LONG = f"Content-Length: {BODY_MAX_BYTES + 1}"


@pytest.fixture
def attempts() -> Attempts:
    nobody_tried = Attempts()
    nobody_tried.watch(Flask("api_server"))
    return nobody_tried


def ask(world: World, path: str, **body: str) -> int:
    answer = world.app.test_client().post(path, json=body, environ_base={"REMOTE_ADDR": HERE})
    return answer.status_code


def test_log_in_is_put_off_where_too_many_failed_and_nowhere_else(world: World) -> None:
    unwelcome = Unwelcome(world.attempts)
    for _ in range(parse(PER_ADDRESS).amount):
        assert not unwelcome.puts_off(HERE, LOGIN)
        assert ask(world, "/v1/session", name="ann", password="wrong") == 401
    assert unwelcome.puts_off(HERE, LOGIN)
    assert unwelcome.puts_off(HERE, request("POST /v1/session?x=1"))
    assert not unwelcome.puts_off(THERE, LOGIN)
    for line in ("GET /v1/session", "DELETE /v1/session", "GET /v1/cameras", "POST /v1/queries", "nonsense"):
        assert not unwelcome.puts_off(HERE, request(line)), line


def test_sign_up_is_put_off_by_its_own_limit(tmp_path: Path) -> None:
    world = World(tmp_path, SIGN_UP="open")
    unwelcome = Unwelcome(world.attempts)
    for n in range(parse(SIGN_UPS).amount):
        assert not unwelcome.puts_off(HERE, request("POST /v1/sign-up"))
        assert ask(world, "/v1/sign-up", name=f"zed{n}", password="a new pass phrase") == 201
    assert unwelcome.puts_off(HERE, request("POST /v1/sign-up"))
    assert not unwelcome.puts_off(HERE, LOGIN)


@pytest.mark.parametrize(
    ("head", "is_put_off"),
    [
        (request("POST /v1/session", LONG), True),
        (request("PATCH /v1/cameras/cam-a", LONG, "Cookie: lookout=x"), True),
        (request("POST /v1/cameras", "Transfer-Encoding: chunked"), True),
        (request("POST /v1/recordings?name=a.mp4", LONG), True),
        (request("POST /v1/recordings?name=a.mp4", LONG, "Cookie: lookout=x"), False),
        (request("PATCH /v1/uploads/up-a", LONG, "Authorization: Bearer lka_x"), False),
        (request("POST /v1/cameras", f"Content-Length: {BODY_MAX_BYTES}"), False),
        (request("GET /v1/cameras"), False),
        (request("POST /v1/session") + LONG.encode(), False),
        (b"", False),
    ],
)
def test_long_body_is_put_off_where_none_is_taken(attempts: Attempts, head: bytes, is_put_off: bool) -> None:
    assert Unwelcome(attempts).puts_off(HERE, head) is is_put_off


def test_every_route_that_takes_long_bodies_is_known(world: World) -> None:
    taking = {route.path.encode() for route in build_routes(world.parts) if route.raw}
    assert taking
    assert all(path.startswith(LONG_BODIES) for path in taking)
