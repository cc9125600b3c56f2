"""A MODEL_DIR of the tests' own."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.made_network import made_options

MakeNetwork = Callable[..., dict[str, Any]]


@pytest.fixture
def make_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeNetwork:
    """Options for a network that always gives the same answers."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.delenv("LOOKOUT_VAR_DIR", raising=False)
    return functools.partial(made_options, tmp_path)
