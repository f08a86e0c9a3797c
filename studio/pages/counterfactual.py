"""The counterfactual page: one still, one noise seed, and a clip for each LVEF, measured back."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from engine.anatomy import drawing
from engine.cards import card
from engine.errors import BadInput
from engine.types import Clip
from studio import counterfactual as logic
from studio import exports, text
from studio.components.comparison import Comparison
from studio.components.numbers import Number, OptionalSlider, Slider, keep_empty_js, within_js
from studio.counterfactual import DRAWS, LVEFS, MODELS, Request, Source
from studio.jobs import Job, Progress
from studio.pages.form import DIRECT, Form, Updates, plainly
from studio.pages.generate import playable, shown
from studio.pages.running import Running
from studio.session import SEED
from studio.sheets import inline

if TYPE_CHECKING:
    from studio.comparing import Made

ASKED = (20.0, 35.0, 50.0, 65.0)
"""percent, at first"""


@dataclass(frozen=True)
class Page:
    """The page's components."""

    from_drawing: gr.Button
    from_clip: gr.Button
    from_file: gr.UploadButton
    frame: Slider
    picture: gr.HTML
    own: OptionalSlider
    lvefs: tuple[OptionalSlider, ...]
    heart_rate: OptionalSlider
    quality: OptionalSlider
    model: gr.Dropdown
    draws: Slider
    seed: Number
    new_seed: gr.Button
    steps: Slider
    guidance_scale: Slider
    sampler: gr.Dropdown
    compare: gr.Button
    cancel: gr.Button
    status: gr.HTML
    comparison: Comparison
    mp4: gr.DownloadButton
    nifti: gr.DownloadButton
    table: gr.DownloadButton
    source: gr.State
    """a `Source`, or None"""
    made: gr.State
    """the `Made` on the page, once they are whole"""

    def request(self) -> list[gr.components.Component]:
        """What `_asked` reads, in its order."""
        plain = (self.own, self.heart_rate, self.quality, self.seed, self.draws)
        sampled = (self.sampler, self.steps, self.guidance_scale)
        return [self.source, self.frame, self.model, *plain, *sampled, *self.lvefs]


def layout() -> Page:
    """Places the components where it is called; there must be a model to choose."""
    usual = card(logic.usual_model())
    with gr.Row(elem_id="counterfactual"):
        with gr.Column(elem_id="ask"):
            with gr.Row(elem_classes="tools"):
                from_drawing = gr.Button("Drawing", size="sm", elem_id="still-drawing")
                from_clip = gr.Button("Studio clip", size="sm", elem_id="still-clip")
                from_file = gr.UploadButton("Open file", size="sm", elem_id="still-file")
            picture = gr.HTML(_no_picture(), elem_id="still", apply_default_css=False)
            frame = Slider(1, 2, 1, step=1, label="Frame", visible=False, elem_id="still-frame", buttons=[])
            own = _optional("Own LVEF %", LVEFS, None, 1, "own-lvef")
            heart_rate = _optional("Beats/min", drawing.RATE, None, 1, "asked-rate")
            lvefs = tuple(
                _optional(f"LVEF {letter} %", LVEFS, value, 1, f"lvef-{letter.lower()}")
                for letter, value in zip("ABCD", ASKED, strict=True)
            )
            with gr.Accordion("More", open=False, elem_id="ask-more"):
                quality = _optional("Image quality", (0, 1), None, 0.05, "quality", text.QUALITY)
                draws = Slider(
                    *DRAWS, 1, step=1, label="Keep the best of", info=text.DRAWS, elem_id="draws", buttons=[]
                )
                model = gr.Dropdown(
                    [(found.title, name) for name, found in MODELS.items()],
                    value=usual.name,
                    label="Model",
                    elem_id="cascade",
                )
                with gr.Row(elem_classes="tools"):
                    seed = Number(1, label="Seed", precision=0, minimum=SEED[0], maximum=SEED[1], elem_id="ask-seed")
                    new_seed = gr.Button("New seed", size="sm", elem_id="ask-new-seed")
                low, default, high = usual.steps or (1, 1, 2)
                steps = Slider(
                    low, high, default, step=1, label="Steps", info=text.STEPS, elem_id="ask-steps", buttons=[]
                )
                low, default, high = usual.guidance or (0, 1, 2)
                guidance = Slider(
                    low,
                    high,
                    default,
                    step=0.1,
                    label="Guidance",
                    info=text.CASCADE_GUIDANCE,
                    elem_id="ask-guidance",
                    buttons=[],
                )
                sampler = gr.Dropdown(
                    list(usual.samplers),
                    value=usual.samplers[0],
                    label="Sampler",
                    info=text.SAMPLER,
                    elem_id="ask-sampler",
                )
            with gr.Row(elem_classes="tools"):
                compare = gr.Button("Compare", variant="primary", elem_id="compare", scale=2)
                cancel = gr.Button("Cancel", elem_id="ask-cancel", interactive=False)
            status = gr.HTML(text.status(text.COMPARE), elem_id="ask-status", apply_default_css=False)
        with gr.Column(elem_id="compared"):
            comparison = Comparison()
            with gr.Row(elem_classes="tools"):
                mp4 = gr.DownloadButton("Save MP4", size="sm", elem_id="compared-mp4", interactive=False)
                nifti = gr.DownloadButton("Save NIfTI", size="sm", elem_id="compared-nifti", interactive=False)
                table = gr.DownloadButton("Save table", size="sm", elem_id="compared-table", interactive=False)
    return Page(
        from_drawing, from_clip, from_file, frame, picture, own, lvefs, heart_rate, quality, model, draws, seed, new_seed,
        steps, guidance, sampler, compare, cancel, status, comparison, mp4, nifti, table, gr.State(None), gr.State(()),
    )  # fmt: skip


def connect(blocks: gr.Blocks, tab: gr.Tab, page: Page, form: Form, clips: gr.State) -> None:
    """Gives the components their behaviour; `tab` holds the page, `form` and `clips` are the drawing and the clips of the Studio."""
    running = Running(
        page.compare, page.cancel, page.status, page.comparison, page.made, [page.mp4, page.nifti, page.table]
    )

    def take(source: Source, frame: int = 0) -> Updates:
        """A new source on the page, with what is known of its heart."""
        frames = len(source.clip.frames)
        return {
            page.source: source,
            page.picture: _picture(source, frame),
            page.frame: Slider(1, max(frames, 2), frame + 1, visible=frames > 1),
            page.own: source.lvef and min(max(round(source.lvef), LVEFS[0]), LVEFS[1]),
            page.heart_rate: source.heart_rate,
            page.status: text.status(text.still(source.title, source.lvef, source.measured), "done"),
        }

    @plainly(page.status)
    def take_drawing(*values) -> Updates:
        return take(logic.from_drawing(form.read(*values).drawing))

    @plainly(page.status)
    def take_clip(made: tuple[Clip, ...]) -> Updates:
        if not made:
            raise BadInput(text.NO_CLIP)
        return take(logic.from_clip(made[0]))

    @plainly(page.status)
    def take_file(path: str) -> Updates:
        from studio.comparing import from_file  # torch is loaded by who needs it

        return take(from_file(path))

    @plainly(page.status)
    def choose_frame(source: Source | None, frame: int) -> Updates:
        return {page.picture: gr.skip() if source is None else _picture(source, int(frame) - 1)}

    @plainly(page.status)
    def choose_model(name: str) -> Updates:
        usual = card(name).defaults()
        return {page.steps: usual.steps, page.guidance_scale: usual.guidance_scale, page.sampler: usual.sampler}

    def compare(request: gr.Request, *values) -> Iterator[Updates]:
        try:
            asked = _asked(*values)
        except BadInput as error:
            yield {page.status: text.status(str(error), "error")}
            return
        from studio.comparing import compare as work

        job, screen = Job(asked.model, partial(work, asked)), Screen(asked)
        clips, draws = len(asked.lvefs), len(asked.settings.seeds)
        yield from running.stream(
            request.session_hash, job, screen.value, lambda seconds: text.compared(clips, seconds, draws)
        )

    def files(made: "tuple[Made, ...]") -> list[Path]:
        from studio.comparing import row

        kept = [one.clip for one in made]
        table = exports.write_table([row(one) for one in made])
        return [exports.write_videos(kept, ".mp4"), exports.write_volumes(kept), table]

    taken = [page.source, page.picture, page.frame, page.own, page.heart_rate, page.status]
    page.from_drawing.click(take_drawing, form.components(), taken, **DIRECT)
    page.from_clip.click(take_clip, clips, taken, **DIRECT)
    page.from_file.upload(take_file, page.from_file, taken, **DIRECT)
    page.frame.release(choose_frame, [page.source, page.frame], [page.picture, page.status], **DIRECT)
    sampled = [page.steps, page.guidance_scale, page.sampler]
    page.model.input(choose_model, page.model, [*sampled, page.status], **DIRECT)
    running.connect(blocks, compare, page.request(), files)
    page.seed.blur(None, page.seed, page.seed, js=within_js(*SEED, 1), **DIRECT)
    page.new_seed.click(None, None, page.seed, js="() => Math.floor(Math.random() * 1e6)", **DIRECT)
    unknown = [page.own, page.heart_rate, page.quality]
    blocks.load(None, None, unknown, js="() => [null, null, null]", **DIRECT)
    for box in (*unknown, *page.lvefs):
        tab.select(None, None, None, js=keep_empty_js(box.elem_id), **DIRECT)


class Screen:
    """The comparison's values during one job: every clip has its place from the start, the one being made shows its preview."""

    def __init__(self, asked: Request):
        self._asked, self._doc, self._rev = asked, uuid.uuid4().hex, 0
        self._clips = [_waiting(lvef) for lvef in asked.lvefs]
        self._done = 0

    def value(self, progress: Progress) -> dict[str, Any]:
        self._rev += 1
        for made in progress.results[self._done :]:
            self._clips[self._done] = _measured(made)
            self._done += 1
        if progress.preview is not None and self._done < len(self._clips):
            rate = card(self._asked.model).fps or 1.0
            waiting = _waiting(self._asked.lvefs[self._done])
            self._clips[self._done] = {**waiting, **shown(progress.preview, rate, waiting["title"], ".jpg")}
        whole = self._clips[: self._done] if progress.status in ("cancelled", "failed") else self._clips
        own = self._asked.factual
        return {
            "doc": self._doc,
            "rev": self._rev,
            "status": {"waiting": "running", "loading": "running"}.get(progress.status, progress.status),
            "step": progress.step,
            "steps": progress.steps,
            "seconds_left": progress.seconds_left,
            "factual": None if own is None else f"clip-{self._asked.lvefs.index(own)}",
            "clips": [{**clip, "id": f"clip-{i}"} for i, clip in enumerate(whole)],
        }


def _waiting(lvef: float) -> dict[str, Any]:
    """A clip that is still to be made."""
    known = {"title": f"LVEF {lvef:g} %", "wanted": lvef, "preview": True, "sprite": None}
    return {**known, "measured": None, "volumes": None, "mm_per_pixel": None, "note": ""}


def _measured(made: "Made") -> dict[str, Any]:
    from studio.comparing import best_of, verdicts, volumes

    draws = best_of(made)
    return {
        **playable(made.clip),
        "title": f"LVEF {made.asked:g} %",
        "mm_per_pixel": [float(v) for v in made.clip.mm_per_pixel] if made.reading.in_mm else None,
        "wanted": made.asked,
        "measured": verdicts(made),
        "volumes": volumes(made),
        "note": f"best of {draws}" if draws > 1 else "",
    }


def _asked(
    source: Source | None, frame: int, model: str, own: float | None, rate: float | None, quality: float | None, seed: int,
    draws: int, sampler: str, steps: int, guidance_scale: float, *lvefs: float | None,
) -> Request:  # fmt: skip
    sampled = {"sampler": sampler, "steps": int(steps), "guidance_scale": float(guidance_scale)}
    return logic.request(source, int(frame) - 1, model, lvefs, own, rate, quality, int(seed), int(draws), **sampled)


def _optional(
    label: str, limits: tuple[float, float], value: float | None, step: float, elem_id: str, info: str | None = None
) -> OptionalSlider:
    return OptionalSlider(*limits, value, step=step, label=label, info=info, elem_id=elem_id, buttons=[])


def _picture(source: Source, frame: int) -> str:
    alt = f"Still: frame {frame + 1} of {source.title}"
    return f'<img src="{inline(logic.shown(source, frame))}" alt="{text.escape(alt)}">'


def _no_picture() -> str:
    return f"<p>{text.escape(text.NO_STILL)}</p>"
