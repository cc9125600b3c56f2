"""Apache Kafka in KRaft mode as one process: broker and controller, loopback only."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from common.topics import DEFAULT_MAX_FRAME_BYTES, topic_specs
from infra.native.child import Command
from infra.native.jars import KAFKA_JARS
from infra.native.layout import VarFolder
from infra.native.ports import LOOPBACK, Ports
from infra.native.server import NotReady, Server, ServerFailed, java_words, write_file

NAME = "kafka"
HEAP_MIB = 768
FORMAT_LIMIT_S = 60
PROBE_S = 2.0
# Expired segments are looked for this often; with 5 minutes (the default) 8 GiB of frames would overshoot by far.
RETENTION_CHECK_MS = 30_000

LOG_SETTINGS = """\
Configuration:
  status: warn
  # Kafka ends in a shutdown hook itself: the log must stay open until it has said how.
  shutdownHook: disable
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d{ISO8601} %-5p %c{1} %m%n"
  Loggers:
    Root:
      level: INFO
      AppenderRef:
        - ref: out
    Logger:
      # One line per index and per segment loaded, for every partition.
      - name: kafka.log
        level: WARN
      - name: org.apache.kafka.storage.internals.log
        level: WARN
      - name: state.change.logger
        level: WARN
      # The whole configuration, several times.
      - name: org.apache.kafka.common.config.AbstractConfig
        level: WARN
      - name: kafka.server.KafkaConfig
        level: WARN
"""


def largest_record_bytes(max_frame_bytes: int) -> int:
    """The largest record any topic takes: the broker must let all of them through."""
    return max(int(spec.config.get("max.message.bytes", 0)) for spec in topic_specs(max_frame_bytes=max_frame_bytes))


def broker_settings(data: Path, ports: Ports, max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> dict[str, str]:
    """server.properties of the broker. Sizes derive from the frame limit; the rest is for one node on one machine."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{ports.kafka_controller}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{ports.kafka},CONTROLLER://{LOOPBACK}:{ports.kafka_controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{ports.kafka}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        # A misspelled topic must be an error, not a new topic with default settings.
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(largest_record_bytes(max_frame_bytes)),
        "replica.fetch.max.bytes": str(largest_record_bytes(max_frame_bytes)),
        "log.retention.check.interval.ms": str(RETENTION_CHECK_MS),
        "log.segment.delete.delay.ms": "5000",
        # Its default buffer is 128 MiB of the heap; one small compacted topic needs none of that.
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "log.cleaner.backoff.ms": "15000",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # Both the classic protocol and KIP-848.
        "group.coordinator.rebalance.protocols": "classic,consumer",
        # The first member waits this long for others; 3 s (the default) would delay every start.
        "group.initial.rebalance.delay.ms": "500",
        "group.min.session.timeout.ms": "1000",
        # After kill -9 the broker comes back once its old session has ended; 9 s is the default.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
        "log.index.size.max.bytes": str(1024 * 1024),
    }


def render_properties(settings: Mapping[str, str]) -> str:
    """Java properties. Values are our own paths, numbers and names; a backslash is the only character to escape."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items())


def new_cluster_id() -> str:
    """A random id as Kafka writes it: a UUID in unpadded URL-safe base64; one that starts with a dash is an option."""
    return "L" + base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode("ascii")[1:]


def build_kafka(
    var: VarFolder, ports: Ports, environment: Mapping[str, str], max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES
) -> Server:
    """The broker of a system. Its storage is formatted when it is new, and never again."""
    settings_file = var.runtime / "kafka.properties"
    logging_file = var.runtime / "kafka-log4j2.yaml"
    data = var.data / "kafka"
    java = (*java_words(HEAP_MIB, f"-Dlog4j2.configurationFile={logging_file}"), "-cp", f"{KAFKA_JARS}/*")

    def prepare() -> None:
        data.mkdir(parents=True, exist_ok=True)
        write_file(settings_file, render_properties(broker_settings(data, ports, max_frame_bytes)))
        write_file(logging_file, LOG_SETTINGS)
        if (data / "meta.properties").exists():
            return
        format_command = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id"]
        outcome = subprocess.run(
            [*format_command, new_cluster_id(), "--config", str(settings_file)],
            env=dict(environment), capture_output=True, text=True, timeout=FORMAT_LIMIT_S, check=False,
        )  # fmt: skip
        if outcome.returncode != 0:
            raise ServerFailed(f"Kafka's storage in {data} could not be made:\n{outcome.stdout}{outcome.stderr}")

    return Server(
        Command(NAME, (*java, "kafka.Kafka", str(settings_file)), environment, stop_s=30.0),
        prepare,
        lambda: probe_kafka(f"{LOOPBACK}:{ports.kafka}"),
        "LOOKOUT_KAFKA_PORT",
    )


def probe_kafka(bootstrap_servers: str, client_settings: Mapping[str, str] | None = None) -> None:
    """Ask the cluster for its metadata. Raises NotReady."""
    from confluent_kafka import KafkaException  # noqa: PLC0415 - preflight imports this package without .venv
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    # A broker that is not there yet is expected: librdkafka must not write about it to the terminal.
    client = AdminClient({**(client_settings or {}), "bootstrap.servers": bootstrap_servers, "log_level": 0})
    try:
        if not client.list_topics(timeout=PROBE_S).brokers:
            raise NotReady("Kafka has no broker yet")
    except KafkaException as error:
        raise NotReady(f"Kafka at {bootstrap_servers}: {error.args[0].str()}") from error
