"""The player that shows one to four clips on one clock, and the progress of the generation that makes them."""

from typing import Any

import gradio as gr

from studio.components import bootstrap, style

EMPTY: dict[str, Any] = {
    "doc": "", "rev": 0, "status": "idle", "message": "", "step": 0, "steps": 0, "seconds_left": None, "clips": [],
}  # fmt: skip
"""A player with nothing to play yet."""


class CinePlayer(gr.HTML):
    """Shows a value shaped like `EMPTY`.

    status is idle, running, done, cancelled or failed. Each of `clips` is {id, title, sprite, columns, frames, width,
    height, fps, masks, preview}: `sprite` is the address of a sheet of the grey frames, row by row with `columns` in a
    row, and `masks` of an RGBA sheet laid out the same way (its alpha is the overlay's), or None. A clip takes the place
    of the one with the same `id`, which is shown until the new pictures are decoded. A value with a lower `rev` of the
    same `doc` is ignored.
    """

    def __init__(self, value: dict[str, Any] = EMPTY, elem_id: str = "player", **layout: Any):
        super().__init__(
            value,
            html_template='<div class="cine-player"></div>',
            css_template=style("common", "transport", "cine_player"),
            js_on_load=bootstrap("cine_player"),
            apply_default_css=False,
            elem_id=elem_id,
            **layout,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
