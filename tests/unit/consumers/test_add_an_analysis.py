"""The example of docs/add-an-analysis.md, taken out of the page, registered and run."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import consumers
from common.errors import ConfigurationError
from common.model_registry import REPOSITORY
from consumers import registry
from consumers.__main__ import main
from consumers.offline import load_offline
from tests.support.registry_contract import check_contract
from tests.unit.consumers.conftest import write_video

PAGE = (REPOSITORY / "docs" / "add-an-analysis.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(consumers/\S+\.py)`: .*?```python\n(.*?)```", PAGE, re.DOTALL))
LINE = re.search(r'^    "(\w+)": "([\w.]+)",$', PAGE, re.MULTILINE)


@pytest.fixture
def lamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The package as the page has it, beside the real ones, and its line in the registry."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "consumers" / "lamps" / "__init__.py").write_text('"""Lamps."""\n', encoding="utf-8")
    monkeypatch.setattr(consumers, "__path__", [*consumers.__path__, str(tmp_path / "consumers")])
    assert LINE is not None
    monkeypatch.setitem(registry.PLACES, LINE[1], LINE[2])
    importlib.invalidate_caches()
    yield LINE[1]
    for name in [name for name in sys.modules if name.startswith("consumers.lamps")]:
        del sys.modules[name]


def test_example_is_complete_in_under_sixty_lines() -> None:
    assert set(FILES) == {"consumers/lamps/analyzer.py", "consumers/lamps/definition.py"}
    assert sum(len(text.splitlines()) for text in FILES.values()) < 60


def test_example_finds_a_lamp_in_a_picture(lamps: str) -> None:
    offline = load_offline(lamps, {})
    picture = np.full((120, 160, 3), 30, np.uint8)
    picture[40:60, 100:130] = 255
    ((found,),) = offline.analyzer.analyze([picture])
    assert (found.box, found.kind) == ((100, 40, 30, 20), "lamp")


def test_example_keeps_the_contract_of_the_registry(lamps: str, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    check_contract(lamps, {}, folder)


def test_example_runs_by_the_commands_of_the_page(
    lamps: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_video(tmp_path / "street.avi", 30)
    assert main(["analyze", lamps, str(video), "--option", "level=200"]) == 0
    assert '"kind": "lamp"' in capsys.readouterr().out
    assert main(["annotate", lamps, str(video), str(tmp_path / "out.mp4"), "--quiet", "--option", "level=200"]) == 0
    assert '"sightings": [{"n": 0, "kind": "lamp"' in capsys.readouterr().out


def test_example_refuses_a_bad_option(lamps: str) -> None:
    with pytest.raises(ConfigurationError, match="level"):
        load_offline(lamps, {"level": 0})
