"""The comparison: clips of one heart at chosen LVEFs, frame by frame on one clock."""

from typing import Any

import gradio as gr

from studio.components import bootstrap, style

EMPTY: dict[str, Any] = {
    "doc": "", "rev": 0, "status": "idle", "step": 0, "steps": 0, "seconds_left": None, "factual": None, "clips": [],
}  # fmt: skip
"""A comparison of nothing yet."""


class Comparison(gr.HTML):
    """Shows a value shaped like `EMPTY`.

    status is idle, running, done, cancelled or failed; `factual` is the id of the clip that the others are compared with,
    or None. Each of the two to six `clips` is {id, title, sprite, columns, frames, width, height, fps, preview,
    mm_per_pixel, wanted, measured, volumes, note}. `sprite` is the address of a sheet of the grey frames, row by row with
    `columns` in a row, or None while there are no pictures yet. `mm_per_pixel` is (y, x) or None; `wanted` the LVEF asked
    for, percent, or None. `measured` is None until the clip is measured, then a list of {name, lvef, kind, words}, where
    kind is near, off, far or none; `volumes` is the LV volume of every frame in mL, each None where unknown, or None.
    `note` is a short remark, or "". A clip takes the place of the one with the same `id`, which is shown until the new
    pictures are decoded. A value with a lower `rev` of the same `doc` is ignored.
    """

    def __init__(self, value: dict[str, Any] = EMPTY, elem_id: str = "comparison", **layout: Any):
        super().__init__(
            value,
            html_template='<div class="comparison"></div>',
            css_template=style("common", "transport", "comparison"),
            js_on_load=bootstrap("comparison"),
            apply_default_css=False,
            elem_id=elem_id,
            **layout,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
