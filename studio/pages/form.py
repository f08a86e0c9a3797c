"""The components that together hold a Session, and the way between the two."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import gradio as gr

from engine.errors import BadInput
from engine.types import ModelCard
from studio import text
from studio.components.contour_editor import ContourEditor
from studio.session import SETTINGS, Session, document, session_of

_log = logging.getLogger(__name__)

Updates = dict[gr.blocks.Block, Any]


@dataclass(frozen=True)
class Form:
    """One component for each part of a Session: the drawing, then the settings in the order of `SETTINGS`."""

    editor: ContourEditor
    lvef: gr.Slider
    heart_rate: gr.Slider
    model: gr.Dropdown
    sampler: gr.Dropdown
    steps: gr.Slider
    guidance_scale: gr.Slider
    seed: gr.Number
    count: gr.Slider

    def components(self) -> list[gr.components.Component]:
        return [getattr(self, f.name) for f in fields(self)]

    def read(self, value: dict[str, Any], *settings: Any) -> Session:
        """The session of the components' values. Raises BadInput on values out of range."""
        return session_of(value, **dict(zip(SETTINGS, settings, strict=True)))

    def show(self, session: Session) -> Updates:
        """Updates that put a whole session on the page."""
        plain = {getattr(self, name): getattr(session, name) for name in SETTINGS}
        return {self.editor: document(session), **plain, **self.show_model(session)}

    def show_model(self, session: Session) -> Updates:
        """The controls that the model's card calls for, with this session's values."""
        card = session.card
        return {
            self.sampler: gr.Dropdown(choices=list(card.samplers), value=session.sampler or None, visible=len(card.samplers) > 1),
            self.steps: _slider(card.steps, session.steps, 1),
            self.guidance_scale: _slider(card.guidance, session.guidance_scale, 0.1),
            self.lvef: gr.Slider(interactive="lvef" in card.accepts),
            self.heart_rate: gr.Slider(interactive="heart_rate" in card.accepts),
        }


def _slider(limits: tuple[float, float, float] | None, value: float, step: float) -> gr.Slider:
    if limits is None:
        return gr.Slider(value=value, visible=False)
    return gr.Slider(limits[0], limits[2], value, step=step, visible=True)


def plainly(status: gr.HTML) -> Callable[[Callable[..., Updates]], Callable[..., Updates]]:
    """Decorates a handler that returns updates by component: an error becomes the status line and nothing else changes."""

    def decorate(handler: Callable[..., Updates]) -> Callable[..., Updates]:
        @wraps(handler)
        def answer(*values: Any, **more: Any) -> Updates:
            try:
                return handler(*values, **more)
            except BadInput as error:
                return {status: text.status(str(error), "error")}
            except Exception as error:
                _log.exception("%s failed", handler.__name__)
                return {status: text.status(text.unexpected(error), "error")}

        return answer

    return decorate
