"""Faces found and false, by detector; emotions of stills, of the studio portraits, and over video tracks."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from benchmarks.accuracy_result import Cpu, ErrorPictures, Result
from benchmarks.accuracy_truth import Item, in_interval
from common.contracts.detection import Detection
from common.model_registry import MEDIAPIPE_MESH, find
from consumers.emotion.analyzer import EmotionAnalyzer, build_analyzer, open_network
from consumers.emotion.options import read_options
from consumers.emotion.scorer import EmotionScorer, cut_face
from consumers.emotion.tracker import EmotionTracker
from consumers.faces.choice import BY_QUALITY, choose_detector
from consumers.faces.face import Face, FaceDetector
from consumers.faces.landmarks import Detail, FaceMesh, chosen

STUDIO = "faces_london"
FRAME = (640, 480)
FRAME_REPEATS = 20
FACES_A_BATCH = 8


def measure_faces(items: Sequence[Item], errors: ErrorPictures) -> list[Result]:
    """Every detector that is there, best first; the first is the one that `auto` uses."""
    results = []
    for model in BY_QUALITY:
        if find(model) is None:
            print(f"face detector {model.name}: not here (get it with: {model.get_with})")
            continue
        detector = choose_detector(model.name)
        results += [
            _stills([i for i in items if i.kind != "video" and i.faces is not None], detector, errors),
            _video_faces([i for i in items if i.kind == "video" and "faces" in i.truth], detector),
            _frame_cost(items, detector),
        ]
    return [result for result in results if result.of]


def measure_landmarks(items: Sequence[Item]) -> list[Result]:
    """Middles of the eyes by the mesh against labelled pupils: `right` within a tenth of their distance."""
    labelled = [item for item in items if item.truth.get("pupils_xy")]
    if not labelled or find(MEDIAPIPE_MESH) is None:
        return []
    mesh, detector = FaceMesh(), choose_detector()
    right, spent, errors = 0, [], []
    for item in labelled:
        picture = item.picture()
        faces = detector.find(picture)[:1]
        begin = time.process_time()
        found = mesh.find(picture, faces)
        spent.append(time.process_time() - begin)
        pupils = np.array(item.truth["pupils_xy"], np.float32).reshape(2, 2)
        if found:
            apart = float(np.linalg.norm(pupils[1] - pupils[0]))
            off = np.linalg.norm(chosen(found[0], Detail.FIVE)[:2] - pupils, axis=1) / apart
            errors.append(float(off.mean()))
            right += bool(off.max() <= 0.1)
    told = (f"mean distance {np.mean(errors):.3f} of the pupils' distance",) if errors else ()
    return [Result("landmarks, both eyes within a tenth", right, len(labelled), Cpu.of(spent), told)]


def measure_emotions(
    items: Sequence[Item], errors: ErrorPictures, networks: Sequence[Mapping[str, Any]] = ()
) -> list[Result]:
    """By the analyzer as it is used, with the best face detector that is there: the shipped network, then each of
    `networks` (the option `network` of `emotion`), over the same pictures. Raises ConfigurationError for a bad one."""
    labelled = [i for i in items if i.kind != "video" and i.emotions]
    studio = [i for i in labelled if i.group == STUDIO]
    stills = [i for i in labelled if i.group != STUDIO]
    videos = [i for i in items if i.kind == "video" and "emotion" in i.truth]
    results = []
    for network in (None, *networks):
        options = read_options({} if network is None else {"network": network})
        analyzer = build_analyzer(options.model_dump())
        by = "" if options.network is None else f", {options.network.file}"
        results += [
            _emotions(f"emotion London, neutral or happy{by}", studio, "95 %", errors, analyzer),
            _emotions(f"emotion stills{by}", stills, "all", errors, analyzer),
            _video_emotions(f"emotion video frames, smoothed{by}", videos, analyzer),
            _emotion_cost(f"emotion cost of a face within 1 ms{by}", items, open_network(options)),
        ]
    return [result for result in results if result.of]


def _stills(items: Sequence[Item], detector: FaceDetector, errors: ErrorPictures) -> Result:
    right, spent, misses = 0, [], []
    for item in items:
        picture = item.picture()
        begin = time.process_time()
        found = detector.find(picture)
        spent.append(time.process_time() - begin)
        fewest, most = item.faces or (0, 0)
        right += fewest <= len(found) <= most
        if not fewest <= len(found) <= most:
            misses.append(f"{item.file}: {len(found)} faces, {fewest} to {most} are right")
            errors.save(f"faces-{detector.source.name}-{item.file}", picture, [_shown(face) for face in found])
    name = f"faces {detector.source.name}, stills"
    return Result(name, right, len(items), Cpu.of(spent), tuple(misses), "all")


def _video_faces(items: Sequence[Item], detector: FaceDetector) -> Result:
    right = of = 0
    misses = []
    for item in items:
        counted = item.truth["faces"]
        intervals = counted if isinstance(counted, list) else [{"from": 0, "to": 10**9, "count": counted}]
        wrong = seen = 0
        for number, _, picture in item.frames():
            interval = in_interval(intervals, number)
            if interval is not None:
                seen += 1
                wrong += len(detector.find(picture)) != interval["count"]
        right, of = right + seen - wrong, of + seen
        if wrong:
            misses.append(f"{item.file}: {wrong} of {seen} frames")
    return Result(f"faces {detector.source.name}, video frames", right, of, None, tuple(misses))


def _frame_cost(items: Sequence[Item], detector: FaceDetector) -> Result:
    """One picture of a group as a 640 x 480 frame, again and again."""
    groups = [i for i in items if i.group == "groups"] or [i for i in items if i.kind == "face_image"]
    if not groups:
        return Result("faces cost", 0, 0)
    frame = np.asarray(cv2.resize(groups[0].picture(), FRAME, interpolation=cv2.INTER_AREA), np.uint8)
    detector.find(frame)
    spent = []
    for _ in range(FRAME_REPEATS):
        begin = time.process_time()
        detector.find(frame)
        spent.append(time.process_time() - begin)
    within = sum(seconds <= 0.006 for seconds in spent)
    return Result(f"faces {detector.source.name}, 640x480 within 6 ms", within, len(spent), Cpu.of(spent), (), "6 ms")


def _emotions(name: str, items: Sequence[Item], goal: str, errors: ErrorPictures, analyzer: EmotionAnalyzer) -> Result:
    right, spent, misses = 0, [], []
    table: dict[str, Counter[str]] = {}
    for item in items:
        picture = item.picture()
        begin = time.process_time()
        found = analyzer.analyze([picture])[0]
        spent.append(time.process_time() - begin)
        face = max(found, key=lambda seen: seen.box[2] * seen.box[3], default=None)
        label = face.label if face is not None and face.label is not None else "no face"
        right += label in item.emotions
        table.setdefault(str(item.truth["emotion"]), Counter())[label] += 1
        if label not in item.emotions:
            scores = {} if face is None or not face.scores else face.scores
            shown = ", ".join(f"{k} {v:.2f}" for k, v in sorted(scores.items(), key=lambda kv: -kv[1])[:3])
            misses.append(f"{item.file}: {item.truth['emotion']} called {label} ({shown})")
            errors.save(f"emotion-{item.file}", picture, found)
    plain = {truth: dict(said) for truth, said in table.items()}
    return Result(name, right, len(items), Cpu.of(spent), tuple(misses), goal, plain)


def _video_emotions(name: str, items: Sequence[Item], analyzer: EmotionAnalyzer) -> Result:
    """The largest face's smoothed label on every frame of a labelled interval."""
    right = of = 0
    misses = []
    for item in items:
        tracker = EmotionTracker()
        said: Counter[str] = Counter()
        for number, at_s, picture in item.frames():
            shown = tracker.update(round(at_s * 1000), round(at_s * 1e6), analyzer.analyze([picture])[0])
            interval = in_interval(item.truth["emotion"], number)
            if interval is None:
                continue
            face = max(shown, key=lambda seen: seen.box[2] * seen.box[3], default=None)
            label = face.label if face is not None and face.label is not None else "no face"
            of += 1
            right += label == interval["label"]
            if label != interval["label"]:
                said[f"{interval['label']} called {label}"] += 1
        misses += [f"{item.file}: {count} frames {what}" for what, count in said.most_common()]
    return Result(name, right, of, None, tuple(misses))


def _emotion_cost(name: str, items: Sequence[Item], network: EmotionScorer) -> Result:
    """The network alone, a batch of eight faces: `right` counts batches within 1 ms a face."""
    faces = [i for i in items if i.kind == "face_image"]
    if not faces:
        return Result(name, 0, 0)
    picture = faces[0].picture()
    found = choose_detector().find(picture)
    crops = [cut_face(picture, found[0].box, network.side)] * FACES_A_BATCH if found else []
    network.score(crops)
    spent = []
    for _ in range(FRAME_REPEATS):
        begin = time.process_time()
        network.score(crops)
        spent.append((time.process_time() - begin) / FACES_A_BATCH)
    within = sum(seconds <= 0.001 for seconds in spent)
    return Result(name, within, len(spent), Cpu.of(spent), (), "1 ms")


def _shown(face: Face) -> Detection:
    return Detection(box=face.box, kind="face", score=face.score)
