"""Pictures for the page, where the server shows them."""

import base64
import secrets

import cv2
import numpy as np
from jaxtyping import UInt8

from studio.folders import scratch

QUALITY = {".png": [cv2.IMWRITE_PNG_COMPRESSION, 1], ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 90]}


def publish(image: UInt8[np.ndarray, "h w *c"], ending: str) -> str:
    """Write a picture where the server shows it and return its address, relative to the page.

    `ending` is ".png" (grey or RGBA, exact) or ".jpg" (quality 90, for what is shown for a moment). The name is random,
    so it tells nobody anything and cannot be guessed.
    """
    name = secrets.token_urlsafe(18) + ending
    pixels = cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA) if image.ndim == 3 else image
    encoded = cv2.imencode(ending, pixels, QUALITY[ending])[1]
    (scratch("sheets") / name).write_bytes(encoded.tobytes())
    return f"sheets/{name}"


def inline(image: UInt8[np.ndarray, "h w"]) -> str:
    """A grey picture as the data URL of a JPEG (quality 90): for what is shown for a moment, and leaves no file behind."""
    jpeg = cv2.imencode(".jpg", image, QUALITY[".jpg"])[1]
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
