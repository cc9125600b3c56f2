"""Queries that name a model: what may be named, what the answer says, what makes it another question."""

import pytest

from common.contracts.consumer_status import ConsumerStatus, OfferedModel
from common.contracts.detection import ModelInfo
from common.contracts.segment_job import PlanJob, parse_job
from common.kafka.ports import Record
from common.model_registry import FASTESTDET, YOLOX_NANO
from tests.unit.api_server.test_queries import START, add_footage, ask, asked_id, known, shown
from tests.unit.api_server.world import Browser, World, make_sidecar

USUAL = ModelInfo(name="yolox_nano", version="1", sha256="1" * 64)
LATER = ModelInfo(name="yolox_nano", version="2", sha256="2" * 64)
OWN = OfferedModel(name="herd", version="own", sha256="3" * 64)


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def say(
    world: World,
    *models: OfferedModel,
    model: ModelInfo | None = None,
    instance: str = "a",
    analysis: str = "objects",
    state: str = "running",
) -> None:
    """A consumer reports."""
    status = ConsumerStatus(
        instance=instance,
        analysis=analysis,
        state=state,
        threads=1,
        at_us=world.clock.wall_us(),
        model=model,
        models=models,
    )
    world.board.take(Record("consumer-status", 0, 0, 0, None, status.to_json()))


def offered(browser: Browser, analysis: str) -> dict[str, object]:
    (found,) = [one for one in browser.get("/v1/analyses").get_json()["analyses"] if one["name"] == analysis]
    return dict(found)


def plans(world: World) -> list[PlanJob]:
    world.query_keeper.run_once()
    found = [parse_job(record.value or b"") for record in world.cluster.records("segment-jobs")]
    return [job for job in found if isinstance(job, PlanJob)]


@pytest.mark.parametrize(
    ("analysis", "names"),
    [
        ("objects", ["yolox_nano", "fastestdet"]),
        ("people", ["yolox_nano", "fastestdet", "hog"]),
        ("emotion", ["fer_emotion"]),
        ("license_plate", []),
        ("recorder", []),
    ],
)
def test_analyses_name_the_models_of_the_registry(ann: Browser, analysis: str, names: list[str]) -> None:
    found = offered(ann, analysis)
    assert [one["name"] for one in found["models"]] == names  # type: ignore[attr-defined]
    assert not any(one["here"] for one in found["models"])  # type: ignore[attr-defined]
    assert (found["queries"], found["model"]) == (analysis != "recorder", None)


def test_analyses_name_what_running_consumers_have(world: World, ann: Browser) -> None:
    here = OfferedModel(name="yolox_nano", version=YOLOX_NANO.version, sha256=YOLOX_NANO.sha256)
    gone = OfferedModel(name="fastestdet", version=FASTESTDET.version, sha256=FASTESTDET.sha256, is_here=False)
    bad = OfferedModel(name="../etc/passwd", version="own", sha256="4" * 64)
    taken = OfferedModel(name="yolox_nano", version="own", sha256="5" * 64)
    say(world, here, gone, OWN, bad, taken, model=USUAL)
    found = offered(ann, "objects")
    models = {one["name"]: one for one in found["models"]}  # type: ignore[attr-defined]
    assert {name: one["here"] for name, one in models.items()} == {
        "yolox_nano": True,
        "fastestdet": False,
        "herd": True,
    }
    assert models["yolox_nano"]["sha256"] == YOLOX_NANO.sha256
    assert models["herd"]["version"] == "own"
    assert found["model"] == USUAL.model_dump()
    say(world, model=LATER, instance="b")
    assert offered(ann, "objects")["model"] is None, "they differ"
    world.clock.advance(61)
    say(world, model=LATER, instance="b")
    assert offered(ann, "objects")["model"] == LATER.model_dump(), "the other has gone"
    say(world, OWN, model=USUAL, instance="a", state="stopped")
    assert "herd" not in {one["name"] for one in offered(ann, "objects")["models"]}  # type: ignore[attr-defined]


def test_model_is_carried_in_the_job_with_its_digest(world: World, ann: Browser) -> None:
    body = ask(ann, add_footage(world), analysis="objects", options={"model": "fastestdet", "classes": ["bus"]})
    assert (body.status_code, body.get_json()["options"]) == (202, {"model": "fastestdet", "classes": ["bus"]})
    (plan,) = plans(world)
    assert plan.work.options == {"classes": ["bus"]}
    assert plan.work.model is not None
    assert (plan.work.model.name, plan.work.model.sha256) == ("fastestdet", FASTESTDET.sha256)


def test_model_of_ones_own_can_be_named_while_a_consumer_offers_it(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    refused = ask(ann, camera, analysis="objects", options={"model": "herd"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "unknown_model")
    assert refused.get_json()["message"] == "No model of objects is called herd; there are yolox_nano, fastestdet."
    say(world, OWN)
    assert ask(ann, camera, analysis="objects", options={"model": "herd"}).status_code == 202
    (plan,) = plans(world)
    assert plan.work.model is not None
    assert plan.work.model.sha256 == OWN.sha256


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"analysis": "people", "options": {"model": "fer_emotion"}}, 422, "No model of people"),
        ({"analysis": "license_plate", "options": {"model": "plate_locator"}}, 422, "there is one way to search"),
        ({"analysis": "objects", "options": {"model": "../models/x.onnx"}}, 400, "options.model"),
        ({"analysis": "objects", "options": {"model": "/etc/passwd"}}, 400, "options.model"),
        ({"analysis": "objects", "options": {"model": ""}}, 400, "options.model"),
        ({"analysis": "objects", "options": {"model": {"file": "x.onnx"}}}, 400, "options.model"),
        ({"analysis": "objects", "options": {"network": {"file": "x.onnx"}}}, 400, "options.network"),
        ({"analysis": "objects", "options": {"classes": ["spoonbill"]}}, 400, "classes"),
        ({"analysis": "people", "options": {"classes": ["bus"]}}, 400, "options.classes"),
    ],
)
def test_model_that_nobody_offers_is_refused(
    world: World, ann: Browser, fields: dict[str, object], status: int, words: str
) -> None:
    answer = ask(ann, add_footage(world), **fields)
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert words in answer.get_json()["message"]
    assert world.queries.ids() == set()


def test_another_model_is_another_question(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    usual = asked_id(ann, camera, analysis="objects")
    named = asked_id(ann, camera, analysis="objects", options={"model": "yolox_nano"})
    other = asked_id(ann, camera, analysis="objects", options={"model": "fastestdet"})
    assert len({usual, named, other}) == 3
    assert asked_id(ann, camera, analysis="objects", options={"model": "yolox_nano"}) == named
    assert asked_id(ann, camera, analysis="objects") == usual


def test_name_that_comes_to_stand_for_another_file_is_another_question(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    say(world, OWN)
    first = asked_id(ann, camera, analysis="objects", options={"model": "herd"})
    assert asked_id(ann, camera, analysis="objects", options={"model": "herd"}) == first
    say(world, OWN.model_copy(update={"sha256": "6" * 64}))
    assert asked_id(ann, camera, analysis="objects", options={"model": "herd"}) != first


def test_answer_of_a_model_that_is_no_longer_the_usual_one_is_asked_anew(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    say(world, model=USUAL)
    first = asked_id(ann, camera, analysis="objects")
    world.finish_query(first, model=USUAL)
    assert shown(ann, first)["model"] == USUAL.model_dump()
    assert asked_id(ann, camera, analysis="objects") == first
    say(world, model=LATER)
    second = asked_id(ann, camera, analysis="objects")
    assert second != first
    assert asked_id(ann, camera, analysis="objects") == second
    assert known(world, first).slot == first, "the earlier answer stays, under its own id"


def test_record_and_diff_say_which_models_spoke(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    live = [make_sidecar(camera, "objects", START + n * 10_000, sightings=()) for n in range(2)]
    for sidecar in live:
        world.add_clip(sidecar.model_copy(update={"model": USUAL}))
    query_id = asked_id(ann, camera, analysis="objects", options={"model": "fastestdet"})
    assert shown(ann, query_id)["model"] is None
    spoke = ModelInfo(name="fastestdet", version=FASTESTDET.version, sha256=FASTESTDET.sha256)
    world.finish_query(query_id, model=spoke)
    assert shown(ann, query_id)["model"] == spoke.model_dump()
    assert ann.get(f"/v1/queries/{query_id}/sidecar").get_json()["model"] == spoke.model_dump()
    diff = ann.get(f"/v1/queries/{query_id}/diff").get_json()
    assert (diff["before_models"], diff["after_models"]) == ([USUAL.model_dump()], [spoke.model_dump()])
    other = asked_id(ann, camera, analysis="objects", options={"model": "yolox_nano"})
    world.finish_query(other, model=LATER)
    diff = ann.get(f"/v1/queries/{query_id}/diff?against={other}").get_json()
    assert diff["before_models"] == [LATER.model_dump()]
