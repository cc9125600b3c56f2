from collections.abc import Callable

import pytest

from camera_client.connection import Answer, NoAnswer, NotSent
from camera_client.frame_buffer import Frame, FrameBuffer
from camera_client.journal import FileJournal, NoJournal, read_journal
from camera_client.sender import GIVE_UP_S, GRACE_S, IDENTITY_PATIENCE_S, CameraRefused, Sender
from camera_client.tally import Outcome, Tally
from common.clock import FakeClock

OK = Answer(201, "stored")
Step = Answer | Exception


class ScriptedConnection:
    """Gives the scripted answers in order, the last one for ever; `seen` holds (seq, time)."""

    def __init__(self, clock: FakeClock, *steps: Step, on_post: Callable[[], None] = lambda: None) -> None:
        self._clock, self._steps, self._on_post = clock, list(steps), on_post
        self.seen: list[tuple[int, float]] = []
        self.is_closed = False

    def post(self, frame: Frame, timeout_s: float) -> Answer:
        assert timeout_s > 0
        self.seen.append((frame.seq, self._clock.monotonic_s()))
        self._on_post()
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A sender with `frames` frames waiting and the end in sight."""

    def __init__(self, *steps: Step, frames: int = 1) -> None:
        self.clock, self.tally, self.buffer = FakeClock(), Tally(), FrameBuffer(capacity=10)
        self.connection = ScriptedConnection(self.clock, *steps)
        self.sender = Sender(self.connection, self.buffer, "s" * 22, self.tally, NoJournal(), self.clock)
        for seq in range(frames):
            self.buffer.put(Frame(seq, seq, b"jpeg"))
        self.buffer.close()

    def counts(self) -> dict[str, int]:
        return {outcome.value: self.tally.outcome(outcome) for outcome in Outcome if self.tally.outcome(outcome)}


def test_sender_acknowledged_frames_are_sent_once() -> None:
    bench = Bench(OK, frames=3)
    bench.sender.run()
    assert [seq for seq, _ in bench.connection.seen] == [0, 1, 2]
    assert bench.counts() == {"acknowledged": 3}
    assert bench.connection.is_closed


@pytest.mark.parametrize("trouble", [Answer(503), Answer(429), Answer(507), Answer(500), NotSent("x"), NoAnswer("x")])
def test_sender_trouble_that_passes_repeats_the_same_frame(trouble: Step) -> None:
    bench = Bench(trouble, trouble, OK, OK, frames=2)
    bench.sender.run()
    assert [seq for seq, _ in bench.connection.seen] == [0, 0, 0, 1]
    assert bench.counts() == {"acknowledged": 2}


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [(Answer(503), "unknown"), (NoAnswer("x"), "unknown"), (NotSent("x"), "refused"), (Answer(507), "refused")],
)
def test_sender_trouble_that_lasts_gives_up_within_60_s(trouble: Step, outcome: str) -> None:
    bench = Bench(trouble)
    bench.sender.run()
    assert bench.counts() == {outcome: 1}
    assert GIVE_UP_S / 2 < bench.connection.seen[-1][1] < GIVE_UP_S


@pytest.mark.parametrize("status", [400, 411, 413, 415])
def test_sender_refused_for_good_is_not_repeated(status: int) -> None:
    bench = Bench(Answer(status, "bad"), OK, frames=2)
    bench.sender.run()
    assert [seq for seq, _ in bench.connection.seen] == [0, 1]
    assert bench.counts() == {"acknowledged": 1, "refused": 1}


def test_sender_waits_as_long_as_the_server_asks() -> None:
    bench = Bench(Answer(429, retry_after_s=7.0), OK)
    bench.sender.run()
    (_, first_s), (_, second_s) = bench.connection.seen
    assert 7.0 <= second_s - first_s < 8.6


def test_sender_wrong_token_stops_after_some_patience() -> None:
    bench = Bench(Answer(401, "bad_token", "The token is wrong."), frames=3)
    bench.sender.run()
    assert isinstance(bench.sender.failure, CameraRefused)
    assert bench.connection.seen[-1][1] >= IDENTITY_PATIENCE_S
    assert bench.buffer.dropped == 2


def test_sender_camera_known_a_moment_later_goes_on() -> None:
    bench = Bench(Answer(404), Answer(404), OK)
    bench.sender.run()
    assert bench.counts() == {"acknowledged": 1}
    assert bench.sender.failure is None


def test_sender_told_to_stop_does_not_outlive_its_grace() -> None:
    bench = Bench(Answer(503), frames=4)
    bench.sender.stop_waiting()
    bench.sender.run()
    assert bench.clock.monotonic_s() <= GRACE_S
    assert bench.tally.outcome(Outcome.ACKNOWLEDGED) == 0


def test_journal_lines_of_a_cut_file_are_read_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "journal"
    journal = FileJournal(path)
    journal.write("s" * 22, Frame(1, 11, b""), Outcome.ACKNOWLEDGED)
    journal.write("s" * 22, Frame(2, 22, b""), Outcome.UNKNOWN)
    journal.close()
    path.write_text(path.read_text() + '{"session": "sss')
    lines = read_journal(path)
    assert [(line.identity, line.captured_us, line.outcome) for line in lines] == [
        (("s" * 22, 1), 11, Outcome.ACKNOWLEDGED),
        (("s" * 22, 2), 22, Outcome.UNKNOWN),
    ]
