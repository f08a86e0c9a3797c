"""The browser's geometry: its unit tests run under node, and its curves and measures are the engine's.

Both sides read `tests/studio/ui/geometry.json`, which `python tests/studio/components/test_geometry.py` makes again.
"""

import json
import shutil
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from engine.anatomy import volumes
from engine.anatomy.contours import spline
from engine.anatomy.heart import CONTOURS, LIMITS, Heart, Points, Sector
from engine.anatomy.presets import PRESETS, preset
from engine.phantom.population import draw_subject

UI_TESTS = Path(__file__).parents[1] / "ui"
FIXTURE = UI_TESTS / "geometry.json"


def make_curves() -> list[dict]:
    """Random control points with the engine's curve through them."""
    rng = np.random.default_rng(0)
    cases = []
    for points, per_segment in ((2, 4), (3, 1), (3, 12), (5, 12), (7, 7), (9, 12), (20, 3)):
        control = np.round(rng.uniform(-80, 160, (points, 2)), 3)
        curve = np.round(spline(control, per_segment), 9)
        cases.append({"points": control.tolist(), "per_segment": per_segment, "curve": curve.tolist()})
    return cases


def make_hearts() -> dict[str, Heart]:
    """Hearts of many shapes: named ones, some of the population, mirrored, tiny, with more points."""
    normal = preset("normal")
    hearts = {name: preset(name) for name in PRESETS} | {"normal, A2C": preset("normal", "A2C")}
    hearts |= {f"patient {seed}": draw_subject(seed).heart for seed in (3, 17)}
    mirrored = normal.map_points(lambda points: (points * [-1, 1])[::-1])
    leaflets = {"septal_leaflet": normal.lateral_leaflet * [-1, 1], "lateral_leaflet": normal.septal_leaflet * [-1, 1]}
    hearts["mirrored"] = replace(mirrored, **leaflets)
    hearts["tiny"] = normal.map_points(lambda points: points * 0.15)
    hearts["more points"] = normal.map_points(lambda points: spline(points, 4))
    crossed = normal.lv_epi.copy()
    crossed[1:3] += [9.0, 0.0]
    hearts["crossed walls"] = replace(normal, lv_epi=crossed)
    return hearts


def measure(contours: dict[str, Points]) -> dict:
    """What the engine measures, JSON's null for a number that there is none of."""
    heart = Heart(view="A4C", sector=Sector(), **contours)
    wall = {
        name: value if np.isfinite(value) else None for name, value in asdict(volumes.wall_thickness(heart)).items()
    }
    return {
        "simpson": volumes.simpson(heart),
        "lv_length": volumes.lv_length(heart),
        "la_volume": volumes.la_volume(heart),
        "wall": wall,
    }


def make_fixture() -> dict:
    hearts = {}
    for name, heart in make_hearts().items():
        contours = {contour: np.round(points, 3) for contour, points in heart.contours().items()}
        stored = {contour: points.tolist() for contour, points in contours.items()}
        hearts[name] = {"contours": stored, "measures": measure(contours)}
    fewest = {name: LIMITS.minimum.get(name, LIMITS.points[0]) for name in CONTOURS}
    return {"limits": {"fewest": fewest, "most": LIMITS.points[1]}, "curves": make_curves(), "hearts": hearts}


def test_curves_are_the_engines():
    stored = json.loads(FIXTURE.read_text())["curves"]
    assert len(stored) == len(make_curves())
    for case in stored:
        np.testing.assert_allclose(spline(np.array(case["points"]), case["per_segment"]), case["curve"], atol=1e-6)


def test_measures_and_limits_are_the_engines():
    stored = json.loads(FIXTURE.read_text())
    assert len(stored["hearts"]) >= 12
    for name, heart in stored["hearts"].items():
        now = measure({contour: np.array(points) for contour, points in heart["contours"].items()})
        assert now["wall"] == pytest.approx(heart["measures"]["wall"], rel=1e-6, abs=1e-9), name
        assert {**now, "wall": 0} == pytest.approx({**heart["measures"], "wall": 0}, rel=1e-6, abs=1e-9), name
    assert stored["limits"] == make_fixture()["limits"]


def test_browser_modules():
    node = shutil.which("node")
    if node is None:
        pytest.skip("the browser modules' unit tests are left out: no node was found; install nodejs 18 or newer")
    tests = sorted(map(str, UI_TESTS.glob("*.test.mjs")))
    result = subprocess.run([node, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(make_fixture()) + "\n")
