"""`quixstreams`: both stages in its streaming dataframe. It has no thread pool: one thread a process.

Run by the Python of its own environment: `python -m benchmarks.rivals.quix_process OPTIONS`.
"""

from typing import Any

from quixstreams import Application, message_context

from benchmarks.rivals.options import prepared
from benchmarks.rivals.work import Worked


def main() -> int:
    with prepared() as (options, work):
        application = Application(
            broker_address=options.brokers,
            consumer_group=options.group,
            auto_offset_reset="earliest",
            auto_create_topics=False,
            loglevel="WARNING",
        )
        topic = application.topic(options.topic, key_deserializer="bytes", value_deserializer="bytes")

        def analyse(value: Any, key: Any, timestamp: int, headers: Any) -> Worked:
            context = message_context()
            return work.analyse(key, value, headers, context.partition, context.offset, timestamp)

        frames = application.dataframe(topic)
        frames = frames.apply(analyse, metadata=True)
        frames.update(work.order)
        application.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
