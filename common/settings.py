"""Reading settings from environment variables: one frozen pydantic class per concern.

A service calls `load_settings` with its classes at start; every problem is reported at once, by variable name.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from common.errors import ConfigurationError
from common.topics import DEFAULT_MAX_FRAME_BYTES

PREFIX = "LOOKOUT_"
FILE_SUFFIX = "_FILE"
KNOWN_VARIABLES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "INGEST_PORT",
        "PAGE_PORT",
        "SIGNALLING_PORT",
        "KAFKA_PORT",
        "MONGO_PORT",
        "S3_PORT",
        "HEALTH_PORT",
        "INGEST_BIND",
        "PAGE_BIND",
        "VAR_DIR",
        "TOPIC_PREFIX",
        "MAX_FRAME_BYTES",
        "MIN_FREE_BYTES",
        "DISK_PATH",
        "SIGNING_KEY",
        "S3_SERVER",
        "INGEST_THREADS",
        "PAGE_ORIGINS",
        "FOOTAGE_BYTES",
        "FOOTAGE_HOURS",
        "PLATE_HOURS",
        "ANALYSES",
        "ONNX_PROVIDER",
        "UPLOAD_BYTES",
        "UPLOADS_BYTES",
        "UPLOAD_HOURS",
        "SPAN_HOURS",
        "SPAN_BYTES",
        "IMPORT_BUCKETS",
        "PICTURES_URL",
        "EMPTY_HOURS",
        "SIGN_UP",
        "NEW_USER_DEMO",
        "PLATE_SEARCH_REASON",
        "ADMIN_TOTP",
    )
)
"""Every `LOOKOUT_*` name of DESIGN 10, and what services add (their pages in docs/ say what). Any other is refused at
start. All processes know all names: they share one environment."""


class Settings(BaseModel):
    """Base of a settings class. A field's `alias` is the environment variable it is read from."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class KafkaSettings(Settings):
    """How to reach Kafka. The optional ones are for managed clusters (TLS, SASL)."""

    bootstrap_servers: str = Field("127.0.0.1:19092", alias="KAFKA_BOOTSTRAP_SERVERS", description="host:port,...")
    security_protocol: str = Field(
        "PLAINTEXT", alias="KAFKA_SECURITY_PROTOCOL", pattern="^(PLAINTEXT|SSL|SASL_SSL|SASL_PLAINTEXT)$"
    )
    sasl_mechanism: str | None = Field(None, alias="KAFKA_SASL_MECHANISM")
    sasl_username: str | None = Field(None, alias="KAFKA_SASL_USERNAME")
    sasl_password: SecretStr | None = Field(None, alias="KAFKA_SASL_PASSWORD")
    topic_prefix: str = Field("", alias="LOOKOUT_TOPIC_PREFIX", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    max_frame_bytes: int = Field(
        DEFAULT_MAX_FRAME_BYTES, alias="LOOKOUT_MAX_FRAME_BYTES", ge=64 * 1024, le=32 * 1024 * 1024
    )

    @model_validator(mode="after")
    def _sasl_together(self) -> Self:
        if self.security_protocol.startswith("SASL_") != (self.sasl_mechanism is not None):
            raise ValueError(
                "KAFKA_SASL_MECHANISM belongs to the protocols SASL_SSL and SASL_PLAINTEXT, and to no other"
            )
        return self

    def client_config(self) -> dict[str, Any]:
        """The librdkafka keys every client of the cluster needs."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        if self.sasl_mechanism is not None:
            config["sasl.mechanism"] = self.sasl_mechanism
            config["sasl.username"] = self.sasl_username or ""
            config["sasl.password"] = self.sasl_password.get_secret_value() if self.sasl_password else ""
        return config

    def topic(self, name: str) -> str:
        """The full name of a topic of `common.topics`."""
        return self.topic_prefix + name


class StorageSettings(Settings):
    """How to reach the S3 server. `public_endpoint_url` is the address under which browsers reach it, if they do."""

    endpoint_url: str | None = Field("http://127.0.0.1:9100", alias="S3_ENDPOINT_URL", pattern=r"^https?://")
    public_endpoint_url: str | None = Field(None, alias="S3_PUBLIC_ENDPOINT_URL", pattern=r"^https?://")
    bucket: str = Field("lookout", alias="S3_BUCKET", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    region: str = Field("us-east-1", alias="AWS_REGION")
    access_key_id: str | None = Field(None, alias="AWS_ACCESS_KEY_ID")
    secret_access_key: SecretStr | None = Field(None, alias="AWS_SECRET_ACCESS_KEY")
    session_token: SecretStr | None = Field(None, alias="AWS_SESSION_TOKEN", description="of keys lent for a while")

    @model_validator(mode="after")
    def _whole_keys(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together")
        return self


class MongoSettings(Settings):
    """How to reach the MongoDB-wire server. The URL may carry a password, so it is a secret."""

    url: SecretStr = Field(SecretStr("mongodb://127.0.0.1:27117/lookout"), alias="MONGODB_URL")


class PlaceSettings(Settings):
    """Where data lies on this machine and how much room must stay free."""

    var_dir: Path = Field(Path("var"), alias="LOOKOUT_VAR_DIR")
    disk_path: Path | None = Field(None, alias="LOOKOUT_DISK_PATH", description="file system watched; default: var_dir")
    min_free_bytes: int = Field(2 * 1024**3, alias="LOOKOUT_MIN_FREE_BYTES", ge=0)


_CREDENTIALS_IN_URL = re.compile(r"://[^/@\s]*@")

S = TypeVar("S", bound=Settings)


def load_settings(kind: type[S], environment: Mapping[str, str] | None = None) -> S:
    """Read one settings class. Empty variables count as unset. Raises ConfigurationError naming each bad variable."""
    environment = os.environ if environment is None else environment
    values = {
        alias: value
        for alias in (field.alias for field in kind.model_fields.values())
        if alias is not None and (value := _value_of(alias, environment)) != ""
    }
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(": ".join((*map(str, e["loc"]), e["msg"])) for e in error.errors())
        raise ConfigurationError(f"Bad setting: {problems}") from error


def _value_of(name: str, environment: Mapping[str, str]) -> str:
    """The variable itself, else the content of the file that `NAME_FILE` names: how containers are handed secrets."""
    value = environment.get(name, "")
    path = environment.get(name + FILE_SUFFIX, "")
    if value != "" or path == "":
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}{FILE_SUFFIX}: the file it names cannot be read ({error}).") from error


def refuse_unknown_variables(
    environment: Mapping[str, str] | None = None, also_known: frozenset[str] = frozenset()
) -> None:
    """Raise ConfigurationError when a `LOOKOUT_*` variable is not one anybody reads: a typo would pass in silence."""
    environment = os.environ if environment is None else environment
    known = KNOWN_VARIABLES | also_known
    unknown = sorted(n for n in environment if n.startswith(PREFIX) and n.removesuffix(FILE_SUFFIX) not in known)
    if unknown:
        raise ConfigurationError(f"Unknown setting: {', '.join(unknown)}. Known: {', '.join(sorted(KNOWN_VARIABLES))}")


def redacted(*settings: Settings) -> dict[str, Any]:
    """All settings as a flat dictionary for the log at start; secrets show as stars."""
    return {
        field.alias or name: (_shown(value) if isinstance(value, SecretStr | Path | str) else value)
        for one in settings
        for name, field in type(one).model_fields.items()
        for value in [getattr(one, name)]
    }


def _shown(value: SecretStr | Path | str) -> str:
    return _CREDENTIALS_IN_URL.sub("://***@", str(value))
