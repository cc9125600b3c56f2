"""The upload as a file, in the process that has neither the store nor its keys: blocks come from the worker."""

import os
import socket
from typing import NoReturn, cast

from common.storage.object_file import ObjectFile
from common.storage.port import ObjectStore, RangeBody
from consumers.playable.wire import LENGTH, BlockRequest

EXIT_ORPHAN = 3
"""The worker has gone: nobody waits for a verdict."""


class RemoteBlocks:
    """The one call of a store that `ObjectFile` makes. One thread. Ends the process when the worker has gone."""

    def __init__(self, link: socket.socket, size: int) -> None:
        self._link = link
        self._size = size

    def read_range(self, key: str, start: int, end: int | None = None) -> RangeBody:  # noqa: ARG002  there is one
        last = self._size - 1 if end is None else end
        try:
            self._link.sendall(BlockRequest(start=start, end=last).to_json() + b"\n")
        except OSError:
            _leave()
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return RangeBody(start, last, self._size, iter((self._exactly(length),)))

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                piece = self._link.recv(count - len(data))
            except OSError:
                _leave()
            if not piece:
                _leave()
            data += piece
        return bytes(data)


def open_remote(link: socket.socket, size: int) -> ObjectFile:
    """Seekable, read-only."""
    return ObjectFile(cast(ObjectStore, RemoteBlocks(link, size)), "the upload", size)


def _leave() -> NoReturn:
    """At once: an exception would have to find its way through libav."""
    os._exit(EXIT_ORPHAN)
