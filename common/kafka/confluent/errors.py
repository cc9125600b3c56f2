"""librdkafka's error codes as the reactions of `common.errors`, and its log lines as ours."""
# ruff: noqa: SLF001  the codes that librdkafka makes up itself begin with an underscore, and are public all the same

import logging

from confluent_kafka import KafkaError, KafkaException

from common.errors import ConfigurationError, LookoutError, Transient
from common.kafka.ports import RecordTooLarge

ALL_BROKERS_DOWN: int = KafkaError._ALL_BROKERS_DOWN
CLIENT_FATAL: int = KafkaError._FATAL
BAD_STATE: int = KafkaError._STATE
PARTITION_END: int = KafkaError._PARTITION_EOF
POLL_TOO_LATE: int = KafkaError._MAX_POLL_EXCEEDED
POSITION_LOST: int = KafkaError._AUTO_OFFSET_RESET
TOPIC_UNKNOWN = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})
UNREACHABLE = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE})
_CONFIGURATION = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._INVALID_ARG,
        KafkaError._SSL,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError.INCONSISTENT_GROUP_PROTOCOL,
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_GROUP_ID,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_SESSION_TIMEOUT,
        KafkaError.OFFSET_METADATA_TOO_LARGE,
        KafkaError.POLICY_VIOLATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.SECURITY_DISABLED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.UNSUPPORTED_VERSION,
    }
)
"""What no retry mends. Everything that is neither here nor fatal is worth another try."""
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


class FatalClientError(LookoutError):
    """The client handle is beyond use: nothing but a new one helps."""


class TooFewBrokers(ConfigurationError):
    """Fewer brokers take part than there are to be replicas. While a cluster starts that may pass."""


class TopicExists(ConfigurationError):
    """A topic that was to be made is there."""


class TopicUnknown(ConfigurationError):
    """The broker does not know the topic (any more)."""


def error_for(error: KafkaError, doing: str) -> LookoutError:
    """The error to raise or report for `error`, met while `doing` something (a gerund and its object)."""
    sentence = f"{doing}: {error.str()} ({error.name()})"
    # Of what follows the first one, only the code says that it is fatal.
    if error.fatal() or error.code() == CLIENT_FATAL:
        return FatalClientError(sentence)
    if error.code() in _TOO_LARGE:
        return RecordTooLarge(sentence)
    if error.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        return TooFewBrokers(sentence)
    if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return TopicExists(sentence)
    if error.code() in TOPIC_UNKNOWN:
        return TopicUnknown(sentence)
    if error.code() in _CONFIGURATION:
        return ConfigurationError(sentence)
    return Transient(sentence)


def error_from(exception: KafkaException, doing: str) -> LookoutError:
    """The same for what confluent-kafka raises."""
    error = exception.args[0] if exception.args else None
    if isinstance(error, KafkaError):
        return error_for(error, doing)
    return Transient(f"{doing}: {exception}")


def client_logger() -> logging.Logger:
    """Where librdkafka's own log lines go: it would print them to standard error otherwise."""
    return logging.getLogger("common.kafka.librdkafka")
