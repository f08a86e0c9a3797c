"""A seeded population of hearts and of the ways they are scanned. One seed is one patient, everywhere."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from engine.anatomy import cycle
from engine.anatomy.contours import spline
from engine.anatomy.drawing import Drawing
from engine.anatomy.heart import Heart, Sector
from engine.anatomy.keys import Key
from engine.anatomy.labels import View
from engine.anatomy.motion import Hypokinesis, motion_of
from engine.anatomy.presets import Shape, build

Look = Literal["echonet", "camus"]
LOOKS: tuple[Look, ...] = ("echonet", "camus")
LVEF_RANGE = (10.0, 80.0)
"""percent, of the population"""


@dataclass(frozen=True)
class Acquisition:
    """How a heart is scanned. Levels in dB relative to average myocardium, angles as a share of the half opening."""

    look: Look = "echonet"
    seed: int = 0
    """draws the speckle"""
    gain: float = 0.0
    haze: float = -24.0
    """near-field clutter at the probe"""
    side_lobes: float = -27.0
    noise: float = -46.0
    """electronic noise at the deepest line"""
    blood: float = -37.0
    tissue: float = -7.0
    """what surrounds the heart"""
    pericardium: float = 9.0
    leaflets: float = 7.0
    anisotropy: float = 9.0
    """how much darker a wall parallel to the beam is"""
    shadows: tuple[tuple[float, float, float], ...] = ()
    """(centre angle, half width, depth of the shadow in dB) of rib and lung shadows"""
    dropout: tuple[float, float, float] = (0.6, 0.45, 0.0)
    """(angle, depth share, dB) of a patch of lost signal"""
    gain_steps: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    """dB at equally spaced depths"""
    decorrelation: float = 2.4
    """radians that wall speckle wanders over a beat (standard deviation of the free walk); at a quarter turn it is all new"""


@dataclass(frozen=True, eq=False)
class Exam:
    """One beating heart and how it is scanned: all that a simulation needs."""

    heart: Heart
    """at end-diastole"""
    lvef: float
    """percent"""
    heart_rate: float
    """beats a minute"""
    acquisition: Acquisition
    hypokinesis: tuple[Hypokinesis, ...] = ()
    """where the walls move less than the rest of the heart"""
    keys: tuple[Key, ...] = ()
    """what a hand corrected of the motion"""


@dataclass(frozen=True, eq=False)
class Subject:
    """One simulated patient in one view. The other view of the same seed is the same heart from the other window."""

    seed: int
    heart: Heart
    lvef: float
    heart_rate: float
    shape: Shape
    territory: str
    """of the coronary artery whose wall moves too little, or none"""
    hypokinesis: tuple[Hypokinesis, ...]
    acquisition: Acquisition

    def exam(self) -> Exam:
        return Exam(self.heart, self.lvef, self.heart_rate, self.acquisition, self.hypokinesis)

    def parameters(self) -> dict[str, Any]:
        """Everything that was drawn, as plain JSON values."""
        return {
            "seed": self.seed,
            "lvef": self.lvef,
            "heart_rate": self.heart_rate,
            "shape": asdict(self.shape),
            "territory": self.territory,
            "hypokinesis": [asdict(weak) for weak in self.hypokinesis],
            "acquisition": asdict(self.acquisition),
        }


# Side, centre and width of the `Hypokinesis` of each coronary artery: LAD feeds the apical septum and the anterior wall, RCA the
# basal septum and the inferior wall, LCX the lateral wall.
_TERRITORIES: dict[str, dict[View, tuple[int, float, float]]] = {
    "LAD": {"A4C": (0, 0.25, 0.30), "A2C": (1, 0.45, 0.40)},
    "RCA": {"A4C": (0, 0.85, 0.25), "A2C": (0, 0.65, 0.35)},
    "LCX": {"A4C": (1, 0.60, 0.40)},
}
_WEAKENED_BELOW = 50.0
"""percent: a heart with a higher LVEF has no wall-motion abnormality here"""


def draw_subject(
    seed: int, look: Look = "echonet", view: View | None = None, lvef_range: tuple[float, float] = LVEF_RANGE
) -> Subject:
    """The patient of this seed: LVEF uniform in its range, 44..120 beats a minute, seen in `view` or in a view of its own."""
    rng = np.random.default_rng([20_232, seed])
    own_view: View = "A4C" if rng.random() < 0.6 else "A2C"
    view = view or own_view
    lvef, rate = float(rng.uniform(*lvef_range)), float(np.clip(rng.normal(70, 15), 44, 120))
    territory, loss = str(rng.choice(["LAD", "RCA", "LCX"])), float(rng.uniform(0.5, 1.15))
    if lvef > _WEAKENED_BELOW or rng.random() < 0.6:
        territory = "none"
    shape = draw_shape(rng, look, view)
    place = _TERRITORIES.get(territory, {}).get(view)
    hypokinesis = () if place is None else (Hypokinesis(*place, loss),)
    window = np.random.default_rng([20_233, seed, ("A4C", "A2C").index(view)])
    heart = draw_heart(window, shape)
    return Subject(seed, heart, lvef, rate, shape, territory, hypokinesis, draw_acquisition(window, look))


def image_quality(acquisition: Mapping[str, Any]) -> float:
    """From 0 to 1: how far all that clouds the cavity lies below the wall, from 12 dB and less to 24 and more.

    `acquisition` is an `Acquisition` as plain JSON values (`Subject.parameters`).
    """
    clouds = np.array([acquisition[name] for name in ("blood", "side_lobes", "noise")])
    return float(np.clip((-10 * np.log10((10 ** (clouds / 10)).sum()) - 12) / 12, 0, 1))


def random_drawing(seed: int, view: View) -> Drawing:
    """The heart, LVEF and heart rate of the patient of this seed; a weak wall becomes a correction at end-systole."""
    subject = draw_subject(seed, view=view)
    heart, keys = subject.heart, ()
    if subject.hypokinesis:
        weak, usual = motion_of(heart, subject.hypokinesis), motion_of(heart)
        contraction = cycle.contraction_for(heart, subject.lvef, weak)
        # At the weak heart's contraction the corrected walls are those of the weak heart, so its LVEF is kept.
        offsets = {
            name: weak.displace(points, contraction) - usual.displace(points, contraction)
            for name, points in (("lv_endo", heart.lv_endo), ("lv_epi", heart.lv_epi))
        }
        keys = (Key(cycle.ES_PHASE, offsets),)
    return Drawing(heart, keys, lvef=round(subject.lvef, 1), heart_rate=round(subject.heart_rate))


def draw_shape(rng: np.random.Generator, look: Look, view: View) -> Shape:
    """A plausible end-diastolic heart; one in five is dilated, one in five hypertrophic, one in eight has a large LA.

    Both views draw the same numbers: the second plane has the same lengths, walls and atrium, and cuts the LV at its other diameter.
    """
    kind = rng.choice(["usual", "dilated", "hypertrophic"], p=[0.6, 0.2, 0.2])
    length, diameter, wall = rng.normal(86, 7), rng.normal(43.5, 4.5), rng.normal(9.4, 1.2)
    if kind == "dilated":
        length, diameter, wall = length + rng.uniform(4, 14), diameter + rng.uniform(8, 22), wall - rng.uniform(0, 2)
    if kind == "hypertrophic":
        length, diameter, wall = length - rng.uniform(0, 6), diameter - rng.uniform(2, 9), wall + rng.uniform(3, 7)
    la_length, la_diameter = rng.normal(45, 8), rng.normal(42, 6.5)
    if rng.random() < 0.125:
        la_length, la_diameter = la_length + rng.uniform(8, 20), la_diameter + rng.uniform(6, 14)
    la_length, la_diameter = float(np.clip(la_length, 26, 75)), float(np.clip(la_diameter, 26, 70))
    across = np.exp(rng.normal(0, 0.05))
    if view == "A2C":
        diameter = diameter * across
    wall = float(np.clip(wall, 5.5, 18)) * _WALL[look]
    apex_depth = float(np.clip(rng.normal(16, 4) + wall, 17, 42))
    length = float(np.clip(length, 62, 112))
    depth = apex_depth + length + la_length * rng.uniform(*_LA_SHOWN[look]) + rng.uniform(0, 10)
    low, high = _OPENING[look]
    opening = high - (high - low) * rng.beta(0.9, 1.9)
    centred = view == "A2C"
    return Shape(
        view=view,
        sector=Sector(float(np.clip(depth, 100, 200)), float(opening)),
        length=length,
        diameter=float(np.clip(diameter, 31, 76)),
        wall=wall,
        wall_ratio=float(np.exp(rng.normal(0, 0.12))),
        widest=float(rng.uniform(0.5, 0.68)),
        annulus=float(rng.uniform(0.6, 0.84)),
        bend=float(rng.normal(0.5 if centred else 2.0, 1.5)),
        la_length=la_length,
        la_diameter=la_diameter,
        apex_x=float(rng.normal(-1 if centred else 4, 4)),
        apex_depth=apex_depth,
        tilt=float(rng.normal(1 if centred else 8, 6)),
    )


# What differs between the data sets: the walls that readers draw, how much of the LA is in the fan, and the opening of the fan in degrees.
_WALL: dict[Look, float] = {"echonet": 1.0, "camus": 1.35}
_LA_SHOWN: dict[Look, tuple[float, float]] = {"echonet": (0.45, 1.0), "camus": (0.35, 0.9)}
_OPENING: dict[Look, tuple[float, float]] = {"echonet": (70.0, 90.0), "camus": (73.5, 77.5)}


def draw_heart(rng: np.random.Generator, shape: Shape) -> Heart:
    """The heart of a shape, its contours wobbling by a millimetre or two as hand-drawn and real ones do."""
    heart = build(shape)
    # Points enough that a contour follows a wall of which one stretch stands still.
    heart = replace(heart, lv_endo=spline(heart.lv_endo, 2), lv_epi=spline(heart.lv_epi, 2))
    waves = rng.normal(0, 1, (4, 2, 2)) * np.array([0.9, 0.7, 0.5, 0.35])[:, None, None]
    shifts = rng.uniform(0, 2 * np.pi, (4, 2))

    def wobble(points):
        angle = points / 60.0 * np.pi
        return points + sum(np.sin((k + 1) * angle[:, ::-1] + shifts[k]) @ waves[k] for k in range(4))

    return heart.map_points(wobble)


def draw_acquisition(rng: np.random.Generator, look: Look) -> Acquisition:
    """A plausible scan: gain, clutter, shadows at the flanks, drop-out at the lateral wall."""
    shadows = [
        (float(side * rng.uniform(0.75, 1.1)), float(rng.uniform(0.06, 0.25)), float(rng.uniform(5, 20)))
        for side in (-1, 1)
        if rng.random() < 0.65
    ]
    if rng.random() < 0.25:
        shadows.append((float(rng.uniform(-0.6, 0.6)), float(rng.uniform(0.03, 0.08)), float(rng.uniform(3, 9))))
    return Acquisition(
        look=look,
        seed=int(rng.integers(2**31)),
        gain=float(rng.normal(0, 2.7)),
        haze=float(rng.normal(-2, 5)),
        side_lobes=float(rng.normal(-24, 3)),
        noise=float(rng.normal(-38, 4)),
        blood=float(rng.normal(-24.5, 4)),
        tissue=float(rng.normal(-9.5, 3)),
        pericardium=float(rng.normal(8, 2.5)),
        leaflets=float(rng.normal(4, 2)),
        anisotropy=float(np.clip(rng.normal(8, 3), 0, 16)),
        shadows=tuple(shadows),
        dropout=(
            float(rng.uniform(0.2, 0.8)),
            float(rng.uniform(0.3, 0.65)),
            float(rng.uniform(0, 12) if rng.random() < 0.5 else 0.0),
        ),
        gain_steps=tuple(float(g) for g in rng.normal((0, 0.5, -0.5, 5.0), 2.0)),
        decorrelation=float(rng.uniform(2.2, 3.3)),
    )
