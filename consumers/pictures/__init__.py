"""Single pictures for the API server, which has no decoder and no model (`python -m consumers pictures`)."""
