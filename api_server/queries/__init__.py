"""Queries: an analysis over recorded video, from the question to its result (docs/recorded-video.md)."""
