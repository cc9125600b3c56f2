"""Measurements as commands. Nothing here is imported by a service, and no test asserts a time."""
