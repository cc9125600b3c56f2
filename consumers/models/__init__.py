"""Models beside the usual one: what a person put into MODEL_DIR, and what a query may name."""
