"""A seeded population of hearts and of the ways they are scanned. One seed is one patient, everywhere."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from engine.anatomy.heart import Heart, Sector
from engine.anatomy.presets import Shape, build

Look = Literal["echonet", "camus"]
LOOKS: tuple[Look, ...] = ("echonet", "camus")


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
    decorrelation: float = 0.6
    """radians by which wall speckle turns into another over the beat; blood three times as much"""


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


@dataclass(frozen=True, eq=False)
class Subject:
    """One simulated patient."""

    seed: int
    heart: Heart
    lvef: float
    heart_rate: float
    shape: Shape
    acquisition: Acquisition

    def exam(self) -> Exam:
        return Exam(self.heart, self.lvef, self.heart_rate, self.acquisition)

    def parameters(self) -> dict[str, Any]:
        """Everything that was drawn, as plain JSON values."""
        return {
            "seed": self.seed,
            "lvef": self.lvef,
            "heart_rate": self.heart_rate,
            "shape": asdict(self.shape),
            "acquisition": asdict(self.acquisition),
        }


def draw_shape(rng: np.random.Generator) -> Shape:
    """A plausible end-diastolic heart; one in five is dilated, one in five hypertrophic."""
    kind = rng.choice(["usual", "dilated", "hypertrophic"], p=[0.6, 0.2, 0.2])
    length, diameter, wall = rng.normal(83, 7), rng.normal(46, 4.5), rng.normal(9.2, 1.2)
    if kind == "dilated":
        length, diameter, wall = length + rng.uniform(4, 14), diameter + rng.uniform(8, 22), wall - rng.uniform(0, 2)
    if kind == "hypertrophic":
        length, diameter, wall = length - rng.uniform(0, 6), diameter - rng.uniform(2, 9), wall + rng.uniform(3, 7)
    view = "A4C" if rng.random() < 0.6 else "A2C"
    centred = view == "A2C"
    la_length, la_diameter = np.clip(rng.normal(45, 8), 26, 70), np.clip(rng.normal(42, 6.5), 26, 64)
    apex_depth = float(np.clip(rng.normal(18, 4) + wall, 18, 42))
    length = float(np.clip(length, 62, 112))
    depth = np.clip(apex_depth + length + la_length * rng.uniform(0.55, 1.1) + rng.uniform(0, 12), 110, 200)
    return Shape(
        view=view,
        sector=Sector(float(depth), float(rng.uniform(72, 90))),
        length=length,
        diameter=float(np.clip(diameter, 32, 76)),
        wall=float(np.clip(wall, 5.5, 18)),
        wall_ratio=float(np.exp(rng.normal(0, 0.12))),
        widest=float(rng.uniform(0.5, 0.68)),
        annulus=float(rng.uniform(0.6, 0.84)),
        bend=float(rng.normal(0.5 if centred else 2.0, 1.5)),
        la_length=float(la_length),
        la_diameter=float(la_diameter),
        apex_x=float(rng.normal(-1 if centred else 4, 4)),
        apex_depth=apex_depth,
        tilt=float(rng.normal(1 if centred else 8, 6)),
    )


def draw_heart(rng: np.random.Generator, shape: Shape) -> Heart:
    """The heart of a shape, its contours wobbling by a millimetre or two as hand-drawn and real ones do."""
    heart = build(shape)
    waves = rng.normal(0, 1, (4, 2, 2)) * np.array([0.9, 0.7, 0.5, 0.35])[:, None, None]
    shifts = rng.uniform(0, 2 * np.pi, (4, 2))

    def wobble(points):
        angle = points / 60.0 * np.pi
        return points + sum(np.sin((k + 1) * angle[:, ::-1] + shifts[k]) @ waves[k] for k in range(4))

    return heart.map_points(wobble)


def draw_acquisition(rng: np.random.Generator, look: Look) -> Acquisition:
    """A plausible scan: gain, clutter, shadows at the flanks, drop-out at the lateral wall."""
    shadows = [
        (float(side * rng.uniform(0.75, 1.1)), float(rng.uniform(0.06, 0.25)), float(rng.uniform(4, 18)))
        for side in (-1, 1)
        if rng.random() < 0.55
    ]
    if rng.random() < 0.25:
        shadows.append((float(rng.uniform(-0.6, 0.6)), float(rng.uniform(0.03, 0.08)), float(rng.uniform(3, 9))))
    return Acquisition(
        look=look,
        seed=int(rng.integers(2**31)),
        gain=float(rng.normal(0, 2.5)),
        haze=float(rng.normal(-2, 5)),
        side_lobes=float(rng.normal(-25, 3)),
        noise=float(rng.normal(-38, 4)),
        blood=float(rng.normal(-34, 4)),
        tissue=float(rng.normal(-7, 3)),
        pericardium=float(rng.normal(8, 2.5)),
        leaflets=float(rng.normal(4, 2)),
        anisotropy=float(np.clip(rng.normal(8, 3), 0, 16)),
        shadows=tuple(shadows),
        dropout=(
            float(rng.uniform(0.2, 0.8)),
            float(rng.uniform(0.3, 0.65)),
            float(rng.uniform(0, 12) if rng.random() < 0.5 else 0.0),
        ),
        gain_steps=tuple(float(g) for g in rng.normal(0, 2.0, 4)),
        decorrelation=float(rng.uniform(0.3, 0.9)),
    )


def draw_subject(seed: int, look: Look = "echonet") -> Subject:
    """The patient of this seed: LVEF uniform in 10..80 %, 44..120 beats a minute."""
    rng = np.random.default_rng([20_231, seed])
    shape = draw_shape(rng)
    heart = draw_heart(rng, shape)
    lvef, rate = float(rng.uniform(10, 80)), float(np.clip(rng.normal(70, 15), 44, 120))
    return Subject(seed, heart, lvef, rate, shape, draw_acquisition(rng, look))
