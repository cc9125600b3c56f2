"""Everything that runs lookout on one machine without Docker: set-up, servers, launcher.

`setup`, `preflight` and what they import use the standard library only: they run before `.venv` exists.
"""
