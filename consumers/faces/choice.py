"""Which face detector is used: the best by measurement (docs/accuracy.md) of those that are there."""

from common.errors import ConfigurationError
from common.model_registry import LIBFACEDETECTION, MEDIAPIPE_FACE, YUNET, YUNET_320, ModelFile, find
from consumers.faces.face import FaceDetector

AUTOMATIC = "auto"
BY_QUALITY: tuple[ModelFile, ...] = (YUNET_320, YUNET, LIBFACEDETECTION, MEDIAPIPE_FACE)


def choose_detector(name: str = AUTOMATIC) -> FaceDetector:
    """The detector called `name` (the model's name in the registry), or the best that is there.

    Raises ConfigurationError: none is there, the named one is unknown or missing, or a file is there but altered (that
    is never passed over in silence).
    """
    if name != AUTOMATIC:
        for model in BY_QUALITY:
            if model.name == name:
                return _build(model)
        known = ", ".join([AUTOMATIC, *(model.name for model in BY_QUALITY)])
        raise ConfigurationError(f"There is no face detector called {name!r}. Known: {known}")
    for model in BY_QUALITY:
        if find(model) is not None:
            return _build(model)
    raise ConfigurationError("No face detector is installed. Get one with: make setup")


def _build(model: ModelFile) -> FaceDetector:
    # Imported one by one: each loads a library that the others do not need.
    if model is YUNET_320:
        from consumers.faces.yunet_onnx import YuNetOnnx  # noqa: PLC0415

        return YuNetOnnx()
    if model is YUNET:
        from consumers.faces.yunet import YuNet  # noqa: PLC0415

        return YuNet()
    if model is LIBFACEDETECTION:
        from consumers.faces.libfacedetection import LibFaceDetection  # noqa: PLC0415

        return LibFaceDetection()
    from consumers.faces.mediapipe_full_range import MediaPipeFullRange  # noqa: PLC0415

    return MediaPipeFullRange()
