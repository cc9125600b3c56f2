"""The Kafka engine: loop, windows, ledger, flow control, dead letters, rebalance. It knows nothing of video."""
