"""What the drawing table makes of pixels: the brush, the network, edges, and label maps."""

import base64
import json
import time
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest

import engine
from engine.anatomy import labels
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import STROKES, drawing_from_json, preset_drawing
from engine.anatomy.heart import CONTOURS
from engine.anatomy.sketch import Stroke
from engine.anatomy.volumes import simpson
from engine.cards import CARDS
from engine.errors import BadInput
from studio import table
from studio.session import BACKDROP, FINER, FRAME, JPEG, fine_grid
from tests.studio.drawn import NORMAL, asked, corrected, picture


def lying(side: int) -> str:
    """A small JPEG whose header says that it is `side` pixels wide and high."""
    data = bytearray(base64.b64decode(picture().removeprefix(JPEG)))
    header = data.index(b"\xff\xc0")
    data[header + 5 : header + 9] = 2 * side.to_bytes(2, "big")
    return JPEG + base64.b64encode(data).decode()


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
