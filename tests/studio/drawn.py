"""Drawings, and requests about them as a browser sends them, that the tests of the drawing table share."""

import base64
import json
from dataclasses import replace

import cv2
import numpy as np

from engine.anatomy import cycle
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import Drawing, preset_drawing
from engine.anatomy.heart import CONTOURS
from engine.anatomy.keys import OPEN_PHASE, Key
from studio.session import JPEG, fine_grid

NORMAL = preset_drawing("normal")


def corrected(drawing: Drawing, phases=(0.2, cycle.ES_PHASE, OPEN_PHASE, 0.7)) -> Drawing:
    """With a small correction of every contour at each phase."""
    rng = np.random.default_rng(5)
    keys = [
        Key(phase, {name: np.round(rng.normal(0, 1, getattr(drawing.heart, name).shape), 3) for name in CONTOURS})
        for phase in phases
    ]
    return replace(drawing, keys=tuple(keys))


def asked(drawing: Drawing = NORMAL, **more):
    """A request as a browser sends it."""
    return json.loads(json.dumps({"drawing": drawing.to_json(), **more}))


def picture(drawing: Drawing = NORMAL, shape: tuple[int, int] | None = None) -> str:
    """A backdrop: the heart's regions in grey, on the finer grid of its frame."""
    map_ = label_map(drawing.heart, fine_grid(drawing.heart.sector))
    grey = np.array([0, 20, 170, 30, 110], np.uint8)[map_]
    grey = grey if shape is None else cv2.resize(grey, shape)
    return JPEG + base64.b64encode(cv2.imencode(".jpg", grey)[1].tobytes()).decode()
