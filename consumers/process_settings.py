"""Settings of the consumer process itself."""

from pydantic import Field

from common.settings import Settings


class ProcessSettings(Settings):
    """None: the port that belongs to the analysis (DESIGN 10)."""

    health_port: int | None = Field(None, alias="LOOKOUT_HEALTH_PORT", ge=0, le=65_535, description="0: any free one")
