"""The arithmetic of a plan: from what a frame and a camera were measured to cost, to what many of them need."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.topics import DEFAULT_PARTITIONS, FRAMES_TOTAL_BYTES, HOUR_MS, SEGMENT_BYTES

LOG_MAX_S = 2 * HOUR_MS / 1000
"""How long frames are kept at most: `retention.ms` of topic `frames`."""


@dataclass(frozen=True, slots=True)
class Point:
    """One measured run. `share`: of frames that were searched; `cores`: CPU seconds a second, `idle_cores` of them
    without any frame; `stored_per_s`: bytes in the store per second of all cameras; `loop_ms`: CPU of a frame in the
    plain loop meanwhile, which says how fast the processors were."""

    cameras: int
    per_s: float
    share: float
    cores: float
    idle_cores: float
    memory_mb: float
    stored_per_s: float
    loop_ms: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What one analysis costs at one picture size. `carried_ms`: CPU of each frame; `search_ms`: of a searched one
    more. `camera_stored`, `frame_stored`: bytes in the store per second of a camera, and per frame. CPU is that of
    processors on which a frame takes `loop_ms` in the plain loop."""

    idle_cores: float
    carried_ms: float
    search_ms: float
    memory_mb: float
    camera_mb: float
    camera_stored: float
    frame_stored: float
    loop_ms: float


def costs_of(few: Point, many: Point) -> Costs:
    """Two runs with other numbers of cameras, rates and shares: each cost is the line through both, for processors as
    fast as in the mean of both."""
    loop_ms = (few.loop_ms + many.loop_ms) / 2
    idle = sum(one.idle_cores * loop_ms / one.loop_ms for one in (few, many)) / 2
    ms_few, ms_many = (
        max(0.0, one.cores * loop_ms / one.loop_ms - idle) / (one.cameras * one.per_s) * 1000 for one in (few, many)
    )
    search_ms = max(0.0, (ms_few - ms_many) / (few.share - many.share))
    camera_mb = max(0.0, (many.memory_mb - few.memory_mb) / (many.cameras - few.cameras))
    stored_few, stored_many = (one.stored_per_s / one.cameras for one in (few, many))
    frame_stored = max(0.0, (stored_many - stored_few) / (many.per_s - few.per_s))
    return Costs(
        idle_cores=idle,
        carried_ms=max(0.0, ms_many - many.share * search_ms),
        search_ms=search_ms,
        memory_mb=few.memory_mb - few.cameras * camera_mb,
        camera_mb=camera_mb,
        camera_stored=max(0.0, stored_many - many.per_s * frame_stored),
        frame_stored=frame_stored,
        loop_ms=loop_ms,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be run: cameras, frames/s of each, and the search interval of each analysis (None: searches none)."""

    cameras: int
    per_s: float
    every_ms: Mapping[str, int | None]
    partitions: int = DEFAULT_PARTITIONS

    def share(self, analysis: str) -> float:
        """Of frames that are searched."""
        every_ms = self.every_ms[analysis]
        return 0.0 if every_ms is None else min(1.0, 1000 / every_ms / self.per_s)


@dataclass(frozen=True, slots=True)
class Need:
    """Of one analysis: cores, memory of its one process, bytes a second into the store."""

    cores: float
    memory_mb: float
    stored_per_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """`log_bytes`: what topic `frames` will hold once it is full. `outage_s`: how long the store may be out before
    frames of the fullest partition expire."""

    needs: Mapping[str, Need]
    cores: float
    memory_mb: float
    stored_per_s: float
    kafka_per_s: float
    log_bytes: float
    partitions_used: int
    fullest_cameras: int
    outage_s: float


def need_of(costs: Costs, asked: Asked, analysis: str) -> Need:
    frames_per_s = asked.cameras * asked.per_s
    frame_ms = costs.carried_ms + asked.share(analysis) * costs.search_ms
    return Need(
        cores=costs.idle_cores + frames_per_s * frame_ms / 1000,
        memory_mb=costs.memory_mb + asked.cameras * costs.camera_mb,
        stored_per_s=asked.cameras * (costs.camera_stored + asked.per_s * costs.frame_stored),
    )


def make_plan(costs: Mapping[str, Costs], asked: Asked, record_bytes: float, clip_s: float) -> Plan:
    """`record_bytes`: of one frame in the log. `clip_s`: an outage costs the window that was open at its beginning."""
    needs = {analysis: need_of(costs[analysis], asked, analysis) for analysis in asked.every_ms}
    fullest = max(spread(asked.cameras, asked.partitions))
    kept_bytes = FRAMES_TOTAL_BYTES / asked.partitions - SEGMENT_BYTES
    fullest_per_s = fullest * asked.per_s * record_bytes
    rate = asked.cameras * asked.per_s * record_bytes
    held = [
        min(cameras * asked.per_s * record_bytes * LOG_MAX_S, FRAMES_TOTAL_BYTES / asked.partitions)
        for cameras in spread(asked.cameras, asked.partitions)
    ]
    return Plan(
        needs=needs,
        cores=sum(need.cores for need in needs.values()),
        memory_mb=sum(need.memory_mb for need in needs.values()),
        stored_per_s=sum(need.stored_per_s for need in needs.values()),
        kafka_per_s=rate,
        log_bytes=sum(held),
        partitions_used=min(asked.cameras, asked.partitions),
        fullest_cameras=fullest,
        outage_s=max(0.0, min(LOG_MAX_S, kept_bytes / fullest_per_s) - clip_s),
    )


def spread(cameras: int, partitions: int) -> list[int]:
    """Cameras of each partition, as the API server hands them out."""
    return [cameras // partitions + (number < cameras % partitions) for number in range(partitions)]


def error_percent(predicted: float, measured: float) -> float:
    """By how much the prediction is off, in percent of what was measured; positive: predicted too much."""
    return (predicted - measured) / measured * 100
