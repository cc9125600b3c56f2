"""The whole suite: one set of servers a run, and an order in which cheap tests fail first."""

import os
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


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        close_run(config.stash[RUN_KEY][0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by folder (the order within one stays), mark each test with its folder's marker, and keep files together."""
    root = Path(__file__).parent

    def folder_of(item: pytest.Item) -> str:
        return item.path.relative_to(root).parts[0] if item.path.is_relative_to(root) else ""

    for item in items:
        if folder_of(item) in MARKED_FOLDERS:
            item.add_marker(folder_of(item))
        if folder_of(item) in SHARED_FOLDERS:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(root))))
    items.sort(key=lambda item: ORDER.index(folder_of(item)) if folder_of(item) in ORDER else 0)
