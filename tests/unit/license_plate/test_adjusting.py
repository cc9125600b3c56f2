"""A camera's own mode and formats."""

from typing import Any, cast

import pytest

from common.errors import ConfigurationError
from consumers.license_plate.analyzer import EFFORTS, PlateAnalyzer
from consumers.license_plate.formats import FORMATS
from consumers.license_plate.options import Mode
from consumers.license_plate.reader import PlateReader
from consumers.pipeline.analysis import AdjustsToCameras

NETWORK = cast("Any", object())


def test_analyzer_of_a_camera_has_its_mode_and_formats_and_the_same_networks() -> None:
    usual = PlateAnalyzer(NETWORK, PlateReader(NETWORK, NETWORK, [FORMATS["generic"]]), EFFORTS[Mode.VIDEO])
    assert isinstance(usual, AdjustsToCameras)
    own = usual.adjusted({"mode": "thorough", "formats": ["br"], "patterns": ["aa99"]})
    assert own._effort is EFFORTS[Mode.THOROUGH]
    assert own._locator is usual._locator
    assert own._reader._recogniser is usual._reader._recogniser
    assert [entry.patterns for entry in own._reader._formats] == [("AA99",), FORMATS["br"].patterns]
    assert usual._effort is EFFORTS[Mode.VIDEO]


@pytest.mark.parametrize("options", [{"mode": "slow"}, {"formats": ["xx"]}, {"patterns": ["("]}, {"colour": 1}])
def test_analyzer_of_a_camera_refuses_what_is_no_option(options: dict[str, object]) -> None:
    usual = PlateAnalyzer(NETWORK, PlateReader(NETWORK, NETWORK, []), EFFORTS[Mode.VIDEO])
    with pytest.raises(ConfigurationError, match="Bad option"):
        usual.adjusted(options)
