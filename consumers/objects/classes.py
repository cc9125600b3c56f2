"""The 80 classes of COCO (Lin et al., Microsoft COCO: Common Objects in Context, 2014), and named choices of them."""

from collections.abc import Iterable, Mapping

COCO: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed",
    "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven",
    "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
IDS_WITHOUT_CLASS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
"""Numbers among the data set's own 1 to 90 that no class has; networks with 91 answers count with them."""

_VEHICLES = ("bicycle", "car", "motorcycle", "bus", "truck")
_ITEMS = ("backpack", "umbrella", "handbag", "suitcase", "laptop", "cell phone")
PRESETS: Mapping[str, tuple[str, ...]] = {
    "core": ("person", *_VEHICLES, "cat", "dog"),
    "extended": COCO,
    "traffic": ("person", *_VEHICLES, "traffic light", "stop sign"),
    "perimeter": ("person", *_VEHICLES, "bird", "cat", "dog", "horse", "sheep", "cow", "bear"),
    "retail": ("person", "backpack", "handbag", "suitcase", "umbrella", "bottle", "cup", "cell phone", "chair"),
    "people": ("person",),
    "vehicles": _VEHICLES,
    "transport": (*_VEHICLES, "train", "boat", "airplane"),
    "personal items": _ITEMS,
}


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
