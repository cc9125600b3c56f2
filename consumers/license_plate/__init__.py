"""License plates: where they are, what they say, one sighting for each passage."""
