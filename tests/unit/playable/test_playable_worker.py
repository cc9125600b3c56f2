"""The worker of uploads: once, whatever is repeated; nothing of what is deleted; a file hurts its own process alone."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from common.clock import FakeClock, SystemClock
from common.contracts.playable import PrepareJob, UploadPrepared, playable_key
from common.contracts.segment_job import JoinJob, Work
from common.errors import Transient
from common.kafka.ports import LogReader, Record
from common.storage.memory import MemoryObjectStore
from consumers.jobs.outcome import NoLongerWanted
from consumers.playable import worker as module
from consumers.playable.file_process import WORK_S, FileProcess, FileProcessEnded, TookTooLong
from consumers.playable.wire import Verdict
from consumers.playable.worker import PlayableWorker
from tests.unit.playable.films import FRAMES, draw, shown

UPLOAD = "up-" + "a" * 16
SOURCE, MADE = f"uploads/{UPLOAD}", playable_key(UPLOAD)
JOB = PrepareJob(upload_id=UPLOAD, object_key=SOURCE)


def record_of(job: PrepareJob | JoinJob) -> Record:
    return Record("segment-jobs", 0, 0, 0, b"", job.to_json())


class Bench:
    """A worker over a store in memory; real processes open its files."""

    def __init__(self, folder: Path, free_bytes: int = 0) -> None:
        self.folder = folder / "scratch"
        self.folder.mkdir()
        self.store = MemoryObjectStore()
        nothing_is_read = cast(LogReader, None)
        self.worker = PlayableWorker(
            self.store, nothing_is_read, "recorder-jobs", self.folder, free_bytes, SystemClock()
        )

    def put(self, film: bytes) -> None:
        self.store.replace(SOURCE, film, "video/x-matroska")

    def run(self, still_wanted: Callable[[], bool] = lambda: True) -> UploadPrepared | None:
        outcome = self.worker.work(record_of(JOB), still_wanted)
        assert list(self.folder.iterdir()) == [], "nothing is left behind"
        if outcome is None:
            return None
        assert isinstance(outcome.event, UploadPrepared)
        assert (outcome.jobs, outcome.event_key) == ((), UPLOAD)
        return outcome.event

    def made(self) -> list[str]:
        return [key for key in self.store.objects() if key.startswith("playable/")]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    return draw(tmp_path / "film.mkv", sound="pcm_s16le")


def test_worker_stores_what_browsers_play_and_announces_what_is_stored(
    bench: Bench, film: bytes, tmp_path: Path
) -> None:
    bench.put(film)
    event = bench.run()
    assert event is not None
    assert (event.state, event.media, event.duration_ms, event.width, event.codec) == (
        "made",
        "video/mp4",
        3_000,
        64,
        "h264",
    )
    stored = bench.store.objects()[MADE]
    assert stored.info.content_type == "video/mp4"
    (tmp_path / "made.mp4").write_bytes(stored.data)
    assert len(shown(tmp_path / "made.mp4")) == FRAMES
    before = len(bench.store.calls)
    assert bench.run() == event, "a job that is repeated announces the same"
    assert [name for name, _ in bench.store.calls[before:]] == ["head"] * 3, "and opens nothing"
    assert bench.store.objects()[MADE] == stored


def test_worker_announces_what_another_stored_first(bench: Bench, film: bytes) -> None:
    bench.put(film)
    first = b"somebody was first"

    def other(start: int, end: int | None) -> None:
        if MADE not in bench.store.objects():
            bench.store.create(MADE, first, "video/webm", {"duration-ms": "77"})

    _before_reading(bench.store, other)
    event = bench.run()
    assert event is not None
    assert (event.state, event.media, event.duration_ms) == ("made", "video/webm", 77)
    assert bench.store.objects()[MADE].data == first


def test_worker_stores_nothing_for_what_plays_already(bench: Bench, tmp_path: Path) -> None:
    bench.put(draw(tmp_path / "film.mp4"))
    event = bench.run()
    assert event is not None
    assert (event.state, event.duration_ms, bench.made()) == ("original", 3_000, [])


def test_worker_of_an_upload_that_is_gone_leaves_nothing(bench: Bench) -> None:
    bench.store.create(MADE, b"made by one that was killed", "video/mp4")
    assert bench.run() is None
    assert bench.made() == []


@pytest.mark.parametrize("when", ["read", "store"])
def test_worker_of_an_upload_that_is_deleted_meanwhile_leaves_nothing(bench: Bench, film: bytes, when: str) -> None:
    bench.put(film)

    def erase() -> None:
        """In the eraser's order."""
        bench.store.delete(SOURCE)
        bench.store.delete(MADE)

    if when == "read":
        _before_reading(bench.store, lambda _start, _end: erase())
    else:
        create = bench.store.create

        def erase_then_create(*arguments: object) -> None:
            erase()
            create(*arguments)  # type: ignore[arg-type]

        bench.store.create = erase_then_create  # type: ignore[method-assign,assignment]
    assert bench.run() is None
    assert bench.made() == []


def test_worker_waits_for_a_store_that_is_out(bench: Bench, film: bytes) -> None:
    bench.put(film)
    for operation in ("head", "read_range", "create"):
        bench.store.fail_next(operation, Transient("away"))
        with pytest.raises(Transient):
            bench.run()
    bench.store.fail_next("create", Transient("its answer was lost"), applied=True)
    with pytest.raises(Transient):
        bench.run()
    event = bench.run()
    assert event is not None
    assert (event.state, len(bench.made())) == ("made", 1)


def test_worker_that_stops_leaves_the_job_for_later(bench: Bench, film: bytes) -> None:
    bench.put(film)
    assert bench.run(lambda: False) is None
    assert bench.made() == []


def test_worker_without_room_on_its_disk_says_that_it_waits(tmp_path: Path, film: bytes) -> None:
    full = Bench(tmp_path, free_bytes=2**62)
    full.put(film)
    event = full.run()
    assert event is not None
    assert (event.state, event.note) == ("waiting", module.NOT_NOW)


def test_worker_whose_disk_fills_up_waits(bench: Bench, film: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.put(film)
    room_bytes = len(film) + module.SLACK_BYTES

    def refused(*_: object) -> Verdict:
        return Verdict(state="impossible", note="Its packets cannot be copied.")

    monkeypatch.setattr("consumers.playable.worker.FileProcess.run", refused)
    monkeypatch.setattr("consumers.playable.worker.shutil.disk_usage", lambda _: SimpleNamespace(free=room_bytes))
    event = bench.run()
    assert event is not None
    assert (event.state, event.note) == ("waiting", module.NOT_NOW)
    monkeypatch.undo()
    monkeypatch.setattr("consumers.playable.worker.tempfile.TemporaryDirectory", _no_room)
    event = bench.run()
    assert event is not None
    assert event.state == "waiting"


def test_worker_outlives_whatever_it_did_not_foresee(
    bench: Bench, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put(film)

    def broken(*_: object) -> Verdict:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr("consumers.playable.worker.FileProcess.run", broken)
    event = bench.run()
    assert event is not None
    assert (event.state, "KeyError" in (event.note or "")) == ("impossible", True)


def _no_room(**_: object) -> object:
    raise OSError(28, "No space left on device")


def test_worker_says_of_a_file_that_is_no_video_what_it_is(bench: Bench) -> None:
    bench.put(b"\x1a\x45\xdf\xa3" + b"nothing of the kind" * 100)
    event = bench.run()
    assert event is not None
    assert (event.state, event.problem == event.note, event.problem is not None) == ("impossible", True, True)


def test_worker_passes_other_jobs_by(bench: Bench) -> None:
    other = record_of(JoinJob(work=Work(query_id="q-" + "a" * 16, analysis="emotion"), parts=1))
    unreadable = Record("segment-jobs", 0, 0, 0, b"", b"{")
    for record in (other, unreadable):
        assert not bench.worker.concerns(record)
        assert bench.worker.work(record, lambda: True) is None
        assert bench.worker.given_up(record) is None
    assert bench.worker.concerns(record_of(JOB))


def test_worker_gives_up_a_job_that_ends_the_process_with_a_sentence(bench: Bench) -> None:
    outcome = bench.worker.given_up(record_of(JOB))
    assert outcome is not None
    assert isinstance(outcome.event, UploadPrepared)
    assert (outcome.event.state, "not tried again" in (outcome.event.note or "")) == ("impossible", True)


# What a file can do


def _before_reading(store: MemoryObjectStore, act: Callable[[int, int | None], None]) -> None:
    read_range = store.read_range

    def acting(key: str, start: int, end: int | None = None) -> object:
        act(start, end)
        return read_range(key, start, end)

    store.read_range = acting  # type: ignore[method-assign,assignment]


def children() -> set[int]:
    """Processes that this one has started and not waited for."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z":
            found.add(int(entry.parent.name))
    return found


@pytest.fixture
def no_process_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


@pytest.mark.usefixtures("no_process_is_left")
def test_process_that_a_file_brings_down_costs_a_sentence(bench: Bench, film: bytes) -> None:
    bench.put(film)
    before, killed = children(), []

    def kill(_start: int, _end: int | None) -> None:
        for process in children() - before:
            os.kill(process, signal.SIGSEGV)
            killed.append(process)

    _before_reading(bench.store, kill)
    event = bench.run()
    assert event is not None
    assert (event.state, event.problem, bench.made()) == ("impossible", None, [])
    assert len(set(killed)) == module.STARTS_MAX, "somebody else may have ended the first one"


@pytest.mark.usefixtures("no_process_is_left")
def test_process_that_hangs_is_ended_when_its_time_is_over(bench: Bench, film: bytes) -> None:
    clock = FakeClock()
    process = FileProcess(bench.folder, clock)
    stopped: list[int] = []

    def stop(start: int, end: int) -> bytes:
        (found,) = children() - before
        os.kill(found, signal.SIGSTOP)
        stopped.append(found)
        clock.advance(WORK_S + 1)
        return film[start : end + 1]

    before = children()
    begun_s = time.monotonic()
    with pytest.raises(TookTooLong):
        process.run(len(film), bench.folder / "out", 10**6, stop, lambda: True)
    assert time.monotonic() - begun_s < 60
    assert stopped


def run_alone(bench: Bench, film: bytes, output_bytes: int = 10**9, memory_bytes: int = 2**30) -> object:
    process = FileProcess(bench.folder, SystemClock(), memory_bytes=memory_bytes)
    return process.run(
        len(film), bench.folder / "out", output_bytes, lambda start, end: film[start : end + 1], lambda: True
    )


def test_process_writes_no_more_than_it_may(bench: Bench, tmp_path: Path) -> None:
    film = draw(tmp_path / "noise.avi", "mjpeg", pixels="yuvj420p", size=(640, 480))
    verdict = run_alone(bench, film, output_bytes=2_000)
    assert getattr(verdict, "state", None) == "impossible"
    assert (bench.folder / "out").stat().st_size <= 2_000


def test_process_takes_no_more_memory_than_it_may(bench: Bench, tmp_path: Path) -> None:
    film = draw(tmp_path / "large.avi", "mjpeg", pixels="yuvj420p", size=(3_840, 2_160), frames=3)
    try:
        verdict = run_alone(bench, film, memory_bytes=48 * 2**20)
    except FileProcessEnded:
        return  # ended by a library that does not take no for an answer
    assert getattr(verdict, "state", None) == "impossible"


def test_process_gets_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from consumers.playable.file_process import _environment  # noqa: PLC0415

    for name in ("AWS_SECRET_ACCESS_KEY", "KAFKA_SASL_PASSWORD", "MONGODB_URL", "LOOKOUT_SIGNING_KEY"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in _environment().values()


def test_process_that_asks_for_what_is_not_there_is_ended(
    bench: Bench, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.playable.file_process.BLOCK_MAX_BYTES", 10)
    with pytest.raises(FileProcessEnded, match="bytes that there are not"):
        run_alone(bench, film)


def test_process_that_nobody_wants_is_ended(bench: Bench, film: bytes) -> None:
    stop = threading.Event()

    def read(start: int, end: int) -> bytes:
        stop.set()
        return film[start : end + 1]

    process = FileProcess(bench.folder, SystemClock())
    with pytest.raises(NoLongerWanted):
        process.run(len(film), bench.folder / "out", 10**9, read, lambda: not stop.is_set())
