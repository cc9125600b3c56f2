"""Settings of the signalling server."""

from pydantic import Field, SecretStr, field_validator

from common.settings import Settings
from signalling.origins import parse_origin

SIGNING_KEY_MIN_CHARS = 16


class SignallingSettings(Settings):
    """Where signalling listens, whose tokens it takes and from which pages."""

    bind: str = Field("127.0.0.1", alias="LOOKOUT_PAGE_BIND", min_length=1)
    port: int = Field(8090, alias="LOOKOUT_SIGNALLING_PORT", ge=1, le=65_535)
    page_port: int = Field(8000, alias="LOOKOUT_PAGE_PORT", ge=1, le=65_535)
    signing_key: SecretStr = Field(alias="LOOKOUT_SIGNING_KEY", description="shared with the API server")
    page_origins: str = Field(
        "",
        alias="LOOKOUT_PAGE_ORIGINS",
        description="further origins of the page, comma-separated, e.g. https://cameras.example when a proxy serves it",
    )

    @field_validator("signing_key")
    @classmethod
    def _is_long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < SIGNING_KEY_MIN_CHARS:
            raise ValueError(f"must have at least {SIGNING_KEY_MIN_CHARS} characters")
        return value

    @field_validator("page_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for part in _parts(value):
            if parse_origin(part) is None:
                raise ValueError(f"{part!r} is no origin: scheme://host or scheme://host:port, nothing behind it")
        return value

    @property
    def signing_key_bytes(self) -> bytes:
        return self.signing_key.get_secret_value().encode()

    @property
    def further_origins(self) -> tuple[str, ...]:
        return _parts(self.page_origins)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
