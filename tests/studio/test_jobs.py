"""Jobs with real pipelines: the phantom, and a slow one that does nothing but step."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.anatomy.presets import preset
from engine.cards import CARDS
from engine.errors import BadInput
from engine.types import Clip, Conditions, Provenance, Settings, Step
from studio.jobs import INTERVAL, Job

HEART = Conditions(heart=preset("normal"))
NOISE = np.random.default_rng(0).integers(0, 255, (4, 8, 8)).astype(np.uint8)


class Slow:
    """A pipeline of `total` steps that keeps count of them."""

    card = CARDS["phantom"]

    def __init__(self, total=100, pause=0.01, error=None):
        self.total, self.pause, self.error, self.steps = total, pause, error, 0
        self.active, self.most = 0, 0

    def generate(self, conditions, settings, on_step=lambda step: None):
        self.active += 1
        self.most = max(self.most, self.active)
        try:
            for index in range(1, self.total + 1):
                time.sleep(self.pause)
                self.steps = index
                on_step(Step(index, self.total, lambda: NOISE))
            if self.error:
                raise self.error
        finally:
            self.active -= 1
        made = Provenance("slow", None, 0, {}, {}, "0")
        return [Clip(NOISE, 4.0, (1.0, 1.0), made)]


def work(conditions, settings):
    return lambda pipeline, on_step: pipeline.generate(conditions, settings, on_step)


def run(pipeline):
    return Job("slow", work(HEART, Settings()), load=lambda name: pipeline)


def test_the_phantom_generates_what_the_engine_does():
    (*before, last) = Job("phantom", work(HEART, replace(CARDS["phantom"].defaults(), seeds=(3,))))
    assert before[0].status == "loading"
    assert last.status == "done"
    (again,) = engine.load("phantom").generate(HEART, CARDS["phantom"].defaults((3,)))
    assert np.array_equal(last.results[0].frames, again.frames)


def test_results_that_are_whole_are_shown_while_the_next_are_made():
    def one_by_one(pipeline, on_step):
        for index in (1, 2, 3):
            time.sleep(2 * INTERVAL)
            on_step(Step(index, 3))
            yield index

    reports = list(Job("slow", one_by_one, load=lambda name: Slow()))
    assert [p.results for p in reports if p.status == "running"] == [(), (1,), (1, 2)]
    assert (reports[-1].status, reports[-1].results) == ("done", (1, 2, 3))


def test_progress_counts_up_and_is_not_too_frequent():
    began = time.monotonic()
    reports = [p for p in run(Slow(60)) if p.status == "running"]
    seconds = time.monotonic() - began
    steps = [p.step for p in reports]
    assert steps == sorted(set(steps))
    assert (steps[-1], reports[-1].steps, reports[-1].seconds_left) == (60, 60, 0.0)
    assert len(reports) <= seconds / INTERVAL + 2
    assert all(np.array_equal(p.preview, NOISE) for p in reports[:-1])


def test_cancel_stops_within_one_step():
    pipeline = Slow(200, pause=0.05)
    job = run(pipeline)
    for progress in job:
        if progress.status == "running":
            job.cancel()
            at = pipeline.steps
    assert progress.status == "cancelled"
    assert pipeline.steps <= at + 1
    assert pipeline.active == 0


def test_one_job_at_a_time_and_a_waiting_one_can_be_cancelled():
    pipeline = Slow(30, pause=0.02)
    first = run(pipeline)
    assert next(iter(first)).status == "loading"
    second, third = run(pipeline), run(pipeline)
    third.cancel()
    ends = {}
    assert next(iter(second)).status == "waiting"
    threads = [
        threading.Thread(target=lambda name=name, job=job: ends.update({name: list(job)[-1].status}))
        for name, job in (("first", first), ("second", second), ("third", third))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert ends == {"first": "done", "second": "done", "third": "cancelled"}
    assert pipeline.most == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [(BadInput("The LVEF is 99; less is wanted."), "The LVEF is 99"), (RuntimeError("secret path"), "RuntimeError")],
)
def test_an_error_is_one_sentence_and_frees_the_device(error, words):
    (*_, last) = run(Slow(1, error=error))
    assert last.status == "failed"
    assert words in last.message and "secret" not in last.message
    assert last.message.endswith(".") and "\n" not in last.message
    assert list(run(Slow(1)))[-1].status == "done"


def test_a_model_without_weights_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(tmp_path))
    trained = next(card for card in CARDS.values() if card.weights)
    engine.cards.load.cache_clear()
    (*_, last) = Job(trained.name, work(HEART, trained.defaults()))
    assert last.status == "failed" and trained.weights in last.message
