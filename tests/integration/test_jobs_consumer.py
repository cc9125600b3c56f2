"""Recorded video through a real consumer process: plan, parts, a kill -9 half way, a model that is out, join."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned, parse_event
from common.contracts.consumer_status import ConsumerStatus
from common.contracts.segment_job import AskedModel, JoinJob, PlanJob, Source, Work, part_key, result_key
from common.kafka.confluent import ConfluentProducer
from common.model_registry import FER_EMOTION
from common.settings import StorageSettings
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS, CONSUMER_STATUS, DEFAULT_PARTITIONS, SEGMENT_JOBS
from consumers.jobs.query_objects import read_query_sidecar
from tests.integration.test_pipeline_consumer import command
from tests.support import remote_consumer
from tests.support.cameras import kafka_settings, make_topics, read_partition
from tests.support.servers import TestServers
from tests.unit.jobs.test_jobs import make_film
from tests.unit.pipeline.making import decode_clip

LIMIT_S = 120.0
FILM_FRAMES = 900
QUERY = "q-" + "b" * 16
KEY = "uploads/film.mp4"
WORDS = ["run", "emotion", "--threads", "1", "--health-port", "0"]


def query_events(servers: TestServers, prefix: str) -> list[QueryPlanned | PartReady | QueryFailed]:
    found = []
    for partition in range(DEFAULT_PARTITIONS):
        for record in read_partition(servers.bootstrap_servers, prefix + CLIP_EVENTS, partition):
            event = parse_event(record.value or b"")
            if isinstance(event, QueryPlanned | PartReady | QueryFailed):
                found.append(event)
    return found


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end_s, f"not within {LIMIT_S} s: {what}"
        time.sleep(0.5)


def send(servers: TestServers, prefix: str, job: PlanJob | JoinJob) -> None:
    with closing(ConfluentProducer(kafka_settings(servers.bootstrap_servers, prefix))) as producer:
        producer.send_and_wait(prefix + SEGMENT_JOBS, QUERY.encode(), job.to_json())


def ask(servers: TestServers, variables: dict[str, str], prefix: str, film: bytes, work: Work) -> S3ObjectStore:
    """Store a film and have the work on it planned."""
    make_topics(servers.bootstrap_servers, prefix)
    store = S3ObjectStore(StorageSettings.model_validate(variables))
    store.replace(KEY, film, "video/mp4")
    send(servers, prefix, PlanJob(work=work, sources=(Source(object_key=KEY),)))
    return store


def last_status(servers: TestServers, prefix: str) -> ConsumerStatus | None:
    said = read_partition(servers.bootstrap_servers, prefix + CONSUMER_STATUS, 0)
    return ConsumerStatus.model_validate_json(said[-1].value or b"") if said else None


@pytest.mark.integration
@pytest.mark.timeout(400)
def test_query_survives_a_kill_and_its_join_is_the_whole_film(
    servers: TestServers, service_variables: dict[str, str], topic_prefix: str, tmp_path: Path
) -> None:
    asked = AskedModel(name=FER_EMOTION.name, version=FER_EMOTION.version, sha256=FER_EMOTION.sha256)
    work = Work(query_id=QUERY, analysis="emotion", every_ms=500, model=asked)
    film = make_film(tmp_path / "film.mp4", FILM_FRAMES, key_every=50)
    store = ask(servers, service_variables, topic_prefix, film, work)

    def events() -> list[QueryPlanned | PartReady | QueryFailed]:
        return query_events(servers, topic_prefix)

    def parts() -> set[int]:
        return {e.part for e in events() if isinstance(e, PartReady) and not e.joined}

    with command(WORDS, service_variables, tmp_path) as first:
        wait_for(lambda: first.poll() is not None or bool(parts()), "a part is done")
        assert first.poll() is None, (tmp_path / "log").read_text()
        first.kill()
    (planned,) = {e.parts for e in events() if isinstance(e, QueryPlanned)}
    assert planned == 6
    with command(WORDS, service_variables, tmp_path) as second:
        wait_for(lambda: second.poll() is not None or parts() == set(range(planned)), "every part is done")
        send(servers, topic_prefix, JoinJob(work=work, parts=planned))
        wait_for(lambda: any(isinstance(e, PartReady) and e.joined for e in events()), "the join is done")
        assert second.poll() is None, (tmp_path / "log").read_text()
    assert not [e for e in events() if isinstance(e, QueryFailed)]
    (joined,) = {e.model for e in events() if isinstance(e, PartReady) and e.joined}
    assert joined is not None
    assert joined.name.endswith(f"+{FER_EMOTION.name}")
    assert joined.sha256.endswith(f"+{FER_EMOTION.sha256}")
    assert read_query_sidecar(store, result_key(QUERY)).model == joined
    status = last_status(servers, topic_prefix)
    assert status is not None
    assert status.model == joined
    assert [(one.name, one.is_here) for one in status.models] == [(FER_EMOTION.name, True)]
    frames = [read_query_sidecar(store, part_key(QUERY, part)).frame_count for part in range(planned)]
    assert sum(frames) == FILM_FRAMES
    result = tmp_path / "result.mp4"
    result.write_bytes(store.read(result_key(QUERY)))
    assert len(decode_clip(result)) == FILM_FRAMES


@pytest.mark.integration
@pytest.mark.timeout(400)
def test_query_waits_for_a_model_that_does_not_answer_and_its_consumer_says_so(
    servers: TestServers, service_variables: dict[str, str], topic_prefix: str, tmp_path: Path
) -> None:
    work = Work(query_id=QUERY, analysis=remote_consumer.NAME)
    ask(servers, service_variables, topic_prefix, make_film(tmp_path / "film.mp4", 100), work)
    away = tmp_path / "away"
    away.touch()

    def waits_for() -> str:
        status = last_status(servers, topic_prefix)
        return (status.waits_for if status is not None else None) or ""

    def parts() -> list[PartReady]:
        return [e for e in query_events(servers, topic_prefix) if isinstance(e, PartReady)]

    with command([str(away)], service_variables, tmp_path, remote_consumer.__name__) as process:
        wait_for(lambda: process.poll() is not None or "has not answered" in waits_for(), "it says what it waits for")
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert waits_for().startswith("The model has not answered for ")
        assert parts() == []
        away.unlink()
        wait_for(lambda: bool(parts()), "the part is done")
        wait_for(lambda: not waits_for(), "nothing is waited for any more")
    (part,) = parts()
    assert part.frame_count == 100
