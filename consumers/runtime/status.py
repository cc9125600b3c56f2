"""What a consumer says of itself: every 2 s on `consumer-status`, every second in its metrics."""

from collections import Counter
from dataclasses import dataclass, field

from common.clock import Clock
from common.contracts.consumer_status import ConsumerStatus
from common.errors import Transient
from common.kafka.ports import RecordProducer
from common.metrics import Metrics
from consumers.runtime.assignment import Assignment, Phase
from consumers.runtime.lag import camera_lags, lag_messages, lag_s, partition_status
from consumers.runtime.pool import PoolTally
from consumers.runtime.settings import EngineSettings
from consumers.runtime.tally import Tally

METRICS_EVERY_S = 1.0


@dataclass(slots=True)
class Gauges:
    """Readings of the moment that the loop hands in. `problem`: what work waits for, a sentence."""

    in_flight: int
    unsettled_windows: int
    spool_bytes: int
    paused: int
    loop_gap_s: float
    commit_age_s: float
    problem: str | None = None


@dataclass(slots=True)
class _Stage:
    steps: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Shown:
    """Labelled series that are out there, to be taken back when a partition or camera goes to another member."""

    partitions: set[str] = field(default_factory=set)
    cameras: set[str] = field(default_factory=set)


class Reporter:
    """Pushes counts to the metrics and sends the status record. Owned by the loop; never waits."""

    def __init__(
        self, settings: EngineSettings, producer: RecordProducer, metrics: Metrics, tally: Tally, clock: Clock
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._metrics = metrics
        self._tally = tally
        self._clock = clock
        self._totals: Counter[str] = Counter()
        self._stages = {"analyse": _Stage(), "ordered": _Stage()}
        self._shown = _Shown()
        self._next_metrics_s = 0.0
        self._next_status_s = 0.0

    def is_due(self, now_s: float) -> bool:
        return now_s >= min(self._next_metrics_s, self._next_status_s)

    def count_pool(self, pool: PoolTally) -> None:
        """What came out of the pool since the last turn."""
        for fate, count in pool.fates.items():
            self._tally.fates[fate] += count
        for name, seconds in (("analyse", pool.analyse_s), ("ordered", pool.order_s)):
            if seconds:
                stage = self._stages[name]
                stage.steps += len(seconds)
                stage.seconds += sum(seconds)

    def turn(self, assignments: list[Assignment], gauges: Gauges, now_s: float) -> None:
        if now_s >= self._next_metrics_s:
            self._next_metrics_s = now_s + METRICS_EVERY_S
            self._push(assignments, gauges)
        if now_s >= self._next_status_s:
            self._next_status_s = now_s + self._settings.status_every_s
            self.send("running", gauges.problem, assignments, gauges)

    def send(self, state: str, reason: str | None, assignments: list[Assignment], gauges: Gauges) -> None:
        """One status record, lost without harm when the producer's queue is full."""
        now_us = self._clock.wall_us()
        status = ConsumerStatus(
            instance=self._settings.instance,
            analysis=self._settings.analysis,
            state=state,
            reason=reason,
            threads=self._settings.threads,
            at_us=now_us,
            partitions=tuple(partition_status(a, now_us) for a in assignments if _has_mark(a)),
            cameras=tuple(lag for a in assignments for lag in camera_lags(a, now_us)),
            counts=dict(self._totals),
            stage_ms={
                name: round(1000 * stage.seconds / stage.steps, 3)
                for name, stage in self._stages.items()
                if stage.steps
            },
            in_flight=gauges.in_flight,
            unsettled_windows=gauges.unsettled_windows,
            model=self._settings.model,
            models=self._settings.models,
        )
        try:
            self._producer.send(self._settings.status_topic, self._settings.instance.encode(), status.to_json())
        except Transient:
            return

    def _push(self, assignments: list[Assignment], gauges: Gauges) -> None:
        metrics, tally = self._metrics, self._tally
        for fate, count in tally.fates.items():
            metrics.count("lookout_frames_total", count, fate=str(fate))
            self._totals[str(fate)] += count
        for outcome, count in tally.clips.items():
            metrics.count("lookout_clips_total", count, outcome=outcome)
            self._totals[f"clips_{outcome}"] += count
        for reason, count in tally.dead_letters.items():
            metrics.count("lookout_dead_letters_total", count, reason=reason)
        for event, count in tally.rebalances.items():
            metrics.count("lookout_rebalances_total", count, event=event)
            self._totals[f"rebalances_{event}"] += count
        if tally.ticks:
            metrics.count("lookout_ticks_total", tally.ticks)
        for counter in (tally.fates, tally.clips, tally.dead_letters, tally.rebalances):
            counter.clear()
        tally.ticks = 0
        metrics.set("lookout_in_flight_frames", gauges.in_flight)
        metrics.set("lookout_unsettled_windows", gauges.unsettled_windows)
        metrics.set("lookout_spool_bytes", gauges.spool_bytes)
        metrics.set("lookout_paused", gauges.paused)
        metrics.set("lookout_loop_gap_seconds", gauges.loop_gap_s)
        metrics.set("lookout_commit_age_seconds", gauges.commit_age_s)
        self._push_lags(assignments)

    def _push_lags(self, assignments: list[Assignment]) -> None:
        metrics, now_us, shown = self._metrics, self._clock.wall_us(), _Shown()
        for assignment in assignments:
            label = str(assignment.partition.partition)
            shown.partitions.add(label)
            metrics.set("lookout_lag_messages", lag_messages(assignment), partition=label)
            metrics.set("lookout_lag_seconds", lag_s(assignment, now_us), partition=label)
            for lag in camera_lags(assignment, now_us):
                shown.cameras.add(lag.camera)
                metrics.set("lookout_camera_lag_messages", lag.lag_messages, camera=lag.camera)
                metrics.set("lookout_camera_lag_seconds", lag.lag_s, camera=lag.camera)
        for label in self._shown.partitions - shown.partitions:
            metrics.forget("lookout_lag_messages", label)
            metrics.forget("lookout_lag_seconds", label)
        for camera in self._shown.cameras - shown.cameras:
            metrics.forget("lookout_camera_lag_messages", camera)
            metrics.forget("lookout_camera_lag_seconds", camera)
        self._shown = shown


def _has_mark(assignment: Assignment) -> bool:
    return assignment.phase in (Phase.CLAIMING, Phase.READING, Phase.DRAINING)
