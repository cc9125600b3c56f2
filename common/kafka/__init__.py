"""Kafka behind ports: `ports` says what is needed, `confluent` does it for real, `memory` for unit tests."""
