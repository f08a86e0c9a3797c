"""The components that together hold a Session, and the way between the two."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import gradio as gr

from engine.errors import BadInput
from studio import text
from studio.components.contour_editor import ContourEditor
from studio.components.numbers import Number, OptionalSlider, Slider
from studio.session import ASKED, SETTINGS, Session, document, session_of, values

_log = logging.getLogger(__name__)

Updates = dict[gr.blocks.Block, Any]
Handler = Callable[..., Updates]

QUIET = {"show_progress": "hidden", "api_visibility": "private"}
"""How the queue's one event, the generation, is wired."""

DIRECT = {**QUIET, "queue": False}
"""How every other event is wired: answered by its own request.

gradio tells the answers of all queued events on one stream, which the server ends when none is left. An event that joins the
queue before the browser has read that end waits on a stream that is gone: a click on Generate would be lost whenever it fell
on the end of something small, such as the saving of the last change. A reload, too, breaks a stream but not a request.
"""


@dataclass(frozen=True)
class Form:
    """One component for each part of a Session: the drawing and the `SETTINGS`."""

    editor: ContourEditor
    lvef: OptionalSlider
    heart_rate: Slider
    frames: Slider
    fps: OptionalSlider
    start: Slider
    model: gr.Dropdown
    sampler: gr.Dropdown
    steps: Slider
    guidance_scale: Slider
    seed: Number
    count: Slider
    sampling: gr.Accordion
    """holds what only some models leave to choose"""

    def components(self) -> list[gr.components.Component]:
        """The editor, then the settings in the order of `SETTINGS`."""
        return [self.editor, *(getattr(self, name) for name in SETTINGS)]

    def shaped(self) -> list[gr.blocks.Block]:
        """Those that a model's card shapes."""
        return [self.sampling, self.sampler, self.steps, self.guidance_scale, *(getattr(self, name) for name in ASKED)]

    def read(self, value: dict[str, Any], *settings: Any) -> Session:
        """The session of the components' values. Raises BadInput on values out of range."""
        return session_of(value, **dict(zip(SETTINGS, settings, strict=True)))

    def show(self, session: Session) -> Updates:
        """Updates that put a whole session on the page."""
        plain = {getattr(self, name): value for name, value in values(session).items()}
        return {self.editor: document(session), **plain, **self.show_model(session)}

    def told(self, session: Session) -> Updates:
        """Updates of the controls that say what the drawing asks for."""
        return {getattr(self, name): values(session)[name] for name in ASKED}

    def show_model(self, session: Session) -> Updates:
        """The controls that the model's card calls for, with this session's values."""
        card = session.card
        return {
            self.sampling: gr.Accordion(visible=bool(card.samplers or card.steps or card.guidance)),
            self.sampler: gr.Dropdown(list(card.samplers), value=session.sampler, visible=True)
            if card.samplers
            else gr.Dropdown(visible=False),
            self.steps: _slider(card.steps, session.steps, 1),
            self.guidance_scale: _slider(card.guidance, session.guidance_scale, 0.1),
            self.lvef: OptionalSlider(value=session.drawing.lvef, interactive="lvef" in card.accepts),
            self.heart_rate: Slider(value=session.drawing.heart_rate, interactive="heart_rate" in card.accepts),
            self.frames: Slider(value=session.drawing.frames, interactive=card.frame_limits is not None),
            self.fps: OptionalSlider(value=session.drawing.fps, interactive="fps" in card.accepts),
            self.start: Slider(value=session.drawing.start, interactive="start" in card.accepts),
        }


def _slider(limits: tuple[float, float, float] | None, value: float, step: float) -> Slider:
    if limits is None:
        return Slider(visible=False)
    return Slider(limits[0], limits[2], value, step=step, visible=True)


def plainly(status: gr.HTML, editor: ContourEditor | None = None) -> Callable[[Handler], Handler]:
    """Decorates a handler that returns updates by component: an error becomes the status line and nothing else changes.

    A handler that puts out the `editor` takes the editor's value as its first argument and gives it back unchanged on an
    error: gradio's "no change" would build the component anew, and what it gives back is older than any stroke since.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(*values: Any) -> Updates:
            try:
                return handler(*values)
            except BadInput as error:
                sentence = str(error)
            except Exception as error:
                _log.exception("%s failed", handler.__name__)
                sentence = text.unexpected(error)
            told = {status: text.status(sentence, "error")}
            return told if editor is None else {**told, editor: values[0]}

        return answer

    return decorate
