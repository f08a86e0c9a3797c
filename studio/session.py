"""What one person works on: a frozen Session and the functions that replace it. Knows nothing of the browser."""

import uuid
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from engine.anatomy.heart import Heart, Sector, heart_from_json
from engine.anatomy.labels import View
from engine.anatomy.presets import PRESETS, preset
from engine.cards import CARDS, card
from engine.errors import BadInput
from engine.types import Conditions, ModelCard, Settings

FRAME = 256
"""Side of the frame that the editor shows, in pixels."""

BACKDROP = 2_000_000
"""Characters that the data URL of a backdrop may have."""

DEFAULT_MODEL = next(iter(CARDS))

LVEF = (10.0, 80.0)
HEART_RATE = (30.0, 200.0)
COUNT = (1, 4)
SEED = (0, 2**31 - 1)


@dataclass(frozen=True, eq=False)
class Session:
    """The drawing and the settings of one person."""

    heart: Heart
    doc: str
    """names the drawing: a new id for a drawing that replaces the old one"""
    rev: int = 0
    """grows with each change of the drawing"""
    backdrop: str | None = None
    """data URL of a JPEG that fills the editor's frame"""
    lvef: float | None = 55.0
    """percent; None leaves it to the model"""
    heart_rate: float = 70.0
    """beats a minute"""
    model: str = DEFAULT_MODEL
    sampler: str = ""
    steps: int = 1
    guidance_scale: float = 1.0
    seed: int = 1
    count: int = 1

    @property
    def card(self) -> ModelCard:
        return card(self.model)


DRAWING = ("heart", "doc", "rev", "backdrop")
SETTINGS = tuple(f.name for f in fields(Session) if f.name not in DRAWING)
"""The fields that are plain values, in their order."""


def start() -> Session:
    """A new session: the first preset and the first model."""
    return with_model(Session(preset(PRESETS[0]), uuid.uuid4().hex), DEFAULT_MODEL)


def with_heart(session: Session, heart: Heart) -> Session:
    """The drawing replaced as a whole; the backdrop stays only where the sector does."""
    backdrop = session.backdrop if heart.sector == session.heart.sector else None
    return replace(session, heart=heart, rev=session.rev + 1, backdrop=backdrop)


def with_preset(session: Session, name: str) -> Session:
    """A named heart in the view at hand, inside the sector of the recording where there is one."""
    heart = preset(name, session.heart.view)
    return with_heart(session, fit(heart, session.heart.sector) if session.backdrop else heart)


def with_view(session: Session, view: View) -> Session:
    """The other view: of a preset while the drawing is still just that, else of the drawing as it is."""
    turned = replace(session, heart=replace(session.heart, view=view))
    name = preset_of(session)
    return with_preset(turned, name) if name else with_heart(session, turned.heart)


def preset_of(session: Session) -> str | None:
    """The name of the preset that the drawing still is."""
    drawn = session.heart.to_json()
    return next((name for name in PRESETS if with_preset(session, name).heart.to_json() == drawn), None)


def with_backdrop(session: Session, sector: Sector, backdrop: str | None) -> Session:
    """A recording behind the drawing, whose sector the drawing takes over."""
    return replace(session, heart=fit(session.heart, sector), rev=session.rev + 1, backdrop=backdrop)


def with_model(session: Session, name: str) -> Session:
    """Another model, with the settings that its card proposes."""
    usual = card(name).defaults()
    return replace(session, model=name, sampler=usual.sampler, steps=usual.steps, guidance_scale=usual.guidance_scale)


def fit(heart: Heart, sector: Sector) -> Heart:
    """The heart in another sector: as it is in mm where it lies inside, else shrunk about the probe until it does."""
    points = np.concatenate(list(heart.contours().values()))
    reach = np.hypot(*points.T).max() / sector.depth
    # A point beside or above the probe is in no fan: one of them must not squash the whole heart.
    spread = np.abs(points[:, 0] / np.maximum(points[:, 1], 10.0)).max() / np.tan(np.radians(sector.opening / 2))
    down, across = (1.0 if share <= 1 else 0.97 / share for share in (reach, spread))
    return replace(heart.map_points(lambda p: p * [down * across, down]), sector=sector)


def conditions(session: Session) -> Conditions:
    """What this session asks its model for: those of its conditions that the card accepts."""
    wanted = {
        "heart": session.heart,
        "view": session.heart.view,
        "lvef": session.lvef,
        "heart_rate": session.heart_rate,
    }
    return Conditions(**{name: value for name, value in wanted.items() if name in session.card.accepts})


def settings(session: Session) -> Settings:
    """How this session's clips are sampled, in what its model leaves to choose: consecutive seeds from the chosen one on."""
    card = session.card
    offered = {"sampler": card.samplers, "steps": card.steps, "guidance_scale": card.guidance}
    chosen = {name: getattr(session, name) for name, choice in offered.items() if choice}
    return replace(card.defaults(tuple(range(session.seed, session.seed + session.count))), **chosen)


# -- the two documents: the editor's value, and the one that is kept on disk ------------------------------------------


def document(session: Session) -> dict[str, Any]:
    """The editor's value (plain Python numbers only).

    A new `doc` is another drawing and clears the undo history; a value whose `rev` is lower than that of the same `doc`
    on screen is ignored.
    """
    grid = session.heart.sector.grid(FRAME)
    frame = {
        "height": grid.height,
        "width": grid.width,
        "mm_per_pixel": [float(v) for v in grid.mm_per_pixel],
        "apex": [float(v) for v in grid.apex],
    }
    return {
        "doc": session.doc,
        "rev": session.rev,
        "heart": session.heart.to_json(),
        "lvef": session.lvef,
        "backdrop": session.backdrop,
        "frame": frame,
    }


def session_of(value: dict[str, Any], **settings: Any) -> Session:
    """The session of an editor's value and of the settings beside it. Raises BadInput on values out of range."""
    drawing = {"heart": heart_from_json(value.get("heart")), "doc": str(value["doc"]), "rev": int(value["rev"])}
    backdrop = value.get("backdrop")
    if backdrop is not None and not str(backdrop).startswith("data:image/jpeg;base64,"):
        raise BadInput("The backdrop is no picture that the studio made; open the file again.")
    if backdrop is not None and len(backdrop) > BACKDROP:
        raise BadInput(
            f"The backdrop has {len(backdrop)} characters; at most {BACKDROP} are kept, so open the file in the studio."
        )
    return _checked(Session(**drawing, backdrop=backdrop, **settings))


def to_json(session: Session) -> dict[str, Any]:
    kept = {name: getattr(session, name) for name in SETTINGS}
    return {**document(session), **kept}


def from_json(value: Any) -> Session:
    """The session of a `to_json` document. Raises BadInput on anything else."""
    try:
        return session_of(value, **{name: value[name] for name in SETTINGS})
    except BadInput:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput("The kept session is not readable; a new one is started.") from None


def _checked(session: Session) -> Session:
    card(session.model)
    limits = {
        "lvef": LVEF,
        "heart_rate": HEART_RATE,
        "seed": SEED,
        "count": COUNT,
        "steps": None,
        "guidance_scale": None,
    }
    for name, limit in limits.items():
        low, high = limit or (0, 1e6)  # the model's card knows more
        number = getattr(session, name)
        if name == "lvef" and number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            raise BadInput(
                f"The {name.replace('_', ' ')} is {number}; a number from {low:.0f} to {high:.0f} is wanted."
            )
    # A browser sends 35 for 35.0, which the provenance of a clip would tell apart.
    whole = {name: int(getattr(session, name)) for name in ("seed", "count", "steps")}
    real = {name: float(getattr(session, name)) for name in ("heart_rate", "guidance_scale")}
    real["lvef"] = None if session.lvef is None else float(session.lvef)
    return replace(session, sampler=session.sampler or "", **whole, **real)
