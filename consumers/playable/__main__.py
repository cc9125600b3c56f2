"""`python -m consumers.playable FD`: the process that opens one upload, started by `file_process` and by nobody else.

It holds no key of store, broker or database, and takes its limits before it sees the first byte: what a file does to
libav, it does to this process alone.
"""

import contextlib
import os
import resource
import socket
import sys
from pathlib import Path
from typing import IO, cast

from consumers.playable.wire import LINE_MAX_BYTES, Order, Verdict

NICE = 10
"""Live frames are served first."""
FILES_MAX = 64
CPU_SLACK_S = 60
"""The worker ends it earlier."""


def main(descriptor: int) -> int:
    link = socket.socket(fileno=descriptor)
    line = link.makefile("rb", buffering=0).readline(LINE_MAX_BYTES)
    if not line:
        return 0
    order = Order.model_validate_json(line)
    take_limits(order)

    from consumers.playable.prepare import prepare  # noqa: PLC0415  libav, under the limits
    from consumers.playable.remote_file import open_remote  # noqa: PLC0415

    try:
        verdict = prepare(cast(IO[bytes], open_remote(link, order.size)), order)
    except MemoryError:
        limit_mb = order.memory_bytes // 2**20
        verdict = Verdict(state="impossible", note=f"To make it playable takes more memory than {limit_mb} MiB.")
    link.sendall(verdict.to_json() + b"\n")
    return 0


def take_limits(order: Order) -> None:
    """Of this process, for good."""
    with contextlib.suppress(OSError):  # it is as nice already
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    with contextlib.suppress(OSError):  # who is ended first when a container's memory is full
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    for kind, most in (
        (resource.RLIMIT_DATA, order.memory_bytes),
        (resource.RLIMIT_FSIZE, order.output_bytes),
        (resource.RLIMIT_CPU, round(order.work_s) + CPU_SLACK_S),
        (resource.RLIMIT_NOFILE, FILES_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        capped = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (capped, capped))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
