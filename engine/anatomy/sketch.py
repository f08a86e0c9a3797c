"""The sketch: pen strokes in millimetres, drawn by hand or taken from a picture or from a heart's contours."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Stroke:
    """One stroke of the pen: (n, 2) points (x, y) mm as in a `Heart`, and the pressure at each, from 0 to 1."""

    points: Float[np.ndarray, "n 2"]
    pressure: Float[np.ndarray, " n"]
