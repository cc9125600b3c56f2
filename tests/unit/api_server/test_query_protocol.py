"""Random histories of a query: events repeated and replayed, the indexer killed, the database losing its newest writes.
Whatever happens, the query ends finished, with all its sightings, and no join is sent before all parts are there."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api_server.cameras.requests import NewCamera
from api_server.queries.models import BoardModels
from api_server.queries.record import QueryState
from api_server.queries.registry import QueryRegistry
from api_server.queries.requests import NewQueryBody
from api_server.queries.sweep import SETTLED_AFTER_S, QuerySweep
from api_server.recordings.footage import Footage
from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.detection import ModelInfo
from common.contracts.query_sidecar import QuerySidecar, part_ready
from common.contracts.segment_job import AskedModel, JoinJob, PlanJob, parse_job, part_key, result_key
from common.contracts.sidecar_box import pack_box
from common.model_registry import YOLOX_NANO
from common.storage.queries import sidecar_metadata
from tests.unit.api_server.world import VIDEO, World, make_sighting, recorder_sidecar

START = 1_700_000_000_000
ASKED = AskedModel(name="yolox_nano", version=YOLOX_NANO.version, sha256=YOLOX_NANO.sha256)
MODEL = ModelInfo(name="yolox_nano", version="1", sha256="0" * 64)
SIGHTINGS = tuple(make_sighting(n, text=f"M AB {n}") for n in range(3))
ROUNDS = 60
"""The longest way from any state to the end is shorter."""


class History:
    """One query, its workers, its events, and an indexer whose committed offset trails what it wrote."""

    def __init__(self, parts: int) -> None:
        self.world = World(Path("unused"))
        self.parts = parts
        user = self.world.add_user("ann")
        camera = self.world.registry.create(user.id, NewCamera(name="Door"))[0]
        self.world.add_clip(recorder_sidecar(camera.id, START))
        self.before = self.world.database.snapshot()
        models = BoardModels(self.world.board)
        footage = Footage(self.world.database)
        registry = QueryRegistry(self.world.queries, footage, self.world.store, models, self.world.clock)
        body = NewQueryBody.model_validate(
            {
                "camera": camera.id,
                "from": START,
                "to": START + 10_000,
                "analysis": "objects",
                "options": {"model": ASKED.name},
            }
        )
        self.query_id = registry.ask(user.id, body, camera)[0].id
        self.events: list[QueryPlanned | PartReady | QueryFailed] = []
        self.jobs: list[Any] = []
        self.jobs_read = 0
        self.stored: set[int] = set()
        self.position = self.committed = 0
        self.kept = [self.world.database.snapshot()]
        """What the database may come back with: no older than the last commit."""

    def keeper(self, _: int) -> None:
        """The keeper looks."""
        self.world.query_keeper.run_once()
        for record in self.world.cluster.records("segment-jobs")[self.jobs_read :]:
            job = parse_job(record.value or b"")
            if isinstance(job, JoinJob):
                assert self.stored == set(range(self.parts)), "a join before its parts"
            self.jobs.append(job)
            self.jobs_read += 1
        self.kept.append(self.world.database.snapshot())

    def worker(self, which: int) -> None:
        """A job is done, perhaps again: nobody says in which order, or how often."""
        if not self.jobs:
            return
        job = self.jobs[which % len(self.jobs)]
        if isinstance(job, PlanJob):
            self.jobs += range(self.parts)
            self.events.append(QueryPlanned(query_id=self.query_id, parts=self.parts, duration_ms=1000, frame_count=10))
        elif isinstance(job, JoinJob):
            self._join()
        else:
            self.stored.add(job)
            self.events.append(
                PartReady(
                    query_id=self.query_id,
                    part=job,
                    parts=self.parts,
                    object_key=part_key(self.query_id, job),
                    frame_count=5,
                    duration_ms=500,
                    model=MODEL,
                )
            )

    def indexer(self, count: int) -> None:
        """Some events are written."""
        for event in self.events[self.position : self.position + 1 + count % 4]:
            self.world.query_events.write(event)
            self.position += 1
            self.kept.append(self.world.database.snapshot())

    def commit(self, _: int) -> None:
        self.committed = max(self.committed, self.position)
        self.kept = [self.world.database.snapshot()]

    def kill(self, _: int) -> None:
        """The indexer comes back at its committed offset."""
        self.position = self.committed

    def crash(self, which: int) -> None:
        """The database comes back with some of its newest writes lost; the indexer notices."""
        self.world.database.crash(self.kept[which % len(self.kept)])
        self.position = self.committed

    def lose(self, _: int) -> None:
        """The database forgets all queries; the sweep is due."""
        self.world.database.crash({**self.world.database.snapshot(), "queries": {}, "query_sightings": {}})
        self.position = self.committed
        self.kept = [self.world.database.snapshot()]

    def replay(self, _: int) -> None:
        """Somebody set the group back to the log's start."""
        self.position = self.committed = 0

    def finish(self) -> None:
        """No more faults: everybody works until nothing is left to do."""
        self.world.clock.advance(SETTLED_AFTER_S + 1)
        sweep = QuerySweep(
            self.world.queries, self.world.uploads, self.world.query_events, self.world.store, self.world.clock
        )
        sweep.run_once()
        for n in range(ROUNDS):
            self.keeper(0)
            for which in range(len(self.jobs)):
                if n < 3 or which >= len(self.jobs) - 2:
                    self.worker(which)
            self.indexer(3)
            if self.position >= len(self.events) and self.record.state is QueryState.FINISHED:
                return
            if self.position < len(self.events):
                while self.position < len(self.events):
                    self.indexer(3)

    @property
    def record(self) -> Any:
        found = self.world.queries.known(self.query_id)
        assert found is not None
        return found

    def _join(self) -> None:
        sidecar = QuerySidecar(
            query_id=self.query_id,
            analysis="objects",
            part=0,
            parts=self.parts,
            is_result=True,
            frame_count=5 * self.parts,
            searched=5,
            duration_ms=500 * self.parts,
            width=640,
            height=480,
            model=MODEL,
            sightings=SIGHTINGS,
        )
        key = result_key(self.query_id)
        self.world.store.replace(key, VIDEO + pack_box(sidecar), "video/mp4", sidecar_metadata(len(VIDEO)))
        self.events.append(part_ready(sidecar, key))


ACTIONS = (
    History.keeper,
    History.worker,
    History.worker,
    History.indexer,
    History.indexer,
    History.commit,
    History.kill,
    History.crash,
    History.lose,
    History.replay,
)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 50)), max_size=60),
)
def test_query_ends_finished_whatever_is_killed_replayed_and_lost(parts: int, history: list[tuple[Any, int]]) -> None:
    story = History(parts)
    for action, number in history:
        action(story, number)
    story.finish()
    record = story.record
    assert record.state is QueryState.FINISHED
    assert (record.model, record.question.asked_model) == (MODEL, ASKED)
    assert all(job.work.model == ASKED for job in story.jobs if isinstance(job, PlanJob | JoinJob))
    assert (record.parts, record.frame_count, record.sighting_count) == (parts, 5 * parts, len(SIGHTINGS))
    found = story.world.queries.sightings_of(story.query_id)
    assert [s.text for s in found] == [s.text for s in SIGHTINGS]
    before = story.world.database.snapshot()
    story.replay(0)
    while story.position < len(story.events):
        story.indexer(3)
    assert story.world.database.snapshot() == before
