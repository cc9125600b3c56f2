"""A box that moves at a nearly constant velocity, filtered (Kalman, 1960; as in Bewley et al., Simple Online and
Realtime Tracking, 2016).

The four coordinates of a box (centre, width, height) are independent: each is a filter of two states, value and
velocity, so no matrices are needed. Velocities are per second, because frames come at any interval.
"""

import math
from dataclasses import dataclass

from common.contracts.detection import Box

MEASURE_NOISE = 0.05
"""Of a detector's box, in sides of the box."""
ACCELERATION = 1.2
"""White noise, in sides of the box a second squared: a person who starts to walk."""
FIRST_SPEED = 1.5
"""How fast a thing that was seen once may be, in sides of its box a second."""
SIZE_CALM = 0.25
"""Width and height change that much less than the place."""


@dataclass(slots=True)
class _Axis:
    """One coordinate: value, velocity and their covariance (value, both, velocity)."""

    value: float
    velocity: float
    var: float
    cov: float
    vel_var: float

    def predict(self, dt_s: float, acceleration: float) -> None:
        self.value += self.velocity * dt_s
        noise = acceleration * acceleration
        self.var += 2 * dt_s * self.cov + dt_s * dt_s * self.vel_var + noise * dt_s**4 / 4
        self.cov += dt_s * self.vel_var + noise * dt_s**3 / 2
        self.vel_var += noise * dt_s * dt_s

    def correct(self, measured: float, noise: float) -> None:
        total = self.var + noise * noise
        gain, velocity_gain = self.var / total, self.cov / total
        off = measured - self.value
        self.value += gain * off
        self.velocity += velocity_gain * off
        self.vel_var -= velocity_gain * self.cov
        self.var, self.cov = (1 - gain) * self.var, (1 - gain) * self.cov


class BoxFilter:
    """Mutable; owned by one track. Deterministic: plain arithmetic on floats."""

    def __init__(self, box: Box) -> None:
        side = _side(box[2], box[3])
        noise, speed = side * MEASURE_NOISE, side * FIRST_SPEED
        calm = (1.0, 1.0, SIZE_CALM, SIZE_CALM)
        self._axes = [
            _Axis(value, 0.0, noise * noise, 0.0, (speed * part) ** 2)
            for value, part in zip(_measured(box), calm, strict=True)
        ]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height as the filter believes them now."""
        x, y, width, height = (axis.value for axis in self._axes)
        width, height = max(1.0, width), max(1.0, height)
        return x - width / 2, y - height / 2, width, height

    def predict(self, dt_s: float) -> None:
        """Move on by `dt_s`, at least 0."""
        side = _side(self._axes[2].value, self._axes[3].value)
        for place, axis in enumerate(self._axes):
            axis.predict(dt_s, side * ACCELERATION * (1.0 if place < 2 else SIZE_CALM))

    def correct(self, box: Box) -> None:
        """Take in what was seen now."""
        noise = _side(box[2], box[3]) * MEASURE_NOISE
        for axis, value in zip(self._axes, _measured(box), strict=True):
            axis.correct(value, noise)


def _measured(box: Box) -> tuple[float, float, float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2, float(box[2]), float(box[3])


def _side(width: float, height: float) -> float:
    return math.sqrt(max(1.0, width) * max(1.0, height))
