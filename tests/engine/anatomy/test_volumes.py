from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy import volumes
from engine.anatomy.heart import Heart
from engine.anatomy.normal import NORMAL
from engine.anatomy.presets import preset


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
    normal, dilated, hypertrophic = (volumes.simpson(preset(name)) for name in ("normal", "dilated", "hypertrophic"))
    assert NORMAL["edv"][0] <= normal <= NORMAL["edv"][1]
    assert dilated > 180 > normal > hypertrophic


@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_the_normal_preset_is_normal(view):
    heart = preset("normal", view)
    wall = volumes.wall_thickness(heart)
    for measure, value in {"la_volume": volumes.la_volume(heart), "wall": wall.septal}.items():
        assert NORMAL[measure][0] <= value <= NORMAL[measure][1], measure
    assert volumes.lv_length(heart) == pytest.approx(84.0)


def cup(radius: float, height: float, n: int = 61) -> np.ndarray:
    """A half circle upon two straight walls, left end first, the middle of its base at the origin."""
    angle = np.linspace(np.pi, 0, n)
    arc = np.stack([radius * np.cos(angle), -height - radius * np.sin(angle)], -1)
    up = np.linspace(0, height, n)[:-1]
    left, right = np.stack([0 * up - radius, -up], -1), np.stack([0 * up + radius, -up[::-1]], -1)
    return np.concatenate([left, arc, right])


def cups(inner: float, outer: float, shift: float = 0.0) -> Heart:
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    inside, outside = cup(inner, 50.0), cup(outer, 50.0) - [-shift, 0.0]
    return replace(preset("normal"), lv_endo=inside @ turn + [9.0, 90.0], lv_epi=outside @ turn + [9.0, 90.0])


def test_wall_between_two_cups_is_the_gap_between_their_radii():
    thickness = volumes.wall_thickness(cups(20.0, 29.0))
    assert (thickness.septal, thickness.lateral, thickness.thinnest) == pytest.approx((9.0, 9.0, 9.0), abs=0.02)


def test_a_shifted_cup_has_one_thin_wall():
    thickness = volumes.wall_thickness(cups(20.0, 29.0, shift=4.0))
    assert (thickness.septal, thickness.lateral, thickness.thinnest) == pytest.approx((5.0, 13.0, 5.0), abs=0.05)


def test_where_walls_cross_there_is_none():
    thickness = volumes.wall_thickness(cups(20.0, 29.0, shift=12.0))
    assert (thickness.septal, thickness.thinnest) == (0.0, 0.0) and thickness.lateral == pytest.approx(21.0, abs=0.05)


def test_distance_is_to_the_line_and_not_to_its_corners():
    line = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    points = np.array([[5.0, 3.0], [-3.0, 4.0], [12.0, 5.0], [10.0, 0.0]])
    assert volumes.distance(points, line) == pytest.approx([3.0, 5.0, 2.0, 0.0])


@pytest.mark.parametrize("turn", [0.0, 2.0])
def test_la_of_half_an_ellipsoid_has_its_volume(turn):
    heart = replace(preset("normal"), la=half_ellipse(48.0, 40.0, turn, n=41))
    assert volumes.la_volume(heart) == pytest.approx(2 / 3 * np.pi * 20**2 * 48 / 1000, rel=5e-3)


def test_la_left_out_has_no_volume():
    heart = preset("normal")
    assert volumes.la_volume(replace(heart, la=np.linspace(heart.la[0], heart.la[-1], 7))) == 0.0
    assert volumes.la_volume(heart.map_points(lambda points: 0.1 * points)) == 0.0


def test_lengths_and_volumes_grow_with_the_heart():
    heart = preset("dilated")
    larger = heart.map_points(lambda points: 1.2 * points)
    assert volumes.lv_length(larger) == pytest.approx(1.2 * volumes.lv_length(heart))
    assert volumes.la_volume(larger) == pytest.approx(1.2**3 * volumes.la_volume(heart))
    assert volumes.wall_thickness(larger).septal == pytest.approx(1.2 * volumes.wall_thickness(heart).septal)
