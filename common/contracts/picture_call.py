"""The call by which the API server has one picture analysed, by a process that has models and decoders.

`POST /v1/pictures/{analysis}` with the picture as the body; JSON answer (`PictureFound`), or the drawn picture when
`Accept` says so. Signed with LOOKOUT_SIGNING_KEY over everything it says: only our own API server may call, and a call
that was overheard can be repeated for a minute at most.
"""

import hashlib
import hmac
from dataclasses import dataclass

from common.contracts.base import Contract
from common.contracts.detection import Detection, ModelInfo

PICTURE_MAX_BYTES = 16 * 2**20
CALL_S = 60
JSON, JPEG, PNG = "application/json", "image/jpeg", "image/png"
SIGNATURE_HEADER = "X-Lookout-Signature"
OPTIONS_HEADER = "X-Lookout-Options"
OPTIONS_MAX_CHARS = 2_000


class PictureFound(Contract):
    """What an analysis found in one picture, upright as a viewer shows it. `model_ms`: time in the model."""

    analysis: str
    width: int
    height: int
    model: ModelInfo
    model_ms: float
    detections: tuple[Detection, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureCall:
    """`options`: JSON object as text; `accept`: one of JSON, JPEG, PNG."""

    analysis: str
    options: str
    accept: str
    body: bytes

    def signed(self, key: bytes, expires_s: int) -> str:
        """`expires.signature` for SIGNATURE_HEADER. Raises ValueError for an empty key."""
        return f"{expires_s}.{self._signature(key, expires_s)}"

    def is_signed(self, header: str, key: bytes, now_s: float) -> bool:
        """Whether `header` was made by `signed` with the same key, and not too long ago."""
        expires, _, signature = header.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and signature.isascii()):
            return False
        if not now_s <= int(expires) <= now_s + 2 * CALL_S:
            return False
        return hmac.compare_digest(signature, self._signature(key, int(expires)))

    def _signature(self, key: bytes, expires_s: int) -> str:
        if not key:
            raise ValueError("an empty key signs for everybody")
        parts = (
            "lookout-picture-v1",
            str(expires_s),
            self.analysis,
            self.options,
            self.accept,
            hashlib.sha256(self.body).hexdigest(),
        )
        return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()
