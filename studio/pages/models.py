"""The models as cards: what each does, what it learned from, how well it does."""

from html import escape
from typing import Any

import gradio as gr

from engine.cards import CARDS
from engine.types import ModelCard
from studio import text


def layout() -> None:
    """Places the cards where it is called."""
    cards = "".join(_card(card) for card in CARDS.values())
    gr.HTML(
        f"<p>{escape(text.ABOUT_MODELS)}</p><div class='cards'>{cards}</div>", elem_id="models", apply_default_css=False
    )


def _card(card: ModelCard) -> str:
    height, width = card.size
    rows = {
        "Name": card.name,
        "Method": card.paper,
        "Learned from": card.trained_on,
        "Needs": ", ".join(text.conditions(wanted.split("|"), " or ") for wanted in card.requires) or "nothing",
        "Listens to": text.conditions(card.accepts, ", "),
        "Gives": f"{card.frames} frames of {width} × {height} pixels",
        **{str(name): _score(value) for name, value in card.scores.items()},
    }
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return f"<article class='card'><h2>{escape(card.title)}</h2><p>{escape(card.summary)}</p><dl>{items}</dl></article>"


def _score(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_score(part)}" for name, part in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)
