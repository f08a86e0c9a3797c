import numpy as np
import pytest

from engine.anatomy import labels
from engine.anatomy.derived import lvef_of_maps
from engine.phantom.population import draw_subject
from tests.training.data.copies import CamusPatient, write_camus
from training.data import camus
from training.data.example import Example, resample
from training.data.phantom import HELD_OUT, Recipe, examples, make_set, read_set


@pytest.fixture(scope="module")
def half_beat(tmp_path_factory):
    root = write_camus(tmp_path_factory.mktemp("camus"), [CamusPatient("patient0001")])
    return camus.read(camus.list_records(root).items[1])


def disc(height: int, width: int, spacing: tuple[float, float], radius: float) -> Example:
    """A round disc of `radius` mm in the middle, grey 200 and class 1, drawn on whatever pixels there are."""
    y, x = np.mgrid[:height, :width]
    away = np.hypot((y - (height - 1) / 2) * spacing[0], (x - (width - 1) / 2) * spacing[1])
    inside = (away < radius).astype(np.uint8)
    return Example(
        inside[None] * np.uint8(200), 50.0, spacing, "A4C", 0, None, {0: inside}, 55.0, "train", "p", "drawn"
    )


def test_a_disc_is_round_and_as_large_whatever_its_pixels_were():
    rng = np.random.default_rng(5)
    for _ in range(20):
        height, width = rng.integers(60, 240, 2)
        spacing = tuple(rng.uniform(0.4, 1.6, 2))
        radius = 0.35 * min(height * spacing[0], width * spacing[1])
        found = resample(disc(height, width, spacing, radius), 128)
        side = found.mm_per_pixel[0]
        assert found.mm_per_pixel == (side, side)
        assert side == pytest.approx(max(height * spacing[0], width * spacing[1]) / 128)
        y, x = np.nonzero(found.label_maps[0])
        coarse = max(*spacing, side)
        assert (y.mean(), x.mean()) == pytest.approx((63.5, 63.5), abs=0.51 * coarse / side)
        assert len(y) * side**2 == pytest.approx(np.pi * radius**2, rel=4 * coarse / radius)
        assert np.ptp(x) == pytest.approx(np.ptp(y), abs=2 + 2 * coarse / side)
        assert ((found.frames[0] > 100) == (found.label_maps[0] > 0)).mean() > 0.97


def test_labels_are_never_blended_and_the_rest_is_black(half_beat):
    for size in (32, 96, 200):
        found = resample(half_beat, size)
        assert found.frames.shape == (7, size, size)
        for at, drawn in half_beat.label_maps.items():
            assert set(np.unique(found.label_maps[at])) == set(np.unique(drawn))
        # 150 mm of 175 are picture: a band above it and one below are not.
        for rows in (slice(None, int(0.06 * size)), slice(-int(0.06 * size), None)):
            assert not found.frames[:, rows].any()
            assert not any(drawn[rows].any() for drawn in found.label_maps.values())


def test_square_pixels_of_the_same_number_are_kept():
    rng = np.random.default_rng(4)
    frames, drawn = rng.integers(0, 256, (2, 70, 70), dtype=np.uint8), rng.integers(0, 5, (70, 70), dtype=np.uint8)
    given = Example(frames, 50.0, None, "A4C", 1, None, {1: drawn}, None, None, "p", "drawn")
    found = resample(given, 70)
    assert np.array_equal(found.frames, frames) and np.array_equal(found.label_maps[1], drawn)
    assert found.mm_per_pixel is None and list(found.label_maps) == [1]


def test_label_maps_of_another_size_than_the_frames_are_no_example():
    with pytest.raises(Exception, match="label_maps"):
        Example(
            np.zeros((1, 8, 8), np.uint8), None, None, "A4C", 0, None, {0: np.zeros((8, 9), np.uint8)}, None, None, "p", "drawn"
        )  # fmt: skip


def test_volumes_survive(half_beat):
    found = resample(half_beat, 160)
    measured = [
        lvef_of_maps(each.label_maps[each.ed], each.label_maps[each.es], each.mm_per_pixel)
        for each in (half_beat, found)
    ]
    assert measured == pytest.approx([55, 55], abs=3)


def test_the_phantom_gives_examples_too(tmp_path):
    make_set(tmp_path, first=HELD_OUT, count=2, recipe=Recipe(frames=4, size=48), workers=1)
    data, found = read_set(tmp_path), list(examples(tmp_path))
    assert [example.patient for example in found] == [f"{HELD_OUT}", f"{HELD_OUT + 1}"]
    for at, example in enumerate(found):
        subject = draw_subject(HELD_OUT + at)
        assert np.array_equal(example.frames, data.frames[at]) and example.split == "test"
        assert np.array_equal(np.stack(list(example.label_maps.values())), data.label_maps[at])
        assert example.mm_per_pixel == subject.heart.sector.grid(48).mm_per_pixel
        assert example.fps == pytest.approx(4 * subject.heart_rate / 60) and example.view == subject.heart.view
        areas = [(drawn == labels.LV).sum() for drawn in example.label_maps.values()]
        assert (example.ed, example.es) == (0, int(np.argmin(areas))) and areas[0] > areas[example.es]


def test_clips_at_a_frame_rate_start_anywhere_in_the_beat(tmp_path):
    make_set(tmp_path, first=HELD_OUT, count=4, recipe=Recipe(frames=8, size=48, fps=8.0), workers=1)
    found = list(examples(tmp_path))
    assert [example.fps for example in found] == [8.0] * 4
    assert len({example.ed for example in found}) > 1
    for example in found:
        areas = [(drawn == labels.LV).sum() for drawn in example.label_maps.values()]
        assert areas[example.ed] == max(areas) and areas[example.es] == min(areas)
        assert np.ptp(areas) > 0


def test_clips_of_several_shapes_are_no_set_and_an_empty_folder_is_none(tmp_path):
    with pytest.raises(SystemExit, match="no phantom clips"):
        next(examples(tmp_path))
    for size in (32, 48):
        make_set(tmp_path / str(size), first=HELD_OUT, count=1, recipe=Recipe(frames=2, size=size), workers=1)
    with pytest.raises(SystemExit, match="2x32x32, 2x48x48"):
        read_set(tmp_path)
    assert len(list(examples(tmp_path))) == 2
