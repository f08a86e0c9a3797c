"""Changes that make simulated clips as various as recorded and generated ones: drawn at random, then applied exactly.

`draw` gives the parameters of one change of one clip; `apply` is a function of the clip and these parameters. All frames
of a clip are changed alike (noise apart), in the order of an examination: the fan, where it lies on the screen, its echoes
and their levels, text, the file. A label map is only ever warped, and by nearest neighbours.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from engine.anatomy.heart import Sector
from engine.anatomy.labels import BACKGROUND, Frames, LabelMap

NOISES = 32
"""noise pictures that are shifted about and taken again: drawing new ones for every frame would take longer than all else"""
WORDS = ("HR 72", "GE Vivid", "MI 1.2", "15 cm", "A4C", "2.0/4.0 MHz", "Gain 48", "S5-1", "12:41:07", "V", "5", "10")


@dataclass(frozen=True)
class Shadow:
    """A dark wedge behind a rib or the lung."""

    centre: float
    """degrees from the fan's axis"""
    width: float
    """degrees"""
    left: float
    """share of the grey level left in its middle"""


@dataclass(frozen=True)
class Word:
    """Burnt-in text."""

    text: str
    x: float
    """share of the picture's width"""
    y: float
    """share of its height"""
    level: int


@dataclass(frozen=True)
class Change:
    """How one clip is changed; the defaults change nothing."""

    opening: float = 360.0
    """degrees beyond which the fan is cut off"""
    depth: float = 10.0
    """and the share of its depth"""
    shadows: tuple[Shadow, ...] = ()
    angle: float = 0.0
    """degrees, counter-clockwise"""
    zoom: tuple[float, float] = (1.0, 1.0)
    """(y, x)"""
    shift: tuple[float, float] = (0.0, 0.0)
    """(y, x) as a share of the picture"""
    mirrored: bool = False
    blur: float = 0.0
    """sigma in pixels of the result"""
    speckle: float = 0.0
    """sd of a factor round 1 on every grey level, grainy by a pixel or two"""
    gamma: float = 1.0
    gain: float = 1.0
    contrast: float = 0.0
    """-1..1: how far an S-curve is mixed in; negative for its inverse"""
    floor: float = 0.0
    """grey level of black; a tint taken to grey is a curve like these four, too"""
    noise: float = 0.0
    """sd of grey levels"""
    words: tuple[Word, ...] = ()
    jpeg: int | None = None
    """quality 1..100"""
    seed: int = 0
    """of where the noise is taken from"""


def draw(rng: np.random.Generator) -> Change:
    """A strong change such as recordings of many machines differ by."""
    zoom, stretch = np.exp(rng.normal(0.0, 0.12)), np.exp(rng.normal(0.0, 0.05))
    return Change(
        opening=_sometimes(rng, 0.4, rng.uniform(62, 88), 360.0),
        depth=_sometimes(rng, 0.25, rng.uniform(0.82, 1.0), 10.0),
        shadows=tuple(
            Shadow(float(rng.uniform(-45, 45)), float(rng.uniform(2, 9)), float(rng.uniform(0.0, 0.7)))
            for _ in range(rng.choice([0, 1, 2], p=[0.5, 0.3, 0.2]))
        ),
        angle=float(rng.normal(0.0, 6.0)),
        zoom=(float(zoom * stretch), float(zoom / stretch)),
        shift=(float(rng.normal(0.0, 0.05)), float(rng.normal(0.0, 0.06))),
        mirrored=bool(rng.random() < 0.05),
        blur=_sometimes(rng, 0.5, rng.uniform(0.3, 1.4), 0.0),
        speckle=_sometimes(rng, 0.4, rng.uniform(0.0, 0.3), 0.0),
        gamma=float(np.exp(rng.normal(0.0, 0.22))),
        gain=float(np.exp(rng.normal(0.0, 0.25))),
        contrast=float(rng.uniform(-0.6, 0.4)),
        floor=_sometimes(rng, 0.25, rng.uniform(0, 30), 0.0),
        noise=_sometimes(rng, 0.5, abs(rng.normal(0.0, 5.0)), 0.0),
        words=tuple(_draw_word(rng) for _ in range(rng.choice([0, 1, 3, 5], p=[0.6, 0.15, 0.15, 0.1]))),
        jpeg=int(rng.integers(25, 95)) if rng.random() < 0.3 else None,
        seed=int(rng.integers(2**31)),
    )


def apply(frames: Frames, change: Change, size: int) -> UInt8[np.ndarray, "t {size} {size}"]:
    """The changed clip. Frames on their sector's standard grid come in."""
    inside, left = _fan(frames.shape[1:], change)
    shaded = np.round(frames * (inside * left)).astype(np.uint8) if not inside.all() or change.shadows else frames
    warped = _warp(shaded, change, size, cv2.INTER_LINEAR)
    if change.blur:
        warped = np.stack([cv2.GaussianBlur(frame, (0, 0), change.blur) for frame in warped])
    return _pack(_write(_add_noise(warped, change), change), change)


def apply_to_maps(label_maps: LabelMap, change: Change, size: int) -> UInt8[np.ndarray, "t {size} {size}"]:
    """The label maps of the changed clip: nothing outside the fan, behind a shadow all that was there."""
    inside, _ = _fan(label_maps.shape[1:], change)
    return _warp(np.where(inside, label_maps, np.uint8(BACKGROUND)), change, size, cv2.INTER_NEAREST)


def _fan(shape: tuple[int, ...], change: Change) -> tuple[Bool[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Where the cut fan shows something, and the share of the grey level that shadows leave."""
    angle, depth = _polar(*shape)
    inside = (np.abs(angle) <= change.opening / 2) & (depth <= change.depth)
    left = np.ones(shape, np.float32)
    for shadow in change.shadows:
        left *= 1 - (1 - shadow.left) * np.exp(-0.5 * ((angle - shadow.centre) / shadow.width) ** 2)
    return inside, left


@cache
def _polar(height: int, width: int) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Degrees from the fan's axis and share of its depth of every pixel of a standard grid."""
    x, y = np.moveaxis(Sector().grid(height, width).mesh(), -1, 0)
    return np.degrees(np.arctan2(x, y)).astype(np.float32), (np.hypot(x, y) / Sector().depth).astype(np.float32)


def _warp(images: UInt8[np.ndarray, "t h w"], change: Change, size: int, how: int) -> UInt8[np.ndarray, "t s s"]:
    matrix = _matrix(images.shape[1:], size, change)
    return np.stack([cv2.warpAffine(image, matrix, (size, size), flags=how) for image in images])


def _matrix(shape: tuple[int, ...], size: int, change: Change) -> Float[np.ndarray, "2 3"]:
    """From pixels of the frames to pixels of the result, centre to centre."""
    height, width = shape
    turn = np.radians(change.angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    zoom_y, zoom_x = change.zoom
    scale = np.array([zoom_x * (-1 if change.mirrored else 1) * size / width, zoom_y * size / height])
    linear = rotation * scale
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    to = (size - 1) / 2 + np.array(change.shift[::-1]) * size
    return np.column_stack([linear, to - linear @ centre])


def _add_noise(frames: Frames, change: Change) -> Frames:
    """Speckle on the echoes, their levels bent, then the noise of what comes after."""
    curve = _curve(change)
    if not change.speckle and not change.noise:
        return np.round(curve).astype(np.uint8)[frames]
    rng = np.random.default_rng(change.seed)
    levels = frames.astype(np.float32)
    if change.speckle:
        levels *= 1 + change.speckle * _noise(rng, frames.shape, grainy=True)
    levels = curve[np.clip(levels, 0, 255).astype(np.uint8)]
    if change.noise:
        levels += change.noise * _noise(rng, frames.shape, grainy=False)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _curve(change: Change) -> Float[np.ndarray, "256"]:
    """The new level of each old one, rising."""
    x = np.linspace(0, 1, 256) ** change.gamma
    s = x * x * (3 - 2 * x)
    x = x + change.contrast * (s - x)
    return np.clip(change.floor + (255 - change.floor) * change.gain * x, 0, 255).astype(np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], grainy: bool) -> Float[np.ndarray, "t h w"]:
    """Of unit variance, another picture for every frame."""
    count, height, width = shape
    bank = _bank(height, width, grainy)
    at = zip(rng.integers(NOISES, size=count), rng.integers((height, width), size=(count, 2)), strict=True)
    return np.stack([bank[which, y : y + height, x : x + width] for which, (y, x) in at])


@cache
def _bank(height: int, width: int, grainy: bool) -> Float[np.ndarray, "n _ _"]:
    """Noise pictures twice as high and wide as a frame."""
    bank = np.random.default_rng(int(grainy)).standard_normal((NOISES, 2 * height, 2 * width), np.float32)
    if grainy:
        bank = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.8) for picture in bank])
    return bank / bank.std()


def _write(frames: Frames, change: Change) -> Frames:
    """Text burnt into every frame."""
    height, width = frames.shape[1:]
    for word in change.words:
        at, scale = (int(word.x * width), int(word.y * height)), height / 400
        for frame in frames:
            cv2.putText(frame, word.text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, word.level, 1, cv2.LINE_AA)
    return frames


def _pack(frames: Frames, change: Change) -> Frames:
    """Through a JPEG of all frames, one below another."""
    if change.jpeg is None:
        return frames
    packed = cv2.imencode(".jpg", frames.reshape(-1, frames.shape[2]), [cv2.IMWRITE_JPEG_QUALITY, change.jpeg])[1]
    return cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE).reshape(frames.shape)


def _draw_word(rng: np.random.Generator) -> Word:
    """In a corner or along an edge, where screens have it."""
    x = rng.choice([rng.uniform(0.0, 0.15), rng.uniform(0.75, 0.95)])
    return Word(str(rng.choice(WORDS)), float(x), float(rng.uniform(0.05, 1.0)), int(rng.integers(90, 256)))


def _sometimes(rng: np.random.Generator, share: float, value: float, otherwise: float) -> float:
    return float(value) if rng.random() < share else otherwise
