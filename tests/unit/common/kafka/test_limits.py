"""Comparing limits, without a broker."""

import dataclasses

import pytest

from common.kafka.cluster_facts import ExistingTopic
from common.kafka.limits import broker_problems, fixed_problems, topic_problems
from common.kafka.topics_command import differing_settings
from common.settings import KafkaSettings, load_settings
from common.topics import FRAMES, MIB, TopicSpec, topic_specs

SETTINGS = load_settings(KafkaSettings, {})
SPECS = topic_specs()
DEFAULTS = {"max.message.bytes": str(MIB + 12), "message.timestamp.type": "CreateTime", "cleanup.policy": "delete"}


def made(spec: TopicSpec, **changes: str) -> ExistingTopic:
    """The topic as a broker would make it."""
    return ExistingTopic(spec.name, spec.partitions, DEFAULTS | spec.config | changes)


ALL = {spec.name: made(spec) for spec in SPECS}
FRAMES_SPEC = SPECS[0]


def test_topics_as_specified_have_no_problem() -> None:
    assert topic_problems(SPECS, ALL, SETTINGS) == []
    assert all(not differing_settings(spec, ALL[spec.name]) for spec in SPECS)


def test_a_topic_with_more_partitions_is_taken() -> None:
    more = dataclasses.replace(ALL[FRAMES], partitions=24)
    assert fixed_problems(FRAMES_SPEC, more, SETTINGS) == []


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (dataclasses.replace(ALL[FRAMES], partitions=3), "3 partitions instead of 12"),
        (made(FRAMES_SPEC, **{"message.timestamp.type": "CreateTime"}), "LogAppendTime"),
        (made(FRAMES_SPEC, **{"max.message.bytes": str(64 * MIB)}), "LOOKOUT_MAX_FRAME_BYTES"),
    ],
)
def test_what_cannot_be_mended_is_a_sentence(topic: ExistingTopic, words: str) -> None:
    [sentence] = fixed_problems(FRAMES_SPEC, topic, SETTINGS)
    assert words in sentence
    assert sentence.endswith(".")


def test_a_topic_that_takes_too_little_is_a_problem_at_start_and_altered_by_the_command() -> None:
    small = made(FRAMES_SPEC, **{"max.message.bytes": str(MIB)})
    [sentence] = topic_problems([FRAMES_SPEC], {FRAMES: small}, SETTINGS)
    assert str(2 * MIB + 64 * 1024) in sentence
    assert dict(differing_settings(FRAMES_SPEC, small)) == {"max.message.bytes": str(2 * MIB + 64 * 1024)}


def test_a_topic_that_takes_more_than_needed_is_left_as_it_is() -> None:
    larger = made(FRAMES_SPEC, **{"max.message.bytes": str(4 * MIB)})
    assert topic_problems([FRAMES_SPEC], {FRAMES: larger}, SETTINGS) == []
    assert not differing_settings(FRAMES_SPEC, larger)


def test_a_topic_without_limit_of_its_own_takes_what_producers_batch() -> None:
    spec = next(s for s in SPECS if "max.message.bytes" not in s.config)
    small = made(spec, **{"max.message.bytes": "1000"})
    assert len(topic_problems([spec], {spec.name: small}, SETTINGS)) == 1


def test_every_missing_topic_is_named() -> None:
    problems = topic_problems(SPECS, {}, SETTINGS)
    assert len(problems) == len(SPECS)
    assert all("topics_command" in p for p in problems)


def test_a_broker_that_takes_smaller_requests_is_a_problem() -> None:
    assert broker_problems({"socket.request.max.bytes": str(100 * MIB)}, SETTINGS) == []
    assert broker_problems({}, SETTINGS) == []
    assert len(broker_problems({"socket.request.max.bytes": str(MIB)}, SETTINGS)) == 1
