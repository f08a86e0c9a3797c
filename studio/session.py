"""What one person works on: a frozen Session and the functions that replace it. Knows nothing of the browser."""

import uuid
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from engine.anatomy.drawing import FRAMES, Drawing, drawing_from_json, preset_drawing
from engine.anatomy.heart import Grid, Sector
from engine.anatomy.labels import View
from engine.anatomy.presets import PRESETS
from engine.anatomy.sketch import Stroke
from engine.cards import CARDS, card, load
from engine.errors import BadInput
from engine.types import Clip, Conditions, ModelCard, Settings

FRAME = 256
"""Side of the frame that the editor shows, in pixels."""

FINER = 2
"""The backdrop has this many pixels for one of the editor's frame."""

BACKDROP = 2_000_000
"""Characters that the data URL of a backdrop may have."""

JPEG = "data:image/jpeg;base64,"
"""What the data URL of a backdrop begins with."""

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What Python raises on a document that is not what it should be."""

DEFAULT_MODEL = next(iter(CARDS))

COUNT = (1, 4)
SEED = (0, 2**31 - 1)


@dataclass(frozen=True, eq=False)
class Session:
    """The drawing and the settings of one person."""

    drawing: Drawing
    doc: str
    """names the drawing: a new id for a drawing that replaces the old one"""
    rev: int = 0
    """grows with each change of the drawing"""
    backdrop: str | None = None
    """data URL of a JPEG that fills the editor's frame"""
    model: str = DEFAULT_MODEL
    sampler: str = ""
    steps: int = 1
    guidance_scale: float = 1.0
    seed: int = 1
    count: int = 1

    @property
    def card(self) -> ModelCard:
        return card(self.model)


ASKED = ("lvef", "heart_rate", "frames", "fps", "start")
"""Fields of the drawing that have a control of their own on the page."""
SAMPLED = tuple(f.name for f in fields(Session) if f.name not in ("drawing", "doc", "rev", "backdrop"))
SETTINGS = ASKED + SAMPLED
"""The plain values of a session, in their order."""


def values(session: Session) -> dict[str, Any]:
    """The `SETTINGS` by name."""
    return {name: getattr(session.drawing if name in ASKED else session, name) for name in SETTINGS}


def start() -> Session:
    """A new session: the first preset and the first model."""
    return with_model(Session(preset_drawing(next(iter(PRESETS)), "A4C"), uuid.uuid4().hex), DEFAULT_MODEL)


def with_drawing(session: Session, drawing: Drawing) -> Session:
    """The drawing replaced as a whole; the backdrop stays only where the sector does."""
    backdrop = session.backdrop if drawing.heart.sector == session.drawing.heart.sector else None
    return replace(session, drawing=drawing, rev=session.rev + 1, backdrop=backdrop)


def with_view(session: Session, view: View) -> Session:
    """The other view: of a preset while the drawing is still just that, else of the drawing as it is."""
    name, drawn = preset_of(session), session.drawing
    if name is None:
        return with_drawing(session, replace(drawn, heart=replace(drawn.heart, view=view)))
    turned = start_from(preset_drawing(name, view), drawn, bool(session.backdrop))
    return with_drawing(session, replace(turned, lvef=drawn.lvef))


def preset_of(session: Session) -> str | None:
    """The name of the preset that the drawing still is, at whatever LVEF."""
    drawn = session.drawing

    def is_same(name: str) -> bool:
        made = start_from(preset_drawing(name, drawn.heart.view), drawn, bool(session.backdrop))
        return replace(made, lvef=drawn.lvef).to_json() == drawn.to_json()

    return next((name for name in PRESETS if is_same(name)), None)


def start_from(drawing: Drawing, before: Drawing, behind: bool) -> Drawing:
    """A new heart in place of another: it keeps the timing, and where a recording lies behind it also the sector."""
    timed = replace(drawing, **{name: getattr(before, name) for name in ASKED if name != "lvef"})
    return fit(timed, before.heart.sector) if behind else timed


def with_backdrop(session: Session, sector: Sector, backdrop: str | None) -> Session:
    """A recording behind the drawing, whose sector the drawing takes over."""
    same = sector == session.drawing.heart.sector  # another frame of the same recording moves nothing
    drawing = session.drawing if same else fit(session.drawing, sector)
    return replace(session, drawing=drawing, rev=session.rev + 1, backdrop=backdrop)


def with_model(session: Session, name: str) -> Session:
    """Another model, with the settings that its card proposes."""
    usual = card(name).defaults()
    return replace(session, model=name, sampler=usual.sampler, steps=usual.steps, guidance_scale=usual.guidance_scale)


def fit(drawing: Drawing, sector: Sector) -> Drawing:
    """The drawing in another sector: as it is in mm where its heart lies inside, else shrunk about the probe until it does."""
    heart = drawing.heart
    points = np.concatenate(list(heart.contours().values()))
    reach = np.hypot(*points.T).max() / sector.depth
    # A point beside or above the probe is in no fan: one of them must not squash the whole heart.
    spread = np.abs(points[:, 0] / np.maximum(points[:, 1], 10.0)).max() / np.tan(np.radians(sector.opening / 2))
    down, across = (1.0 if share <= 1 else 0.97 / share for share in (reach, spread))
    scale = np.array([down * across, down])
    return replace(
        drawing,
        heart=replace(heart.map_points(lambda p: p * scale), sector=sector),
        keys=tuple(replace(k, offsets={name: o * scale for name, o in k.offsets.items()}) for k in drawing.keys),
        directions={name: arrow * scale for name, arrow in drawing.directions.items()},
        sketch=tuple(Stroke(stroke.points * scale, stroke.pressure) for stroke in drawing.sketch),
    )


def conditions(session: Session) -> Conditions:
    """What this session asks its model for: those of its conditions that the card accepts."""
    return conditions_of(session.drawing, session.card)


def conditions_of(drawing: Drawing, model: ModelCard) -> Conditions:
    """The same of a drawing and a model's card. A model that goes on from a still gets a simulated one of the drawing."""
    wanted = {
        "heart": drawing.heart,
        "view": drawing.heart.view,
        "lvef": drawing.lvef,
        "heart_rate": drawing.heart_rate,
        "fps": drawing.fps,
        "start": drawing.start or None,
    }
    told = {name: value for name, value in wanted.items() if name in model.accepts}
    if "reference" in model.requires:
        beat = beat_of(drawing, FRAMES[0])
        return Conditions(**told, reference=beat.frames[:1], mm_per_pixel=beat.mm_per_pixel)
    return Conditions(**told, keys=drawing.keys if "heart" in model.accepts else ())


def beat_of(drawing: Drawing, frames: int = 16) -> Clip:
    """What an echo of the drawing looks like, simulated, from end-diastole on: the still that some models go on from is a frame
    of it."""
    phantom = CARDS["phantom"]
    asked = conditions_of(replace(drawing, start=0.0, fps=None), phantom)
    return load("phantom").generate(asked, replace(phantom.defaults((1,)), frames=frames))[0]


def beyond(drawn: Drawing) -> tuple[str, ...]:
    """What a drawing holds beyond the heart and its LVEF, by the name of the condition that it is."""
    held = {"keys": drawn.keys, "sketch": drawn.sketch, "valve_direction": drawn.directions}
    return tuple(name for name, what in held.items() if what)


def frames_of(drawing: Drawing, model: ModelCard) -> int:
    """How many frames this model makes of the drawing: as many as asked, where it leaves that to choose."""
    low, high = model.frame_limits or (model.frames, model.frames)
    return min(max(drawing.frames, low), high)


def settings(session: Session) -> Settings:
    """How this session's clips are sampled, in what its model leaves to choose: consecutive seeds from the chosen one on."""
    card = session.card
    offered = {"sampler": card.samplers, "steps": card.steps, "guidance_scale": card.guidance}
    chosen = {name: getattr(session, name) for name, choice in offered.items() if choice}
    seeds = tuple(range(session.seed, session.seed + session.count))
    return replace(card.defaults(seeds), frames=frames_of(session.drawing, card), **chosen)


# -- the two documents: the editor's value, and the one that is kept on disk ------------------------------------------


def document(session: Session, question: dict[str, Any] | None = None) -> dict[str, Any]:
    """The editor's value (plain Python numbers only).

    A new `doc` is another drawing and clears the undo history; a value whose `rev` is lower than that of the same `doc`
    on screen is ignored. `question` is what an opened file leaves to be asked, see `opening.ask`.
    """
    return {
        "doc": session.doc,
        "rev": session.rev,
        "drawing": session.drawing.to_json(),
        "backdrop": session.backdrop,
        "frame": frame(session.drawing.heart.sector),
        "model": session.model,
        "question": question,
    }


def frame(sector: Sector) -> dict[str, Any]:
    """The editor's frame for a sector."""
    grid = asdict(sector.grid(FRAME))
    return {**grid, "mm_per_pixel": [float(v) for v in grid["mm_per_pixel"]], "apex": [float(v) for v in grid["apex"]]}


def fine_grid(sector: Sector) -> Grid:
    """The editor's frame with smaller pixels."""
    grid = sector.grid(FRAME)
    (sy, sx), (x, y) = grid.mm_per_pixel, grid.apex
    middle = (FINER - 1) / 2
    return Grid(FRAME * FINER, FRAME * FINER, (sy / FINER, sx / FINER), (x * FINER + middle, y * FINER + middle))


def session_of(value: dict[str, Any], **settings: Any) -> Session:
    """The session of an editor's value and of the `SETTINGS` beside it. Raises BadInput on values out of range."""
    told = value.get("drawing", value.get("heart"))  # an older session keeps its heart there
    asked = {name: settings[name] for name in ASKED if name in settings}
    drawing = drawing_from_json({**told, **asked} if isinstance(told, dict) else told)
    backdrop = value.get("backdrop")
    if backdrop is not None:
        check_backdrop(backdrop)
    sampled = {name: settings[name] for name in SAMPLED if name in settings}
    return _checked(Session(drawing, str(value["doc"]), int(value["rev"]), backdrop, **sampled))


def check_backdrop(backdrop: Any) -> None:
    """Raises BadInput where it is no data URL of a JPEG, or too long a one."""
    if not isinstance(backdrop, str) or not backdrop.startswith(JPEG):
        raise BadInput("The backdrop is no picture that the studio made; open the file again.")
    if len(backdrop) > BACKDROP:
        raise BadInput(
            f"The backdrop has {len(backdrop)} characters; at most {BACKDROP} are kept, so open the file in the studio."
        )


def to_json(session: Session) -> dict[str, Any]:
    return {**document(session), **{name: getattr(session, name) for name in SAMPLED}}


def from_json(value: Any) -> Session:
    """The session of a `to_json` document. Raises BadInput on anything else."""
    try:
        return session_of(value, **{name: value[name] for name in SETTINGS if name in value})
    except BadInput:
        raise
    except UNREADABLE:
        raise BadInput("The kept session is not readable; a new one is started.") from None


def _checked(session: Session) -> Session:
    card(session.model)
    # Of steps and guidance the model's card knows more.
    limits = {"seed": SEED, "count": COUNT, "steps": (0, 1e6), "guidance_scale": (0, 1e6)}
    for name, (low, high) in limits.items():
        number = getattr(session, name)
        if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
            raise BadInput(
                f"The {name.replace('_', ' ')} is {number}; a number from {low:.0f} to {high:.0f} is wanted."
            )
    # A browser sends 35 for 35.0, which the provenance of a clip would tell apart.
    whole = {name: int(getattr(session, name)) for name in ("seed", "count", "steps")}
    return replace(session, sampler=session.sampler or "", guidance_scale=float(session.guidance_scale), **whole)
