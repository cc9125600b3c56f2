"""Following a query by server-sent events."""

import json
import socket
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Right, Role, Scope
from api_server.http.event_stream import LIFETIME_S, STREAMS_MAX, STREAMS_PER_USER
from common.contracts.clip_event import PartReady, QueryPlanned
from common.contracts.segment_job import part_key
from tests.unit.api_server.world import Browser, World, recorder_sidecar

RANGE = {"from": 1_700_000_000_000, "to": 1_700_000_010_000}


def asked(world: World, browser: Browser, owner: str) -> str:
    """The id of a query on a camera of `owner`."""
    camera = world.add_camera(owner)
    world.add_clip(recorder_sidecar(camera.id))
    answer = browser.send("POST", "/v1/queries", {"camera": camera.id, "analysis": "license_plate", **RANGE})
    assert answer.status_code == 202
    return str(answer.get_json()["id"])


def follow(browser: Browser, query_id: str) -> TestResponse:
    return browser.get(f"/v1/queries/{query_id}/events", buffered=False)


def said(chunk: bytes) -> tuple[str, dict[str, object]]:
    """(event, data) of one event."""
    lines = dict(line.split(": ", 1) for line in chunk.decode().strip().split("\n"))
    return lines["event"], json.loads(lines["data"])


def chunks(answer: TestResponse) -> Iterator[bytes]:
    assert answer.status_code == 200
    assert answer.mimetype == "text/event-stream"
    return (chunk for chunk in answer.response if isinstance(chunk, bytes))


def tell_part(world: World, query_id: str, part: int) -> None:
    key = part_key(query_id, part)
    world.query_events.write(
        PartReady(query_id=query_id, part=part, parts=4, object_key=key, frame_count=25, duration_ms=2_500)
    )


def test_events_say_how_far_a_query_is_and_end_with_it(world: World) -> None:
    ann = world.signed_in("ann")
    query_id = asked(world, ann, "ann")
    answer = follow(ann, query_id)
    events = chunks(answer)
    name, first = said(next(events))
    assert (name, first["state"], first["id"]) == ("query", "received", query_id)
    world.query_events.write(QueryPlanned(query_id=query_id, parts=4, duration_ms=10_000, frame_count=100))
    tell_part(world, query_id, 0)
    progress = said(next(events))[1]["progress"]
    assert isinstance(progress, dict)
    assert (progress["percent"], progress["frames"]) == (25, 25)
    world.finish_query(query_id, parts=4)
    last = said(next(events))[1]
    assert last == ann.get(f"/v1/queries/{query_id}").get_json()
    assert last["state"] == "finished"
    assert list(events) == []
    answer.close()
    assert world.streams.count == 0


def test_events_are_the_same_query_once_and_a_heartbeat_in_between(world: World) -> None:
    ann = world.signed_in("ann")
    answer = follow(ann, asked(world, ann, "ann"))
    events = chunks(answer)
    assert said(next(events))[0] == "query"
    world.clock.advance(5)
    assert next(events).startswith(b":")
    world.clock.advance(LIFETIME_S)
    assert list(events) == [], "browsers connect anew"
    answer.close()


def test_events_end_when_the_grant_is_withdrawn(world: World) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    query_id = asked(world, world.signed_in("ann"), "ann")
    camera = world.queries.get(query_id)
    assert camera is not None
    grant = f"grants.{camera.camera}"
    assert follow(vera, query_id).status_code == 404
    world.users.edit("usr-vera", {grant: Right.VIEW.value})
    answer = follow(vera, query_id)
    events = chunks(answer)
    assert said(next(events))[0] == "query"
    world.users.edit("usr-vera", {}, unset=(grant,))
    assert said(next(events)) == ("gone", {"code": "not_found"})
    assert list(events) == []
    answer.close()


@pytest.mark.parametrize("how", ["signed out", "disabled", "token ended", "query deleted"])
def test_events_end_with_session_account_token_and_query(world: World, how: str) -> None:
    ann = world.signed_in("ann")
    query_id = asked(world, ann, "ann")
    browser = world.bearing("ann", Scope.READ) if how == "token ended" else ann
    answer = follow(browser, query_id)
    events = chunks(answer)
    assert said(next(events))[0] == "query"
    if how == "signed out":
        ann.send("DELETE", "/v1/session")
    elif how == "disabled":
        world.users.edit("usr-ann", {"state": "disabled"})
    elif how == "token ended":
        world.tokens.end_all("usr-ann")
    else:
        ann.send("DELETE", f"/v1/queries/{query_id}")
    expected = "not_found" if how == "query deleted" else "not_signed_in"
    assert said(next(events)) == ("gone", {"code": expected})
    assert list(events) == []
    answer.close()


def test_events_are_few_for_one_person_and_in_all_and_places_are_given_back(world: World) -> None:
    names = [f"u{n}" for n in range(STREAMS_MAX // STREAMS_PER_USER + 1)]
    open_ones: list[TestResponse] = []
    for name in names[:-1]:
        browser = world.signed_in(name)
        query_id = asked(world, browser, name)
        mine = [follow(browser, query_id) for _ in range(STREAMS_PER_USER)]
        assert [one.status_code for one in mine] == [200] * STREAMS_PER_USER
        refused = follow(browser, query_id)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        open_ones += mine
    assert world.streams.count == STREAMS_MAX
    last = world.signed_in(names[-1])
    query_id = asked(world, last, names[-1])
    assert follow(last, query_id).status_code == 503
    open_ones[0].close()
    open_ones[0].close()
    again = follow(last, query_id)
    assert again.status_code == 200
    for one in (*open_ones, again):
        one.close()
    assert world.streams.count == 0


def test_events_of_a_head_request_take_no_place(world: World) -> None:
    ann = world.signed_in("ann")
    assert ann.client.head(f"/v1/queries/{asked(world, ann, 'ann')}/events").status_code == 200
    assert world.streams.count == 0


def test_events_end_when_the_server_stops_and_when_the_client_goes(world: World) -> None:
    ann = world.signed_in("ann")
    query_id = asked(world, ann, "ann")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        gone = ann.get(f"/v1/queries/{query_id}/events", buffered=False, environ_overrides={"gunicorn.socket": ours})
        events = chunks(gone)
        assert said(next(events))[0] == "query"
        theirs.close()
        assert list(events) == []
        gone.close()
    stopped = follow(ann, query_id)
    events = chunks(stopped)
    next(events)
    world.streams.close()
    assert list(events) == []
    stopped.close()
    assert follow(ann, query_id).status_code == 503


def test_events_wait_while_the_database_is_away(world: World) -> None:
    ann = world.signed_in("ann")
    query_id = asked(world, ann, "ann")
    answer = follow(ann, query_id)
    events = chunks(answer)
    next(events)
    world.database.is_down = True
    world.clock.advance(5)
    assert next(events).startswith(b":")
    world.database.is_down = False
    world.finish_query(query_id)
    assert said(next(events))[1]["state"] == "finished"
    answer.close()


# The list


def follow_list(browser: Browser, **filters: object) -> TestResponse:
    return browser.get("/v1/queries/events", query_string=filters, buffered=False)


def test_list_events_are_the_first_page_whenever_it_changes(world: World) -> None:
    ann = world.signed_in("ann")
    first = asked(world, ann, "ann")
    answer = follow_list(ann, limit=2)
    events = chunks(answer)
    name, page = said(next(events))
    assert (name, page) == ("queries", ann.get("/v1/queries?limit=2").get_json())
    world.query_events.write(QueryPlanned(query_id=first, parts=4, duration_ms=10_000, frame_count=100))
    tell_part(world, first, 0)
    assert said(next(events))[1] == ann.get("/v1/queries?limit=2").get_json()
    second = asked(world, ann, "ann")
    page = said(next(events))[1]
    assert isinstance(page["queries"], list)
    assert {query["id"] for query in page["queries"]} == {first, second}
    world.finish_query(first, parts=4)
    world.finish_query(second)
    assert "finished" in next(events).decode(), "and it goes on: another may come"
    world.clock.advance(5)
    assert next(events).startswith(b":")
    answer.close()
    assert world.streams.count == 0


def test_list_events_hold_what_one_may_see_and_no_longer_than_one_may(world: World) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    query_id = asked(world, world.signed_in("ann"), "ann")
    query = world.queries.get(query_id)
    assert query is not None
    answer = follow_list(vera)
    events = chunks(answer)
    assert said(next(events))[1]["queries"] == []
    world.users.edit("usr-vera", {f"grants.{query.camera}": Right.VIEW.value})
    assert query_id in next(events).decode()
    world.users.edit("usr-vera", {}, unset=(f"grants.{query.camera}",))
    assert said(next(events))[1]["queries"] == []
    vera.send("DELETE", "/v1/session")
    assert said(next(events)) == ("gone", {"code": "not_signed_in"})
    assert list(events) == []
    answer.close()


def test_list_events_are_filtered_and_count_among_a_persons_streams(world: World) -> None:
    ann = world.signed_in("ann")
    query_id = asked(world, ann, "ann")
    mine = [follow_list(ann, state="finished"), follow(ann, query_id)]
    assert said(next(chunks(mine[0])))[1]["queries"] == []
    assert (follow_list(ann).status_code, STREAMS_PER_USER) == (503, 2)
    for one in mine:
        one.close()
    assert follow_list(ann, limit=51).status_code == 400
    assert follow_list(ann, cursor="x").status_code == 400
    assert world.browser().get("/v1/queries/events").status_code == 401
    assert world.streams.count == 0
