"""Drawing: the contour editor, the hearts to start from, and the files to open and save."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import gradio as gr

from engine.anatomy.labels import View
from studio import text
from studio.components.contour_editor import ContourEditor
from studio.components.numbers import Slider, keep_empty_js
from studio.opening import open_file, open_frame, shown
from studio.pages.form import DIRECT, Form, Updates, plainly
from studio.session import ASKED, document, start, with_view

# The browser itself makes the file, from the drawing as it stands at this moment.
_SAVE = """(value) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value.drawing) + '\\n'], {type: 'application/json'}));
  link.download = `echo-studio_heart_${value.drawing.view}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""


def _told_js(name: str) -> str:
    """A JavaScript function that writes a control into the drawing in the editor.

    Done in the browser, so that it can never overwrite a stroke that the server has not seen yet. What a box is left with
    counts, so half a number is not yet one; the same number again is no change.
    """
    empty = "given === null" if name in ("lvef", "fps") else "false"
    return f"""(given, value) => {{
      const known = Number.isFinite(given) || {empty};
      if (!known || given === value.drawing.{name}) return value;
      return {{...value, drawing: {{...value.drawing, {name}: given}}, rev: value.rev + 1}};
    }}"""


# What was wrong was told; the next stroke is another matter.
_CALM = f"(line) => line.includes('data-kind=\"error\"') ? {json.dumps(text.status(text.READY))} : line"
_TELL = f"(value) => {list(ASKED)}.map((name) => value.drawing[name])"
_MODEL = "(model, value) => model === value.model ? value : {...value, model, rev: value.rev + 1}"


@dataclass(frozen=True)
class Files:
    """What stands above the drawing table."""

    editor: ContourEditor
    view: gr.Radio
    open_file: gr.UploadButton
    save_drawing: gr.Button
    frame: Slider
    recording: gr.State
    """path of the recording behind the drawing"""


def layout() -> Files:
    """Places the components where it is called."""
    with gr.Row(elem_classes="tools"):
        view = gr.Radio(list(get_args(View)), value="A4C", label="View", container=False, elem_id="view")
        file = gr.UploadButton("Open file", size="sm", elem_id="open-file")
        save = gr.Button("Save drawing", size="sm", elem_id="save-drawing")
    frame = Slider(1, 2, 1, step=1, label="Frame of the recording", visible=False, elem_id="frame", buttons=[])
    editor = ContourEditor(document(start()))
    return Files(editor, view, file, save, frame, gr.State(None))


def connect(blocks: gr.Blocks, files: Files, form: Form, status: gr.HTML) -> None:
    """Gives the components their behaviour."""

    @plainly(status, form.editor)
    def choose_view(*values) -> Updates:
        *form_values, view = values
        session = with_view(form.read(*form_values), view)
        return {form.editor: document(session), **form.told(session)}

    @plainly(status, form.editor)
    def open_(*values) -> Updates:
        *form_values, path = values
        before = form.read(*form_values)
        opened = open_file(before, path)
        session, frames, name = opened.session, opened.frames, Path(path).name
        if opened.question:
            return {form.editor: document(session, opened.question), status: text.status(text.asked(name))}
        if frames:
            said = text.opened(name, frames, *shown(session, path))
        else:
            said = text.drawn(name, dropped=bool(before.backdrop and not session.backdrop))
        return {
            form.editor: document(session),
            **form.told(session),
            files.view: session.drawing.heart.view,
            files.recording: path if frames else None,
            files.frame: Slider(1, max(frames, 2), 1, visible=frames > 1),
            status: text.status(said, "done"),
        }

    @plainly(status, form.editor)
    def choose_frame(*values) -> Updates:
        *form_values, path, frame = values
        session, _ = open_frame(form.read(*form_values), path, int(frame) - 1)
        return {form.editor: document(session)}

    @plainly(status)
    def tell_lvef(lvef: float | None, line: str) -> Updates:
        if lvef is None:
            return {status: text.status(text.NO_LVEF)}
        return {status: text.status(text.READY) if text.NO_LVEF in line else gr.skip()}

    values = form.components()
    both = [form.editor, status]
    asked = [getattr(form, name) for name in ASKED]
    files.view.input(choose_view, [*values, files.view], [*both, *asked], **DIRECT)
    opened = [*both, *asked, files.view, files.recording, files.frame]
    files.open_file.upload(open_, [*values, files.open_file], opened, **DIRECT)
    files.frame.release(choose_frame, [*values, files.recording, files.frame], both, **DIRECT)
    files.save_drawing.click(None, form.editor, None, js=_SAVE, **DIRECT)
    form.lvef.input(tell_lvef, [form.lvef, status], status, trigger_mode="always_last", **DIRECT)
    for name in ("lvef", "fps"):
        blocks.load(None, None, None, js=keep_empty_js(getattr(form, name).elem_id), **DIRECT)

    # The controls and the drawing agree both ways, within the browser.
    for name, control in zip(ASKED, asked, strict=True):
        control.change(None, [control, form.editor], form.editor, js=_told_js(name), **DIRECT)
    form.editor.edit(None, form.editor, asked, js=_TELL, trigger_mode="always_last", **DIRECT)
    form.editor.edit(None, status, status, js=_CALM, trigger_mode="always_last", **DIRECT)
    form.editor.edit(
        None, form.editor, files.view, js="(value) => value.drawing.view", trigger_mode="always_last", **DIRECT
    )
    form.model.change(None, [form.model, form.editor], form.editor, js=_MODEL, **DIRECT)
