"""Stage 1 of several frames at once: the same results as one by one, with fewer calls of the model."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from common.contracts.detection import Detection
from common.errors import PoisonRecord, Transient
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.analysis import CameraView, GateSettings, Picture
from consumers.pipeline.spool import Spool
from consumers.pipeline.workload import VideoWorkload
from tests.unit.pipeline.making import BRIGHT, CLEAN, BrightAnalyzer, make_frame, make_picture


class CountingAnalyzer(BrightAnalyzer):
    """Notes how many pictures each call had. `most`: more at once are too many for its memory."""

    def __init__(self, most: int = 100) -> None:
        self.calls: list[int] = []
        self.most = most

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        self.calls.append(len(pictures))
        if len(pictures) > self.most:
            raise MemoryError
        return super().analyze(pictures)


def make_workload(folder: Path, analyzer: BrightAnalyzer, view: CameraView | None = None) -> VideoWorkload:
    find_view = (lambda _camera, _version: view) if view is not None else (lambda _camera, _version: CameraView())
    return VideoWorkload(BRIGHT, analyzer, Spool(folder / "spool"), lambda _message: None, None, find_view)


def findings(results: Sequence[AnalysedFrame | PoisonRecord]) -> list[object]:
    """What the model said of each: a box, a failure, or nothing."""
    said: list[object] = []
    for result in results:
        if isinstance(result, PoisonRecord):
            said.append(result.reason)
        elif result.finding is None:
            said.append("deferred" if result.is_deferred else "not searched")
        else:
            said.append(result.finding.failure or [tuple(one.box) for one in result.finding.detections])
    return said


FRAMES = [
    make_frame(0, make_picture(spot=(8, 8))),
    make_frame(1, jpeg=b"no picture"),
    make_frame(2, make_picture(spot=(20, 16))),
    make_frame(3, make_picture(), searched=False),
    make_frame(4, make_picture()),
]


def test_batch_says_what_single_calls_say_with_one_call_of_the_model(tmp_path: Path) -> None:
    analyzer = CountingAnalyzer()
    workload = make_workload(tmp_path, analyzer)
    together = findings(workload.analyse_batch(FRAMES))
    assert analyzer.calls == [3]
    alone = [findings([workload.analyse(frame)])[0] for frame in FRAMES if frame.offset != 1]
    assert together == [alone[0], "not_jpeg", *alone[1:]]
    assert together[3] == "not searched"


def test_batch_with_a_picture_that_the_model_fails_at_costs_that_picture_alone(tmp_path: Path) -> None:
    analyzer = CountingAnalyzer()
    black = make_frame(5, make_picture(value=0))
    said = findings(make_workload(tmp_path, analyzer).analyse_batch([FRAMES[0], black, FRAMES[2]]))
    assert said[1] == "RuntimeError"
    assert said[0]
    assert said[2]
    assert analyzer.calls == [3, 1, 1, 1]


def test_batch_too_large_for_memory_goes_picture_by_picture(tmp_path: Path) -> None:
    analyzer = CountingAnalyzer(most=1)
    said = findings(make_workload(tmp_path, analyzer).analyse_batch([FRAMES[0], FRAMES[2]]))
    assert all(said)
    assert analyzer.calls == [2, 1, 1]


def test_batch_of_a_model_elsewhere_that_does_not_answer_is_transient(tmp_path: Path) -> None:
    class Remote(BrightAnalyzer):
        def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
            raise Transient("no answer")

    with pytest.raises(Transient):
        make_workload(tmp_path, Remote()).analyse_batch([FRAMES[0], FRAMES[2]])


def test_batch_of_cameras_with_a_motion_gate_is_left_to_the_ordered_stage(tmp_path: Path) -> None:
    analyzer = CountingAnalyzer()
    workload = make_workload(tmp_path, analyzer, CameraView(gate=GateSettings()))
    assert findings(workload.analyse_batch([FRAMES[0], FRAMES[2]])) == ["deferred", "deferred"]
    assert analyzer.calls == []


def test_batch_of_a_recorder_is_decoded_only(tmp_path: Path) -> None:
    workload = VideoWorkload(CLEAN, None, Spool(tmp_path / "spool"), lambda _message: None)
    assert findings(workload.analyse_batch([FRAMES[0], FRAMES[2]])) == ["not searched", "not searched"]
