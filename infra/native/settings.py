"""What the launcher reads from the environment; the services read the same variables through `environment.py`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from common.errors import ConfigurationError
from common.settings import KafkaSettings, Settings, StorageSettings, load_settings
from infra.native.layout import REPOSITORY, VarFolder
from infra.native.ports import HEALTH_ORDER, LOOPBACK, PortError, Ports, ports_from
from infra.native.s3 import CHOICES

MAX_DEMO_CAMERAS = 64
NO_ANALYSES = ("indexer", "pictures")
"""Have a health port and are no consumer that could be asked for."""


class LauncherSettings(Settings):
    """Choices of the launcher itself. The external servers are None where a native one is to be started."""

    kafka_external: str | None = Field(None, alias="KAFKA_BOOTSTRAP_SERVERS", min_length=1)
    mongo_external: str | None = Field(None, alias="MONGODB_URL", pattern="^mongodb(\\+srv)?://", repr=False)
    s3_external: str | None = Field(None, alias="S3_ENDPOINT_URL", pattern="^https?://")
    s3_server: str = Field("s3proxy", alias="LOOKOUT_S3_SERVER", description=" or ".join(CHOICES))
    demo: bool = Field(True, alias="DEMO")
    cameras: int | None = Field(None, alias="CAMERAS", ge=0, le=MAX_DEMO_CAMERAS, description="number of demo cameras")
    video: Path | None = Field(None, alias="VIDEO", description="file that the demo cameras play instead of the scenes")
    ingest_bind: str = Field("0.0.0.0", alias="LOOKOUT_INGEST_BIND", min_length=1)  # noqa: S104 - cameras come from outside
    page_bind: str = Field(LOOPBACK, alias="LOOKOUT_PAGE_BIND", min_length=1)
    analyses: tuple[str, ...] = Field(
        ("recorder", "emotion", "license_plate"), alias="LOOKOUT_ANALYSES", description="consumers to run, by commas"
    )

    @field_validator("analyses", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value

    @field_validator("analyses")
    @classmethod
    def _known_analyses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in HEALTH_ORDER or name in NO_ANALYSES]
        if unknown or len(set(value)) < len(value):
            known = ", ".join(name for name in HEALTH_ORDER if name not in NO_ANALYSES)
            raise ValueError(f"must be different ones of {known}")
        return value

    @field_validator("s3_server")
    @classmethod
    def _known_server(cls, value: str) -> str:
        if value not in CHOICES:
            raise ValueError(f"must be {' or '.join(CHOICES)}")
        return value

    @field_validator("video")
    @classmethod
    def _existing_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("is no file")
        return None if value is None else value.resolve()


@dataclass(frozen=True)
class SystemSettings:
    """One system: where it lies, on which ports, with which servers. `outer` is the environment it was started with."""

    var: VarFolder
    ports: Ports
    launcher: LauncherSettings
    kafka: KafkaSettings
    storage: StorageSettings
    outer: Mapping[str, str]


def read_settings(
    environment: Mapping[str, str] | None = None, *, var: VarFolder | None = None, ports: Ports | None = None
) -> SystemSettings:
    """Read everything, or raise ConfigurationError naming the variable. `var` and `ports` win over the variables."""
    outer = dict(os.environ if environment is None else environment)
    if var is None:
        named = outer.get("LOOKOUT_VAR_DIR")
        var = VarFolder(Path(named).resolve() if named else REPOSITORY / "var")
    try:
        chosen_ports = ports_from(outer) if ports is None else ports
    except PortError as error:
        raise ConfigurationError(str(error)) from error
    return SystemSettings(
        var=var,
        ports=chosen_ports,
        launcher=load_settings(LauncherSettings, outer),
        kafka=load_settings(KafkaSettings, outer),
        storage=load_settings(StorageSettings, outer),
        outer=outer,
    )
