"""The phantom's front door: hearts in, clips with exact truth out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from engine.anatomy import contours, cycle, volumes
from engine.anatomy.heart import Heart
from engine.anatomy.labels import Frames, LabelMap
from engine.anatomy.motion import motion_of
from engine.phantom.population import Acquisition
from engine.phantom.render import render
from engine.phantom.scene import make_scene


@dataclass(frozen=True, eq=False)
class PhantomClip:
    """One looping beat of simulated ultrasound and everything that is true of it."""

    frames: Frames
    label_maps: LabelMap
    hearts: tuple[Heart, ...]
    """one a frame, with its leaflets; index 0 is end-diastole"""
    fps: float
    mm_per_pixel: tuple[float, float]
    acquisition: Acquisition

    @property
    def lvef(self) -> float:
        """percent, single-plane Simpson, from the largest and smallest volume of the frames"""
        volume = [volumes.simpson(heart) for heart in self.hearts]
        return volumes.lvef(max(volume), min(volume))


def simulate(
    subjects: Sequence[tuple[Heart, float, float, Acquisition]],
    frames: int = 16,
    size: int = 112,
    device: str | torch.device = "cpu",
) -> list[PhantomClip]:
    """One whole beat of each (end-diastolic heart, LVEF in percent, beats a minute, acquisition), `frames` x `size` x `size`."""
    phase = cycle.phases(frames)
    scenes = [make_scene(heart, lvef, phase, scan) for heart, lvef, _, scan in subjects]
    images = render(scenes, size, device)
    clips = []
    for image, scene, (heart, _, rate, scan) in zip(images, scenes, subjects, strict=True):
        grid = heart.sector.grid(size)
        maps = np.stack([contours.label_map(h, grid) for h in scene.hearts])
        clips.append(PhantomClip(image, maps, scene.hearts, frames * rate / 60.0, grid.mm_per_pixel, scan))
    return clips


def flow(heart: Heart, lvef: float, frames: int, size: int) -> Float[np.ndarray, "t h w 2"]:
    """Exact displacement (x, y) in pixels of the tissue at every pixel from each frame to the next; the last returns to the first.

    The material point of a pixel is found by fixed-point iteration on the motion map.
    """
    grid, motion = heart.sector.grid(size), motion_of(heart)
    contraction = cycle.contraction_for(heart, lvef, motion) * cycle.contraction_curve(cycle.phases(frames))
    mesh = grid.mesh()
    result = []
    for now, then in zip(contraction, np.roll(contraction, -1), strict=True):
        material = mesh
        for _ in range(12):
            material = material + 0.8 * (mesh - motion.displace(material, float(now)))
        result.append(motion.displace(material, float(then)) - mesh)
    return (np.stack(result) / np.array(grid.mm_per_pixel[::-1])).astype(np.float32)
