"""What counts as an attempt, for whom, and what a refused one is told."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask_limiter import Limiter
from werkzeug.test import TestResponse

from tests.unit.api_server.world import PASSWORD, World

HERE, THERE = "192.0.2.7", "192.0.2.8"


def sign_in(world: World, name: str, password: str = "wrong", address: str = HERE, **headers: str) -> TestResponse:
    return world.app.test_client().post(
        "/v1/session",
        json={"name": name, "password": password},
        environ_base={"REMOTE_ADDR": address},
        headers={key.replace("_", "-"): value for key, value in headers.items()},
    )


def test_attempts_are_watched_by_flask_limiter(world: World) -> None:
    (limiter,) = world.app.extensions["limiter"]
    assert isinstance(limiter, Limiter)


def test_attempts_right_ones_and_bad_requests_do_not_count(world: World) -> None:
    world.add_user("ann")
    client = world.app.test_client()
    for _ in range(21):
        assert sign_in(world, "ann", PASSWORD).status_code == 200
        assert client.post("/v1/session", json={}, environ_base={"REMOTE_ADDR": HERE}).status_code == 400
        assert sign_in(world, "ann", Origin="http://evil.example").status_code == 403
    assert sign_in(world, "ann").status_code == 401


def test_attempts_refused_ones_do_not_lengthen_the_wait(world: World) -> None:
    waits = [int(sign_in(world, "ann").headers.get("Retry-After", 0)) for _ in range(40)]
    assert waits[:20] == [0] * 20
    assert all(0 < wait <= 300 for wait in waits[20:])
    assert waits[20:] == sorted(waits[20:], reverse=True)


def test_attempts_refused_answer_is_a_problem_without_a_trace_of_the_limit(world: World) -> None:
    for _ in range(20):
        sign_in(world, "ann")
    answer = sign_in(world, "ann")
    body = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert (body["code"], body["message"]) == ("too_many_attempts", "Too many failed attempts. Wait a few minutes.")
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert not [name for name in answer.headers.keys() if name.lower().startswith("x-ratelimit")]  # noqa: SIM118


def test_attempts_unknown_account_is_limited_as_a_known_one_is(world: World) -> None:
    world.add_user("ann")
    for name in ("ann", "nobody", " "):
        answers = [sign_in(world, name, address=f"10.0.{len(name)}.{n}").status_code for n in range(21)]
        assert answers == [401] * 20 + [429], name


def test_attempts_one_account_is_one_however_it_is_written(world: World) -> None:
    for n in range(20):
        assert sign_in(world, ("ann", " ANN ")[n % 2], address=f"10.0.0.{n}").status_code == 401
    assert sign_in(world, "Ann", address=THERE).status_code == 429


def test_attempts_address_is_the_peers_and_no_headers(world: World) -> None:
    for n in range(20):
        assert sign_in(world, f"user{n}", X_Forwarded_For=f"10.0.0.{n}").status_code == 401
    assert sign_in(world, "ann", X_Forwarded_For="10.1.1.1").status_code == 429
    assert sign_in(world, "ann", address=THERE, X_Forwarded_For=HERE).status_code == 401


def test_attempts_links_and_log_ins_of_an_address_are_counted_together(world: World) -> None:
    client = world.app.test_client()
    link = {"link": "x" * 43, "password": "a new pass phrase"}
    for n in range(20):
        if n % 2:
            assert sign_in(world, f"user{n}").status_code == 401
        else:
            answer = client.post("/v1/password", json=link, environ_base={"REMOTE_ADDR": HERE})
            assert answer.status_code == 403
    assert client.post("/v1/password", json=link, environ_base={"REMOTE_ADDR": HERE}).status_code == 429
    assert sign_in(world, "ann").status_code == 429


def test_attempts_sign_up_of_a_taken_name_counts_and_a_weak_password_does_not(tmp_path: Path) -> None:
    world = World(tmp_path, SIGN_UP="open")
    world.add_user("ann")
    client = world.app.test_client()

    def ask(**body: str) -> int:
        return client.post("/v1/sign-up", json=body).status_code

    assert {ask(name="zed", password="aaaaaaaaaaaaaaaa") for _ in range(11)} == {422}
    assert [ask(name="ann", password="a new pass phrase") for _ in range(11)] == [409] * 10 + [429]
    assert ask(name="zed", password="aaaaaaaaaaaaaaaa") == 422, "said before it is counted"


def test_attempts_of_many_at_once_are_each_counted_where_they_belong(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        tried = [(f"user{n % 4}", f"10.0.{n % 4}.{n % 2}") for n in range(72)]
        answers = list(pool.map(lambda one: sign_in(world, one[0], address=one[1]).status_code, tried))
    assert answers == [401] * 72, "18 of each account"
    for n in range(4):
        assert [sign_in(world, f"user{n}", address=THERE).status_code for _ in range(3)] == [401, 401, 429]
    assert sign_in(world, "user4", address="10.0.0.0").status_code == 401


def test_attempts_what_was_typed_is_not_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for n in range(21):
            sign_in(world, "my pass phrase", address=f"10.0.0.{n}")
    assert "my pass phrase" not in caplog.text
