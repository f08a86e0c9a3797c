"""The pages put together."""

from typing import Any

import gradio as gr

from studio import autosave, text
from studio.counterfactual import MODELS
from studio.guard import COOKIE
from studio.pages import counterfactual, draw, generate, models
from studio.pages.form import DIRECT, Form, Updates, plainly


def build() -> gr.Blocks:
    """The studio as gradio blocks, to be mounted by `studio.server`."""
    with gr.Blocks(title=text.TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as blocks:
        gr.HTML(
            f"<div><h1>{text.TITLE}</h1><span>{text.NOTICE}</span></div>", elem_id="notice", apply_default_css=False
        )
        with gr.Tab("Studio"), gr.Row(elem_id="workbench"):
            with gr.Column(elem_id="draw"):
                drawing = draw.layout()
            with gr.Column(elem_id="watch"):
                viewer = generate.layout_viewer()
            with gr.Column(elem_id="settings"):
                settings, controls = generate.layout_settings()
        if MODELS:
            with gr.Tab("Counterfactual") as tab:
                page = counterfactual.layout()
        with gr.Tab("Models"):
            models.layout()

        form = Form(editor=drawing.editor, **settings)
        draw.connect(blocks, drawing, form, controls.status)
        generate.connect(blocks, form, controls, viewer)
        if MODELS:
            counterfactual.connect(blocks, tab, page, form, viewer.clips)
        _keep(blocks, form, drawing, controls.status)
    return blocks.queue(api_open=False, max_size=32)


def _keep(blocks: gr.Blocks, form: Form, drawing: draw.Files, status: gr.HTML) -> None:
    """Saves every change of the session for its browser, and brings it back on the next load."""

    blank = drawing.editor.value["doc"]

    @plainly(status)
    def save(request: gr.Request, value: dict[str, Any], *settings) -> Updates:
        if value["doc"] != blank:  # else the kept drawing is still on its way, and must not be overwritten
            autosave.save(request.cookies.get(COOKIE, ""), form.read(value, *settings))
        return {status: gr.skip()}

    def restore(request: gr.Request) -> Updates:
        session = autosave.restore(request.cookies.get(COOKIE, ""))
        return {**form.show(session), drawing.view: session.drawing.heart.view}

    changes = [component.change for component in form.components() if component is not form.model]
    gr.on(changes, save, form.components(), status, trigger_mode="always_last", **DIRECT)
    blocks.load(restore, None, [*form.components(), form.sampling, drawing.view], **DIRECT)
