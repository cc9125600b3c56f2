"""The native servers, started for real: what they promise to clients, and that data outlives SIGKILL."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

from infra.native.environment import Endpoints
from infra.native.keys import S3Keys
from infra.native.s3 import s3_client
from infra.native.server import ServerFailed
from infra.native.servers import ServerGroup
from tests.support.servers import TestServers

LIMIT_S = 30.0
SERVERS = ("kafka", "mongo", "s3")


def test_kafka_unknown_topic_is_not_created(servers: TestServers, topic_prefix: str) -> None:
    producer = Producer({"bootstrap.servers": servers.bootstrap_servers, "message.timeout.ms": 5000})
    failures: list[object] = []
    producer.produce(f"{topic_prefix}nobody-made-me", b"x", on_delivery=lambda error, _: failures.append(error))
    producer.flush(LIMIT_S)
    assert failures[0] is not None


def test_kafka_record_of_the_largest_size_passes(servers: TestServers, topic_prefix: str) -> None:
    topic = f"{topic_prefix}large"
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    size = 4 * 1024 * 1024
    new = NewTopic(topic, num_partitions=1, replication_factor=1, config={"max.message.bytes": str(size)})
    admin.create_topics([new])[topic].result(LIMIT_S)
    producer = Producer({"bootstrap.servers": servers.bootstrap_servers, "message.max.bytes": size})
    outcomes: list[object] = []
    producer.produce(topic, bytes(size - 1024), on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(LIMIT_S)
    assert outcomes == [None]


def test_mongo_unique_key_is_kept(mongo_url: str) -> None:
    with MongoClient[dict[str, object]](mongo_url) as client:
        cameras = client.get_default_database()["cameras"]
        cameras.create_index("name", unique=True)
        cameras.insert_one({"_id": 1, "name": "a"})
        with pytest.raises(DuplicateKeyError):
            cameras.insert_one({"_id": 2, "name": "a"})


def test_s3_second_create_is_refused(servers: TestServers, bucket: str) -> None:
    client = s3_client(servers.s3_endpoint_url, S3Keys(servers.access_key_id, servers.secret_access_key))
    client.put_object(Bucket=bucket, Key="a/b~1.mp4", Body=b"first", IfNoneMatch="*", Metadata={"first-offset": "7"})
    with pytest.raises(ClientError) as refusal:
        client.put_object(Bucket=bucket, Key="a/b~1.mp4", Body=b"second", IfNoneMatch="*")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    stored = client.get_object(Bucket=bucket, Key="a/b~1.mp4", Range="bytes=1-2")
    assert (stored["Body"].read(), stored["Metadata"]) == (b"ir", {"first-offset": "7"})


def test_s3_without_the_key_is_refused(servers: TestServers, bucket: str) -> None:
    client = s3_client(servers.s3_endpoint_url, S3Keys(servers.access_key_id, "wrong"))
    with pytest.raises(ClientError) as refusal:
        client.list_objects_v2(Bucket=bucket)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def write_everywhere(ends: Endpoints) -> None:
    """One record, one document, one object, each acknowledged."""
    admin = AdminClient({"bootstrap.servers": ends.bootstrap_servers})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(LIMIT_S)
    producer = Producer({"bootstrap.servers": ends.bootstrap_servers, "acks": "all"})
    acknowledged: list[object] = []
    producer.produce("kept", b"record", on_delivery=lambda error, _: acknowledged.append(error))
    producer.flush(LIMIT_S)
    assert acknowledged == [None]
    with MongoClient[dict[str, object]](ends.mongo_url) as client:
        client.get_default_database()["kept"].insert_one({"_id": "document"})
    client_s3 = s3_client(ends.s3_endpoint_url, ends.s3_keys)
    client_s3.put_object(Bucket="lookout", Key="kept", Body=b"object", Metadata={"a": "b"})


def assert_all_there(ends: Endpoints) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": ends.bootstrap_servers,
            "group.id": "g",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["kept"])
    message = consumer.poll(LIMIT_S)
    assert message is not None
    assert message.error() is None
    assert message.value() == b"record"
    consumer.close()
    with MongoClient[dict[str, object]](ends.mongo_url) as client:
        assert client.get_default_database()["kept"].count_documents({"_id": "document"}) == 1
    stored = s3_client(ends.s3_endpoint_url, ends.s3_keys).get_object(Bucket="lookout", Key="kept")
    assert (stored["Body"].read(), stored["Metadata"]) == (b"object", {"a": "b"})


@pytest.mark.faults
def test_data_after_sigkill_and_after_stop_is_intact(private_servers: Callable[[], ServerGroup]) -> None:
    group = private_servers()
    write_everywhere(group.endpoints)
    for name in SERVERS:
        # Right after the write was acknowledged: nothing may depend on a polite end.
        group.kill(name)
    for name in SERVERS:
        group.launch(name)
    for name in SERVERS:
        group.wait_ready(name)
    assert_all_there(group.endpoints)
    group.stop()
    group.start()
    assert_all_there(group.endpoints)


@pytest.mark.faults
def test_check_after_a_server_died_names_it_and_shows_its_log(private_servers: Callable[[], ServerGroup]) -> None:
    group = private_servers()
    group.check()
    kafka = group._children["kafka"]
    kafka.ask_to_stop()
    assert kafka.wait(LIMIT_S)
    with pytest.raises(ServerFailed, match=r"(?s)kafka died .*kafka\.server for 1 unregistered"):
        group.check()
