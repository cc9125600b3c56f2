"""Consumer services: each reads frames, analyses them, and stores annotated clips."""
