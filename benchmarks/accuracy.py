"""How right the analyses are on a folder of labelled media, and what they cost.

    python -m benchmarks.accuracy --media DIR [--json] [--save-errors DIR] [--only plates] [--modes fast,standard]

Prints one line a figure, then what was missed. CPU is the process' own time on one thread; on a busy machine it grows
to twice (shared caches, two hardware threads on one core), so the run also prints the time of a fixed piece of work.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.accuracy_consumer import measure_consumers
from benchmarks.accuracy_faces import measure_emotions, measure_faces, measure_landmarks
from benchmarks.accuracy_people import measure_objects, measure_people
from benchmarks.accuracy_plates import measure_plates, reference_cost
from benchmarks.accuracy_result import Cpu, ErrorPictures, Result
from benchmarks.accuracy_truth import Item, read_items
from common.errors import ConfigurationError
from common.model_registry import MODELS, find
from consumers.license_plate.text_detector import TextDetector

PARTS = ("plates", "faces", "emotion", "people", "objects", "consumer")
MODES = ("fast", "video", "standard", "thorough")
YARDSTICK_SIZE = (384, 640, 3)
YARDSTICK_REPEATS = 5


def main() -> int:
    asked = _arguments()
    cv2.setNumThreads(1)
    cv2.setRNGSeed(1)
    try:
        items = read_items(asked.media)
        results, notes = _measure(items, asked)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 78
    if asked.json:
        print(json.dumps({"results": [result.as_dict() for result in results], "notes": notes}, indent=1))
        return 0
    for result in results:
        print(result.line())
    for result in results:
        if result.misses or result.table:
            print(f"\n{result.name}")
        for truth, said in result.table.items():
            print(f"  {truth}: " + ", ".join(f"{label} {count}" for label, count in said.items()))
        for miss in result.misses:
            print(f"  {miss}")
    print()
    for name, value in notes.items():
        print(f"{name}: {value}")
    return 0


def _measure(items: list[Item], asked: argparse.Namespace) -> tuple[list[Result], dict[str, object]]:
    errors = ErrorPictures(asked.save_errors)
    results: list[Result] = []
    notes: dict[str, object] = {"load average": os.getloadavg()[0]}
    if {"plates", "consumer"} & set(asked.only):
        notes["yardstick: text detector on 640 x 384"] = f"{_yardstick().mean_ms} ms (66 ms on a quiet core)"
    if "plates" in asked.only:
        results += measure_plates(items, asked.modes, errors)
        if asked.reference:
            reference = reference_cost(items)
            notes["rapidocr as installed, ms CPU a 1280x720 picture"] = None if reference is None else reference.mean_ms
            for result in results:
                if reference is not None and result.cpu is not None and "1280x720" in result.name:
                    notes[f"{result.name}: times cheaper"] = round(reference.mean_ms / result.cpu.mean_ms, 1)
    if "faces" in asked.only:
        results += measure_faces(items, errors) + measure_landmarks(items)
    if "emotion" in asked.only:
        results += measure_emotions(items, errors, asked.emotion_network)
    if "people" in asked.only:
        results += measure_people(items, errors)
    if "objects" in asked.only:
        results += measure_objects(items, errors)
    if "consumer" in asked.only:
        results += measure_consumers(items)
    for model in MODELS.values():
        notes[f"model {model.name}"] = f"sha256 {model.sha256[:16]}" + ("" if find(model) else ", not here")
    return results, notes


def _yardstick() -> Cpu:
    detector = TextDetector()
    picture = np.random.default_rng(0).integers(0, 255, YARDSTICK_SIZE, dtype=np.uint8)
    detector.find(picture, 640)
    spent = []
    for _ in range(YARDSTICK_REPEATS):
        begin = time.process_time()
        detector.find(picture, 640)
        spent.append(time.process_time() - begin)
    return Cpu.of(spent)


def _listed(known: tuple[str, ...], text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {unknown[0]}; known: {', '.join(known)}")
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Accuracy and cost of the analyses on labelled media.")
    parser.add_argument("--media", type=Path, required=True, help="folder with truth.json")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--save-errors", type=Path, help="folder for pictures of what went wrong")
    parser.add_argument("--only", type=lambda text: _listed(PARTS, text), default=list(PARTS))
    parser.add_argument("--modes", type=lambda text: _listed(MODES, text), default=list(MODES))
    parser.add_argument(
        "--emotion-network",
        action="append",
        default=[],
        type=json.loads,
        metavar="JSON",
        help="compare with the shipped network: the option `network` of emotion, several times if need be",
    )
    parser.add_argument("--no-reference", dest="reference", action="store_false", help="leave rapidocr itself out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
