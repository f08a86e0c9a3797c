import cv2
import numpy as np
import pytest

from engine.errors import BadInput
from engine.media.still import fan_of, standard_square
from engine.phantom.population import draw_subject
from engine.phantom.quality import DRAFT
from engine.phantom.simulate import simulate


@pytest.fixture(scope="module")
def clip():
    return simulate([draw_subject(3).exam()], 2, 112, "cpu", DRAFT)[0]


def test_a_frame_of_the_standard_square_stays_as_it_is(clip):
    square, spacing = standard_square(clip.frames[:1], clip.mm_per_pixel, 112)
    assert np.array_equal(square, clip.frames[0]) and spacing == pytest.approx(clip.mm_per_pixel, rel=0.1)


@pytest.mark.parametrize("seed", [3, 900_401, 900_402])
def test_the_fan_of_one_still_holds_all_that_the_clip_ever_shows_and_little_more(seed):
    clip = simulate([draw_subject(seed).exam()], 6, 112, "cpu", DRAFT)[0]
    sector = clip.label_maps[0] > 0
    for frame in clip.frames[[0, 3]]:
        fan = fan_of(frame)
        assert fan[sector].mean() > 0.999 and fan[~sector].mean() < 0.2
        assert not clip.frames[:, ~fan].any()


@pytest.mark.parametrize("side", [32, 56, 300])
def test_a_square_of_any_size_becomes_the_standard_one(clip, side):
    frame = cv2.resize(clip.frames[0], (side, side), interpolation=cv2.INTER_AREA)
    square, spacing = standard_square(frame[None], None, 112)
    smooth = [cv2.GaussianBlur(each, (0, 0), 4).ravel() for each in (square, clip.frames[0])]
    assert square.shape == (112, 112) and np.corrcoef(smooth)[0, 1] > 0.98
    assert spacing == pytest.approx(clip.mm_per_pixel, rel=0.5)


def test_bars_and_lettering_around_the_fan_are_left_out(clip):
    screen = np.zeros((1, 300, 400), np.uint8)
    fan = cv2.resize(clip.frames[0], (224, 224), interpolation=cv2.INTER_LINEAR)
    screen[0, 50:274, 90:314] = fan
    cv2.putText(screen[0], "42 bpm", (5, 290), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255)
    square, _ = standard_square(screen, None, 112)
    smooth = [cv2.GaussianBlur(each, (0, 0), 4).ravel() for each in (square, clip.frames[0])]
    assert np.corrcoef(smooth)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("still", "word"),
    [
        (np.zeros((1, 112, 112), np.uint8), "no ultrasound fan"),
        (np.full((1, 112, 112), 80, np.uint8), "no ultrasound fan"),
        (np.random.default_rng(0).integers(0, 256, (1, 112, 112), dtype=np.uint8), "no ultrasound fan"),
        (np.zeros((112, 112, 3), np.uint8), "turn colours into grey"),
        (np.zeros((1, 112, 112, 3), np.uint8), "turn colours into grey"),
        (np.zeros((16, 112, 112), np.uint8), "take one frame"),
        (np.zeros((112, 112), np.uint8), "one grey uint8 picture"),
        (np.zeros((1, 112, 112), np.float32), "float32"),
        (np.zeros((1, 31, 112), np.uint8), "32 to 4096"),
        (np.zeros((1, 32, 4097), np.uint8), "32 to 4096"),
    ],
)
def test_what_is_no_still_is_refused_in_one_sentence(still, word):
    with pytest.raises(BadInput, match=word) as caught:
        standard_square(still, None, 112)
    assert "\n" not in str(caught.value) and str(caught.value).count(". ") == 0
