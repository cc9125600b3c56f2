"""A consumer process under a load in real time: for latency, memory and what a rate of frames costs."""

import contextlib
import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks.feeder import Feeder, PacedCamera
from benchmarks.load import Finish, delete_topics, make_topics
from benchmarks.plain_loop import definition_of
from benchmarks.worker import Worker
from common.settings import KafkaSettings, StorageSettings, load_settings
from common.storage.s3 import S3ObjectStore
from common.topics import FRAMES
from consumers.pipeline.analysis import AnalysisDefinition

READY_S = 60.0
DONE_S = 120.0
POLL_S = 0.1
_numbers = itertools.count()


class PacedRun:
    """`with PacedRun(...) as run: run.begin(cameras); run.feed(cameras, 20)`. One thread."""

    def __init__(
        self,
        environment: dict[str, str],
        analysis: str,
        jpegs: Sequence[bytes],
        size: tuple[int, int],
        *,
        threads: int,
        search_every_ms: int = 1,
        cost_ms: float | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._prefix = f"paced-{analysis}-{next(_numbers)}.".replace("_", "-")
        self._environment = environment | {"LOOKOUT_TOPIC_PREFIX": self._prefix}
        self._settings = load_settings(KafkaSettings, self._environment)
        self._store = S3ObjectStore(load_settings(StorageSettings, self._environment))
        self._cleanup = contextlib.ExitStack()
        self._analysis, self._threads, self._cost_ms, self._options = analysis, threads, cost_ms, options
        self._definition: AnalysisDefinition = definition_of(analysis, cost_ms)
        self.feeder = Feeder(self._settings, self._definition, jpegs, size, search_every_ms)
        self.worker: Worker
        self._finish: Finish

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as cleanup:
            make_topics(self._settings)
            cleanup.callback(lambda: delete_topics(self._settings))
            self._finish = Finish(self._settings)
            cleanup.callback(self._finish.close)
            var = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
            environment = self._environment | {"LOOKOUT_VAR_DIR": str(var / "0")}
            self.worker = Worker(
                environment, self._analysis, self._threads, self._cost_ms, var / "0.log", self._options
            )
            cleanup.callback(self.worker.stop)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def begin(self, cameras: Sequence[PacedCamera]) -> None:
        """The first frame of each camera, and the wait until all are in their clips: the consumer has begun."""
        self.feeder.feed(cameras, 1 / max(camera.per_s for camera in cameras))
        self.await_done(READY_S)

    def feed(self, cameras: Sequence[PacedCamera], seconds: float) -> float:
        """Send for so long; seconds it took."""
        return self.feeder.feed(cameras, seconds)

    def report(self) -> dict[str, Any]:
        return self.worker.report()

    def await_done(self, limit_s: float = DONE_S) -> None:
        """Until every frame sent is in its clip. Raises RuntimeError."""
        end_s = time.monotonic() + limit_s
        while self.report()["done"] < self.feeder.frames:
            if time.monotonic() > end_s:
                raise RuntimeError(f"not all frames done within {limit_s:.0f} s\n{self.worker.log_tail()}")
            time.sleep(POLL_S)

    def await_stored(self) -> None:
        """Until every clip is announced. Raises RuntimeError."""
        if not self._finish.wait(self.feeder.frames, DONE_S, lambda: self.worker.is_running):
            raise RuntimeError(f"not all clips stored within {DONE_S:.0f} s\n{self.worker.log_tail()}")

    def stored_bytes(self, cameras: Sequence[PacedCamera]) -> int:
        """Everything in the store that belongs to these cameras: clips, sidecars, pictures."""
        prefixes = [f"clips/{self._definition.name}/{camera.name}/" for camera in cameras]
        return sum(info.size for prefix in prefixes for info in self._store.list(prefix))

    def log_bytes(self) -> int | None:
        """What the frames take in the broker's log; None where its disk is not at hand."""
        folder = self._environment.get("LOOKOUT_DISK_PATH")
        logs = list(Path(folder).rglob(f"{self._settings.topic(FRAMES)}-*/*.log")) if folder else []
        return sum(path.stat().st_size for path in logs) if logs else None
