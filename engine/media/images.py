"""PNG, JPEG and GIF, by Pillow."""

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, ImageSequence, PngImagePlugin

from engine.anatomy.labels import Frames, LabelMap
from engine.media.grey import grey, luminance
from engine.media.limits import UNKNOWN_SPACING, check_size, sane_fps
from engine.media.palette import COLOURS
from engine.media.sheets import cut, sheet
from engine.media.tag import KEY, Tag, tag_from_text
from engine.types import Clip


def read_still(path: Path) -> Clip:
    """A PNG or JPEG; a sprite sheet of our own as the clip that it was."""
    with Image.open(path) as image:
        check_size(getattr(image, "n_frames", 1), image.height, image.width)
        tag = tag_from_text(image.info.get(KEY))
        frame = _grey_image(ImageOps.exif_transpose(image))
    if tag is None:
        return Clip(frame[None], sane_fps(None, 1), UNKNOWN_SPACING)
    return Clip(cut(frame, tag.frames, tag.columns), tag.fps, tag.mm_per_pixel, tag.provenance)


def read_gif(path: Path) -> Clip:
    with Image.open(path) as image:
        check_size(getattr(image, "n_frames", 1), image.height, image.width)
        tag = tag_from_text(image.info.get("comment"))
        frames, seconds = [], []
        for frame in ImageSequence.Iterator(image):
            seconds.append(frame.info.get("duration", 0) / 1000)
            frames.append(_grey_image(frame))
    if tag is None:
        mean = sum(seconds) / len(seconds)
        return Clip(np.stack(frames), sane_fps(1 / mean if mean else None, len(frames)), UNKNOWN_SPACING)
    # Equal neighbours are one long frame in a GIF: look up what it shows in the middle of each of the clip's frames.
    shown = np.searchsorted(np.cumsum(seconds), (np.arange(tag.frames) + 0.5) / _gif_rate(tag.fps))
    frames = np.stack(frames)[np.minimum(shown, len(frames) - 1)]
    return Clip(frames, tag.fps, tag.mm_per_pixel, tag.provenance)


def read_label_png(path: Path) -> tuple[np.ndarray, tuple[float, float]]:
    """Indices or grey levels (t, h, w) as they are, for labels never blend; (1, h, w, colours) of a colour PNG."""
    with Image.open(path) as image:
        check_size(1, image.height, image.width)
        tag = tag_from_text(image.info.get(KEY))
        values = np.asarray(image)
    if tag is None:
        return values[None], UNKNOWN_SPACING
    return cut(values, tag.frames, tag.columns), tag.mm_per_pixel


def png_bytes(frames: Frames, tag: Tag) -> bytes:
    """A still, or a sprite sheet: frames row by row from the top left, black where the last row ends early."""
    return _png(Image.fromarray(sheet(frames, tag.columns)), tag)


def label_png_bytes(label_maps: LabelMap, tag: Tag) -> bytes:
    """An indexed PNG: each pixel is its class, shown in the class's colour."""
    image = Image.fromarray(sheet(label_maps, tag.columns)).convert("P")
    palette = np.zeros((256, 3), np.uint8)
    for label, colour in COLOURS.items():
        palette[label] = colour
    image.putpalette(palette.tobytes())
    return _png(image, tag)


def gif_bytes(frames: Frames, tag: Tag) -> bytes:
    """Loops for ever. A GIF counts in 1/100 s and browsers slow down below 2 of them, so at most 50 frames a second."""
    ticks = [round(100 * i / _gif_rate(tag.fps)) for i in range(len(frames) + 1)]
    first, *rest = (Image.fromarray(frame) for frame in frames)
    out = io.BytesIO()
    durations = [10 * (b - a) for a, b in pairwise(ticks)]
    first.save(
        out,
        "GIF",
        save_all=True,
        append_images=rest,
        loop=0,
        duration=durations,
        optimize=False,
        comment=tag.to_text().encode(),
    )
    return out.getvalue()


def _gif_rate(fps: float) -> float:
    return min(fps, 50.0)


def _grey_image(image: Image.Image) -> np.ndarray:
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return grey(np.asarray(image))
    return luminance(np.asarray(image.convert("RGB")))


def _png(image: Image.Image, tag: Tag) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text(KEY, tag.to_text())
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=text)
    return out.getvalue()
