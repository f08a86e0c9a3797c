"""The command line: the same engine without a browser. What is slow to load is loaded by the command that needs it."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from engine import conditions as requests
from engine.anatomy import presets
from engine.anatomy.drawing import Drawing, drawing_from_json, preset_drawing, write_drawing
from engine.anatomy.heart import heart_from_json, read_document
from engine.anatomy.labels import View
from engine.cards import CARDS, load
from engine.cards import card as card_of
from engine.errors import BadInput
from engine.media.read import read_label_maps
from engine.media.write import CLIP_ENDINGS, LABEL_ENDINGS, ending_of, write_clip, write_label_maps
from engine.phantom.population import LOOKS
from engine.types import Conditions, ModelCard, Settings, Step
from studio.address import listen, url
from studio.session import beyond, conditions_of, frames_of
from studio.text import unheard

app = typer.Typer(
    name="echo-studio",
    help="Draw a heart and turn it into a beating echo clip. Without a command, the studio opens in the browser.",
    epilog="Clips come from simulation-trained models: for research and teaching, not for diagnosis.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=False,
)

HeartFile = Annotated[Path | None, typer.Option("--heart", help="A heart JSON file, from 'heart' or the studio.")]
Lvef = Annotated[float | None, typer.Option(help="Ejection fraction in percent, 5 to 85; by default the drawing's.")]
Rate = Annotated[float | None, typer.Option(help="Beats a minute, 30 to 200; by default the drawing's.")]
Length = Annotated[int | None, typer.Option(help="Frames of the clip, where the model leaves a choice.")]
Fps = Annotated[float | None, typer.Option(help="Frames a second, 5 to 120; by default one beat fills the clip.")]
Start = Annotated[float | None, typer.Option(help="Share of the beat where the clip begins, 0 (ED) to 1.")]
Steps = Annotated[int | None, typer.Option(help="Sampler steps; more is slower and finer. By default the model's.")]
Guidance = Annotated[
    float | None, typer.Option(help="How strongly the conditions count: 0 not at all, 1 as learned, more exaggerates.")
]
SamplerName = Annotated[str | None, typer.Option(help="One of the model's samplers, as 'models --json' lists them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of plain lines.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets the whole network in.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on, 1 to 65535.")]


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """A command that ends in one sentence on stderr: exit code 2 for a BadInput, 1 for a fault of ours, 130 for Ctrl+C."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except BadInput as error:
            print(error, file=sys.stderr)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except typer.Exit:
            raise
        except Exception as error:
            print(f"Something went wrong inside ({type(error).__name__}: {error}); please report it.", file=sys.stderr)
            raise typer.Exit(1) from None

    return run


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        serve()


@app.command(epilog="Example: echo-studio serve --port 8080")
@plainly
def serve(host: Host = "127.0.0.1", port: Port = 7860) -> None:
    """Start the studio, print its address and open it in the browser."""
    sock = listen(host, port)
    print(f"Echo Studio is at {url(host, port)} (Ctrl+C ends it)", flush=True)

    from studio.server import serve as run

    run(sock, host, url(host, port))


@app.command(epilog="Example: echo-studio models --json")
@plainly
def models(as_json: AsJson = False) -> None:
    """List the models: what each needs, listens to and learned from."""
    if as_json:
        cards = [asdict(card) for card in CARDS.values()]
        print(json.dumps(cards, indent=1, default=sorted))
        return
    for card in CARDS.values():
        print(f"{card.name}: {card.title}")
        print(f"  {card.summary}")
        print(f"  learned from: {card.trained_on}")
        print(f"  needs {_listed(card.requires)}; listens to {_listed(card.accepts)}\n")


@app.command(epilog="Example: echo-studio heart dilated --view A2C --out heart.json")
@plainly
def heart(
    name: Annotated[str, typer.Argument(metavar="PRESET", help=f"One of {', '.join(presets.PRESETS)}.")],
    out: Annotated[Path, typer.Option(help="The JSON file to write.")],
    view: Annotated[str, typer.Option(help="A4C (four-chamber) or A2C (two-chamber).")] = "A4C",
) -> None:
    """Write a ready-made drawing as a JSON file, to draw on in the studio or to generate from."""
    drawn = preset_drawing(name, _view(view))
    writable_ending(out, (".json",))
    try:
        write_drawing(drawn, out)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written ({error.strerror}); choose a folder that is there and yours."
        ) from None
    print(out)


@app.command(
    epilog="Example: echo-studio phantom --heart heart.json --lvef 55 --seed 1 --out clip.nii.gz --labels-out labels.nii.gz"
)
@plainly
def phantom(
    heart: Annotated[Path, typer.Option(help="A heart JSON file, from 'heart' or the studio.")],
    out: Annotated[Path, typer.Option(help="The clip to write: .mp4 .gif .nii.gz .npz or .png.")],
    lvef: Lvef = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same speckle; 0 or more.")] = 1,
    look: Annotated[str, typer.Option(help="Which recordings to resemble: echonet or camus.")] = "echonet",
    heart_rate: Rate = None,
    frames: Length = None,
    fps: Fps = None,
    start: Start = None,
    labels_out: Annotated[
        Path | None, typer.Option(help="Every frame's exact label map: .nii.gz .npz or .png.")
    ] = None,
) -> None:
    """Simulate an ultrasound clip of a heart, with the exact label map of every frame; needs no weights."""
    if look not in LOOKS:
        raise BadInput(f"The look {look!r} is unknown; choose one of {', '.join(LOOKS)}.")
    card = card_of("phantom")
    drawn = _drawing(heart)
    conditions = _conditions(card, drawn, None, lvef, None, heart_rate, fps, start)
    settings = _settings(card, _frames(card, drawn, frames), None, None, None, seed, 1)
    requests.check(card, conditions, settings)
    writable_ending(out, CLIP_ENDINGS)
    if labels_out is not None:
        writable_ending(labels_out, LABEL_ENDINGS)
    from engine.pipelines.phantom import SCAN

    (clip,) = load("phantom").generate(conditions, settings, scan=replace(SCAN, look=look))
    print(write_clip(clip, out))
    if labels_out is not None:
        print(write_label_maps(clip.label_maps, clip.fps, clip.mm_per_pixel, labels_out))


@app.command(epilog="Example: echo-studio generate semantic-video --heart heart.json --lvef 35 --seed 7 --out clip.mp4")
@plainly
def generate(
    model: Annotated[str, typer.Argument(help="Name of the model; 'echo-studio models' lists them.")],
    out: Annotated[Path, typer.Option(help="The clip to write: .mp4 .gif .nii.gz .npz or .png.")],
    heart: HeartFile = None,
    labels: Annotated[
        Path | None, typer.Option(help="An ED label map in place of a heart: .nii.gz .npz or .png.")
    ] = None,
    lvef: Lvef = None,
    view: Annotated[str | None, typer.Option(help="A4C or A2C; by default the drawing's own.")] = None,
    heart_rate: Rate = None,
    frames: Length = None,
    fps: Fps = None,
    start: Start = None,
    steps: Steps = None,
    guidance: Guidance = None,
    sampler: SamplerName = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same clip; 0 or more.")] = 0,
    count: Annotated[
        int, typer.Option(help="Clips to make, 1 to 64, with seed, seed + 1, ...; files are numbered.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Generate clips with a trained model from a drawn heart or a label map."""
    card = card_of(model)
    if heart is not None and labels is not None:
        raise BadInput("Both --heart and --labels were given; a clip is made from one of them, so leave the other out.")
    drawn = _drawing(heart)
    conditions = _conditions(card, drawn, labels, lvef, view, heart_rate, fps, start)
    settings = _settings(card, _frames(card, drawn, frames), steps, guidance, sampler, seed, count)
    requests.check(card, conditions, settings)  # before seconds go into loading the model
    paths = numbered(out, count)
    for sentence in () if drawn is None else unheard(card, beyond(drawn)):
        print(sentence, file=sys.stderr)
    began = time.monotonic()
    clips = load(model).generate(conditions, settings, _report(began))
    for clip, path in zip(clips, paths, strict=True):
        write_clip(clip, path)
    if as_json:
        made = [{"path": str(path), **asdict(clip.provenance)} for clip, path in zip(clips, paths, strict=True)]
        print(json.dumps({"seconds": round(time.monotonic() - began, 3), "clips": made}, indent=1))
    else:
        print(*paths, sep="\n")


@app.command(
    epilog="Example: echo-studio counterfactual recording.mp4 --frame 12 --lvef 20 --lvef 40 --lvef 60 --out clip.mp4"
)
@plainly
def counterfactual(
    still: Annotated[
        Path, typer.Argument(help="A picture or clip in any format that opens here, or a drawing (.json).")
    ],
    lvef: Annotated[list[float], typer.Option(help="Ejection fraction in percent, 5 to 85; once for each clip.")],
    out: Annotated[Path, typer.Option(help="The clips to write: .mp4 .gif .nii.gz .npz or .png, named by their LVEF.")],
    frame: Annotated[int, typer.Option(help="Frame of the clip that is the still, from 1.")] = 1,
    heart_rate: Annotated[float | None, typer.Option(help="Beats a minute, 30 to 200; else the model chooses.")] = None,
    quality: Annotated[float | None, typer.Option(help="Image quality, 0 to 1; else as in the still.")] = None,
    model: Annotated[str | None, typer.Option(help="A cascade; by default that of two stages.")] = None,
    best_of: Annotated[
        int, typer.Option(help="Keep of so many draws the one whose LVEF measures nearest; the clip's record says so.")
    ] = 1,
    steps: Steps = None,
    guidance: Guidance = None,
    sampler: SamplerName = None,
    seed: Annotated[int, typer.Option(help="The same noise for every LVEF; 0 or more.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Let one heart, from a still, beat at several LVEFs, and measure each clip back."""
    from studio import comparing
    from studio import counterfactual as logic

    ending = writable_ending(out, CLIP_ENDINGS)
    source = logic.from_drawing(_drawing(still)) if still.suffix.lower() == ".json" else comparing.from_file(str(still))
    if not 1 <= frame <= len(source.clip.frames):
        raise BadInput(f"The frame is {frame}; {still.name} has frames 1 to {len(source.clip.frames)}.")
    given = {"steps": steps, "guidance_scale": guidance, "sampler": sampler}
    asked = logic.request(
        source, frame - 1, model or logic.usual_model(), lvef, None, heart_rate, quality, seed, best_of,
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip
    began = time.monotonic()
    rows = []
    for made in comparing.compare(asked, load(asked.model), _report(began)):
        path = out.with_name(f"{out.name[: -len(ending)]}-lvef{made.asked:g}{ending}")
        rows.append({"path": str(write_clip(made.clip, path)), **comparing.row(made)})
        if not as_json:
            told = ", ".join(f"{each['name']} {each['words']}" for each in comparing.verdicts(made))
            print(f"{path}: asked {made.asked:g} %, {told}")
    if as_json:
        print(json.dumps({"seconds": round(time.monotonic() - began, 3), "clips": rows}, indent=1))


@app.command(epilog="Example: echo-studio measure clip.mp4 --labels labels.nii.gz --plot beat.png")
@plainly
def measure(
    clips: Annotated[
        list[Path], typer.Argument(metavar="CLIP...", help="Clips in any format that opens here, or folders of them.")
    ],
    labels: Annotated[
        Path | None,
        typer.Option(help="Label maps that one clip should show: .nii.gz .npz or .png; one a frame, or one."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="A figure to write, .png .pdf or .svg: of one clip its beat, of many LVEF asked for and measured."
        ),
    ] = None,
    real: Annotated[
        Path | None, typer.Option(help="A folder of real clips: distances (FID, FVD) with their floor.")
    ] = None,
    inception: Annotated[Path | None, typer.Option(help="With --real: Inception's TorchScript file, for FID.")] = None,
    i3d: Annotated[Path | None, typer.Option(help="With --real: I3D's TorchScript file, for FVD.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure clips: LVEF by two routes, LV curve, heart rate, grey levels, Dice, and distance from real clips.

    The measuring networks learned from simulated ultrasound alone: their figures hold for simulated and generated clips,
    are rough on patients' recordings, and are not for diagnosis.
    """
    from studio.measuring import measure as run

    answer = run(clips, labels, plot, real, inception, i3d)
    print(json.dumps(answer.document, indent=1, allow_nan=False) if as_json else answer.text)


def numbered(out: Path, count: int) -> list[Path]:
    """`out` itself for one clip, else clip-1.mp4, clip-2.mp4, ... Raises BadInput on an ending that is no clip's."""
    ending = writable_ending(out, CLIP_ENDINGS)
    stem = out.name[: -len(ending)]
    return [out] if count == 1 else [out.with_name(f"{stem}-{i}{ending}") for i in range(1, count + 1)]


def writable_ending(out: Path, known: tuple[str, ...]) -> str:
    """The ending of a file to be written. Raises BadInput on one that is not known, or a folder that is not there."""
    found = ending_of(out, known)
    if not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent} to write {out.name} into; make it first or choose another.")
    return out.name[-len(found) :]


def _drawing(path: Path | None) -> Drawing | None:
    """The drawing of a file; one of a heart alone asks for no LVEF."""
    if path is None:
        return None
    document = read_document(path)
    return drawing_from_json(document, Drawing(heart_from_json(document), lvef=None))


def _conditions(
    card: ModelCard,
    drawn: Drawing | None,
    labels: Path | None,
    lvef: float | None,
    view: str | None,
    heart_rate: float | None,
    fps: float | None,
    start: float | None,
) -> Conditions:
    """What the options ask for, else what the drawing does of what the model listens to: its heart, or a still of it."""
    maps, spacing = (None, None) if labels is None else read_label_maps(labels)
    asked = {
        "view": None if view is None else _view(view),
        "lvef": lvef,
        "heart_rate": heart_rate,
        "fps": fps,
        "start": start,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if drawn is not None:
        return replace(conditions_of(drawn, card), **given)
    return Conditions(label_maps=None if maps is None else maps[:1], mm_per_pixel=spacing, **given)


def _frames(card: ModelCard, drawn: Drawing | None, frames: int | None) -> int:
    """How many frames: what the option asks for, else the drawing where the model leaves a choice, else the model."""
    if frames is not None:
        return frames
    return card.frames if drawn is None else frames_of(drawn, card)


def _settings(
    card: ModelCard,
    frames: int,
    steps: int | None,
    guidance: float | None,
    sampler: str | None,
    seed: int,
    count: int,
) -> Settings:
    """The card's defaults with what was chosen. Raises BadInput on a choice that the model does not have."""
    if not 1 <= count <= requests.SEEDS:  # before a list of that length is made
        raise BadInput(f"{count} clips were asked for; 1 to {requests.SEEDS} at a time is wanted.")
    choices = {"steps": (steps, card.steps), "guidance": (guidance, card.guidance), "sampler": (sampler, card.samplers)}
    for name, (value, offered) in choices.items():
        if value is not None and not offered:
            raise BadInput(f"{card.name} has no {name} to choose; leave --{name} out.")
    named = {"steps": steps, "guidance_scale": guidance, "sampler": sampler}
    chosen = {name: value for name, value in named.items() if value is not None}
    return replace(card.defaults(tuple(range(seed, seed + count))), frames=frames, **chosen)


def _view(name: str) -> View:
    if name.upper() not in get_args(View):
        raise BadInput(f"The view {name!r} is unknown; use one of {', '.join(get_args(View))}.")
    return cast(View, name.upper())


def _report(began: float) -> Callable[[Step], None]:
    """Steps and the time left on stderr: one line that rewrites itself on a terminal, one line a step elsewhere."""
    start, end = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")

    def on_step(step: Step) -> None:
        left = (time.monotonic() - began) / step.index * (step.total - step.index)
        print(f"{start}step {step.index} of {step.total}, {left:.1f} s left", end=end, file=sys.stderr, flush=True)
        if step.index == step.total and not end:
            print(file=sys.stderr)

    return on_step


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)).replace("|", " or ") or "nothing"


if __name__ == "__main__":
    app()
