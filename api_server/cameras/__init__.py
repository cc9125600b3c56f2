"""Cameras: stored in the database first, then published to the compacted topic `camera-settings` (DESIGN 4)."""
