"""Uploads that no browser plays, through real processes: played as MP4, once, although the recorder is killed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api_system import ApiSystem, open_system
from tests.integration.test_pipeline_consumer import command
from tests.support.service_process import wait_until
from tests.unit.playable.films import FRAMES, codecs, draw, shown

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
LIMIT_S = 120.0
LONG = 300
"""Pictures of a film that takes some seconds to encode."""
WORDS = ["run", "recorder", "--threads", "1", "--health-port", "0", "--session-timeout", "6"]


@pytest.fixture
def system(service_variables: dict[str, str], tmp_path: Path) -> Iterator[ApiSystem]:
    with open_system(service_variables, tmp_path) as opened:
        yield opened


def upload(admin: httpx.Client, name: str, film: bytes) -> Any:
    answer = admin.post("/v1/recordings", params={"name": name}, content=film, headers={"Content-Type": "video/mp4"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def state(admin: httpx.Client, recording: Any) -> str:
    return str(admin.get(f"/v1/recordings/{recording['id']}").json()["playable"])


def helpers_of(process: int) -> list[int]:
    """Processes that it has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(entry.read_text().rsplit(")", 1)[1].split()[1]) == process:
                found.append(int(entry.parent.name))
    return found


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_uploads_are_made_playable_once_although_the_recorder_is_killed(system: ApiSystem, tmp_path: Path) -> None:
    system.start()
    admin = system.sign_in()
    long = draw(tmp_path / "long.avi", "mjpeg", pixels="yuvj420p", frames=LONG, size=(640, 480))
    film = draw(tmp_path / "yard.mkv", sound="aac")
    scratch = Path(system.variables["LOOKOUT_VAR_DIR"]) / "playable"
    with command(WORDS, system.variables, tmp_path) as first:
        encoded = upload(admin, "long.avi", long)
        assert encoded["playable"] == "pending"
        wait_until(
            lambda: first.poll() is not None or any(scratch.glob("*/*/playable")), "it is being encoded", LIMIT_S
        )
        assert first.poll() is None, (tmp_path / "log").read_text()
        helpers = helpers_of(first.pid)
        first.kill()
    assert helpers
    wait_until(lambda: not any(map(is_running, helpers)), "its process has ended with it", LIMIT_S)
    assert state(admin, encoded) == "pending"
    copied = upload(admin, "yard.mkv", film)
    plain = upload(admin, "plain.mp4", draw(tmp_path / "plain.mp4"))
    broken = upload(admin, "broken.mkv", b"\x1a\x45\xdf\xa3" + os.urandom(5_000))
    ours = (encoded, copied, plain, broken)
    with command(WORDS, system.variables, tmp_path) as second:

        def is_over() -> bool:
            return second.poll() is not None or all(state(admin, one) != "pending" for one in ours)

        wait_until(is_over, "every upload has been looked into", LIMIT_S)
        assert second.poll() is None, (tmp_path / "log").read_text()
        assert [state(admin, one) for one in ours] == ["made", "made", "original", "impossible"]
        leftover = list(scratch.glob("*/*"))
        assert leftover == [], "what the first one left is gone"

    for one, pictures, tracks in ((encoded, LONG, ["h264"]), (copied, FRAMES, ["h264", "aac"])):
        video = admin.get(one["video"])
        assert (video.status_code, video.headers["Content-Type"]) == (200, "video/mp4")
        played = tmp_path / f"{one['id']}.mp4"
        played.write_bytes(video.content)
        assert (len(shown(played)), codecs(played)) == (pictures, tracks)
        part = admin.get(one["video"], headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, video.content[100:200])
    assert admin.get(copied["video"], params={"download": "1"}).content == film
    assert {info.key for info in system.store.list("playable/")} == {
        f"playable/{one['id']}/video" for one in (encoded, copied)
    }
    said = admin.get(f"/v1/recordings/{broken['id']}").json()
    assert said["problem"] is not None
    assert said["problem"] == said["playable_note"]
    for one in ours:
        assert admin.delete(f"/v1/recordings/{one['id']}").status_code == 204

    def keys() -> list[str]:
        return [info.key for prefix in ("uploads/", "playable/") for info in system.store.list(prefix)]

    wait_until(lambda: keys() == [], "everything is erased", LIMIT_S)
    assert "Traceback" not in system.indexer.log
