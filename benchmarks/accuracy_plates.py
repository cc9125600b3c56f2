"""Plates: exact text by set and mode, sequences with voting, false plates, cost."""

import time
from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.accuracy_result import Cpu, ErrorPictures, Result
from benchmarks.accuracy_truth import Item
from common.contracts.detection import Detection
from consumers.license_plate.definition import DEFINITION
from consumers.pipeline.analysis import Analyzer

SETS = {"plates_eu": "EU", "plates_us": "US", "plates_br": "BR", "dashcam_ro": "dash-cam"}
WITHOUT_PLATES = ("negatives", "objects", "emotion", "groups")
GOALS = {
    ("standard", "plates_eu"): "43", ("standard", "plates_us"): "45", ("standard", "plates_br"): "8",
    ("standard", "dashcam_ro"): "16", ("thorough", "plates_us"): "50",
}  # fmt: skip
CPU_GOALS = {"fast": "mean 25 ms", "video": "", "standard": "mean 60 ms, p95 150 ms", "thorough": "mean 120 ms"}
HD_PIXELS = 1280 * 720
VIDEO_RATE = 10
"""Frames a second of the amortised figure; the search interval is the analysis' own."""
CANVAS = 640, 480
SEQUENCE_GAP_S = 30
"""Pictures of one clip further apart than this are two sequences."""
REFERENCE_PICTURES = 4


def measure_plates(items: Sequence[Item], modes: Sequence[str], errors: ErrorPictures) -> list[Result]:
    """One result for each set and mode, and the cost of a 1280 x 720 picture."""
    results: list[Result] = []
    for mode in modes:
        analyzer = _build(mode)
        results += [_one_set([i for i in items if i.group == one], mode, one, analyzer, errors) for one in SETS]
        results.append(_cost([i for i in items if i.group in SETS], mode, analyzer))
        if mode == "video":
            results.append(_amortised(results[-1]))
        results.append(_false_plates([i for i in items if i.group in WITHOUT_PLATES], mode, analyzer, errors))
        results.append(_sequences([i for i in items if i.kind == "dashcam_frame"], mode, analyzer))
        results.append(_crops([i for i in items if i.kind == "plate_crop"], mode, analyzer))
    return [result for result in results if result.of]


def reference_cost(items: Sequence[Item]) -> Cpu | None:
    """CPU of `rapidocr` as it installs, over a few 1280 x 720 pictures; None where it does not import."""
    try:
        from rapidocr import RapidOCR  # noqa: PLC0415 - a second's import, for this figure only

        engine = RapidOCR()
    except Exception as error:  # noqa: BLE001 - a reference that does not run is no failure of ours
        print(f"rapidocr as installed does not run here: {type(error).__name__}: {error}")
        return None
    pictures = [item.picture() for item in items if item.group in SETS]
    pictures = [picture for picture in pictures if picture.shape[0] * picture.shape[1] == HD_PIXELS]
    spent = []
    for picture in pictures[:: max(1, len(pictures) // REFERENCE_PICTURES)][:REFERENCE_PICTURES]:
        begin = time.process_time()
        engine(picture)
        spent.append(time.process_time() - begin)
    return Cpu.of(spent)


def _build(mode: str) -> Analyzer:
    assert DEFINITION.build_analyzer is not None
    return DEFINITION.build_analyzer({**DEFINITION.options, "mode": mode})


def _one_set(items: Sequence[Item], mode: str, group: str, analyzer: Analyzer, errors: ErrorPictures) -> Result:
    right = of = 0
    spent, misses = [], []
    for item in items:
        picture = item.picture()
        begin = time.process_time()
        found = analyzer.analyze([picture])[0]
        spent.append(time.process_time() - begin)
        wrong = [text for text in item.plates if not any(item.same_plate(seen.text, text) for seen in found)]
        of += len(item.plates)
        right += len(item.plates) - len(wrong)
        if wrong:
            misses.append(f"{item.file}: {', '.join(wrong)} read as {_texts(found) or 'nothing'}")
            errors.save(f"plates-{mode}-{item.file}", picture, found)
    goal = GOALS.get((mode, group), "")
    return Result(f"plates {mode} {SETS[group]}", right, of, Cpu.of(spent), tuple(misses), goal)


def _cost(items: Sequence[Item], mode: str, analyzer: Analyzer) -> Result:
    """The same call over every 1280 x 720 picture: `right` counts those within the p95 goal of 150 ms."""
    spent = []
    for item in items:
        picture = item.picture()
        if picture.shape[0] * picture.shape[1] != HD_PIXELS:
            continue
        begin = time.process_time()
        analyzer.analyze([picture])
        spent.append(time.process_time() - begin)
    within = sum(seconds <= 0.15 for seconds in spent)
    return Result(f"plates {mode} 1280x720 within 150 ms", within, len(spent), Cpu.of(spent), (), CPU_GOALS[mode])


def _amortised(searched: Result) -> Result:
    """Over all frames of a camera with 10 frames/s, of which only some are searched."""
    assert searched.cpu is not None
    assert DEFINITION.default_every_ms is not None
    share = 1000 / DEFINITION.default_every_ms / VIDEO_RATE
    cpu = Cpu(round(searched.cpu.mean_ms * share, 2), round(searched.cpu.p95_ms * share, 2), searched.cpu.pictures)
    name = f"plates video, a frame at 10/s, searched every {DEFINITION.default_every_ms} ms"
    return Result(name, searched.right, searched.of, cpu, (), "mean 8 ms")


def _false_plates(items: Sequence[Item], mode: str, analyzer: Analyzer, errors: ErrorPictures) -> Result:
    clean, misses = 0, []
    for item in items:
        picture = item.picture()
        found = analyzer.analyze([picture])[0]
        clean += not found
        if found:
            misses.append(f"{item.file}: {_texts(found)}")
            errors.save(f"false-plate-{mode}-{item.file}", picture, found)
    return Result(f"plates {mode} pictures without a false plate", clean, len(items), None, tuple(misses), "all")


def _crops(items: Sequence[Item], mode: str, analyzer: Analyzer) -> Result:
    """Plates cut out by others, on which nothing here was tuned: each twice as large on a plain picture."""
    right, misses = 0, []
    for item in items:
        crop = item.picture()
        scale = min(2.0, CANVAS[0] * 0.9 / crop.shape[1], CANVAS[1] * 0.6 / crop.shape[0])
        large = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        canvas = np.full((CANVAS[1], CANVAS[0], 3), 90, np.uint8)
        canvas[100 : 100 + large.shape[0], 20 : 20 + large.shape[1]] = large
        found = analyzer.analyze([canvas])[0]
        is_right = any(item.same_plate(seen.text, item.truth["text"]) for seen in found)
        right += is_right
        if not is_right:
            misses.append(f"{item.file}: {item.truth['text']} read as {_texts(found) or 'nothing'}")
    return Result(f"plates {mode} crops nothing was tuned on", right, len(items), None, tuple(misses))


def _sequences(items: Sequence[Item], mode: str, analyzer: Analyzer) -> Result:
    """Every car of a sequence reported exactly once with the right text, after voting."""
    right = of = 0
    misses = []
    for sequence in _parted(items):
        assert DEFINITION.build_tracker is not None
        tracker = DEFINITION.build_tracker()
        start = sequence[0].truth["second"]
        for item in sequence:
            pts_ms = (item.truth["second"] - start) * 1000
            tracker.update(pts_ms, pts_ms * 1000, analyzer.analyze([item.picture()])[0])
        read = [sighting.text for sighting in tracker.sightings()]
        expected = sorted({text for item in sequence for text in item.plates})
        for text in expected:
            times = sum(sequence[0].same_plate(one, text) for one in read)
            of += 1
            right += times == 1
            if times != 1:
                misses.append(f"{sequence[0].file} and {len(sequence) - 1} more: {text} {times} times in {read}")
    return Result(f"plates {mode} cars reported once, dash-cam", right, of, None, tuple(misses), "all")


def _parted(items: Sequence[Item]) -> list[list[Item]]:
    parted: list[list[Item]] = []
    for item in sorted(items, key=lambda one: (one.truth["clip"], one.truth["second"])):
        last = parted[-1][-1] if parted else None
        near = (
            last is not None
            and last.truth["clip"] == item.truth["clip"]
            and item.truth["second"] - last.truth["second"] <= SEQUENCE_GAP_S
        )
        if near:
            parted[-1].append(item)
        else:
            parted.append([item])
    return parted


def _texts(found: Sequence[Detection]) -> str:
    return ", ".join(f"{seen.text} ({seen.score:.2f})" for seen in found)
