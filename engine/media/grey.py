"""Any picture values as grey levels 0..255."""

import cv2
import numpy as np


def grey(values: np.ndarray) -> np.ndarray:
    """uint8, the same shape (h, w) or (t, h, w); what is no finite number counts as 0.

    Values within 0..255 are kept (a float picture within 0..1 is taken as 0..1); others are stretched over 0..255 by
    their smallest and largest.
    """
    if values.dtype == np.uint8:
        return values
    low, high = min(_numbers(part).min() for part in values), max(_numbers(part).max() for part in values)
    offset, scale = 0.0, 1.0
    if low < 0 or high > 255:
        offset, scale = low, 255 / max(high - low, 1e-9)
    elif high <= 1 and any((_numbers(part) % 1).any() for part in values):
        scale = 255.0
    result = np.empty(values.shape, np.uint8)
    for part, out in zip(values, result, strict=True):
        out[...] = np.round((_numbers(part) - offset) * scale)
    return result


def luminance(pixels: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) RGB as grey (h, w); a tint is gone."""
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def _numbers(part: np.ndarray) -> np.ndarray:
    """float64. Of one frame at a time: eight bytes for every value of a long clip would fill the memory."""
    return np.nan_to_num(part.astype(np.float64), posinf=0.0, neginf=0.0)
