"""Any picture values as grey levels 0..255."""

import cv2
import numpy as np


def grey(values: np.ndarray) -> np.ndarray:
    """uint8, the same shape without a last axis of 3 or 4 colours.

    Values within 0..255 are kept (a float picture within 0..1 is taken as 0..1); others are stretched over 0..255 by
    their smallest and largest.
    """
    if values.dtype == np.uint8:
        return values
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255:
        values = (values - low) * (255 / max(high - low, 1e-9))
    elif high <= 1 and (values % 1).any():
        values = values * 255
    return np.round(values).astype(np.uint8)


def luminance(pixels: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) RGB as grey (h, w); a tint is gone."""
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
