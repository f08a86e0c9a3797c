"""From a heart to scatterers: where the echoes come from, how strong, and how they move. numpy, one clip at a time."""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float

from engine.anatomy import contours, cycle
from engine.anatomy.heart import Grid, Heart, Points
from engine.anatomy.motion import THINNEST, Motion, motion_of
from engine.phantom.population import Acquisition, Exam
from engine.phantom.quality import FULL, Quality


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything the renderer needs of one clip. Lengths in mm, levels in dB of amplitude over average myocardium."""

    hearts: tuple[Heart, ...]
    phase: Float[np.ndarray, "t"]
    acquisition: Acquisition
    positions: Float[np.ndarray, "n 2"]
    """at end-diastole"""
    level: Float[np.ndarray, "n"]
    nodes: Float[np.ndarray, "t gh gw 2"]
    """displacement from end-diastole at the nodes of a regular grid over the fan"""
    extent: tuple[float, float, float, float]
    """x0, y0, x1, y1 of the first and last node"""
    leaflet_positions: Float[np.ndarray, "t m 2"]
    leaflet_level: Float[np.ndarray, "t m"]
    quality: Quality


def make_scene(exam: Exam, phase: Float[np.ndarray, "t"], quality: Quality = FULL) -> Scene:
    """The scene of a beating heart. Raises BadInput when the LVEF cannot be reached."""
    heart, acquisition = exam.heart, exam.acquisition
    rng = np.random.default_rng([7, acquisition.seed])
    motion = motion_of(heart, exam.hypokinesis)
    strongest = cycle.contraction_for(heart, exam.lvef, motion, exam.keys)
    hearts = cycle.pose(heart, motion, strongest, phase, exam.keys)
    level_map, grid = _tissue(heart, motion, acquisition, quality.map_spacing, rng)
    positions = _scatter(heart, quality.scatterers, rng)
    column, row = np.round(grid.to_pixels(positions)).astype(int).T
    row, column = np.clip(row, 0, grid.height - 1), np.clip(column, 0, grid.width - 1)
    nodes, extent = _displacement(exam, motion, strongest, phase, quality.node_spacing)
    leaflet_positions, leaflet_level = _leaflets(hearts, acquisition, quality.leaflet_scatterers, rng)
    return Scene(
        hearts,
        phase,
        acquisition,
        positions,
        level_map[row, column],
        nodes,
        extent,
        leaflet_positions,
        leaflet_level,
        quality,
    )


def _scatter(heart: Heart, count: int, rng: np.random.Generator) -> Points:
    """Points spread over the fan, denser near the probe, where resolution cells are small."""
    half = np.radians(heart.sector.opening / 2 + 3)
    radius = heart.sector.depth * 1.02 * rng.random(count) ** 0.65
    angle = rng.uniform(-half, half, count)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], -1)


def _displacement(exam: Exam, motion: Motion, strongest: float, phase: np.ndarray, spacing: float):
    heart, depth = exam.heart, exam.heart.sector.depth
    half_width = depth * np.sin(np.radians(min(heart.sector.opening / 2 + 4, 89.0)))
    x, y = (
        np.arange(-half_width, half_width + spacing, spacing),
        np.arange(0, depth + 2 * spacing, spacing),
    )
    mesh = np.stack(np.meshgrid(x, y), -1)
    moved, contraction = motion.mover(mesh), strongest * cycle.contraction_curve(phase)
    nodes = np.stack([moved(float(c)) - mesh for c in contraction])
    nodes += cycle.tissue_shift(heart, exam.keys, phase, mesh)
    return nodes.astype(np.float32), (float(x[0]), float(y[0]), float(x[-1]), float(y[-1]))


def _tissue(heart: Heart, motion: Motion, scan: Acquisition, spacing: float, rng: np.random.Generator):
    """Echo level (dB) at end-diastole on a fine grid over the fan."""
    sector = heart.sector
    width, height = int(2 * sector.depth * 0.78 / spacing), int(1.04 * sector.depth / spacing)
    grid = Grid(height, width, (spacing, spacing), ((width - 1) / 2, 0.0))
    cloud, distance = partial(_cloud, rng, (height, width), spacing), partial(_distance, spacing)
    lv, epi, la = (contours.fill(contours.spline(c), grid) for c in (heart.lv_endo, heart.lv_epi, heart.la))
    mesh = grid.mesh()
    z, r = np.moveaxis((mesh - motion.apex) @ motion.axes.T, -1, 0)
    atrium = motion.la_length if la.any() else 0.5 * motion.length
    right = _right_heart(motion, atrium, grid) if heart.view == "A4C" else np.zeros_like(lv)
    right &= distance(epi | la) >= 1.5
    if heart.view == "A4C":
        right |= _defect(motion, z, r) & ~epi
    wall = epi & ~lv & ~la
    heart_mask = epi | la | right
    outside = distance(epi | la)

    level = scan.tissue + 7.0 * cloud(16.0) + 3.0 * cloud(5.0)
    # Lung and air beyond the free walls swallow the beam; the flanks of real apical views are mostly dark.
    level -= 0.30 * np.clip(distance(heart_mask) - 8.0, 0, 45)
    if la.any():
        level = np.where((distance(la) < 3.0) & ~la, scan.tissue + 4.0, level)
    else:
        below = (z > motion.length) & (z < motion.length + atrium) & (np.abs(r) < motion.epi[:, -1].max())
        level = np.where(below, scan.tissue + 3.0 + 2.5 * cloud(5.0), level)
    level = np.where((distance(right) < 3.5) & ~right, -3.0 + 2.0 * cloud(6.0), level)
    beyond = (
        (outside > 0)
        & (outside < 4.5)
        & ((r > 0) | (heart.view == "A2C"))
        & (z > 0.1 * motion.length)
        & (z < motion.length + (8 if la.any() else 0))
    )
    level = np.where(beyond & ~right, scan.pericardium - np.abs(outside - 2.0) * 2.0 + 2.0 * cloud(8.0), level)

    normal = np.stack([r, np.clip(z, None, 0.25 * motion.length) - 0.25 * motion.length], -1)
    normal = normal[..., :1] * motion.axes[1] + normal[..., 1:] * motion.axes[0]
    across = np.abs((normal * mesh).sum(-1)) / (np.linalg.norm(normal, axis=-1) * np.linalg.norm(mesh, axis=-1) + 1e-6)
    muscle = -scan.anisotropy * (1 - across) + 0.45 * scan.anisotropy + 2.5 * cloud(7.0)
    level = np.where(wall, muscle, level)
    annulus = np.minimum(*(np.linalg.norm(mesh - end, axis=-1) for end in (heart.lv_endo[0], heart.lv_endo[-1])))
    level = np.where((annulus < 4.0) & ~lv & ~la, level + 5.0 * (1 - annulus / 4.0), level)
    blood = lv | la | right
    level = np.where(blood, scan.blood + 2.0 * cloud(12.0), level)
    return level, grid


def _right_heart(motion: Motion, atrium: float, grid: Grid) -> Bool[np.ndarray, "h w"]:
    """RV and RA cavities of an apical four-chamber view, left of the septum; the RA is as long as `atrium`, mm."""
    length = motion.length
    base = float(motion.epi[0, -1])
    rv_width, ra_width = 0.62 * base + 12.0, 0.55 * base + 16.0
    inner = np.array([0.14, 0.4, 0.7, 0.98])
    border = _septum(motion)
    septum = -np.interp(inner * length, motion.heights, border) - 1.0
    free = -np.interp(inner[1:] * length, motion.heights, border) - rv_width * np.array([0.55, 0.9, 0.95])
    rv = np.stack([np.r_[inner, inner[:0:-1]] * length, np.r_[septum, free[::-1]]], -1)
    z = length + atrium * np.array([0.04, 0.5, 0.9, 0.98, 0.6, 0.04])
    annulus = float(motion.endo[0, -1])
    ra = np.stack([z, -annulus - np.array([5, 5, 9, 0.7 * ra_width, 1.1 * ra_width, ra_width])], -1)
    masks = [contours.fill(contours.spline(motion.apex + polygon @ motion.axes), grid) for polygon in (rv, ra)]
    return masks[0] | masks[1]


def _holes(motion: Motion) -> Bool[np.ndarray, "n"]:
    """Heights of the motion's profiles at which the septum is open: no wall, away from apex and annulus."""
    share = motion.heights / motion.length
    return (motion.epi[0] - motion.endo[0] < THINNEST + 1e-6) & (share > 0.14) & (share < 0.93)


def _septum(motion: Motion) -> Float[np.ndarray, "n"]:
    """|r| of the septum's right side at the motion's heights, as if it had no hole."""
    whole = ~_holes(motion)
    return np.interp(motion.heights, motion.heights[whole], motion.epi[0, whole])


def _defect(motion: Motion, z: Float[np.ndarray, "h w"], r: Float[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Where blood stands in the holes of the septum, from the LV into the RV."""
    holes = np.interp(z, motion.heights, _holes(motion).astype(float)) > 0.5
    inner, outer = (np.interp(z, motion.heights, edge) for edge in (motion.endo[0], _septum(motion)))
    return holes & (-r > inner - 2.0) & (-r < outer + 5.0)


def _leaflets(hearts: tuple[Heart, ...], scan: Acquisition, count: int, rng: np.random.Generator):
    """Scatterers along the leaflets in every frame; a leaflet parallel to the beam gives almost no echo."""
    along = rng.random((2, count))
    jitter = rng.normal(0, 0.4, (2, count, 2))
    positions, levels = [], []
    for heart in hearts:
        places = []
        for k, leaflet in enumerate((heart.septal_leaflet, heart.lateral_leaflet)):
            curve = contours.spline(leaflet)
            at = along[k] * (len(curve) - 1)
            index = np.minimum(at.astype(int), len(curve) - 2)
            step = curve[index + 1] - curve[index]
            point = curve[index] + (at - index)[:, None] * step
            across = np.abs(step[:, 0] * point[:, 1] - step[:, 1] * point[:, 0]) / (
                np.linalg.norm(step, axis=1) * np.linalg.norm(point, axis=1) + 1e-6
            )
            places.append((point + jitter[k], scan.leaflets - 12.0 * (1 - across)))
        positions.append(np.concatenate([p for p, _ in places]))
        levels.append(np.concatenate([v for _, v in places]))
    return np.stack(positions), np.stack(levels)


def _distance(spacing: float, mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """mm from each pixel to the mask; far away where the mask is empty."""
    return np.minimum(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3), 1e6) * spacing


def _cloud(rng: np.random.Generator, shape: tuple[int, int], spacing: float, mm: float) -> Float[np.ndarray, "h w"]:
    """A smooth random field of unit variance with blotches of this size."""
    small = rng.normal(0, 1, (max(int(shape[0] * spacing / mm), 3), max(int(shape[1] * spacing / mm), 3)))
    return 1.4 * cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)
