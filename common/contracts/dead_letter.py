"""A record of topic `dead-letters`: the original bytes, and as headers where they came from and why."""

from dataclasses import dataclass

from common.contracts.frame import Headers

ORIGINAL_PREFIX = "o-"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`attempts` counts how often the record was tried. Keyed by the original key."""

    analysis: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    reason: str
    detail: str
    attempts: int
    failed_us: int

    def to_headers(self, original: Headers) -> list[tuple[str, bytes]]:
        """Headers of the dead letter; the original headers follow, their names prefixed with `o-`."""
        fields = [
            ("v", "1"),
            ("analysis", self.analysis),
            ("topic", self.topic),
            ("topic_id", self.topic_id),
            ("partition", str(self.partition)),
            ("offset", str(self.offset)),
            ("reason", self.reason),
            ("detail", self.detail[:500]),
            ("attempts", str(self.attempts)),
            ("failed_at", str(self.failed_us)),
        ]
        return [(n, v.encode()) for n, v in fields] + [(ORIGINAL_PREFIX + n, v) for n, v in original]

    @classmethod
    def from_headers(cls, headers: Headers) -> tuple["DeadLetter", list[tuple[str, bytes]]]:
        """The dead letter and the original headers. Raises ValueError."""
        own = {n: v.decode("utf-8", "replace") for n, v in headers if not n.startswith(ORIGINAL_PREFIX)}
        original = [(n.removeprefix(ORIGINAL_PREFIX), v) for n, v in headers if n.startswith(ORIGINAL_PREFIX)]
        try:
            letter = cls(
                analysis=own["analysis"],
                topic=own["topic"],
                topic_id=own["topic_id"],
                partition=int(own["partition"]),
                offset=int(own["offset"]),
                reason=own["reason"],
                detail=own.get("detail", ""),
                attempts=int(own["attempts"]),
                failed_us=int(own["failed_at"]),
            )
        except (KeyError, ValueError) as error:
            raise ValueError(f"not a dead letter: {error}") from error
        return letter, original
