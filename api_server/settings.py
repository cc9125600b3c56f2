"""Settings of the API server and of the indexer."""

from pydantic import Field, SecretStr, field_validator

from api_server.accounts.credentials import SignUp
from api_server.keeping import LOG_HOURS
from common.settings import Settings

HOUR_S = 3600


class RetentionSettings(Settings):
    """How long clips are kept. Never shorter than the log keeps frames, or a replay would store them anew (DESIGN 5,
    rule 12). Plates say who was where, so they go after a day; pictures after three."""

    footage_bytes: int = Field(20 * 10**9, alias="LOOKOUT_FOOTAGE_BYTES", ge=10**8, description="all together")
    footage_hours: int = Field(72, alias="LOOKOUT_FOOTAGE_HOURS", gt=LOG_HOURS, le=24 * 3650)
    upload_hours: int = Field(720, alias="LOOKOUT_UPLOAD_HOURS", ge=1, le=24 * 3650)
    plate_hours: int = Field(24, alias="LOOKOUT_PLATE_HOURS", gt=LOG_HOURS, le=24 * 3650, description="plates, crops")
    empty_hours: int = Field(
        12, alias="LOOKOUT_EMPTY_HOURS", gt=LOG_HOURS, le=24 * 3650, description="clips of an analysis that saw nothing"
    )


class ApiSettings(RetentionSettings):
    """Where the page listens, what it has to know of the other services to point people at them, and how long things
    are kept, which it shows and the indexer sees to."""

    bind: str = Field("127.0.0.1", alias="LOOKOUT_PAGE_BIND", min_length=1)
    port: int = Field(8000, alias="LOOKOUT_PAGE_PORT", ge=1, le=65_535)
    ingest_port: int = Field(8080, alias="LOOKOUT_INGEST_PORT", ge=1, le=65_535)
    signalling_port: int = Field(8090, alias="LOOKOUT_SIGNALLING_PORT", ge=1, le=65_535)
    signing_key: SecretStr | None = Field(None, alias="LOOKOUT_SIGNING_KEY", description="shared with signalling")
    demo: bool = Field(True, alias="DEMO")
    sign_up: SignUp = Field(SignUp.INVITATION, alias="LOOKOUT_SIGN_UP", description="invitation, open, closed")
    plate_search_reason: bool = Field(
        False, alias="LOOKOUT_PLATE_SEARCH_REASON", description="a search for a plate or a person must say why"
    )
    admin_totp: bool = Field(False, alias="LOOKOUT_ADMIN_TOTP", description="admins need a second factor")
    new_user_demo: bool = Field(
        False, alias="LOOKOUT_NEW_USER_DEMO", description="new accounts are granted the demo cameras"
    )
    upload_bytes: int = Field(
        4 * 10**9,
        alias="LOOKOUT_UPLOAD_BYTES",
        ge=10**6,
        le=5 * 2**30,
        description="one file; S3 takes no more at once",
    )
    uploads_bytes: int = Field(20 * 10**9, alias="LOOKOUT_UPLOADS_BYTES", ge=10**6, description="all uploads together")

    import_buckets: str = Field(
        "",
        alias="LOOKOUT_IMPORT_BUCKETS",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9](,[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])*)?$",
        description="buckets that videos may be imported from, comma-separated; none: off",
    )
    span_hours: int = Field(6, alias="LOOKOUT_SPAN_HOURS", ge=1, le=24, description="of footage in one joined video")
    span_bytes: int = Field(4 * 10**9, alias="LOOKOUT_SPAN_BYTES", ge=10**6, description="of one joined video")
    pictures_url: str | None = Field(
        None, alias="LOOKOUT_PICTURES_URL", pattern=r"^https?://[^/]+$", description="python -m consumers pictures"
    )

    @field_validator("signing_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return value

    @property
    def import_bucket_names(self) -> frozenset[str]:
        return frozenset(filter(None, self.import_buckets.split(",")))

    @property
    def signing_key_bytes(self) -> bytes | None:
        return self.signing_key.get_secret_value().encode() if self.signing_key is not None else None


class FilmSettings(Settings):
    """The film worker's own port."""

    health_port: int = Field(8109, alias="LOOKOUT_HEALTH_PORT", ge=0, le=65_535, description="0: any free one")


class IndexerSettings(Settings):
    """The indexer's own port."""

    health_port: int = Field(8104, alias="LOOKOUT_HEALTH_PORT", ge=0, le=65_535, description="0: any free one")
