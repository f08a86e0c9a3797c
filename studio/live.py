"""The clip that follows a drawing while it is changed: one request, one small clip. Knows nothing of the browser."""

import logging
from dataclasses import replace
from typing import Any

import engine
from engine.anatomy.drawing import drawing_from_json
from engine.cards import CARDS
from engine.errors import BadInput
from engine.media.sheets import columns_of, sheet
from studio import text
from studio.jobs import DEVICE
from studio.session import UNREADABLE, conditions_of, frames_of
from studio.sheets import inline

PATIENCE = 0.05
"""Seconds that a preview waits for a generation that is under way, before it tells that the device is busy."""

_log = logging.getLogger(__name__)


def preview(document: dict[str, Any]) -> dict[str, Any]:
    """{"clip": as `CinePlayer` takes it, "final": whether a slower one would be no better} of a request.

    That is {"drawing", "model", "draft": as quickly as can be, or in full quality}.
    {"busy": True} while a generation holds the device; {"message": sentence} where it was refused.
    """
    try:
        drawing = drawing_from_json(document["drawing"])
        card = CARDS[document["model"]]
        rough = bool(document["draft"]) or card.steps is not None  # steps are for those who press Generate
    except BadInput as error:
        return {"message": str(error)}
    except UNREADABLE:
        return {"message": text.NO_DRAWING}
    if not DEVICE.acquire(timeout=PATIENCE):
        return {"busy": True}
    try:
        pipeline = engine.load(card.name)
        asked = conditions_of(drawing, card)
        usual = replace(card.defaults(), frames=frames_of(drawing, card))
        clip = pipeline.preview(asked, usual) if rough else pipeline.generate(asked, usual)[0]
    except BadInput as error:
        return {"message": str(error)}
    except Exception as error:
        _log.exception("The live clip failed")
        return {"message": text.unexpected(error)}
    finally:
        DEVICE.release()
    frames, height, width = clip.frames.shape
    columns = columns_of(frames)
    return {
        "clip": {
            "title": text.live(card, drawing.lvef),
            "sprite": inline(sheet(clip.frames, columns)),
            "masks": None,
            "columns": columns,
            "frames": frames,
            "height": height,
            "width": width,
            "fps": clip.fps,
            "preview": rough,
        },
        "final": not rough or card.steps is not None,
    }
