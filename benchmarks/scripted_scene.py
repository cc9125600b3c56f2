"""A scripted scene for trackers: things whose way is known, detections of them that drop out, tremble and weaken."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from common.contracts.detection import Detection

WIDTH, HEIGHT = 640, 480
STEP_MS = 200
Way = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Actor:
    """In the picture from `first` to `last` (numbers of searched pictures, both included)."""

    name: str
    first: int
    last: int
    way: Way
    size: tuple[int, int] = (40, 110)
    label: str = "person"

    def box(self, n: int) -> tuple[int, int, int, int]:
        x, y = self.way((n - self.first) * STEP_MS / 1000)
        return round(x), round(y), self.size[0], self.size[1]


ACTORS = (
    Actor("to the right", 0, 40, lambda t: (40 + 60 * t, 100)),
    Actor("to the left, behind", 3, 44, lambda t: (560 - 60 * t, 180)),
    Actor("stands", 5, 60, lambda _: (300, 320)),
    Actor("comes late", 30, 58, lambda t: (20 + 40 * t, 330)),
    Actor("car", 10, 22, lambda t: (520 - 180 * t, 20), (110, 60), "car"),
    Actor("back and forth", 46, 75, lambda t: (450 + 60 * (t if t < 3 else 6 - t), 60)),
)
LAST = 90


def detections(n: int, seed: int, dropped: float = 0.15, weak: float = 0.15) -> list[tuple[str, Detection]]:
    """Actor and detection at picture `n`, in a shuffled order: the detector knows no order."""
    numbers = random.Random(seed * 1000 + n)
    found = []
    for actor in ACTORS:
        if not actor.first <= n <= actor.last:
            continue
        is_first = n - actor.first < 2
        if not is_first and numbers.random() < dropped:
            continue
        score = 0.25 if not is_first and numbers.random() < weak else 0.8
        x, y, width, height = actor.box(n)
        box = (x + numbers.randint(-3, 3), y + numbers.randint(-3, 3), width + numbers.randint(-3, 3), height)
        found.append((actor.name, Detection(box=box, kind="object", label=actor.label, score=score)))
    numbers.shuffle(found)
    return found
