"""How near generated clips come to real ones as a set: FID and FVD, their kernel twins, and the floor under each.

A distance is never shown alone: beside it stand the extractor's name, the numbers of samples, and what real clips score
against other real ones. Distances shrink with the number of samples, so it is shown at the floor's number too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from engine.errors import BadInput
from engine.measures.frechet import TooFew, frechet_distance, kernel_distance
from engine.measures.table import align

SPLITS = 5
"""ways in which the real clips are parted at random"""

Features = Sequence[Float[np.ndarray, "_ d"]]
"""Of every clip its rows: clips are parted whole, for neighbouring frames are no strangers."""


@dataclass(frozen=True)
class Spread:
    """Of one distance over several random splits."""

    mean: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.mean:.3g} [{self.lowest:.3g}, {self.highest:.3g}]"


@dataclass(frozen=True)
class Distance:
    """Between generated and real clips, under one extractor; None where there are too few samples."""

    name: str
    """FID, FVD; or KID, KVD, the kernel distances, which the number of samples does not bias"""
    extractor: str
    features: int
    generated: int
    real: int
    """samples: frames for FID and KID, clips for FVD and KVD"""
    value: float | None
    """all generated against all real"""
    few: int
    """clips on either side of a split"""
    value_at_few: Spread | None
    """as many generated as one half of the real"""
    floor: Spread | None
    """one half of the real against the other, disjoint one"""
    missing: str | None
    """why a distance is None, in one sentence"""


def distances(extractor: str, names: tuple[str, str], generated: Features, real: Features) -> tuple[Distance, Distance]:
    """The Fréchet and the kernel distance of two sets of clips; `names` are theirs, as ("FID", "KID").

    Splits are always the same. Raises BadInput on fewer than 2 clips on a side, features of different extractors, or
    numbers that are not finite.
    """
    if min(len(generated), len(real)) < 2:
        raise BadInput(
            f"{len(generated)} generated and {len(real)} real clips came; 2 or more of each are wanted for a distance."
        )
    frechet, kernel = names
    return (
        _distance(frechet, frechet_distance, extractor, generated, real),
        _distance(kernel, kernel_distance, extractor, generated, real),
    )


def _distance(
    name: str, between: Callable[[np.ndarray, np.ndarray], float], extractor: str, generated: Features, real: Features
) -> Distance:
    # A floor that stands on fewer clips than the generated would flatter them, and the other way round.
    few = min(len(real) // 2, len(generated))
    rng = np.random.default_rng(0)
    at_few, floors, missing = [], [], None
    value, spread, floor = None, None, None
    everything, all_real = np.concatenate(generated), np.concatenate(real)
    try:
        value = between(everything, all_real)
        if few < 2:
            raise TooFew(
                f"{len(real)} real clips came; 4 or more are wanted for a floor, the half of them on each side."
            )
        for _ in range(SPLITS):
            order, chosen = rng.permutation(len(real)), rng.permutation(len(generated))[:few]
            half, other = (np.concatenate([real[i] for i in part]) for part in (order[:few], order[few : 2 * few]))
            floors.append(between(half, other))
            at_few.append(between(np.concatenate([generated[i] for i in chosen]), half))
        spread, floor = _spread(at_few), _spread(floors)
    except TooFew as error:
        missing = str(error)
    return Distance(
        name,
        extractor,
        everything.shape[1],
        len(everything),
        len(all_real),
        value,
        few,
        spread,
        floor,
        missing,
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(float(np.mean(values)), min(values), max(values))


def table(found: Sequence[Distance]) -> str:
    """A line for each distance, then who made the features, and a sentence for whatever is missing."""
    head = ["", "features", "generated", "real", "distance", "at the floor's n", "floor, real v real"]
    lines = [
        [d.name, *map(str, (d.features, d.generated, d.real)), *map(_cell, (d.value, d.value_at_few, d.floor))]
        for d in found
    ]
    makers = {(d.extractor, d.few): [e.name for e in found if e.extractor == d.extractor] for d in found}
    notes = [
        f"{' and '.join(names)}: features by {extractor}; floor over {SPLITS} random splits into {few} and {few} clips."
        for (extractor, few), names in makers.items()
    ]
    notes += [f"{d.name} is missing: {d.missing}" for d in found if d.missing]
    return "\n".join([align([head, *lines]), *notes])


def _cell(value: float | Spread | None) -> str:
    if value is None:
        return "too few"
    return str(value) if isinstance(value, Spread) else f"{value:.3g}"
