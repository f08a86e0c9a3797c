"""The drawn heart: contours in millimetres inside an ultrasound sector, and their JSON document.

Coordinates are (x, y) in mm with the probe at the origin: x grows to the right of the screen, y grows with depth.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from jaxtyping import Float

from engine.anatomy.labels import View
from engine.errors import BadInput

VERSIONS = (1, 2)
"""Of a drawing: the heart alone, and the heart with what is drawn on its beat (`drawing.Drawing`)."""
CONTOURS = ("lv_endo", "lv_epi", "la", "septal_leaflet", "lateral_leaflet")
LEAFLETS = CONTOURS[3:]

Points = Float[np.ndarray, "_ 2"]


@dataclass(frozen=True)
class Grid:
    """Where an image lies on the plane of the heart. Pixel centres have integer coordinates."""

    height: int
    width: int
    mm_per_pixel: tuple[float, float]
    """(y, x) spacing in mm."""
    apex: tuple[float, float]
    """(x, y) of the probe in pixels."""

    def to_pixels(self, points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """(x, y) mm to (x, y) pixels."""
        return points / np.array(self.mm_per_pixel[::-1]) + np.array(self.apex)

    def to_mm(self, points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """(x, y) pixels to (x, y) mm."""
        return (points - np.array(self.apex)) * np.array(self.mm_per_pixel[::-1])

    def mesh(self) -> Float[np.ndarray, "h w 2"]:
        """(x, y) in mm of every pixel centre."""
        y, x = np.mgrid[: self.height, : self.width]
        return self.to_mm(np.stack([x, y], -1).astype(np.float64))


@dataclass(frozen=True)
class Sector:
    """The fan that the probe sees, its apex at the origin."""

    depth: float = 150.0
    """mm along a beam."""
    opening: float = 80.0
    """degrees between the two outer beams."""

    def grid(self, height: int, width: int | None = None) -> Grid:
        """The standard frame: square pixels, the probe at the top centre, the whole depth visible.

        A frame narrower than the fan cuts its lower corners, as EchoNet-Dynamic's 112x112 frames do.
        """
        width = height if width is None else width
        spacing = self.depth / (0.96 * height)
        return Grid(height, width, (spacing, spacing), ((width - 1) / 2, 0.03 * height))

    def contains(self, points: Float[np.ndarray, "*n 2"]) -> np.ndarray:
        """bool, shape *n: inside the fan."""
        x, y = points[..., 0], points[..., 1]
        angle = np.degrees(np.arctan2(x, y))
        return (np.hypot(x, y) <= self.depth) & (np.abs(angle) <= self.opening / 2)


@dataclass(frozen=True, eq=False)
class Heart:
    """One heart at one instant (end-diastole, where a cycle starts from it).

    Every contour is a row of control points of an open uniform Catmull-Rom spline (`contours.spline`).
    The LV and LA contours are closed by the straight line between their two ends, the mitral annulus.
    """

    view: View
    sector: Sector
    lv_endo: Points
    """Septal (A2C: inferior) annulus, round the apex, to the lateral (A2C: anterior) annulus."""
    lv_epi: Points
    """The outer border of the myocardium, the same way round."""
    la: Points
    """Lateral annulus, round the roof, to the septal annulus."""
    septal_leaflet: Points
    """Hinge to tip (A4C: the anterior leaflet)."""
    lateral_leaflet: Points
    """Hinge to tip (A4C: the posterior leaflet)."""

    def contours(self) -> dict[str, Points]:
        return {name: getattr(self, name) for name in CONTOURS}

    def map_points(self, move) -> "Heart":
        """A heart whose control points are `move(points)`; `move` takes and gives (n, 2) mm."""
        return replace(self, **{name: move(points) for name, points in self.contours().items()})

    def to_json(self) -> dict[str, Any]:
        """A document of plain Python numbers, rounded to 0.001 mm."""
        contours = {name: np.round(points, 3).tolist() for name, points in self.contours().items()}
        sector = {"depth": self.sector.depth, "opening": self.sector.opening}
        return {"version": VERSIONS[0], "view": self.view, "sector": sector, "contours": contours}


@dataclass(frozen=True)
class _Limits:
    """What a drawing may hold before it is no heart in a sector."""

    bytes: int = 2**20
    """of a file"""
    points: tuple[int, int] = (3, 200)
    reach: float = 1000.0
    """mm, of a coordinate"""
    depth: tuple[float, float] = (20.0, 400.0)
    opening: tuple[float, float] = (20.0, 120.0)
    minimum: dict[str, int] = field(default_factory=lambda: {"lv_endo": 5, "lv_epi": 5, "la": 4})


LIMITS = _Limits()


def heart_from_json(document: Any) -> Heart:
    """The heart of a `to_json` document. Raises BadInput on anything else."""
    if not isinstance(document, dict) or "contours" not in document:
        raise BadInput(
            "This is no heart drawing: a JSON object with 'version', 'view', 'sector' and 'contours' is wanted."
        )
    if document.get("version") not in VERSIONS:
        raise BadInput(
            f"This drawing has version {document.get('version')!r}; version {' or '.join(map(str, VERSIONS))} is wanted, "
            "so save it again with this release."
        )
    if document.get("view") not in get_args(View):
        raise BadInput(f"The view {document.get('view')!r} is unknown; use one of {', '.join(get_args(View))}.")
    drawn = document["contours"] if isinstance(document["contours"], dict) else {}
    contours = {}
    for name in CONTOURS:
        counts = (LIMITS.minimum.get(name, LIMITS.points[0]), LIMITS.points[1])
        contours[name] = points_from_json(drawn.get(name), f"contour {name!r}", counts)
    return Heart(view=document["view"], sector=_sector_from_json(document.get("sector")), **contours)


def points_from_json(document: Any, what: str, counts: tuple[int, int]) -> Points:
    """(n, 2) mm of a list of [x, y]; `counts` is the smallest and the largest n. Raises BadInput, naming `what`, on anything else."""
    try:
        points = np.asarray(document, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        points = None
    if document is None or points is None:
        raise BadInput(f"The drawing's {what} is missing or not a list of [x, y] points in mm; draw it again.")
    low, high = counts
    if points.ndim != 2 or points.shape[1] != 2 or not low <= len(points) <= high:
        wanted = f"{low}" if low == high else f"{low} to {high}"
        raise BadInput(f"The drawing's {what} has shape {points.shape}; {wanted} [x, y] points in mm are wanted.")
    if not (np.abs(points) <= LIMITS.reach).all():  # nor NaN
        raise BadInput(f"The drawing's {what} has a point beyond {LIMITS.reach:g} mm or no number; draw it again.")
    return points


def _sector_from_json(document: Any) -> Sector:
    try:
        sector = Sector(float(document["depth"]), float(document["opening"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BadInput(
            "The drawing's sector is unreadable; a depth in mm and an opening in degrees are wanted."
        ) from None
    for name, value, (low, high) in (
        ("depth", sector.depth, LIMITS.depth),
        ("opening", sector.opening, LIMITS.opening),
    ):
        if not low <= value <= high:
            raise BadInput(
                f"The sector's {name} is {value:g}; {low:g} to {high:g} {'mm' if name == 'depth' else 'degrees'} is wanted."
            )
    return sector


def read_document(path: str | Path) -> Any:
    """What a JSON file holds. Raises BadInput when the file is none, or too large to be a drawing."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LIMITS.bytes + 1)
    except OSError as error:
        raise BadInput(f"The drawing {path} cannot be read ({error.strerror}); check the path.") from None
    if len(content) > LIMITS.bytes:
        raise BadInput(f"{path} has more than {LIMITS.bytes / 2**20:g} MiB; open a heart that Echo Studio saved.")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BadInput(f"{path} is not a JSON file; open a heart that Echo Studio saved.") from None
