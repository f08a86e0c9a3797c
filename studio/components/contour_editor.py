"""The drawing table: contours, valve and sketch over the sector, tools to deform them, the beat to scrub through."""

from typing import Any

import gradio as gr

from studio import live, table
from studio.components import bootstrap, style
from studio.components.colours import css_variables

Document = dict[str, Any]


def hearts(_: Any = None) -> Document:
    """`table.hearts`, in the shape in which the browser calls it."""
    return table.hearts()


SERVER = (
    hearts,
    table.pose,
    table.preset,
    table.random_patient,
    table.paint,
    table.propose,
    table.edges,
    table.mapped,
    live.preview,
)
"""What the browser may call, by name: answered at once, in no queue."""


class ContourEditor(gr.HTML):
    """Shows and edits a `session.document`; `.edit` fires once a committed gesture, with the new drawing and rev + 1."""

    def __init__(self, value: Document, elem_id: str = "editor", **layout: Any):
        super().__init__(
            value,
            html_template='<div class="contour-editor"></div>',
            css_template=css_variables() + style("common", "contour_editor"),
            js_on_load=bootstrap("contour_editor") + " // fires 'edit'",
            apply_default_css=False,
            server_functions=list(SERVER),
            elem_id=elem_id,
            **layout,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
