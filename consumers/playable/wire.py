"""What passes between a worker and the process that opens an upload for it.

The worker sends an `Order`. The process asks for bytes of the file (`BlockRequest`), which the worker answers with
their number and themselves, until it sends its `Verdict`. Orders, requests and verdicts are lines of JSON.
"""

import struct
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from common.contracts.base import Contract
from common.contracts.playable import SENTENCE_MAX_CHARS, Media

LINE_MAX_BYTES = 16 * 1024
BLOCK_MAX_BYTES = 2 * 1024 * 1024
LENGTH = struct.Struct(">I")
"""Stands before the bytes of a block."""


class Order(Contract):
    """`size`: of the upload in bytes. `path`: where what is made is written; at most `output_bytes`. `memory_bytes`:
    what the process may use; `work_s`: for how long it is waited for."""

    size: int = Field(ge=1)
    path: str
    output_bytes: int = Field(ge=1)
    memory_bytes: int = Field(ge=1)
    work_s: float = Field(gt=0)


class BlockRequest(Contract):
    """Bytes [start, end] of the upload."""

    type: Literal["block"] = "block"
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Verdict(Contract):
    """As `common.contracts.playable.UploadPrepared`. `made`: the file lies at the order's path."""

    type: Literal["verdict"] = "verdict"
    state: Literal["original", "made", "impossible"]
    note: str | None = Field(default=None, max_length=SENTENCE_MAX_CHARS)
    problem: str | None = Field(default=None, max_length=SENTENCE_MAX_CHARS)
    media: Media | None = None
    duration_ms: int | None = Field(default=None, ge=0, le=2**53)
    width: int | None = Field(default=None, ge=1, le=2**31)
    height: int | None = Field(default=None, ge=1, le=2**31)
    codec: str | None = Field(default=None, max_length=32, pattern=r"^[A-Za-z0-9_.-]+$")


_MESSAGE: TypeAdapter[BlockRequest | Verdict] = TypeAdapter(
    Annotated[BlockRequest | Verdict, Field(discriminator="type")]
)


def parse_message(line: bytes) -> BlockRequest | Verdict:
    """A line of the process, which has read what nobody vouches for. Raises ValueError."""
    return _MESSAGE.validate_json(line)
