import time

import numpy as np

from engine.anatomy import labels
from engine.anatomy.presets import preset
from engine.phantom.population import Acquisition, Exam, draw_subject
from engine.phantom.quality import DRAFT, FULL
from engine.phantom.simulate import simulate

# Mean grey of the blocks of 16 pixels of two-frame clips of 64 pixels. Hearts, scans and clips of a seed never change:
# models were trained on them.
POPULATION = {
    (3, "echonet"): [
        [
            [0.0, 27.07, 30.27, 0.0],
            [2.48, 48.29, 46.21, 13.59],
            [33.12, 32.29, 37.85, 44.94],
            [26.11, 48.41, 22.64, 21.48],
        ],
        [
            [0.0, 27.73, 30.65, 0.0],
            [2.58, 48.79, 45.82, 13.32],
            [30.71, 31.18, 33.27, 43.52],
            [24.19, 48.33, 20.98, 20.82],
        ],
    ],
    (8, "camus"): [
        [
            [0.0, 42.23, 32.77, 0.0],
            [7.8, 106.78, 74.54, 13.7],
            [89.46, 97.27, 49.46, 95.08],
            [75.24, 84.43, 78.54, 84.03],
        ],
        [
            [0.0, 41.7, 32.74, 0.0],
            [8.23, 108.04, 80.61, 13.32],
            [90.5, 99.12, 60.62, 96.25],
            [73.69, 77.73, 74.31, 72.82],
        ],
    ],
}


def test_the_population_stays_as_it_was():
    for (seed, look), wanted in POPULATION.items():
        (clip,) = simulate([draw_subject(seed, look).exam()], 2, 64)
        assert clip.frames.dtype == np.uint8
        # Another processor may round a few pixels the other way.
        assert np.allclose(clip.frames.reshape(2, 4, 16, 4, 16).mean((2, 4)), wanted, atol=0.02)


def test_a_draft_shows_the_same_heart_in_the_same_greys():
    for seed in range(3):
        exam = draw_subject(seed).exam()
        full, draft = (simulate([exam], 3, 96, quality=quality)[0] for quality in (FULL, DRAFT))
        assert np.array_equal(full.label_maps, draft.label_maps)
        for label in (labels.LV, labels.MYOCARDIUM):
            at = full.label_maps == label
            assert abs(full.frames[at].mean() - draft.frames[at].mean()) < 10, seed
        blocks = [clip.frames.reshape(3, 12, 8, 12, 8).mean((2, 4)).ravel() for clip in (full, draft)]
        assert np.corrcoef(*blocks)[0, 1] > 0.85, seed


def test_a_draft_takes_well_under_half_the_time():
    exam = Exam(preset("normal"), 60.0, 70.0, Acquisition())

    def seconds(quality) -> float:
        start = time.process_time()
        simulate([exam], 8, 112, quality=quality)
        return time.process_time() - start

    seconds(DRAFT)
    assert min(seconds(DRAFT) for _ in range(3)) < 0.5 * min(seconds(FULL) for _ in range(3))
