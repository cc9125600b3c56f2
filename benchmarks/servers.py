"""The servers a measurement runs on: those the environment names, else native ones on free ports."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.native.stack import Stack


@contextlib.contextmanager
def running_servers() -> Iterator[dict[str, str]]:
    """The environment for services. Everything is stopped and deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="lookout-bench-") as folder:
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
