"""Networks that a person put into MODEL_DIR: the file `models.json` there names each with its digest.

`{"emotion": [{"file": "NAME.onnx", "sha256": "...", "labels": [...]}], "recognition": [...]}`: by analysis, each as
the analysis' option `network` takes it. A file's name without its ending is the model's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.errors import ConfigurationError
from common.model_registry import FolderFile, locate

LIST_FILE = "models.json"
LIST_BYTES_MAX = 256 * 1024
EACH_MAX = 16
"""Of one analysis."""
FILE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\.onnx$"


@dataclass(frozen=True, slots=True)
class OwnModel:
    """`network`: as the analysis' option of that name takes it, which checks the rest when it loads the file."""

    name: str
    sha256: str
    file: str
    network: Mapping[str, Any] = field(repr=False)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    file: str = Field(pattern=FILE_PATTERN)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


_LIST: TypeAdapter[dict[str, list[_Entry]]] = TypeAdapter(dict[str, list[_Entry]])


def read_own_models(
    analysis: str, known: Mapping[str, object], environment: Mapping[str, str] | None = None
) -> tuple[OwnModel, ...]:
    """Those of one analysis, in the list's order; none without a list. `known`: names that are taken.

    Raises ConfigurationError for a list that cannot be read, and for a name that stands for two files.
    """
    path = locate(FolderFile(LIST_FILE), environment)
    if path is None:
        return ()
    try:
        content = path.read_bytes()[: LIST_BYTES_MAX + 1]
        if len(content) > LIST_BYTES_MAX:
            raise ConfigurationError(f"{LIST_FILE} in MODEL_DIR is larger than {LIST_BYTES_MAX} bytes.")
        listed = _LIST.validate_python(json.loads(content))
    except OSError as error:
        raise ConfigurationError(f"{LIST_FILE} in MODEL_DIR cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        found = error.errors()[0]
        raise ConfigurationError(
            f"{LIST_FILE} in MODEL_DIR: {'.'.join(map(str, found['loc']))}: {found['msg']}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"{LIST_FILE} in MODEL_DIR is no JSON: {error}") from error
    models = tuple(own_model(entry.model_dump()) for entry in listed.get(analysis, []))
    if len(models) > EACH_MAX:
        raise ConfigurationError(f"{LIST_FILE} in MODEL_DIR names more than {EACH_MAX} models of {analysis}.")
    names = [model.name for model in models]
    twice = next((name for name in names if names.count(name) > 1 or name in known), None)
    if twice is not None:
        raise ConfigurationError(f"{LIST_FILE} in MODEL_DIR: {twice} is the name of two models of {analysis}.")
    return models


def own_model(network: Mapping[str, Any]) -> OwnModel:
    """A network as an option names it, by its name. Raises KeyError for one without a file or digest."""
    file = str(network["file"])
    return OwnModel(file.removesuffix(".onnx"), str(network["sha256"]), file, dict(network))
