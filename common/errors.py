"""Error classes named for the reaction they call for.

What the loop of a consumer does: `PoisonRecord` -> dead letter and go on; `Transient` -> retry in place with
backoff; `ConfigurationError` -> refuse to start; anything else -> crash without committing.
"""


class LookoutError(Exception):
    """Base of every error this project raises on purpose."""


class PoisonRecord(LookoutError):
    """This record can never be processed, however often it is tried. `reason` is a short machine-readable word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Transient(LookoutError):
    """A dependency did not answer, or refused for now. Trying the same again later may succeed."""


class ConfigurationError(LookoutError):
    """A setting, a file or a server is not as it must be. Nothing starts until a person has changed it."""


class EncoderFailure(LookoutError):
    """An encoder or its temporary file broke: the partition is restarted from its low mark (DESIGN 5, rule 9)."""
