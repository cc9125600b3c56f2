"""What the page offers for an analysis is what the analysis takes."""

from typing import Any

import pytest
from pydantic import BaseModel

from common.contracts.analysis_options import ANALYSES, OptionKind, OptionSpec, option_problem
from common.contracts.camera_settings import DEFAULT_EVERY_MS
from consumers.camera_views import MOTION_GATE, read_gate
from consumers.emotion.options import EmotionOptions
from consumers.license_plate.formats import FORMATS, PATTERN_CHARS_MAX
from consumers.license_plate.options import Mode, PlateOptions
from consumers.objects.classes import COCO, PRESETS
from consumers.objects.options import SceneOptions
from consumers.recognition.options import PersonOptions
from consumers.registry import PLACES

MODELS: dict[str, type[BaseModel]] = {
    "license_plate": PlateOptions,
    "emotion": EmotionOptions,
    "objects": SceneOptions,
    "people": SceneOptions,
    "recognition": PersonOptions,
}
DECLARED = [(name, option) for name, spec in ANALYSES.items() for option in spec.options]


def test_every_analysis_of_a_camera_is_declared_and_in_the_registry() -> None:
    assert set(ANALYSES) == set(DEFAULT_EVERY_MS)
    assert set(ANALYSES) <= set(PLACES)
    assert all(spec.title and spec.help for spec in ANALYSES.values())


def examples(option: OptionSpec) -> list[Any]:
    """Values at every edge of what is declared."""
    match option.kind:
        case OptionKind.SWITCH:
            return [True, False]
        case OptionKind.NUMBER:
            return [option.minimum, option.maximum]
        case OptionKind.CHOICE:
            return [choice.value for choice in option.choices]
        case OptionKind.CHOICES:
            return [[choice.value] for choice in option.choices] + [list(option.further[:1])] * bool(option.further)
        case OptionKind.WORDS:
            return [[], ["A9"], ["?" * option.char_max] * option.count_max]


@pytest.mark.parametrize(("analysis", "option"), DECLARED, ids=lambda one: getattr(one, "name", one))
def test_declared_values_are_taken_by_the_analysis_itself(analysis: str, option: OptionSpec) -> None:
    for value in [*examples(option), option.default]:
        assert option.problem(value) is None, value
        if option.name == MOTION_GATE:
            read_gate({MOTION_GATE: value})
        else:
            MODELS[analysis].model_validate({option.name: value})


@pytest.mark.parametrize(("analysis", "option"), DECLARED, ids=lambda one: getattr(one, "name", one))
def test_declared_defaults_and_bounds_are_those_of_the_analysis(analysis: str, option: OptionSpec) -> None:
    if option.name == MOTION_GATE:
        assert read_gate({}) is None
        return
    assert getattr(MODELS[analysis](), option.name) == option.default
    schema = MODELS[analysis].model_json_schema()["properties"][option.name]
    assert (schema.get("minimum"), schema.get("maximum")) == (option.minimum, option.maximum)
    if option.kind in (OptionKind.CHOICES, OptionKind.WORDS):
        assert schema["maxItems"] == option.count_max


def test_declared_choices_are_those_of_the_analysis() -> None:
    options = {(name, option.name): option for name, option in DECLARED}
    assert [c.value for c in options["license_plate", "mode"].choices] == [mode.value for mode in Mode]
    assert [c.value for c in options["license_plate", "formats"].choices] == list(FORMATS)
    assert options["license_plate", "patterns"].char_max == PATTERN_CHARS_MAX
    assert [c.value for c in options["objects", "classes"].choices] == list(PRESETS)
    assert options["objects", "classes"].further == COCO


@pytest.mark.parametrize(
    ("analysis", "options", "name"),
    [
        ("license_plate", {"mode": "slow"}, "mode"),
        ("license_plate", {"formats": []}, "formats"),
        ("license_plate", {"formats": "generic"}, "formats"),
        ("license_plate", {"formats": ["xx"]}, "formats"),
        ("license_plate", {"mode": "fast", "patterns": ["A-9"]}, "patterns"),
        ("license_plate", {"patterns": ["A" * 13]}, "patterns"),
        ("license_plate", {"patterns": ["AA"] * 33}, "patterns"),
        ("objects", {"classes": ["core", "spoonbill"]}, "classes"),
        ("objects", {"classes": ["core"], "score_min": 0.05}, "score_min"),
        ("objects", {"score_min": True}, "score_min"),
        ("people", {"side_min": 1.5}, "side_min"),
        ("people", {"side_min": "much"}, "side_min"),
        ("emotion", {"motion_gate": 1}, "motion_gate"),
        ("recognition", {"distance_max": 1.5}, "distance_max"),
    ],
)
def test_values_that_the_analysis_would_not_take_are_told_by_name(
    analysis: str, options: dict[str, Any], name: str
) -> None:
    found = option_problem(analysis, options)
    assert found is not None
    assert found[0] == name


def test_options_that_are_not_declared_are_left_to_the_analysis() -> None:
    assert option_problem("objects", {"network": {"file": "x.onnx"}}) is None
    assert option_problem("recorder", {}) is None
