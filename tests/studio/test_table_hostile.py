"""Whatever else comes to the drawing table is answered, in one sentence at worst, and soon."""

import json
import time

import cv2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from engine.anatomy import cycle
from engine.anatomy.heart import CONTOURS
from studio import live, table
from tests.studio.drawn import NORMAL, corrected

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
