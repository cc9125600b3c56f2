"""Jobs over recorded video: the records of topic `segment-jobs` (DESIGN 5, "Recorded video").

A query becomes one `plan` job; the plan becomes `part` jobs, spread over partitions by part number; when every part is
there the indexer asks for one `join`. An upload gets a `prepare` job (`common.contracts.playable`). A job is a
reference, never pixels, and every job may be repeated without harm.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from common.contracts.base import Contract
from common.contracts.identity import ANALYSIS_PATTERN
from common.contracts.playable import PrepareJob

QUERIES_PREFIX = "queries/"
QUERY_ID_PATTERN = r"^q-[a-z2-7]{16}$"
PARTS_MAX = 2_000
"""More than a day of one-minute clips in one query is refused by the API."""


class Source(Contract):
    """A stretch [pts_a_ms, pts_b_ms) of one stored video; None: to its end.

    `t0_us`: wall time of presentation time 0, None when nobody knows it (an upload).
    """

    object_key: str = Field(pattern=r"^(clips|uploads)/[A-Za-z0-9_./~-]{1,300}$")
    t0_us: int | None = None
    pts_a_ms: int = Field(default=0, ge=0)
    pts_b_ms: int | None = Field(default=None, ge=1)


class AskedModel(Contract):
    """The model that a query names. `sha256`: of the file that the name stood for when it was asked, None where no file
    holds it: a worker on which the name stands for another one refuses."""

    name: str
    version: str
    sha256: str | None = None


class Work(Contract):
    """What is done to the video: the same for all parts of a query, and part of the query's identity. `model`: None for
    the one that live frames are searched with."""

    query_id: str = Field(pattern=QUERY_ID_PATTERN)
    analysis: str = Field(pattern=ANALYSIS_PATTERN)
    camera: str | None = None
    every_ms: int | None = Field(default=None, ge=1)
    options: dict[str, Any] = Field(default_factory=dict)
    model: AskedModel | None = None


class PlanJob(Contract):
    """Look at the sources' key frames and send the part jobs."""

    type: Literal["plan"] = "plan"
    v: int = 1
    work: Work
    sources: tuple[Source, ...] = Field(min_length=1, max_length=PARTS_MAX)


class PartJob(Contract):
    """Decode one stretch, analyse, draw, encode, store `parts/{part}.mp4`.

    `width` and `height` are the first source's; `offset_ms`: where the part begins in the result.
    """

    type: Literal["part"] = "part"
    v: int = 1
    work: Work
    part: int = Field(ge=0, lt=PARTS_MAX)
    parts: int = Field(ge=1, le=PARTS_MAX)
    source: Source
    offset_ms: int = Field(ge=0)
    width: int = Field(ge=2)
    height: int = Field(ge=2)


class JoinJob(Contract):
    """Copy the streams of all parts into `result.mp4` and merge what touches a boundary."""

    type: Literal["join"] = "join"
    v: int = 1
    work: Work
    parts: int = Field(ge=1, le=PARTS_MAX)


SegmentJob = Annotated[PlanJob | PartJob | JoinJob | PrepareJob, Field(discriminator="type")]
_JOB: TypeAdapter[PlanJob | PartJob | JoinJob | PrepareJob] = TypeAdapter(SegmentJob)


def parse_job(value: bytes) -> PlanJob | PartJob | JoinJob | PrepareJob:
    """Read a job. Raises ValueError (pydantic's ValidationError is one)."""
    return _JOB.validate_json(value)


def part_key(query_id: str, part: int) -> str:
    """`queries/{id}/parts/{n}.mp4`"""
    return f"{QUERIES_PREFIX}{query_id}/parts/{part}.mp4"


def result_key(query_id: str) -> str:
    """`queries/{id}/result.mp4`"""
    return f"{QUERIES_PREFIX}{query_id}/result.mp4"


def result_poster_key(query_id: str) -> str:
    """`queries/{id}/result.jpg`"""
    return f"{QUERIES_PREFIX}{query_id}/result.jpg"


def cancelled_key(query_id: str) -> str:
    """The object whose existence cancels a query; checked before and after each part."""
    return f"{QUERIES_PREFIX}{query_id}/cancelled"
