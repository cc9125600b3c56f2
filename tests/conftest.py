"""The whole suite: one set of servers a run, and an order in which cheap tests fail first."""

import ctypes
import gc
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import RUN_KEY, close_run, remove_dead_runs, run_folder

pytest_plugins = ["tests.support.fixtures"]

ORDER = ("unit", "contract", "integration", "faults", "e2e", "browser")
"""Folders of tests/, cheapest first; what lies elsewhere runs after the unit tests."""
MARKED_FOLDERS = ("integration", "faults", "e2e", "browser")
SHARED_FOLDERS = ("contract", *MARKED_FOLDERS)
"""A file of these makes things once that all its tests use: they run on one worker."""
DEFAULT_FLOATS = ctypes.c_void_p(-1)
"""glibc's FE_DFL_ENV (fenv.h): how a process computes with floats when it starts."""


def pytest_configure(config: pytest.Config) -> None:
    """Workers are told whose run they belong to; the main process gives the run its folder."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    run_pid = os.getpid() if worker is None else int(worker["run_pid"])
    if worker is None:
        remove_dead_runs()
    config.stash[RUN_KEY] = (run_folder(run_pid), run_pid)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["run_pid"] = os.getpid()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Four thousand tests and what they import stay to the end: looking through them for garbage again and again takes
    a fifth of the processor's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_runtest_teardown() -> None:
    """The first ONNX Runtime session of a process makes the thread that asked for it treat subnormal floats as zero, as
    a consumer wants it. Of the tests that follow on that thread, Hypothesis refuses to draw any float."""
    smallest_normal = sys.float_info.min
    if smallest_normal / 2 == 0.0:
        ctypes.CDLL("libm.so.6").fesetenv(DEFAULT_FLOATS)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        close_run(config.stash[RUN_KEY][0])


def _folder_of(path: str) -> str:
    """The folder below tests/ of a test's file, "" for others. `path`: relative to the checkout."""
    parts = Path(path).parts
    return parts[1] if parts[:1] == ("tests",) and len(parts) > 2 else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its folder's marker and sort by folder (the order within one stays): cheap ones fail first.
    Several workers begin with the dear ones: a long file begun last would be waited for by all."""
    is_worker = hasattr(config, "workerinput")

    def place(item: pytest.Item) -> int:
        folder = _folder_of(item.nodeid)
        at = ORDER.index(folder) if folder in ORDER else 0
        return -at if is_worker else at

    for item in items:
        if _folder_of(item.nodeid) in MARKED_FOLDERS:
            item.add_marker(_folder_of(item.nodeid))
    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files of shared folders stay whole, other tests go one by one. Not by xdist's groups: pytest 9.2 made the ids, at
    which xdist 3.8 writes them, unchangeable, and without a word every file was spread over all workers."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  only there with workers

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return path if _folder_of(path) in SHARED_FOLDERS else nodeid

    return ByFile(config, log)
