"""Ingest: cameras POST JPEG frames, each is written once to the topic `frames` (DESIGN 4)."""
