"""Live tokens, and how far behind every camera is."""

from pathlib import Path

import pytest

from api_server.access.subject import Role
from api_server.status.board import INSTANCES_MAX, StatusBoard
from api_server.status.follower import TopicFollower
from common.clock import FakeClock
from common.contracts.consumer_status import CameraLag, ConsumerStatus, PartitionStatus
from common.contracts.live_token import LIVE_TOKEN_S, verify_grant
from common.kafka.ports import Record
from tests.unit.api_server.world import SIGNING_KEY, World


def test_live_token_names_subject_and_cameras(world: World) -> None:
    ann = world.signed_in("ann")
    cameras = [world.add_camera("ann").id, world.add_camera("ann").id]
    answer = ann.send("POST", "/v1/live-token", {"cameras": [*cameras, cameras[0]]}).get_json()
    now_s = world.clock.wall_us() // 1_000_000
    grant = verify_grant(answer["token"], SIGNING_KEY.encode(), now_s)
    assert grant is not None
    assert (grant.subject, grant.cameras, grant.expires_s) == ("usr-ann", tuple(cameras), now_s + LIVE_TOKEN_S)
    assert answer["expires_s"] == now_s + LIVE_TOKEN_S
    assert answer["url"] == "ws://localhost:8090/v1/live"


def test_live_token_for_one_camera_of_somebody_else_is_not_found(world: World) -> None:
    ann = world.signed_in("ann")
    world.add_user("bob")
    cameras = [world.add_camera("ann").id, world.add_camera("bob").id]
    assert ann.send("POST", "/v1/live-token", {"cameras": cameras}).status_code == 404


@pytest.mark.parametrize("cameras", [[], ["x"], ["cam-" + "a" * 40], "cam-a", [1], ["cam-aaa"] * 65])
def test_live_token_bad_wishes_are_refused(world: World, cameras: object) -> None:
    assert world.signed_in("ann").send("POST", "/v1/live-token", {"cameras": cameras}).status_code == 400


def test_live_token_without_signing_key_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, signing_key=None)
    ann = world.signed_in("ann")
    answer = ann.send("POST", "/v1/live-token", {"cameras": [world.add_camera("ann").id]})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "no_live_picture")


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("http://cams.lan:8000", "ws://cams.lan:8090"),
        ("https://cams.lan", "wss://cams.lan:8090"),
        ("http://[::1]:8000", "ws://[::1]:8090"),
    ],
)
def test_policy_names_the_signalling_origin_of_this_host(world: World, base: str, origin: str) -> None:
    policy = world.app.test_client().get("/sign-in", base_url=base).headers["Content-Security-Policy"]
    assert f"connect-src 'self' {origin};" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "x\tx", "a/b"])
def test_policy_takes_no_words_from_the_host_header(world: World, host: str) -> None:
    answer = world.app.test_client().get("/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.headers.get("Content-Security-Policy", "")


# Status


def report(
    world: World, instance: str, analysis: str = "recorder", partition: int = 0, unread: int = 0, **fields: object
) -> None:
    read = PartitionStatus(partition=partition, next_offset=9, committed=5, end=9 + unread, lag_s=1.0 * unread)
    status = {
        "instance": instance,
        "analysis": analysis,
        "state": "running",
        "threads": 2,
        "at_us": world.clock.wall_us(),
        "partitions": (read,),
    }
    value = ConsumerStatus.model_validate(status | fields).to_json()
    world.board.take(Record("consumer-status", 0, 0, world.now_ms, instance.encode(), value))


def lags(world: World, name: str = "ann") -> dict[str, tuple[str, int | None, float | None]]:
    (camera,) = world.signed_in(name).get("/v1/status").get_json()["cameras"]
    return {a["analysis"]: (a["state"], a["lag_messages"], a["lag_s"]) for a in camera["analyses"]}


def test_status_lag_is_that_of_the_owner_of_the_partition(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    behind = CameraLag(camera=camera.id, partition=camera.partition, lag_messages=42, lag_s=4.2)
    report(world, "rec-1", partition=camera.partition, cameras=(behind,))
    report(world, "rec-2", partition=camera.partition + 1)
    assert lags(world) == {"recorder": ("running", 42, 4.2), "license_plate": ("missing", None, None)}


def test_status_camera_without_records_in_work_is_behind_by_nothing(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    report(world, "rec-1", partition=camera.partition)
    assert lags(world)["recorder"] == ("running", 0, 0.0)


def test_status_of_a_camera_not_met_yet_is_what_nobody_has_read_of_its_partition(world: World) -> None:
    """Its frames may be among these."""
    world.add_user("ann")
    camera = world.add_camera("ann")
    report(world, "rec-1", partition=camera.partition, unread=300)
    assert lags(world)["recorder"] == ("running", 300, 300.0)


def test_status_consumer_that_stopped_reporting_is_silent(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    report(world, "rec-1", partition=camera.partition)
    world.clock.advance(11)
    assert lags(world)["recorder"] == ("silent", None, None)
    report(world, "rec-2", partition=camera.partition)
    assert lags(world)["recorder"] == ("running", 0, 0.0)
    world.clock.advance(601)
    assert lags(world)["recorder"] == ("missing", None, None)


@pytest.mark.parametrize(
    ("state", "reason"), [("failed", "50 dead letters in a row"), ("running", "No model answers.")]
)
def test_status_consumer_that_failed_or_waits_says_why(world: World, state: str, reason: str) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    report(world, "lp-1", "license_plate", camera.partition, state=state, reason=reason)
    (camera_status,) = world.signed_in("ann").get("/v1/status").get_json()["cameras"]
    plates = next(a for a in camera_status["analyses"] if a["analysis"] == "license_plate")
    assert (plates["state"], plates["reason"]) == (state, reason)


def test_status_processes_are_shown_to_admins_only(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    report(world, "rec-1", partition=camera.partition, counts={"analysed": 7})
    assert world.signed_in("ann").get("/v1/status").get_json()["consumers"] == []
    world.add_user("bob")
    assert world.signed_in("bob").get("/v1/status").get_json()["cameras"] == []
    (shown,) = world.signed_in("root", Role.ADMIN).get("/v1/status").get_json()["consumers"]
    assert (shown["instance"], shown["counts"], shown["partitions"]) == ("rec-1", {"analysed": 7}, [camera.partition])


def test_status_says_to_admins_whether_the_database_is_for_small_installations(world: World) -> None:
    world.add_user("ann")
    world.add_camera("ann")
    root = world.signed_in("root", Role.ADMIN)
    assert root.get("/v1/status").get_json()["light_database"] is False
    world.database.is_light = True
    assert root.get("/v1/status").get_json()["light_database"] is True
    assert world.signed_in("ann").get("/v1/status").get_json()["light_database"] is None


def test_board_older_word_does_not_replace_a_newer(world: World) -> None:
    report(world, "rec-1", threads=4)
    report(world, "rec-1", threads=1, at_us=world.clock.wall_us() - 5_000_000)
    world.board.take(Record("consumer-status", 0, 0, 0, b"rec-1", b"not json"))
    world.board.take(Record("consumer-status", 0, 0, 0, b"rec-1", None))
    assert [status.threads for status in world.board.statuses()] == [4]


def test_board_is_bounded() -> None:
    clock = FakeClock()
    board = StatusBoard(clock)
    for n in range(INSTANCES_MAX + 10):
        status = ConsumerStatus(instance=f"i{n}", analysis="a", state="running", threads=1, at_us=clock.wall_us() + n)
        board.take(Record("s", 0, n, 0, None, status.to_json()))
    assert len(board.statuses()) == INSTANCES_MAX
    assert "i9" not in {status.instance for status in board.statuses()}


def test_follower_survives_kafka_going_away(world: World) -> None:
    import threading  # noqa: PLC0415

    came = threading.Event()
    world.cluster.is_down = True
    follower = TopicFollower("test", lambda: world.cluster.follower(["consumer-status"]), lambda _: came.set())
    follower.start()
    world.cluster.is_down = False
    world.cluster.append("consumer-status", 0, b"i", b"{}")
    assert came.wait(20)
    follower.stop()
