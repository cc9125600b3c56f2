"""The indexer: clip events into the database, and what keeps store and index alike (DESIGN 5, rules 10 and 12)."""
