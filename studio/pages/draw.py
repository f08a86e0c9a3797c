"""Drawing: the contour editor, the hearts to start from, and the files to open and save."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import gradio as gr

from engine.anatomy.labels import View
from engine.anatomy.presets import PRESETS, preset
from studio import text
from studio.components.contour_editor import ContourEditor
from studio.opening import open_drawing, open_recording
from studio.pages.form import Form, Updates, plainly
from studio.session import document, start, with_heart

# The browser itself makes the file, from the drawing as it stands at this moment.
_SAVE = """(value) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value.heart, null, 1) + '\\n'], {type: 'application/json'}));
  link.download = `echo-studio_heart_${value.heart.view}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""

# Done in the browser, so that it can never overwrite a stroke that the server has not seen yet.
_LVEF = "(lvef, value) => ({...value, lvef, rev: value.rev + 1})"


@dataclass(frozen=True)
class Drawing:
    """The components of the drawing's side of the page."""

    editor: ContourEditor
    preset: gr.Dropdown
    view: gr.Radio
    open_recording: gr.UploadButton
    open_drawing: gr.UploadButton
    save_drawing: gr.Button
    frame: gr.Slider
    recording: gr.State
    """path of the recording behind the drawing"""


def layout() -> Drawing:
    """Places the components where it is called."""
    with gr.Row(elem_classes="bar"):
        heart = gr.Dropdown(
            list(PRESETS), value=PRESETS[0], label="Heart", container=False, elem_id="preset", interactive=True
        )
        view = gr.Radio(list(get_args(View)), value="A4C", label="View", container=False, elem_id="view")
        recording = gr.UploadButton("Open image", size="sm", elem_id="open-recording")
        drawing = gr.UploadButton("Open drawing", size="sm", elem_id="open-drawing")
        save = gr.Button("Save drawing", size="sm", elem_id="save-drawing")
    editor = ContourEditor(document(start()))
    frame = gr.Slider(1, 2, 1, step=1, label="Frame of the recording", visible=False, elem_id="frame")
    return Drawing(editor, heart, view, recording, drawing, save, frame, gr.State(None))


def connect(drawing: Drawing, form: Form, status: gr.HTML) -> None:
    """Gives the components their behaviour."""

    @plainly(status)
    def choose(name: str, view: View, *values) -> Updates:
        session = form.read(*values)
        return {form.editor: document(with_heart(session, preset(name, view))), status: text.status(text.READY)}

    @plainly(status)
    def put_behind(path: str, *values) -> Updates:
        session, frames = open_recording(form.read(*values), path)
        return {
            form.editor: document(session),
            drawing.recording: path,
            drawing.frame: gr.Slider(1, max(frames, 2), 1, visible=frames > 1),
            status: text.status(text.opened(Path(path).name, frames), "done"),
        }

    @plainly(status)
    def put_frame_behind(path: str, frame: int, *values) -> Updates:
        session, _ = open_recording(form.read(*values), path, int(frame) - 1)
        return {form.editor: document(session)}

    @plainly(status)
    def replace_drawing(path: str, *values) -> Updates:
        session = open_drawing(form.read(*values), path)
        return {
            form.editor: document(session),
            drawing.view: session.heart.view,
            status: text.status(text.traced(Path(path).name), "done"),
        }

    values = form.components()
    shown = [form.editor, status]
    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    gr.on([drawing.preset.input, drawing.view.input], choose, [drawing.preset, drawing.view, *values], shown, **quiet)
    drawing.open_recording.upload(
        put_behind, [drawing.open_recording, *values], [*shown, drawing.recording, drawing.frame], **quiet
    )
    drawing.frame.release(put_frame_behind, [drawing.recording, drawing.frame, *values], shown, **quiet)
    drawing.open_drawing.upload(replace_drawing, [drawing.open_drawing, *values], [*shown, drawing.view], **quiet)
    drawing.save_drawing.click(None, form.editor, None, js=_SAVE, **quiet)
    form.lvef.input(None, [form.lvef, form.editor], form.editor, js=_LVEF, **quiet)
