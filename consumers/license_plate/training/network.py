"""The plate locator in JAX: weights, forward pass, loss."""

import jax  # type: ignore[import-not-found,unused-ignore]  # only who trains has it
import jax.numpy as jnp  # type: ignore[import-not-found,unused-ignore]
import numpy as np

from consumers.license_plate.training.architecture import CHANNELS, DILATIONS, OUTPUTS, STRIDES

Weights = list[dict[str, jax.Array]]


def first_weights(seed: int) -> Weights:
    """He initialisation; the last layer starts at a probability of one in a hundred."""
    rng = np.random.default_rng(seed)
    layers: Weights = []
    before = 1
    for channels in CHANNELS:
        scale = np.sqrt(2 / (9 * before))
        kernel = rng.normal(0, scale, (channels, before, 3, 3)).astype(np.float32)
        layers.append({"kernel": jnp.asarray(kernel), "bias": jnp.zeros(channels)})
        before = channels
    head = rng.normal(0, 0.02, (OUTPUTS, before, 1, 1)).astype(np.float32)
    bias = np.zeros(OUTPUTS, np.float32)
    bias[0] = -4.6
    layers.append({"kernel": jnp.asarray(head), "bias": jnp.asarray(bias)})
    return layers


def forward(weights: Weights, pictures: jax.Array) -> jax.Array:
    """`pictures`: n x 1 x h x w, 0 to 1. n x 9 x h/8 x w/8."""
    values = pictures - 0.5
    for place, layer in enumerate(weights[:-1]):
        step, wide = STRIDES[place], DILATIONS[place]
        out = _convolved(values, layer, step, wide)
        # The later layers see the same cells: what they add is a correction, which trains faster.
        values = jax.nn.relu(out + values) if step == 1 else jax.nn.relu(out)
    return _convolved(values, weights[-1], 1, 1)


def _convolved(values: jax.Array, layer: dict[str, jax.Array], step: int, wide: int) -> jax.Array:
    reach = wide * (layer["kernel"].shape[2] // 2)
    out = jax.lax.conv_general_dilated(
        values, layer["kernel"], (step, step), [(reach, reach), (reach, reach)], rhs_dilation=(wide, wide),
        dimension_numbers=("NCHW", "OIHW", "NCHW"),
    )  # fmt: skip
    return out + layer["bias"][None, :, None, None]


def loss(
    weights: Weights, pictures: jax.Array, sure: jax.Array, corners: jax.Array, weight: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """Focal loss (Lin et al., 2017) on the logit, a smooth L1 on corners in units of the row's height."""
    out = forward(weights, pictures)
    logit, offsets = out[:, 0], out[:, 1:]
    chance = jax.nn.sigmoid(logit)
    positive = -0.5 * (1 - chance) ** 2 * jax.nn.log_sigmoid(logit) * (sure == 1)
    negative = -0.5 * chance**2 * jax.nn.log_sigmoid(-logit) * (sure == 0)
    plates = jnp.maximum(1.0, jnp.sum(sure == 1))
    focal = (positive.sum() + negative.sum()) / plates
    error = jnp.abs(offsets - corners)
    smooth = jnp.where(error < 0.1, error**2 * 5, error - 0.05)
    regression = (smooth.mean(axis=1) * weight).sum() / jnp.maximum(1.0, weight.astype(bool).any(axis=(1, 2)).sum())
    return focal * 4 + regression, (focal, regression)
