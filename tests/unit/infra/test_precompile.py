"""What goes into an image besides the sources."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.docker.precompile import main, modules_of
from infra.native.layout import REPOSITORY


def test_star_means_all_below() -> None:
    assert modules_of("common.contracts") == ["common.contracts"]
    found = modules_of("common.contracts.*")
    assert found[0] == "common.contracts"
    assert "common.contracts.sidecar" in found


def test_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        main(["common.nothing_of_that_name"])


def test_bytecode_is_written_although_the_environment_says_not_to(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.docker.precompile", "infra.docker.healthcheck"]
    told = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    subprocess.run(command, cwd=REPOSITORY, env=told, check=True, timeout=60)
    assert [path.name.partition(".")[0] for path in tmp_path.rglob("healthcheck*.pyc")] == ["healthcheck"]
