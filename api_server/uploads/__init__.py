"""Uploads that can be gone on with: a file that comes in pieces, over days and restarts (tus 1.0)."""
