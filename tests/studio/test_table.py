"""What the drawing table asks of the server: its answers, the ways there and back, and what it says to whatever else comes.

`tests/studio/ui/drawing.json`, which the browser's tests read too, is made again by `python -m tests.studio.test_table`.
"""

import base64
import json
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

import engine
from engine.anatomy import cycle, labels
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import STROKES, Drawing, drawing_from_json, preset_drawing
from engine.anatomy.heart import CONTOURS, Sector
from engine.anatomy.keys import OPEN_PHASE, Key
from engine.anatomy.presets import PRESETS
from engine.anatomy.sketch import Stroke
from engine.anatomy.volumes import simpson
from engine.cards import CARDS
from engine.errors import BadInput
from studio import live, table
from studio.session import BACKDROP, FINER, FRAME, JPEG, fine_grid

FIXTURE = Path(__file__).parent / "ui" / "drawing.json"
NORMAL = preset_drawing("normal")
SERVED = (
    table.pose,
    table.preset,
    table.random_patient,
    table.paint,
    table.propose,
    table.edges,
    table.mapped,
    live.preview,
)


def corrected(drawing: Drawing, phases=(0.2, cycle.ES_PHASE, OPEN_PHASE, 0.7)) -> Drawing:
    """With a small correction of every contour at each phase."""
    rng = np.random.default_rng(5)
    keys = [
        Key(phase, {name: np.round(rng.normal(0, 1, getattr(drawing.heart, name).shape), 3) for name in CONTOURS})
        for phase in phases
    ]
    return replace(drawing, keys=tuple(keys))


def asked(drawing: Drawing = NORMAL, **more):
    """A request as a browser sends it."""
    return json.loads(json.dumps({"drawing": drawing.to_json(), **more}))


def picture(drawing: Drawing = NORMAL, shape: tuple[int, int] | None = None) -> str:
    """A backdrop: the heart's regions in grey, on the finer grid of its frame."""
    map_ = label_map(drawing.heart, fine_grid(drawing.heart.sector))
    grey = np.array([0, 20, 170, 30, 110], np.uint8)[map_]
    grey = grey if shape is None else cv2.resize(grey, shape)
    return JPEG + base64.b64encode(cv2.imencode(".jpg", grey)[1].tobytes()).decode()


def lying(side: int) -> str:
    """A small JPEG whose header says that it is `side` pixels wide and high."""
    data = bytearray(base64.b64decode(picture().removeprefix(JPEG)))
    header = data.index(b"\xff\xc0")
    data[header + 5 : header + 9] = 2 * side.to_bytes(2, "big")
    return JPEG + base64.b64encode(data).decode()


def near(contours, heart, tolerance=0.002):
    assert all(np.abs(np.array(contours[name]) - points).max() < tolerance for name, points in heart.contours().items())


# -- the beat ---------------------------------------------------------------------------------------------------------


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
        drawing.hearts()
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


# -- hearts to start from ---------------------------------------------------------------------------------------------


def test_the_gallery_shows_every_preset_and_anyone():
    made = table.hearts()
    assert [each["name"] for each in made["hearts"]] == [*PRESETS, None]
    for each in made["hearts"]:
        assert each["title"] and each["about"].endswith(".") and set(each["pictures"]) == {"A4C", "A2C"}
        data = base64.b64decode(each["pictures"]["A4C"].partition(",")[2])
        shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert shown.shape == (table.PICTURE, table.PICTURE, 4) and shown[..., 3].any()
    assert len({each["pictures"]["A4C"] for each in made["hearts"]}) == len(made["hearts"])
    assert set(made["normal"]) == {"edv", "esv", "lvef", "septal", "lateral", "la"}
    assert all(len(bounds) == 2 for bounds in made["normal"].values())
    assert json.loads(json.dumps(made)).keys() == made.keys()


@pytest.mark.parametrize("view", ["A4C", "A2C"])
@pytest.mark.parametrize("behind", [False, True])
def test_a_preset_or_a_patient_takes_the_place_of_the_drawing(view, behind):
    before = replace(corrected(NORMAL), heart=replace(NORMAL.heart, view=view, sector=Sector(130.0, 70.0)))
    before = replace(before, heart_rate=111.0, frames=32, fps=50.0, start=0.5, lvef=12.0)
    for answer, lvef in (
        (table.preset(asked(before, name="dilated", behind=behind)), PRESETS["dilated"].lvef),
        (table.random_patient(asked(before, seed=7, behind=behind)), None),
    ):
        made = drawing_from_json(answer["drawing"])
        assert made.heart.view == view
        assert (made.heart.sector == before.heart.sector) == behind
        assert (made.heart_rate, made.frames, made.fps, made.start) == (111.0, 32, 50.0, 0.5)
        assert made.lvef != 12.0 if lvef is None else made.lvef == lvef
        assert made.sketch == () and made.directions == {}
        assert answer["frame"]["height"] == FRAME
        assert table.pose(asked(made))["warnings"] is not None


def test_a_patient_is_the_same_again_and_another_is_another():
    first, again, other = (table.random_patient(asked(seed=seed)) for seed in (3, 3, 4))
    assert first == again and first["drawing"]["contours"] != other["drawing"]["contours"]


# -- brush, network, edges, label maps --------------------------------------------------------------------------------


def test_painting_grows_what_is_painted_and_the_answer_can_be_drawn_on():
    drawing = corrected(NORMAL)
    middle = drawing.heart.lv_endo[2].tolist()
    made = table.paint(asked(drawing, path=[middle, [middle[0] - 3, middle[1]]], radius=6.0, region="lv"))
    assert set(made["contours"]) == set(CONTOURS)
    grown = drawing_from_json({**asked(drawing)["drawing"], "contours": made["contours"]})
    assert simpson(grown.heart) > simpson(drawing.heart) + 1
    shapes = {name: points.shape for name, points in grown.heart.contours().items()}
    assert shapes == {name: points.shape for name, points in drawing.heart.contours().items()}


@pytest.mark.parametrize(
    "odd",
    [
        {"region": "spleen"},
        {"region": []},
        {"radius": 1e9},
        {"radius": float("nan")},
        {"path": []},
        {"path": [[1, 2, 3]]},
        {"path": [[float("inf"), 0]]},
        {"path": [[10**400, 0]]},
        {"path": [[1e300, 0]]},
        {"path": "M0 0"},
        {"path": {}},
    ],
)
def test_a_stroke_of_no_brush_is_refused(odd):
    request = {"drawing": NORMAL.to_json(), "path": [[0, 60]], "radius": 6.0, "region": "lv", **odd}
    assert list(table.paint(request)) == ["message"]


def test_a_long_stroke_is_a_stroke():
    """Only so much of it counts."""
    path = np.random.default_rng(1).normal([0, 60], 5, (50_000, 2)).tolist()
    began = time.thread_time()
    assert "contours" in table.paint({"drawing": NORMAL.to_json(), "path": path, "radius": 6.0, "region": "lv"})
    assert time.thread_time() - began < 5


def test_the_network_proposes_the_contours_of_the_picture_and_the_rest_stays():
    seen = preset_drawing("dilated")
    (clip,) = engine.load("phantom").generate(engine.Conditions(heart=seen.heart, lvef=40), CARDS["phantom"].defaults())
    jpeg = cv2.imencode(".jpg", cv2.resize(clip.frames[0], (FRAME * FINER, FRAME * FINER)))[1]
    sketch = (Stroke(np.zeros((2, 2)), np.ones(2)),)
    drawing = replace(
        corrected(NORMAL), heart=replace(NORMAL.heart, sector=seen.heart.sector), sketch=sketch, lvef=41.0
    )
    made = table.propose(asked(drawing, backdrop=JPEG + base64.b64encode(jpeg.tobytes()).decode()))
    after = drawing_from_json(made["drawing"])
    grid = seen.heart.sector.grid(128)
    found, true = (label_map(heart, grid) == labels.LV for heart in (after.heart, seen.heart))
    assert 2 * (found & true).sum() / (found.sum() + true.sum()) > 0.85
    assert after.heart.sector == drawing.heart.sector and after.heart.view == drawing.heart.view
    assert after.keys == () and len(after.sketch) == 1 and after.lvef == 41.0


def test_edges_are_added_to_the_sketch_where_they_are_in_the_picture():
    drawn = replace(NORMAL, sketch=(Stroke(np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones(2)),))
    made = drawing_from_json(table.edges(asked(drawn, backdrop=picture()))["drawing"])
    first, *found = made.sketch
    assert first.points.tolist() == [[1, 2], [3, 4]] and found
    assert made.heart.to_json() == drawing_from_json(asked(drawn)["drawing"]).heart.to_json()
    map_ = label_map(NORMAL.heart, fine_grid(NORMAL.heart.sector))
    border = cv2.Canny(map_ * 50, 1, 2) > 0
    away = cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 5)
    points = np.concatenate([stroke.points for stroke in found])
    x, y = np.round(fine_grid(NORMAL.heart.sector).to_pixels(points)).astype(int).T
    assert np.median(away[np.clip(y, 0, 511), np.clip(x, 0, 511)]) < 4


def test_edges_asked_for_again_and_again_never_make_a_drawing_that_no_one_can_read():
    many = tuple(Stroke(np.array([[float(i % 40), 50.0]]), np.ones(1)) for i in range(STROKES))
    answer = table.edges(asked(replace(NORMAL, sketch=many), backdrop=picture()))
    assert list(answer) == ["message"] and "strokes" in answer["message"]
    answer = asked()
    for _ in range(8):
        answer = table.edges({"drawing": answer["drawing"], "backdrop": picture()})
        if "message" in answer:
            break
        drawing_from_json(answer["drawing"])


@pytest.mark.parametrize("function", [table.propose, table.edges])
@pytest.mark.parametrize(
    "backdrop",
    [
        None,
        "",
        7,
        ["data:image/jpeg;base64,AAAA"],
        "data:image/png;base64," + picture().removeprefix(JPEG),
        JPEG,
        JPEG + "!!!",
        JPEG + "AAAA",
        picture()[: len(picture()) // 2],
        JPEG + "A" * BACKDROP,
    ],
    ids=["none", "empty", "number", "list", "png", "blank", "no base64", "no jpeg", "half", "long"],
)
def test_a_backdrop_that_is_none_is_refused(function, backdrop):
    answer = function({"drawing": NORMAL.to_json(), "backdrop": backdrop})
    assert list(answer) == ["message"] and answer["message"].endswith(".")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("function", [table.propose, table.edges])
@pytest.mark.parametrize("side", [5000, 12_000, 30_000])
def test_a_picture_larger_than_it_may_be_is_refused_before_it_is_decoded(function, side):
    bomb = {"drawing": NORMAL.to_json(), "backdrop": lying(side)}
    function(asked(backdrop=None))  # its imports are not the picture's
    tracemalloc.start()
    try:
        answer = function(bomb)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert list(answer) == ["message"] and most < 20e6


def test_a_backdrop_of_another_size_still_lies_where_the_frame_does():
    whole, small = (
        drawing_from_json(table.edges(asked(backdrop=one))["drawing"]) for one in (picture(), picture(shape=(200, 200)))
    )
    middles = [np.concatenate([stroke.points for stroke in made.sketch]).mean(0) for made in (whole, small)]
    assert FRAME * FINER == 512 and np.abs(middles[0] - middles[1]).max() < 8


def test_a_label_map_is_asked_about_and_its_answer_is_the_drawing():
    drawing = replace(corrected(preset_drawing("dilated")), lvef=33.0, frames=20)
    grid = drawing.heart.sector.grid(256)
    other = np.array([0, 30, 20, 7, 9])[label_map(drawing.heart, grid)]
    question = table.ask("map.nii", other[None], grid.mm_per_pixel)
    assert json.loads(json.dumps(question)) == question
    values = [each["value"] for each in question["labels"]]
    assert sorted(values) == [7, 9, 20, 30] and len({each["colour"] for each in question["labels"]}) == 4
    assert [each["pixels"] for each in question["labels"]] == [int((other == value).sum()) for value in values]
    meant = {"30": 1, "20": 2, "7": 3, "9": 4}
    assert {str(each["value"]): each["guess"] for each in question["labels"]} == meant
    made = drawing_from_json(table.mapped(asked(drawing, token=question["token"], meant=meant))["drawing"])
    assert np.abs(made.heart.lv_endo[[0, -1]] - drawing.heart.lv_endo[[0, -1]]).max() < 4
    assert simpson(made.heart) == pytest.approx(simpson(drawing.heart), rel=0.1)
    assert (made.lvef, made.frames, made.keys, made.sketch) == (33.0, 20, (), ())
    swapped = table.mapped(asked(drawing, token=question["token"], meant={"30": 2, "20": 1, "7": 3, "9": 4}))
    assert swapped["drawing"]["contours"]["lv_endo"] != made.to_json()["contours"]["lv_endo"]
    nothing = table.mapped(asked(drawing, token=question["token"], meant={"30": 0, "20": 0, "7": 3, "9": 4}))
    assert "LV" in nothing["message"]


@pytest.mark.parametrize(
    "odd",
    [
        {"token": "another"},
        {"token": None},
        {"token": ["x"]},
        {"meant": None},
        {"meant": {"1": 5}},
        {"meant": {"1": -1}},
        {"meant": {"one": 1}},
        {"meant": {"1": float("inf")}},
        {"meant": {"9" * 5000: 1}},
        {"meant": {str(value): 1 for value in range(5000)} | {"1": 17}},
        {"drawing": None},
    ],
)
def test_an_answer_to_no_question_is_refused(odd):
    token = table.ask("map.png", np.eye(32, dtype=np.int64)[None], (1.0, 1.0))["token"]
    request = {"drawing": NORMAL.to_json(), "token": token, "meant": {"1": 1}, **odd}
    assert list(table.mapped(request)) == ["message"]


def test_questions_that_nobody_answers_are_forgotten(monkeypatch):
    monkeypatch.setattr(table, "_asked", type(table._asked)())
    maps = np.zeros((1, 64, 64), np.int64)
    maps[:, 20:40, 20:40] = 1
    tokens = [table.ask("map.png", maps, (1.0, 1.0))["token"] for _ in range(2 * table.OPEN_QUESTIONS)]
    assert len(set(tokens)) == len(tokens)
    assert list(table._asked) == tokens[table.OPEN_QUESTIONS :]
    assert "no longer at hand" in table.mapped(asked(token=tokens[0], meant={"1": 1}))["message"]
    monkeypatch.setattr(table, "ROOM", 5 * maps.nbytes)
    last = table.ask("map.png", maps, (1.0, 1.0))["token"]
    assert len(table._asked) == 5 and last in table._asked


def test_a_question_keeps_one_frame_of_a_long_file(monkeypatch):
    monkeypatch.setattr(table, "_asked", type(table._asked)())
    maps = np.zeros((50, 32, 32), np.int64)
    maps[:, 8:20, 8:20] = 1
    table.ask("map.nii", maps, (1.0, 1.0))
    ((kept, _),) = table._asked.values()
    whole = kept if kept.base is None else kept.base
    assert whole.nbytes == maps[0].nbytes


def test_a_map_of_thousands_of_labels_is_no_question():
    with pytest.raises(BadInput, match="4096 values"):
        table.ask("map.png", np.arange(64 * 64).reshape(1, 64, 64), (1.0, 1.0))


@pytest.mark.parametrize("spacing", [(0.001, 10.0), (10.0, 0.001), (1.0, 1.0), (0.5, 0.7)])
def test_the_picture_of_a_question_fits_the_frame_whatever_the_spacing(spacing):
    maps = np.zeros((1, 90, 60), np.int64)
    maps[:, 30:60, 20:40] = 1
    data = base64.b64decode(table.ask("map.nii", maps, spacing)["picture"].partition(",")[2])
    height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).shape[:2]
    assert max(height, width) == FRAME
    if spacing[0] > 0.1 and spacing[1] > 0.1:
        assert width / height == pytest.approx(60 * spacing[1] / (90 * spacing[0]), rel=0.02)


# -- whatever else comes ----------------------------------------------------------------------------------------------

numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 2**63, 10**400, 1e300]))
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
WHOLE = {
    "drawing": corrected(NORMAL).to_json()
    | {
        "sketch": [{"points": [[0, 1], [2, 3]], "pressure": [0, 1]}],
        "directions": {"septal_leaflet": [[0, 1], [2, 3]]},
    },
    "name": "dilated",
    "seed": 3,
    "behind": True,
    "path": [[0, 60], [5, 60]],
    "radius": 5.0,
    "region": "la",
    "token": "x",
    "meant": {"1": 1},
    "model": "phantom",
    "draft": True,
}


def places(document, way=()):
    """The way to every part of a document."""
    yield way
    for name in document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ():
        yield from places(document[name], (*way, name))


def put(document, way, value):
    """The document with another part at a place."""
    if not way:
        return value
    changed = dict(document) if isinstance(document, dict) else list(document)
    changed[way[0]] = put(document[way[0]], way[1:], value)
    return changed


def assert_answered(function, request):
    answer = function(request)
    assert isinstance(answer, dict) and answer
    if "message" in answer:
        assert list(answer) == ["message"]
        assert isinstance(answer["message"], str) and answer["message"].endswith(".") and "\n" not in answer["message"]
    json.dumps(answer, allow_nan=False)  # no browser reads a NaN


CHEAP = [function for function in SERVED if function is not live.preview]
SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.mark.parametrize("function", SERVED, ids=lambda function: function.__name__)
@given(request_=anything)
@limits(max_examples=40, **SLOW)
def test_any_json_is_answered(function, request_):
    assert_answered(function, request_)


PLACES = [way for way in places(WHOLE) if way]
SHALLOW = [
    way for way in PLACES if len(way) <= 3 and not (len(way) == 3 and isinstance(way[2], int) and way[1] == "keys")
]


@pytest.mark.parametrize("function", CHEAP, ids=lambda function: function.__name__)
@given(way=st.one_of(st.sampled_from(SHALLOW), st.sampled_from(PLACES)), value=anything)
@limits(max_examples=40, **SLOW)
def test_a_request_with_one_odd_part_is_answered(function, way, value):
    assert_answered(function, put(WHOLE, way, value))


coordinate = st.floats(-1000, 1000)


@given(
    moves=st.lists(
        st.tuples(st.sampled_from(CONTOURS), st.integers(0, 8), coordinate, coordinate), min_size=1, max_size=6
    ),
    lvef=st.one_of(st.none(), st.floats(5, 85)),
)
@limits(max_examples=40, **SLOW)
def test_a_heart_of_any_shape_has_a_pose_or_a_sentence(moves, lvef):
    drawing = json.loads(json.dumps(corrected(NORMAL, (0.2, cycle.ES_PHASE)).to_json())) | {"lvef": lvef}
    for name, index, x, y in moves:
        points = drawing["contours"][name]
        points[index % len(points)] = [x, y]
    assert_answered(table.pose, {"drawing": drawing})


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("keys", [{"phase": (i + 1) / 1000, "offsets": {}} for i in range(900)]),
        ("sketch", [{"points": [[0, 0]], "pressure": [1]}] * 5000),
        ("sketch", [{"points": [[0, 0]] * 100_000, "pressure": [1] * 100_000}]),
        ("directions", {f"leaflet {i}": [[0, 0], [1, 1]] for i in range(1000)}),
        ("contours", NORMAL.to_json()["contours"] | {"la": [[0, 0]] * 50_000}),
        ("frames", 10**9),
    ],
)
@pytest.mark.parametrize("function", [table.pose, table.preset, table.paint, live.preview])
def test_more_than_a_drawing_may_hold_is_refused_at_once(function, part, value):
    if function is table.paint and part == "keys":
        pytest.skip("the brush asks for the contours alone")
    request = put(WHOLE, ("drawing", part), value)
    began = time.thread_time()
    answer = function(request)
    assert list(answer) == ["message"] and time.thread_time() - began < 1


def test_what_fails_inside_is_told_without_its_words(monkeypatch, caplog):
    """A cv2.error, say, is none of the errors that an odd document raises."""

    @table.answered
    def fails(document):
        raise cv2.error("a path on this machine")

    answer = fails({})
    assert list(answer) == ["message"] and "machine" not in answer["message"] and "error" in answer["message"]
    assert "a path on this machine" in caplog.text


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(make_edits()) + "\n")
