"""How often a job was begun without coming to an end: kept beside the committed offset (as DESIGN 5, rule 19)."""

from dataclasses import dataclass

TRIES_MAX = 3
"""A video that brings the process down so often is not tried again: the same process serves live cameras."""
_PREFIX = "begun"


@dataclass(frozen=True, slots=True)
class Tries:
    """The job at `offset` was begun `count` times, and each time the process ended before the job did."""

    offset: int
    count: int

    def to_metadata(self) -> str:
        return f"{_PREFIX} {self.offset} {self.count}"

    @classmethod
    def parse(cls, metadata: str) -> "Tries | None":
        """None for any text that is not ours."""
        words = metadata.split(" ")
        if len(words) != 3 or words[0] != _PREFIX or not all(w.isascii() and w.isdigit() for w in words[1:]):
            return None
        return cls(int(words[1]), int(words[2]))
