"""Pictures in which nothing moved are not searched."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.contracts.detection import Detection
from common.contracts.sidecar import Fate
from common.contracts.track_event import TrackEventKind
from common.contracts.work import AdmittedFrame
from common.errors import Transient
from consumers.pipeline import stream_session
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.analysis import AnalysisDefinition, CameraView, GateSettings, Picture, Scene
from consumers.pipeline.motion import MotionGate
from consumers.pipeline.spool import Spool
from consumers.pipeline.stream_session import StreamSession
from consumers.pipeline.workload import VideoWorkload
from consumers.tracking.scene_tracker import SceneTracker
from tests.unit.pipeline.making import CLOSING, BrightAnalyzer, build_bench, make_frame, make_opening, make_picture


def noisy(picture: Picture, seed: int) -> Picture:
    noise = np.random.default_rng(seed).normal(0, 4, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_first_picture_passes_and_an_equal_one_does_not() -> None:
    gate = MotionGate(GateSettings())
    assert gate.lets_pass(make_picture(640, 480), 0)
    assert not gate.lets_pass(make_picture(640, 480), 200)


def test_noise_and_slow_change_of_light_do_not_pass() -> None:
    gate = MotionGate(GateSettings())
    gate.lets_pass(noisy(make_picture(640, 480, 60), 0), 0)
    assert not any(gate.lets_pass(noisy(make_picture(640, 480, 60 + n // 4), n), n * 200) for n in range(1, 40))


def test_what_moves_passes_and_what_crept_passes_in_the_end() -> None:
    gate = MotionGate(GateSettings())
    gate.lets_pass(make_picture(640, 480, spot=(100, 100)), 0)
    assert gate.lets_pass(make_picture(640, 480, spot=(130, 100)), 200)
    assert any(gate.lets_pass(make_picture(640, 480, spot=(130 + n, 100)), 200 + n * 200) for n in range(1, 12))


def test_still_picture_passes_after_a_while_and_another_size_at_once() -> None:
    gate = MotionGate(GateSettings(most_ms=1_000))
    passed = [n for n in range(16) if gate.lets_pass(make_picture(), n * 200)]
    assert passed == [0, 5, 10, 15]
    assert gate.lets_pass(make_picture(80, 20), 3_200)


class Counting(BrightAnalyzer):
    calls = 0

    def analyze(self, pictures: Any) -> list[list[Detection]]:
        self.calls += 1
        return super().analyze(pictures)


class Remote(Counting):
    """A model on another machine: each call is answered at the third attempt."""

    attempts = 0

    def analyze(self, pictures: Any) -> list[list[Detection]]:
        self.attempts += 1
        if self.attempts % 3:
            raise Transient("no answer")
        return super().analyze(pictures)


def follow(scene: Scene) -> SceneTracker:
    return SceneTracker(scene)


def add(session: StreamSession, frame: AdmittedFrame, analysed: AnalysedFrame) -> None:
    """As the runtime does: again, until the model answers."""
    while True:
        with contextlib.suppress(Transient):
            session.add(frame, analysed)
            return


@pytest.mark.parametrize("build", [Counting, Remote])
def test_gated_camera_keeps_its_boxes_over_unsearched_frames(tmp_path: Path, build: type[Counting]) -> None:
    """The spot stands for 3 s, jumps, stands again: two searches, one sighting, every frame accounted for."""
    analyzer = build()
    definition = AnalysisDefinition(
        "bright", "Bright", ("spot",), 100, build_analyzer=lambda _: analyzer, build_scene_tracker=follow
    )
    published: list[Any] = []
    workload = VideoWorkload(
        definition,
        analyzer,
        Spool(tmp_path / "spool"),
        published.append,
        find_view=lambda _camera, _version: CameraView(gate=GateSettings()),
    )
    session = workload.open(make_opening())
    frames = [make_frame(n, make_picture(160, 120, spot=(30 if n < 30 else 44, 40))) for n in range(60)]
    # Any order in the first stage: it decides nothing.
    analysed = {n: workload.analyse(frames[n]) for n in reversed(range(60))}
    for n, frame in enumerate(frames):
        add(session, frame, analysed[n])
    sidecar = session.close(CLOSING).sidecar
    assert analyzer.calls == 2
    assert sidecar.counts() == {"analysed": 2, "carried": 58}
    assert [e.note for e in sidecar.entries if e.fate is Fate.CARRIED] == ["nothing moved"] * 58
    assert [(one.frames, one.label) for one in sidecar.sightings] == [(2, "bright")]
    assert [event.kind for event in sidecar.events] == [TrackEventKind.PRESENT]
    assert len(published) == 60
    assert all(len(message.detections) == 1 for message in published)


def test_events_beyond_the_limit_are_counted_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_session, "EVENTS_MAX", 0)
    definition = AnalysisDefinition(
        "bright", "Bright", ("spot",), 100, build_analyzer=lambda _: BrightAnalyzer(), build_scene_tracker=follow
    )
    clip = build_bench(tmp_path, definition).seal([make_frame(0, make_picture(160, 120, spot=(30, 40)))])
    assert clip.sidecar.events == ()
    assert "1 events left out" in clip.sidecar.notes
