"""Anything that a person types is a number within the limits."""

import pytest

from studio.components.numbers import Number, OptionalSlider, Slider

TYPED = [(150, 80), (-3, 10), (None, 55), (float("nan"), 55), ("", 55), (35, 35), (80.0, 80)]


@pytest.mark.parametrize(("typed", "taken"), TYPED)
def test_a_sliders_box_takes_anything(typed, taken):
    assert Slider(10, 80, 55, step=1).preprocess(typed) == taken


def test_an_optional_sliders_box_may_be_empty():
    slider = OptionalSlider(10, 80, 55, step=1)
    assert [slider.preprocess(typed) for typed in (None, -3, 35)] == [None, 10, 35]
    assert [slider.postprocess(value) for value in (None, 35)] == [None, 35]


@pytest.mark.parametrize(("typed", "taken"), [(-5, 0), (99999999999, 2**31 - 1), (None, 1), (7, 7), (7.2, 7)])
def test_a_numbers_box_takes_anything(typed, taken):
    box = Number(1, precision=0, minimum=0, maximum=2**31 - 1)
    assert box.preprocess(typed) == taken
    assert isinstance(box.preprocess(typed), int)


def test_the_browser_shows_gradios_own_inputs():
    assert (Slider(0, 1, 0).get_block_name(), Number(1).get_block_name()) == ("slider", "number")
