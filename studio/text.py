"""Every sentence that a person reads on the pages."""

from collections.abc import Iterable
from html import escape

from engine.types import ModelCard

TITLE = "Echo Studio"
NOTICE = "Simulation-trained · for research and teaching · not for diagnosis"
ABOUT_MODELS = (
    "The weights that come with the studio were trained on simulated ultrasound, made from drawn hearts by the phantom, "
    "and on no patient. They show how the methods work; their clips look simpler than recordings, and nothing here "
    "may be used to diagnose or treat anyone."
)

READY = "Draw, and watch the live clip follow; Generate makes a clip in full quality."
NO_LVEF = "No LVEF is asked for; the model chooses how far the heart contracts."
FPS = "None: one beat fills the frames."
START = "Where the cycle starts, as a share of the beat: 0 is ED, 0.375 ES."
RANDOM = "Random patient"
RANDOM_ABOUT = "A simulated patient: another heart, another LVEF, each time."
NO_DRAWING = "This is no drawing that the studio can read; reload the page, or open a saved drawing."
BUSY = "A generation is under way; wait until it ends, or cancel it, and ask again."
DRAWN = {"keys": "corrections by hand", "sketch": "the sketch", "valve_direction": "the leaflet arrows"}
"""What a drawing may hold beyond its heart, by the name of the condition."""
CLASSES = [[0, "Outside"], [1, "LV cavity"], [2, "Myocardium"], [3, "Left atrium"], [4, "Other tissue"]]
"""What the labels of a file may mean, by class."""
CANCELLED = "Cancelled; the drawing is as it was."
STILL_DRAWN = "Simulated from the drawing"
NO_STILL = "There is no still to go on from; take the drawing, the clip in the Studio, or open a file."
NO_CLIP = "There is no clip in the Studio yet; generate one there, take the drawing, or open a file."
NO_CASCADE = "No cascade's weights are here; fetch assets/weights, or train one as the README tells."
NO_LVEFS = "No LVEF is asked for; set one or more of the sliders."
NOT_MEASURED = "not measured"
COMPARE = "Take a still, set the LVEFs, and compare: one heart, one noise seed, a clip for each LVEF."
DRAWS = "1: a single draw. More: of so many clips the one whose LVEF measures nearest, which flatters; the clip's record says so."
CASCADE_GUIDANCE = "How strongly the LVEF speaks: 1 is as learned, more exaggerates it."
QUALITY = "How clear the cavity stands against the wall: 0 is poor, 1 good. None: as in the still."
STEPS = "More steps take longer and give finer speckle."
GUIDANCE = "How closely the clip keeps to the drawing: 1 is as learned, more exaggerates it."
SAMPLER = "The rule by which noise becomes a clip, step by step."
LOADING = "Loading the model …"
WAITING = "Waiting for another generation to end …"


CONDITIONS = {
    "heart": "drawn heart",
    "label_maps": "label map",
    "reference": "still",
    "lvef": "LVEF",
    "heart_rate": "heart rate",
    "quality": "image quality",
    "fps": "frames a second",
    "start": "first frame",
    "keys": "corrections by hand",
    "view": "view",
}


def conditions(names: Iterable[str], between: str) -> str:
    """The conditions as a person calls them."""
    known = [name for name in CONDITIONS if name in names]
    return between.join([CONDITIONS[name] for name in known] + sorted(set(names) - set(known)))


def unexpected(error: Exception) -> str:
    return f"Something went wrong inside the studio ({type(error).__name__}); the drawing is kept, and the server's log says more."


def running(step: int, steps: int, seconds_left: float | None) -> str:
    left = "" if seconds_left is None else f" · {seconds_left:.1f} s left"
    return f"Step {step} of {steps}{left}"


def done(card: ModelCard, seeds: tuple[int, ...], seconds: float, drawn: Iterable[str] = ()) -> str:
    """`drawn` names what the drawing holds beyond the heart, of which the model may hear nothing."""
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    made = f"{card.title}, {which}: {len(seeds)} clip{'s' * (len(seeds) > 1)} in {seconds:.1f} s."
    return " ".join([made, *unheard(card, drawn)])


def unheard(card: ModelCard, drawn: Iterable[str]) -> list[str]:
    """A sentence about what the drawing holds and the model does not listen to, or none."""
    left_out = [DRAWN[name] for name in drawn if name not in card.accepts]
    return [f"Not heard by this model: {', '.join(left_out)}."] if left_out else []


def opened(name: str, frames: int, fan: bool, scale: bool) -> str:
    """`fan` and `scale`: whether the file showed them, or they had to be assumed."""
    if fan:
        said = f"{name} is the backdrop, and the drawing has taken its sector, made smaller where it did not fit."
    else:
        said = f"No ultrasound fan was found in {name}: the backdrop is what a sector of the usual shape shows of it."
    if not scale:
        said += " No usable scale is in the file: a depth of 15 cm is assumed, and the volumes follow from it."
    return said + (f" It has {frames} frames; choose one above the drawing." if frames > 1 else "")


def asked(name: str) -> str:
    return f"{name} is a label map: say what its labels mean, and its contours become the drawing."


def live(card: ModelCard, lvef: float | None) -> str:
    """The title of the clip that follows the drawing."""
    return " · ".join(["Live", card.title, *([] if lvef is None else [f"LVEF {lvef:g} %"])])


def drawn(name: str, dropped: bool) -> str:
    """`dropped`: whether a backdrop had to go."""
    gone = " The recording behind the drawing is gone, because their sectors differ." if dropped else ""
    return f"The contours come from {name}; Undo brings the earlier drawing back.{gone}"


def chosen(card: ModelCard) -> str:
    return card.summary.split(". ")[0].rstrip(".") + "."


def clip(title: str, lvef: float | None, view: str | None, seed: int) -> str:
    """What a clip was made from, in a few words."""
    return " · ".join(
        [title, *([] if lvef is None else [f"LVEF {lvef:g} %"]), *([view] if view else []), f"seed {seed}"]
    )


def apart(measured: float, points: float) -> str:
    """An LVEF that was measured, and how far it is from the one asked for."""
    off = f"{abs(points):.0f} too {'high' if points > 0 else 'low'}" if abs(points) >= 0.5 else "as asked"
    return f"{measured:.0f} % · {off}"


def still(title: str, lvef: float | None, measured: bool) -> str:
    """Where a still comes from, and what is known of its heart."""
    if lvef is None:
        return f"{title}: its own LVEF is not known; set it, or leave it out, and no clip is the factual one."
    return f"{title}: its own LVEF is {lvef:.0f} %{', measured' if measured else ''}; the clip at that LVEF is the factual one."


def compared(clips: int, seconds: float, draws: int) -> str:
    kept = "" if draws == 1 else f" Each is the nearest of {draws} draws."
    return f"{clips} clip{'s' * (clips > 1)} in {seconds:.1f} s, each measured back.{kept}"


def status(sentence: str, kind: str = "note") -> str:
    """The status line. `kind` is note, busy, done or error; the sentence may hold anything and is escaped."""
    return f'<div class="status-line" role="status" data-kind="{kind}">{escape(sentence)}</div>'
