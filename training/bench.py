"""Measures what a user notices: how soon a clip plays, how much memory that takes, how well it shows the drawn heart.

`python -m training.bench` prints every figure beside its aim and judges nothing. The hearts are ones that no network
has seen; what a generated clip shows is read by the frozen segmenter, whose reading of the phantom's own clips of the
same hearts is the ceiling.
"""

import json
import os
import platform
import re
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from jaxtyping import Float, UInt8
from tqdm import tqdm

import engine
from engine.anatomy import contours, cycle
from engine.anatomy.check import warnings
from engine.anatomy.labels import NAMES, Frames, LabelMap
from engine.cards import CARDS
from engine.errors import BadInput
from engine.measures.adherence import STRUCTURES, Adherence, adherence, area_curve, area_fall, first_dice, lvef
from engine.measures.agreement import mean_absolute_error, r_squared
from engine.measures.estimates import Estimate, bootstrap
from engine.measures.segmenter import segment
from engine.phantom.population import Subject, draw_subject
from engine.phantom.simulate import simulate
from engine.pipelines.cascaded_edm import CascadedEdm
from engine.shipped import find
from training import export
from training.data.phantom import HELD_OUT

MODEL = "semantic-video"
CASCADES = {"cascaded-1scm": "<= 1.5", "cascaded-2scm": "<= 6", "cascaded-4scm": ""}
"""and the seconds in which they should make a clip"""
CLICKS = 5
"""timed after one to warm up"""
SHOWN = 8
"""hearts on the contact sheet"""
USUAL_LVEF = 55.0
"""percent, asked of every heart where the hearts' own are too spread to say how far a wall should move"""

Changes = Mapping[str, Any]
"""New values of fields, by name."""


@dataclass(frozen=True)
class Figure:
    """One line of the first table."""

    what: str
    value: float
    unit: str
    aim: str


@dataclass(frozen=True, eq=False)
class Reading:
    """One clip of each heart, and what the segmenter sees in it."""

    clips: list[Frames]
    answers: list[LabelMap]
    drawn: list[UInt8[np.ndarray, "h w"]]
    lvef: Float[np.ndarray, "n 2"]
    """percent: drawn for the subject, measured in the clip"""

    def adherence(self) -> Adherence:
        return adherence(self.clips, self.drawn, self.answers)


def describe_machine() -> str:
    """Cores, processor, threads and load: without them seconds mean little."""
    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    cores, load = os.cpu_count(), os.getloadavg()[0]
    name = named[1] if named else platform.processor() or platform.machine()
    return f"{cores} cores, {name}, {torch.get_num_threads()} torch threads, load {load:.1f} at the start"


def draw_hearts(count: int) -> list[Subject]:
    """The first held-out subjects about whose hearts there is nothing to warn a user of."""
    found, seed = [], HELD_OUT
    while len(found) < count:
        subject = draw_subject(seed)
        seed += 1
        if not warnings(subject.heart):
            found.append(subject)
    return found


def conditions_of(subject: Subject) -> engine.Conditions:
    return engine.Conditions(heart=subject.heart, lvef=subject.lvef, view=subject.heart.view)


def make_sprite(frames: Frames) -> bytes:
    """All frames side by side in one PNG, as the browser's player gets them."""
    return cv2.imencode(".png", np.concatenate(list(frames), axis=1), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def time_click(model: str, subject: Subject) -> float:
    """Median seconds from a click on Generate to a clip that can be played, the model being loaded."""
    pipeline = engine.load(model)
    seconds = []
    for seed in range(CLICKS + 1):
        start = time.perf_counter()
        (clip,) = pipeline.generate(conditions_of(subject), pipeline.card.defaults(seeds=(seed,)), lambda step: None)
        make_sprite(clip.frames)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:]))


def time_cascade(model: str, subject: Subject, aim: str) -> list[Figure]:
    """Seconds from a still to a clip at the default steps, the network's evaluations on the way, and seconds for each of them."""
    pipeline = engine.load(model)
    assert isinstance(pipeline, CascadedEdm)
    still = simulate([subject.exam()], 2, 112)[0]
    asked = engine.Conditions(reference=still.frames[:1], mm_per_pixel=still.mm_per_pixel, lvef=subject.lvef)
    evaluations: list[str] = []
    hooks = [
        network.register_forward_pre_hook(lambda *_: evaluations.append(""))
        for _, network in pipeline.stages
        if isinstance(network, torch.nn.Module)
    ]
    seconds = []
    for seed in range(1 + CLICKS // 2):
        evaluations.clear()
        start = time.perf_counter()
        pipeline.generate(asked, pipeline.card.defaults(seeds=(seed,)))
        seconds.append(time.perf_counter() - start)
    for hook in hooks:
        hook.remove()
    took = float(np.median(seconds[1:]))
    return [
        Figure(f"{model}, still to {pipeline.card.frames} frames", took, "s", aim),
        Figure("    network evaluations", len(evaluations), "", ""),
        Figure("    seconds an evaluation", took / len(evaluations), "s", ""),
    ]


def simulate_all(subjects: Sequence[Subject], size: int) -> list[Frames]:
    """One phantom clip of each subject, as each was scanned."""
    return [simulate([s.exam()], 16, size)[0].frames for s in tqdm(subjects, desc="phantom", unit="clip")]


def generate_all(
    subjects: Sequence[Subject], conditions: Changes | None = None, settings: Changes | None = None
) -> list[Frames]:
    """One clip of each subject from the model, with these changes to the subject's conditions and the default settings."""
    pipeline = engine.load(MODEL)
    clips = []
    for subject in tqdm(subjects, desc=MODEL, unit="clip"):
        told = replace(conditions_of(subject), **(conditions or {}))
        how = replace(pipeline.card.defaults(seeds=(subject.seed,)), **(settings or {}))
        clips.append(pipeline.generate(told, how, lambda step: None)[0].frames)
    return clips


def read(clips: list[Frames], subjects: Sequence[Subject]) -> Reading:
    """What the segmenter sees in one clip of each subject."""
    size = clips[0].shape[1]
    answers = [segment(clip) for clip in tqdm(clips, desc="segmenter", unit="clip")]
    drawn = [contours.label_map(s.heart, s.heart.sector.grid(size)) for s in subjects]
    measured = [lvef(answer, s.heart.sector, s.heart.view) for answer, s in zip(answers, subjects, strict=True)]
    return Reading(clips, answers, drawn, np.array([[s.lvef for s in subjects], measured]).T)


def draw_beats(subjects: Sequence[Subject], lvef: float, size: int) -> list[LabelMap]:
    """The exact label maps of a beat of each heart."""
    beats = [(s.heart.sector.grid(size), cycle.beat(s.heart, lvef, 16)) for s in subjects]
    return [np.stack([contours.label_map(heart, grid) for heart in hearts]) for grid, hearts in beats]


def falls_of(answers: Sequence[LabelMap]) -> Float[np.ndarray, "n"]:
    return np.array([area_fall(area_curve(answer)) for answer in answers])


def ratio(top: Float[np.ndarray, "n"], bottom: Float[np.ndarray, "n"], statistic=np.mean) -> Estimate:
    """Of a statistic of two measurements of the same hearts."""
    return bootstrap(np.stack([top, bottom], 1), lambda rows: float(statistic(rows[:, 0]) / statistic(rows[:, 1])))


def measure_speed(subject: Subject) -> list[Figure]:
    steps = engine.load(MODEL).card.defaults().steps
    clicks = [
        Figure("phantom preview, click to playable", time_click("phantom", subject), "s", "<= 1"),
        Figure(f"{MODEL}, {steps} steps, click to playable", time_click(MODEL, subject), "s", "<= 2"),
    ]
    for name, aim in CASCADES.items():
        clicks += time_cascade(name, subject, aim) if name in CARDS else []
    subjects = draw_hearts(12)
    start = time.perf_counter()
    simulate_all(subjects, 112)
    rate = 60 * len(subjects) / (time.perf_counter() - start)
    return [*clicks, Figure("phantom, clips of 16x112x112 a minute", rate, "", ">= 60"), measure_memory("making clips")]


def measure_memory(doing: str) -> Figure:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Figure(f"peak memory, {doing}", peak / 1e9, "GB", "<= 2")


Line = tuple[str, list[Estimate | None], str]
"""what is measured, one estimate a column, the aim"""


def compare(generated: Reading, phantom: Reading, weak: Reading) -> list[Line]:
    """The second table: generated clips, the ceiling, the ratio, less guidance, the next heart's map as null."""
    readings = (generated, phantom, weak)
    found = [reading.adherence() for reading in readings]
    # The next heart's map is what a clip would match that ignores its own.
    other = adherence(generated.clips, generated.drawn[1:] + generated.drawn[:1], generated.answers)
    lines: list[Line] = []

    for label in STRUCTURES:
        name = NAMES[label]
        share = ratio(*(first_dice(r.answers, r.drawn, label) for r in (generated, phantom)))
        made, ceiling, less = (one.dice[name] for one in found)
        lines.append((f"Dice with the drawn {name}", [made, ceiling, share, less, other.dice[name]], "ratio >= 0.95"))

    for name, part in (("cavity", "cavity_grey"), ("wall", "wall_grey")):
        made, ceiling, less, null = (getattr(one, part) for one in (*found, other))
        lines.append((f"grey in the drawn {name}", [made, ceiling, None, less, null], "cavity far below wall"))

    made, ceiling, less = (one.area_fall for one in found)
    share = ratio(falls_of(generated.answers), falls_of(phantom.answers), np.median)
    lines.append(("LV area fall ED to ES, own LVEF", [made, ceiling, share, less, None], ">= 0.33, as the phantom"))

    for name, statistic in (("R2", r_squared), ("mean error, points", mean_absolute_error)):
        made, ceiling, less, null = (
            bootstrap(pairs, statistic)
            for pairs in (
                *(reading.lvef for reading in readings),
                np.stack([np.roll(generated.lvef[:, 0], -1), generated.lvef[:, 1]], 1),
            )
        )
        lines.append((f"LVEF, {name}", [made, ceiling, None, less, null], ""))
    return lines


def compare_lvef(usual: Reading, withheld: Reading, beats: list[LabelMap]) -> list[Line]:
    """More of the second table: every heart asked for the usual LVEF, with its exact beats for a ceiling, and for none."""
    made, true = falls_of(usual.answers), falls_of(beats)
    falls = [bootstrap(made, np.median), bootstrap(true, np.median), ratio(made, true, np.median), None, None]
    spreads = [bootstrap(reading.lvef[:, 1], np.std) for reading in (withheld, usual)]
    return [
        (f"LV area fall ED to ES, LVEF {USUAL_LVEF:g} (few)", falls, ">= 0.33"),
        ("LVEF spread with none asked for (few)", [spreads[0], None, None, None, None], ""),
        (f"LVEF spread with {USUAL_LVEF:g} asked for (few)", [spreads[1], None, None, None, None], "below the above"),
    ]


def show_figures(figures: Sequence[Figure]) -> str:
    lines = (f"{f.what:<48}{f.value:>9.2f} {f.unit:<4}" + (f"  aim {f.aim}" if f.aim else "") for f in figures)
    return "\n".join(line.rstrip() for line in lines)


def show_lines(lines: Sequence[Line], columns: Sequence[str]) -> str:
    head = f"{'':<44}" + "".join(f"{column:>22}" for column in columns) + "  aim"
    return "\n".join([head, *(f"{what:<44}{''.join(map(_cell, cells))}  {aim}" for what, cells, aim in lines)])


def _cell(found: Estimate | None) -> str:
    return f"{str(found) if found else '-':>22}"


def draw_sheet(generated: Reading, phantom: Reading) -> UInt8[np.ndarray, "h w"]:
    """A column a heart; rows: the drawn map, the phantom at ED and ES, the generated clip at ED and ES."""
    es = round(cycle.ES_PHASE * len(generated.clips[0]))
    columns = [
        np.concatenate([drawn * 60, real[0], real[es], made[0], made[es]])
        for drawn, real, made in list(zip(generated.drawn, phantom.clips, generated.clips, strict=True))[:SHOWN]
    ]
    return np.concatenate(columns, axis=1)


def plain(figures: Sequence[Figure], lines: Sequence[Line], columns: Sequence[str]) -> dict[str, Any]:
    """Everything as plain JSON values."""
    adherence_ = {
        what: {column: cell and asdict(cell) for column, cell in zip(columns, cells, strict=True)} | {"aim": aim}
        for what, cells, aim in lines
    }
    return {"figures": [asdict(figure) for figure in figures], "adherence": adherence_}


def record_scores(weights: str, lines: Sequence[Line], about: str) -> None:
    """Writes what was measured into the card beside the model's weights."""
    scores = {
        what: {name: round(cell.value, 3) for name, cell in zip(("generated", "phantom"), cells, strict=False) if cell}
        for what, cells, _ in lines
    }
    export.record_scores(find(weights), about, scores)


def main(
    hearts: Annotated[int, typer.Option(min=2, help="How many unseen hearts to generate.")] = 100,
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet (PNG) here.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Also write the scores into the model's card.")] = False,
) -> None:
    """Measure speed, memory and how well clips follow the drawing."""
    machine = describe_machine()
    typer.echo(machine)
    subjects = draw_hearts(hearts)
    figures = measure_speed(subjects[0])
    typer.echo(show_figures(figures))

    model = engine.load(MODEL).card
    few = subjects[: max(2, hearts // 4)]
    generated = read(generate_all(subjects), subjects)
    phantom = read(simulate_all(subjects, model.size[0]), subjects)
    weak = read(generate_all(few, settings={"guidance_scale": 1.0}), few)
    usual = read(generate_all(few, {"lvef": USUAL_LVEF}), few)
    withheld = read(generate_all(few, {"lvef": None}), few)

    columns = ("generated", "phantom (ceiling)", "ratio", "guidance 1 (few)", "another's heart")
    lines = compare(generated, phantom, weak)
    lines += compare_lvef(usual, withheld, draw_beats(few, USUAL_LVEF, model.size[0]))
    figures.append(measure_memory("the whole bench"))
    seeds = f"seeds {subjects[0].seed} to {subjects[-1].seed}"
    about = f"{hearts} unseen hearts ('few': the first {len(few)}), {seeds}, {MODEL} at guidance {model.defaults().guidance_scale:g}"
    typer.echo(f"\n{about}; 95 % intervals\n{show_lines(lines, columns)}\n\n{show_figures(figures[-1:])}")
    if json_out:
        document = {"machine": machine, "about": about} | plain(figures, lines, columns)
        json_out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if record:
        record_scores(str(model.weights), lines, about)
    if sheet:
        cv2.imwrite(str(sheet), draw_sheet(generated, phantom))


if __name__ == "__main__":
    try:
        typer.run(main)
    except BadInput as error:
        sys.exit(str(error))
