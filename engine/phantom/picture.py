"""Reports as one picture: each look's figures over the real ranges."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from einops import rearrange

from engine.phantom import real
from engine.phantom.report import STILLS, Report, Row


def draw(reports: Sequence[Report], path: Path) -> None:
    """The figures of every report as one picture: each look in a row, the real ranges as bands."""
    from matplotlib.figure import Figure

    groups = (
        ("grey levels", lambda row: row.name.startswith(("grey", "mean grey")) and "depth" not in row.name),
        ("mean grey by depth", lambda row: "depth" in row.name),
        ("speckle sd by mean grey", lambda row: row.name.startswith("speckle")),
        ("frame correlation, 50 fps", lambda row: "correlation" in row.name),
        ("width of speckle", lambda row: "width" in row.name),
        ("shares", lambda row: "share" in row.name or row.name.startswith("wall /")),
    )
    panels = []
    for report in reports:
        panels += [(report, "clips", ()), (report, "grey histogram", ())]
        for title, belongs in groups:
            rows = [row for row in report.rows if belongs(row)]
            panels += [(report, title, rows)] if rows else []
    across = 4
    down = -(-len(panels) // across)
    figure = Figure(figsize=(5 * across, 4.2 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.axis("off")
    for axis, (report, title, rows) in zip(axes, panels, strict=False):
        axis.set_title(f"{report.look}: {title}")
        if title == "clips":
            axis.imshow(
                rearrange(report.stills, "(r c) h w -> (r h) (c w)", c=STILLS // 2), cmap="gray", vmin=0, vmax=255
            )
            axis.axis("off")
        elif title == "grey histogram":
            _draw_histogram(axis, report)
        else:
            _draw_rows(axis, rows)
    figure.savefig(path, dpi=110)


def _draw_histogram(axis, report: Report) -> None:
    bins = np.arange(16) * 16 + 8
    axis.bar(bins, report.histogram, width=14, color=_PHANTOM, label="phantom")
    if report.look == "echonet":
        axis.step(
            np.r_[bins - 8, 256], [*real.HISTOGRAM, real.HISTOGRAM[-1]], where="post", color=_REAL, lw=2, label="real"
        )
    axis.set(xlabel="grey level", ylabel="share of sector")
    axis.legend(frameon=False)


def _draw_rows(axis, rows: Sequence[Row]) -> None:
    at = np.arange(len(rows))
    axis.bar(at, [r.high - r.low for r in rows], 0.8, [r.low for r in rows], color=_REAL, alpha=0.25, label="wanted")
    axis.hlines([r.real for r in rows], at - 0.4, at + 0.4, color=_REAL, lw=2, label="real")
    middle = np.array([r.phantom for r in rows])
    reach = np.abs(np.array([r.spread for r in rows]).T - middle)
    axis.errorbar(at, middle, reach, fmt="o", color=_PHANTOM, capsize=3, label="phantom, p10 to p90")
    axis.set_xticks(at, [_short(r.name) for r in rows], rotation=45, ha="right")
    axis.legend(frameon=False, fontsize="small")


_REAL, _PHANTOM = "#c2410c", "#1d4ed8"


def _short(name: str) -> str:
    for word in ("mean grey at depth ", "speckle sd at ", " correlation,", ", degrees", ", px", " width"):
        name = name.replace(word, "")
    return name
