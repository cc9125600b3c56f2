import json
import threading

import pytest

from camera_client.agent import Agent
from camera_client.frame_buffer import FrameBuffer
from camera_client.options import parse_options
from camera_client.source import SourceEnded
from camera_client.stripe import StripeMark
from camera_client.tally import Outcome, Tally
from common.clock import FakeClock

TOKEN = "lk_" + "a" * 43
BASE = ["--source", "demo:face", "--server", "http://x:1", "--camera", "cam-abc"]


class CountingShutter:
    """Takes `cost_s` a picture and ends after `last` of them."""

    def __init__(self, clock: FakeClock, cost_s: float = 0.0, last: int = 5) -> None:
        self._clock, self._cost_s, self._last = clock, cost_s, last
        self.ticks: list[int] = []
        self.marks: list[int] = []

    def shoot(self, tick: int, mark: StripeMark) -> bytes | None:
        if len(self.ticks) == self._last:
            raise SourceEnded("enough")
        self._clock.advance(self._cost_s)
        self.ticks.append(tick)
        self.marks.append(mark.seq)
        return b"jpeg"

    def close(self) -> None:
        pass


def run_agent(cost_s: float, fps: float = 10) -> tuple[CountingShutter, float, FrameBuffer]:
    clock, buffer = FakeClock(), FrameBuffer(capacity=100)
    shutter = CountingShutter(clock, cost_s)
    taken = Agent("cam-abc", "s" * 22, shutter, buffer, fps, clock).capture(threading.Event())
    assert taken == 5
    return shutter, clock.monotonic_s(), buffer


def test_agent_keeps_the_pace() -> None:
    shutter, seconds, buffer = run_agent(cost_s=0.01)
    assert shutter.ticks == [0, 1, 2, 3, 4]
    assert seconds == pytest.approx(0.5, abs=0.02)
    frames = [buffer.take(0) for _ in range(5)]
    assert [frame.seq for frame in frames if frame] == shutter.marks == [0, 1, 2, 3, 4]


def test_agent_that_cannot_keep_up_leaves_ticks_out_and_numbers_what_it_takes() -> None:
    shutter, _, _ = run_agent(cost_s=0.25)
    assert shutter.ticks == [0, 3, 6, 9, 12]
    assert shutter.marks == [0, 1, 2, 3, 4]


def test_agent_stops_when_told() -> None:
    clock, stop = FakeClock(), threading.Event()
    stop.set()
    assert Agent("cam-abc", "s" * 22, CountingShutter(clock), FrameBuffer(), 10, clock).capture(stop) == 0


def test_tally_summary_adds_up() -> None:
    tally = Tally()
    for outcome in (Outcome.ACKNOWLEDGED, Outcome.ACKNOWLEDGED, Outcome.UNKNOWN):
        tally.count(outcome)
    tally.count(Outcome.REFUSED, "jpeg_size")
    summary = json.loads(tally.summary("cam-abc", "s" * 22, dropped=3, seconds=1.26))
    assert (summary["captured"], summary["sent"], summary["acknowledged"], summary["refused"]) == (7, 4, 2, 1)
    assert (summary["dropped"], summary["unknown"], summary["refusals"]) == (3, 1, {"jpeg_size": 1})


def test_options_token_comes_from_a_file_and_stays_out_of_repr(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "token").write_text(TOKEN + "\n")
    options = parse_options([*BASE, "--token-file", str(tmp_path / "token"), "--size", "1280x720"])
    assert (options.token, options.size, options.fps) == (TOKEN, (1280, 720), 10.0)
    assert TOKEN not in repr(options)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--token", "guess"],
        ["--token", TOKEN, "--fps", "0"],
        ["--token", TOKEN, "--fps", "nan"],
        ["--token", TOKEN, "--size", "640"],
        ["--token", TOKEN, "--quality", "101"],
        ["--token-file", "/nowhere"],
        [],
    ],
)
def test_options_wrong_use_exits_with_2(wrong: list[str], capsys) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as ended:
        parse_options([*BASE, *wrong])
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err
