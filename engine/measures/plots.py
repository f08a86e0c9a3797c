"""Figures for a page of print: LVEF asked for against measured, and a clip's beat. matplotlib is loaded when one is drawn."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from engine.anatomy.labels import LA, LV, MYOCARDIUM, LabelMap
from engine.errors import BadInput
from engine.measures.agreement import Agreement, nearest
from engine.measures.reading import Reading, fit_maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, BLUE, ORANGE = "#222222", "#8a8a8a", "#2b5c8a", "#c1561c"
OUTLINES = {"epicardium": "#4dd0b8", "endocardium": "#ffb74d", "left atrium": "#90a4ff"}
"""bright enough for a black picture"""
ENDINGS = (".png", ".pdf", ".svg")
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.color": INK,
    "lines.linewidth": 1.0,
    "figure.facecolor": "white",
    "svg.hashsalt": "echo-studio",  # the same figure gives the same bytes
}


def draw_agreement(
    asked: Float[np.ndarray, "n"], measured: Float[np.ndarray, "n draws"], agreement: Agreement, path: str | Path
) -> Path:
    """Writes a scatter about the line of identity and a Bland-Altman plot of LVEF in percent; gives the path.

    Shown are the draws that the agreement is about, and its title says which. Raises BadInput on another ending than .png,
    .pdf or .svg, or a path that cannot be written.
    """
    shown = measured[:, 0] if agreement.best_of == 1 else nearest(asked, measured)
    with _style():
        figure = _figure(6.8, 3.2)
        figure.suptitle(
            f"LVEF, {agreement.draws} (clips: {agreement.requests}, hearts: {agreement.hearts})", fontsize=8
        )
        left, right = figure.subplots(1, 2)
        _scatter(left, asked, shown, agreement)
        _bland_altman(right, asked, shown, agreement)
        return _save(figure, path)


def draw_beat(reading: Reading, path: str | Path, wanted: UInt8[np.ndarray, "n y x"] | None = None) -> Path:
    """Writes the LV's curve, and the frames of ED and ES with the segmenter's outlines; gives the path.

    `wanted` maps, one a frame or the first alone, are drawn as dashes. Raises BadInput as `draw_agreement`, and on a clip
    with no beat to draw.
    """
    if not reading.beats:
        raise BadInput("No LV that moves was found in this clip, so there is no beat to plot; leave --plot out.")
    from matplotlib.lines import Line2D

    wanted = None if wanted is None else fit_maps(reading.clip.frames, wanted)
    ends = reading.beats[0].ed, reading.beats[0].es
    with _style():
        figure = _figure(7.2, 2.8)
        curve, ed, es = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
        _curve(curve, reading)
        for axes, name, frame in zip((ed, es), ("ED", "ES"), ends, strict=True):
            _outlined(axes, reading, frame, wanted)
            axes.set_title(f"{name}, frame {frame + 1}", fontsize=8)
        keys = [Line2D([], [], color=colour, label=name) for name, colour in OUTLINES.items()]
        if wanted is not None:
            keys.append(Line2D([], [], color=GREY, dashes=(2, 2), label="label map (white dashes)"))
        figure.legend(handles=keys, loc="outside lower right", ncols=len(keys), frameon=False, fontsize=7)
        return _save(figure, path)


def check_ending(path: Path) -> None:
    """Raises BadInput on a path that no figure can be written to."""
    if path.suffix.lower() not in ENDINGS:
        raise BadInput(f"{path.name} has no ending that a figure can be written as; use {', '.join(ENDINGS)}.")
    if not path.parent.is_dir():
        raise BadInput(f"There is no folder {path.parent} to write {path.name} into; make it first or choose another.")


def _scatter(axes: "Axes", asked: np.ndarray, measured: np.ndarray, agreement: Agreement) -> None:
    told = np.stack([asked, measured])[:, ~np.isnan(asked + measured)]
    low, high = told.min() - 4, told.max() + 4
    axes.plot((low, high), (low, high), color=GREY, linewidth=0.6)
    axes.plot(asked, measured, "o", color=BLUE, markersize=3, markeredgewidth=0, alpha=0.6)
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="LVEF asked for (%)", ylabel="LVEF measured (%)")
    axes.set_aspect("equal")
    axes.text(
        0.04, 0.96, f"R² {agreement.r_squared}\nMAE {agreement.mae}", transform=axes.transAxes, va="top", fontsize=7
    )


def _bland_altman(axes: "Axes", asked: np.ndarray, measured: np.ndarray, agreement: Agreement) -> None:
    axes.axhline(0, color=GREY, linewidth=0.4)
    for name, estimate, dashes in (
        ("+1.96 SD", agreement.upper, (4, 3)),
        ("bias", agreement.bias, (None, None)),
        ("−1.96 SD", agreement.lower, (4, 3)),
    ):
        axes.axhspan(estimate.low, estimate.high, color=ORANGE, alpha=0.12, linewidth=0)
        axes.axhline(estimate.value, color=ORANGE, linewidth=0.8, dashes=dashes)
        label = f"{name} {estimate.value:+.1f}".replace("-", "−")
        axes.text(1.01, estimate.value, label, transform=axes.get_yaxis_transform(), va="center", fontsize=7)
    axes.plot((asked + measured) / 2, measured - asked, "o", color=BLUE, markersize=3, markeredgewidth=0, alpha=0.6)
    axes.set(xlabel="mean of both (%)", ylabel="measured − asked for (points)")


def _curve(axes: "Axes", reading: Reading) -> None:
    """Volume where one could be measured, else area."""
    values, unit = reading.volumes, "LV volume (mL)"
    if np.isnan(values).all():
        values, unit = reading.areas, f"LV area ({'cm²' if reading.in_mm else 'pixels'})"
    seconds = np.arange(len(values)) / reading.clip.fps
    axes.plot(seconds, values, color=BLUE, marker="o", markersize=2)
    for beat in reading.beats:
        axes.plot(seconds[beat.ed], values[beat.ed], "o", color=INK, markersize=4)
        axes.plot(seconds[beat.es], values[beat.es], "o", color="white", markeredgecolor=INK, markersize=4)
    axes.set(xlabel="time (s)", ylabel=unit, ylim=(0, 1.12 * np.nanmax(values)))
    figures = {"regressor": reading.lvef_regressor, "Simpson": reading.lvef_simpson, "asked for": reading.asked_lvef}
    told = ", ".join(f"{value:.0f} % {name}" for name, value in figures.items() if not np.isnan(value))
    axes.set_title(f"LVEF {told}" if told else "", fontsize=8)


def _outlined(axes: "Axes", reading: Reading, frame: int, wanted: LabelMap | None) -> None:
    y, x = reading.clip.mm_per_pixel
    axes.imshow(reading.clip.frames[frame], cmap="gray", vmin=0, vmax=255, aspect=y / x)
    if wanted is not None and frame < len(wanted):
        _contours(axes, wanted[frame], dict.fromkeys(OUTLINES, "white"), (0, (2, 2)))
    _contours(axes, reading.found[frame], OUTLINES, "solid")
    axes.set_axis_off()


def _contours(
    axes: "Axes", label_map: UInt8[np.ndarray, "h w"], colours: dict[str, str], style: str | tuple[int, tuple[int, int]]
) -> None:
    """The borders of the structures as a hand would draw them: without the steps of their pixels."""
    parts = {"epicardium": (LV, MYOCARDIUM), "endocardium": (LV,), "left atrium": (LA,)}
    for name, labels in parts.items():
        inside = np.isin(label_map, labels).astype(np.float32)
        if inside.any():
            smooth = cv2.GaussianBlur(inside, (0, 0), len(inside) / 120)
            axes.contour(smooth, levels=[0.5], colors=colours[name], linewidths=0.9, linestyles=[style])


def _style() -> AbstractContextManager[None]:
    from matplotlib import rc_context

    return rc_context(STYLE)


def _figure(width: float, height: float) -> "Figure":
    """Inches. Never by pyplot: no window is opened and nothing is kept."""
    from matplotlib.figure import Figure

    return Figure((width, height), dpi=200, layout="constrained")


def _save(figure: "Figure", path: str | Path) -> Path:
    path = Path(path)
    check_ending(path)
    try:
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror}); choose a folder that is there and yours."
        ) from None
    return path
