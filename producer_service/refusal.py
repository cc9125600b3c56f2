"""The one way to say no: a status, a code for programs, a sentence for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusalKind:
    """A reason for refusing. `code` is part of the API and of the metric `lookout_frames_received_total`."""

    status: int
    code: str
    retry_after_s: int | None = None


NOT_FOUND = RefusalKind(404, "not_found")
METHOD_NOT_ALLOWED = RefusalKind(405, "method_not_allowed")
BAD_REQUEST = RefusalKind(400, "bad_request")
INTERNAL_ERROR = RefusalKind(500, "internal_error")

SETTINGS_NOT_READ = RefusalKind(503, "settings_not_read", retry_after_s=1)
UNKNOWN_CAMERA = RefusalKind(404, "unknown_camera")
BAD_TOKEN = RefusalKind(401, "bad_token")
LENGTH_REQUIRED = RefusalKind(411, "length_required")
TOO_LARGE = RefusalKind(413, "too_large")
NOT_IMAGE_JPEG = RefusalKind(415, "not_image_jpeg")
BAD_IDENTITY = RefusalKind(400, "bad_identity")
DISK_FULL = RefusalKind(507, "disk_full", retry_after_s=5)
TOO_MANY_IN_FLIGHT = RefusalKind(429, "too_many_in_flight", retry_after_s=1)
TOO_FAST = RefusalKind(429, "too_fast", retry_after_s=1)
BODY_INCOMPLETE = RefusalKind(400, "body_incomplete")
BODY_TOO_SLOW = RefusalKind(408, "body_too_slow")
KAFKA_UNAVAILABLE = RefusalKind(503, "kafka_unavailable", retry_after_s=2)
KAFKA_REFUSED = RefusalKind(503, "kafka_refused", retry_after_s=30)


class Refusal(Exception):
    """Raised anywhere on the way of a request; answered as JSON {"code", "message"}. The sentence holds no secret."""

    def __init__(self, kind: RefusalKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


def not_a_jpeg(reason: str, sentence: str) -> Refusal:
    """400 with the reason of `common.jpeg` as its code."""
    return Refusal(RefusalKind(400, reason), sentence)
