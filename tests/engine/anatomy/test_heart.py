import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.anatomy import contours, labels
from engine.anatomy.heart import Sector, heart_from_json, read_document
from engine.anatomy.presets import PRESETS, preset
from engine.errors import BadInput


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_a_heart_survives_its_file(tmp_path, name, view):
    heart = preset(name, view)
    (tmp_path / "heart.json").write_text(json.dumps(heart.to_json()))
    again = heart_from_json(read_document(tmp_path / "heart.json"))
    assert again.to_json() == heart.to_json() and again.view == view
    assert all(np.abs(getattr(again, c) - p).max() < 6e-4 for c, p in heart.contours().items())


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda d: d.update(version=99), "version"),
        (lambda d: d.update(view="PLAX"), "view"),
        (lambda d: d["contours"].pop("la"), "la"),
        (lambda d: d["contours"].update(lv_endo=[[0, 1]]), "lv_endo"),
        (lambda d: d["contours"].update(lv_endo=[[0, float("nan")]] * 9), "lv_endo"),
        (lambda d: d["contours"].update(la=[[0, 1]] * 5000), "la"),
        (lambda d: d["contours"].update(la="round"), "la"),
        (lambda d: d["contours"].update(la=[[0, 10**400]] * 5), "la"),
        (lambda d: d["contours"].update(la=[[0, 1e300]] * 5), "la"),
        (lambda d: d.update(sector={"depth": -3, "opening": 80}), "depth"),
        (lambda d: d.update(sector={"depth": 150, "opening": 500}), "opening"),
        (lambda d: d.update(sector=None), "sector"),
        (lambda d: d.update(sector={"depth": 10**400, "opening": 80}), "sector"),
    ],
)
def test_a_spoilt_document_is_refused_by_name(spoil, word):
    document = copy.deepcopy(preset("normal").to_json())
    spoil(document)
    with pytest.raises(BadInput, match=word):
        heart_from_json(document)


@pytest.mark.parametrize(
    "content",
    [b"", b"[1, 2", b"\xff\xfe\x00", b"[]", b"3", b"1" * 5000, b"[" * 200_000, b" " * 2**21],
    ids=["empty", "cut", "bytes", "list", "number", "digits", "deep", "large"],
)
def test_a_file_that_is_no_heart_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(BadInput):
        heart_from_json(read_document(tmp_path / "x.json"))


@settings(max_examples=30, deadline=None)
@given(st.integers(24, 200), st.integers(24, 200), st.floats(60, 250), st.floats(40, 100))
def test_pixels_and_millimetres_are_inverse(height, width, depth, opening):
    grid = Sector(depth, opening).grid(height, width)
    points = np.random.default_rng(0).uniform(-200, 200, (20, 2))
    assert np.allclose(grid.to_mm(grid.to_pixels(points)), points)
    assert np.allclose(grid.to_pixels(np.zeros(2)), grid.apex)


def test_a_spline_goes_through_its_points_and_straight_lines_stay_straight():
    points = np.random.default_rng(2).uniform(0, 100, (9, 2))
    assert np.allclose(contours.spline(points, 12)[::12], points)
    line = np.linspace([0, 0], [10, 5], 6)
    curve = contours.spline(line)
    assert np.allclose(curve[:, 1], curve[:, 0] / 2)


def test_label_maps_agree_over_sizes_and_hold_every_class():
    heart = preset("normal")
    areas = []
    for size in (96, 128, 256, 512):
        grid = heart.sector.grid(size)
        image = contours.label_map(heart, grid)
        assert set(np.unique(image)) == set(range(5))
        assert (image[~heart.sector.contains(grid.mesh())] == labels.BACKGROUND).all()
        areas.append(
            [(image == k).sum() * np.prod(grid.mm_per_pixel) for k in (labels.LV, labels.MYOCARDIUM, labels.LA)]
        )
    assert np.allclose(areas, areas[-1], rtol=0.03)


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="hypertrophic"):
        preset("tiny")
