from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy import volumes
from engine.anatomy.presets import PRESETS, preset


def half_ellipse(length: float, diameter: float, turn: float = 0.0, n: int = 4001) -> np.ndarray:
    """The lower half of a prolate ellipsoid cut at its equator: annulus, apex, annulus."""
    angle = np.linspace(0, np.pi, n)
    points = np.stack([-diameter / 2 * np.cos(angle), -length * np.sin(angle)], -1)
    c, s = np.cos(turn), np.sin(turn)
    return points @ np.array([[c, s], [-s, c]]) + [10.0, 90.0]


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.1])
def test_simpson_of_a_half_ellipsoid_is_its_volume(turn):
    length, diameter = 90.0, 50.0
    exact = 2 / 3 * np.pi * (diameter / 2) ** 2 * length / 1000
    # The midpoint rule over 20 discs of a quadratic overestimates by (1/20)^2 / 8 of 3/2.
    assert volumes.simpson_polygon(half_ellipse(length, diameter, turn)) == pytest.approx(exact, rel=2e-3)


def test_biplane_of_a_half_ellipsoid_with_three_axes_is_its_volume():
    length, width, breadth = 90.0, 50.0, 36.0
    exact = np.pi / 6 * width * breadth * length / 1000
    found = volumes.simpson_biplane(half_ellipse(length, width, 0.3), half_ellipse(length, breadth, -0.2))
    assert found == pytest.approx(exact, rel=2e-3)


def test_biplane_of_one_outline_twice_is_single_plane_and_a_foreshortened_view_does_not_shorten():
    outline, short = half_ellipse(90.0, 50.0), half_ellipse(70.0, 50.0)
    assert volumes.simpson_biplane(outline, outline) == pytest.approx(volumes.simpson_polygon(outline))
    assert volumes.simpson_biplane(short, outline) == pytest.approx(volumes.simpson_polygon(outline), rel=1e-3)


def test_area_length_of_a_half_ellipsoid_is_its_volume():
    heart = replace(preset("normal"), lv_endo=half_ellipse(90.0, 50.0, n=61))
    assert volumes.area_length(heart) == pytest.approx(2 / 3 * np.pi * 25**2 * 90 / 1000, rel=5e-3)


def test_area_of_a_square_is_exact():
    assert volumes.area(np.array([[0, 0], [3, 0], [3, 3], [0, 3.0]])) == 9


def test_lvef():
    assert volumes.lvef(120.0, 48.0) == 60.0


def test_presets_have_the_volumes_their_names_promise():
    normal, dilated, hypertrophic = (volumes.simpson(preset(name)) for name in PRESETS)
    assert 62 <= normal <= 150  # normal EDV of men and women, ASE/EACVI 2015, 46..150 mL
    assert dilated > 180 > normal > hypertrophic
