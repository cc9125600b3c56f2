"""An upload under way as a document."""

from enum import StrEnum

from api_server.database.revised import RevisedRecord

OPEN_PREFIX = "open-uploads/"
PART_BYTES = 8 * 2**20
"""Of every part but the last; S3 takes 10,000 of at least 5 MiB."""


class OpenState(StrEnum):
    """`open`: bytes are awaited. `done`: it is a recording; kept so that who lost the last answer can ask.
    `ended`: given up; what is stored of it is still to be erased."""

    OPEN = "open"
    DONE = "done"
    ENDED = "ended"


class OpenUpload(RevisedRecord):
    """A file of `size` bytes, of which the first `offset` are stored: whole parts in the multipart upload `multipart`
    (their `tags`), and what is over in an object of its own. Its id is that of the recording it becomes.

    Everything that it says is stored; what was stored and is not said yet is sent again.
    """

    owner: str
    name: str
    size: int
    t0_us: int | None = None
    created_us: int
    expires_us: int
    state: OpenState = OpenState.OPEN
    offset: int = 0
    container: str | None = None
    multipart: str | None = None
    tags: tuple[str, ...] = ()
    part_bytes: int = PART_BYTES

    @property
    def prefix(self) -> str:
        """Below it lies what is over."""
        return f"{OPEN_PREFIX}{self.id}/"

    @property
    def tail_key(self) -> str:
        """Named by the offset it ends at, so that a later one never replaces it."""
        return f"{self.prefix}{self.offset}"

    @property
    def tail_bytes(self) -> int:
        """How many bytes are over: they lie at `tail_key`."""
        return self.offset - len(self.tags) * self.part_bytes if self.state is OpenState.OPEN else 0
