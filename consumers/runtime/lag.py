"""How far behind a partition and its cameras are. What nobody has read yet may be any camera's: it counts for each."""

from common.contracts.consumer_status import CameraLag, PartitionStatus
from consumers.runtime.assignment import Assignment


def lag_messages(assignment: Assignment) -> int:
    """Records that are not admitted, as far as the log's end is known."""
    return max(0, assignment.end_offset - assignment.next_offset)


def lag_s(assignment: Assignment, now_us: int) -> float:
    """The most that the oldest record not admitted can be old: it came after the last one that is, and after the log
    was last seen read to its end. 0.0 where nothing is left to admit, and before a first record has told the time."""
    if lag_messages(assignment) == 0 or assignment.clock.now_ms is None:
        return 0.0
    return max(0.0, (now_us - max(assignment.clock.now_ms * 1000, assignment.caught_up_us)) / 1e6)


def partition_status(assignment: Assignment, now_us: int) -> PartitionStatus:
    return PartitionStatus(
        partition=assignment.partition.partition,
        next_offset=assignment.next_offset,
        committed=assignment.committed.next_offset if assignment.committed else 0,
        end=max(assignment.end_offset, assignment.next_offset),
        lag_s=round(lag_s(assignment, now_us), 3),
    )


def camera_lags(assignment: Assignment, now_us: int) -> list[CameraLag]:
    """Of every camera that has been met: its unsettled windows, and what of the partition is not admitted."""
    unread, unread_s = lag_messages(assignment), lag_s(assignment, now_us)
    return [
        CameraLag(
            camera=camera.camera,
            partition=assignment.partition.partition,
            lag_messages=unread + sum(window.records for window in camera.chain),
            lag_s=round(max(unread_s, *(now_us / 1e6 - window.first_log_ms / 1e3 for window in camera.chain), 0.0), 3),
        )
        for camera in assignment.cameras.values()
    ]
