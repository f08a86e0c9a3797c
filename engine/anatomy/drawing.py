"""The whole drawing: a heart, its beat with what the hand corrected, the arrows of its valve, and a sketch; its JSON document."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from engine.anatomy import cycle
from engine.anatomy.heart import LEAFLETS, VERSIONS, Heart, heart_from_json, points_from_json
from engine.anatomy.keys import Key, check_keys, keys_from_json
from engine.anatomy.labels import View
from engine.anatomy.presets import PRESETS, keys_of, preset
from engine.anatomy.sketch import Stroke
from engine.errors import BadInput

RATE = (30.0, 200.0)
"""beats a minute"""
FRAMES = (2, 64)
FPS = (5.0, 120.0)
STROKES, STROKE_POINTS = 500, 20_000
"""the most of one sketch; the points are those of all strokes"""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a clinician draws, and how long and how fast the beat of it is shown."""

    heart: Heart
    """at end-diastole, its valve closed"""
    keys: tuple[Key, ...] = ()
    directions: dict[str, Float[np.ndarray, "2 2"]] = field(default_factory=dict)
    """by leaflet contour name: an arrow (from, to) in mm, where the leaflet moves"""
    sketch: tuple[Stroke, ...] = ()
    lvef: float | None = 55.0
    """percent; None leaves it to the model"""
    heart_rate: float = 70.0
    """beats a minute"""
    frames: int = 16
    fps: float | None = None
    """frames a second; None: one beat fills the frames"""
    start: float = 0.0
    """share of the beat where frame 0 lies"""

    def hearts_at(self, phase: Float[np.ndarray, "t"]) -> tuple[Heart, ...]:
        """The heart at each phase, at the usual LVEF where none is asked for.

        Raises BadInput where the drawn LV cannot reach the LVEF.
        """
        lvef = cycle.USUAL_LVEF if self.lvef is None else self.lvef
        return cycle.hearts_at(self.heart, lvef, phase, self.keys)

    def to_json(self) -> dict[str, Any]:
        """A document of plain Python numbers, rounded to 0.001 mm (pressure: 0.001)."""
        return {
            **self.heart.to_json(),
            "version": VERSIONS[1],
            "keys": [key.to_json() for key in self.keys],
            "directions": {name: np.round(arrow, 3).tolist() for name, arrow in self.directions.items()},
            "sketch": [
                {"points": np.round(stroke.points, 3).tolist(), "pressure": np.round(stroke.pressure, 3).tolist()}
                for stroke in self.sketch
            ],
            "lvef": self.lvef,
            "heart_rate": self.heart_rate,
            "frames": self.frames,
            "fps": self.fps,
            "start": self.start,
        }


def preset_drawing(name: str, view: View = "A4C") -> Drawing:
    """The named heart, moving as it does at its usual LVEF. Raises BadInput on an unknown name."""
    heart = preset(name, view)
    return Drawing(heart, keys_of(name, heart), lvef=PRESETS[name].lvef)


def drawing_from_json(document: Any, base: Drawing | None = None) -> Drawing:
    """The drawing of a `to_json` document, or of a heart's; what it does not tell is as in `base`, where that fits its heart.

    Raises BadInput on anything else.
    """
    heart = heart_from_json(document)
    base = base or Drawing(heart)
    lvef, fps = document.get("lvef", base.lvef), document.get("fps", base.fps)
    return Drawing(
        heart,
        keys_from_json(document["keys"], heart) if "keys" in document else _fitting(base.keys, heart),
        _directions_from_json(document["directions"]) if "directions" in document else base.directions,
        _sketch_from_json(document["sketch"]) if "sketch" in document else base.sketch,
        None if lvef is None else _number(lvef, "LVEF", cycle.LVEF_RANGE),
        _number(document.get("heart_rate", base.heart_rate), "heart rate", RATE),
        int(_number(document.get("frames", base.frames), "number of frames", FRAMES, whole=True)),
        None if fps is None else _number(fps, "frame rate", FPS),
        _number(document.get("start", base.start), "start", (0.0, 1.0)),
    )


def write_drawing(drawing: Drawing, path: str | Path) -> None:
    # Without spaces the largest drawing stays below the limit of a file.
    Path(path).write_text(json.dumps(drawing.to_json(), separators=(",", ":")) + "\n", encoding="utf-8")


def _fitting(keys: tuple[Key, ...], heart: Heart) -> tuple[Key, ...]:
    """The keys, if they correct contours of as many points as this heart's."""
    try:
        check_keys(keys, heart)
    except BadInput:
        return ()
    return keys


def _directions_from_json(document: Any) -> dict[str, np.ndarray]:
    if not isinstance(document, dict) or not set(document) <= set(LEAFLETS):
        raise BadInput(
            f"The drawing's valve directions are unreadable; an arrow for {' or '.join(LEAFLETS)} is wanted."
        )
    return {name: points_from_json(arrow, f"direction of {name!r}", (2, 2)) for name, arrow in document.items()}


def _sketch_from_json(document: Any) -> tuple[Stroke, ...]:
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise BadInput("The drawing's sketch is unreadable; a list of strokes with 'points' and 'pressure' is wanted.")
    if len(document) > STROKES:
        raise BadInput(f"The sketch has {len(document)} strokes; at most {STROKES} are wanted, so erase some.")
    strokes, left = [], STROKE_POINTS
    for each in document:
        listed = each.get("points")
        if isinstance(listed, list) and len(listed) > left:
            raise BadInput(f"The sketch has more than {STROKE_POINTS} points; fewer are wanted, so erase some strokes.")
        points = points_from_json(listed, "stroke", (1, STROKE_POINTS))
        left -= len(points)
        try:
            pressure = np.asarray(each.get("pressure"), dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            pressure = np.zeros(0)
        if pressure.shape != points.shape[:1] or not ((pressure >= 0) & (pressure <= 1)).all():
            raise BadInput("A stroke's pressure is unreadable; a number from 0 to 1 for each of its points is wanted.")
        strokes.append(Stroke(points, pressure))
    return tuple(strokes)


def _number(value: Any, what: str, limits: tuple[float, float], whole: bool = False) -> float:
    low, high = limits
    number = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if not number or (whole and value != int(value)):
        kind = "whole number" if whole else "number"
        raise BadInput(f"The drawing's {what} is {value!r:.40}; a {kind} from {low:g} to {high:g} is wanted.")
    return float(value)
