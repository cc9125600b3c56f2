"""What signalling remembers."""

from common.clock import FakeClock
from common.contracts.detection import Detection, DetectionMessage
from signalling.newest import BOXES_MAX_AGE_MS, PICTURE_MAX_AGE_S, Newest, Picture

CAMERA = "cam-aaaaaaaaaa"
FOUND = Detection(box=(1, 2, 3, 4), kind="face", score=0.5)


def make_picture(log_ms: int = 10_000) -> Picture:
    return Picture(CAMERA, 0, 1, 0, log_ms, 64, 48, 0.0, b"jpeg")


def make_boxes(log_ms: int, analysis: str = "emotion", count: int = 1) -> DetectionMessage:
    return DetectionMessage(
        analysis=analysis,
        camera=CAMERA,
        session="abcdefghijklmnop",
        seq=1,
        partition=0,
        offset=0,
        captured_us=0,
        log_ms=log_ms,
        width=64,
        height=48,
        model_ms=1,
        detections=(FOUND,) * count,
    )


def test_boxes_for_a_picture_are_the_newest_of_each_analysis_and_at_most_2_s_old() -> None:
    newest, picture = Newest(), make_picture()
    newest.put_boxes(make_boxes(picture.log_ms - BOXES_MAX_AGE_MS, "emotion"))
    newest.put_boxes(make_boxes(picture.log_ms - BOXES_MAX_AGE_MS - 1, "license_plate"))
    newest.put_boxes(make_boxes(picture.log_ms + 50, "faces"))
    assert newest.boxes_for(picture) == {"emotion": (FOUND,), "faces": (FOUND,)}


def test_boxes_of_a_replay_do_not_replace_newer_ones() -> None:
    newest, picture = Newest(), make_picture()
    newest.put_boxes(make_boxes(picture.log_ms, count=2))
    newest.put_boxes(make_boxes(picture.log_ms - 100, count=1))
    assert newest.boxes_for(picture) == {"emotion": (FOUND, FOUND)}
    newest.put_boxes(make_boxes(picture.log_ms, count=0))
    assert newest.boxes_for(picture) == {"emotion": ()}


def test_forgotten_camera_is_gone() -> None:
    newest = Newest(FakeClock())
    newest.put_picture(make_picture())
    assert newest.picture(CAMERA) == make_picture()
    newest.put_boxes(make_boxes(10_000))
    newest.forget(CAMERA)
    assert newest.picture(CAMERA) is None
    assert newest.boxes_for(make_picture()) == {}
    newest.forget(CAMERA)


def test_picture_of_a_camera_that_fell_silent_is_shown_for_a_minute() -> None:
    clock = FakeClock()
    newest = Newest(clock)
    newest.put_picture(make_picture())
    newest.put_boxes(make_boxes(10_000))
    clock.advance(PICTURE_MAX_AGE_S)
    newest.forget_old()
    assert newest.picture(CAMERA) is not None
    clock.advance(0.1)
    assert newest.picture(CAMERA) is None
    newest.forget_old()
    assert newest.boxes_for(make_picture()) == {}


def test_picture_keeps_its_bytes_out_of_logs() -> None:
    assert "jpeg" not in repr(make_picture())
