"""The phantom's front door: hearts in, clips with exact truth out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
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
    """Simulated ultrasound of a beating heart and everything that is true of it."""

    exam: Exam
    frames: Frames
    hearts: tuple[Heart, ...]
    """one a frame, with its leaflets"""
    phase: Float[np.ndarray, "t"]
    """of the beat, of each frame; 0 is end-diastole, 1 the next"""
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
        """Exact displacement (x, y) in pixels of the tissue at every pixel to the next frame, and of the last to what would follow."""
        return flow(
            self.exam,
            np.append(self.phase, self.phase[-1] + self.exam.heart_rate / 60 / self.fps),
            self.frames.shape[1],
        )


def simulate(
    exams: Sequence[Exam],
    frames: int = 16,
    size: int = 112,
    device: str | torch.device = "cpu",
    quality: Quality = FULL,
    fps: float | None = None,
    start: float = 0.0,
) -> list[PhantomClip]:
    """A clip of each exam, `frames` x `size` x `size`, whose first frame lies at `start`, a share of the beat.

    Where no frame rate is given, one whole beat fills the frames. Raises BadInput where an LVEF cannot be reached.
    """
    rates = [frames * exam.heart_rate / 60 if fps is None else fps for exam in exams]
    phases = [cycle.phases(frames, start, fps and exam.heart_rate / 60 / fps) for exam in exams]
    scenes = [make_scene(exam, phase, quality) for exam, phase in zip(exams, phases, strict=True)]
    clips = []
    for exam, scene, rate, image in zip(exams, scenes, rates, render(scenes, size, device), strict=True):
        grid = exam.heart.sector.grid(size)
        clips.append(PhantomClip(exam, image, scene.hearts, scene.phase, rate, grid.mm_per_pixel))
    return clips


def flow(exam: Exam, phase: Float[np.ndarray, "f"], size: int) -> Float[np.ndarray, "t h w 2"]:
    """Exact displacement (x, y) in pixels of the tissue at every pixel from each phase to the next, t = f - 1.

    The material point of a pixel is found by fixed-point iteration on the motion map.
    """
    grid, motion = exam.heart.sector.grid(size), motion_of(exam.heart, exam.hypokinesis)
    strongest = cycle.contraction_for(exam.heart, exam.lvef, motion, exam.keys)
    contraction, mesh = strongest * cycle.contraction_curve(phase), grid.mesh()
    shifts = cycle.tissue_shift(exam.heart, exam.keys, phase, mesh) if exam.keys else None

    def displaced(material: np.ndarray, at: int) -> np.ndarray:
        moved = motion.displace(material, float(contraction[at]))
        if shifts is None:
            return moved
        x, y = np.moveaxis(grid.to_pixels(material).astype(np.float32), -1, 0)
        return moved + cv2.remap(shifts[at], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    result = []
    for now in range(len(phase) - 1):
        material = mesh
        for _ in range(12):
            material = material + 0.8 * (mesh - displaced(material, now))
        result.append(displaced(material, now + 1) - mesh)
    return (np.stack(result) / np.array(grid.mm_per_pixel[::-1])).astype(np.float32)
