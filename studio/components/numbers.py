"""Number inputs that take anything a person types: what is out of range counts as the nearest limit, nothing as the default."""

from typing import Any

import gradio as gr


class Slider(gr.Slider):
    """A slider whose box may hold any number, or none."""

    def get_block_name(self) -> str:
        return "slider"  # gradio's own look

    def preprocess(self, payload: Any) -> float:
        return super().preprocess(within(payload, self.minimum, self.maximum, self.value))


class OptionalSlider(Slider):
    """A slider whose box may be left empty, which is None. Its page runs `keep_empty_js`."""

    def preprocess(self, payload: Any) -> float | None:
        return None if payload is None else super().preprocess(payload)

    def postprocess(self, value: float | None) -> float | None:
        return None if value is None else super().postprocess(value)


class Number(gr.Number):
    """A number's box, which needs both limits and a default; the box itself shows the number taken once it is left."""

    def get_block_name(self) -> str:
        return "number"

    def preprocess(self, payload: Any) -> float | int:
        return super().preprocess(within(payload, self.minimum, self.maximum, self.value))


def keep_empty_js(elem_id: str) -> str:
    """A JavaScript function, to run once the box is on the page, that lets the box of a slider stay empty, where it says "none".

    gradio's own box would fill in the minimum on being left.
    """
    return f"""() => {{
      const box = document.querySelector('#{elem_id} input[type=number]');
      if (box.placeholder === 'none') return;
      box.placeholder = 'none';
      document.addEventListener('blur', (event) => {{
        if (event.target === box && box.value === '') event.stopPropagation();
      }}, true);
    }}"""


def within(typed: Any, low: float, high: float, usual: float) -> float:
    """The number that a typed value counts as."""
    if isinstance(typed, bool) or not isinstance(typed, int | float) or typed != typed:
        return usual
    return min(max(typed, low), high)


def within_js(low: float, high: float, usual: float | str) -> str:
    """`within` as a JavaScript function; `usual` may be an expression."""
    return f"(typed) => Number.isFinite(typed) ? Math.min(Math.max(typed, {low:.0f}), {high:.0f}) : {usual}"
