"""The real Kafka behind `common.kafka.ports`, on librdkafka."""

from common.kafka.confluent.config import GroupTuning, ProducerTuning
from common.kafka.confluent.group_consumer import ConfluentGroupConsumer
from common.kafka.confluent.log_reader import ConfluentLogReader
from common.kafka.confluent.producer import ConfluentProducer
from common.kafka.confluent.topic_reader import ConfluentTopicReader

__all__ = [
    "ConfluentGroupConsumer",
    "ConfluentLogReader",
    "ConfluentProducer",
    "ConfluentTopicReader",
    "GroupTuning",
    "ProducerTuning",
]
