"""The base of every JSON contract."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Frozen, and deaf to unknown keys when read, so that an older reader survives a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    def to_json(self) -> bytes:
        """Compact UTF-8 JSON without the keys that are None."""
        return self.model_dump_json(exclude_none=True).encode()
