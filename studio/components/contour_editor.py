"""The editor in which a heart is drawn: draggable contours over the sector, with a live label map."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np

from engine.anatomy.check import check
from engine.anatomy.contours import label_map
from engine.anatomy.heart import heart_from_json
from engine.anatomy.volumes import simpson
from engine.errors import BadInput
from studio.components import bootstrap, style
from studio.components.colours import css_variables, paint, png_url
from studio.session import FRAME

Document = dict[str, Any]
Rasterise = Callable[[Document], Document]


def rasterise(document: Document) -> Document:
    """What the editor shows of a drawing while it is dragged.

    `document` is {"heart": Heart.to_json(), "lvef": percent or None}. Returns {"png": data URL of the coloured label map on the
    standard frame, "edv": mL, "esv": mL, "message": one sentence or None}. What cannot be told is None.
    """
    nothing = {"png": None, "edv": None, "esv": None}
    try:
        heart = heart_from_json(document["heart"])
        lvef = None if document["lvef"] is None else float(document["lvef"])
    except BadInput as error:
        return nothing | {"message": str(error)}
    except (KeyError, TypeError, ValueError):
        return nothing | {"message": "This is no drawing: a heart and an LVEF in percent are wanted."}
    message = None
    try:
        check(heart)
    except BadInput as error:
        message = str(error)
    with np.errstate(all="ignore"):  # a collapsed cavity has no axis
        edv = simpson(heart)
    png = png_url(paint(label_map(heart, heart.sector.grid(FRAME))))
    edv = edv if np.isfinite(edv) else None
    esv = None if edv is None or lvef is None else edv * (1 - lvef / 100)
    return {"png": png, "edv": edv, "esv": esv, "message": message}


class ContourEditor(gr.HTML):
    """Shows and edits a `session.document`; `.edit` fires once a committed gesture, with the new heart and rev + 1."""

    def __init__(self, value: Document, rasterise: Rasterise = rasterise, elem_id: str = "editor", **layout: Any):
        def answer(document: Document) -> Document:
            return rasterise(document)

        answer.__name__ = "rasterise"  # the name under which the browser calls it, whatever the callable's own
        super().__init__(
            value,
            html_template='<div class="contour-editor"></div>',
            css_template=css_variables() + style("common", "contour_editor"),
            js_on_load=bootstrap("contour_editor") + " // fires 'edit'",
            apply_default_css=False,
            server_functions=[answer],
            elem_id=elem_id,
            **layout,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
