"""Single pictures: checked here, looked at by `python -m consumers pictures`, which has the models."""
