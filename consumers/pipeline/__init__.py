"""Video work: decode, track, draw, encode, store. It knows nothing of Kafka."""
