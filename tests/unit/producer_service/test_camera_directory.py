"""Following the cameras' settings."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.camera_directory import STALE_AFTER_S, CameraDirectory, apply_record
from common.clock import FakeClock, SystemClock
from common.contracts.camera_settings import CameraSettings
from common.contracts.identity import hash_token, make_token
from common.kafka.memory import MemoryCluster
from common.kafka.ports import Record
from common.topics import CAMERA_SETTINGS

CAMERA = "cam-aaaaaaaaaa"
SECRET_HASH = hash_token(make_token())


def make_settings(camera: str = CAMERA, version: int = 1) -> CameraSettings:
    return CameraSettings(
        camera=camera, version=version, name="Yard", owner="o", token_hashes=(SECRET_HASH,), partition=0
    )


def make_record(key: bytes | None, value: bytes | None) -> Record:
    return Record(CAMERA_SETTINGS, 0, 7, 0, key, value)


class Followed:
    """A directory over a topic in memory, whose readers a test can break."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster(SystemClock())
        self.cluster.create_topic(CAMERA_SETTINGS, 1)
        self.clock = FakeClock()
        self.failures: list[Exception] = []
        self.changed: list[str] = []
        self.readers = 0
        self.directory = CameraDirectory(self._make_reader, self.clock, self.changed.append)

    def put(self, settings: CameraSettings) -> None:
        self.cluster.append(CAMERA_SETTINGS, 0, settings.camera.encode(), settings.to_json())

    def _make_reader(self) -> Any:
        self.readers += 1
        reader, failures = self.cluster.follower([CAMERA_SETTINGS]), self.failures

        class Breakable:
            is_caught_up = property(lambda _: reader.is_caught_up)

            def poll(self, timeout_s: float) -> list[Record]:
                if failures:
                    raise failures.pop()
                return reader.poll(timeout_s)

            def close(self) -> None:
                reader.close()

        return Breakable()


@pytest.fixture
def followed() -> Iterator[Followed]:
    made = Followed()
    yield made
    made.directory.stop()


def test_directory_is_not_trusted_before_the_topic_was_read(followed: Followed, wait: Callable[..., None]) -> None:
    followed.put(make_settings())
    directory = followed.directory
    assert directory.problem() is not None
    directory.start()
    wait(lambda: directory.problem() is None)
    assert directory.find(CAMERA) == make_settings()
    assert followed.changed == [CAMERA]


def test_directory_follows_changes_and_deletions(followed: Followed, wait: Callable[..., None]) -> None:
    followed.directory.start()
    wait(lambda: followed.directory.problem() is None)
    followed.put(make_settings(version=1))
    followed.put(make_settings(version=2))
    wait(lambda: followed.directory.find(CAMERA) == make_settings(version=2))
    followed.cluster.append(CAMERA_SETTINGS, 0, CAMERA.encode(), None)
    wait(lambda: followed.directory.find(CAMERA) is None)
    assert followed.changed == [CAMERA] * 3


def test_directory_after_any_error_reads_all_anew(followed: Followed, wait: Callable[..., None]) -> None:
    followed.put(make_settings("cam-bbbbbbbbbb"))
    followed.put(make_settings())
    followed.directory.start()
    wait(lambda: followed.directory.find(CAMERA) is not None)
    # The topic is made again without one of the cameras, and the reader breaks in a way nobody foresaw.
    followed.cluster.recreate_topic(CAMERA_SETTINGS)
    followed.put(make_settings())
    followed.failures.append(RuntimeError("broken"))
    wait(lambda: followed.directory.find("cam-bbbbbbbbbb") is None)
    assert followed.directory.find(CAMERA) == make_settings()
    assert followed.directory.problem() is None
    assert followed.directory.is_alive


def test_directory_that_cannot_be_read_for_long_is_no_longer_trusted(
    followed: Followed, wait: Callable[..., None]
) -> None:
    followed.put(make_settings())
    followed.directory.start()
    wait(lambda: followed.directory.find(CAMERA) is not None)
    followed.cluster.is_down = True
    followed.failures.append(RuntimeError("broken"))
    wait(lambda: followed.readers >= 2)
    assert followed.directory.problem() is None
    followed.clock.advance(STALE_AFTER_S + 1)
    assert followed.directory.problem() is not None
    followed.cluster.is_down = False
    wait(lambda: followed.directory.problem() is None)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"camera": "cam-aaaaaaaaaa"}',
        make_settings("cam-bbbbbbbbbb").to_json(),
        make_settings().to_json().replace(b'"partition":0', b'"partition":-1'),
    ],
)
def test_settings_that_cannot_be_read_take_the_camera_away(value: bytes, caplog: pytest.LogCaptureFixture) -> None:
    cameras = {CAMERA: make_settings()}
    with caplog.at_level(logging.ERROR):
        assert apply_record(cameras, make_record(CAMERA.encode(), value)) == CAMERA
    assert cameras == {}
    assert caplog.records
    assert SECRET_HASH not in "".join(str(vars(r)) for r in caplog.records)


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"../x", b"CAM"])
def test_settings_under_no_camera_are_passed_over(key: bytes | None) -> None:
    cameras: dict[str, CameraSettings] = {}
    assert apply_record(cameras, make_record(key, make_settings().to_json())) is None
    assert cameras == {}
