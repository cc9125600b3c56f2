"""What ingest remembers of each camera, and says of it."""

from collections.abc import Callable

import pytest

from common.clock import FakeClock
from common.contracts.consumer_status import INGEST, ConsumerStatus
from common.contracts.frame import CapturedFlag, FrameHeaders, Policy
from common.kafka.memory import MemoryCluster
from common.topics import CONSUMER_STATUS
from producer_service.camera_flows import CAMERAS_MAX, CameraFlows, frames_per_s
from producer_service.status_sender import StatusSender
from tests.unit.producer_service.conftest import CAMERA, Bench

SECOND = 1_000_000


def frame(at_us: int, skew_us: int = 0, flag: CapturedFlag | None = None) -> FrameHeaders:
    return FrameHeaders(
        session="s" * 16,
        seq=1,
        captured_at_us=at_us + skew_us,
        ingested_at_us=at_us,
        width=64,
        height=48,
        settings_version=1,
        analyses=(),
        clip_ms=10_000,
        policy=Policy.EVERY_FRAME,
        captured_flag=flag,
        traceparent=None,
    )


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [
        ([], None),
        ([5], None),
        ([5, 5], None),
        ([n / 10 for n in range(60)], 10.0),
        ([0, 30, 60], 0.03),
        ([0, *(100 + n / 5 for n in range(6))], 5.0),
        ([0.2, 0.0, 0.1], 10.0),
    ],
)
def test_rate_is_of_the_last_seconds_or_the_newest_two_frames(seconds: list[float], rate: float | None) -> None:
    assert frames_per_s([round(one * SECOND) for one in seconds]) == rate


def test_flow_skew_is_the_median_and_none_without_a_claim() -> None:
    flows = CameraFlows()
    for n, skew_us in enumerate((90 * SECOND, 2 * SECOND, 2 * SECOND, 3 * SECOND)):
        flows.note("cam-a", frame(n * SECOND, skew_us))
    (flow,) = flows.all()
    assert (flow.last_us, flow.frames_per_s, flow.skew_us) == (3 * SECOND, 1.0, 2 * SECOND + SECOND // 2)
    flows.note("cam-a", frame(4 * SECOND, flag=CapturedFlag.ABSENT))
    assert flows.all()[0].skew_us is None


def test_flow_of_the_longest_silent_camera_is_forgotten_first() -> None:
    flows = CameraFlows()
    for n in range(CAMERAS_MAX):
        flows.note(f"cam-{n}", frame(n))
    flows.note("cam-0", frame(CAMERAS_MAX))
    flows.note("cam-new", frame(CAMERAS_MAX + 1))
    cameras = [flow.camera for flow in flows.all()]
    assert len(cameras) == CAMERAS_MAX
    assert "cam-1" not in cameras
    assert {"cam-0", "cam-new"} <= set(cameras)


def test_flow_is_noted_of_frames_that_are_taken_and_of_no_other(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    assert bench.post(token="lk_" + "a" * 43).status_code == 401
    assert bench.service.flows.all() == ()
    assert bench.post().status_code == 201
    (flow,) = bench.service.flows.all()
    assert (flow.camera, flow.skew_us) == (CAMERA, None)


def test_status_says_what_came_and_why_nothing_is_taken() -> None:
    cluster, flows, clock = MemoryCluster(FakeClock()), CameraFlows(), FakeClock()
    cluster.create_topic(CONSUMER_STATUS, 1)
    problems = [None, "The server's disk is full."]
    sender = StatusSender(cluster.producer(), CONSUMER_STATUS, flows, lambda: problems.pop(0), 8, clock)
    flows.note("cam-a", frame(5 * SECOND))
    sender.send()
    sender.send()
    values = [ConsumerStatus.model_validate_json(r.value) for r in cluster.records(CONSUMER_STATUS) if r.value]
    assert [(one.analysis, one.state, one.reason) for one in values] == [
        (INGEST, "running", None),
        (INGEST, "starting", "The server's disk is full."),
    ]
    assert [flow.camera for flow in values[0].flows] == ["cam-a"]
    assert len({one.instance for one in values}) == 1


def test_status_that_cannot_be_sent_is_gone_and_nothing_more() -> None:
    sender = StatusSender(MemoryCluster(FakeClock()).producer(), "nowhere", CameraFlows(), lambda: None, 8, FakeClock())
    sender.send()
