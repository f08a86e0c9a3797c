"""The browser's geometry: its unit tests run under node, and its curves are the engine's."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.anatomy.contours import spline

UI_TESTS = Path(__file__).parents[1] / "ui"


def make_cases() -> list[dict]:
    """Random control points with the engine's curve through them: what `spline.json` holds."""
    rng = np.random.default_rng(0)
    cases = []
    for points, per_segment in ((2, 4), (3, 1), (3, 12), (5, 12), (7, 7), (9, 12), (20, 3)):
        control = np.round(rng.uniform(-80, 160, (points, 2)), 3)
        curve = np.round(spline(control, per_segment), 9)
        cases.append({"points": control.tolist(), "per_segment": per_segment, "curve": curve.tolist()})
    return cases


def test_fixture_is_the_engines_curve():
    stored = json.loads((UI_TESTS / "spline.json").read_text())
    assert len(stored) == len(make_cases())
    for case in stored:
        np.testing.assert_allclose(spline(np.array(case["points"]), case["per_segment"]), case["curve"], atol=1e-6)


def test_browser_modules():
    node = shutil.which("node")
    if node is None:
        pytest.skip("the browser modules' unit tests are left out: no node was found; install nodejs 18 or newer")
    tests = sorted(map(str, UI_TESTS.glob("*.test.mjs")))
    result = subprocess.run([node, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
