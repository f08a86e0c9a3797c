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
from engine.anatomy.heart import Sector
from engine.anatomy.presets import PRESETS, preset
from engine.cards import CARDS
from engine.errors import BadInput
from studio import autosave, session
from studio.session import (
    document,
    fit,
    from_json,
    session_of,
    start,
    to_json,
    with_backdrop,
    with_model,
    with_preset,
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


def test_a_session_survives_its_json():
    made = replace(start(), lvef=33.5, seed=9, count=3, backdrop=PICTURE)
    assert same(from_json(json.loads(json.dumps(to_json(made)))), made)


def test_without_an_lvef_the_model_is_asked_for_none():
    made = from_json(json.loads(json.dumps(to_json(replace(start(), lvef=None)))))
    assert made.lvef is None and document(made)["lvef"] is None
    assert "lvef" not in session.conditions(made).given()


def test_the_editors_value_is_small_and_plain():
    text = json.dumps(document(start()))
    assert len(text) < 10_000


def test_whole_numbers_from_a_browser_are_the_same_session():
    plain = {name: getattr(start(), name) for name in session.SETTINGS}
    made = session_of(document(start()), **plain | {"lvef": 35, "seed": 7.0})
    assert (type(made.lvef), type(made.seed)) == (float, int)


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
        {"model": "none"},
        {"heart": {"contours": {}}},
        {"heart": None},
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


@given(st.sampled_from(PRESETS), st.sampled_from(["A4C", "A2C"]), st.floats(60, 300), st.floats(40, 110))
@limits(max_examples=60, deadline=None)
def test_a_heart_fits_into_any_sector(name, view, depth, opening):
    fitted = fit(preset(name, view), Sector(depth, opening))
    assert all(fitted.sector.contains(points).all() for points in fitted.contours().values())
    down = fitted.lv_endo[:, 1] / preset(name, view).lv_endo[:, 1]
    assert np.ptp(down) < 1e-9  # stretched evenly, so that no contour begins to cross another
    if depth >= 178 and opening >= 84:
        assert np.allclose(fitted.lv_endo, preset(name, view).lv_endo)


def test_one_point_above_the_probe_does_not_squash_the_heart():
    heart = preset("normal")
    strayed = replace(heart, lv_epi=np.where(np.arange(9)[:, None] == 4, [[3.0, -2.0]], heart.lv_epi))
    plain, fitted = (fit(drawn, Sector(140.0, 75.0)) for drawn in (heart, strayed))
    assert np.allclose(fitted.lv_endo, plain.lv_endo)


def test_every_preset_is_a_sound_drawing():
    for name in PRESETS:
        for view in ("A4C", "A2C"):
            check(preset(name, view))


def test_a_preset_keeps_the_recordings_sector_and_backdrop():
    behind = with_backdrop(start(), Sector(140.0, 75.0), PICTURE)
    changed = with_preset(behind, "dilated")
    assert changed.heart.sector == Sector(140.0, 75.0)
    assert changed.backdrop == PICTURE
    assert changed.rev == behind.rev + 1
    assert with_preset(start(), "dilated").heart.sector == preset("dilated").sector


def test_the_view_turns_a_preset_but_only_renames_a_drawing():
    turned = with_view(start(), "A2C")
    assert turned.heart.to_json() == preset(PRESETS[0], "A2C").to_json()
    drawn = replace(start(), heart=start().heart.map_points(lambda p: p + np.array([1.0, 0.0])))
    renamed = with_view(drawn, "A2C")
    assert renamed.heart.view == "A2C"
    assert np.array_equal(renamed.heart.lv_endo, drawn.heart.lv_endo)


@pytest.mark.parametrize("behind", [None, Sector(140.0, 75.0)])
@pytest.mark.parametrize("name", PRESETS)
def test_a_drawing_knows_its_preset_and_turns_it(name, behind):
    made = start() if behind is None else with_backdrop(start(), behind, PICTURE)
    made = from_json(json.loads(json.dumps(to_json(with_preset(made, name)))))
    turned = with_view(made, "A2C")
    assert session.preset_of(made) == session.preset_of(turned) == name
    assert turned.heart.to_json() == with_preset(turned, name).heart.to_json()
    assert (turned.heart.sector, turned.backdrop) == (made.heart.sector, made.backdrop)
    assert session.preset_of(replace(made, heart=made.heart.map_points(lambda p: p + 0.5))) is None


@pytest.mark.parametrize("name", CARDS)
def test_a_model_is_asked_only_for_what_its_card_takes(name):
    made = with_model(replace(start(), steps=999, sampler="?", count=3, seed=5), name)
    assert set(session.conditions(made).given()) <= CARDS[name].accepts
    assert session.settings(made) == CARDS[name].defaults((5, 6, 7))


def test_autosave_is_per_browser_and_survives_damage(kept):
    made = replace(start(), lvef=22.0)
    autosave.save(BROWSER, made)
    assert same(autosave.restore(BROWSER), made)
    assert autosave.restore("another-browser-altogether").lvef == start().lvef
    (path,) = (kept / "sessions").glob("*")
    for damage in ("", "{", "[]", '{"doc": 1}', path.read_text()[:-40]):
        path.write_text(damage)
        assert autosave.restore(BROWSER).lvef == start().lvef


def test_a_session_is_forgotten_after_ninety_days(kept):
    autosave.forget_old()
    for age, browser in ((89, BROWSER), (91, "a-browser-of-long-ago")):
        autosave.save(browser, replace(start(), lvef=22.0))
        os.utime(kept / "sessions" / f"{browser}.json", (time.time() - age * 24 * 3600,) * 2)
    autosave.forget_old()
    assert [path.stem for path in (kept / "sessions").iterdir()] == [BROWSER]
    assert autosave.restore(BROWSER).lvef == 22.0


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "short", "a" * 65, "spaces in the name"])
def test_a_browser_cannot_name_a_file(kept, name):
    with pytest.raises(BadInput):
        autosave.save(name, start())
    assert autosave.restore(name).rev == 0
    assert not (kept / "sessions").exists()
