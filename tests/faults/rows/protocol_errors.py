"""Errors of the Kafka protocol, one script after the other, under the real engine: librdkafka's mock cluster."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaError as E

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.faults.scripted_cluster import FRAMES, GROUP, ScriptedCluster
from tests.support.mock_cluster import Api
from tests.support.service_process import wait_until

RECOVERED_WITHIN_S = 30.0
DOWN_S = 3.0
SILENT_S = 3.0
APART_S = 0.3
"""In the quick pace scripts follow each other so closely, and what comes of them all is waited for once."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the cluster is told to answer. `is_quick`: played in `make test` too."""

    name: str
    play: Callable[[ScriptedCluster], None]
    is_quick: bool = False


def failing(api: Api, *errors: int) -> Callable[[ScriptedCluster], None]:
    return lambda cluster: cluster.mock.fail(api, *errors)


def late(api: Api, rtt_ms: int, times: int) -> Callable[[ScriptedCluster], None]:
    return lambda cluster: cluster.mock.delay(api, rtt_ms, (E.NO_ERROR,) * times)


def rejoining(api: Api, *errors: int) -> Callable[[ScriptedCluster], None]:
    """The member is thrown out, and what it asks for to come back is refused at first."""

    def play(cluster: ScriptedCluster) -> None:
        cluster.mock.fail(api, *errors)
        cluster.mock.fail(Api.HEARTBEAT, E.UNKNOWN_MEMBER_ID)

    return play


def break_the_members_producer(cluster: ScriptedCluster) -> None:
    """Its handle is beyond use while windows are open and have to be closed by ticks, and announced."""
    with cluster.silence():
        cluster.mock.fail(Api.PRODUCE, *[E.OUT_OF_ORDER_SEQUENCE_NUMBER] * 3)
        time.sleep(SILENT_S)


def move_leaders(cluster: ScriptedCluster) -> None:
    for broker in (1, 2):
        for partition in (0, 1):
            cluster.mock.set_leader(FRAMES, partition, broker)
        time.sleep(0.3)


def move_coordinator(cluster: ScriptedCluster) -> None:
    for broker in (1, 2):
        cluster.mock.set_group_coordinator(GROUP, broker)
        time.sleep(0.3)


def take_a_broker_down(cluster: ScriptedCluster) -> None:
    cluster.mock.set_down(2)
    time.sleep(DOWN_S)
    cluster.mock.set_up(2)


def join_and_leave(cluster: ScriptedCluster) -> None:
    """A second member, whose coming and going is refused at first."""
    cluster.mock.fail(Api.JOIN_GROUP, E.COORDINATOR_LOAD_IN_PROGRESS)
    cluster.mock.fail(Api.SYNC_GROUP, E.REBALANCE_IN_PROGRESS)
    second = cluster.start_member()
    wait_until(lambda: second.has_partitions, "the second member is given a partition", RECOVERED_WITHIN_S)
    cluster.mock.fail(Api.OFFSET_COMMIT, E.REBALANCE_IN_PROGRESS, E.ILLEGAL_GENERATION)
    second.stop()


SCRIPTS = (
    Script("Produce: NOT_LEADER", failing(Api.PRODUCE, *[E.NOT_LEADER_FOR_PARTITION] * 3), is_quick=True),
    Script("Produce: REQUEST_TIMED_OUT", failing(Api.PRODUCE, *[E.REQUEST_TIMED_OUT] * 3)),
    Script("Produce: NOT_ENOUGH_REPLICAS", failing(Api.PRODUCE, *[E.NOT_ENOUGH_REPLICAS] * 3)),
    Script(
        "Produce: NOT_ENOUGH_REPLICAS_AFTER_APPEND", failing(Api.PRODUCE, *[E.NOT_ENOUGH_REPLICAS_AFTER_APPEND] * 2)
    ),
    Script("Produce: KAFKA_STORAGE_ERROR", failing(Api.PRODUCE, *[E.KAFKA_STORAGE_ERROR] * 3)),
    Script("Produce: INVALID_PRODUCER_EPOCH", failing(Api.PRODUCE, E.INVALID_PRODUCER_EPOCH), is_quick=True),
    Script("Produce: UNKNOWN_PRODUCER_ID", failing(Api.PRODUCE, E.UNKNOWN_PRODUCER_ID)),
    Script("Produce: OUT_OF_ORDER_SEQUENCE_NUMBER", failing(Api.PRODUCE, E.OUT_OF_ORDER_SEQUENCE_NUMBER)),
    Script("Produce: OUT_OF_ORDER_SEQUENCE_NUMBER, to the member alone", break_the_members_producer, is_quick=True),
    Script("Produce: 800 ms late", late(Api.PRODUCE, 800, 4)),
    Script("OffsetCommit: REBALANCE_IN_PROGRESS", failing(Api.OFFSET_COMMIT, *[E.REBALANCE_IN_PROGRESS] * 3)),
    Script("OffsetCommit: ILLEGAL_GENERATION", failing(Api.OFFSET_COMMIT, *[E.ILLEGAL_GENERATION] * 2), is_quick=True),
    Script("OffsetCommit: UNKNOWN_MEMBER_ID", failing(Api.OFFSET_COMMIT, *[E.UNKNOWN_MEMBER_ID] * 2)),
    Script(
        "OffsetCommit: COORDINATOR_LOAD_IN_PROGRESS",
        failing(Api.OFFSET_COMMIT, *[E.COORDINATOR_LOAD_IN_PROGRESS] * 3),
    ),
    Script("OffsetCommit: NOT_COORDINATOR", failing(Api.OFFSET_COMMIT, *[E.NOT_COORDINATOR] * 2)),
    Script("Heartbeat: REBALANCE_IN_PROGRESS", failing(Api.HEARTBEAT, E.REBALANCE_IN_PROGRESS)),
    Script("Heartbeat: ILLEGAL_GENERATION", failing(Api.HEARTBEAT, E.ILLEGAL_GENERATION)),
    Script("Heartbeat: UNKNOWN_MEMBER_ID", failing(Api.HEARTBEAT, E.UNKNOWN_MEMBER_ID)),
    Script("Heartbeat: COORDINATOR_NOT_AVAILABLE", failing(Api.HEARTBEAT, *[E.COORDINATOR_NOT_AVAILABLE] * 3)),
    Script("JoinGroup: UNKNOWN_MEMBER_ID", rejoining(Api.JOIN_GROUP, E.UNKNOWN_MEMBER_ID)),
    Script("JoinGroup: COORDINATOR_LOAD_IN_PROGRESS", rejoining(Api.JOIN_GROUP, E.COORDINATOR_LOAD_IN_PROGRESS)),
    Script("SyncGroup: REBALANCE_IN_PROGRESS", rejoining(Api.SYNC_GROUP, E.REBALANCE_IN_PROGRESS)),
    Script("SyncGroup: UNKNOWN_MEMBER_ID", rejoining(Api.SYNC_GROUP, E.UNKNOWN_MEMBER_ID)),
    Script("OffsetFetch: UNSTABLE_OFFSET_COMMIT", rejoining(Api.OFFSET_FETCH, *[E.UNSTABLE_OFFSET_COMMIT] * 2)),
    Script(
        "FindCoordinator: COORDINATOR_NOT_AVAILABLE",
        rejoining(Api.FIND_COORDINATOR, *[E.COORDINATOR_NOT_AVAILABLE] * 3),
    ),
    Script("ListOffsets: NOT_LEADER", failing(Api.LIST_OFFSETS, *[E.NOT_LEADER_FOR_PARTITION] * 2)),
    Script("Fetch: NOT_LEADER", failing(Api.FETCH, *[E.NOT_LEADER_FOR_PARTITION] * 4), is_quick=True),
    Script("Fetch: OFFSET_OUT_OF_RANGE", failing(Api.FETCH, E.OFFSET_OUT_OF_RANGE), is_quick=True),
    Script("Fetch: KAFKA_STORAGE_ERROR", failing(Api.FETCH, *[E.KAFKA_STORAGE_ERROR] * 4)),
    Script("Fetch: UNKNOWN_LEADER_EPOCH", failing(Api.FETCH, *[E.UNKNOWN_LEADER_EPOCH] * 4)),
    Script("Fetch: 800 ms late", late(Api.FETCH, 800, 4)),
    Script("leaders move", move_leaders),
    Script("the coordinator moves", move_coordinator),
    Script("one of two brokers is out for 3 s", take_a_broker_down),
    Script("a second member comes and goes, both refused at first", join_and_leave),
)


class ProtocolErrors:
    name = f"errors of the Kafka protocol, {len(SCRIPTS)} scripts (librdkafka's mock cluster)"
    expected = "lost 0, second clip 0, every clip announced, the member lives on, recovery <= 30 s"
    is_quick = True

    def run(self, bench: FaultBench) -> Measured:
        measured = Measured("")
        scripts = [script for script in SCRIPTS if script.is_quick or bench.pace.share >= 1]
        slowest: tuple[float, str] = (0.0, "none")
        with ScriptedCluster() as cluster:
            member = cluster.members[0]
            for script in scripts:
                script.play(cluster)
                if bench.pace.share < 1 and script is not scripts[-1]:
                    time.sleep(APART_S)
                    continue
                try:
                    took_s = cluster.recover(RECOVERED_WITHIN_S)
                except AssertionError:
                    measured.require(False, f"{script.name}: not recovered within {RECOVERED_WITHIN_S:.0f} s")
                    break
                if member.problem is not None:
                    measured.require(False, f"{script.name}: {member.problem}")
                    break
                slowest = max(slowest, (took_s, script.name))
            accounts = cluster.finish()
        for what, number in (
            ("frames lost", accounts.lost),
            ("frames in two clips", accounts.second),
            ("clips without an event", accounts.without_event),
        ):
            measured.require(number == 0, f"{number} {what}")
        measured.require(accounts.is_orderly, "a member did not end in good order")
        return measured.add(
            f"{len(scripts)} scripts, {accounts.frames} frames, {accounts.clips} clips: lost {accounts.lost}, "
            f"second {accounts.second}, without an event {accounts.without_event}",
            f"{accounts.repeated} sends repeated",
            f"slowest recovery {slowest[0]:.1f} s ({slowest[1]})",
        )
