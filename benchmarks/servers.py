"""The servers a measurement runs on: those the environment names, else native ones on free ports."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from infra.native.stack import Stack

EXIT_TERMINATED = 128 + signal.SIGTERM


@contextlib.contextmanager
def running_servers() -> Iterator[dict[str, str]]:
    """The environment for services. Everything is stopped and deleted afterwards, at SIGTERM too (`timeout`). Main
    thread only."""
    with tempfile.TemporaryDirectory(prefix="lookout-bench-") as folder, _ended_by_sigterm():
        stack = Stack.on_free_ports(Path(folder), environment={**os.environ, "DEMO": "0"}, services=())
        try:
            stack.start_servers()
            yield {**os.environ, **stack.env}
        finally:
            stack.stop()


@contextlib.contextmanager
def started_when_needed() -> Iterator[Callable[[], dict[str, str]]]:
    """What starts the servers at its first call, and says the environment at each."""
    with contextlib.ExitStack() as cleanup:
        started: list[dict[str, str]] = []

        def environment() -> dict[str, str]:
            if not started:
                started.append(cleanup.enter_context(running_servers()))
            return started[0]

        yield environment


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM becomes an exception, so that what was begun is cleaned up."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(EXIT_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
