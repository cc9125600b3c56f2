"""Which of the classes of COCO are wanted, and their numbers (`common.contracts.object_classes`)."""

from collections.abc import Iterable

from common.contracts.object_classes import COCO, PRESETS

__all__ = ["COCO", "IDS_WITHOUT_CLASS", "PRESETS", "chosen_classes", "coco_of_id"]

IDS_WITHOUT_CLASS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
"""Numbers among the data set's own 1 to 90 that no class has; networks with 91 answers count with them."""


def chosen_classes(names: Iterable[str], known: Iterable[str] = COCO) -> frozenset[str]:
    """The classes that presets and class names come to. Raises ValueError naming the first that is neither."""
    known = tuple(known)
    chosen: set[str] = set()
    for name in names:
        if name in PRESETS:
            chosen |= set(PRESETS[name])
        elif name in known:
            chosen.add(name)
        else:
            raise ValueError(f"{name[:40]!r} is neither a class nor a preset ({', '.join(PRESETS)})")
    return frozenset(chosen)


def coco_of_id(number: int) -> int | None:
    """The place in `COCO` of a class by the data set's own number (1 to 90), or None."""
    if number in IDS_WITHOUT_CLASS or not 1 <= number <= 90:
        return None
    return number - 1 - sum(gap < number for gap in IDS_WITHOUT_CLASS)
