"""Objects behind a port: `port` says what is needed, `s3` does it for real, `memory` for unit tests."""
