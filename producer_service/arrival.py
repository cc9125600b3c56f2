"""Whether a request has arrived far enough to be worth a thread: pure functions over its first bytes."""

import re

HEAD_MAX_BYTES = 16 * 1024
"""A longer head is refused; ours are below 1 KiB."""
BODY_AWAITED_MAX_BYTES = 256 * 1024
"""Bodies up to this are awaited in the kernel's buffer before a thread sees the request; larger ones are read by it."""

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)


class HeadTooLong(ValueError):
    """The head does not end within `HEAD_MAX_BYTES`."""


def bytes_needed(seen: bytes) -> int:
    """How many bytes must lie ready before the request that begins with `seen` can be worked on without waiting.

    At most `len(seen)` when it can be now. `seen`: what has arrived, at least its first `HEAD_MAX_BYTES`. Raises
    HeadTooLong.
    """
    end = seen.find(b"\r\n\r\n")
    if end < 0:
        if len(seen) >= HEAD_MAX_BYTES:
            raise HeadTooLong
        return len(seen) + 1
    head_bytes = end + 4
    length = _CONTENT_LENGTH.search(seen, 0, head_bytes)
    # A client that expects "100 Continue" sends its body only after the head was answered.
    if length is None or _EXPECT.search(seen, 0, head_bytes) is not None:
        return head_bytes
    body_bytes = int(length[1])
    return head_bytes + (body_bytes if body_bytes <= BODY_AWAITED_MAX_BYTES else 0)
