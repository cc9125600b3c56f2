"""Fixtures of the API server's unit tests."""

from pathlib import Path

import pytest

from tests.unit.api_server.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
