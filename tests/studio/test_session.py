"""The session without a browser."""

import json
import os
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from engine.anatomy.check import check
from engine.anatomy.cycle import phases
from engine.anatomy.drawing import Drawing, drawing_from_json, preset_drawing
from engine.anatomy.heart import CONTOURS, LEAFLETS, Sector
from engine.anatomy.keys import Key
from engine.anatomy.presets import PRESETS, preset
from engine.anatomy.sketch import Stroke
from engine.cards import CARDS
from engine.errors import BadInput
from studio import autosave, session
from studio.session import (
    document,
    fit,
    from_json,
    session_of,
    start,
    start_from,
    to_json,
    with_backdrop,
    with_drawing,
    with_model,
    with_view,
)

PICTURE = "data:image/jpeg;base64,AAAA"
BROWSER = "a-browser-of-this-test"


@pytest.fixture
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("ECHO_STUDIO_HOME", str(tmp_path))
    return tmp_path


def same(a, b):
    return to_json(a) == to_json(b)


def ask(made, **asked):
    """The session with other wishes of its drawing."""
    return replace(made, drawing=replace(made.drawing, **asked))


def whole(name="prolapse"):
    """A drawing of everything there is to draw."""
    made, rng = preset_drawing(name), np.random.default_rng(3)
    bend = {contour: np.round(rng.normal(0, 2, getattr(made.heart, contour).shape), 3) for contour in CONTOURS}
    keys = tuple(sorted((*made.keys, Key(0.2, bend)), key=lambda key: key.phase))
    arrows = {name: np.round(rng.uniform(-20, 90, (2, 2)), 3) for name in LEAFLETS}
    strokes = tuple(Stroke(np.round(rng.uniform(-30, 90, (n, 2)), 3), np.round(rng.random(n), 3)) for n in (1, 9, 40))
    return replace(
        made, keys=keys, directions=arrows, sketch=strokes, lvef=41.5, heart_rate=93.0, frames=24, fps=40.0, start=0.25
    )


def with_preset(made, name):
    """As the gallery of hearts puts it on the table."""
    before = made.drawing
    return with_drawing(made, start_from(preset_drawing(name, before.heart.view), before, bool(made.backdrop)))


def reloaded(made):
    return from_json(json.loads(json.dumps(to_json(made))))


def test_a_session_survives_its_json():
    made = replace(start(), drawing=whole(), seed=9, count=3, backdrop=PICTURE)
    again = reloaded(made)
    assert same(again, made)
    assert again.drawing.to_json() == whole().to_json()
    assert session.values(again) == session.values(made)


def test_without_an_lvef_the_model_is_asked_for_none():
    made = reloaded(ask(start(), lvef=None))
    assert made.drawing.lvef is None and document(made)["drawing"]["lvef"] is None
    assert "lvef" not in session.conditions(made).given()


def test_the_editors_value_is_small_and_plain():
    text = json.dumps(document(start()))
    assert len(text) < 10_000
    assert len(json.dumps(document(replace(start(), drawing=whole())))) < 20_000


def test_a_control_beside_the_drawing_is_heard_before_the_drawing():
    told = {"lvef": 35.0, "heart_rate": 80.0, "frames": 8, "fps": 25.0, "start": 0.5}
    made = session_of(document(replace(start(), drawing=whole())), **session.values(start()) | told)
    assert {name: getattr(made.drawing, name) for name in told} == told
    assert made.drawing.to_json() == {**whole().to_json(), **told}


def test_whole_numbers_from_a_browser_are_the_same_session():
    plain = session.values(start())
    made = session_of(document(start()), **plain | {"lvef": 35, "seed": 7.0, "frames": 8.0})
    assert (type(made.drawing.lvef), type(made.seed), type(made.drawing.frames)) == (float, int, int)


@pytest.mark.parametrize(
    "change",
    [
        {"lvef": 95},
        {"lvef": float("nan")},
        {"lvef": "most"},
        {"heart_rate": "fast"},
        {"seed": -1},
        {"count": 5},
        {"steps": float("inf")},
        {"start": 1.5},
        {"frames": 1},
        {"frames": 7.5},
        {"fps": 500},
        {"fps": True},
        {"model": "none"},
        {"drawing": {"contours": {}}},
        {"drawing": None},
        {"drawing": [1, 2]},
        {"rev": float("inf")},
        {"rev": None},
        {"backdrop": "https://example.org/x.png"},
        {"backdrop": PICTURE + "A" * session.BACKDROP},
        {"rev": "x"},
        {"doc": ...},
    ],
)
def test_values_out_of_range_are_one_sentence(change):
    value = to_json(start()) | change
    if change.get("doc") is ...:
        del value["doc"]
    with pytest.raises(BadInput, match=r"^[A-Z].*\.$"):
        from_json(value)


@given(st.sampled_from(list(PRESETS)), st.sampled_from(["A4C", "A2C"]), st.floats(60, 300), st.floats(40, 110))
@limits(max_examples=60, deadline=None)
def test_a_heart_fits_into_any_sector(name, view, depth, opening):
    before = preset(name, view)
    fitted = fit(Drawing(before), Sector(depth, opening)).heart
    points = np.concatenate(list(before.contours().values()))
    if before.sector.contains(points).all():
        assert all(fitted.sector.contains(points).all() for points in fitted.contours().values())
    down = fitted.lv_endo[:, 1] / before.lv_endo[:, 1]
    assert np.ptp(down) < 1e-9  # stretched evenly, so that no contour begins to cross another
    if depth >= before.sector.depth and opening >= before.sector.opening:
        assert np.allclose(fitted.lv_endo, before.lv_endo)


@given(st.floats(60, 300), st.floats(40, 110))
@limits(max_examples=20, deadline=None)
def test_what_is_drawn_on_a_heart_fits_with_it(depth, opening):
    """Keys, arrows and strokes are changed as the contours under them are, so each lies where it lay on the heart."""
    before = whole()
    on_heart = replace(before, sketch=(Stroke(before.heart.la, np.ones(len(before.heart.la))),))
    after = fit(on_heart, Sector(depth, opening))
    scale = after.heart.lv_endo[3] / before.heart.lv_endo[3]
    assert np.allclose(after.sketch[0].points, after.heart.la)
    for name, arrow in before.directions.items():
        assert np.allclose(after.directions[name], arrow * scale)
    for key, was in zip(after.keys, before.keys, strict=True):
        assert key.phase == was.phase and key.offsets.keys() == was.offsets.keys()
        for name, offsets in was.offsets.items():
            assert np.allclose(key.offsets[name], offsets * scale)
    assert {name: getattr(after, name) for name in session.ASKED} == {
        name: getattr(before, name) for name in session.ASKED
    }


def test_one_point_above_the_probe_does_not_squash_the_heart():
    heart = preset("normal")
    strayed = replace(heart, lv_epi=np.where(np.arange(9)[:, None] == 4, [[3.0, -2.0]], heart.lv_epi))
    plain, fitted = (fit(Drawing(drawn), Sector(140.0, 75.0)).heart for drawn in (heart, strayed))
    assert np.allclose(fitted.lv_endo, plain.lv_endo)


def test_every_preset_is_a_sound_drawing():
    for name in PRESETS:
        for view in ("A4C", "A2C"):
            check(preset(name, view))
            drawing = preset_drawing(name, view)
            assert drawing_from_json(json.loads(json.dumps(drawing.to_json()))).to_json() == drawing.to_json()
            assert len(drawing.hearts_at(phases(drawing.frames))) == drawing.frames


def test_a_preset_keeps_the_timing_and_the_recordings_sector_and_backdrop():
    behind = with_backdrop(ask(start(), heart_rate=110.0, frames=20), Sector(140.0, 75.0), PICTURE)
    changed = with_preset(behind, "dilated")
    assert changed.drawing.heart.sector == Sector(140.0, 75.0)
    assert changed.backdrop == PICTURE
    assert changed.rev == behind.rev + 1
    assert (changed.drawing.heart_rate, changed.drawing.frames) == (110.0, 20)
    assert changed.drawing.lvef == PRESETS["dilated"].lvef
    assert with_preset(start(), "dilated").drawing.heart.sector == preset("dilated").sector


def test_a_drawing_in_another_sector_leaves_the_backdrop_behind():
    behind = with_backdrop(start(), Sector(140.0, 75.0), PICTURE)
    assert with_drawing(behind, preset_drawing("dilated")).backdrop is None
    assert with_drawing(behind, replace(behind.drawing, lvef=20.0)).backdrop == PICTURE


def test_the_view_turns_a_preset_but_only_renames_a_drawing():
    turned = with_view(start(), "A2C")
    assert turned.drawing.heart.to_json() == preset(next(iter(PRESETS)), "A2C").to_json()
    heart = start().drawing.heart
    drawn = replace(start(), drawing=replace(whole(), heart=heart.map_points(lambda p: p + np.array([1.0, 0.0]))))
    renamed = with_view(drawn, "A2C").drawing.to_json()
    assert renamed == {**drawn.drawing.to_json(), "view": "A2C"}


@pytest.mark.parametrize("behind", [None, Sector(140.0, 75.0)])
@pytest.mark.parametrize("name", PRESETS)
def test_a_drawing_knows_its_preset_and_turns_it(name, behind):
    made = start() if behind is None else with_backdrop(start(), behind, PICTURE)
    made = reloaded(with_preset(made, name))
    turned = with_view(made, "A2C")
    assert session.preset_of(made) == session.preset_of(turned) == name
    assert turned.drawing.to_json() == with_preset(turned, name).drawing.to_json()
    assert (turned.drawing.heart.sector, turned.backdrop) == (made.drawing.heart.sector, made.backdrop) or not behind
    assert turned.drawing.heart.view == "A2C"
    assert session.preset_of(ask(made, heart=made.drawing.heart.map_points(lambda p: p + 0.5))) is None


def test_what_the_hand_added_to_a_preset_is_not_lost_with_the_view():
    made = with_preset(start(), "prolapse")
    key = made.drawing.keys[0]
    pulled = replace(key, offsets={name: offsets + 1.0 for name, offsets in key.offsets.items()})
    by_hand = {
        "keys": (pulled, *made.drawing.keys[1:]),
        "sketch": whole().sketch,
        "directions": whole().directions,
    }
    for name, value in by_hand.items():
        drawn = ask(made, **{name: value})
        assert session.preset_of(drawn) is None, name
        assert with_view(drawn, "A2C").drawing.to_json() == {**drawn.drawing.to_json(), "view": "A2C"}
    assert with_view(ask(made, lvef=31.0, start=0.5), "A2C").drawing.lvef == 31.0


@pytest.mark.parametrize("name", CARDS)
def test_a_model_is_asked_only_for_what_its_card_takes(name):
    made = with_model(replace(start(), steps=999, sampler="?", count=3, seed=5), name)
    assert set(session.conditions(made).given()) <= CARDS[name].accepts
    assert session.settings(made) == CARDS[name].defaults((5, 6, 7))


@pytest.mark.parametrize("name", CARDS)
def test_a_model_is_asked_for_what_was_drawn(name):
    made, card = with_model(replace(start(), drawing=whole()), name), CARDS[name]
    asked, drawn = session.conditions(made), made.drawing
    if "heart" in card.accepts:
        assert [key.to_json() for key in asked.keys] == [key.to_json() for key in drawn.keys]
        assert (asked.heart, asked.lvef, asked.start) == (drawn.heart, drawn.lvef, drawn.start)
    else:  # a still shows the drawing at ED, however the clip of it is timed
        assert np.array_equal(asked.reference, session.beat_of(drawn, 2).frames[:1])
        assert (asked.lvef, asked.heart_rate) == (drawn.lvef, drawn.heart_rate)
    assert asked.fps == (drawn.fps if "fps" in card.accepts else None)
    assert session.settings(made).frames == (drawn.frames if card.frame_limits else card.frames)


def test_autosave_is_per_browser_and_survives_damage(kept):
    made = replace(start(), drawing=whole(), backdrop=PICTURE, model="phantom", seed=77)
    autosave.save(BROWSER, made)
    assert same(autosave.restore(BROWSER), made)
    usual = start().drawing.lvef
    assert autosave.restore("another-browser-altogether").drawing.lvef == usual
    (path,) = (kept / "sessions").glob("*")
    text = path.read_text()
    no_number = text.replace('"rev": 0', '"rev": Infinity')
    assert no_number != text
    for damage in ("", "{", "[]", '{"doc": 1}', text[:-40], no_number, text.replace("0.375", "2"), "[" * 5000):
        path.write_text(damage)
        assert autosave.restore(BROWSER).drawing.lvef == usual


def test_a_session_of_the_release_before_is_brought_back(kept):
    """Then the heart stood where the drawing does now, and its LVEF and heart rate beside it."""
    heart = preset("dilated").map_points(lambda points: points + 0.125)
    told = {"lvef": 33.5, "heart_rate": 88.0, "model": "phantom", "sampler": "", "steps": 1, "guidance_scale": 1.0}
    grid = session.frame(heart.sector)
    shown = {"doc": "of-then", "rev": 12, "heart": heart.to_json(), "lvef": 33.5, "backdrop": PICTURE, "frame": grid}
    autosave.save(BROWSER, start())
    (path,) = (kept / "sessions").glob("*")
    path.write_text(json.dumps({**shown, **told, "seed": 4, "count": 2}))
    made = autosave.restore(BROWSER)
    assert made.drawing.to_json() == replace(Drawing(heart), lvef=33.5, heart_rate=88.0).to_json()
    assert (made.doc, made.rev, made.backdrop) == ("of-then", 12, PICTURE)
    assert (made.model, made.seed, made.count) == ("phantom", 4, 2)
    path.write_text(json.dumps({**shown, **told, "lvef": None, "seed": 4, "count": 2}))
    assert autosave.restore(BROWSER).drawing.lvef is None
    assert same(reloaded(made), made)


def test_a_session_is_forgotten_after_ninety_days(kept):
    autosave.forget_old()
    for age, browser in ((89, BROWSER), (91, "a-browser-of-long-ago")):
        autosave.save(browser, ask(start(), lvef=22.0))
        os.utime(kept / "sessions" / f"{browser}.json", (time.time() - age * 24 * 3600,) * 2)
    autosave.forget_old()
    assert [path.stem for path in (kept / "sessions").iterdir()] == [BROWSER]
    assert autosave.restore(BROWSER).drawing.lvef == 22.0


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "short", "a" * 65, "spaces in the name"])
def test_a_browser_cannot_name_a_file(kept, name):
    with pytest.raises(BadInput):
        autosave.save(name, start())
    assert autosave.restore(name).rev == 0
    assert not (kept / "sessions").exists()
