"""Random histories of an upload: workers killed at every step, events repeated and replayed, the database losing its
newest writes, the upload deleted. In the end there is one object and its record says so, or there is nothing at all."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from api_server.queries.sweep import QuerySweep
from api_server.recordings.playable_sweep import PlayableSweep
from api_server.recordings.preparation import AGAIN_S
from api_server.recordings.record import PlayableState
from api_server.strays import SETTLED_AFTER_S
from common.contracts.playable import PrepareJob, UploadPrepared
from common.contracts.segment_job import parse_job
from common.errors import Transient
from common.kafka.ports import LogReader, Record
from consumers.playable.wire import Verdict
from consumers.playable.worker import PlayableWorker
from tests.unit.api_server.test_queries import report
from tests.unit.api_server.world import World

CALLS = ("head", "create", "delete")
"""Of the store: a worker is killed before or after any of them."""
CALLS_MAX = 6
"""As many as a worker makes for one job, and one more."""


class Killed(BaseException):
    """The process ends here."""


class WritingProcess:
    """Stands in for the process that opens the file: says every time something else, as an encoder may. `meanwhile`
    happens while it works."""

    made = 0
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, *_: object) -> None:
        pass

    def run(self, size: int, path: Path, output_bytes: int, read: Callable[[int, int], bytes], _: object) -> Verdict:
        read(0, size - 1)
        WritingProcess.meanwhile()
        WritingProcess.made += 1
        path.write_bytes(b"m" * (10 + WritingProcess.made % 5))
        return Verdict(state="made", media="video/mp4", duration_ms=WritingProcess.made)


class DyingStore:
    """The world's store, until the process that uses it is killed."""

    def __init__(self, store: Any, lives: int, is_applied: bool) -> None:
        self._store = store
        self._lives = lives
        self._is_applied = is_applied

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name not in CALLS:
            return call

        def dying(*arguments: object) -> object:
            self._lives -= 1
            if self._lives < 0:
                if self._is_applied:
                    call(*arguments)
                raise Killed
            return call(*arguments)

        return dying


class History:
    """One upload, its jobs and events, and an indexer whose committed offset trails what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(Path("unused"))
        self.world.add_user("ann")
        self.before = self.world.database.snapshot()
        self.upload = self.world.add_upload("ann", name="yard.mkv", container="mkv", media="video/x-matroska")
        self.is_deleted = False
        self.jobs: list[PrepareJob] = []
        self.jobs_read = 0
        self.events: list[UploadPrepared] = []
        self.position = self.committed = 0
        self.kept = [self.world.database.snapshot()]
        """What the database may come back with: no older than the last commit."""

    def keeper(self, _: int) -> None:
        self.world.upload_preparer.run_once()
        for record in self.world.cluster.records("segment-jobs")[self.jobs_read :]:
            job = parse_job(record.value or b"")
            assert isinstance(job, PrepareJob)
            self.jobs.append(job)
            self.jobs_read += 1
        self.kept.append(self.world.database.snapshot())

    def worker(self, which: int) -> None:
        """A job is done, perhaps again, perhaps by one that is killed in the middle."""
        if not self.jobs:
            return
        job = self.jobs[which % len(self.jobs)]
        store: Any = DyingStore(self.world.store, which % CALLS_MAX, which // CALLS_MAX % 2 == 0)
        nothing_is_read = cast(LogReader, None)
        worker = PlayableWorker(store, nothing_is_read, "recorder-jobs", self.folder, 0, self.world.clock)
        try:
            outcome = worker.work(Record("segment-jobs", 0, 0, 0, b"", job.to_json()), lambda: True)
        except (Killed, Transient):
            return
        if outcome is not None:
            assert isinstance(outcome.event, UploadPrepared)
            self.events.append(outcome.event)

    def indexer(self, count: int) -> None:
        for event in self.events[self.position : self.position + 1 + count % 3]:
            self.world.writer.write(event)
            self.position += 1
            self.kept.append(self.world.database.snapshot())

    def commit(self, _: int) -> None:
        self.committed = max(self.committed, self.position)
        self.kept = [self.world.database.snapshot()]

    def crash(self, which: int) -> None:
        """The database comes back with some of its newest writes lost; what was deleted stays so, for that was
        answered only when it was written down."""
        self.world.database.crash(self.kept[which % len(self.kept)])
        self.position = self.committed

    def replay(self, _: int) -> None:
        self.position = self.committed = 0

    def wait(self, _: int) -> None:
        self.world.clock.advance(AGAIN_S + 100)
        report(self.world, "recorder")

    def delete(self, which: int) -> None:
        if which % 4 == 0:
            self.is_deleted = True
            self.world.uploads.hide(self.upload.id)
            self.kept = [self.world.database.snapshot()]

    def worker_while_it_is_deleted(self, which: int) -> None:
        def delete_and_erase() -> None:
            self.delete(0)
            self.erase(0)

        if which % 2 == 0:
            WritingProcess.meanwhile = delete_and_erase
        self.worker(which)
        WritingProcess.meanwhile = staticmethod(lambda: None)

    def erase(self, _: int) -> None:
        self.world.query_eraser.run_once()
        if self.is_deleted:
            self.kept = [self.world.database.snapshot()]

    def finish(self) -> None:
        """No more faults: everybody works until nothing is left to do."""
        world = self.world
        for _ in range(4):
            self.wait(0)
            world.clock.advance(2 * SETTLED_AFTER_S)
            report(world, "recorder")
            world.query_eraser.run_once()
            QuerySweep(world.queries, world.uploads, world.query_events, world.store, world.clock).run_once()
            PlayableSweep(world.uploads, world.store, world.clock).run_once()
            self.keeper(0)
            if not self.is_deleted:  # its jobs may be done, and nobody repeats them
                self._work_in_peace()
            while self.position < len(self.events):
                self.indexer(2)

    def _work_in_peace(self) -> None:
        for job in self.jobs[-1:]:
            nothing_is_read = cast(LogReader, None)
            worker = PlayableWorker(
                self.world.store, nothing_is_read, "recorder-jobs", self.folder, 0, self.world.clock
            )
            outcome = worker.work(Record("segment-jobs", 0, 0, 0, b"", job.to_json()), lambda: True)
            if outcome is not None:
                assert isinstance(outcome.event, UploadPrepared)
                self.events.append(outcome.event)


ACTIONS = (
    History.keeper,
    History.worker,
    History.worker,
    History.worker_while_it_is_deleted,
    History.indexer,
    History.commit,
    History.crash,
    History.replay,
    History.wait,
    History.delete,
    History.erase,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 50)), min_size=10, max_size=30))
def test_upload_ends_with_one_object_or_nothing_whatever_happens(history: list[tuple[Any, int]]) -> None:
    with patch("consumers.playable.worker.FileProcess", WritingProcess), tempfile.TemporaryDirectory() as folder:
        story = History(Path(folder))
        for action, number in history:
            action(story, number)
        story.finish()
        assert list(Path(folder).iterdir()) == []
    world, upload = story.world, story.upload
    if story.is_deleted:
        assert world.uploads.known(upload.id) is None
        assert world.store.objects() == {}
        return
    record = world.uploads.known(upload.id)
    assert record is not None
    assert record.playable is PlayableState.MADE
    assert list(world.store.objects()) == [upload.playable_key, upload.key]
    stored = world.store.objects()[upload.playable_key]
    assert record.playable_bytes == stored.info.size
    announced = {event.duration_ms for event in story.events if event.state == "made"}
    assert announced == {int(stored.info.metadata["duration-ms"])}, "what is stored is what is announced"
