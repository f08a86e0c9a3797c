"""What the player is told while a generation runs."""

import numpy as np

from engine.types import Clip, Provenance
from studio.jobs import Progress
from studio.pages.generate import Screen


def test_each_picture_takes_the_place_of_the_last(monkeypatch, tmp_path):
    monkeypatch.setenv("ECHO_STUDIO_HOME", str(tmp_path))
    frames = np.zeros((5, 8, 8), np.uint8)
    clips = tuple(Clip(frames, 30.0, (1.0, 1.0), Provenance("phantom", None, seed, {}, {}, "0")) for seed in (1, 2))
    job = [
        Progress("loading"),
        *(Progress("running", i, 9, 1.0, frames) for i in (1, 2)),
        Progress("done", results=clips),
    ]
    screen = Screen(16.0, before=[])
    values = [screen.value(progress) for progress in job]
    assert [[clip["id"] for clip in value["clips"]] for value in values] == [
        [],
        ["clip-0"],
        ["clip-0"],
        ["clip-0", "clip-1"],
    ]
    assert len({value["clips"][0]["sprite"] for value in values[1:]}) == 3
    again = Screen(16.0, before=values[-1]["clips"])
    again.value(job[1])
    assert again.value(Progress("cancelled"))["clips"] == values[-1]["clips"]
    assert [clip["title"] for clip in values[1]["clips"]] == [""]
    assert [clip["title"] for clip in values[-1]["clips"]] == [f"Phantom (physics preview) · seed {i}" for i in (1, 2)]
    assert again.value(Progress("failed", message="No."))["message"] == ""
