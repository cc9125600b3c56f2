"""Whether a camera is live, stalled or offline, as ingest says."""

import pytest

from api_server.status.camera_state import Flow, newest_flows, state_of
from common.contracts.consumer_status import INGEST, CameraFlow, ConsumerStatus
from common.kafka.ports import Record
from tests.unit.api_server.test_live_and_status import report
from tests.unit.api_server.world import World

NOW_US = 1_700_000_000_000_000


def ago(seconds: float, **fields: object) -> CameraFlow:
    return CameraFlow.model_validate({"camera": "cam-a", "last_us": NOW_US - int(seconds * 1e6), **fields})


@pytest.mark.parametrize(
    ("age_s", "frames_per_s", "flow"),
    [
        (0.2, 10.0, Flow.LIVE),
        (5.9, None, Flow.LIVE),
        (6.5, 10.0, Flow.STALLED),
        (25.0, 0.1, Flow.LIVE),
        (31.0, 0.1, Flow.STALLED),
        (61.0, 10.0, Flow.OFFLINE),
        (100.0, 0.02, Flow.LIVE),
        (-3.0, 10.0, Flow.LIVE),
    ],
)
def test_state_follows_the_age_of_the_newest_frame_and_the_cameras_own_pace(
    age_s: float, frames_per_s: float | None, flow: Flow
) -> None:
    state = state_of(ago(age_s, frames_per_s=frames_per_s), NOW_US)
    assert state.flow is flow
    assert state.frames_per_s == (frames_per_s if flow is Flow.LIVE else None)
    assert state.age_s == max(0.0, age_s)


def test_state_of_a_camera_that_never_sent_is_offline_and_nothing_more() -> None:
    state = state_of(None, NOW_US)
    assert (state.flow, state.age_s, state.last_frame_us, state.skew_s) == (Flow.OFFLINE, None, None, None)


def test_state_is_the_word_of_the_process_that_got_the_newest_frame() -> None:
    def ingest(instance: str, flow: CameraFlow) -> ConsumerStatus:
        return ConsumerStatus(
            instance=instance, analysis=INGEST, state="running", threads=4, at_us=NOW_US, flows=(flow,)
        )

    newest = newest_flows([ingest("a", ago(9)), ingest("b", ago(1, skew_us=-2_500_000)), ingest("c", ago(5))])
    assert state_of(newest["cam-a"], NOW_US).skew_s == -2.5


def test_state_is_in_the_list_the_camera_and_the_status_and_only_of_cameras_one_may_see(world: World) -> None:
    ann = world.signed_in("ann")
    world.add_user("bob")
    mine, others = world.add_camera("ann"), world.add_camera("bob")
    flows = [
        {"camera": camera.id, "last_us": world.clock.wall_us(), "frames_per_s": 9.9, "skew_us": 61_000_000}
        for camera in (mine, others)
    ]
    report(world, "ingest@here", INGEST, flows=flows, partitions=())
    world.clock.advance(1)
    expected = {
        "flow": "live",
        "last_frame_us": flows[0]["last_us"],
        "last_frame_age_s": 1.0,
        "frames_per_s": 9.9,
        "skew_s": 61.0,
    }
    (listed,) = ann.get("/v1/cameras").get_json()["cameras"]
    assert listed["state"] == expected
    assert ann.get(f"/v1/cameras/{mine.id}").get_json()["state"] == expected
    (status,) = ann.get("/v1/status").get_json()["cameras"]
    assert (status["camera"], status["state"]) == (mine.id, expected)
    world.clock.advance(30)
    assert ann.get(f"/v1/cameras/{mine.id}").get_json()["state"]["flow"] == "stalled"
    world.clock.advance(60)
    assert ann.get(f"/v1/cameras/{mine.id}").get_json()["state"]["flow"] == "offline"


def test_state_of_an_unreadable_report_is_left_out(world: World) -> None:
    world.board.take(Record("consumer-status", 0, 0, 0, b"ingest", b'{"flows": 5}', ()))
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    assert ann.get(f"/v1/cameras/{camera.id}").get_json()["state"]["flow"] == "offline"
