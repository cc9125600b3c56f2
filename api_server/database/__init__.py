"""Documents behind a port: `port` says what is needed, `mongo` does it for real, `memory` for unit tests."""
