"""What a file may hold before it is refused, and what is assumed where it says nothing."""

from engine.errors import BadInput

MAX_BYTES = 2 * 2**30
MAX_SIDE = 4096
MAX_FRAMES = 2000
MAX_PIXELS = 2**28
"""over all frames"""
FPS = (1.0, 1000.0)
SPACING = (0.001, 10.0)
"""mm a pixel"""

UNKNOWN_SPACING = (1.0, 1.0)
"""The spacing of a clip whose file tells none: one mm a pixel, which no echo has."""
UNKNOWN_FPS = 30.0
STILL_FPS = 1.0


def check_size(frames: int, height: int, width: int) -> None:
    """Raises BadInput on more pixels than a clip may have, or none. Call it before the pixels are decoded."""
    if min(frames, height, width) < 1:
        raise BadInput(f"This file holds {frames} frames of {width}x{height} pixels; open one that holds a picture.")
    if max(height, width) > MAX_SIDE or frames > MAX_FRAMES or frames * height * width > MAX_PIXELS:
        raise BadInput(
            f"This file holds {frames} frames of {width}x{height} pixels; at most {MAX_FRAMES} frames, {MAX_SIDE} "
            f"pixels a side and {MAX_PIXELS // 10**6} million pixels altogether are read, so cut or shrink it first."
        )


def sane_fps(fps: float | None, frames: int) -> float:
    """The given rate where it is one, else 1 for a still and 30 for a clip."""
    if fps is not None and FPS[0] <= fps <= FPS[1]:
        return float(fps)
    return STILL_FPS if frames == 1 else UNKNOWN_FPS


def sane_spacing(y: float, x: float) -> tuple[float, float]:
    """The given (y, x) spacing in mm where it is one, else `UNKNOWN_SPACING`."""
    sane = all(SPACING[0] <= value <= SPACING[1] for value in (y, x))
    return (float(y), float(x)) if sane else UNKNOWN_SPACING
