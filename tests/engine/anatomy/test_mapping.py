import numpy as np
import pytest

from engine.anatomy import labels
from engine.anatomy.contours import label_map
from engine.anatomy.mapping import found, remap
from engine.errors import BadInput
from engine.phantom.population import draw_subject


def maps(seed: int) -> np.ndarray:
    heart = draw_subject(seed).heart
    return label_map(heart, heart.sector.grid(96))[None]


def guesses(values: np.ndarray) -> dict[int, int]:
    return {each.value: each.guess for each in found(values)}


@pytest.mark.parametrize("sector", [True, False])
def test_classes_are_found_again_under_any_numbers(sector):
    for seed in range(20):
        drawn = maps(seed)
        if not sector:
            drawn = np.where(drawn == labels.SECTOR, 0, drawn).astype(np.uint8)
        numbers = np.random.default_rng(seed).permutation(np.arange(5, 40))[:4]
        renamed = np.concatenate([[0], numbers]).astype(np.int16)[drawn]
        assert np.array_equal(remap(renamed, guesses(renamed)), drawn), seed


def test_values_as_camus_has_them_are_themselves_and_counted():
    drawn = maps(1)
    told = found(np.concatenate([drawn, drawn]).astype(np.int32))
    assert [(each.value, each.guess) for each in told] == [(i, i) for i in range(5)]
    assert [each.pixels for each in told] == [2 * int((drawn == i).sum()) for i in range(5)]


def test_a_right_heart_is_neither_lv_nor_la():
    """RV and RA beside LV and LA, as four-chamber maps have them, without a sector."""
    y, x = np.mgrid[:100, :100]

    def egg(row, column, high, wide):
        return ((y - row) / high) ** 2 + ((x - column) / wide) ** 2 <= 1

    values = np.zeros((1, 100, 100), np.int32)
    for value, (mask) in {
        500: egg(40, 55, 30, 20) & (y < 62),
        205: egg(40, 55, 25, 14) & (y < 62),
        600: egg(45, 25, 20, 12) & (values[0] == 0),
        420: egg(73, 55, 11, 13),
        550: egg(76, 26, 9, 11),
    }.items():
        values[0][mask & ~((values[0] == 500) & (value == 600))] = value
    assert guesses(values) == {
        0: labels.BACKGROUND,
        205: labels.LV,
        420: labels.LA,
        500: labels.MYOCARDIUM,
        550: labels.BACKGROUND,
        600: labels.BACKGROUND,
    }


def test_one_value_alone_is_the_lv():
    values = np.zeros((1, 20, 20), np.int64)
    values[0, 5:15, 5:15] = 255
    assert guesses(values) == {0: labels.BACKGROUND, 255: labels.LV}
    assert found(np.full((1, 4, 4), 9))[0].guess == labels.LV


def test_what_is_not_named_becomes_background():
    values = np.array([[[0, 7, 9], [-3, 7, 9]]])
    assert np.array_equal(remap(values, {7: 1, 9: 3}), [[[0, 1, 3], [0, 1, 3]]])
    assert remap(values, {}).dtype == np.uint8


def test_refused():
    with pytest.raises(BadInput, match="64 values"):
        found(np.arange(64).reshape(1, 8, 8))
    with pytest.raises(BadInput, match="class 5"):
        remap(np.zeros((1, 2, 2), int), {0: 5})
