"""The 80 classes of COCO (Lin et al., Microsoft COCO: Common Objects in Context, 2014), and named choices of them."""

from collections.abc import Mapping

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
