"""What `echo-studio measure` does: opens clips, measures each, and compares them with what was asked for and with real ones."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from engine.anatomy.labels import LabelMap
from engine.cards import card, load
from engine.conditions import recall, requested_label_maps
from engine.errors import BadInput
from engine.measures import extractors, fidelity, lvef, plots, similarity
from engine.measures.agreement import Agreement, agree
from engine.measures.agreement import table as agreement_table
from engine.measures.extractors import Extractor
from engine.measures.fidelity import Distance
from engine.measures.reading import Reading, dice_with, fit_maps, one_heart, read
from engine.measures.segmenter import segment
from engine.media.kinds import ending, known_endings
from engine.media.read import read_clip, read_label_maps
from engine.shipped import find
from engine.types import Clip, Conditions
from studio import readout

BESIDE = ("labels", "_gt")
"""How names of files end, before their endings, that lie beside clips and hold label maps."""


@dataclass(frozen=True)
class Answer:
    """What a measurement gives: lines to read, and the same as plain JSON."""

    text: str
    document: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Wanted:
    """The label maps that a clip should show."""

    maps: LabelMap
    source: str
    """whose maps these are"""
    asked: Conditions | None = None
    """what they were drawn from, where the clip's provenance tells"""


@dataclass(frozen=True)
class Draw:
    """What is kept of one clip among many."""

    row: dict[str, Any]
    asked: float
    regressor: float
    simpson: float
    seed: int
    request: str
    """the same for clips that differ by their seed alone"""
    heart: str


def measure(
    paths: Sequence[Path],
    labels: Path | None = None,
    plot: Path | None = None,
    real: Path | None = None,
    inception: Path | None = None,
    i3d: Path | None = None,
) -> Answer:
    """Measures clips, and folders of them. Raises BadInput on whatever cannot be opened, measured, compared or written."""
    clips = clips_in(paths)
    alone = len(clips) == 1 and not paths[0].is_dir()
    if labels is not None and not alone:
        raise BadInput(f"--labels came with {len(clips)} clips; give one clip, or leave --labels out.")
    if real is None and (inception or i3d):
        raise BadInput("--inception and --i3d compare with real clips; name their folder with --real.")
    if plot is not None:
        plots.check_ending(plot)
    others, brought = (real_clips(real, clips), _brought(inception, i3d)) if real else ([], [])
    for path in [*clips, *others] if not alone else []:  # a damaged file should not end a long run near its end
        read_clip(path)
    for extractor in brought:  # nor should a network that does not work
        extractor.embed(read_clip(clips[0]))
    answers = [measure_one(clips[0], labels, plot) if alone else measure_many(clips, plot)]
    if real is not None:
        answers.append(compare(clips, others, brought))
    text = "\n\n".join([*(answer.text for answer in answers), readout.NOTE])
    return Answer(text, {"note": readout.NOTE} | {k: v for answer in answers for k, v in answer.document.items()})


def measure_one(path: Path, labels: Path | None, plot: Path | None) -> Answer:
    """Everything that one clip shows, frame by frame."""
    clip = read_clip(path)
    wanted = wanted_maps(clip, labels)
    reading = read_all(clip, wanted and wanted.maps)
    if plot is not None:
        plots.draw_beat(reading, plot, wanted and wanted.maps)
    source, ceiling = (wanted.source, ceiling_of(wanted)) if wanted else ("", {})
    return Answer(
        readout.describe(path.name, reading, source, ceiling),
        {"clips": [readout.plain(path, reading, source, ceiling)]},
    )


def measure_many(paths: Sequence[Path], plot: Path | None) -> Answer:
    """A line for each clip, and how well their LVEF is what was asked for."""
    draws = [_draw(path, clip) for path, clip in _opened(paths, "measured")]
    sections = [readout.table([draw.row for draw in draws])]
    found: dict[str, tuple[Agreement, ...]] = {}
    missing = ""
    for route in ("regressor", "simpson"):
        asked, measured, hearts = arrange(draws, route)
        try:
            found[route] = agree(asked, measured, hearts)
        except BadInput as error:
            missing = str(error)
            continue
        sections.append(f"LVEF asked for against {readout.ROUTES[route]}\n{agreement_table(found[route])}")
        if plot is not None and len(found) == 1:
            plots.draw_agreement(asked, measured, found[route][0], plot)
    if plot is not None and not found:
        raise BadInput(f"--plot draws LVEF asked for against measured, but: {missing}")
    document = {"clips": [draw.row for draw in draws]} | {
        "agreement": {
            route: [{"draws": one.draws} | readout.bare(asdict(one)) for one in several]
            for route, several in found.items()
        }
    }
    return Answer("\n\n".join(sections), document)


def compare(paths: Sequence[Path], real: Sequence[Path], brought: Sequence[Extractor]) -> Answer:
    """How far generated clips as a set lie from real ones, over the floor, and how alike clips of one name are.

    By the extractors that the user brought, which must work, and by our own, where they can. Raises BadInput likewise.
    """
    found: list[Distance] = []
    notes: list[str] = []
    for extractor in brought:
        found += _distances(extractor, paths, real)
    for make, name in ((extractors.echo_frames, "FID and KID"), (extractors.echo_clips, "FVD and KVD")):
        try:
            found += _distances(make(), paths, real)
        except BadInput as error:  # stills have no FVD, and weights may not be there
            notes.append(f"{name} by our own features are missing: {error}")
    alike = _similarity(paths, real)
    title = f"Distance of {len(paths)} clips from {len(real)} real ones"
    table = [fidelity.table(found)] if found else []
    lines = [f"{name}: {value}" for name, value in alike.items()]
    document = {"distances": [readout.bare(asdict(one)) for one in found], "missing": notes, "alike": alike}
    return Answer("\n".join([title, *table, *notes, *lines]), document)


def read_all(clip: Clip, wanted: LabelMap | None = None) -> Reading:
    """A clip measured by all that is here; without the regressor's weights by Simpson alone. `wanted` is as in `read`."""
    try:
        find(lvef.WEIGHTS)
        regressor = lvef.load()
    except BadInput:
        regressor = None
    return read(clip, regressor, wanted)


def real_clips(folder: Path, clips: Sequence[Path]) -> list[Path]:
    """The real clips to compare with. Raises BadInput where there are too few of either for a comparison of sets."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}; name one with real clips in it.")
    real = clips_in([folder])
    if min(len(clips), len(real)) < 2:
        raise BadInput(f"{len(clips)} clips and {len(real)} real ones came; --real compares sets of 2 or more.")
    return real


def clips_in(paths: Sequence[Path]) -> list[Path]:
    """The files, and of every folder the clips that lie in it. Raises BadInput where a folder holds none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(p for p in path.iterdir() if _is_clip(p)) if path.is_dir() else [path]
        if not inside:
            raise BadInput(f"The folder {path} holds no clip; name one with {known_endings()} files in it.")
        found += inside
    return found


def _is_clip(path: Path) -> bool:
    return path.is_file() and bool(ending(path)) and path.name[0] != "." and not _stem(path).lower().endswith(BESIDE)


def _stem(path: Path) -> str:
    return path.name[: len(path.name) - len(ending(path))]


def wanted_maps(clip: Clip, labels: Path | None = None) -> Wanted | None:
    """The maps of a file; else those in the clip's own file; else the beat that its provenance tells was asked for.

    Raises BadInput where the file's do not fit the clip.
    """
    if labels is not None:
        return Wanted(fit_maps(clip.frames, read_label_maps(labels)[0]), labels.name)
    told = clip.provenance.conditions if clip.provenance else {}
    frames, height, width = clip.frames.shape
    try:
        asked = recall(told)
        maps = requested_label_maps(asked, frames, height)
    except BadInput:  # not told, or told by somebody else
        asked, maps = None, None
    asked = asked if maps is not None else None  # without an LVEF nothing was asked of the motion
    if clip.label_maps is not None:
        return Wanted(clip.label_maps, "the file's own label maps", asked)
    return None if maps is None or height != width else Wanted(maps, "the heart that was drawn", asked)


def ceiling_of(wanted: Wanted) -> dict[str, float]:
    """Dice that the segmenter scores on a simulated clip of the same beat, by structure; empty where no heart is told.

    No generated clip can be expected to score more.
    """
    if wanted.asked is None:
        return {}
    try:
        (clip,) = load("phantom").generate(wanted.asked, card("phantom").defaults())
    except BadInput:
        return {}
    found = (
        {}
        if clip.label_maps is None
        else dice_with(one_heart(segment(clip.frames)), clip.label_maps[: len(wanted.maps)])
    )
    return {name: float(np.nanmean(dice)) for name, dice in found.items()}


def arrange(
    draws: Sequence[Draw], route: str
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n draws"], Int[np.ndarray, "n"]]:
    """LVEF asked for and measured (a column for each seed), and a number for each heart.

    Clips that differ by their seed alone are draws of one request; where a request has one clip only, each clip is taken
    as a request of its own.
    """
    requests = defaultdict(list)
    for draw in sorted(draws, key=lambda draw: draw.seed):
        if not np.isnan(draw.asked):
            requests[draw.request].append(draw)
    rows = list(requests.values())
    fewest = min(map(len, rows), default=1)
    if fewest == 1:
        rows = [[draw] for row in rows for draw in row]
    named = {heart: i for i, heart in enumerate(dict.fromkeys(row[0].heart for row in rows))}
    return (
        np.array([row[0].asked for row in rows], float),
        np.array([[getattr(draw, route) for draw in row[:fewest]] for row in rows], float).reshape(-1, fewest),
        np.array([named[row[0].heart] for row in rows], int),
    )


def _draw(path: Path, clip: Clip) -> Draw:
    wanted = wanted_maps(clip)
    reading = read_all(clip, wanted and wanted.maps)
    told = clip.provenance and asdict(clip.provenance)
    seed = told.pop("seed") if told else 0
    request = json.dumps(told or str(path), sort_keys=True, default=str)
    asked = told["conditions"] if told else {}
    heart = json.dumps(asked.get("heart", asked.get("label_maps", request)), sort_keys=True, default=str)
    row = readout.plain(path, reading, wanted.source if wanted else "", {}, by_frame=False)
    return Draw(row, reading.asked_lvef, reading.lvef_regressor, reading.lvef_simpson, seed, request, heart)


def _opened(paths: Sequence[Path], done: str) -> Iterator[tuple[Path, Clip]]:
    """Every clip, one at a time in memory, with a count on stderr."""
    start, end = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
    for index, path in enumerate(paths, 1):
        yield path, read_clip(path)
        last = end if index < len(paths) else "\n"
        print(f"{start}{index} of {len(paths)} {done}", end=last, file=sys.stderr, flush=True)


def _brought(inception: Path | None, i3d: Path | None) -> list[Extractor]:
    pairs = ((extractors.inception, inception), (extractors.i3d, i3d))
    return [make(path) for make, path in pairs if path is not None]


def _distances(extractor: Extractor, paths: Sequence[Path], real: Sequence[Path]) -> tuple[Distance, Distance]:
    names = ("FID", "KID") if extractor.of == "frames" else ("FVD", "KVD")
    features = (
        [extractor.embed(clip) for _, clip in _opened(several, f"{what} seen by {extractor.name}")]
        for several, what in ((paths, "clips"), (real, "real clips"))
    )
    return fidelity.distances(extractor.name, names, *features)


def _similarity(paths: Sequence[Path], real: Sequence[Path]) -> dict[str, str]:
    """Mean SSIM and LPIPS of clips with real ones of the same name, or why there are none; in words, by measure."""
    by_name = {_stem(path): path for path in real}
    pairs = [(path, by_name[_stem(path)]) for path in paths if _stem(path) in by_name]
    if not pairs:
        return {"SSIM, LPIPS": "not measured, no real clip has the name of one of these"}
    measures = {"SSIM": similarity.ssim} | ({"LPIPS": similarity.lpips} if similarity.has_lpips() else {})
    result = {"LPIPS": "not present: torchvision or AlexNet's weights are not on this machine"}
    for name, of in measures.items():
        try:
            values = [of(read_clip(a).frames, read_clip(b).frames) for a, b in pairs]
            result[name] = f"{np.mean(values):.3f}, mean of {len(pairs)} clips with the real ones of their names"
        except BadInput as error:
            result[name] = f"not measured: {error}"
    return result
