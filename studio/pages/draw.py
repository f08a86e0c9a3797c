"""Drawing: the contour editor, the hearts to start from, and the files to open and save."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import gradio as gr

from engine.anatomy.check import check
from engine.anatomy.heart import heart_from_json
from engine.anatomy.labels import View
from engine.anatomy.presets import PRESETS
from engine.errors import BadInput
from studio import text
from studio.components.contour_editor import ContourEditor
from studio.components.numbers import Slider, keep_empty_js, within_js
from studio.opening import open_file, open_frame, shown
from studio.pages.form import DIRECT, Form, Updates, plainly
from studio.session import LVEF, Session, document, preset_of, session_of, start, with_preset, with_view

# The browser itself makes the file, from the drawing as it stands at this moment.
_SAVE = """(value) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value.heart, null, 1) + '\\n'], {type: 'application/json'}));
  link.download = `echo-studio_heart_${value.heart.view}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""

# Done in the browser, so that it can never overwrite a stroke that the server has not seen yet.
# What the box is left with counts, so half a number is not yet one; the same number again is no change.
_LVEF = f"""(typed, value) => {{
  const lvef = typed === null ? null : ({within_js(*LVEF, "value.lvef")})(typed);
  return lvef === value.lvef ? value : {{...value, lvef, rev: value.rev + 1}};
}}"""


@dataclass(frozen=True)
class Drawing:
    """The components of the drawing's side of the page."""

    editor: ContourEditor
    preset: gr.Dropdown
    view: gr.Radio
    open_file: gr.UploadButton
    save_drawing: gr.Button
    frame: Slider
    recording: gr.State
    """path of the recording behind the drawing"""

    def named(self, session: Session) -> Updates:
        """Updates of the boxes that say what the drawing is: its view, and its preset while it still is one."""
        name = preset_of(session)
        choices = [*PRESETS] if name else [*PRESETS, text.CUSTOM]
        return {self.view: session.heart.view, self.preset: gr.Dropdown(choices, value=name or text.CUSTOM)}


def layout() -> Drawing:
    """Places the components where it is called."""
    with gr.Row(elem_classes="tools"):
        heart = gr.Dropdown(
            list(PRESETS), value=PRESETS[0], label="Heart", container=False, elem_id="preset", interactive=True
        )
        view = gr.Radio(list(get_args(View)), value="A4C", label="View", container=False, elem_id="view")
        file = gr.UploadButton("Open file", size="sm", elem_id="open-file")
        save = gr.Button("Save drawing", size="sm", elem_id="save-drawing")
    editor = ContourEditor(document(start()))
    frame = Slider(1, 2, 1, step=1, label="Frame of the recording", visible=False, elem_id="frame", buttons=[])
    return Drawing(editor, heart, view, file, save, frame, gr.State(None))


def connect(blocks: gr.Blocks, drawing: Drawing, form: Form, status: gr.HTML) -> None:
    """Gives the components their behaviour."""

    @plainly(status, form.editor)
    def choose_preset(*values) -> Updates:
        *form_values, name = values
        session = with_preset(form.read(*form_values), name)
        return {form.editor: document(session), status: text.status(text.REPLACED), **drawing.named(session)}

    @plainly(status, form.editor)
    def choose_view(*values) -> Updates:
        *form_values, view = values
        session = with_view(form.read(*form_values), view)
        return {form.editor: document(session), **drawing.named(session)}

    @plainly(status, form.editor)
    def open_(*values) -> Updates:
        *form_values, path = values
        before = form.read(*form_values)
        session, frames = open_file(before, path)
        name = Path(path).name
        if frames:
            said = text.opened(name, frames, *shown(session, path))
        else:
            said = text.drawn(name, dropped=bool(before.backdrop and not session.backdrop))
        return {
            form.editor: document(session),
            **drawing.named(session),
            drawing.recording: path,
            drawing.frame: Slider(1, max(frames, 2), 1, visible=frames > 1),
            status: text.status(said, "done"),
        }

    @plainly(status, form.editor)
    def choose_frame(*values) -> Updates:
        *form_values, path, frame = values
        session, _ = open_frame(form.read(*form_values), path, int(frame) - 1)
        return {form.editor: document(session)}

    @plainly(status)
    def settle(value, line: str) -> Updates:
        mended = text.is_error(line) and _is_sound(value)
        return {status: text.status(text.READY) if mended else gr.skip(), **drawing.named(session_of(value))}

    @plainly(status)
    def tell_lvef(value, lvef: float | None, line: str) -> Updates:
        if lvef is None:
            return {status: text.status(text.NO_LVEF)}
        mended = text.NO_LVEF in line or (text.is_error(line) and _is_sound(value))
        return {status: text.status(text.READY) if mended else gr.skip()}

    values = form.components()
    both = [form.editor, status]
    names = [drawing.view, drawing.preset]
    drawing.preset.input(choose_preset, [*values, drawing.preset], [*both, *names], **DIRECT)
    drawing.view.input(choose_view, [*values, drawing.view], [*both, *names], **DIRECT)
    opened = [*both, *names, drawing.recording, drawing.frame]
    drawing.open_file.upload(open_, [*values, drawing.open_file], opened, **DIRECT)
    drawing.frame.release(choose_frame, [*values, drawing.recording, drawing.frame], both, **DIRECT)
    drawing.save_drawing.click(None, form.editor, None, js=_SAVE, **DIRECT)
    form.editor.edit(settle, [form.editor, status], [status, *names], trigger_mode="always_last", **DIRECT)
    said = [form.editor, form.lvef, status]
    form.lvef.input(tell_lvef, said, status, trigger_mode="always_last", **DIRECT)
    blocks.load(None, None, None, js=keep_empty_js("lvef"), **DIRECT)
    form.lvef.change(None, [form.lvef, form.editor], form.editor, js=_LVEF, **DIRECT)


def _is_sound(value: dict[str, Any]) -> bool:
    try:
        check(heart_from_json(value["heart"]))
    except BadInput:
        return False
    return True
