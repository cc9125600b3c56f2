"""What every retention has to respect."""

LOG_HOURS = 2
"""How long the log keeps frames (`common.topics`). Nothing is kept shorter, or a replay would store it anew (DESIGN 5,
rule 12)."""
