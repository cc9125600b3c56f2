"""Runs in the environment of `requirements/reference.txt`: face crops in, the scores of the real `fer` package out.

    python fer_scores.py CROPS.npy SCORES.npz      # n x 64 x 64 uint8; `lite` and `keras`, each n x 7

The detector's own finding and cutting of faces is left out; from the crop on it is its code (fer 25.10).
"""

import sys

import numpy as np
from fer.fer import FER


def main() -> None:
    crops = np.load(sys.argv[1])
    values = (crops.astype("float32") / 255.0 - 0.5) * 2.0
    lite = FER(mtcnn=False, use_tflite=True)._classify_emotions(values)
    keras = FER(mtcnn=False, use_tflite=False)._classify_emotions(values)
    np.savez(sys.argv[2], lite=np.asarray(lite), keras=np.asarray(keras))


if __name__ == "__main__":
    main()
