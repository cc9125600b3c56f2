"""What a job leaves."""

from dataclasses import dataclass

from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.playable import UploadPrepared
from common.contracts.segment_job import PartJob


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job leaves to be sent: jobs first, so that a plan is announced only when its parts are on their way."""

    jobs: tuple[PartJob, ...]
    event: QueryPlanned | PartReady | QueryFailed | UploadPrepared

    @property
    def event_key(self) -> str:
        """Events of one query, or of one upload, keep their order."""
        return self.event.upload_id if isinstance(self.event, UploadPrepared) else self.event.query_id


class NoLongerWanted(Exception):
    """Raised out of work whose result nobody waits for."""
