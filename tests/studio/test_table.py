"""The beat of the drawing table, and what an edit at an instant of it makes of the drawing.

`tests/studio/ui/drawing.json`, which the browser's tests read too, is made again by `python -m tests.studio.test_table`.
"""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.anatomy import cycle
from engine.anatomy.drawing import drawing_from_json, preset_drawing
from engine.anatomy.heart import CONTOURS
from engine.anatomy.keys import OPEN_PHASE, Key
from engine.anatomy.volumes import simpson
from engine.errors import BadInput
from studio import table
from tests.studio.drawn import NORMAL, asked, corrected

FIXTURE = Path(__file__).parent / "ui" / "drawing.json"


def near(contours, heart, tolerance=0.002):
    assert all(np.abs(np.array(contours[name]) - points).max() < tolerance for name, points in heart.contours().items())


@pytest.mark.parametrize("name", ["normal", "prolapse", "apical aneurysm", "missing LA"])
def test_a_pose_is_the_beat_of_the_drawing(name):
    drawing = corrected(preset_drawing(name), (0.2, 0.7)) if name == "normal" else preset_drawing(name)
    drawing = drawing_from_json(asked(drawing)["drawing"])
    made = table.pose(asked(drawing))
    phases = made["phases"]
    assert phases == sorted(set(phases)) and phases[0] == 0 and phases[-1] < 1
    assert {0.0, cycle.ES_PHASE, OPEN_PHASE, *(key.phase for key in drawing.keys)} <= set(phases)
    assert len(phases) >= table.POSES and len(made["beat"]) == len(made["volumes"]) == len(phases)
    for phase in (0.0, cycle.ES_PHASE, OPEN_PHASE, 0.25):
        (heart,) = drawing.hearts_at(np.array([phase]))
        at = phases.index(phase)
        near(made["beat"][at], heart)
        assert made["volumes"][at] == pytest.approx(simpson(heart), abs=0.006)
    near(made["beat"][0], drawing.heart)
    edv, esv = made["volumes"][0], made["volumes"][phases.index(cycle.ES_PHASE)]
    assert 100 * (edv - esv) / edv == pytest.approx(drawing.lvef, abs=0.3)
    assert all(sentence.endswith(".") for sentence in made["warnings"])


def test_a_correction_is_seen_where_it_was_made():
    """At its own phase a key adds just what the hand did, at ED nothing; the LVEF is kept all the same."""
    phases = (0.2, OPEN_PHASE, 0.7)
    drawing = corrected(NORMAL, phases)
    usual, made = table.pose(asked(replace(NORMAL, keys=()))), table.pose(asked(drawing))
    for key in drawing.keys:
        (without,) = NORMAL.hearts_at(np.array([key.phase]))
        shown = made["beat"][made["phases"].index(key.phase)]
        for name, offsets in key.offsets.items():
            if key.phase != OPEN_PHASE and "leaflet" in name:
                continue  # what was drawn on the open valve is seen as long as it is open
            assert np.allclose(np.array(shown[name]), getattr(without, name) + offsets, atol=0.002), (key.phase, name)
    assert made["beat"][0] == usual["beat"][0]


@pytest.mark.parametrize(("lvef", "words"), [(85.0, "cannot contract"), (5.0, "at end-systole alone")])
def test_an_lvef_out_of_reach_gives_the_nearest_beat_and_a_sentence(lvef, words):
    endo = NORMAL.heart.lv_endo
    inwards = 0.3 * (endo.mean(0) - endo)
    drawing = replace(NORMAL, keys=(Key(cycle.ES_PHASE, {"lv_endo": inwards if lvef == 5.0 else -inwards}),), lvef=lvef)
    with pytest.raises(BadInput):
        drawing.hearts_at(np.array([cycle.ES_PHASE]))
    made = table.pose(asked(drawing))
    assert "message" not in made and any(words in sentence for sentence in made["warnings"])
    edv, esv = made["volumes"][0], made["volumes"][made["phases"].index(cycle.ES_PHASE)]
    reached = 100 * (edv - esv) / edv
    drawing = drawing_from_json(asked(drawing)["drawing"])
    strongest = cycle.largest_lvef(drawing.heart, drawing.keys)
    assert reached == pytest.approx(strongest, abs=0.2) if lvef == 85.0 else lvef < reached < strongest


def test_a_drawing_that_is_no_heart_is_refused_in_one_sentence():
    tiny = replace(NORMAL, heart=NORMAL.heart.map_points(lambda points: points * 0.05))
    answer = table.pose(asked(tiny))
    assert list(answer) == ["message"] and answer["message"].endswith(".")


def test_how_long_a_pose_takes(capsys):
    """Told, not judged: other work on the machine counts too."""
    request = asked(corrected(NORMAL))
    table.pose(request)
    taken = []
    for _ in range(10):
        began = time.thread_time()
        table.pose(request)
        taken.append(1000 * (time.thread_time() - began))
    with capsys.disabled():
        print(f"\na pose takes {np.median(taken):.0f} ms of one core")


def make_edits():
    """Edits at phases of the beat, as the browser makes them: what is on screen before and after, and what must become of
    the drawing for the next pose to show the same.
    """
    rng = np.random.default_rng(11)
    inside = tuple(key for key in corrected(NORMAL, (0.2, cycle.ES_PHASE, 0.7)).keys)
    cases = (
        ("the first at end-systole", (), cycle.ES_PHASE, ("lv_endo", "lv_epi")),
        ("once more at end-systole", inside, cycle.ES_PHASE, ("lv_endo",)),
        ("the first of the open valve", inside[1:2], OPEN_PHASE, ("septal_leaflet", "la")),
        ("once more at a key", inside, 0.2, ("lv_epi", "la")),
        ("between two keys", inside, 0.1, ("lv_endo",)),
        ("the open valve within the reach of a key", inside, OPEN_PHASE, ("septal_leaflet",)),
    )
    made = []
    for name, keys, phase, pulled in cases:
        drawing = drawing_from_json(asked(replace(NORMAL, keys=keys, lvef=50.0))["drawing"])
        before = _shown(drawing, phase)
        after = {
            contour: points + rng.normal(0, 1, points.shape) * (contour in pulled) for contour, points in before.items()
        }
        after = {contour: np.round(points, 3) for contour, points in after.items()}
        made.append(
            {
                "name": name,
                "drawing": drawing.to_json(),
                "phase": phase,
                "before": {contour: points.tolist() for contour, points in before.items()},
                "after": {contour: points.tolist() for contour, points in after.items()},
                **_wanted(drawing, phase, before, after),
            }
        )
    return made


def _shown(drawing, phase):
    """The contours at a phase, as `table.pose` tells them."""
    (heart,) = drawing.hearts_at(np.array([phase]))
    return {name: np.round(points, 3) for name, points in heart.contours().items()}


def _wanted(drawing, phase, before, after):
    """The offsets of the key, and the LVEF, with which the pose shows `after`."""
    own = next((key for key in drawing.keys if key.phase == phase), Key(phase, {}))
    if phase == cycle.ES_PHASE:
        base = {name: points - own.offsets.get(name, 0.0) for name, points in before.items()}
        volumes = [
            simpson(replace(drawing.heart, lv_endo=each["lv_endo"]))
            for each in ({"lv_endo": drawing.heart.lv_endo}, after)
        ]
        lvef = round(100 * (1 - volumes[1] / volumes[0]), 1)
    else:  # with a key that does nothing there, the others reach no further than they then will
        others = tuple(key for key in drawing.keys if key is not own)
        base, lvef = _shown(replace(drawing, keys=(*others, Key(phase, {}))), phase), drawing.lvef
    offsets = {name: np.round(after[name] - base[name], 3) for name in CONTOURS}
    return {"offsets": {name: moves.tolist() for name, moves in offsets.items()}, "lvef": lvef}


def test_an_edit_of_the_browser_is_what_the_next_pose_shows():
    """The browser's own test makes its key from `before` and `after`; that such a key shows `after` is proven here."""
    stored = json.loads(FIXTURE.read_text())
    for case in stored:
        drawing = drawing_from_json(case["drawing"])
        offsets = {name: np.array(moves) for name, moves in case["offsets"].items()}
        others = tuple(key for key in drawing.keys if key.phase != case["phase"])
        edited = replace(drawing, keys=(*others, Key(case["phase"], offsets)), lvef=case["lvef"])
        shown = _shown(edited, case["phase"])
        for name, points in case["after"].items():
            assert np.abs(shown[name] - points).max() < 0.05, (case["name"], name)  # the LVEF is one to a tenth
        for name, points in _shown(drawing, case["phase"]).items():
            assert np.abs(points - case["before"][name]).max() < 0.002, (case["name"], name)


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(make_edits()) + "\n")
