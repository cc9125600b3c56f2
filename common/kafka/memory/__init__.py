"""An in-memory Kafka cluster for unit tests: it obeys the same contract suite as the real adapter.

Time is the injected clock's; rebalances happen inside `poll`, one member at a time, so a test decides their order.
"""

from common.kafka.memory.cluster import MemoryCluster
from common.kafka.memory.group_consumer import MemoryGroupConsumer
from common.kafka.memory.log_reader import MemoryLogReader
from common.kafka.memory.producer import MemoryProducer
from common.kafka.memory.topic_reader import MemoryTopicReader

__all__ = ["MemoryCluster", "MemoryGroupConsumer", "MemoryLogReader", "MemoryProducer", "MemoryTopicReader"]
