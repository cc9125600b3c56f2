"""Every entry of the registry keeps the same contract."""

from pathlib import Path

import pytest

from consumers.registry import PLACES, load_definition
from tests.support.face_network import make_embedder
from tests.support.made_network import made_options
from tests.support.registry_contract import check_contract
from tests.unit.objects.answers import yolox

ANALYSES = sorted(name for name in PLACES if load_definition(name).build_analyzer is not None)


@pytest.mark.parametrize("name", ANALYSES)
def test_odd_pictures_give_a_result_or_a_clear_refusal(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fetched file is needed: objects and recognition run networks made here, people OpenCV's own detector."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    folder = tmp_path / "odd"
    folder.mkdir()
    own = {"objects": made_options(tmp_path, *yolox()), "recognition": make_embedder(tmp_path)}
    check_contract(name, own.get(name, {}), folder)
