"""What stage 1 hands to the ordered stage: the decoded picture and what the model said."""

from dataclasses import dataclass

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture


@dataclass(frozen=True, slots=True)
class Finding:
    """The model's answer. `failure`: the class of what the analyzer raised; then `detections` is empty."""

    detections: tuple[Detection, ...] = ()
    model_ms: float = 0.0
    failure: str | None = None


class AnalysedFrame:
    """Opaque to the runtime. `finding` is None when the frame was not searched; `is_deferred`: the ordered stage
    decides whether it is, because only there the frames before it are known.

    The picture (megabytes) is handed out once: the ordered stage draws into it and lets it go, whoever still holds this
    object afterwards.
    """

    __slots__ = ("_picture", "finding", "is_deferred")

    def __init__(self, picture: Picture, finding: Finding | None, *, is_deferred: bool = False) -> None:
        self._picture: Picture | None = picture
        self.finding = finding
        self.is_deferred = is_deferred

    @property
    def picture(self) -> Picture:
        """To look at, not to keep. Raises LookupError once it was taken."""
        if self._picture is None:
            raise LookupError("the picture of this frame was taken before")
        return self._picture

    def take_picture(self) -> Picture:
        """Once; then it is gone. Raises LookupError the second time."""
        picture, self._picture = self.picture, None
        return picture
