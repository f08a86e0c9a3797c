"""The classes of a label map and the array types that carry them."""

from typing import Literal

import numpy as np
from jaxtyping import UInt8

BACKGROUND, LV, MYOCARDIUM, LA, SECTOR = range(5)
"""Sector means tissue inside the ultrasound sector that is none of the other classes."""

NAMES = ("background", "LV", "myocardium", "LA", "sector")

View = Literal["A4C", "A2C"]

Frames = UInt8[np.ndarray, "t h w"]
"""Grey levels 0..255; a still has t == 1."""

LabelMap = UInt8[np.ndarray, "t h w"]
"""Class indices 0..4, in the order above."""
