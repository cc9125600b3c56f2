"""Exports: a set of clips as one zip, or as one film with captions."""
