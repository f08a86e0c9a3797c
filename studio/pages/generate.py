"""Generating: the model's controls, the running job in the player, and the files to take away."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from engine.anatomy import cycle, drawing
from engine.anatomy.labels import Frames
from engine.cards import CARDS
from engine.errors import BadInput
from engine.media.sheets import columns_of, sheet
from engine.types import Clip, Provenance
from studio import autosave, exports, text
from studio.components.cine_player import CinePlayer
from studio.components.colours import paint
from studio.components.numbers import Number, OptionalSlider, Slider, within_js
from studio.guard import COOKIE
from studio.jobs import Job, Progress
from studio.pages.form import DIRECT, Form, Updates, plainly
from studio.pages.running import Running
from studio.session import (
    COUNT,
    DEFAULT_MODEL,
    SEED,
    Session,
    beyond,
    conditions,
    frames_of,
    settings,
    start,
    with_model,
)
from studio.sheets import publish

# On a tablet the player may be below the fold.
_LOOK = "() => document.querySelector('#player').scrollIntoView({block: 'nearest', behavior: 'smooth'})"


@dataclass(frozen=True)
class Controls:
    """What stands beside the drawing, apart from the form itself."""

    new_seed: gr.Button
    generate: gr.Button
    cancel: gr.Button
    status: gr.HTML


@dataclass(frozen=True)
class Viewer:
    """The player and what can be saved from it."""

    player: CinePlayer
    mp4: gr.DownloadButton
    gif: gr.DownloadButton
    nifti: gr.DownloadButton
    clips: gr.State
    """the clips in the player, once they are whole"""

    def downloads(self) -> list[gr.DownloadButton]:
        return [self.mp4, self.gif, self.nifti]


def layout_settings() -> tuple[dict[str, Any], Controls]:
    """Places the settings; gives the form's components by name, and the buttons."""
    session = start()
    card = session.card
    drawn = session.drawing
    lvef = OptionalSlider(*cycle.LVEF_RANGE, drawn.lvef, step=0.1, label="LVEF (%)", elem_id="lvef", buttons=[])
    heart_rate = Slider(
        *drawing.RATE, drawn.heart_rate, step=1, label="Heart rate (beats/min)", elem_id="heart-rate", buttons=[]
    )
    model = gr.Dropdown(
        [(card.title, name) for name, card in CARDS.items()], value=DEFAULT_MODEL, label="Model", elem_id="model"
    )
    with gr.Row(elem_classes="tools"):
        seed = Number(session.seed, label="Seed", precision=0, minimum=SEED[0], maximum=SEED[1], elem_id="seed")
        new_seed = gr.Button("New seed", size="sm", elem_id="new-seed")
    count = Slider(*COUNT, session.count, step=1, label="Clips", elem_id="count", buttons=[])
    with gr.Row(elem_classes="tools"):
        generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=2)
        cancel = gr.Button("Cancel", elem_id="cancel", interactive=False)
    status = gr.HTML(text.status(text.READY), elem_id="status", apply_default_css=False)
    with gr.Accordion("Time", open=False, elem_id="time"):
        frames = Slider(*drawing.FRAMES, drawn.frames, step=1, label="Frames", elem_id="frames", buttons=[])
        fps = OptionalSlider(
            *drawing.FPS, drawn.fps, step=1, label="Frames a second", info=text.FPS, elem_id="fps", buttons=[]
        )
        begin = Slider(0, 1, drawn.start, step=0.005, label="First frame", info=text.START, elem_id="start", buttons=[])
    with gr.Accordion("Sampling", open=False, elem_id="sampling") as sampling:
        low, usual, high = card.steps or (1, 1, 2)
        steps = Slider(
            low,
            high,
            usual,
            step=1,
            label="Steps",
            info=text.STEPS,
            visible=card.steps is not None,
            elem_id="steps",
            buttons=[],
        )
        low, usual, high = card.guidance or (0.0, 1.0, 2.0)
        guidance_scale = Slider(
            low,
            high,
            usual,
            step=0.1,
            label="Guidance",
            info=text.GUIDANCE,
            visible=card.guidance is not None,
            elem_id="guidance",
            buttons=[],
        )
        sampler = gr.Dropdown(
            list(card.samplers),
            value=session.sampler or None,
            label="Sampler",
            info=text.SAMPLER,
            visible=len(card.samplers) > 1,
            elem_id="sampler",
        )
    parts = {
        "lvef": lvef,
        "heart_rate": heart_rate,
        "frames": frames,
        "fps": fps,
        "start": begin,
        "model": model,
        "sampler": sampler,
        "steps": steps,
        "guidance_scale": guidance_scale,
        "seed": seed,
        "count": count,
        "sampling": sampling,
    }
    return parts, Controls(new_seed, generate, cancel, status)


def layout_viewer() -> Viewer:
    """Places the player and the downloads."""
    player = CinePlayer()
    with gr.Row(elem_classes="tools"):
        mp4 = gr.DownloadButton("Save MP4", size="sm", elem_id="export-mp4", interactive=False)
        gif = gr.DownloadButton("Save GIF", size="sm", elem_id="export-gif", interactive=False)
        nifti = gr.DownloadButton("Save NIfTI", size="sm", elem_id="export-nifti", interactive=False)
    return Viewer(player, mp4, gif, nifti, gr.State(()))


def connect(blocks: gr.Blocks, form: Form, controls: Controls, viewer: Viewer) -> None:
    """Gives the components their behaviour."""
    status = controls.status
    running = Running(controls.generate, controls.cancel, status, viewer.player, viewer.clips, viewer.downloads())

    @plainly(status)
    def choose_model(request: gr.Request, *values) -> Updates:
        session = form.read(*values)
        session = with_model(session, session.model)
        # Here, and not on the model's change as all else: its settings follow a moment later, and half of one is not worth
        # keeping.
        autosave.save(request.cookies.get(COOKIE, ""), session)
        return {**form.show_model(session), status: text.status(text.chosen(session.card))}

    def generate(request: gr.Request, shown: dict[str, Any], *values) -> Iterator[Updates]:
        try:
            session = form.read(*values)
            asked, how = conditions(session), settings(session)
        except BadInput as error:
            yield {status: text.status(str(error), "error")}
            return
        job = Job(session.model, lambda pipeline, on_step: pipeline.generate(asked, how, on_step))
        screen = Screen(_fps(session), before=shown["clips"])
        drawn = beyond(session.drawing)
        yield from running.stream(
            request.session_hash, job, screen.value, lambda seconds: text.done(session.card, how.seeds, seconds, drawn)
        )

    def files(clips: tuple[Clip, ...]) -> list[Path]:
        return [exports.write_videos(clips, ".mp4"), exports.write_videos(clips, ".gif"), exports.write_volumes(clips)]

    form.model.input(choose_model, form.components(), [*form.shaped(), status], **DIRECT)
    # Before the generation, for gradio runs what a click sets off one after the other.
    controls.generate.click(None, None, None, js=_LOOK, **DIRECT)
    running.connect(blocks, generate, [viewer.player, *form.components()], files)
    form.seed.blur(None, form.seed, form.seed, js=within_js(*SEED, start().seed), **DIRECT)
    controls.new_seed.click(None, None, form.seed, js="() => Math.floor(Math.random() * 1e6)", **DIRECT)


def _fps(session: Session) -> float:
    """Frames a second of the clips to come: the model's own, one beat, or what was asked of a model that leaves it to choose."""
    drawn = session.drawing
    if session.card.fps:
        return session.card.fps
    one_beat = drawn.heart_rate / 60 * frames_of(drawn, session.card)
    return drawn.fps if drawn.fps and "fps" in session.card.accepts else one_beat


class Screen:
    """The player's values during one job: what was there before stays until there is something newer.

    A clip's id names its place in the player and not its pictures, so that each picture takes the place of the last.
    """

    def __init__(self, fps: float, before: list[dict[str, Any]]):
        self._doc, self._rev = uuid.uuid4().hex, 0
        self._fps = fps  # of previews
        self._before = before
        self._clips = before

    def value(self, progress: Progress) -> dict[str, Any]:
        self._rev += 1
        if progress.status == "done":
            self._clips = [playable(clip) for clip in progress.results]
        elif progress.status in ("cancelled", "failed"):
            self._clips = self._before
        elif progress.preview is not None:
            self._clips = [_preview(progress, self._fps)]
        return {
            "doc": self._doc,
            "rev": self._rev,
            "status": {"waiting": "running", "loading": "running"}.get(progress.status, progress.status),
            "message": "",  # the status line says it
            "step": progress.step,
            "steps": progress.steps,
            "seconds_left": progress.seconds_left,
            "clips": [{**clip, "id": f"clip-{i}"} for i, clip in enumerate(self._clips)],
        }


def _preview(progress: Progress, fps: float) -> dict[str, Any]:
    return {**shown(progress.preview, fps, "", ".jpg"), "masks": None, "preview": True}


def playable(clip: Clip) -> dict[str, Any]:
    """A whole clip as the player takes it."""
    pictures = shown(clip.frames, clip.fps, _title(clip.provenance), ".png")
    masks = None
    if clip.label_maps is not None:
        masks = publish(sheet(paint(clip.label_maps, alpha=80), pictures["columns"]), ".png")
    return {**pictures, "masks": masks, "preview": False}


def _title(made: Provenance) -> str:
    return text.clip(CARDS[made.model].title, made.conditions.get("lvef"), made.conditions.get("view"), made.seed)


def shown(frames: Frames, fps: float, title: str, ending: str) -> dict[str, Any]:
    """Frames as a player takes them, their sheet written where the server shows it."""
    t, height, width = frames.shape
    columns = columns_of(t)
    return {
        "title": title,
        "sprite": publish(sheet(frames, columns), ending),
        "columns": columns,
        "frames": t,
        "height": height,
        "width": width,
        "fps": float(fps),
    }
