"""What cameras' settings say to an analysis."""

import pytest

from common.contracts.camera_settings import AnalysisSettings, CameraSettings
from common.contracts.place import Zone
from consumers.camera_views import CameraViews, read_gate
from consumers.pipeline.analysis import CameraView, GateSettings

ZONE = Zone(name="door", points=((0, 0), (1, 0), (1, 1)))


class Directory:
    """Stands for `CameraDirectory`."""

    def __init__(self) -> None:
        self.cameras: dict[str, CameraSettings] = {}

    def find(self, camera: str) -> CameraSettings | None:
        return self.cameras.get(camera)


def settings(version: int, **options: object) -> CameraSettings:
    return CameraSettings(
        camera="cam-a", version=version, name="a", owner="o", token_hashes=(), partition=0,
        analyses=(AnalysisSettings(name="objects", options=dict(options)),), zones=(ZONE,),
    )  # fmt: skip


@pytest.fixture
def directory() -> Directory:
    return Directory()


def tell(views: CameraViews, directory: Directory, one: CameraSettings | None) -> None:
    directory.cameras = {} if one is None else {one.camera: one}
    views.follow(directory, "cam-a")  # type: ignore[arg-type]


def test_camera_without_settings_has_the_services_options() -> None:
    assert CameraViews("objects", {"score_min": 0.5})("cam-a", 3) == CameraView({"score_min": 0.5})


def test_cameras_own_options_go_over_the_services(directory: Directory) -> None:
    views = CameraViews("objects", {"score_min": 0.5, "classes": ["people"]})
    tell(views, directory, settings(1, classes=["traffic"], motion_gate=True))
    view = views("cam-a", 1)
    assert view.options == {"score_min": 0.5, "classes": ["traffic"]}
    assert view.zones == (ZONE,)
    assert view.gate == GateSettings()


def test_frame_gets_the_version_it_names_else_the_newest(directory: Directory) -> None:
    views = CameraViews("objects", {})
    for version in range(1, 13):
        tell(views, directory, settings(version, score_min=version / 20))
    assert views("cam-a", 7).options == {"score_min": 0.35}
    assert views("cam-a", 2).options == views("cam-a", 99).options == {"score_min": 0.6}


def test_camera_that_is_gone_is_forgotten(directory: Directory) -> None:
    views = CameraViews("objects", {})
    tell(views, directory, settings(1, score_min=0.2))
    tell(views, directory, None)
    assert views("cam-a", 1) == CameraView()


def test_bad_gate_of_a_camera_is_left_out_with_a_warning(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    views = CameraViews("objects", {})
    tell(views, directory, settings(1, motion_gate={"share": 2}))
    assert views("cam-a", 1).gate is None
    assert "motion_gate is out of range" in caplog.text


@pytest.mark.parametrize("asked", ["yes", 1, {"pixels": 1}, {"share": "a"}, {"most_ms": 1}, {"difference": True}])
def test_gate_that_is_none_is_refused(asked: object) -> None:
    with pytest.raises(ValueError, match="motion_gate"):
        read_gate({"motion_gate": asked})


def test_gate_of_ones_own(directory: Directory) -> None:
    assert read_gate({"motion_gate": {"share": 0.01}}) == GateSettings(share=0.01)
    assert read_gate({}) is read_gate({"motion_gate": False}) is None
