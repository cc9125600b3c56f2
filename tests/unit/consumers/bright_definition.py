"""A registry entry made for tests."""

from tests.unit.pipeline.making import BRIGHT

DEFINITION = BRIGHT
