"""Whose face it is, among people who were enrolled. Off until a person puts an embedding network into MODEL_DIR."""
