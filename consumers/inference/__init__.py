"""How model files are run: ONNX sessions and LiteRT interpreters, made in one place each."""
