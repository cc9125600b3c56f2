"""Being told by server-sent events that a clip is listed."""

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Right, Role
from api_server.clips.arrivals import REMEMBERED, Arrivals
from api_server.routes.clip_event_routes import PATIENCE_S, RECHECK_S
from common.contracts.clip_event import ClipReady, QueryFailed
from common.kafka.ports import Record
from tests.unit.api_server.test_query_events import chunks, said
from tests.unit.api_server.world import Browser, World, make_sidecar

START = 1_700_000_000_000


def record(value: bytes | None) -> Record:
    return Record(topic="clip-events", partition=0, offset=0, timestamp_ms=0, key=b"k", value=value, headers=())


def announce(world: World, event: ClipReady) -> None:
    world.arrivals.take(record(event.to_json()))


def follow(browser: Browser) -> TestResponse:
    return browser.get("/v1/clips/events", buffered=False)


@pytest.fixture
def camera(world: World) -> str:
    world.add_user("ann")
    return world.add_camera("ann").id


@pytest.fixture
def events(world: World, camera: str) -> Iterator[Iterator[bytes]]:
    """Of the camera's owner; the first, which says that nothing came yet, is read."""
    answer = follow(world.signed_in("ann"))
    found = chunks(answer)
    assert said(next(found)) == ("clips", {"count": 0, "newest": None})
    yield found
    answer.close()
    assert world.streams.count == 0


def nothing_comes(world: World, events: Iterator[bytes]) -> bool:
    """Until the next heartbeat."""
    world.clock.advance(5)
    return next(events).startswith(b":")


def test_clip_is_told_when_it_is_listed_and_not_when_it_is_announced(
    world: World, camera: str, events: Iterator[bytes]
) -> None:
    event = world.put_clip(make_sidecar(camera))
    announce(world, event)
    assert nothing_comes(world, events)
    world.writer.write_clip(event)
    assert said(next(events))[1] == {"count": 1, "newest": event.clip_id}
    later = [world.put_clip(make_sidecar(camera, start_ms=START + n * 10_000)) for n in (1, 2)]
    for one in later:
        world.writer.write_clip(one)
        announce(world, one)
    last = said(next(events))[1]
    while last["count"] != 3:
        last = said(next(events))[1]
    assert last["newest"] == later[-1].clip_id


def test_clip_that_is_never_listed_is_not_waited_for_for_ever(
    world: World, camera: str, events: Iterator[bytes]
) -> None:
    event = world.put_clip(make_sidecar(camera))
    announce(world, event)
    assert nothing_comes(world, events)
    world.clock.advance(PATIENCE_S)
    assert next(events).startswith(b":")
    world.writer.write_clip(event)
    assert nothing_comes(world, events)


def test_clips_of_others_are_not_told_and_a_grant_acts_at_once(world: World, camera: str) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    answer = follow(vera)
    found = chunks(answer)
    next(found)
    announce(world, world.add_clip(make_sidecar(camera)))
    assert nothing_comes(world, found)
    world.users.edit("usr-vera", {f"grants.{camera}": Right.VIEW.value})
    seen = world.add_clip(make_sidecar(camera, start_ms=START + 10_000))
    announce(world, seen)
    assert said(next(found))[1] == {"count": 1, "newest": seen.clip_id}
    world.users.edit("usr-vera", {}, unset=(f"grants.{camera}",))
    announce(world, world.add_clip(make_sidecar(camera, start_ms=START + 20_000)))
    assert nothing_comes(world, found)
    answer.close()


def test_stream_of_who_signs_out_is_over(world: World, camera: str) -> None:
    ann = world.signed_in("ann")
    answer = follow(ann)
    found = chunks(answer)
    next(found)
    ann.send("DELETE", "/v1/session")
    world.clock.advance(RECHECK_S)
    assert said(next(found)) == ("gone", {"code": "not_signed_in"})
    assert list(found) == []
    answer.close()


def test_stream_waits_while_the_database_is_away(world: World, camera: str, events: Iterator[bytes]) -> None:
    event = world.put_clip(make_sidecar(camera))
    world.writer.write_clip(event)
    world.database.is_down = True
    announce(world, event)
    assert nothing_comes(world, events)
    world.database.is_down = False
    assert said(next(events))[1]["newest"] == event.clip_id


def test_stream_takes_no_filters_and_is_for_who_may_look_at_clips(world: World, camera: str) -> None:
    assert world.browser().get("/v1/clips/events").status_code == 401
    assert world.signed_in("ann").client.head("/v1/clips/events").status_code == 200
    assert world.streams.count == 0


def test_arrivals_remember_a_bounded_number_and_only_clips(camera: str, world: World) -> None:
    arrivals = Arrivals()
    event = world.put_clip(make_sidecar(camera))
    for value in (None, b"", b"nonsense", QueryFailed(query_id="q-" + "a" * 16, reason="no").to_json()):
        arrivals.take(record(value))
    assert arrivals.newest == 0
    for _ in range(REMEMBERED + 7):
        arrivals.take(record(event.to_json()))
    assert arrivals.newest == REMEMBERED + 7
    assert [one.number for one in arrivals.after(0)] == list(range(8, REMEMBERED + 8))
    assert arrivals.after(arrivals.newest) == []
