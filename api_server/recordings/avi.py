"""What an AVI file says of itself in its headers. Nothing is decoded.

Microsoft's AVI RIFF File Reference (`avih`, `strh`, `strf`).
"""

import struct
from typing import IO

from api_server.recordings.codec import of_fourcc
from api_server.recordings.file_facts import FileFacts

HEAD_BYTES = 64 * 1024
"""The headers lie within."""
_COMPRESSION_AT = 16
"""In the BITMAPINFOHEADER of `strf`."""


def read_avi(file: IO[bytes]) -> FileFacts:
    """Raises struct.error when its headers are not as they should be."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    main = head.find(b"avih")
    if main < 0:
        return FileFacts()
    frame_us, frames = struct.unpack_from("<I12xI", head, main + 8)
    width, height = struct.unpack_from("<II", head, main + 8 + 32)
    return FileFacts(round(frame_us * frames / 1000) or None, width or None, height or None, _codec(head))


def _codec(head: bytes) -> str | None:
    """Of the first video stream: how its pictures are compressed, else who is said to handle them."""
    stream = head.find(b"vids")
    if stream < 0:
        return None
    handler = head[stream + 4 : stream + 8]
    form = head.find(b"strf", stream)
    compression = head[form + 8 + _COMPRESSION_AT : form + 12 + _COMPRESSION_AT] if form >= 0 else b""
    return of_fourcc(compression.strip(b"\x00")) or of_fourcc(handler.strip(b"\x00"))
