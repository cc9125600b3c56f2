"""Recordings: what cameras recorded, as continuous spans, and what people uploaded."""
