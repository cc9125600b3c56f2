"""People counted over the videos' intervals, objects in stills, the tracker on a scripted scene, the motion gate."""

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.accuracy_result import Cpu, ErrorPictures, Result
from benchmarks.accuracy_truth import Item, in_interval
from benchmarks.scripted_scene import ACTORS, HEIGHT, LAST, STEP_MS, WIDTH, detections
from common.contracts.detection import Detection
from common.contracts.track_event import TrackEventKind
from common.model_registry import find
from common.query_models import HOG
from consumers.objects.choice import BY_QUALITY
from consumers.objects.options import SceneOptions
from consumers.people.analyzer import build_analyzer
from consumers.people.definition import DEFINITION
from consumers.pipeline.analysis import Analyzer, CameraView, GateSettings, KnowsStillness, Picture, Scene, Tracker
from consumers.pipeline.motion import MotionGate
from consumers.pipeline.tracking.choice import start_tracker
from consumers.pipeline.tracking.geometry import overlap
from consumers.tracking.scene_tracker import SceneTracker

WITHOUT_PEOPLE = ("negatives", "plates_eu")
SEEDS = 50
MS_GOAL = 0.030


@dataclass
class _Counted:
    """Of one video: frames and intervals whose number of people is right, by what is drawn."""

    frames: int = 0
    right: int = 0
    searched: int = 0
    wrong: Counter[str] = field(default_factory=Counter)


def measure_people(items: Sequence[Item], errors: ErrorPictures) -> list[Result]:
    """Every detector that is there, best first; the first is the one that `auto` uses. Then tracker and motion gate."""
    results: list[Result] = []
    videos = [item for item in items if item.kind == "video" and "intervals" in item.truth.get("people", {})]
    stills = [item for item in items if item.kind != "video" and isinstance(item.truth.get("people"), int)]
    names = [model.name for model in BY_QUALITY if find(model) is not None]
    for model in BY_QUALITY:
        if model.name not in names:
            print(f"object detector {model.name}: not here (get it with: {model.get_with})")
    for name in (*names, HOG):
        analyzer = build_analyzer({"model": name})
        results += _videos(videos, name, analyzer, errors)
        results.append(_stills(stills, name, analyzer, errors))
    results.append(_scripted())
    if names:
        results += _gated(videos, build_analyzer({}))
    return [result for result in results if result.of]


def _videos(videos: Sequence[Item], name: str, analyzer: Analyzer, errors: ErrorPictures) -> list[Result]:
    """What is drawn (after the tracker) on every frame of a scored interval; and people who passed, as sightings."""
    right = of = people = people_of = 0
    spent: list[float] = []
    misses: list[str] = []
    passages: list[str] = []
    for item in videos:
        counted = _Counted()
        tracker: Tracker | None = None
        for number, at_s, picture in item.frames():
            tracker = tracker or _tracker(picture)
            begin = time.process_time()
            found = analyzer.analyze([picture])[0]
            spent.append(time.process_time() - begin)
            shown = tracker.update(round(at_s * 1000), round(at_s * 1e6), found)
            _score(item, number, shown, counted)
            if counted.wrong and counted.frames and sum(counted.wrong.values()) == 1:
                errors.save(f"people-{name}-{item.file}-{number}", picture, shown)
        right, of = right + counted.right, of + counted.frames
        if counted.wrong:
            said = ", ".join(f"{count} frames {what}" for what, count in counted.wrong.most_common(3))
            misses.append(f"{item.file}: {counted.frames - counted.right} of {counted.frames} frames: {said}")
        if tracker is not None:
            total, passed = item.truth["people"]["total"], len(tracker.sightings())
            people, people_of = people + (total == passed), people_of + 1
            if total != passed:
                passages.append(f"{item.file}: {passed} sightings of {total} people")
    within = sum(seconds <= MS_GOAL for seconds in spent)
    return [
        Result(f"people {name}, frames counted right", right, of, None, tuple(misses), "all with yolox_nano"),
        Result(f"people {name}, videos with one sighting each", people, people_of, None, tuple(passages), "all"),
        Result(f"people {name}, within 30 ms", within, len(spent), Cpu.of(spent), (), "30 ms"),
    ]


def _stills(items: Sequence[Item], name: str, analyzer: Analyzer, errors: ErrorPictures) -> Result:
    right, misses = 0, []
    for item in items:
        picture = item.picture()
        assert DEFINITION.settle is not None
        found = DEFINITION.settle(analyzer.analyze([picture])[0], CameraView())
        right += len(found) == item.truth["people"]
        if len(found) != item.truth["people"]:
            scores = ", ".join(f"{seen.score:.2f}" for seen in found)
            misses.append(f"{item.file}: {len(found)} people ({scores}), {item.truth['people']} are right")
            errors.save(f"people-{name}-{item.file}", picture, found)
    return Result(f"people {name}, stills counted right", right, len(items), None, tuple(misses))


def _scripted() -> Result:
    """Runs without a switched number and with every exit told, over many random drop-outs."""
    right, misses = 0, []
    for seed in range(SEEDS):
        tracker, numbers = SceneTracker(Scene(WIDTH, HEIGHT)), defaultdict(list)
        told = []
        for n in range(LAST + 1):
            seen = detections(n, seed)
            shown = tracker.update(n * STEP_MS, n * STEP_MS * 1000, [one for _, one in seen])
            told += tracker.take_events()
            for name, one in seen:
                best = max(shown, key=lambda track: overlap(track.box, one.box), default=None)
                if best is not None and overlap(best.box, one.box) > 0.5:
                    numbers[name].append(best.track)
        told += tracker.finish()
        switches = sum(a != b for held in numbers.values() for a, b in itertools.pairwise(held))
        exits = sum(event.kind is TrackEventKind.LEFT for event in told)
        right += switches == 0 and exits == len(ACTORS)
        if switches or exits != len(ACTORS):
            misses.append(f"random numbers {seed}: {switches} switches, {exits} exits of {len(ACTORS)}")
    return Result("tracker, scripted: no switch, every exit", right, SEEDS, None, tuple(misses), "all")


def _gated(videos: Sequence[Item], analyzer: Analyzer) -> list[Result]:
    """With the motion gate: frames counted right, and how few were searched."""
    right = of = searched = frames = 0
    misses = []
    for item in videos:
        counted = _Counted()
        gate, tracker = MotionGate(GateSettings()), None
        for number, at_s, picture in item.frames():
            tracker = tracker or _tracker(picture)
            pts_ms = round(at_s * 1000)
            frames += 1
            if gate.lets_pass(picture, pts_ms) or not isinstance(tracker, KnowsStillness):
                counted.searched += 1
                shown = tracker.update(pts_ms, pts_ms * 1000, analyzer.analyze([picture])[0])
            else:
                shown = tracker.stay(pts_ms, pts_ms * 1000)
            _score(item, number, shown, counted)
        right, of, searched = right + counted.right, of + counted.frames, searched + counted.searched
        wrong = "".join(f"; {count} frames {what}" for what, count in counted.wrong.most_common(3))
        misses.append(f"{item.file}: {counted.searched} frames searched, {counted.frames - counted.right} wrong{wrong}")
    return [
        Result("motion gate, frames counted right", right, of, None, tuple(misses)),
        Result("motion gate, frames not searched", frames - searched, frames),
    ]


def _score(item: Item, number: int, shown: Sequence[Detection], counted: _Counted) -> None:
    interval = in_interval(item.truth["people"]["intervals"], number)
    if interval is None:
        return
    counted.frames += 1
    counted.right += len(shown) == interval["count"]
    if len(shown) != interval["count"]:
        counted.wrong[f"{len(shown)} for {interval['count']}"] += 1


def _tracker(picture: Picture) -> Tracker:
    height, width = picture.shape[:2]
    return start_tracker(DEFINITION, Scene(width, height))


def measure_objects(items: Sequence[Item], errors: ErrorPictures) -> list[Result]:
    """Labelled things of the stills that are found, and a table of what they are called."""
    from consumers.objects.analyzer import build_analyzer as build_objects  # noqa: PLC0415 - only where a file is

    results = []
    labelled = [item for item in items if item.truth.get("objects")]
    for model in BY_QUALITY:
        if find(model) is None or not labelled:
            continue
        analyzer = build_objects({"model": model.name})
        right = of = 0
        misses, table = [], defaultdict[str, Counter[str]](Counter)
        for item in labelled:
            picture = item.picture()
            least = SceneOptions().score_min
            found = [seen for seen in analyzer.analyze([picture])[0] if seen.score >= least]
            left = Counter(str(seen.label) for seen in found)
            for label, accepted in _things(item):
                of += 1
                said = next((name for name in accepted if left[name] > 0), "nothing")
                left[said] -= 1
                right += said != "nothing"
                table[label][said] += 1
            strangers = ", ".join(f"{count} {name}" for name, count in left.items() if count > 0)
            if strangers or any("nothing" in row for row in table.values()):
                misses.append(f"{item.file}: besides, {strangers or 'nothing'}")
                errors.save(f"objects-{model.name}-{item.file}", picture, found)
        plain = {label: dict(said) for label, said in table.items()}
        results.append(Result(f"objects {model.name}, stills", right, of, None, tuple(misses), "", plain))
    return results


def _things(item: Item) -> Iterator[tuple[str, list[str]]]:
    """Label and what it may be called, once for each thing."""
    for one in item.truth["objects"]:
        for _ in range(one["count"]):
            yield one["label"], [one["label"], *one.get("also_accept", [])]
