from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.errors import BadInput
from engine.measures.agreement import agree
from engine.measures.plots import draw_agreement, draw_beat
from engine.measures.reading import read
from engine.phantom.population import draw_subject
from engine.phantom.simulate import simulate
from engine.types import Clip


@pytest.fixture(scope="module")
def clip():
    made = simulate([draw_subject(900_201).exam()], 8, 96)[0]
    return Clip(made.frames, made.fps, made.mm_per_pixel, None, made.label_maps)


def is_light(path):
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return np.median(picture) == 255 and len(np.unique(picture)) > 20


def test_agreement_is_drawn_with_a_nan_left_out(tmp_path):
    rng = np.random.default_rng(0)
    asked = rng.uniform(20, 70, 30)
    measured = asked[:, None] + rng.normal(-3, 5, (30, 2))
    measured[4, 0] = np.nan
    asked[5] = np.nan
    single, best = agree(asked, measured)
    one, other = (draw_agreement(asked, measured, a, tmp_path / f"{a.best_of}.png") for a in (single, best))
    assert is_light(one) and is_light(other)
    assert one.read_bytes() != other.read_bytes()
    assert draw_agreement(asked, measured, best, tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("spacing", [None, (1.0, 1.0)])
def test_a_beat_is_drawn_with_and_without_maps_and_spacing(tmp_path, clip, spacing):
    told = replace(clip, mm_per_pixel=spacing or clip.mm_per_pixel)
    plain = draw_beat(read(told, None), tmp_path / "plain.png")
    dashed = draw_beat(read(told, None), tmp_path / "dashed.png", clip.label_maps)
    assert is_light(plain) and plain.read_bytes() != dashed.read_bytes()


def test_an_lv_too_small_for_a_volume_is_drawn_by_its_area(tmp_path, clip):
    reading = read(clip, None)
    assert is_light(draw_beat(replace(reading, volumes=np.full(8, np.nan)), tmp_path / "a.png"))


def test_the_same_figure_has_the_same_bytes(tmp_path, clip):
    reading = read(clip, None)
    a, b = (draw_beat(reading, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert a == b


def test_what_cannot_be_drawn_is_refused(tmp_path, clip):
    empty = read(replace(clip, frames=np.zeros_like(clip.frames)), None)
    with pytest.raises(BadInput, match="no beat"):
        draw_beat(empty, tmp_path / "a.png")
    with pytest.raises(BadInput, match=r"a\.doc"):
        draw_beat(read(clip, None), tmp_path / "a.doc")
    with pytest.raises(BadInput, match="none"):
        draw_beat(read(clip, None), tmp_path / "none" / "a.png")
