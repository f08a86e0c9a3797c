"""Number inputs that take anything a person types: what is out of range counts as the nearest limit, nothing as the default."""

from typing import Any

import gradio as gr


class Slider(gr.Slider):
    """A slider whose box may hold any number, or none."""

    def get_block_name(self) -> str:
        return "slider"  # gradio's own look

    def preprocess(self, payload: Any) -> float:
        return super().preprocess(within(payload, self.minimum, self.maximum, self.value))


class Number(gr.Number):
    """A number's box, which needs both limits and a default; the box itself shows the number taken once it is left."""

    def get_block_name(self) -> str:
        return "number"

    def preprocess(self, payload: Any) -> float | int:
        return super().preprocess(within(payload, self.minimum, self.maximum, self.value))


def within(typed: Any, low: float, high: float, usual: float) -> float:
    """The number that a typed value counts as."""
    if isinstance(typed, bool) or not isinstance(typed, int | float) or typed != typed:
        return usual
    return min(max(typed, low), high)


def within_js(low: float, high: float, usual: float | str) -> str:
    """`within` as a JavaScript function; `usual` may be an expression."""
    return f"(typed) => Number.isFinite(typed) ? Math.min(Math.max(typed, {low:.0f}), {high:.0f}) : {usual}"
