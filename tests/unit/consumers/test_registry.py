import subprocess
import sys

import pytest

from common.contracts.camera_settings import DEFAULT_EVERY_MS
from common.errors import ConfigurationError
from consumers.registry import PLACES, load_definition


@pytest.mark.parametrize("name", sorted(PLACES))
def test_registry_entry_is_complete(name: str) -> None:
    definition = load_definition(name)
    assert definition.name == name
    assert definition.default_every_ms == DEFAULT_EVERY_MS[name]
    assert (definition.build_analyzer is None) == (name == "recorder")


def test_registry_health_ports_are_those_of_the_design() -> None:
    ports = {name: load_definition(name).health_port for name in PLACES}
    assert ports == {
        "recorder": 8101,
        "emotion": 8102,
        "license_plate": 8103,
        "objects": 8105,
        "people": 8106,
        "recognition": 8107,
    }


def test_registry_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"Known: emotion, license_plate, objects, people, recognition, recorder\."
    ):
        load_definition("nonsense")


def test_registry_module_of_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLACES, "other", "consumers.recorder.definition")
    with pytest.raises(ConfigurationError):
        load_definition("other")


def test_registry_and_entries_import_no_model_and_no_opencv() -> None:
    program = (
        "import sys\n"
        "from consumers.registry import PLACES, load_definition\n"
        "for name in PLACES: load_definition(name)\n"
        "import consumers.__main__, consumers.commands.run, consumers.commands.analyze\n"
        "print([m for m in ('cv2', 'onnxruntime', 'ai_edge_litert', 'av', 'rapidocr') if m in sys.modules])\n"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert outcome.stdout.strip() == "[]"
