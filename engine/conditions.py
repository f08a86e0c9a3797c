"""What pipelines share on their way in: refusing what a card does not take, and deriving what they need from a drawing."""

from typing import Any, get_args

import numpy as np
from jaxtyping import Float, UInt8

from engine.anatomy import contours, cycle, labels
from engine.anatomy.check import check as check_heart
from engine.anatomy.drawing import FPS, RATE
from engine.anatomy.heart import Heart, heart_from_json
from engine.anatomy.keys import check_keys, keys_from_json
from engine.anatomy.labels import LabelMap, View
from engine.anatomy.trace import grid_for, trace
from engine.errors import BadInput
from engine.types import Conditions, ModelCard, Settings

HEART_RATE = 70.0
"""beats a minute where none is asked for"""
LVEF = cycle.LVEF_RANGE
SEEDS = 64
"""clips in one call"""
LARGEST_SEED = 2**63 - 1
_HINTS = {"heart|label_maps": "draw a heart or open a label map", "reference": "open a still"}


def check(card: ModelCard, conditions: Conditions, settings: Settings) -> None:
    """Raises BadInput, naming the condition or setting, when this card does not take the request."""
    given = conditions.given()
    refused = [name for name in given if name not in card.accepts]
    if refused:
        raise BadInput(
            f"{card.name} does not take {' or '.join(refused)}; it accepts {', '.join(sorted(card.accepts))}."
        )
    for wanted in card.requires:
        found = [name for name in wanted.split("|") if name in given]
        if not found:
            raise BadInput(
                f"{card.name} needs {wanted.replace('|', ' or ')} and got none; {_HINTS.get(wanted, 'give one')} first."
            )
        if len(found) > 1:
            raise BadInput(f"{card.name} got {' and '.join(found)}; one of them is wanted, so leave the other out.")
    _check_numbers(conditions)
    if not 1 <= len(settings.seeds) <= SEEDS:
        raise BadInput(f"{len(settings.seeds)} clips were asked for; 1 to {SEEDS} at a time is wanted.")
    for seed in settings.seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise BadInput(f"The seed is {seed}; a whole number from 0 to {LARGEST_SEED} is wanted.")
    fewest, most = card.frame_limits or (card.frames, card.frames)
    if not fewest <= settings.frames <= most:
        makes = f"{fewest} to {most}" if fewest < most else f"{most}"
        raise BadInput(f"{settings.frames} frames were asked for; {card.name} makes {makes}.")
    if card.steps:
        _within("number of steps", settings.steps, (card.steps[0], card.steps[2]), "")
    if card.guidance:
        _within("guidance scale", settings.guidance_scale, (card.guidance[0], card.guidance[2]), "")
    if card.samplers and settings.sampler not in card.samplers:
        raise BadInput(f"The sampler {settings.sampler!r} is unknown; choose one of {', '.join(card.samplers)}.")
    if conditions.heart is not None:
        check_heart(conditions.heart)
        check_keys(conditions.keys, conditions.heart)
    elif conditions.keys:
        raise BadInput(
            "Corrections of a motion came without the heart that they correct; draw the heart or leave them out."
        )


def recall(told: Any) -> Conditions:
    """The conditions that the record of a clip (`provenance.describe`) tells of a drawn heart.

    Raises BadInput where it tells of none, or is of somebody else's making.
    """
    heart = heart_from_json(told.get("heart") if isinstance(told, dict) else None)
    view, plain = told.get("view"), {name: told.get(name) for name in ("lvef", "heart_rate", "fps", "start")}
    for name, value in plain.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise BadInput(f"The record's {name} is {value!r:.40}; a number is wanted.")
    if view not in (None, *get_args(View)):
        raise BadInput(f"The record's view is {view!r:.40}; one of {', '.join(get_args(View))} is wanted.")
    asked = Conditions(heart=heart, keys=keys_from_json(told.get("keys", []), heart), view=view, **plain)
    _check_numbers(asked)
    return asked


def frame_rate(conditions: Conditions, frames: int) -> float:
    """Frames a second: what is asked for, else what lets one beat fill the frames."""
    return conditions.fps or frames * (conditions.heart_rate or HEART_RATE) / 60.0


def frame_phases(conditions: Conditions, frames: int) -> Float[np.ndarray, "t"]:
    """Where in the beat each frame lies that is asked for (`cycle.phases`)."""
    step = conditions.fps and (conditions.heart_rate or HEART_RATE) / 60.0 / conditions.fps
    return cycle.phases(frames, conditions.start or 0.0, step)


def heart_of(conditions: Conditions) -> Heart:
    """The drawn heart, or one traced from the label map. Raises BadInput when what was traced is no heart."""
    if conditions.heart is not None:
        return conditions.heart
    map_, spacing = _drawn_map(conditions)
    grid, sector = grid_for(map_, spacing)
    traced = trace(map_, grid, sector, conditions.view or "A4C")
    check_heart(traced)
    return traced


def end_diastolic_map(conditions: Conditions, size: int) -> tuple[UInt8[np.ndarray, "h w"], tuple[float, float]]:
    """The label map that a model of this size reads, and its (y, x) mm a pixel.

    A drawn heart is rasterised on its sector's standard grid. A label map drawn elsewhere keeps what no contour could say
    (a septal defect, a missing LA): it is resampled by nearest neighbour, and given a sector where it has none.
    """
    if conditions.heart is not None:
        grid = conditions.heart.sector.grid(size)
        return contours.label_map(conditions.heart, grid), grid.mm_per_pixel
    map_, spacing = _drawn_map(conditions)
    own, sector = grid_for(map_, spacing)
    grid = sector.grid(size)
    mesh = grid.mesh()
    x, y = np.moveaxis(np.floor(own.to_pixels(mesh) + 0.5).astype(int), -1, 0)
    on = (x >= 0) & (y >= 0) & (x < own.width) & (y < own.height)
    result = np.where(on, map_[np.clip(y, 0, own.height - 1), np.clip(x, 0, own.width - 1)], labels.BACKGROUND).astype(
        np.uint8
    )
    if not (map_ == labels.SECTOR).any():
        result[(result == labels.BACKGROUND) & sector.contains(mesh)] = labels.SECTOR
    return result, grid.mm_per_pixel


def requested_label_maps(conditions: Conditions, frames: int, size: int) -> LabelMap | None:
    """The label map of every frame that was asked for: what a generated clip should show, not what it does.

    None where nothing says how the heart moves: no LVEF, or a label map that is no heart whose motion could be told.
    """
    if conditions.lvef is None:
        return None
    phase = frame_phases(conditions, frames)
    try:
        hearts = cycle.hearts_at(heart_of(conditions), conditions.lvef, phase, conditions.keys)
    except BadInput:
        if conditions.heart is not None:
            raise
        return None
    maps = np.stack([contours.label_map(heart, heart.sector.grid(size)) for heart in hearts])
    maps[np.isclose(phase, np.round(phase))] = end_diastolic_map(conditions, size)[0]
    return maps


def _check_numbers(conditions: Conditions) -> None:
    _within("LVEF", conditions.lvef, LVEF, "%")
    _within("heart rate", conditions.heart_rate, RATE, "beats a minute")
    _within("image quality", conditions.quality, (0.0, 1.0), "")
    _within("frame rate", conditions.fps, FPS, "frames a second")
    _within("start", conditions.start, (0.0, 1.0), "of a beat")


def _drawn_map(conditions: Conditions) -> tuple[UInt8[np.ndarray, "h w"], tuple[float, float]]:
    """The one map and its (y, x) mm a pixel, (1, 1) where none is told."""
    maps, spacing = conditions.label_maps, conditions.mm_per_pixel or (1.0, 1.0)
    if maps is None or maps.ndim != 3 or len(maps) != 1:
        raise BadInput(
            f"A label map of shape {None if maps is None else maps.shape} came; one end-diastolic map (1, height, width) is wanted."
        )
    if not np.isin(maps, range(len(labels.NAMES))).all():
        raise BadInput(f"The label map has labels beyond 0 to {len(labels.NAMES) - 1}; relabel it.")
    if not (maps == labels.LV).any():
        raise BadInput("The label map has no LV (label 1); draw the LV or open another map.")
    if not 0 < min(spacing) <= max(spacing) < np.inf:
        raise BadInput(f"The label map's spacing is {spacing} mm a pixel; two positive numbers are wanted.")
    return maps[0], spacing


def _within(name: str, value: float | None, limits: tuple[float, float], unit: str) -> None:
    if value is not None and not limits[0] <= value <= limits[1]:
        raise BadInput(f"The {name} is {value:g}; {limits[0]:g} to {limits[1]:g} {unit}".rstrip() + " is wanted.")
