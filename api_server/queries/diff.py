"""What a re-run found differently: two lists of sightings of the same time, compared."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from api_server.clips.plate_text import plate_key
from common.contracts.detection import Box

TOUCH_US = 2_000_000
"""A clip ends in the middle of what it shows: the same thing goes on in the next within this."""
SLACK_US = 1_000_000
"""Two searches with different intervals see the same thing begin and end this much apart."""
EDITS_MAX = 2
"""Plates that differ in more characters are two plates."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was seen, by its words and its time. `clip`: where the earlier result shows it."""

    kind: str
    words: str
    confidence: float
    first_us: int
    last_us: int
    box: Box
    clip: str | None = None
    at_ms: int = 0

    @property
    def key(self) -> str:
        """Plate text without spaces and dashes; a label as it is."""
        return plate_key(self.words)


@dataclass(frozen=True, slots=True)
class Change:
    """The same thing, seen as something else."""

    before: Seen
    after: Seen


@dataclass(frozen=True, slots=True)
class Diff:
    """`same`: how many both have."""

    added: tuple[Seen, ...]
    removed: tuple[Seen, ...]
    changed: tuple[Change, ...]
    same: int


Fits = Callable[[Seen, Seen], bool]


def compare(before: Iterable[Seen], after: Iterable[Seen]) -> Diff:
    """1. What was cut by the ends of clips is put together. 2. Sightings with the same words at the same time are the
    same. 3. Of the rest, those at the same time whose plates differ little, or whose boxes lie over each other, are
    changed. 4. What is left was added or removed."""
    old, new = _put_together(before), _put_together(after)
    same = _take_pairs(old, new, lambda a, b: a.key == b.key)
    changed = _take_pairs(old, new, _may_be_one)
    return Diff(tuple(new), tuple(old), tuple(Change(a, b) for a, b in changed), len(same))


def edits(a: str, b: str) -> int:
    """Levenshtein distance (V. Levenshtein, 1966), by rows."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def _put_together(sightings: Iterable[Seen]) -> list[Seen]:
    """In order; what goes on within TOUCH_US with the same words is one. The surer one shows it."""
    whole: list[Seen] = []
    newest: dict[tuple[str, str], int] = {}
    for seen in sorted(sightings, key=lambda s: (s.first_us, s.last_us)):
        place = newest.get((seen.kind, seen.key))
        if place is not None and seen.first_us - whole[place].last_us <= TOUCH_US:
            known = whole[place]
            best = max(known, seen, key=lambda s: s.confidence)
            whole[place] = replace(best, first_us=known.first_us, last_us=max(known.last_us, seen.last_us))
        else:
            newest[seen.kind, seen.key] = len(whole)
            whole.append(seen)
    return whole


def _take_pairs(old: list[Seen], new: list[Seen], fits: Fits) -> list[tuple[Seen, Seen]]:
    """Pairs that fit and overlap in time, each with the partner it shares most with; taken out of both lists."""
    pairs: list[tuple[Seen, Seen]] = []
    rest: list[Seen] = []
    free = list(new)
    for a in old:
        best, best_us = None, -1
        for b in free:
            if b.first_us > a.last_us + SLACK_US:
                break
            shared_us = min(a.last_us, b.last_us) - max(a.first_us, b.first_us) + SLACK_US
            if shared_us >= 0 and shared_us > best_us and a.kind == b.kind and fits(a, b):
                best, best_us = b, shared_us
        if best is None:
            rest.append(a)
        else:
            free.remove(best)
            pairs.append((a, best))
    old[:], new[:] = rest, free
    return pairs


def _may_be_one(a: Seen, b: Seen) -> bool:
    if a.kind == "plate" and 0 < edits(a.key, b.key) <= EDITS_MAX:
        return True
    return _overlaps(a.box, b.box)


def _overlaps(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
