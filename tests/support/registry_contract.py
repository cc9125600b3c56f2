"""What every entry of the registry keeps: any picture file gives a result or a clear refusal, never an exception."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from common.errors import LookoutError
from consumers.offline import AnalysisFailed, load_offline

ORIENTATION = 0x0112
"""Tag of EXIF; 6: turn by 90 degrees to the right."""


def odd_files(folder: Path) -> list[Path]:
    """Pictures that cameras, scanners and people really send, and one that lies about its size."""
    noise = np.random.default_rng(1).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    rgb = Image.fromarray(np.asarray(cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8))
    made: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "colour.jpg": (rgb, {}),
        "grey.jpg": (rgb.convert("L"), {}),
        "tiny.jpg": (rgb.resize((8, 8)), {}),
        "pixel.png": (rgb.resize((1, 1)), {}),
        "thin.png": (rgb.resize((900, 1)), {}),
        "huge.jpg": (rgb.resize((4200, 3600)), {"quality": 60}),
        "cmyk.jpg": (rgb.convert("CMYK"), {}),
        "black.jpg": (Image.new("RGB", (320, 240)), {}),
        "white.jpg": (Image.new("RGB", (320, 240), "white"), {}),
        "one_colour.jpg": (Image.new("RGB", (320, 240), (40, 90, 160)), {}),
        "see_through.png": (rgb.convert("RGBA"), {}),
        "palette.png": (rgb.convert("P"), {}),
    }
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    made["turned.jpg"] = (rgb, {"exif": exif})
    for name, (picture, options) in made.items():
        picture.save(folder / name, **options)
    data = bytearray((folder / "colour.jpg").read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = (6000).to_bytes(2, "big") * 2
    (folder / "claims_much.jpg").write_bytes(bytes(data))
    (folder / "cut.jpg").write_bytes((folder / "colour.jpg").read_bytes()[:900])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_bytes(b"this is no picture")
    return sorted(folder.iterdir())


REFUSED = {"claims_much.jpg", "empty.jpg", "text.jpg", "cmyk.jpg", "cut.jpg"}
"""What may be refused, with a sentence; all else has a result."""


def check_contract(name: str, options: Mapping[str, Any], folder: Path) -> None:
    """Runs the analysis `name` over every odd file, twice. AssertionError says which file and what."""
    offline = load_offline(name, options)
    for path in odd_files(folder):
        try:
            first, second = (list(offline.search_file(path, None)) for _ in range(2))
        except AnalysisFailed as error:
            raise AssertionError(f"{name} raised for {path.name}: {error}") from error
        except LookoutError as error:
            if path.name not in REFUSED or len(str(error)) < 10:
                raise AssertionError(f"{name} refused {path.name}: {error}") from error
            continue
        (one,) = first
        height, width = one.frame.picture.shape[:2]
        assert one.detections == second[0].detections, f"{name} answers {path.name} in two ways"
        if path.name == "turned.jpg":
            assert (width, height) == (240, 320)
        for seen in one.detections:
            x, y, w, h = seen.box
            assert 0 <= x < x + w <= width, f"{name}: a box outside {path.name}"
            assert 0 <= y < y + h <= height, f"{name}: a box outside {path.name}"
            assert 0 <= seen.score <= 1
            assert seen.kind in offline.definition.kinds
