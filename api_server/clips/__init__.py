"""Clips and their sightings: what the indexer writes and people search and play."""
