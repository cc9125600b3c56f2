"""librdkafka's own mock cluster: real sockets and the real protocol, in this process, answering with scripted errors.

The Python binding does not hand it out, so it is reached through ctypes in the very library that confluent-kafka has
loaded. Source: `rdkafka_mock.h` of librdkafka. What it is not: it keeps at most 5 MiB a partition, makes no topics for
an admin client, has no LogAppendTime (a record's time is its producer's) and no retention.
"""

import ctypes
import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import confluent_kafka
from confluent_kafka import KafkaError

CONSUMER = 1
"""`RD_KAFKA_CONSUMER`: the kind of the handle that the cluster lives in. It takes part in nothing."""
ERROR_TEXT_BYTES = 512
NO_ERROR: int = KafkaError.NO_ERROR


class Api(enum.IntEnum):
    """Requests of the Kafka protocol, by their key (Kafka protocol guide, "Api Keys")."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    INIT_PRODUCER_ID = 22


class MockCluster:
    """Brokers 1 to `brokers` on free ports of the loopback interface. Use as a context manager; any thread."""

    def __init__(self, brokers: int = 2, *, rebalance_delay_ms: int = 100) -> None:
        self._library = _load_library()
        text = ctypes.create_string_buffer(ERROR_TEXT_BYTES)
        conf = self._library.rd_kafka_conf_new()
        # It need not know any cluster; else it says so on standard error.
        self._library.rd_kafka_conf_set(conf, b"log_level", b"2", text, ERROR_TEXT_BYTES)
        self._handle = self._library.rd_kafka_new(CONSUMER, conf, text, ERROR_TEXT_BYTES)
        if not self._handle:
            raise RuntimeError(f"no handle for the mock cluster: {text.value.decode()}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, brokers)
        if not self._cluster:
            self._library.rd_kafka_destroy(self._handle)
            raise RuntimeError("the mock cluster could not be made")
        self.brokers = tuple(range(1, brokers + 1))
        self.bootstrap_servers: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, rebalance_delay_ms)
        # Without one, an admin client waits for it until its time is over.
        self._library.rd_kafka_mock_set_controller_id(self._cluster, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Idempotent. Clients see their connections end."""
        if self._cluster:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._handle)
            self._cluster = self._handle = None

    def create_topic(self, topic: str, partitions: int = 1) -> None:
        replicas = len(self.brokers)
        self._check(self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, replicas))

    def fail(self, api: Api, *errors: int) -> None:
        """The next requests of this kind, to any broker, are answered with these errors, one each."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, int(api), len(errors), codes)

    def delay(self, api: Api, rtt_ms: int, errors: Sequence[int] = (NO_ERROR,)) -> None:
        """The next requests of this kind are answered so much later, at each broker, with these errors, one each."""
        pairs = [ctypes.c_int(value) for error in errors for value in (error, rtt_ms)]
        for broker in self.brokers:
            push = self._library.rd_kafka_mock_broker_push_request_error_rtts
            self._check(push(self._cluster, broker, int(api), ctypes.c_size_t(len(errors)), *pairs))

    def clear(self, *apis: Api) -> None:
        """Forget what is scripted of these requests and not yet answered."""
        for api in apis:
            self._library.rd_kafka_mock_clear_request_errors(self._cluster, int(api))

    def set_leader(self, topic: str, partition: int, broker: int) -> None:
        self._check(self._library.rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), partition, broker))

    def set_group_coordinator(self, group: str, broker: int) -> None:
        self._check(self._library.rd_kafka_mock_coordinator_set(self._cluster, b"group", group.encode(), broker))

    def set_down(self, broker: int) -> None:
        """Its connections end and no new one is taken."""
        self._check(self._library.rd_kafka_mock_broker_set_down(self._cluster, broker))

    def set_up(self, broker: int) -> None:
        self._check(self._library.rd_kafka_mock_broker_set_up(self._cluster, broker))

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """What retention does: the log begins at `offset`."""
        delete = self._library.rd_kafka_mock_partition_delete_records
        self._check(delete(self._cluster, topic.encode(), partition, offset))

    def start_counting(self) -> None:
        """Note every request from now on."""
        self._library.rd_kafka_mock_start_request_tracking(self._cluster)

    def counted(self) -> Mapping[int, int]:
        """Requests since `start_counting`, by api key."""
        size = ctypes.c_size_t()
        found = self._library.rd_kafka_mock_get_requests(self._cluster, ctypes.byref(size))
        counts: dict[int, int] = {}
        for at in range(size.value):
            key = int(self._library.rd_kafka_mock_request_api_key(found[at]))
            counts[key] = counts.get(key, 0) + 1
        self._library.rd_kafka_mock_request_destroy_array(found, size)
        return counts

    def _check(self, error: int) -> None:
        if error != NO_ERROR:
            raise RuntimeError(f"the mock cluster refused: {KafkaError(error).str()}")


def _load_library() -> Any:
    """The librdkafka that confluent-kafka has loaded. A second copy would do too, but might be of another version."""
    confluent_kafka.libversion()
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    path = next((line.split(maxsplit=5)[5] for line in maps if "librdkafka" in line), None)
    if path is None:
        raise RuntimeError("confluent-kafka's librdkafka is not among the loaded libraries")
    library = ctypes.CDLL(path)
    handle, text, number, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t
    key, partition, offset = ctypes.c_int16, ctypes.c_int32, ctypes.c_int64
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "rd_kafka_conf_new": (handle, []),
        "rd_kafka_conf_set": (number, [handle, text, text, text, size]),
        "rd_kafka_new": (handle, [number, handle, text, size]),
        "rd_kafka_destroy": (None, [handle]),
        "rd_kafka_mock_cluster_new": (handle, [handle, number]),
        "rd_kafka_mock_cluster_destroy": (None, [handle]),
        "rd_kafka_mock_cluster_bootstraps": (text, [handle]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [handle, ctypes.c_int32]),
        "rd_kafka_mock_set_controller_id": (None, [handle, ctypes.c_int32]),
        "rd_kafka_mock_topic_create": (number, [handle, text, number, number]),
        "rd_kafka_mock_push_request_errors_array": (None, [handle, key, size, ctypes.POINTER(number)]),
        # Variadic: what follows is given as values of ctypes.
        "rd_kafka_mock_broker_push_request_error_rtts": (number, [handle, ctypes.c_int32, key, size]),
        "rd_kafka_mock_clear_request_errors": (None, [handle, key]),
        "rd_kafka_mock_partition_set_leader": (number, [handle, text, partition, ctypes.c_int32]),
        "rd_kafka_mock_partition_delete_records": (number, [handle, text, partition, offset]),
        "rd_kafka_mock_coordinator_set": (number, [handle, text, text, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_down": (number, [handle, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_up": (number, [handle, ctypes.c_int32]),
        "rd_kafka_mock_start_request_tracking": (None, [handle]),
        "rd_kafka_mock_get_requests": (ctypes.POINTER(handle), [handle, ctypes.POINTER(size)]),
        "rd_kafka_mock_request_api_key": (key, [handle]),
        "rd_kafka_mock_request_destroy_array": (None, [ctypes.POINTER(handle), size]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
