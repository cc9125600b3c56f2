"""How far one analysis is behind with one camera, from what all consumers say."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from common.contracts.consumer_status import ConsumerStatus


class LagState(StrEnum):
    """`running`: somebody works on the camera's partition, or says what it waits for. `silent`: who did has stopped
    reporting. `failed`: it says why. `missing`: nobody does."""

    RUNNING = "running"
    SILENT = "silent"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class AnalysisLag:
    """`lag_messages` and `lag_s` are None when nobody can say."""

    analysis: str
    state: LagState
    instance: str | None = None
    reason: str | None = None
    lag_messages: int | None = None
    lag_s: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A status and how old it is."""

    status: ConsumerStatus
    age_s: float
    is_silent: bool


def lag_of(analysis: str, camera_id: str, partition: int, reports: Sequence[Report]) -> AnalysisLag:
    """The word of the instance that owns the camera's partition; of several, which overlap during a rebalance, the
    newest. Of a camera that it does not mention it has read all there is, but for what is not read of the partition."""
    mine = sorted((r for r in reports if r.status.analysis == analysis), key=lambda r: r.age_s)
    owners = [(r, p) for r in mine for p in r.status.partitions if p.partition == partition]
    owner = next(((r, p) for r, p in owners if not r.is_silent and r.status.state == "running"), None)
    if owner is not None:
        report, read = owner
        camera = next((c for c in report.status.cameras if c.camera == camera_id), None)
        return AnalysisLag(
            analysis,
            LagState.RUNNING,
            report.status.instance,
            report.status.reason,
            lag_messages=camera.lag_messages if camera is not None else read.end - read.next_offset,
            lag_s=camera.lag_s if camera is not None else read.lag_s,
        )
    failed = next((r for r in mine if r.status.state == "failed"), None)
    if failed is not None:
        return AnalysisLag(analysis, LagState.FAILED, failed.status.instance, failed.status.reason)
    if owners and owners[0][0].is_silent:
        return AnalysisLag(analysis, LagState.SILENT, owners[0][0].status.instance)
    return AnalysisLag(analysis, LagState.MISSING)
