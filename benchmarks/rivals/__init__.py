"""Other consumer frameworks doing the same work, each in an environment of its own: `python -m benchmarks.rivals`."""
