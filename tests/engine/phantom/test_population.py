import numpy as np
import pytest

from engine.anatomy import cycle, volumes
from engine.anatomy.check import check
from engine.anatomy.drawing import drawing_from_json
from engine.anatomy.motion import motion_of
from engine.phantom.population import draw_subject, random_drawing


@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_a_random_drawing_is_the_patient_of_its_seed(view):
    weak = 0
    for seed in range(24):
        drawing, subject = random_drawing(seed, view), draw_subject(seed, view=view)
        assert drawing.heart.to_json() == subject.heart.to_json() and drawing.heart.view == view
        # as a person would say them
        assert (drawing.lvef, drawing.heart_rate) == (round(subject.lvef, 1), round(subject.heart_rate))
        ed, es = drawing.hearts_at(np.array([0.0, cycle.ES_PHASE]))
        check(ed)
        assert volumes.lvef(volumes.simpson(ed), volumes.simpson(es)) == pytest.approx(drawing.lvef, abs=0.01)
        motion = motion_of(subject.heart, subject.hypokinesis)
        wanted = motion.displace(subject.heart.lv_endo, cycle.contraction_for(subject.heart, subject.lvef, motion))
        assert np.allclose(es.lv_endo, wanted, atol=0.03)  # a wall that is weak in the patient is weak in the drawing
        assert bool(drawing.keys) == bool(subject.hypokinesis)
        assert drawing_from_json(drawing.to_json()).to_json() == drawing.to_json()
        weak += bool(drawing.keys)
    assert weak > 1
