"""One colour for each structure, the same in the label map, the contours, the legend and the player's overlay."""

import base64

import cv2
import numpy as np
from jaxtyping import UInt8

from engine.anatomy import labels
from engine.media.palette import COLOURS

CLASSES = {"lv": labels.LV, "myocardium": labels.MYOCARDIUM, "la": labels.LA}
"""The classes that the page colours; sector tissue it leaves as it is."""

HEX = {name: "#" + bytes(COLOURS[label]).hex() for name, label in CLASSES.items()} | {"leaflet": "#ff8fd0"}
"""For CSS, by name. A leaflet is a contour only, and no class."""


def css_variables() -> str:
    """CSS declarations `--lv: #...;` for a component's root element."""
    return "".join(f"--{name}: {colour};\n" for name, colour in HEX.items())


def paint(label_map: UInt8[np.ndarray, "*t h w"], alpha: int = 255) -> UInt8[np.ndarray, "*t h w 4"]:
    """RGBA of a label map: background and sector tissue are transparent, the rest has `alpha` (0..255)."""
    table = np.zeros((len(labels.NAMES), 4), np.uint8)
    for label in CLASSES.values():
        table[label] = (*COLOURS[label], alpha)
    return table[label_map]


def png_url(rgba: UInt8[np.ndarray, "h w 4"]) -> str:
    """A PNG of the image as a data URL."""
    _, png = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return "data:image/png;base64," + base64.b64encode(png).decode()
