"""`python -m tests.support.runtime_process FOLDER SETTINGS-JSON`: the engine with a video half without video.

Every frame that is analysed is a line `partition offset` in FOLDER/analysed-PID; Kafka and S3: from the environment.
SETTINGS-JSON: fields of EngineSettings, and `analyse_s`, the seconds a frame takes.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from common.clock import SystemClock
from common.contracts.work import AdmittedFrame
from common.kafka.confluent import ConfluentGroupConsumer, ConfluentLogReader, ConfluentProducer, GroupTuning
from common.logs import configure_logging
from common.metrics import Metrics
from common.settings import KafkaSettings, StorageSettings, load_settings
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS, CONSUMER_STATUS, DEAD_LETTERS, FRAMES
from consumers.runtime.engine import build_engine
from consumers.runtime.settings import EngineSettings
from tests.support.fake_workload import FakeWorkload
from tests.support.sidecar_store import SidecarStore


class LoggedWorkload(FakeWorkload):
    """Writes down what it analyses, unbuffered: a killed process leaves its lines."""

    def __init__(self, path: Path) -> None:
        super().__init__(time.sleep)
        self._log = path.open("ab", buffering=0)

    def analyse(self, frame: AdmittedFrame) -> Any:
        self._log.write(f"{frame.partition} {frame.offset}\n".encode())
        return super().analyse(frame)

    def kill(self, frame: AdmittedFrame) -> None:
        del frame
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, options: dict[str, Any]) -> int:
    configure_logging()
    kafka = load_settings(KafkaSettings)
    workload = LoggedWorkload(folder / f"analysed-{os.getpid()}")
    workload.analyse_s = float(options.pop("analyse_s", 0))
    settings = EngineSettings(
        frames_topic=kafka.topic(FRAMES),
        clip_events_topic=kafka.topic(CLIP_EVENTS),
        dead_letters_topic=kafka.topic(DEAD_LETTERS),
        status_topic=kafka.topic(CONSUMER_STATUS),
        **options,
    )
    producer = ConfluentProducer(kafka)
    engine = build_engine(
        settings,
        ConfluentGroupConsumer(kafka, settings.group_id, GroupTuning(session_timeout_s=settings.session_timeout_s)),
        ConfluentLogReader(kafka),
        producer,
        workload,
        SidecarStore(S3ObjectStore(load_settings(StorageSettings))),
        Metrics(),
        SystemClock(),
    )
    signal.signal(signal.SIGTERM, lambda *_: engine.stop())
    status = engine.run()
    producer.close()
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
