"""Containers: the image recipe, its entry point, secrets made once, health checks."""
