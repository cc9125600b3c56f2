"""Trains the plate locator on drawn scenes and writes it as ONNX.

    python -m consumers.license_plate.training.train_locator --out plate_locator.onnx

Needs `pip install jax` besides the project's own environment. 10,000 steps take half an hour on two free cores. The
same seed on the same machine gives the same weights; on another one the last digits differ.
"""

import argparse
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import jax  # type: ignore[import-not-found,unused-ignore]  # only who trains has it
import jax.numpy as jnp  # type: ignore[import-not-found,unused-ignore]
import numpy as np
from numpy.typing import NDArray

from consumers.license_plate.training.architecture import Target, target_of
from consumers.license_plate.training.drawn_scenes import Scene, SceneMaker
from consumers.license_plate.training.network import Weights, first_weights, forward, loss
from consumers.license_plate.training.onnx_export import to_onnx

log = logging.getLogger(__name__)
BATCH = 12
FRESH = 3
"""New scenes a batch; the rest are drawn from the pool."""
POOL = 3000
RATE = 3e-3
WARM_STEPS = 200
AVERAGE = 0.998
VALIDATION = 200
REPORT_EVERY = 250


class State(NamedTuple):
    """Weights, their running average, and Adam's moments."""

    weights: Weights
    averaged: Weights
    mean: Weights
    square: Weights


@dataclass(frozen=True)
class Sample:
    """A scene as the network sees it, with its answer."""

    picture: NDArray[np.float32]
    target: Target


@jax.jit  # type: ignore[untyped-decorator,unused-ignore]
def advance(
    state: State, step: jax.Array, rate: jax.Array, batch: tuple[jax.Array, ...]
) -> tuple[State, tuple[jax.Array, jax.Array]]:
    """One step of Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""
    gradient, parts = jax.grad(loss, has_aux=True)(state.weights, *batch)
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.mean, gradient)
    square = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, state.square, gradient)
    first, second = 1 - 0.9**step, 1 - 0.99**step

    def moved(w: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return w - rate * (m / first / (jnp.sqrt(v / second) + 1e-8) + 1e-4 * w)

    weights = jax.tree.map(moved, state.weights, mean, square)
    keep = jnp.minimum(AVERAGE, (1 + step) / (10 + step))
    averaged = jax.tree.map(lambda x, y: keep * x + (1 - keep) * y, state.averaged, weights)
    return State(weights, averaged, mean, square), parts


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the plate locator on drawn scenes.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights (.npz) to go on from")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    train(asked.out, asked.steps, asked.seed, asked.start)


def train(out: Path, steps: int, seed: int, start: Path | None) -> None:
    """Writes `out` and, beside it, `.npz` with the same weights, at every report."""
    weights = _loaded(start) if start else first_weights(seed)
    state = State(weights, weights, jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights))
    maker, rng = SceneMaker(seed), np.random.default_rng(seed)
    check_maker = SceneMaker(seed + 1_000_000)
    checks = [check_maker.make() for _ in range(VALIDATION)]
    pool = [_sample(maker.make()) for _ in range(BATCH * 4)]
    begin, losses = time.monotonic(), []
    for step in range(1, steps + 1):
        fresh = [_sample(maker.make()) for _ in range(FRESH)]
        pool = (fresh + pool)[:POOL]
        chosen = fresh + [pool[int(place)] for place in rng.integers(0, len(pool), BATCH - FRESH)]
        rate = RATE * min(1.0, step / WARM_STEPS) * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-6
        state, parts = advance(state, jnp.float32(step), jnp.float32(rate), _batch(chosen, rng))
        losses.append((float(parts[0]), float(parts[1])))
        if step % REPORT_EVERY == 0 or step == steps:
            found, false = _check(state.averaged, checks)
            log.info(
                "step %d loss %s found %.3f false %.3f a scene, %.0f s",
                step, np.round(np.mean(losses, axis=0), 4), found, false, time.monotonic() - begin,
            )  # fmt: skip
            losses = []
            _save(out, state.averaged)


def _sample(scene: Scene) -> Sample:
    picture = np.asarray(scene.picture / 255, np.float32)
    return Sample(picture, target_of(scene.lines, picture.shape[1], picture.shape[0]))


def _batch(samples: list[Sample], rng: np.random.Generator) -> tuple[jax.Array, ...]:
    """The same scene comes again and again: each time with another brightness and contrast."""
    pictures = np.stack([s.picture * rng.uniform(0.7, 1.2) + rng.uniform(-0.12, 0.12) for s in samples])
    return (
        jnp.asarray(np.clip(pictures, 0, 1)[:, None], jnp.float32),
        jnp.asarray(np.stack([sample.target.sure for sample in samples])),
        jnp.asarray(np.stack([sample.target.corners for sample in samples])),
        jnp.asarray(np.stack([sample.target.weight for sample in samples])),
    )


_forward = jax.jit(forward)


def _check(weights: Weights, scenes: list[Scene]) -> tuple[float, float]:
    """Share of plates with a sure cell at their middle, and sure cells away from any plate, a scene."""
    plates = found = false = 0
    for at in range(0, len(scenes), 20):
        part = scenes[at : at + 20]
        pictures = np.stack([scene.picture for scene in part]).astype(np.float32)[:, None] / 255
        out: NDArray[np.float32] = np.asarray(_forward(weights, jnp.asarray(pictures)))
        for scene, answer in zip(part, out, strict=True):
            target = target_of(scene.lines, scene.picture.shape[1], scene.picture.shape[0])
            sure = answer[0] > 0
            false += int((sure & (target.sure == 0)).sum())
            for line in scene.lines:
                plates += 1
                alone = target_of(line[None], scene.picture.shape[1], scene.picture.shape[0])
                found += bool((sure & (alone.sure == 1)).any())
    return found / max(1, plates), false / len(scenes)


def _save(out: Path, weights: Weights) -> None:
    plain = [{name: np.asarray(value) for name, value in layer.items()} for layer in weights]
    flat = {f"{place}.{name}": value for place, layer in enumerate(plain) for name, value in layer.items()}
    np.savez(out.with_suffix(".npz"), **cast(dict[str, Any], flat))
    out.write_bytes(to_onnx(plain))


def _loaded(path: Path) -> Weights:
    flat = np.load(path, allow_pickle=False)
    count = 1 + max(int(name.split(".")[0]) for name in flat.files)
    return [{name: jnp.asarray(flat[f"{place}.{name}"]) for name in ("kernel", "bias")} for place in range(count)]


if __name__ == "__main__":
    main()
