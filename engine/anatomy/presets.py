"""Hearts built from a handful of measures, and the named ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float
from scipy.optimize import root_scalar

from engine.anatomy import cycle, volumes
from engine.anatomy.contours import spline
from engine.anatomy.heart import Heart, Points, Sector
from engine.anatomy.keys import OPEN_PHASE, Key
from engine.anatomy.labels import View
from engine.anatomy.motion import Motion, motion_of, smoothstep
from engine.errors import BadInput

Share = Float[np.ndarray, "_"]


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


@dataclass(frozen=True)
class Preset:
    """A named heart: what it shows, and how it is made."""

    title: str
    about: str
    """one sentence"""
    lvef: float
    """percent, as is usual with it"""
    shape: Shape = Shape()
    finish: Callable[[Heart], Heart] = lambda heart: heart
    """what a shape cannot tell"""
    keys: Callable[[Heart, float], tuple[Key, ...]] = lambda heart, lvef: ()
    """how its motion differs at this LVEF"""


def _thicken_septum(heart: Heart) -> Heart:
    """The septum twice as thick from the base to the middle, mostly towards the cavity; a two-chamber view does not cut it."""
    if heart.view == "A2C":
        return heart

    def bulge(inward: float):
        def move(share: Share, r: Share):
            swollen = np.exp(-(((share - 0.72) / 0.26) ** 2)) * smoothstep((1.02 - share) / 0.14)
            return share, r + np.where(r < 0, inward * swollen, 0.0)

        return move

    heart = _finer(heart)
    return replace(
        heart, lv_endo=_reshape(heart, heart.lv_endo, bulge(7.5)), lv_epi=_reshape(heart, heart.lv_epi, bulge(-2.5))
    )


def _open_septum(heart: Heart) -> Heart:
    """A gap of about 10 mm in the septum, where the outer contour passes just inside the inner one; seen in A4C alone."""
    if heart.view == "A2C":
        return heart
    motion, endo, epi = motion_of(heart), spline(heart.lv_endo), spline(heart.lv_epi)
    gap = np.array([0.81, 0.77, 0.73, 0.69])
    whole = np.array([1.0, 0.94, 0.89, 0.85, 0.65, 0.60, 0.52, 0.44, 0.30, 0.15])

    def septum(curve: Points, shares: np.ndarray, outward: float) -> Points:
        z, r = _along(motion, curve)
        side = slice(None, int(np.argmin(z)))
        at = np.interp(-shares, -z[side], r[side]) - outward
        return np.stack([shares, at], 1)

    where = np.concatenate([septum(epi, whole, 0.0), septum(endo, gap, -0.6)])
    where = where[np.argsort(-where[:, 0])]
    apex_and_lateral = heart.lv_epi[len(heart.lv_epi) // 2 :]
    drawn = motion.apex + where * [motion.length, 1.0] @ motion.axes
    return replace(heart, lv_epi=np.concatenate([drawn, apex_and_lateral]))


def _thin_apex(heart: Heart) -> Heart:
    """The apical third widened, with a wall of 4 mm."""
    heart = _finer(heart)

    def widen(share: Share, r: Share):
        bulb = np.exp(-(((share - 0.15) / 0.17) ** 2))
        return share - 0.01 * bulb, r * (1 + 0.1 * bulb)

    endo = _reshape(heart, heart.lv_endo, widen)
    share, _ = _along(motion_of(heart), endo)
    usual = np.hypot(*(heart.lv_epi - heart.lv_endo).T)
    wall = 4.0 + (usual - 4.0) * smoothstep((share - 0.24) / 0.3)
    curve = spline(endo)
    step = np.gradient(curve, axis=0)[::12]
    outward = np.stack([step[:, 1], -step[:, 0]], 1) / np.hypot(*step.T)[:, None]
    outward *= np.sign((outward * (endo - curve.mean(0))).sum(1, keepdims=True))
    blend = smoothstep((share - 0.4) / 0.15)[:, None]
    epi = (1 - blend) * (endo + wall[:, None] * outward) + blend * heart.lv_epi
    return replace(heart, lv_endo=endo, lv_epi=epi)


def _leave_out_la(heart: Heart) -> Heart:
    """The LA's contour laid on the annulus."""
    return replace(heart, la=np.linspace(heart.lv_endo[-1], heart.lv_endo[0], len(heart.la)))


def _lengthen_leaflets(heart: Heart) -> Heart:
    """Leaflets of more points, so that they can billow."""
    return replace(
        heart, septal_leaflet=spline(heart.septal_leaflet, 2), lateral_leaflet=spline(heart.lateral_leaflet, 2)
    )


def _prolapse(heart: Heart, lvef: float) -> tuple[Key, ...]:
    """At end-systole both leaflets billow behind the annulus, the posterior one more; open, they hang as ever."""
    motion = motion_of(heart)
    moved = heart.map_points(partial(motion.displace, contraction=cycle.contraction_for(heart, lvef, motion)))
    septal, lateral = moved.septal_leaflet[0], moved.lateral_leaflet[0]
    base = lateral - septal
    behind = np.array([-base[1], base[0]]) / np.hypot(*base)
    behind = behind * np.sign(behind @ motion.axes[0])
    meet = septal + 0.58 * base
    offsets = {}
    for name, hinge, depth, lip in (("septal_leaflet", septal, 5.5, 4.0), ("lateral_leaflet", lateral, 7.5, 4.5)):
        points = getattr(moved, name)
        share = np.linspace(0, 1, len(points))[:, None]
        billow = depth * np.sin(np.pi * share) ** 0.8 + lip * share**2 * (1.5 - 0.5 * share)
        offsets[name] = hinge + share * (meet - hinge) + billow * behind - points
    left = float(cycle.contraction_curve(np.array([OPEN_PHASE]))[0])
    return (
        Key(cycle.ES_PHASE, offsets),
        Key(OPEN_PHASE, {name: -left * each for name, each in offsets.items()}),
    )


def _bulge_out(heart: Heart, lvef: float) -> tuple[Key, ...]:
    """At end-systole the apex stands 3 mm further out than at end-diastole: dyskinesia."""
    motion = motion_of(heart)
    centre = motion.apex + 0.3 * motion.length * motion.axes[0]
    shares, targets = {}, {}
    for name in ("lv_endo", "lv_epi"):
        points = getattr(heart, name)
        away = points - centre
        shares[name] = 1 - smoothstep((_along(motion, points)[0] - 0.1) / 0.4)[:, None]
        targets[name] = points + 3.0 * away / np.hypot(*away.T)[:, None]

    def offsets(name: str, contraction: float) -> Points:
        return shares[name] * (targets[name] - motion.displace(getattr(heart, name), contraction))

    def missing(contraction: float) -> float:
        endo = motion.displace(heart.lv_endo, contraction) + offsets("lv_endo", contraction)
        return lvef - volumes.lvef(volumes.simpson(heart), volumes.simpson(replace(heart, lv_endo=endo)))

    # The rest of the heart must contract so much that the LVEF holds with the apex as it is.
    contraction = cycle.LARGEST_CONTRACTION
    if missing(contraction) <= 0:
        contraction = float(root_scalar(missing, bracket=(0.0, contraction)).root)
    return (Key(cycle.ES_PHASE, {name: offsets(name, contraction) for name in shares}),)


def _finer(heart: Heart) -> Heart:
    """The same heart, a control point between each two of the LV's."""
    return replace(heart, lv_endo=spline(heart.lv_endo, 2), lv_epi=spline(heart.lv_epi, 2))


def _along(motion: Motion, points: Points) -> tuple[Share, Share]:
    """Place along the long axis (0 apex to 1 annulus) and mm across it, lateral positive."""
    z, r = ((points - motion.apex) @ motion.axes.T).T
    return z / motion.length, r


def _reshape(heart: Heart, points: Points, move: Callable[[Share, Share], tuple[Share, Share]]) -> Points:
    """Points moved in the coordinates of `_along`."""
    motion = motion_of(heart)
    share, r = move(*_along(motion, points))
    return motion.apex + np.stack([share * motion.length, r], -1) @ motion.axes


PRESETS: dict[str, Preset] = {
    "normal": Preset("Normal", "An adult heart of usual size and wall thickness.", 60.0),
    "dilated": Preset(
        "Dilated",
        "Dilated cardiomyopathy: a large, round LV with thin walls that hardly contracts.",
        25.0,
        Shape(
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
    ),
    "hypertrophic": Preset(
        "Hypertrophic",
        "Concentric hypertrophy: walls of 15 mm all round and a small cavity.",
        68.0,
        Shape(
            length=80.0,
            diameter=38.0,
            wall=15.0,
            wall_ratio=1.08,
            annulus=0.8,
            la_diameter=46.0,
            apex_depth=34.0,
            apex_x=5.0,
            sector=Sector(170.0, 84.0),
        ),
    ),
    "septal hypertrophy": Preset(
        "Septal hypertrophy",
        "Asymmetric hypertrophy: a septum of 20 mm that narrows the outflow; the two-chamber view passes it by.",
        70.0,
        Shape(
            length=82.0,
            diameter=44.0,
            wall=10.0,
            annulus=0.78,
            la_length=48.0,
            la_diameter=46.0,
            apex_x=2.5,
            apex_depth=28.0,
        ),
        finish=_thicken_septum,
    ),
    "large LA": Preset(
        "Large LA",
        "A left atrium dilated to about twice its usual volume, as after long pressure or mitral disease.",
        58.0,
        Shape(
            length=82.0,
            annulus=0.8,
            la_length=62.0,
            la_diameter=60.0,
            apex_depth=24.0,
            apex_x=2.0,
            tilt=5.0,
            sector=Sector(182.0, 84.0),
        ),
    ),
    "small LV": Preset(
        "Small LV",
        "A short, narrow LV of half the usual volume, of a small person or an underfilled heart.",
        65.0,
        Shape(
            length=66.0,
            diameter=35.0,
            wall=8.5,
            annulus=0.76,
            la_length=40.0,
            la_diameter=36.0,
            sector=Sector(150.0, 84.0),
        ),
    ),
    "apical aneurysm": Preset(
        "Apical aneurysm",
        "After an anterior infarction: a thin apex of 4 mm that bulges outward as the rest contracts.",
        32.0,
        Shape(
            length=90.0,
            diameter=53.0,
            wall=9.0,
            widest=0.5,
            annulus=0.72,
            la_diameter=45.0,
            apex_depth=31.0,
            apex_x=1.0,
            tilt=5.0,
            sector=Sector(176.0, 84.0),
        ),
        finish=_thin_apex,
        keys=_bulge_out,
    ),
    "septal defect": Preset(
        "Septal defect",
        "A ventricular septal defect of 10 mm between the base and the middle; the two-chamber view passes it by.",
        60.0,
        Shape(
            length=86.0,
            diameter=49.0,
            la_length=49.0,
            la_diameter=46.0,
            apex_x=2.0,
            apex_depth=28.0,
            sector=Sector(170.0, 84.0),
        ),
        finish=_open_septum,
    ),
    "missing LA": Preset(
        "Missing LA",
        "The left atrium left out: tissue lies below the annulus.",
        60.0,
        finish=_leave_out_la,
    ),
    "prolapse": Preset(
        "Mitral prolapse",
        "Both leaflets billow behind the annulus into the left atrium at end-systole.",
        64.0,
        Shape(
            length=87.0,
            diameter=50.0,
            annulus=0.78,
            la_length=50.0,
            la_diameter=50.0,
            apex_x=1.5,
            apex_depth=29.0,
            sector=Sector(174.0, 84.0),
        ),
        finish=_lengthen_leaflets,
        keys=_prolapse,
    ),
}


def preset(name: str, view: View = "A4C") -> Heart:
    """The named end-diastolic heart. Raises BadInput on an unknown name."""
    shape = _named(name).shape
    if view == "A2C":
        # From the two-chamber window the LV stands more upright and in the middle of the fan.
        shape = replace(shape, view="A2C", tilt=shape.tilt - 8.0, apex_x=shape.apex_x - 6.0, bend=0.5)
    return _named(name).finish(build(shape))


def keys_of(name: str, heart: Heart) -> tuple[Key, ...]:
    """How the motion of a named heart, perhaps fitted to another sector, differs from the usual one at its usual LVEF.

    Raises BadInput on an unknown name.
    """
    return _named(name).keys(heart, _named(name).lvef)


def _named(name: str) -> Preset:
    if name not in PRESETS:
        raise BadInput(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
