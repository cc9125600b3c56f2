"""Temporal work of one window: boxes become tracks, readings become votes, tracks become sightings."""
