"""A query names another model: what it stands for on a worker, and what is said when it is not there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.clock import SystemClock
from common.contracts.clip_event import PartReady, QueryFailed
from common.contracts.detection import ModelInfo
from common.contracts.query_sidecar import QuerySidecar
from common.contracts.segment_job import AskedModel, PartJob, Source, Work, part_key
from common.errors import ConfigurationError
from common.kafka.ports import Record
from common.model_registry import YOLOX_NANO
from common.query_models import BUILT_IN
from common.silence import Silence
from common.storage.memory import MemoryObjectStore
from consumers.jobs.job_options import sure_enough, tracker_options
from consumers.jobs.join import models_of
from consumers.jobs.query_objects import read_query_sidecar
from consumers.jobs.worker import JobWorker
from consumers.models.offered import ModelRefused, OfferedModels
from consumers.models.own import read_own_models
from consumers.objects.definition import DEFINITION as OBJECTS
from consumers.people.definition import DEFINITION as PEOPLE
from consumers.registry import PLACES, load_definition
from tests.support.made_network import made_options, options_for
from tests.unit.inference.making import mean_model
from tests.unit.jobs.test_jobs import BrightSpots, make_film
from tests.unit.objects.answers import yolox

KEY = "uploads/film.mp4"
QUERY = "q-" + "c" * 16
NO_LOG: Any = None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MODEL_DIR, with nothing in it."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("LOOKOUT_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setattr("common.model_registry.REPOSITORY", tmp_path / "nowhere")
    return tmp_path


def list_models(folder: Path, **listed: object) -> None:
    (folder / "models.json").write_text(json.dumps(listed))


def part_job(analysis: str, model: AskedModel | None, **options: Any) -> PartJob:
    work = Work(query_id=QUERY, analysis=analysis, every_ms=500, options=options, model=model)
    source = Source(object_key=KEY, pts_a_ms=0, pts_b_ms=2_000)
    return PartJob(work=work, part=0, parts=1, source=source, offset_ms=0, width=320, height=240)


def outcome_of(definition: Any, job: PartJob, folder: Path) -> tuple[Any, MemoryObjectStore]:
    store = MemoryObjectStore()
    store.replace(KEY, make_film(folder / "film.mp4", 20), "video/mp4")
    silence, offered = Silence("The model", SystemClock()), OfferedModels(definition)
    worker = JobWorker(
        definition, BrightSpots(), store, NO_LOG, "jobs", folder, silence=silence, clock=SystemClock(), offered=offered
    )
    outcome = worker.work(Record("segment-jobs", 0, 0, 0, b"", job.to_json()), still_wanted=lambda: True)
    assert outcome is not None
    return outcome.event, store


def registered(analysis: str, name: str) -> AskedModel:
    (model,) = [one for one in BUILT_IN[analysis] if one.name == name]
    return AskedModel(name=model.name, version=model.version, sha256=model.sha256)


@pytest.mark.parametrize("name", sorted(PLACES))
def test_every_registered_model_of_an_analysis_has_its_options(name: str) -> None:
    """What the API lets through is what the consumers know."""
    assert set(load_definition(name).models) == {model.name for model in BUILT_IN.get(name, ())}


def test_models_offered_say_which_files_are_here(folder: Path) -> None:
    made = made_options(folder, *yolox())["network"]
    list_models(folder, objects=[made], emotion=[{**made, "labels": ["a", "b"]}])
    found = {model.name: model for model in OfferedModels(OBJECTS).all}
    assert {name: model.is_here for name, model in found.items()} == {
        "yolox_nano": False,
        "fastestdet": False,
        "made": True,
    }
    assert (found["made"].version, found["made"].sha256) == ("own", made["sha256"])
    assert [model.name for model in OfferedModels(PEOPLE).all if model.is_here] == ["hog"]


def test_network_that_the_service_was_started_with_can_be_named(folder: Path) -> None:
    options = made_options(folder, *yolox())
    asked = AskedModel(name="made", version="own", sha256=options["network"]["sha256"])
    assert OfferedModels(OBJECTS, options).build(asked, {}).model.name == "made"
    with pytest.raises(ModelRefused, match="knows no model called made"):
        OfferedModels(OBJECTS).build(asked, {})


def test_part_is_searched_with_the_model_that_is_named_and_says_so(folder: Path) -> None:
    made = made_options(folder, *yolox())["network"]
    list_models(folder, objects=[made])
    asked = AskedModel(name="made", version="own", sha256=made["sha256"])
    event, store = outcome_of(OBJECTS, part_job("objects", asked, classes=["bus"]), folder)
    assert isinstance(event, PartReady), event
    assert event.model == ModelInfo(name="made", version="own", sha256=made["sha256"])
    assert read_query_sidecar(store, part_key(QUERY, 0)).model == event.model
    assert {sighting.label for sighting in event.sightings} == {"bus"}


def test_people_are_found_without_a_file_by_name(folder: Path) -> None:
    event, _ = outcome_of(PEOPLE, part_job("people", registered("people", "hog")), folder)
    assert isinstance(event, PartReady), event
    assert event.model is not None
    assert event.model.name == "opencv_hog_people"


def test_model_that_is_not_on_the_worker_fails_the_query_with_a_sentence(folder: Path) -> None:
    event, _ = outcome_of(OBJECTS, part_job("objects", registered("objects", "yolox_nano")), folder)
    assert isinstance(event, QueryFailed)
    assert event.reason.startswith("The model yolox_nano is not on the machine that runs objects: its file ")
    assert "object_detection_yolox_nano_416.onnx is missing there. Get it with: MODEL_DIR=FOLDER" in event.reason


def test_altered_file_fails_the_query_and_names_no_folder(folder: Path) -> None:
    (folder / "object_detection_yolox_nano_416.onnx").write_bytes(b"something else")
    event, _ = outcome_of(OBJECTS, part_job("objects", registered("objects", "yolox_nano")), folder)
    assert isinstance(event, QueryFailed)
    assert "is not yolox_nano as it is registered" in event.reason
    assert str(folder) not in event.reason


def test_name_that_stands_for_another_file_than_when_it_was_asked_is_refused(folder: Path) -> None:
    made = made_options(folder, *yolox())["network"]
    list_models(folder, objects=[made])
    event, _ = outcome_of(OBJECTS, part_job("objects", AskedModel(name="made", version="own", sha256="0" * 64)), folder)
    assert isinstance(event, QueryFailed)
    assert event.reason.startswith("made is another file")
    old = registered("objects", "yolox_nano").model_copy(update={"sha256": "0" * 64})
    event, _ = outcome_of(OBJECTS, part_job("objects", old), folder)
    assert isinstance(event, QueryFailed)
    assert event.reason.startswith("yolox_nano is another file")


def test_emotion_takes_the_shipped_network_or_one_of_the_list(folder: Path) -> None:
    definition = load_definition("emotion")
    own = options_for(folder, mean_model((None, 1, 48, 48)), "moods.onnx", labels=["calm", "wild"])["network"]
    list_models(folder, emotion=[own])
    asked = AskedModel(name="moods", version="own", sha256=own["sha256"])
    offered = OfferedModels(definition, {"network": None})
    assert offered.build(asked, {}).model.name.endswith("+moods")
    assert offered.build(registered("emotion", "fer_emotion"), {}).model.name.endswith("+fer_emotion")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON"),
        ("[]", "models.json in MODEL_DIR: "),
        ('{"objects": [{"file": "../x.onnx", "sha256": "' + "0" * 64 + '"}]}', "objects.0.file"),
        ('{"objects": [{"file": "x.onnx", "sha256": "abc"}]}', "objects.0.sha256"),
        ('{"objects": [{"file": "x.onnx", "sha256": "%s"}, {"file": "x.onnx", "sha256": "%s"}]}', "name of two"),
        ('{"objects": [{"file": "yolox_nano.onnx", "sha256": "%s"}]}', "name of two"),
        ("[" * 300_000, "larger than"),
    ],
)
def test_list_that_is_not_as_it_must_be_is_refused(folder: Path, content: str, words: str) -> None:
    (folder / "models.json").write_text(content.replace("%s", "0" * 64))
    with pytest.raises(ConfigurationError, match=words):
        OfferedModels(OBJECTS)


def test_no_list_is_no_model(folder: Path) -> None:
    assert read_own_models("objects", {}) == ()
    list_models(folder, emotion=[])
    assert read_own_models("objects", {}) == ()


def test_threshold_is_the_trackers_where_it_has_one() -> None:
    assert tracker_options(OBJECTS, {"min_confidence": 0.2, "classes": ["bus"]}) == {
        "score_min": 0.2,
        "classes": ["bus"],
    }
    assert tracker_options(OBJECTS, {"min_confidence": 0.0}) == {"score_min": 0.1}
    (doubtful,) = BrightSpots().analyze([np.full((8, 8, 3), 200, np.uint8)])[0]
    assert sure_enough(OBJECTS, [doubtful], {"min_confidence": 0.95}) == [doubtful]
    emotion = load_definition("emotion")
    assert tracker_options(emotion, {"min_confidence": 0.95}) == {}
    assert sure_enough(emotion, [doubtful], {"min_confidence": 0.95}) == []


def test_result_names_every_model_that_spoke() -> None:
    def part(model: ModelInfo | None) -> QuerySidecar:
        return QuerySidecar(
            query_id=QUERY, analysis="objects", part=0, parts=1, frame_count=1, searched=1, duration_ms=1, width=2,
            height=2, model=model,
        )  # fmt: skip

    one, other = ModelInfo(name="a", version="1", sha256="1"), ModelInfo(name="b", version="2", sha256="2")
    assert models_of([part(None)]) is None
    assert models_of([part(one), part(None), part(one)]) == one
    assert models_of([part(one), part(other), part(one)]) == ModelInfo(name="a / b", version="1 / 2", sha256="1 / 2")


def test_registered_digest_travels_with_the_job() -> None:
    job = part_job("objects", registered("objects", "yolox_nano"))
    assert PartJob.model_validate_json(job.to_json()) == job
    assert job.work.model is not None
    assert job.work.model.sha256 == YOLOX_NANO.sha256
