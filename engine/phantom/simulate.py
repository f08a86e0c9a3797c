"""The phantom's front door: hearts in, clips with exact truth out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float

from engine.anatomy import contours, cycle, volumes
from engine.anatomy.heart import Heart
from engine.anatomy.labels import Frames, LabelMap
from engine.anatomy.motion import motion_of
from engine.phantom.population import Exam
from engine.phantom.quality import FULL, Quality
from engine.phantom.render import render
from engine.phantom.scene import make_scene


@dataclass(frozen=True, eq=False)
class PhantomClip:
    """One looping beat of simulated ultrasound and everything that is true of it."""

    exam: Exam
    frames: Frames
    hearts: tuple[Heart, ...]
    """one a frame, with its leaflets; index 0 is end-diastole"""
    fps: float
    mm_per_pixel: tuple[float, float]

    @cached_property
    def label_maps(self) -> LabelMap:
        """exact, of `hearts`; drawn when first asked for, since a preview shows none"""
        grid = self.exam.heart.sector.grid(*self.frames.shape[1:])
        return np.stack([contours.label_map(heart, grid) for heart in self.hearts])

    @property
    def lvef(self) -> float:
        """percent, single-plane Simpson, from the largest and smallest volume of the frames"""
        volume = [volumes.simpson(heart) for heart in self.hearts]
        return volumes.lvef(max(volume), min(volume))

    def flow(self) -> Float[np.ndarray, "t h w 2"]:
        """Exact displacement (x, y) in pixels of the tissue at every pixel to the next frame; the last returns to the first."""
        return flow(self.exam, *self.frames.shape[:2])


def simulate(
    exams: Sequence[Exam],
    frames: int = 16,
    size: int = 112,
    device: str | torch.device = "cpu",
    quality: Quality = FULL,
) -> list[PhantomClip]:
    """One whole beat of each exam, `frames` x `size` x `size`. Raises BadInput where an LVEF cannot be reached."""
    phase = cycle.phases(frames)
    scenes = [make_scene(exam, phase, quality) for exam in exams]
    clips = []
    for exam, scene, image in zip(exams, scenes, render(scenes, size, device), strict=True):
        grid = exam.heart.sector.grid(size)
        clips.append(PhantomClip(exam, image, scene.hearts, frames * exam.heart_rate / 60, grid.mm_per_pixel))
    return clips


def flow(exam: Exam, frames: int, size: int) -> Float[np.ndarray, "t h w 2"]:
    """Exact displacement (x, y) in pixels of the tissue at every pixel from each frame to the next; the last returns to the first.

    The material point of a pixel is found by fixed-point iteration on the motion map.
    """
    grid, motion = exam.heart.sector.grid(size), motion_of(exam.heart, exam.hypokinesis)
    contraction = cycle.contraction_for(exam.heart, exam.lvef, motion) * cycle.contraction_curve(cycle.phases(frames))
    mesh = grid.mesh()
    result = []
    for now, then in zip(contraction, np.roll(contraction, -1), strict=True):
        material = mesh
        for _ in range(12):
            material = material + 0.8 * (mesh - motion.displace(material, float(now)))
        result.append(motion.displace(material, float(then)) - mesh)
    return (np.stack(result) / np.array(grid.mm_per_pixel[::-1])).astype(np.float32)
