"""Settings of the consumer process itself."""

from pydantic import Field, SecretStr

from common.settings import Settings


class ProcessSettings(Settings):
    """None: the port that belongs to the analysis (DESIGN 10)."""

    health_port: int | None = Field(None, alias="LOOKOUT_HEALTH_PORT", ge=0, le=65_535, description="0: any free one")


class PictureSettings(Settings):
    """Of the process that looks at single pictures for the API server."""

    port: int = Field(8108, alias="LOOKOUT_HEALTH_PORT", ge=0, le=65_535, description="0: any free one")
    signing_key: SecretStr = Field(alias="LOOKOUT_SIGNING_KEY", min_length=16, description="shared with the API server")
