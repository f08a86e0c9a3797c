"""What the drawing table asks of the server: documents in, documents out. Knows nothing of the browser.

Each takes one JSON object with the `drawing` (see `engine.anatomy.drawing`) and gives one: what was asked for, or
{"message": one sentence} where it was refused.
"""

import base64
import io
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cache, wraps
from typing import Any, get_args

import cv2
import numpy as np
from jaxtyping import Integer, UInt8
from PIL import Image

from engine.anatomy import cycle, labels
from engine.anatomy.check import check, warnings
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import Drawing, drawing_from_json, preset_drawing
from engine.anatomy.heart import Heart
from engine.anatomy.keys import OPEN_PHASE
from engine.anatomy.labels import View
from engine.anatomy.mapping import found, remap
from engine.anatomy.motion import motion_of
from engine.anatomy.normal import NORMAL
from engine.anatomy.paint import paint as paint_heart
from engine.anatomy.presets import PRESETS
from engine.anatomy.sketch import edges_of
from engine.anatomy.trace import grid_for, trace
from engine.anatomy.volumes import simpson
from engine.errors import BadInput
from engine.media.limits import check_size
from studio import text
from studio.components.colours import paint as paint_map
from studio.components.colours import png_url
from studio.jobs import DEVICE
from studio.session import FRAME, JPEG, UNREADABLE, check_backdrop, fine_grid, frame, start_from

Document = dict[str, Any]

PATIENCE = 20.0
"""seconds that the segmentation network waits for a generation"""
POSES = 32
"""of a beat, evenly; those of the key frames come on top"""
REGIONS = {"lv": labels.LV, "myocardium": labels.MYOCARDIUM, "la": labels.LA, "erase": labels.SECTOR}
PICTURE = 96
"""pixels of a preset's picture"""
SHADES = ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3", "#937860", "#da8bc3", "#8c8c8c", "#ccb974", "#64b5cd")
"""of the labels of a file, before anyone has said what they mean"""
OPEN_QUESTIONS = 64
ROOM = 2**28
"""bytes of the label maps of all open questions, beyond which the oldest are dropped"""

_log = logging.getLogger(__name__)
_asked: OrderedDict[str, tuple[Integer[np.ndarray, "1 h w"], tuple[float, float]]] = OrderedDict()
_asking = threading.Lock()


def answered(function: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """Whatever a client sends, it gets an answer: what was refused is a sentence."""

    @wraps(function)
    def answer(document: Document) -> Document:
        try:
            return function(document)
        except BadInput as error:
            return {"message": str(error)}
        except UNREADABLE:
            return {"message": text.NO_DRAWING}
        except Exception as error:
            _log.exception("%s failed", function.__name__)
            return {"message": text.unexpected(error)}

    return answer


@answered
def pose(document: Document) -> Document:
    """The beat of a drawing: {"phases", "beat" (contours in mm at each), "volumes" (mL), "warnings" (sentences)}."""
    drawing = drawing_from_json(document["drawing"])
    check(drawing.heart)
    hand = [key.phase for key in drawing.keys]
    phases = np.unique(np.round([*np.arange(POSES) / POSES, cycle.ES_PHASE, OPEN_PHASE, *hand], 9))
    hearts, notes = _beat(drawing, phases)
    return {
        "phases": phases.tolist(),
        "beat": [_contours(heart) for heart in hearts],
        "volumes": [round(simpson(heart), 2) for heart in hearts],
        "warnings": [*warnings(drawing.heart), *notes],
    }


def _beat(drawing: Drawing, phases: np.ndarray) -> tuple[tuple[Heart, ...], list[str]]:
    """The hearts, and a note where the LVEF is out of reach: then those that come nearest to it."""
    try:
        return drawing.hearts_at(phases), []
    except BadInput as error:
        motion, wanted = motion_of(drawing.heart), drawing.lvef or cycle.USUAL_LVEF
        short = cycle.largest_lvef(drawing.heart, drawing.keys) < wanted
        strongest = cycle.LARGEST_CONTRACTION if short else 0.0
        return cycle.pose(drawing.heart, motion, strongest, phases, drawing.keys), [str(error)]


def _contours(heart: Heart) -> Document:
    return {name: np.round(points, 3).tolist() for name, points in heart.contours().items()}


@cache
def hearts() -> Document:
    """What there is to start from, with pictures, and the normal ranges: {"hearts", "normal"}."""
    views = get_args(View)
    gallery = [
        {
            "name": name,
            "title": made.title,
            "about": f"{made.about} LVEF {made.lvef:g} %.",
            "pictures": {view: _portrait(preset_drawing(name, view).heart) for view in views},
        }
        for name, made in PRESETS.items()
    ]
    unknown = _portrait(None)
    anyone = {"name": None, "title": text.RANDOM, "about": text.RANDOM_ABOUT, "pictures": dict.fromkeys(views, unknown)}
    edv, esv, lvef, wall, la = (NORMAL[name] for name in ("edv", "esv", "lvef", "wall", "la_volume"))
    normal = {"edv": edv, "esv": esv, "lvef": lvef, "septal": wall, "lateral": wall, "la": la}
    return {"hearts": [*gallery, anyone], "normal": normal}


def _portrait(heart: Heart | None) -> str:
    """A small picture of a heart's label map in its sector; of nobody in particular, a question mark."""
    size = 2 * PICTURE
    if heart is None:
        picture = np.zeros((size, size, 4), np.uint8)
        cv2.putText(picture, "?", (62, 132), cv2.FONT_HERSHEY_SIMPLEX, 3.4, (160, 180, 190, 255), 8, cv2.LINE_AA)
    else:
        map_ = label_map(heart, heart.sector.grid(size))
        picture = paint_map(map_)
        picture[map_ == labels.SECTOR] = (38, 46, 54, 255)
    return png_url(cv2.resize(picture, (PICTURE, PICTURE), interpolation=cv2.INTER_AREA))


@answered
def preset(document: Document) -> Document:
    """A named heart in the view of the drawing; inside its sector where a recording lies `behind` it."""
    before = drawing_from_json(document["drawing"])
    return _started(preset_drawing(str(document["name"]), before.heart.view), before, document)


@answered
def random_patient(document: Document) -> Document:
    """The heart of a simulated patient, by `seed`."""
    from engine.phantom.population import random_drawing  # loads no torch, but takes a moment

    before = drawing_from_json(document["drawing"])
    return _started(random_drawing(int(document["seed"]), before.heart.view), before, document)


def _started(drawing: Drawing, before: Drawing, document: Document) -> Document:
    return _changed(start_from(drawing, before, bool(document.get("behind"))))


def _changed(drawing: Drawing) -> Document:
    document = drawing.to_json()
    drawing_from_json(document)  # refuses what no later request could read, such as a sketch that has grown too long
    return {"drawing": document, "frame": frame(drawing.heart.sector)}


@answered
def paint(document: Document) -> Document:
    """The contours after a `region` was painted along a `path` (mm) with a `radius` (mm)."""
    heart = drawing_from_json({**document["drawing"], "keys": []}).heart
    path = np.array(document["path"], np.float64).reshape(-1, 2)[:2000]
    radius = float(document["radius"])
    if not np.isfinite(path).all() or not 0.5 <= radius <= 50:
        raise BadInput("The brush stroke is no way of [x, y] points in mm with a size of 0.5 to 50 mm; paint it again.")
    return {"contours": _contours(paint_heart(heart, path, radius, REGIONS[document["region"]]))}


@answered
def propose(document: Document) -> Document:
    """The drawing with the contours that the segmentation network sees in the backdrop."""
    from engine.measures.segmenter import segment  # here, because it loads torch

    drawing, picture = _behind(document)
    sector = drawing.heart.sector
    if not DEVICE.acquire(timeout=PATIENCE):
        raise BadInput(text.BUSY)
    try:
        seen = segment(picture[None])[0]
    finally:
        DEVICE.release()
    heart = trace(seen, fine_grid(sector), sector, drawing.heart.view)
    return _changed(replace(drawing, heart=heart, keys=(), directions={}))


@answered
def edges(document: Document) -> Document:
    """The drawing with the edges of the backdrop added to its sketch."""
    drawing, picture = _behind(document)
    strokes = edges_of(picture, fine_grid(drawing.heart.sector))
    return _changed(replace(drawing, sketch=(*drawing.sketch, *strokes)))


def _behind(document: Document) -> tuple[Drawing, UInt8[np.ndarray, "h w"]]:
    """The drawing, and the grey picture behind it on the finer grid of its frame."""
    drawing, backdrop = drawing_from_json(document["drawing"]), document.get("backdrop")
    if backdrop is None:
        raise BadInput("There is no image behind the drawing; open a recording first.")
    check_backdrop(backdrop)
    try:
        with Image.open(io.BytesIO(base64.b64decode(backdrop.removeprefix(JPEG))), formats=["JPEG"]) as image:
            check_size(1, image.height, image.width)
            picture = np.asarray(image.convert("L"))
    except (OSError, Image.DecompressionBombError):
        raise BadInput("The image behind the drawing cannot be read; open the recording again.") from None
    grid = fine_grid(drawing.heart.sector)
    return drawing, cv2.resize(picture, (grid.width, grid.height), interpolation=cv2.INTER_AREA)


def ask(name: str, maps: Integer[np.ndarray, "t h w"], mm_per_pixel: tuple[float, float]) -> Document:
    """The question what the labels of a file mean, whose first frame is ED; `mapped` takes the answer. mm is (y, x)."""
    seen, map_ = found(maps), maps[0]
    token = secrets.token_urlsafe(12)
    with _asking:
        _asked[token] = (maps[:1].copy(), mm_per_pixel)
        while len(_asked) > OPEN_QUESTIONS or (
            len(_asked) > 1 and sum(kept.nbytes for kept, _ in _asked.values()) > ROOM
        ):
            _asked.popitem(last=False)
    listed, shades = [], np.zeros((len(seen), 4), np.uint8)
    for shade, each in zip(shades, seen, strict=True):
        if each.value:
            colour = SHADES[len(listed) % len(SHADES)]
            shade[:] = (*bytes.fromhex(colour[1:]), 255)
            listed.append({"value": each.value, "pixels": each.pixels, "guess": each.guess, "colour": colour})
    picture = shades[np.searchsorted([each.value for each in seen], map_)]
    mm = np.multiply(map_.shape, mm_per_pixel)
    height, width = (max(1, round(side)) for side in FRAME * mm / mm.max())
    shown = png_url(cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST))
    return {"token": token, "name": name, "labels": listed, "classes": text.CLASSES, "picture": shown}


@answered
def mapped(document: Document) -> Document:
    """The drawing traced from the label map of an earlier question, with what its labels were said to mean."""
    kept = _asked.get(document["token"])
    if kept is None:
        raise BadInput("The file of this question is no longer at hand; open it again.")
    maps, mm_per_pixel = kept
    known = {int(value): int(meant) for value, meant in document["meant"].items()}
    meant = remap(maps, {0: labels.BACKGROUND, **known})[0]
    before = drawing_from_json(document["drawing"])
    grid, sector = grid_for(meant, mm_per_pixel)
    return _changed(
        replace(before, heart=trace(meant, grid, sector, before.heart.view), keys=(), directions={}, sketch=())
    )
