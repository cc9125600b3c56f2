"""Sending what a job leaves: further jobs spread over partitions by part number, then the event."""

from common.contracts.segment_job import PartJob
from common.kafka.ports import RecordProducer
from consumers.jobs.outcome import Outcome

DELIVER_S = 30.0


class Delivery:
    """Blocks until every record is acknowledged. Any thread."""

    def __init__(self, producer: RecordProducer, jobs_topic: str, events_topic: str, partitions: int) -> None:
        self._producer = producer
        self._jobs_topic = jobs_topic
        self._events_topic = events_topic
        self._partitions = partitions

    def deliver(self, outcome: Outcome) -> None:
        """Raises Transient: the job is done again, and repeated jobs and events are harmless."""
        for job in outcome.jobs:
            key = f"{job.work.query_id}/{job.part}".encode()
            partition = partition_of(job, self._partitions)
            self._producer.send_and_wait(self._jobs_topic, key, job.to_json(), (), partition, DELIVER_S)
        key, value = outcome.event_key.encode(), outcome.event.to_json()
        self._producer.send_and_wait(self._events_topic, key, value, timeout_s=DELIVER_S)


def partition_of(job: PartJob, partitions: int) -> int:
    """Neighbouring parts lie on different partitions, hence on different workers."""
    return job.part % partitions
