import numpy as np
import pytest

from engine.anatomy import contours, cycle, labels
from engine.anatomy.derived import (
    ANNULUS,
    LEAFLET,
    find_insonified,
    lvef_of_maps,
    lvef_of_two_views,
    optical_flow,
    sketch,
    valve_line,
    valve_skeleton,
    with_sector,
)
from engine.anatomy.heart import Sector
from engine.anatomy.presets import Shape, build, preset
from engine.errors import BadInput
from engine.phantom.population import draw_subject
from engine.phantom.simulate import simulate


def beating(seed: int, size: int, phase=(0.0, cycle.ES_PHASE)):
    """A random heart's drawn hearts, grid and label maps at the given phases, and its LVEF."""
    subject = draw_subject(seed)
    grid = subject.heart.sector.grid(size)
    hearts = cycle.hearts_at(subject.heart, subject.lvef, np.array(phase))
    return hearts, grid, [contours.label_map(heart, grid) for heart in hearts], subject.lvef


@pytest.mark.parametrize("size", [112, 256])
def test_the_valve_spans_the_annulus_of_random_hearts(size):
    for seed in range(12):
        hearts, grid, maps, _ = beating(seed, size)
        for heart, drawn in zip(hearts, maps, strict=True):
            line = valve_line(drawn)
            ends = grid.to_pixels(heart.lv_endo[[0, -1]])
            assert np.hypot(*(line[[0, -1]] - ends).T).max() < 1.6, seed
            # The border is the straight annulus; the line lies on it.
            along = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
            assert np.abs((line - ends[0]) @ [-along[1], along[0]]).max() < 1.2


def test_a_curved_border_gives_a_curved_line():
    y, x = np.mgrid[:128, :128]
    border = 70 + 0.02 * (x - 64.0) ** 2
    drawn = np.where(np.abs(x - 64) < 20, np.where(y < border, labels.LV, labels.LA), 0).astype(np.uint8)
    line = valve_line(drawn)
    assert np.abs(line[:, 1] + 0.5 - (70 + 0.02 * (line[:, 0] - 64) ** 2)).max() < 1.0
    assert line[[0, -1], 0] == pytest.approx([45, 83], abs=1.5)


def test_the_skeleton_is_one_line_between_two_dots():
    _, _, (drawn, _), _ = beating(3, 256)
    skeleton, line = valve_skeleton(drawn), valve_line(drawn)
    assert set(np.unique(skeleton)) == {0, LEAFLET, ANNULUS}
    length = np.hypot(*np.diff(line, axis=0).T).sum()
    assert (skeleton > 0).sum() < 1.6 * length + 60
    for x, y in np.round(line[[0, -1]]).astype(int):
        assert skeleton[y, x] == ANNULUS
    mirrored = valve_line(drawn[:, ::-1].copy())
    assert 255 - mirrored[::-1, 0] == pytest.approx(line[:, 0], abs=0.01)


def test_without_lv_or_la_or_with_both_far_apart_there_is_no_valve():
    _, _, (drawn, _), _ = beating(0, 128)
    for gone in (labels.LV, labels.LA):
        without = np.where(drawn == gone, labels.SECTOR, drawn).astype(np.uint8)
        assert valve_line(without) is None and not valve_skeleton(without).any()
    apart = np.zeros((128, 128), np.uint8)
    apart[10:50, 40:80], apart[60:90, 40:80] = labels.LV, labels.LA
    assert valve_line(apart) is None


def test_any_label_map_has_a_valve_or_none():
    rng = np.random.default_rng(2)
    for _ in range(60):
        coarse = rng.integers(0, 5, (6, 6), dtype=np.uint8)
        drawn = np.kron(coarse, np.ones((8, 8), np.uint8))
        line, skeleton = valve_line(drawn), valve_skeleton(drawn)
        assert skeleton.shape == drawn.shape
        assert line is None or (np.isfinite(line).all() and line[0, 0] <= line[-1, 0])


def test_a_sketch_holds_every_border_and_little_else():
    for seed in range(4):
        clip = simulate([draw_subject(seed).exam()], 2, 128)[0]
        drawn, lines = clip.label_maps[0], sketch(clip.frames[0], clip.label_maps[0])
        inner = drawn[1:-1, 1:-1]
        changes = ((inner != drawn[1:-1, 2:]) | (inner != drawn[2:, 1:-1])) & (inner > 0)
        assert lines[1:-1, 1:-1][changes].all() and lines.mean() < 0.15
        assert not sketch(np.zeros_like(clip.frames[0]), np.zeros_like(drawn)).any()


def test_an_edge_of_the_picture_is_drawn_without_labels():
    frame = np.full((64, 64), 20, np.uint8)
    frame[:, 32:] = 180
    lines = sketch(frame, np.zeros_like(frame))
    assert lines[8:-8, 31:33].any(1).all() and not lines[:, :28].any() and not lines[:, 36:].any()


def test_the_sector_is_the_fan_and_labels_win():
    heart = preset("normal")
    grid = heart.sector.grid(128)
    fan = heart.sector.contains(grid.mesh())
    frames = np.where(fan, np.random.default_rng(0).integers(1, 255, (3, 128, 128)), 0).astype(np.uint8)
    frames[:, 60:70, 60:70] = 0
    frames[:, 3, 3] = 99
    found = find_insonified(frames)
    assert np.array_equal(found, fan)
    drawn = contours.label_map(heart, grid)
    bare = np.where(drawn == labels.SECTOR, 0, drawn).astype(np.uint8)
    assert np.array_equal(with_sector(bare, found), drawn)


def test_flow_of_a_shifted_picture_is_the_shift():
    rng = np.random.default_rng(1)
    big = np.kron(rng.integers(0, 255, (24, 24), dtype=np.uint8), np.ones((6, 6), np.uint8))
    frames = np.stack([big[8 + at : 120 + at, 8 - 2 * at : 120 - 2 * at] for at in range(3)])
    flow = optical_flow(frames)
    assert flow.shape == (2, 112, 112, 2) and flow.dtype == np.float32
    # Content moves two pixels to the right and one up a frame.
    assert np.median(flow[:, 12:-12, 12:-12], axis=(0, 1, 2)) == pytest.approx([2, -1], abs=0.05)


def test_flow_follows_the_phantoms_wall():
    for seed in range(2):
        clip = simulate([draw_subject(seed).exam()], 16, 112)[0]
        exact, found = clip.flow()[:-1], optical_flow(clip.frames)
        wall = clip.label_maps[:-1] == labels.MYOCARDIUM
        speed = np.linalg.norm(exact, axis=-1)
        moving = wall & (speed > np.median(speed[wall]))
        error = np.linalg.norm(found - exact, axis=-1)
        cosine = (found * exact).sum(-1) / np.maximum(np.linalg.norm(found, axis=-1) * speed, 1e-6)
        assert np.median(error[moving]) < 0.5 * np.median(speed[moving])
        assert np.median(error[wall]) < 0.35 and np.median(cosine[moving]) > 0.9


def test_flow_of_a_still_is_empty_and_of_specks_is_refused():
    assert optical_flow(np.zeros((1, 32, 40), np.uint8)).shape == (0, 32, 40, 2)
    with pytest.raises(BadInput, match="12x40 pixels"):
        optical_flow(np.zeros((2, 40, 12), np.uint8))


@pytest.mark.parametrize(("size", "tolerance"), [(112, 3.0), (256, 1.5)])
def test_lvef_of_maps_is_that_of_the_heart_with_or_without_spacing(size, tolerance):
    for seed in range(12):
        _, grid, (ed, es), wanted = beating(seed, size)
        assert lvef_of_maps(ed, es, grid.mm_per_pixel) == pytest.approx(wanted, abs=tolerance)
        assert lvef_of_maps(ed, es) == pytest.approx(wanted, abs=tolerance)


def test_lvef_of_an_lv_alone_is_that_of_the_heart():
    for seed in range(6):
        _, _, maps, wanted = beating(seed, 112)
        ed, es = (np.where(drawn == labels.LV, drawn, 0).astype(np.uint8) for drawn in maps)
        assert lvef_of_maps(ed, es) == pytest.approx(wanted, abs=6)


def test_biplane_lvef_of_one_heart_in_two_views_at_other_scales_is_its_lvef():
    views = {}
    for view, size in (("A4C", 200), ("A2C", 256)):
        heart = build(Shape(view=view, sector=Sector(160.0, 84.0)))
        grid = heart.sector.grid(size)
        hearts = cycle.hearts_at(heart, 45.0, np.array([0.0, cycle.ES_PHASE]))
        views[view] = tuple(contours.label_map(each, grid) for each in hearts), grid.mm_per_pixel
    (four, four_spacing), (two, two_spacing) = views["A4C"], views["A2C"]
    assert lvef_of_two_views(four, two, four_spacing, two_spacing) == pytest.approx(45, abs=1.5)


def test_lvef_without_an_lv_is_refused():
    empty = np.zeros((64, 64), np.uint8)
    with pytest.raises(BadInput, match="0 pixels of LV"):
        lvef_of_maps(empty, empty)
