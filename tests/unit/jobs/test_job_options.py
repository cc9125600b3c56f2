"""Options of a query: an analyzer of its own, and a threshold."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.clock import SystemClock
from common.contracts.segment_job import PartJob, Source, Work, part_key
from common.silence import Silence
from common.storage.memory import MemoryObjectStore
from consumers.jobs.job_options import AnalyzersByOptions
from consumers.jobs.part import PartWorker
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer
from tests.unit.jobs.test_jobs import BrightSpots, make_film

KEY = "uploads/film.mp4"


def definition(built: list[Mapping[str, Any]]) -> AnalysisDefinition:
    def build(options: Mapping[str, Any]) -> Analyzer:
        built.append(options)
        return BrightSpots()

    return AnalysisDefinition(
        name="probe",
        title="probe",
        kinds=("spot",),
        default_every_ms=100,
        build_analyzer=build,
        options={"mode": "standard", "formats": ["generic"]},
    )


def part_job(**options: Any) -> PartJob:
    work = Work(query_id="q-" + "a" * 16, analysis="probe", every_ms=200, options=options)
    source = Source(object_key=KEY, pts_a_ms=4_000, pts_b_ms=6_000)
    return PartJob(work=work, part=0, parts=1, source=source, offset_ms=0, width=320, height=240)


def test_analyzers_are_built_once_for_the_same_options() -> None:
    built: list[Mapping[str, Any]] = []
    usual = BrightSpots()
    analyzers = AnalyzersByOptions(definition(built), usual)
    assert analyzers.of({}) is usual
    assert analyzers.of({"min_confidence": 0.5}) is usual
    own = analyzers.of({"mode": "fast"})
    assert analyzers.of({"mode": "fast", "min_confidence": 0.5}) is own
    assert built == [{"mode": "fast", "formats": ["generic"]}]


def test_part_leaves_out_what_is_not_sure_enough_and_is_not_done_twice(tmp_path: Path) -> None:
    store = MemoryObjectStore()
    store.replace(KEY, make_film(tmp_path / "film.mp4"), "video/mp4")
    clock = SystemClock()
    worker = PartWorker(
        store, definition([]), BrightSpots(), tmp_path, silence=Silence("The model", clock), clock=clock
    )
    assert worker.run(part_job(min_confidence=0.95), lambda: True).sightings == ()
    store.delete(part_key("q-" + "a" * 16, 0))
    found = worker.run(part_job(min_confidence=0.85), lambda: True)
    assert len(found.sightings) == 1
    store.delete(KEY)
    assert worker.run(part_job(), lambda: True) == found
