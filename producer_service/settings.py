"""Settings of the ingest server."""

from pydantic import Field

from common.settings import Settings


class IngestSettings(Settings):
    """Where ingest listens, and how many requests it works on at once."""

    bind: str = Field("0.0.0.0", alias="LOOKOUT_INGEST_BIND", min_length=1)  # noqa: S104  cameras are other machines
    port: int = Field(8080, alias="LOOKOUT_INGEST_PORT", ge=1, le=65_535)
    threads: int = Field(64, alias="LOOKOUT_INGEST_THREADS", ge=4, le=512, description="requests worked on at once")
