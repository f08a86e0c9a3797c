"""Hearts built from a handful of measures, and the named ones."""

from dataclasses import dataclass, replace

import numpy as np

from engine.anatomy.heart import Heart, Points, Sector
from engine.anatomy.labels import View
from engine.errors import BadInput


@dataclass(frozen=True)
class Shape:
    """The measures of an end-diastolic heart; lengths in mm, angles in degrees."""

    view: View = "A4C"
    sector: Sector = Sector(depth=164.0, opening=84.0)
    length: float = 84.0
    """LV endocardium, apex to annulus"""
    diameter: float = 46.0
    """LV endocardium at its widest"""
    wall: float = 9.0
    wall_ratio: float = 1.0
    """septal wall over lateral wall"""
    widest: float = 0.58
    """where along the long axis the LV is widest, 0 apex to 1 annulus"""
    annulus: float = 0.70
    """annulus over largest diameter"""
    bend: float = 2.0
    """how far the middle of the long axis bows towards the lateral wall"""
    la_length: float = 46.0
    la_diameter: float = 42.0
    apex_x: float = 4.0
    apex_depth: float = 27.0
    tilt: float = 8.0
    """of the long axis; positive leans the base to the right of the screen"""


def build(shape: Shape) -> Heart:
    """The heart of these measures."""
    turn = np.radians(shape.tilt)
    along, across = np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
    origin = np.array([shape.apex_x, shape.apex_depth])

    def place(z, r) -> Points:
        z, r = np.asarray(z, float), np.asarray(r, float)
        bow = shape.bend * np.sin(np.pi * np.clip(z / shape.length, 0, 1))
        return origin + z[:, None] * along + (r + bow)[:, None] * across

    share = np.array([1.0, 0.74, 0.44, 0.15])
    half = shape.diameter / 2 * _profile(share, shape.widest, shape.annulus)
    z = share * shape.length
    septal_wall, lateral_wall = shape.wall * np.sqrt(shape.wall_ratio), shape.wall / np.sqrt(shape.wall_ratio)
    slope = np.array([1.0, 1.0, 1.0, 0.82])
    lv_endo = place([*z, 0.0, *z[::-1]], [*-half, 0.0, *half[::-1]])
    apical = shape.wall * np.array([0.0, 0.0, 0.05, 0.55])
    lv_epi = place(
        [*(z - apical), -shape.wall * 0.9, *(z - apical)[::-1]],
        [*-(half + septal_wall * slope), 0.0, *(half + lateral_wall * slope)[::-1]],
    )
    ring = half[0]
    la_half = np.array([ring, 0.96 * shape.la_diameter / 2, 0.86 * shape.la_diameter / 2])
    la_z = shape.length + shape.la_length * np.array([0.0, 0.30, 0.74])
    la = place([*la_z, shape.length + shape.la_length, *la_z[::-1]], [*la_half, 0.0, *-la_half[::-1]])
    tip = np.array([shape.length - 5.0, 0.22 * ring])
    leaflets = [
        place(
            [shape.length, shape.length - 4.0, tip[0]],
            [hinge, hinge + 0.55 * (tip[1] - hinge), tip[1] - 0.5 * np.sign(-hinge)],
        )
        for hinge in (-ring, ring)
    ]
    return Heart(shape.view, shape.sector, lv_endo, lv_epi, la, *leaflets)


def _profile(share: np.ndarray, widest: float, annulus: float) -> np.ndarray:
    """Half-width over largest half-width: a half ellipse from the apex to the widest place, then narrowing to the annulus."""
    tip = np.sqrt(np.clip(1 - (1 - np.clip(share / widest, 0, 1)) ** 2, 0, 1))
    base = 1 - (1 - annulus) * (np.clip(share - widest, 0, 1) / (1 - widest)) ** 2
    return tip * base


_NAMED = {
    "normal": Shape(),
    "dilated": Shape(
        length=96.0,
        diameter=66.0,
        wall=7.5,
        widest=0.52,
        annulus=0.62,
        la_diameter=48.0,
        tilt=4.0,
        apex_x=0.0,
        apex_depth=31.0,
        sector=Sector(182.0, 84.0),
    ),
    "hypertrophic": Shape(
        length=80.0,
        diameter=38.0,
        wall=15.0,
        wall_ratio=1.35,
        annulus=0.8,
        la_diameter=46.0,
        apex_depth=34.0,
        apex_x=5.0,
        sector=Sector(170.0, 84.0),
    ),
}
PRESETS = tuple(_NAMED)


def preset(name: str, view: View = "A4C") -> Heart:
    """The named end-diastolic heart. Raises BadInput on an unknown name."""
    if name not in _NAMED:
        raise BadInput(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    shape = _NAMED[name]
    if view == "A2C":
        # From the two-chamber window the LV stands more upright and in the middle of the fan.
        shape = replace(shape, view="A2C", tilt=shape.tilt - 8.0, apex_x=shape.apex_x - 6.0, bend=0.5)
    return build(shape)
